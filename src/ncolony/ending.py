"""The end of a colony: it comes when the last run is over, and no later than it may."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .isystem import ISystem, ITimer
from .model import Record

#: After this long beyond the kill timeout, what the kernel can't kill is left behind.
GIVE_UP_S = 0.4
#: On a busy machine many need longer to go: as long as some do, the others have so much longer.
MORE_S = 0.2


class Ending:
    """Calls what ``begin`` was given, once, with the runs that can't be ended.

    ``living`` are the runs that aren't over; the end waits for ``others_live`` as well.
    """

    def __init__(
        self,
        system: ISystem,
        living: Callable[[], Iterator[Record]],
        others_live: Callable[[], bool],
    ) -> None:
        self._system = system
        self._living = living
        self._others_live = others_live
        self._over: Callable[[list[Record]], None] | None = None
        self._timer: ITimer | None = None
        self._left = 0

    @property
    def begun(self) -> bool:
        """Whether the end has begun, and hasn't come."""
        return self._over is not None

    def begin(self, killtime_s: float, over: Callable[[list[Record]], None]) -> None:
        """All was sent its stop signal, and KILL follows at the latest after ``killtime_s``."""
        self._over = over
        self.expect(killtime_s)

    def expect(self, killtime_s: float) -> None:
        """KILL follows at the latest after ``killtime_s`` from now."""
        self._left = self._number()
        self._arm(killtime_s + GIVE_UP_S)

    def _arm(self, delay_s: float) -> None:
        self._disarm()
        self._timer = self._system.call_later(delay_s, self._give_up)

    def _number(self) -> int:
        return sum(1 for _ in self._living())

    def look(self) -> None:
        """Come to the end, if nothing lives any more."""
        if self._over is None or any(True for _ in self._living()):
            return
        if not self._others_live():
            self._end([])

    def _give_up(self) -> None:
        self._timer = None
        left = self._number()
        if 0 < left < self._left:
            self._left = left
            self._arm(MORE_S)
        else:
            self._end(list(self._living()))

    def _end(self, left: list[Record]) -> None:
        self._disarm()
        over, self._over = self._over, None
        if over is not None:
            over(left)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
