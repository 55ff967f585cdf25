"""A reactor that does only what a test says, and what must not be left when a test ends."""

from __future__ import annotations

import os
import resource
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from twisted.internet.error import ReactorNotRunning
from twisted.internet.task import Clock
from twisted.logger import LogEvent, LogLevel, globalLogPublisher

#: A wait for the kernel that takes longer than this has failed.
LIMIT_MS = 20_000


class Reactor(Clock):
    """Timers fire by ``advance``, descriptors by ``turn``; both are there to be looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: set = set()
        self.writers: set = set()
        self.triggers: list[tuple[str, str]] = []
        self.when_running: list[Callable[[], object]] = []
        self.from_thread: list[Callable[[], object]] = []
        self.stopped = 0

    def stop(self) -> None:
        if self.stopped:
            raise ReactorNotRunning
        self.stopped += 1

    def addReader(self, reader) -> None:
        self.readers.add(reader)

    def removeReader(self, reader) -> None:
        self.readers.discard(reader)

    def addWriter(self, writer) -> None:
        self.writers.add(writer)

    def removeWriter(self, writer) -> None:
        self.writers.discard(writer)

    def callWhenRunning(self, function) -> None:
        self.when_running.append(function)

    def addSystemEventTrigger(self, phase, event, function) -> None:
        self.triggers.append((phase, event))

    def callFromThread(self, function, *args) -> None:
        self.from_thread.append(partial(function, *args) if args else function)

    def turn(self, wait_ms: int = 0) -> bool:
        """Call each descriptor that is ready once; whether there was one."""
        poll = select.poll()
        for reader in self.readers:
            poll.register(reader.fileno(), select.POLLIN)
        for writer in self.writers:
            poll.register(writer.fileno(), select.POLLOUT)
        ready = {fd for fd, _ in poll.poll(wait_ms)}
        for reader in [reader for reader in self.readers if reader.fileno() in ready]:
            reader.doRead()
        for writer in [writer for writer in self.writers if writer.fileno() in ready]:
            writer.doWrite()
        return bool(ready)

    def wait(self) -> None:
        """Wait until a descriptor is ready, and go on until none is."""
        assert self.turn(LIMIT_MS), "no descriptor became ready"
        self.rest()

    def rest(self) -> None:
        """Go on until no descriptor is ready."""
        turns = sum(iter(self.turn, False))
        assert turns < 10_000

    @property
    def delays_s(self) -> list[float]:
        """What the timers that are armed still wait."""
        return [call.getTime() - self.seconds() for call in self.getDelayedCalls()]


def open_descriptors() -> set[int]:
    """This process's descriptors, without the one that looking takes."""
    names = os.listdir("/proc/self/fd")
    return {int(name) for name in names if os.path.exists(f"/proc/self/fd/{name}")}


@contextmanager
def nothing_left() -> Iterator[Reactor]:
    """A reactor; in the end no timer is armed, nothing registered, no descriptor more open."""
    before = _targets().items()
    reactor = Reactor()
    yield reactor
    left = reactor.delays_s, reactor.readers, reactor.writers, _targets().items() - before
    assert left == ([], set(), set(), set()), f"left behind: {left}"


def _targets() -> dict[str, str]:
    targets = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            targets[name] = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue  # of the look itself
    return targets


@contextmanager
def no_descriptor_free(but: int = 0) -> Iterator[None]:
    """The process's table of descriptors is full, but for so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(open_descriptors()) + 2 + but, hard))
    try:
        try:
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            pass
        for _ in range(but):
            os.close(taken.pop())
        yield
    finally:
        for fd in taken:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def logged(namespace: str = "ncolony") -> Iterator[list[LogEvent]]:
    """The events that this part of the program logs meanwhile."""
    events: list[LogEvent] = []

    def observer(event: LogEvent) -> None:
        if event["log_namespace"].startswith(namespace):
            events.append(event)

    globalLogPublisher.addObserver(observer)
    try:
        yield events
    finally:
        globalLogPublisher.removeObserver(observer)


def failures(events: list[LogEvent]) -> list[str]:
    """The exceptions among them, as text."""
    critical = (event for event in events if event["log_level"] is LogLevel.critical)
    return [str(event["log_failure"].value) for event in critical]
