"""What the control program says when it can't do what it was asked."""

from __future__ import annotations


class CtlError(Exception):
    """It did not happen. ``str()`` is one line: "cannot VERB OBJECT: REASON"."""

    #: What the command line ends with: 1 where it did not happen, 2 where it was asked wrongly.
    exit_code = 1


class RefusedError(CtlError):
    """What was asked for can't be meant: a bad name, a malformed value, a missing directory."""

    exit_code = 2


def because(error: OSError) -> str:
    """The reason in an OSError, without its number and path."""
    return error.strerror or str(error)


def nearest(name: str, known: list[str]) -> str:
    """A hint at the known name most like ``name``, to end a sentence with; or nothing."""
    from difflib import get_close_matches  # 1 ms, and seldom needed

    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
