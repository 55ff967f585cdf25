"""Figures, each beside what it is compared with and the bar it is to keep, as a table."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from table import aligned, figure


class Bar(NamedTuple):
    """A promise about a figure, or about its ratio to the floor."""

    limit: float
    sense: Literal["<=", ">=", "="] = "<="
    ratio: bool = False

    def __str__(self) -> str:
        return f"{'ratio ' if self.ratio else ''}{self.sense} {self.limit:g}"

    def holds(self, found: float) -> bool:
        """Whether what was found keeps it."""
        match self.sense:
            case "<=":
                return found <= self.limit
            case ">=":
                return found >= self.limit
            case _:
                return found == self.limit


class Figure(NamedTuple):
    """What was measured of a case."""

    case: str
    what: str
    value: float
    unit: str = ""
    floor: float | None = None  # of the same run
    floor_is: str = ""  # what that is
    bar: Bar | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the floor it is."""
        return self.value / self.floor if self.floor else None

    @property
    def kept(self) -> bool | None:
        """Whether it keeps its bar; None where it has none."""
        if self.bar is None:
            return None
        found = self.ratio if self.bar.ratio else self.value
        return found is not None and self.bar.holds(found)


def _shown(value: float, unit: str) -> str:
    whole = not unit and value == int(value)
    return f"{value:,.0f}" if whole else f"{figure(value)} {unit}".strip()


def _floor(found: Figure) -> str:
    return "" if found.floor is None else f"{_shown(found.floor, found.unit)} {found.floor_is}"


def _ratio(found: Figure) -> str:
    return "" if found.ratio is None else figure(found.ratio)


def _kept(found: Figure) -> str:
    return {None: "", True: "yes", False: "NO"}[found.kept]


def table(figures: Sequence[Figure]) -> list[str]:
    """The figures as a Markdown table."""
    heading = ["case", "what", "measured", "floor of the same run", "ratio", "bar", "kept"]
    lines = [
        [
            found.case,
            found.what,
            _shown(found.value, found.unit),
            _floor(found),
            _ratio(found),
            str(found.bar or ""),
            _kept(found),
        ]
        for found in figures
    ]
    return aligned([heading, *lines], left=2)
