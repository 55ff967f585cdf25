"""The logs of the processes that are shown."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterable

from ..errors import CtlError
from .choosing import Places, Where
from .files import STDERR
from .monitor import MonitorLog
from .process import ProcessLog
from .showing import Log


class Session:
    """Every place in a log that is read from. ``complain`` is told of files that can't be read.

    ``several``: whether the names are shown. ``complaints`` counts.
    """

    def __init__(self, at: Places, complain: Callable[[CtlError], None], *, several: bool) -> None:
        self.logs: list[Log] = []
        self.complaints = 0
        self._at = at
        self._tell = complain
        self._several = several
        self._names: set[str] = set()
        self._monitor: MonitorLog | None = None
        _allow_many_files()

    def begin(
        self, chosen: dict[str, Where], lines: int | None, when: float | None, *, follow: bool
    ) -> None:
        """Go to where so many lines before the end are (None: all), and none older than ``when``.

        To be followed is also where a process may go on that logs elsewhere now.
        """
        self._names = set(chosen)
        in_files = {name for name, found in chosen.items() if found.to == "files"}
        for name in chosen if follow else in_files:
            here = name in in_files
            self._add_files(name, lines if here else 0, when if here else None)
        in_monitors = {name for name, found in chosen.items() if found.to == "monitor"}
        names = set(chosen) if follow else in_monitors
        if self._at.log is not None and (names or follow):
            several = self._several
            self._monitor = MonitorLog(self._at.log, names, self._complain, several=several)
            self._monitor.begin(lines, when, quiet=names - in_monitors)
            self.logs.append(self._monitor)

    def add(self, names: Iterable[str]) -> None:
        """Follow these as well: all that they say."""
        for name in names:
            if name not in self._names:
                self._names.add(name)
                self._add_files(name, None, None)
                if self._monitor is not None:
                    self._monitor.add(name)

    def _add_files(self, name: str, lines: int | None, when: float | None) -> None:
        prefix = os.fsencode(name) if self._several else None
        for stream in ("", STDERR):
            log = ProcessLog(self._at.directory(name), stream, self._complain, prefix)
            self.logs.append(log)
            try:
                log.begin(lines, when)
            except CtlError as error:
                self._complain(error)
                return

    def _complain(self, error: CtlError) -> None:
        self.complaints += 1
        self._tell(error)


def _allow_many_files() -> None:
    """Each process's log is an open file, and by default there may be 1,024 of these."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
