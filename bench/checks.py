"""Figures of the checkers: a pass over a thousand hearts, and 500 HTTP checks a second.

    .venv/bin/python bench/checks.py [--hearts N] [--servers N] [--seconds S]

Of a monitor there is only what the checkers see of one: the status files of processes that run.
The hearts beat, and the server answers, in this program.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from procs import work_of

from ncolony.status import StatusRecord, encode

BAR_PASS_MS, BAR_CORE, BAR_LATE_S = 30, 0.25, 0.5
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes"


def a_status(name: str) -> bytes:
    """What a monitor says of a process that runs."""
    since = "2026-01-01T00:00:00.000Z"
    return encode(StatusRecord(name, "RUNNING", "UP", "started", since, os.getpid(), 1))


def a_colony(colony: Path, plugin: str, keys: dict[str, dict[str, object]]) -> None:
    """The directories of a colony whose processes run, and ask for a checker by these keys."""
    for folder in ("config", "messages", "status"):
        (colony / folder).mkdir()
    for name, key in keys.items():
        (colony / "status" / name).write_bytes(a_status(name))
        text = json.dumps({"args": ["true"], f"ncolony.{plugin}": key})
        (colony / "config" / name).write_text(text)


@contextlib.contextmanager
def checker(plugin: str, colony: Path, keys: dict[str, dict[str, object]]) -> Iterator[int]:
    """A checker of processes that ask for it by these keys: its pid."""
    a_colony(colony, plugin, keys)
    command = [sys.executable, "-m", "twisted", f"ncolony-{plugin}", "--colony", str(colony)]
    with open(colony / "log", "wb") as log:
        process = subprocess.Popen([*command, "--freq", "1"], stdout=log, stderr=log)
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def cpu_of(pid: int) -> float:
    """Seconds of processor time that a checker has used."""
    return work_of([pid]).cpu_ns / 1e9


def hearts(number: int, seconds: float) -> None:
    """Each beats three times a period of a second, and is looked at once a second."""
    with tempfile.TemporaryDirectory() as folder:
        beats, over = Path(folder, "beats"), threading.Event()
        beats.mkdir()
        files = [beats / f"p{i}" for i in range(number)]

        def beat() -> None:
            while not over.wait(1 / 3):
                for file in files:
                    file.touch()

        key = {"period": 1, "grace": 3, "status": str(beats)}
        for file in files:
            file.touch()
        beating = threading.Thread(target=beat)
        beating.start()
        try:
            with checker("beatcheck", Path(folder), {file.name: key for file in files}) as pid:
                time.sleep(4)  # the grace
                before = cpu_of(pid)
                time.sleep(seconds)
                each_ms = (cpu_of(pid) - before) / seconds * 1e3
        finally:
            over.set()
            beating.join()
        asked = len(list(Path(folder, "messages").iterdir()))
    print(f"{number} hearts: {each_ms:.1f} ms of CPU a pass (bar {BAR_PASS_MS}), {asked} restarts")


class Asked(asyncio.Protocol):
    """Answers each request, and notes of whom it asks, and when."""

    def __init__(self, times: dict[bytes, list[float]]) -> None:
        self._times = times

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """What the answer goes to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, request: bytes) -> None:
        """A request is a few hundred bytes, and comes in one piece."""
        self._times[request.split(b" ", 2)[1]].append(time.monotonic())
        self._transport.write(ANSWER)
        self._transport.close()


def late_s(times: list[float]) -> float:
    """How late the latest was in a rhythm of a second, of which the earliest gives the beat.

    One that is left out makes all that follow late by a second.
    """
    phases = [at - n for n, at in enumerate(times)]
    return max(phases) - min(phases)


async def servers(number: int, seconds: float) -> None:
    """Each is checked once a second."""
    times: dict[bytes, list[float]] = defaultdict(list)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Asked(times), "127.0.0.1", 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    keys: dict[str, dict[str, object]] = {
        f"p{i}": {"url": f"http://127.0.0.1:{port}/p{i}", "period": 1, "grace": 0}
        for i in range(number)
    }
    with tempfile.TemporaryDirectory() as folder:
        with checker("httpcheck", Path(folder), keys) as pid:
            while len(times) < number:
                await asyncio.sleep(0.1)
            times.clear()
            before, began = cpu_of(pid), time.monotonic()
            await asyncio.sleep(seconds)
            core = (cpu_of(pid) - before) / (time.monotonic() - began)
            checks = sum(map(len, times.values()))
        bad = len(list(Path(folder, "messages").iterdir()))
    server.close()
    late = sorted(map(late_s, times.values()))
    fewest = min(map(len, times.values())) if len(times) == number else 0
    print(
        f"{number} servers: {checks / seconds:.0f} checks a second, "
        f"{100 * core:.1f} % of a core (bar {100 * BAR_CORE:.0f}); "
        f"late: median of the worst {1e3 * median(late):.1f}, max {1e3 * late[-1]:.1f} ms "
        f"(bar {1e3 * BAR_LATE_S:.0f}); fewest checks {fewest} in {seconds:g} s, {bad} restarts"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hearts", type=int, default=1000)
    parser.add_argument("--servers", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    hearts(options.hearts, options.seconds)
    asyncio.run(servers(options.servers, options.seconds))


if __name__ == "__main__":
    main()
