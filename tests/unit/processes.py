"""A world of processes in memory, which ``proc`` reads and signals end."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ncolony import marks, proc
from ncolony.proc import Stat

#: The monitor's own pid, and that of whoever is above it.
OWN, INIT = 100, 1


class Process:
    """``deaf``: only KILL ends it; ``foreign``: it may not be signalled."""

    def __init__(self, pid: int, parent: int, group: int, mark: int | None) -> None:
        self.pid = pid
        self.parent = parent
        self.group = group
        self.mark = mark
        self.started = pid * 10
        self.zombie = False
        self.deaf = False
        self.foreign = False
        self.signals: list[int] = []
        self.variables: dict[bytes, str] = {}


class World:
    """All processes by their pids; what is started gets the next number."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.processes: dict[int, Process] = {}
        self.lists_children = True
        self.next = 1000
        self.at_signal: dict[int, object] = {}
        for pid in (INIT, OWN):
            self.processes[pid] = Process(pid, 0, pid, None)
        for name in ("stat", "pids", "children_of", "listed_children", "variable"):
            monkeypatch.setattr(proc, name, getattr(self, name))
        monkeypatch.setattr(marks, "locks_limit", self.locks_limit)
        for name in ("kill", "killpg", "getpgid", "getpid"):
            monkeypatch.setattr(os, name, getattr(self, name))

    # What happens

    def start(self, parent: int, *, group: int | None = None, mark: int | None = None) -> Process:
        """A new process; leader of a group of its own where none is given."""
        self.next += 1
        found = Process(self.next, parent, group or self.next, mark)
        self.processes[found.pid] = found
        return found

    def fork(self, process: Process, *, session: bool = False) -> Process:
        """A child, which inherits what children do."""
        group = None if session else process.group
        return self.start(process.pid, group=group, mark=process.mark)

    def end(self, process: Process) -> None:
        """It is a zombie now, and its children are the monitor's; others' zombies are buried."""
        process.zombie = True
        for child in self.processes.values():
            if child.parent == process.pid:
                child.parent = OWN
        if process.parent != OWN:
            self.bury(process)

    def bury(self, process: Process) -> int:
        del self.processes[process.pid]
        return process.pid

    def alive(self) -> list[int]:
        return [p.pid for p in self.processes.values() if not p.zombie and p.pid > OWN]

    # What proc tells

    def stat(self, pid: int) -> Stat | None:
        found = self.processes.get(pid)
        if found is None:
            return None
        state = "Z" if found.zombie else "S"
        return Stat("name", state, found.parent, found.group, found.started)

    def pids(self) -> Iterator[int]:
        yield from list(self.processes)

    def children_of(self, pid: int) -> list[int]:
        return [child.pid for child in self.processes.values() if child.parent == pid]

    def listed_children(self, pid: int, thread: int | str) -> list[bytes] | None:
        children = self.children_of(pid)
        return [str(child).encode() for child in children] if self.lists_children else None

    def locks_limit(self, pid: int) -> int | None:
        found = self.processes.get(pid)
        return None if found is None else found.mark

    def variable(self, pid: int, name: bytes) -> str | None:
        found = self.processes.get(pid)
        return None if found is None else found.variables.get(name)

    # What the kernel does

    def getpid(self) -> int:
        return OWN

    def getpgid(self, pid: int) -> int:
        if pid not in self.processes:
            raise ProcessLookupError
        return self.processes[pid].group

    def kill(self, pid: int, signum: int) -> None:
        if pid not in self.processes:
            raise ProcessLookupError
        self._send([self.processes[pid]], signum)

    def killpg(self, pgid: int, signum: int) -> None:
        members = [p for p in self.processes.values() if p.group == pgid]
        if not members:
            raise ProcessLookupError
        self._send(members, signum)

    def _send(self, processes: list[Process], signum: int) -> None:
        allowed = [process for process in processes if not process.foreign]
        if not allowed:
            raise PermissionError
        for process in allowed if signum else ():
            process.signals.append(signum)
            if not process.zombie and (signum == 9 or not process.deaf):
                self.end(process)
