"""Starting processes as their records configure them."""

from __future__ import annotations

from collections.abc import Sequence

from .isystem import IOutput, ISystem, Start
from .model import Record, Spawned, SpawnFailed


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
