"""Outputs with real pipes and files, a disk that a test fills, and runs whose ends it holds."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from builders import a_spec
from ncolony.isystem import Writers
from ncolony.output import Output
from ncolony.readiness import EpollReadiness, ReactorReadiness
from reactors import Reactor, nothing_left

#: All writing ends are kept; with none, each run opens its pipe again.
PLENTY, NONE = 1 << 20, 0
#: The ways of watching pipes, and of keeping their ends, that an output must work with.
WAYS = {
    "epoll": (EpollReadiness, PLENTY),
    "short of descriptors": (EpollReadiness, NONE),
    "no epoll": (ReactorReadiness, PLENTY),
}
NO_SPACE = "No space left on device"


class RecordingSink:
    """Keeps what it is given; ``room`` is whether it takes more."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []
        self.room = True
        self.closed = 0
        self.trouble = None
        self.resume = self.changed = lambda: None
        self.at_write = lambda: None

    def write(self, block: bytes) -> bool:
        self.blocks.append(block)
        self.at_write()
        return self.room

    def close(self) -> None:
        self.closed += 1

    @property
    def text(self) -> bytes:
        return b"".join(self.blocks)


class Disk:
    """Takes so many bytes more; None: all. ``writes`` are those that were tried."""

    def __init__(self) -> None:
        self.room: int | None = None
        self.writes = 0

    def write(self, fd: int, block: bytes) -> int:
        self.writes += 1
        if self.room is None:
            return os.write(fd, block)
        if self.room == 0:
            raise OSError(errno.ENOSPC, NO_SPACE)
        wrote = os.write(fd, block[: self.room])
        self.room -= wrote
        return wrote


class Logs:
    """A monitor's outputs, their directory, and processes whose writing ends a test holds."""

    def __init__(self, reactor: Reactor, folder: Path, readiness: type, keep_below: int) -> None:
        self.reactor = reactor
        self.readiness = readiness
        self.keep_below = keep_below
        self.limit = 1 << 20
        self.path = folder / "logs"
        self.disk = Disk()
        self.clock_s = 0.0
        self.changed: list[str] = []
        self.begin()

    def begin(self) -> None:
        """A monitor begins."""
        self.sink = RecordingSink()
        self.output = Output(
            self.sink,
            partial(self.readiness, self.reactor),
            self.keep_below,
            self.limit,
            logs=str(self.path),
            call_later=self.reactor.callLater,
            utc=lambda: time.time() + self.clock_s,
            changed=self.changed.append,
            write=self.disk.write,
        )

    def again(self) -> None:
        """It ends, and the next one begins."""
        self.close()
        self.begin()

    def writers(self, name: str = "web", **log: Any) -> Writers:
        return self.output.writers(a_spec(name=name, log={"to": "files", **log}))

    def start(self, name: str = "web", **log: Any) -> Run:
        return self.start_as(name, {"to": "files", **log})

    def start_as(self, name: str, log: Any) -> Run:
        writers = self.output.writers(a_spec(name=name, log=log))
        run = Run(self, name, [os.dup(fd) for fd in writers])
        self.output.started(name, writers)
        return run

    def text(self, file: str = "current", name: str = "web") -> bytes:
        return (self.path / name / file).read_bytes()

    def rotated(self, name: str = "web", beginning: str = "") -> list[Path]:
        found = (self.path / name).iterdir()
        return sorted(p for p in found if re.match(beginning + r"\d", p.name))

    def texts(self, name: str = "web", beginning: str = "") -> list[bytes]:
        """All files' contents in order, ``current``'s last."""
        old = [path.read_bytes() for path in self.rotated(name, beginning)]
        return [*old, self.text(beginning + "current", name)]

    def names(self, name: str = "web") -> list[str]:
        return sorted(os.listdir(self.path / name))

    def rest(self) -> None:
        self.reactor.rest()

    def advance(self, seconds: float) -> None:
        self.clock_s += seconds
        self.reactor.advance(seconds)
        self.reactor.rest()

    def close(self) -> None:
        if not self.sink.closed:
            self.output.close()


class Run:
    """One run's ends."""

    def __init__(self, logs: Logs, name: str, fds: list[int]) -> None:
        self.logs = logs
        self.name = name
        self.fds = fds
        for fd in fds:
            os.set_blocking(fd, False)

    def say(self, text: bytes, stream: int = 1) -> None:
        """Write all of it, and have the monitor read it."""
        for at in range(0, len(text), 1 << 15):
            os.write(self.fds[stream - 1], text[at : at + (1 << 15)])
            self.logs.rest()

    def only_write(self, text: bytes, stream: int = 1) -> None:
        os.write(self.fds[stream - 1], text)

    def fill(self, size: int = 4096) -> bytes:
        """Write lines of one size until there is no room; what was taken of them."""
        text = b""
        line = b"y" * (size - 1) + b"\n"
        try:
            while True:
                text += line[: os.write(self.fds[0], line)]
        except BlockingIOError:
            return text

    def let_go(self) -> None:
        for fd in self.fds:
            os.close(fd)

    def end(self) -> None:
        self.let_go()
        self.logs.output.ended(self.name)


@contextmanager
def a_monitor(folder: Path, way: str = "epoll") -> Iterator[Logs]:
    """A monitor's outputs, which leave nothing behind."""
    readiness, keep_below = WAYS[way]
    with nothing_left() as reactor:
        logs = Logs(reactor, folder, readiness, keep_below)
        yield logs
        logs.close()
