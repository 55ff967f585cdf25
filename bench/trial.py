"""What the stress cases share: how much each does, where, and where its figures go."""

import statistics
from collections.abc import Iterable
from typing import NamedTuple

from figures import Bar, Figure
from life import Setting
from results import FLOOR, Results, Sample

OURS = "run"


class Amounts(NamedTuple):
    """How much the cases do."""

    services: int  # that are killed one by one
    kills: int
    kills_s: float  # over which the kills are spread
    rounds: int  # quiet and stressed times, in turn
    orphans: int
    tries: int  # to end a process with a daemon
    lines: int  # of output; 100 bytes each
    json_lines: int
    floods: int  # measurements of output, each beside one of the floor
    others: int  # processes beside a flood
    crashes: int
    deaf: int
    repeats: int


FULL = Amounts(40, 20, 10.0, 3, 1000, 50, 10_000_000, 3_000_000, 5, 200, 50, 100, 3)
QUICK = Amounts(20, 8, 2.0, 1, 200, 6, 500_000, 200_000, 2, 50, 4, 20, 1)


class Trial:
    """The measurements of a run."""

    def __init__(
        self, case: str, amounts: Amounts, setting: Setting, disk: Setting, results: Results
    ) -> None:
        self.case = case
        self.amounts = amounts
        self.setting = setting  # in memory where that can be
        self.disk = disk  # where output goes
        self.results = results
        self.figures: list[Figure] = []

    def keep(
        self, measure: str, values: Iterable[float], unit: str, *, system: str = OURS, size: int = 1
    ) -> float:
        """Keep what was measured, one by one; the median."""
        found = list(values)
        name = f"{self.case} {measure}"
        self.results.samples += [
            Sample(system, name, size, turn, value, unit) for turn, value in enumerate(found)
        ]
        return statistics.median(found)

    def floor(self, measure: str, values: Iterable[float], unit: str) -> float:
        """Keep what was measured of the floor; the median."""
        return self.keep(measure, values, unit, system=FLOOR)

    def figure(
        self,
        what: str,
        value: float,
        unit: str = "",
        *,
        floor: tuple[float, str] | None = None,
        bar: Bar | None = None,
    ) -> None:
        """A line of the table."""
        least, name = floor or (None, "")
        self.figures.append(Figure(self.case, what, value, unit, least, name, bar))
        print(f"  {what}: {value:.6g} {unit}".rstrip(), flush=True)

    def count(self, what: str, value: int, *, must_be: int = 0) -> None:
        """A line of the table that has only one right value."""
        self.keep(what, [value], "")
        self.figure(what, value, bar=Bar(must_be, "="))
