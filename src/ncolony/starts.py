"""Starts wait for their turn, so that a thousand at once keep nothing else from happening."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from .isystem import IOutput, ISystem, ITimer, Start
from .model import Record, Spawned, SpawnFailed

T = TypeVar("T")

#: How long starts go on before the reactor gets its turn: a thousand take 0.3 s in all.
SLICE_S = 0.02
#: So many are handed over at a time: some milliseconds' worth.
FEW = 16


class Starts(Generic[T]):
    """A queue: first come, first started. ``start`` does it for a few of them.

    ``again`` is called when there is time for more; it leads to ``run``.
    """

    def __init__(
        self, system: ISystem, start: Callable[[list[T]], None], again: Callable[[], None]
    ) -> None:
        self._system = system
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
        until = self._system.mono() + SLICE_S
        while self._waiting:
            few = min(FEW, len(self._waiting))
            self._start([self._waiting.popleft() for _ in range(few)])
            if self._waiting and self._system.mono() >= until:
                self._timer = self._system.call_later(0, self._next_turn)
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


def spawn_all(
    system: ISystem, output: IOutput, records: Sequence[Record]
) -> list[Spawned | SpawnFailed]:
    """Start what these records configure; what became of each."""
    outcomes: dict[str, int | Exception] = {}
    ready: list[Start] = []
    for record in records:
        assert record.spec is not None, "nothing starts without a configuration"
        try:
            ready.append(Start(record.spec, output.writers(record.spec)))
        except OSError as error:
            outcomes[record.name] = error
    for start, outcome in zip(ready, system.spawn_all(ready), strict=True):
        output.started(start.spec.name, start.writers)
        outcomes[start.spec.name] = outcome
    return [_event(record, outcomes[record.name]) for record in records]


def _event(record: Record, outcome: int | Exception) -> Spawned | SpawnFailed:
    if isinstance(outcome, int):
        return Spawned(record.epoch, outcome)
    program = record.spec.args[0] if record.spec else record.name
    return SpawnFailed(record.epoch, f"cannot start {program}: {_why(outcome)}")


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}"
