"""The processes of a colony by name, and whom a request is for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from . import request
from .isystem import ISystem, ITimer
from .model import Record, State


class Process:
    """A record, and the timer that the shell holds for it."""

    __slots__ = ("record", "timer")

    def __init__(self, name: str) -> None:
        self.record = Record(name)
        self.timer: ITimer | None = None

    def disarm(self) -> None:
        """Have no timer any more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Processes:
    """All of them. ``counts`` has the number of processes in each state."""

    def __init__(self, system: ISystem) -> None:
        self._system = system
        self._by_name: dict[str, Process] = {}
        self.counts: Counter[State] = Counter()

    def __iter__(self) -> Iterator[Process]:
        """Each once; some may go meanwhile."""
        return iter(list(self._by_name.values()))

    def get(self, name: str) -> Process | None:
        return self._by_name.get(name)

    def names(self) -> list[str]:
        return list(self._by_name)

    def add(self, name: str) -> Process:
        """A process that is new."""
        process = self._by_name[name] = Process(name)
        self.counts[process.record.state] += 1
        return process

    def update(self, process: Process, record: Record) -> None:
        """A process's record has changed."""
        self.counts[process.record.state] -= 1
        self.counts[record.state] += 1
        process.record = record

    def forget(self, process: Process) -> None:
        """A process is no more."""
        del self._by_name[process.record.name]
        self.counts[process.record.state] -= 1

    def targets(self, asked: request.Order) -> list[Process] | str:
        """Whom a request concerns; the reason where that is nobody."""
        if isinstance(asked, request.RestartAll):
            return list(self)
        if isinstance(asked, request.RestartGroup):
            found = [process for process in self if _in_group(process.record, asked.group)]
            return found or f"no process is in the group {asked.group!r}"
        process = self._by_name.get(asked.name)
        if process is None:
            return unknown(asked.name)
        if isinstance(asked, request.Signal):
            if not self._system.signal_known(asked.signal):
                return f"{asked.signal!r} is no signal"
            if process.record.pid is None:
                return f"{asked.name} is not running"
        return [process]


def unknown(name: str) -> str:
    """Why a request can't be carried out."""
    return f"no process is named {name!r}"


def _in_group(record: Record, group: str) -> bool:
    return record.spec is not None and group in record.spec.group
