"""Points in time: as people write them, as lines carry them, as rotated files are named."""

from __future__ import annotations

from datetime import datetime

from ..errors import RefusedError

#: How NAME/TIME.log is named: the UTC time of the rotation.
_ROTATED = "20261125T013016.123456Z"
#: More than the longest time, with an offset, and the quote before it.
_LONGEST = 40
_JSON_KEY = b'{"time"'


def parse_since(text: str, now: float) -> float:
    """Seconds since 1970 of a date and time, RFC 3339 or nearly, or of so long ago.

    Without an offset it is local time, as for date(1). Raises RefusedError.
    """
    from ...values import Wrong, seconds

    ago = text if text[-1:].isalpha() and text[:1].isdecimal() else ""
    try:
        if ago and not text.endswith(("Z", "z")):
            return now - seconds(ago)
        return datetime.fromisoformat(text.strip()).timestamp()
    except (Wrong, ValueError, OverflowError, OSError):
        allowed = "allowed: a date and time like 2026-11-25T01:30:00Z, or a span like 90s, 10m, 2h"
        raise RefusedError(f"cannot show logs: --since: found {text!r}; {allowed}") from None


def time_of(line: bytes) -> float | None:
    """The time that a line begins with, or its JSON object; None where it has none."""
    text = line[:_LONGEST]
    if text.startswith(_JSON_KEY):
        text = text[len(_JSON_KEY) :].lstrip(b': "').partition(b'"')[0]
    else:
        text = text.partition(b" ")[0]
    if text[4:5] != b"-" or text[10:11] != b"T":
        return None
    try:
        found = datetime.fromisoformat(text.decode("ascii"))
    except ValueError:
        return None
    return None if found.tzinfo is None else found.timestamp()


def rotation_time(text: str) -> float | None:
    """Seconds since 1970 of the TIME in a rotated file's name; None where it is none."""
    if len(text) != len(_ROTATED) or text[8] != "T" or not text.endswith("Z"):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
