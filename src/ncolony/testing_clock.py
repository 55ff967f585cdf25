"""Clocks and timers in memory: the part of ``ncolony.testing`` that lets time pass."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

#: So many calls at one instant are a loop that would never let the clock move.
_RUNAWAY = 100_000


class SimulatedTimer:
    """A call that is due. Cancelling it after it fired, or twice, is a fault of the caller."""

    def __init__(self, armed: set[SimulatedTimer], call: Callable[[], None]) -> None:
        self._armed = armed
        self._call = call
        armed.add(self)

    def cancel(self) -> None:
        assert self in self._armed, "this timer has fired or was cancelled"
        self._armed.remove(self)

    def fire(self) -> None:
        if self in self._armed:
            self._armed.remove(self)
            self._call()


class SimulatedClock:
    """Two clocks that a test advances, and what is due by them: ISystem's first part.

    ``wall_ahead_s`` is how far the wall clock is before the other one; set it to make it jump.
    """

    def __init__(self) -> None:
        self.wall_ahead_s = 1_800_000_000.0
        self._mono = 1000.0
        self._order = count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._timers: set[SimulatedTimer] = set()
        self._tell: Callable[[], None] | None = None
        self._untold = False

    def mono(self) -> float:
        return self._mono

    def utc(self) -> float:
        return self._mono + self.wall_ahead_s

    @property
    def armed(self) -> int:
        """How many timers are armed."""
        return len(self._timers)

    def call_later(
        self, delay_s: float, function: Callable[..., None], *args: object
    ) -> SimulatedTimer:
        assert delay_s >= 0, f"a delay of {delay_s} s"
        timer = SimulatedTimer(self._timers, lambda: function(*args))
        self._schedule(delay_s, timer.fire)
        return timer

    def advance(self, seconds: float = 0.0) -> None:
        """Let time pass: tell of deaths, and fire what is due, in the order of their times."""
        until = self._mono + seconds
        for _ in range(_RUNAWAY):
            if self._untold and self._tell is not None:
                self._untold = False
                self._tell()
            elif self._due and self._due[0][0] <= max(until, self._mono):
                due_mono, _, function = heapq.heappop(self._due)
                self._mono = max(self._mono, due_mono)
                function()
            else:
                self._mono = max(self._mono, until)
                return
        raise AssertionError(f"{_RUNAWAY} calls without an end, at {self._mono}")

    def watch_deaths(self, function: Callable[[], None]) -> None:
        """Call ``function`` soon after children have ended, that is, from ``advance``."""
        self._tell = function

    def _schedule(self, delay_s: float, function: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self._mono + delay_s, next(self._order), function))
