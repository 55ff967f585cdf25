"""Put the lines of several logs in order, and show them."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO, Protocol

from .forms import lines_of
from .times import time_of


class Log(Protocol):
    """A place in what was said, by one process or by many."""

    @property
    def directory(self) -> str:
        """Where something happens when there is more."""

    def changed_at(self) -> float:
        """When it was written to last, in seconds since 1970; 0 where it never was."""

    def blocks(self, *, last: bool = False) -> Iterator[bytes]:
        """What has come since the place where it is; ``last``: nothing is read after this."""

    def shown(self, block: bytes) -> bytes:
        """A block as it is shown."""

    def close(self) -> None: ...


def in_order(logs: Iterable[Log], *, last: bool) -> Iterator[bytes]:
    """All that the logs have now, as it is shown.

    Lines that carry times are put in the order of these. Logs without come before, one after
    the other, the one that was written to last at the end.
    """
    timed: list[Iterator[tuple[float, bytes]]] = []
    by_change = sorted(logs, key=lambda log: log.changed_at())
    begun = [(log, *first) for log in by_change for first in _begun(log.blocks(last=last))]
    for log, block, more in begun:
        blocks = chain([block], more)
        if len(begun) == 1:
            yield from map(log.shown, blocks)
        elif time_of(block) is None:
            yield from (_ended(log.shown(block)) for block in blocks)
        else:
            timed.append(_timed(log, blocks))
    for _, line in heapq.merge(*timed, key=lambda entry: entry[0]):
        yield line


def _begun(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, Iterator[bytes]]]:
    """The first block and the others, where there is one."""
    for block in blocks:
        yield block, blocks
        return


def _timed(log: Log, blocks: Iterable[bytes]) -> Iterator[tuple[float, bytes]]:
    """Lines with their times; one without has that of the line before it."""
    when = 0.0
    for block in blocks:
        for line in lines_of(block):
            found = time_of(line)
            when = when if found is None else found
            yield when, _ended(log.shown(line))


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n"


#: What steers a terminal, but for colours, tabs, and line ends as Windows has them.
_STEERING = re.compile(rb"\x1b\[[0-9;:]*m|\r\n|[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


def printable(block: bytes) -> bytes:
    """Lines that may have colours, and steer a terminal in no other way: ``\\x1b`` and so on."""
    return _STEERING.sub(_escaped, block)


def _escaped(found: re.Match[bytes]) -> bytes:
    text = found[0]
    if len(text) > 1 and not text.startswith(b"\xc2"):
        return text
    return b"\\x%02x" % text[-1]


class Printer:
    """Shows blocks as they are, but for what would steer a terminal where ``out`` is one."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._escape = out.isatty()

    def show(self, blocks: Iterable[bytes]) -> None:
        """Show all of it, at once. Raises BrokenPipeError where nobody reads it."""
        for block in blocks:
            self._out.write(printable(block) if self._escape else block)
        self._out.flush()
