"""Process groups whose leader has ended while others of them still live.

As a subreaper the monitor is told of their ends by SIGCHLD, but not on every system and not of
those whose parent lives, so they are looked at every so often as well.
"""

from __future__ import annotations

from collections.abc import Callable

from .isystem import ISystem, ITimer

#: How often: only while there is such a group.
EVERY_S = 0.05


class Lingering:
    """Calls ``gone`` once for each group that is added, when nobody is left in that."""

    def __init__(self, system: ISystem, gone: Callable[[int], None]) -> None:
        self._system = system
        self._gone = gone
        self._pgids: set[int] = set()
        self._timer: ITimer | None = None

    def add(self, pgid: int) -> None:
        """Wait for the end of a group."""
        self._pgids.add(pgid)

    def look(self) -> None:
        """See which of them are gone."""
        for pgid in [pgid for pgid in self._pgids if not self._system.group_lives(pgid)]:
            self._pgids.discard(pgid)
            self._gone(pgid)
        if self._pgids and self._timer is None:
            self._timer = self._system.call_later(EVERY_S, self._again)

    def _again(self) -> None:
        self._timer = None
        self.look()

    def close(self) -> None:
        """Wait no longer."""
        self._pgids.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
