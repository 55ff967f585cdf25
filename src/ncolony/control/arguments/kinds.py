"""The kinds of values that options have: each is made of its text, or raises ValueError."""

from __future__ import annotations

from math import isfinite

#: As many lines as there are.
ALL = -1


def seconds(text: str) -> float:
    """A duration: finite, not negative."""
    value = float(text)
    if not isfinite(value) or value < 0:
        raise ValueError(text)
    return value


def account(text: str) -> int | str:
    """A user or a group, by number or by name."""
    try:
        return int(text)
    except ValueError:
        return text


def count(text: str) -> int:
    """A number of lines; ALL for ``all``."""
    value = ALL if text == "all" else int(text)
    if value < ALL or text == "-1":
        raise ValueError(text)
    return value
