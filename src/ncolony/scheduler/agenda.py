"""What is due when: many times, and one timer."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from ..isystem import IClock, ITimer

#: What is due within this time of each other is one wake-up: a poll counts milliseconds anyway.
TOGETHER_S = 0.001
#: Entries that were replaced are thrown out when they are more than those in force, and a few.
FEW_OLD = 64


class IEntry(Protocol):
    """What can be on an agenda, once; ``ticket`` is the agenda's, and 0 at first."""

    ticket: int


T = TypeVar("T", bound=IEntry)


class Agenda(Generic[T]):
    """Calls ``due`` with those whose time has come, by the monotonic clock, in its order."""

    def __init__(self, clock: IClock, due: Callable[[list[T]], None]) -> None:
        self._clock = clock
        self._due = due
        self._heap: list[tuple[float, int, T]] = []
        self._last_ticket = 0
        self._number = 0
        self._timer: ITimer | None = None
        self._armed_mono = 0.0

    def set(self, item: T, at_mono: float) -> None:
        """Have its time come at ``at_mono``, and at no other time."""
        self._number += not item.ticket
        self._last_ticket += 1
        item.ticket = self._last_ticket
        heapq.heappush(self._heap, (at_mono, item.ticket, item))
        self._tidy()
        self._arm()

    def drop(self, item: T) -> None:
        """Have its time not come."""
        self._number -= bool(item.ticket)
        item.ticket = 0
        self._tidy()
        if self._number == 0:
            self._heap.clear()
            self._disarm()

    def _tidy(self) -> None:
        if len(self._heap) > 2 * self._number + FEW_OLD:
            self._heap = [entry for entry in self._heap if entry[2].ticket == entry[1]]
            heapq.heapify(self._heap)

    def close(self) -> None:
        """Nothing is due any more."""
        for _, _, item in self._heap:
            item.ticket = 0
        self._number = 0
        self._heap.clear()
        self._disarm()

    def _arm(self) -> None:
        while self._heap and self._heap[0][2].ticket != self._heap[0][1]:
            heapq.heappop(self._heap)
        if not self._heap:
            self._disarm()
            return
        at_mono = self._heap[0][0]
        if self._timer is None or at_mono < self._armed_mono:
            self._disarm()
            self._armed_mono = at_mono
            delay_s = max(0.0, at_mono - self._clock.mono())
            self._timer = self._clock.call_later(delay_s, self._fire)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        until_mono = self._clock.mono() + TOGETHER_S
        found: list[T] = []
        while self._heap and self._heap[0][0] <= until_mono:
            _, ticket, item = heapq.heappop(self._heap)
            if item.ticket == ticket:
                item.ticket = 0
                self._number -= 1
                found.append(item)
        try:
            if found:
                self._due(found)
        finally:
            self._arm()
