"""The table that ``ncolony status`` shows to people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import repeat
from types import MappingProxyType

from ..httpcheck.checkfile import CheckStatus
from ..status import StatusRecord

HEADER = ("NAME", "STATE", "PID", "FOR", "STARTS", "WHY")
_GREEN, _YELLOW, _RED = "32", "33", "31"
_COLOURS = {
    "RUNNING": _GREEN,
    "STARTING": _YELLOW,
    "STOPPING": _YELLOW,
    "KILLING": _YELLOW,
    "BACKOFF": _RED,
    "FAILED": _RED,
    "UNKNOWN": _RED,
}
#: Columns of numbers are aligned to the right.
_RIGHT = {"PID", "FOR", "STARTS"}
_UNITS = ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s"))
#: A reason cut shorter than this says nothing.
_SHORTEST_REASON = 12
_UNCHECKED: Mapping[str, CheckStatus] = MappingProxyType({})


def lines(
    records: Iterable[StatusRecord],
    now: float,
    width: int | None,
    *,
    colour: bool = False,
    checks: Mapping[str, CheckStatus] = _UNCHECKED,
) -> Iterable[str]:
    """The table's lines. ``now``: seconds since 1970; ``width``: cut longer lines, None: don't.

    ``checks`` are those that are made of the processes, by name.
    """
    shown = list(records)
    troubles = [_trouble(record, checks.get(record.name)) for record in shown]
    rows = [HEADER, *map(_row, shown, troubles, repeat(now))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    room = None if width is None else max(width - sum(w + 2 for w in widths), _SHORTEST_REASON)
    for i, row in enumerate(rows):
        cells = [
            cell.rjust(size) if title in _RIGHT else cell.ljust(size)
            for title, cell, size in zip(HEADER, row, widths, strict=False)
        ]
        code = _colour(shown[i - 1], troubles[i - 1]) if i and colour else None
        if code:
            cells[1] = f"\x1b[{code}m{cells[1]}\x1b[0m"
        yield "  ".join([*cells, cut(row[-1], room)]).rstrip()


def age(seconds: float) -> str:
    """A duration in its two largest units: ``7s``, ``3m07s``, ``5h02m``, ``12d04h``."""
    whole = max(0, int(seconds))
    for size, unit, lesser_size, lesser_unit in _UNITS:
        if whole >= size:
            return f"{whole // size}{unit}{whole % size // lesser_size:02d}{lesser_unit}"
    return f"{whole}s"


def printable(text: str) -> str:
    """Text that can't break a line, nor steer a terminal: what isn't printable is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _row(record: StatusRecord, trouble: str, now: float) -> tuple[str, ...]:
    why = _why(record, trouble)
    pid = "-" if record.pid is None else str(record.pid)
    cells = (record.name, record.state, pid, _since(record, now), str(record.starts), why)
    return tuple(map(printable, cells))


def _trouble(record: StatusRecord, check: CheckStatus | None) -> str:
    """What is wrong though it runs: it answers badly, or something keeps its output back."""
    said = [record.output or ""]
    if check is not None and check.state == "unhealthy":
        said.insert(0, f"unhealthy: {check.result}")
    return "; ".join(filter(None, said))


def _why(record: StatusRecord, trouble: str) -> str:
    """What is worth knowing, the most pressing first: a terminal cuts the rest.

    Why it runs matters less than what is wrong though it does.
    """
    said = [record.reason if record.refused is None else record.refused]
    if trouble:
        said.insert(0 if record.as_wanted else 1, trouble)
    said += [f"warning: {warning}" for warning in record.warnings]
    return "; ".join(filter(None, said))


def _since(record: StatusRecord, now: float) -> str:
    try:
        since = datetime.fromisoformat(record.since)
    except ValueError:
        return "-"
    return age(now - since.replace(tzinfo=UTC).timestamp())


def _colour(record: StatusRecord, trouble: str) -> str | None:
    if record.state == "EXITED":
        return None if record.as_wanted else _RED
    if record.state == "RUNNING" and trouble:
        return _YELLOW
    return _COLOURS.get(record.state)


def cut(text: str, room: int | None) -> str:
    """Text of at most so many characters; None: all of it."""
    return text if room is None or len(text) <= room else text[: room - 1] + "…"
