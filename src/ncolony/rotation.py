"""When one file ends and the next begins: arithmetic, so that no line is torn between them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

#: So far before its end, a file gets whole lines only: whether a line still fits is not known
#: before its end has come. Until then bytes are written as they come.
NEAR_THE_END = 1 << 16
#: What ``portion`` says where nothing can be written before a line's end has come.
AWAIT_LINE_END = -1

#: The year 10000 has one digit too many.
_LAST_YEAR = 9999
_FORMAT = "%Y%m%dT%H%M%S.%fZ"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def portion(block: bytes, size: int, whole: bool, limit: int | None, due: bool) -> int:
    """How many bytes of a block go into a file of that size: 0 where it has to end before.

    ``whole`` says that the file's last line has its end, ``limit`` is the size that it may
    have, ``due`` that it has to end as soon as its line has.
    """
    if due and whole and size:
        return 0
    if due and not whole:
        return block.find(b"\n") + 1 or len(block)
    if limit is None:
        return len(block)
    room = max(limit - size, 0)
    if len(block) <= room:
        if room - len(block) >= NEAR_THE_END or block.endswith(b"\n"):
            return len(block)
        lines = block.rfind(b"\n") + 1
        return lines or (AWAIT_LINE_END if whole else len(block))
    lines = block.rfind(b"\n", 0, room) + 1
    if lines:
        return lines
    if whole and size:
        return 0
    # A line longer than a file, or one that began before it was near the end.
    return block.find(b"\n", room) + 1 or len(block)


def stamp(moment_us: int) -> str:
    """The time in a rotated file's name, from microseconds since 1970: sorts as the time does."""
    seconds, rest_us = divmod(moment_us, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest_us).strftime(_FORMAT)


def newest_us(stamps: Iterable[str]) -> int:
    """The microseconds since 1970 of the latest of such times; 0 where there is none.

    What is no time, or too late for another to come after it, is somebody's joke.
    """
    for text in sorted(stamps, reverse=True):
        try:
            found = datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
        except ValueError:
            continue
        if found.year < _LAST_YEAR:
            since = found - _EPOCH
            return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
    return 0


def next_us(utc: float, last_us: int) -> int:
    """The time to name a file by: now, and later than the last one whatever the clock does."""
    return max(int(utc * 1_000_000), last_us + 1)
