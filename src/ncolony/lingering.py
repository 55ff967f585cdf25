"""Runs whose process has ended while others that it started still live.

As a subreaper the monitor is told of their ends by SIGCHLD, but not on every system and not of
those whose parent lives, nor of what an earlier monitor left; so they are looked at every so often
as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from .isystem import ISystem, ITimer

T = TypeVar("T")

#: How often: only while there is such a run. The first look is soon, for most are gone by then.
FIRST_S = 0.005
EVERY_S = 0.05


class Lingering(Generic[T]):
    """Calls ``look`` for each run that is waited for, until that says that it is gone."""

    def __init__(self, system: ISystem, look: Callable[[T], bool]) -> None:
        self._system = system
        self._look = look
        self._runs: dict[T, None] = {}
        self._timer: ITimer | None = None

    def add(self, run: T) -> None:
        """Wait for the end of a run."""
        self._runs[run] = None
        if self._timer is None:
            self._timer = self._system.call_later(FIRST_S, self._again)

    def __iter__(self) -> Iterator[T]:
        return iter(self._runs)

    def look(self) -> None:
        """See which of them are gone."""
        for run in list(self._runs):
            if self._look(run):
                self._runs.pop(run, None)

    def _again(self) -> None:
        self._timer = None
        self.look()
        if self._runs and self._timer is None:
            self._timer = self._system.call_later(EVERY_S, self._again)

    def close(self) -> None:
        """Wait no longer."""
        self._runs.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
