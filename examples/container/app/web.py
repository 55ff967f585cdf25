"""A web application: counts visits in Redis, and leaves each as a job for the worker.

Usage: web.py SOCKET. It listens on that Unix socket, which nginx passes requests on to, reads
REDIS (the path of Redis's socket) and SIGNING_KEY from its environment, and says each request
in a line on standard output. TERM lets it finish what it has begun.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import signal
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from types import FrameType
from typing import Any

from resp import Redis, RedisError

#: How long a visitor waits for a Redis that is just being started again.
PATIENCE_S = 3.0

KEY = os.environ["SIGNING_KEY"].encode()
NAME = os.environ.get("NCOLONY_NAME", "web")
local = threading.local()


def redis(*words: str | int) -> object:
    """A command to Redis, tried again while it can't be reached. Raises OSError, RedisError."""
    if not hasattr(local, "redis"):
        local.redis = Redis(os.environ["REDIS"])
    deadline_mono = time.monotonic() + PATIENCE_S
    while True:
        try:
            return local.redis.call(*words)
        except OSError:
            if time.monotonic() > deadline_mono:
                raise
            time.sleep(0.05)


def visit() -> str:
    """Count a visit, and have it written down by the worker."""
    number = redis("INCR", "visits")
    redis("LPUSH", "jobs", f"visit {number}")
    mark = hmac.new(KEY, str(number).encode(), hashlib.sha256).hexdigest()
    return f"visit {number} by {NAME}, signed {mark}\n"


def ready() -> str:
    """Whether a visit could be counted."""
    redis("PING")
    return "ready\n"


PAGES: dict[str, Callable[[], str]] = {"/visit": visit, "/ready": ready}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    #: Else a client that says nothing would hold up the end.
    timeout = 5
    #: An answer leaves in one piece. Killed between two, it would have begun one that nginx can
    #: neither finish nor ask for again.
    wbufsize = -1

    def do_GET(self) -> None:
        page = PAGES.get(self.path)
        code, text = 404, "there is no such page\n"
        if page is not None:
            try:
                code, text = 200, page()
            except (OSError, RedisError) as error:
                code, text = 503, f"Redis is out of reach: {error}\n"
        contents = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(contents)))
        self.end_headers()
        self.wfile.write(contents)

    def address_string(self) -> str:
        headers = getattr(self, "headers", None)  # none where the request line is wrong
        return headers.get("X-Real-IP", "-") if headers else "-"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        print(f"{self.address_string()} {self.requestline!r} {code}", flush=True)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A thread for each request; ``server_close`` waits for them."""

    daemon_threads = False
    request_queue_size = 512

    def get_request(self) -> tuple[Any, Any]:
        request, _ = super().get_request()
        return request, ("unix", 0)  # BaseHTTPRequestHandler expects a host and a port


def main(path: str) -> None:
    """Serve until TERM."""
    # Left over from a run that was killed. No other run lives: the monitor sees to that.
    if os.path.exists(path):
        os.unlink(path)
    server = Server(path, Handler)

    def stop(signum: int, frame: FrameType | None) -> None:
        # From a thread: shutdown() waits for the loop that this handler interrupts.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    server.serve_forever(poll_interval=0.05)
    # No new visitors, and those that are here get their answer.
    os.unlink(path)
    server.server_close()
    print("bye", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
