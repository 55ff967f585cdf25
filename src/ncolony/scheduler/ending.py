"""The end of orphans that belong to no run any more: a scheduler leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from ..isystem import ISystem, ITimer

#: So long after TERM, who left a run and its group is killed.
GRACE_S = 5.0
#: How often they are looked at.
LOOK_S = 0.05
#: Who isn't gone so long after KILL can't be killed.
GIVE_UP_S = 1.0


class Orphans:
    """Ends them, once; then calls ``over``."""

    def __init__(self, system: ISystem, over: Callable[[], None]) -> None:
        self._system = system
        self._over = over
        self._kill_mono = system.mono() + GRACE_S
        self._timer: ITimer | None = None

    def end(self) -> None:
        """Begin with TERM."""
        if self._system.strangers():
            self._signal("TERM")
        self._look()

    def kill_now(self) -> None:
        """Don't wait for the grace any longer."""
        self._kill_mono = min(self._kill_mono, self._system.mono())

    def _look(self) -> None:
        self._timer = None
        late_s = self._system.mono() - self._kill_mono
        if not self._system.strangers() or late_s > GIVE_UP_S:
            self._over()
            return
        if late_s >= 0:
            self._signal("KILL")
        self._timer = self._system.call_later(LOOK_S, self._look)

    def _signal(self, signal: str) -> None:
        with suppress(OSError):  # another user's
            self._system.signal_strangers(signal)
