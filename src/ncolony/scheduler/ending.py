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
        self._killed_mono: float | None = None
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
        now_mono = self._system.mono()
        if not self._system.strangers() or self._gives_up(now_mono):
            self._over()
            return
        if now_mono >= self._kill_mono:
            self._signal("KILL")
            if self._killed_mono is None:
                self._killed_mono = now_mono
        self._timer = self._system.call_later(LOOK_S, self._look)

    def _gives_up(self, now_mono: float) -> bool:
        """Whether KILL was sent long ago: a machine may have stood still since it was due."""
        return self._killed_mono is not None and now_mono > self._killed_mono + GIVE_UP_S

    def _signal(self, signal: str) -> None:
        with suppress(OSError):  # another user's
            self._system.signal_strangers(signal)
