"""The table that ``ncolony job list`` shows to people, and what it says besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from ...scheduler.jobfile import JobStatus
from ..table import age, cut, printable
from .outcome import CHANGED, NOT_READ

HEADER = ("NAME", "SCHEDULE", "LAST", "TOOK", "NEXT", "RUNS", "FAILED", "RESULT")
#: Columns of numbers are aligned to the right.
_RIGHT = frozenset(HEADER[2:7])
#: Cut shorter than this, neither a schedule nor a result says anything.
_SHORTEST = 11


def lines(
    jobs: Iterable[JobStatus], now: float, width: int | None, *, lives: bool = True
) -> Iterator[str]:
    """The table's lines. ``now``: seconds since 1970; ``width``: cut longer lines, None: don't.

    Unless a scheduler ``lives``, nothing runs, nor will next.
    """
    rows = [
        HEADER,
        *[_row(job if lives else job._replace(next=None, pid=None), now) for job in jobs],
    ]
    *widths, longest = [max(map(len, column)) for column in zip(*rows, strict=True)]
    room = None
    if width is not None:
        least = min(longest, _SHORTEST)
        room = width - sum(w + 2 for w in widths)
        if room < least:
            widths[1] = max(widths[1] - (least - room), min(_SHORTEST, widths[1]))
            room = least
    for row in rows:
        cells = [
            cut(cell, size).rjust(size) if title in _RIGHT else cut(cell, size).ljust(size)
            for title, cell, size in zip(HEADER, row, widths, strict=False)
        ]
        yield "  ".join([*cells, cut(row[-1], room)]).rstrip()


def troubles(jobs: Iterable[JobStatus]) -> Iterator[str]:
    """A line for each that is wrong with a job's file: too long, and too needful, for a table."""
    for job in jobs:
        if job.refused is not None:
            yield f"{job.name} is refused: {job.refused}{_kept(job)}"
        elif job.state == "unknown" and not is_unread(job):
            yield f"{job.name}: {job.reason}"
        for warning in job.warnings:
            yield f"{job.name}: warning: {warning}"


def _kept(job: JobStatus) -> str:
    in_force = job.state != "refused" and not is_unread(job)
    return "; its last good file stays in force" if in_force else ""


def is_unread(job: JobStatus) -> bool:
    """Whether no scheduler knows the file that is there."""
    return job.reason in (NOT_READ, CHANGED)


def is_well(job: JobStatus) -> bool:
    """Whether its file is in use, and its last run, if there was one, no failure."""
    in_use = job.refused is None and job.state != "unknown" and not is_unread(job)
    return in_use and job.success is not False


def _row(job: JobStatus, now: float) -> tuple[str, ...]:
    duration = job.last_duration
    cells = (
        job.name,
        job.schedule or "-",
        _since(job.last_start, now),
        "-" if duration is None else took(duration),
        _until(job.next, now),
        str(job.runs),
        str(job.failures),
        _result(job),
    )
    return tuple(map(printable, cells))


def took(seconds: float) -> str:
    """How long a run lasted: parts of a second where that is all, else as ``age``."""
    return f"{seconds:.1f}s" if seconds < 10 else age(seconds)


def _result(job: JobStatus) -> str:
    """What is worth knowing now, then how its last run ended."""
    said = []
    if job.refused is not None:
        said.append("refused")
    elif is_unread(job):
        said.append("not read yet")
    elif job.state == "unknown":
        said.append("unknown")
    if job.pid is not None:
        said.append("running" if job.reason == "started" else job.reason)
    elif job.state == "disabled":
        said.append("disabled")
    if job.last_result is not None:
        said.append(job.last_result)
    return "; ".join(said) or "-"


def _since(date: str | None, now: float) -> str:
    seconds = _seconds(date)
    return "-" if seconds is None else age(now - seconds)


def _until(date: str | None, now: float) -> str:
    seconds = _seconds(date)
    return "-" if seconds is None else age(seconds - now)


def _seconds(date: str | None) -> float | None:
    try:
        return None if date is None else datetime.fromisoformat(date).timestamp()
    except ValueError:
        return None
