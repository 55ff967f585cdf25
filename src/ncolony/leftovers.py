"""What an earlier monitor left running: nobody's children of ours, found by their marks.

They have been handed to whoever buries orphans outside, which doesn't tell us of their ends and may
never bury them: a process is known by its pid and when it was started, and counts as gone as soon
as it is a zombie.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from . import proc
from .cgroups import Cgroups
from .marks import Marks


class Leftovers:
    """Leftover processes by the names of their runs, until they are gone."""

    def __init__(self, marks: Marks, cgroups: Cgroups | None) -> None:
        self._marks = marks
        self._cgroups = cgroups
        self._started: dict[str, dict[int, int]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._started

    def find(self, names: Iterable[str], reported: Mapping[str, tuple[int, int]]) -> dict[str, int]:
        """The names of which an earlier monitor left something running, and a pid of each.

        ``names`` are those that there may be; ``reported`` has, by name, the pid that was last
        reported and when that was started.
        """
        by_mark = {self._marks.of_name(name): name for name in names}
        for pid in proc.pids() if by_mark else ():
            mark = self._marks.of_pid(pid)
            if mark is not None and pid != os.getpid():
                self._add(by_mark.get(mark) or self._name_in(pid, mark), pid)
        if self._cgroups is not None:
            for name in self._cgroups.names():
                for pid in self._cgroups.pids(name):
                    self._add(name, pid)
        for name, (pid, started) in reported.items():
            if _is(pid, started):
                self._add(name, pid)
        return {name: min(found) for name, found in sorted(self._started.items())}

    def pids(self, name: str) -> list[int]:
        """Those that live."""
        found = self._started.get(name, {})
        return [pid for pid, started in found.items() if _is(pid, started)]

    def started(self, pid: int) -> int | None:
        """When one of them was started, in ticks since boot."""
        found = (started.get(pid) for started in self._started.values())
        return next((ticks for ticks in found if ticks is not None), None)

    def live(self, name: str) -> bool:
        """Whether any lives. When none that is known does, all processes are searched once more."""
        if self.pids(name):
            return True
        del self._started[name]
        mark = self._marks.of_name(name)
        for pid in proc.pids():
            if self._marks.of_pid(pid) == mark:
                self._add(name, pid)
        return name in self._started

    def _name_in(self, pid: int, mark: int) -> str | None:
        name = proc.variable(pid, b"NCOLONY_NAME")
        return name if name is not None and self._marks.of_name(name) == mark else None

    def _add(self, name: str | None, pid: int) -> None:
        seen = proc.stat(pid)
        if name is not None and seen is not None and not seen.ended:
            self._started.setdefault(name, {})[pid] = seen.started


def _is(pid: int, started: int) -> bool:
    """Whether it is still the process that was started then, and lives."""
    seen = proc.stat(pid)
    return seen is not None and seen.started == started and not seen.ended
