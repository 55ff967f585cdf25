"""Ask a server for pages, over and over, from several threads, until TERM.

Usage: load.py FILE PORT PATH THREADS [PATH THREADS]... FILE is JSON, replaced twenty times a
second and at the end: how many answers came for each path and from each server that said its
name, the failures, the numbers of the visits that were counted, and when that was by the
monotonic clock.
"""

from __future__ import annotations

import http.client
import json
import re
import signal
import sys
import threading
import time
from pathlib import Path

#: As long as a test waits for anything.
TIMEOUT_S = 30
VISIT = re.compile(rb"visit (\d+) by ([\w-]+)")
#: Not an Event: its lock may be held by the very thread that a signal's handler interrupts.
ended: list[int] = []
lock = threading.Lock()
answers: dict[str, int] = {}
failures: list[str] = []
visits: list[int] = []


def ask(port: int, path: str) -> None:
    """One request, on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    begun = time.monotonic()
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        failed = f"{path}: {error!r} after {time.monotonic() - begun:.2f} s"
        with lock:
            failures.append(failed)
        time.sleep(0.02)
        return
    finally:
        connection.close()
    with lock:
        if answer.status != 200:
            failures.append(f"{path}: {answer.status} {body[:200]!r}")
            return
        answers[path] = answers.get(path, 0) + 1
        found = VISIT.match(body)
        if found:
            visits.append(int(found[1]))
            name = found[2].decode()
            answers[name] = answers.get(name, 0) + 1


def keep_asking(port: int, path: str) -> None:
    while not ended:
        ask(port, path)


def write(file: Path) -> None:
    with lock:
        at = time.monotonic()
        document = {"at": at, "answers": answers, "failures": failures, "visits": visits}
        text = json.dumps(document)
    aside = file.with_suffix(".new")
    aside.write_text(text)
    aside.rename(file)


def main(file: Path, port: int, wanted: list[str]) -> None:
    signal.signal(signal.SIGTERM, lambda signum, frame: ended.append(signum))
    threads = [
        threading.Thread(target=keep_asking, args=(port, path))
        for path, count in zip(wanted[::2], wanted[1::2], strict=True)
        for _ in range(int(count))
    ]
    for thread in threads:
        thread.start()
    while not ended:
        time.sleep(0.05)
        write(file)
    for thread in threads:
        thread.join()
    write(file)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
