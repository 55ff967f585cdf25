"""What was measured: samples, by system, measure and number of processes."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

FLOOR = "floor"  # the system that the others are compared with


class Sample(NamedTuple):
    """One value, or the reason why there is none."""

    system: str
    measure: str
    size: int  # supervised processes
    turn: int  # the system's place in the run; the floor is measured before and after each
    value: float | None
    unit: str
    fault: str = ""


class Results:
    """All samples of a run, in the order of measurement."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    def values(
        self, system: str, measure: str, size: int | None, turns: Sequence[int] = ()
    ) -> list[float]:
        """The values measured, of the given turns or of all, of one size or of any."""
        return [
            sample.value
            for sample in self.samples
            if (sample.system, sample.measure) == (system, measure)
            and (size is None or sample.size == size)
            and (not turns or sample.turn in turns)
            and sample.value is not None
        ]

    def median(self, system: str, measure: str, size: int | None = None) -> float | None:
        """The median, or None where nothing was measured."""
        values = self.values(system, measure, size)
        return statistics.median(values) if values else None

    def floor(self, system: str, measure: str, size: int) -> float | None:
        """The floor's median just before and just after the system's turn."""
        turns = {sample.turn for sample in self.samples if sample.system == system}
        near = sorted({at for turn in turns for at in (turn, turn + 1)})
        values = self.values(FLOOR, measure, size, near)
        return statistics.median(values) if values else None

    def faults(self) -> list[Sample]:
        """The samples that hold a reason instead of a value."""
        return [sample for sample in self.samples if sample.fault]

    def write(self, path: Path, about: dict[str, object]) -> None:
        """Write everything as JSON, whole, by rename."""
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {"about": about, "samples": [sample._asdict() for sample in self.samples]}
        aside = path.with_name(path.name + ".new")
        aside.write_text(json.dumps(document, indent=1) + "\n")
        aside.rename(path)
