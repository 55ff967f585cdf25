"""Results as Markdown: two tables, the floor's drift, what failed and how systems were set up."""

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from results import FLOOR, Results

INTRODUCTION = (
    "Medians. In brackets, as multiples of the C program's, measured just before and after",
    "that system: start, all die and stop of its start, all others of its restart. KB at 0:",
    "with nothing to supervise. wakes, CPU: in a minute at rest. worst: the longest restart.",
)


class Row(NamedTuple):
    """One system of a table."""

    key: str
    title: str
    size: int  # the most processes it was measured with
    remark: str  # its version, and how it was set up


class Column(NamedTuple):
    """One column: its heading in two lines, and what a row has in it."""

    heading: str
    cell: Callable[[Row], str]


def figure(value: float) -> str:
    """The value with three digits or a little more."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def lined_up(columns: Sequence[Column], rows: Sequence[Row]) -> list[str]:
    """A Markdown table whose columns are also aligned for the eye."""
    cells = [[column.heading for column in columns]]
    return aligned(cells + [[column.cell(row) for column in columns] for row in rows])


def aligned(cells: list[list[str]], left: int = 1) -> list[str]:
    """A Markdown table of these lines of cells, the first of them the heading; so many columns
    are aligned on the left."""
    widths = [max(len(line[at]) for line in cells) for at in range(len(cells[0]))]
    rule = [
        "-" * width if at < left else "-" * (width - 1) + ":" for at, width in enumerate(widths)
    ]
    lines = []
    for line in (cells[0], rule, *cells[1:]):
        padded = [
            text.ljust(width) if at < left else text.rjust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        lines.append(f"| {' | '.join(padded)} |")
    return lines


class Table:
    """The results of one run for people."""

    def __init__(self, results: Results, rows: Sequence[Row], small: Sequence[int]) -> None:
        self.results = results
        self.rows = rows
        self.size = max(row.size for row in rows)
        self.small = small  # processes in each of the tables of latencies

    def cell(self, row: Row, measure: str, size: int, floor: str = "") -> str:
        """The median; in brackets, how many times the floor's figure of that name it is."""
        value = self.results.median(row.key, measure, size)
        if value is None:
            failed = {(s.system, s.measure, s.size) for s in self.results.faults()}
            return "failed" if (row.key, measure, size) in failed else ""
        least = self.results.floor(row.key, floor, size) if floor else None
        if row.key == FLOOR or not least:
            return figure(value)
        return f"{figure(value)} ({figure(value / least)})"

    def worst_restart(self, row: Row, size: int) -> str:
        """The longest restart."""
        values = self.results.values(row.key, "restart", size)
        return figure(max(values)) if values else ""

    def per_process(self, row: Row) -> str:
        """KB that one more process takes."""
        with_none = self.results.median(row.key, "own_memory", 0)
        with_all = self.results.median(row.key, "own_memory", row.size)
        if with_none is None or with_all is None or not row.size:
            return ""
        return figure((with_all - with_none) / row.size)

    def large(self) -> list[str]:
        """What all processes together take."""

        def timed(measure: str) -> Callable[[Row], str]:
            return lambda row: self.cell(row, measure, row.size, "start")

        def plain(measure: str, size: int | None = None) -> Callable[[Row], str]:
            return lambda row: self.cell(row, measure, row.size if size is None else size)

        columns = [
            Column(f"N={self.size}", self.title),
            Column("start ms", timed("start")),
            Column("all die ms", timed("mass_death")),
            Column("stop ms", timed("stop")),
            Column("KB at 0", plain("memory", 0)),
            Column("KB each", self.per_process),
            Column("wakes", plain("wakeups")),
            Column("CPU ms", plain("cpu")),
        ]
        return lined_up(columns, self.rows)

    def latencies(self, size: int) -> list[str]:
        """How long one process takes."""

        def timed(measure: str, floor: str = "restart") -> Callable[[Row], str]:
            return lambda row: self.cell(row, measure, size, floor)

        columns = [
            Column(f"N={size}", lambda row: row.title),
            Column("restart ms", timed("restart")),
            Column("worst", lambda row: self.worst_restart(row, size)),
            Column("add ms", timed("add")),
            Column("change ms", timed("change")),
            Column("start ms", timed("start", "start")),
            Column("log MB/s", lambda row: self.cell(row, "output", 1)),
        ]
        return lined_up(columns, self.rows)

    def title(self, row: Row) -> str:
        """The system's title, and its size where that is not the table's."""
        return row.title if row.size == self.size else f"{row.title}, N={row.size}"

    def drift(self) -> list[str]:
        """How far the machine's own speed moved during the run."""
        lines = []
        for measure, size in [("start", self.size), *(("restart", size) for size in self.small)]:
            turns = sorted({s.turn for s in self.results.samples if s.system == FLOOR})
            found = [self.results.values(FLOOR, measure, size, [turn]) for turn in turns]
            medians = [statistics.median(values) for values in found if values]
            if medians:
                low, high = min(medians), max(medians)
                quiet = "" if high < 1.5 * low else ": run again on a quieter machine"
                lines.append(
                    f"- {measure}, N={size}: {figure(low)} to {figure(high)} ms "
                    f"(x {figure(high / low)}) in {len(medians)} measurements{quiet}"
                )
        return lines

    def lines(self) -> list[str]:
        """All of it."""
        lines = [
            *INTRODUCTION,
            "",
            *self.large(),
            "",
            *(line for size in self.small for line in [*self.latencies(size), ""]),
            "The C program over the run (the machine's own drift):",
            "",
            *self.drift(),
            "",
            "Systems:",
            "",
            *(f"- {row.title}: {row.remark}" for row in self.rows),
        ]
        faults = self.results.faults()
        if faults:
            lines += ["", "Failed:", ""]
            lines += [f"- {s.system} {s.measure} N={s.size}: {s.fault}" for s in faults]
        return lines
