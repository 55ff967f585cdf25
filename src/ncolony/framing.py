"""The form of a line: as it is, with a name, a time or a stream before it, or as JSON.

A frame takes a process's name and whole lines, and returns them in its form. All lines of a
block have the time at which it was read.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from json.encoder import encode_basestring
from typing import TypeAlias

from .logspec import LogSpec
from .status import utc_text

Frame: TypeAlias = Callable[[str, bytes], bytes]

#: What the monitor itself says in a process's files stands in the place of the stream.
OWN = "ncolony"


def frame(log: LogSpec, stream: str, utc: Callable[[], float]) -> Frame:
    """The form that ``log`` asks for; ``stream`` is ``stdout`` or ``stderr``, or "" for both."""
    if log.format == "json":
        return _json(stream, utc)
    named = log.to == "monitor"
    if log.time or log.stream:
        return _stamped(named, log.time, stream if log.stream else "", utc)
    return _named if named else _as_it_is


def notice(log: LogSpec, name: str, text: str, utc: Callable[[], float]) -> bytes:
    """A line that the monitor itself has to say in a process's files."""
    if log.format == "json":
        return _json(OWN, utc)(name, f"{OWN}: {text}\n".encode())
    return _stamped(False, log.time, OWN, utc)(name, f"{text}\n".encode())


def prefixed(prefix: bytes, lines: bytes) -> bytes:
    """Lines, each with something before it."""
    return prefix + lines[:-1].replace(b"\n", b"\n" + prefix) + b"\n"


def _as_it_is(name: str, lines: bytes) -> bytes:
    return lines


def _named(name: str, lines: bytes) -> bytes:
    return prefixed(os.fsencode(name) + b": ", lines)


def _stamped(named: bool, timed: bool, stream: str, utc: Callable[[], float]) -> Frame:
    """``TIME NAME STREAM: line``, or what is asked for of that; ``TIME line`` has no colon."""

    def stamped(name: str, lines: bytes) -> bytes:
        label = " ".join(part for part in (name if named else "", stream) if part)
        prefix = f"{utc_text(utc())} " if timed else ""
        prefix += f"{label}: " if label else ""
        return prefixed(os.fsencode(prefix), lines)

    return stamped


def _json(stream: str, utc: Callable[[], float]) -> Frame:
    """An object a line: time, process, stream, message.

    A byte that isn't UTF-8 becomes ``\\udc80`` to ``\\udcff``, half of a surrogate pair that no
    text has otherwise (PEP 383), so that nothing is lost.
    """

    def objects(name: str, lines: bytes) -> bytes:
        head = (
            f'{{"time": "{utc_text(utc())}", "process": {encode_basestring(name)}, '
            f'"stream": "{stream}", "message": '
        )
        messages = lines[:-1].decode("utf-8", "surrogateescape").split("\n")
        text = head + ("}\n" + head).join(map(encode_basestring, messages)) + "}\n"
        return text.encode("utf-8", "backslashreplace")

    return objects
