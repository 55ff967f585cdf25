"""Starts wait for their turn, so that a thousand at once keep nothing else from happening."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from .isystem import IClock, ITimer

T = TypeVar("T")

#: How long starts go on before the reactor gets its turn: a thousand take 0.3 s in all.
SLICE_S = 0.02
#: So many are handed over at a time: some milliseconds' worth.
FEW = 16


class Turns(Generic[T]):
    """A queue: first come, first started. ``start`` does it for a few of them.

    ``again`` is called when there is time for more; it leads to ``run``.
    """

    def __init__(
        self, clock: IClock, start: Callable[[list[T]], None], again: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._start = start
        self._again = again
        self._waiting: deque[T] = deque()
        self._timer: ITimer | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, item: T) -> None:
        """Have its turn come; ``run`` begins with it."""
        self._waiting.append(item)

    def run(self) -> None:
        """Start what waits, for a while, unless its next turn is to come."""
        if self._timer is not None:
            return
        until = self._clock.mono() + SLICE_S
        while self._waiting:
            few = min(FEW, len(self._waiting))
            self._start([self._waiting.popleft() for _ in range(few)])
            if self._waiting and self._clock.mono() >= until:
                self._timer = self._clock.call_later(0, self._next_turn)
                return

    def _next_turn(self) -> None:
        self._timer = None
        self._again()

    def close(self) -> None:
        """Start nothing any more."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
