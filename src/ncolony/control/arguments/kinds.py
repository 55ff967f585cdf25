"""The kinds of values that options have: each is made of its text, or raises ArgumentTypeError."""

from __future__ import annotations

from argparse import ArgumentTypeError
from math import isfinite

#: As many lines as there are.
ALL = -1


def seconds(text: str) -> float:
    """A duration: finite, not negative."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not isfinite(value) or value < 0:
        raise ArgumentTypeError(f"found {text!r}; allowed: seconds, not below 0")
    return value


def account(text: str) -> int | str:
    """A user or a group, by number or by name."""
    try:
        return int(text)
    except ValueError:
        return text


def count(text: str) -> int:
    """A number of lines; ALL for ``all``."""
    if text == "all":
        return ALL
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise ArgumentTypeError(f"found {text!r}; allowed: a number of lines, or all")
    return value
