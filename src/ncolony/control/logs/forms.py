"""The forms that a line has: whose it is, and how it is shown.

They are those of ``ncolony.framing``: ``NAME: line`` in the monitor's log, with a time before the
name and a stream behind it where that is asked for, or an object. Lines are bytes with their ends.
Shown beside others', each has its name before all else; only objects stay as they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from io import BytesIO
from json.encoder import encode_basestring

_OBJECT = b'{"time": "'
_PROCESS = b', "process": '
_STREAM = b', "stream": "'
#: Behind a time of 24 characters, and a quote.
_PROCESS_AT = len(_OBJECT) + 25
_STREAMS = (b"stdout", b"stderr")
_COLON = b": "


def is_object(line: bytes) -> bool:
    """Whether it is an object of the monitor's, which says itself whose it is."""
    return line.startswith(_OBJECT) and line.startswith(_PROCESS, _PROCESS_AT)


def named(name: bytes, block: bytes) -> bytes:
    """Lines with the name before each, and each with an end; objects stay as they are."""
    if not block.endswith(b"\n"):
        block += b"\n"
    if b'"process": ' not in block:
        return name + _COLON + block[:-1].replace(b"\n", b"\n" + name + _COLON) + b"\n"
    lines = lines_of(block)
    return b"".join([line if is_object(line) else name + _COLON + line for line in lines])


def lines_of(block: bytes) -> list[bytes]:
    """The lines of a block, with their ends: at newlines alone, unlike ``splitlines``."""
    return BytesIO(block).readlines()


class Owners:
    """Tells whose a line of the monitor's log is, of the processes of these names.

    Where one is named like another with a stream behind it, ``web`` and ``web stdout``, nobody can.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._by_head: dict[bytes, bytes] = {}
        self._by_json: dict[bytes, bytes] = {}
        self._odd: list[bytes] = []
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        owner = os.fsencode(name)
        self._by_json[encode_basestring(name).encode()] = owner
        for head in (owner, *(owner + b" " + stream for stream in _STREAMS)):
            self._by_head[head] = owner
            if _COLON in owner:
                self._odd.append(head)

    def owner(self, line: bytes) -> bytes | None:
        """The name of the process whose line it is; None where it is another's."""
        if is_object(line):
            at = _PROCESS_AT + len(_PROCESS)
            return self._by_json.get(line[at : line.find(_STREAM, at)])
        _, rest = _split_time(line)
        for head in self._odd:
            if rest.startswith(head + _COLON):
                return self._by_head[head]
        head, colon, _ = rest.partition(_COLON)
        return self._by_head.get(head) if colon else None


def without_name(name: bytes, line: bytes) -> bytes:
    """A line of the monitor's log as it would be in a file of this process's own."""
    if is_object(line):
        return line
    time, rest = _split_time(line)
    rest = rest[len(name) :]
    return time + rest.removeprefix(_COLON).removeprefix(b" ")


def name_first(name: bytes, line: bytes) -> bytes:
    """A line of the monitor's log with the name before all else."""
    if is_object(line) or line.startswith(name + _COLON):
        return line
    return name + _COLON + without_name(name, line)


def _split_time(line: bytes) -> tuple[bytes, bytes]:
    """The time that was put before a line, with the blank behind it, or nothing; and the rest."""
    if line[10:11] == b"T" and line[23:25] == b"Z ":
        return line[:25], line[25:]
    return b"", line
