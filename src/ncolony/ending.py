"""The end of a colony: it comes when the last run is over, and no later than it may.

A machine may be halted, as a paused container is, and then all that is overdue comes due at once:
KILL is sent, and nobody has had the time to die of it. So time goes by in steps here, each of which
begins when the one before it is over, and the last is a turn of the reactor's: who died long ago is
buried in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .isystem import ISystem, ITimer
from .model import Record

#: Time goes by in steps of this length: a power of two, of which floats make exact sums.
STEP_S = 0.125
STEPS = 3
#: After this long beyond the kill timeout, what the kernel can't kill is left behind.
GIVE_UP_S = STEPS * STEP_S
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
        self._delays_s: list[float] = []
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
        self._wait(killtime_s, *[STEP_S] * STEPS)

    def _wait(self, *delays_s: float) -> None:
        """Go on after these, one after the other, and a turn."""
        self._disarm()
        self._delays_s = [*delays_s, 0.0]
        self._step()

    def _step(self) -> None:
        self._timer = None
        if self._delays_s:
            self._timer = self._system.call_later(self._delays_s.pop(0), self._step)
        else:
            self._give_up()

    def _number(self) -> int:
        return sum(1 for _ in self._living())

    def look(self) -> None:
        """Come to the end, if nothing lives any more."""
        if self._over is None or any(True for _ in self._living()):
            return
        if not self._others_live():
            self._end([])

    def _give_up(self) -> None:
        left = self._number()
        if 0 < left < self._left:
            self._left = left
            self._wait(MORE_S)
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
