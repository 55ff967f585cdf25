"""Where in a file to begin: so many lines before its end, or at a point in time.

Files are read in blocks, from their ends where that will do, and never held whole in memory.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import NamedTuple

from .files import BLOCK, Rotated, opened
from .forms import lines_of
from .times import time_of

#: A longer line is taken for several. The monitor's own are of 1 MiB, six times as much in JSON.
LONGEST_LINE = 1 << 23


class Beginning(NamedTuple):
    """An offset in bytes, and how many lines there are from it to the end."""

    offset: int
    lines: int


def last_lines(fd: int, size: int, wanted: int) -> Beginning:
    """Where the last lines of a plain file of this size begin; at 0 where there aren't so many.

    What has no newline at its end is a line, too.
    """
    if size == 0:
        return Beginning(0, 0)
    unended = os.pread(fd, 1, size - 1) != b"\n"
    to_pass = wanted if unended and wanted else wanted + 1
    passed = 0
    end = size
    while end > 0:
        begin = max(0, end - BLOCK)
        block = os.pread(fd, end - begin, begin)
        count = block.count(b"\n")
        if passed + count >= to_pass:
            return Beginning(begin + _nth_last(block, to_pass - passed) + 1, wanted)
        passed += count
        end = begin
    return Beginning(0, min(passed + unended, wanted))


def last_lines_in(file: Rotated, wanted: int) -> Beginning:
    """The same for a rotated file, by offsets in its unpacked contents. Raises CtlError.

    One that is compressed is read whole, and once more up to there.
    """
    with opened(file) as content:
        if content is None:
            return Beginning(0, 0)
        if _is_plain(content):
            return last_lines(content.fileno(), os.fstat(content.fileno()).st_size, wanted)
        lines = _count(content)
    if lines <= wanted:
        return Beginning(0, lines)
    with opened(file) as content:
        return Beginning(0 if content is None else _after(content, lines - wanted), wanted)


def _is_plain(content: io.BufferedIOBase) -> bool:
    return isinstance(content, io.BufferedReader) and content.seekable()


def _count(content: io.BufferedIOBase) -> int:
    count, last = 0, b"\n"
    while block := content.read(BLOCK):
        count += block.count(b"\n")
        last = block[-1:]
    return count if last == b"\n" else count + 1


def _after(content: io.BufferedIOBase, lines: int) -> int:
    """The offset behind so many lines."""
    offset = 0
    while block := content.read(BLOCK):
        count = block.count(b"\n")
        if count >= lines:
            return offset + _nth_last(block, count - lines + 1) + 1
        lines -= count
        offset += len(block)
    return offset


def since(fd: int, size: int, when: float) -> int:
    """Where what may be of that time or later begins in a plain file: after the last line that
    is older. A line that carries no time counts as of the next one that does."""
    low, high = 0, size
    with open(fd, "rb", closefd=False) as content:
        while high - low > BLOCK:
            middle = (low + high) // 2
            found = _first_timed(content, middle, high)
            if found is None or found.when >= when:
                high = middle
            else:
                low = found.end
        content.seek(low)
        return low + _older(content, when, high - low)


def since_in(file: Rotated, when: float) -> int:
    """The same for a rotated file, as an offset in its unpacked contents. Raises CtlError."""
    with opened(file) as content:
        if content is None:
            return 0
        if _is_plain(content):
            return since(content.fileno(), os.fstat(content.fileno()).st_size, when)
        return _older(content, when, None)


def lines_backwards(fd: int, first: int, end: int) -> Iterator[tuple[int, bytes]]:
    """The lines of a plain file between two offsets, the last one first, each with its offset."""
    head = b""
    while end > first:
        begin = max(first, end - BLOCK)
        lines = lines_of(os.pread(fd, end - begin, begin) + head)
        offset = end + len(head)
        head = lines[0] if lines else b""
        for line in reversed(lines[1:]):
            offset -= len(line)
            yield offset, line
        end = begin
        if len(head) > LONGEST_LINE:
            yield end, head
            head = b""
    if head:
        yield first, head


class _Timed(NamedTuple):
    when: float
    end: int


def _first_timed(content: io.BufferedReader, begin: int, end: int) -> _Timed | None:
    """The first line that begins in this stretch and carries a time."""
    content.seek(begin - 1)
    while not (piece := content.readline(LONGEST_LINE)).endswith(b"\n"):
        if not piece:
            return None
    for line in _lines(content):
        if content.tell() - len(line) >= end:
            return None
        when = time_of(line)
        if when is not None:
            return _Timed(when, content.tell())
    return None


def _older(content: io.BufferedIOBase, when: float, size: int | None) -> int:
    """How far, of so many bytes, the lines reach that are older."""
    offset = older = 0
    for line in _lines(content):
        if size is not None and offset >= size:
            break
        offset += len(line)
        found = time_of(line)
        if found is not None:
            if found >= when:
                break
            older = offset
    return older


def _lines(content: io.BufferedIOBase) -> Iterator[bytes]:
    while line := content.readline(LONGEST_LINE):
        yield line


def _nth_last(block: bytes, n: int) -> int:
    """Where the n-th newline, counted from the end, is."""
    at = len(block)
    for _ in range(n):
        at = block.rfind(b"\n", 0, at)
    return at
