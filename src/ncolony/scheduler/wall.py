"""The wall clock, which may jump: looked at every so often while somebody goes by it."""

from __future__ import annotations

from collections.abc import Callable

from ..isystem import IClock, ITimer
from .plan import LOOK_S, SAME_S, Now


class Wall:
    """Calls ``jumped`` when it did: so many seconds ahead, or with minus, back.

    The other argument is for how long, in seconds, it may have shown its new time already.
    """

    def __init__(self, clock: IClock, jumped: Callable[[float, float], None]) -> None:
        self._clock = clock
        self._jumped = jumped
        self._seen_mono = clock.mono()
        self._ahead_s = clock.utc() - self._seen_mono
        self._timer: ITimer | None = None

    def now(self) -> Now:
        """What time it is; a jump is told of first."""
        now = Now(self._clock.mono(), self._clock.utc())
        moved_s = now.utc - now.mono - self._ahead_s
        unseen_s, self._seen_mono = now.mono - self._seen_mono, now.mono
        if abs(moved_s) > SAME_S:
            self._ahead_s += moved_s
            self._jumped(moved_s, unseen_s)
        return now

    def watch(self, needed: bool) -> None:
        """Look from now on, or no more."""
        if needed and self._timer is None:
            self.now()
            self._timer = self._clock.call_later(LOOK_S, self._look)
        elif not needed and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        self.watch(needed=True)
