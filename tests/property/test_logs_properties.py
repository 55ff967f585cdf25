"""``ncolony logs``: where to begin, and every line once, in order, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import gzip
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from ncolony.control.errors import CtlError
from ncolony.control.logs import files, finding, forms, process, tail
from ncolony.control.logs.files import Rotated
from ncolony.control.logs.process import ProcessLog

#: Small blocks, so that small files have many.
blocks = st.integers(1, 40)
lines = st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"") + b"\n"))


@contextlib.contextmanager
def blocks_of(size: int) -> Iterator[Path]:
    """A directory, where files are read in blocks of this size."""
    with contextlib.ExitStack() as stack:
        for module in (files, finding, process, tail):
            stack.enter_context(mock.patch.object(module, "BLOCK", size))
        yield Path(stack.enter_context(tempfile.TemporaryDirectory()))


def complain(error: CtlError) -> None:
    raise AssertionError(error)


@given(lines, st.binary(max_size=5), st.integers(0, 12), blocks, st.booleans())
def test_the_last_lines_are_the_last_lines(
    whole: list[bytes], unended: bytes, wanted: int, block: int, compressed: bool
) -> None:
    """From the end or by reading all, in blocks of any size: where so many lines are left."""
    text = b"".join(whole) + unended.replace(b"\n", b"")
    expected = forms.lines_of(text)[-wanted:] if wanted else []
    with blocks_of(block) as directory:
        path = directory / "x.log"
        if compressed:
            (directory / "x.log.gz").write_bytes(gzip.compress(text))
        else:
            path.write_bytes(text)
        found = finding.last_lines_in(Rotated(str(path), 0.0), wanted)
    assert found.lines == len(expected)
    assert text[found.offset :] == b"".join(expected) or (wanted == 0 and found.offset <= len(text))


@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.integers(0, 30)), max_size=30),
    st.integers(0, 21),
    blocks,
    st.booleans(),
)
def test_since_begins_behind_the_last_line_that_is_older(
    said: list[tuple[int, bool, int]], second: int, block: int, compressed: bool
) -> None:
    """Times ascend; lines without one count as of the next that has one."""
    text, expected = b"", 0
    for at, timed, size in sorted(said):
        stamp = datetime(2026, 11, 25, 1, 30, at, tzinfo=UTC).isoformat().encode() + b" "
        text += (stamp if timed else b"") + b"x" * size + b"\n"
        if timed and at < second:
            expected = len(text)
    when = datetime(2026, 11, 25, 1, 30, tzinfo=UTC).timestamp() + second
    with blocks_of(block) as directory:
        path = directory / "x.log"
        packed = directory / "x.log.gz"
        (packed if compressed else path).write_bytes(gzip.compress(text) if compressed else text)
        assert finding.since_in(Rotated(str(path), 0.0), when) == expected


@given(lines, st.integers(0, 200), blocks)
def test_lines_backwards_are_the_lines(whole: list[bytes], first: int, block: int) -> None:
    """Each once, with its offset, down to where it is asked for."""
    text = b"".join(whole)
    first = text.rfind(b"\n", 0, first) + 1
    expected, at = [], first
    for line in forms.lines_of(text[first:]):
        expected.append((at, line))
        at += len(line)
    with blocks_of(block) as directory:
        (directory / "x").write_bytes(text)
        fd = os.open(directory / "x", os.O_RDONLY)
        try:
            found = list(finding.lines_backwards(fd, first, len(text)))
        finally:
            os.close(fd)
    assert found[::-1] == expected


class Writer:
    """Writes a process's log files as the monitor does."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.written = b""
        self.rotations = 0

    def write(self, block: bytes) -> None:
        with open(self.directory / "current", "ab") as file:
            file.write(block)
        self.written += block

    def rotate(self) -> None:
        if (self.directory / "current").exists():
            self.rotations += 1
            rotated = f"20261125T0130{self.rotations:02}.123456Z.log"
            os.rename(self.directory / "current", self.directory / rotated)

    def compress(self) -> None:
        for path in sorted(self.directory.glob("*.log"))[:1]:
            unready = self.directory / "packing"
            unready.write_bytes(gzip.compress(path.read_bytes()))
            os.rename(unready, f"{path}.gz")
            path.unlink()


STEPS = st.lists(
    st.sampled_from(["write", "rotate", "rotate and write", "compress", "look"]), max_size=25
)


@given(STEPS, STEPS, st.one_of(st.none(), st.integers(0, 6)), blocks)
def test_followed_through_rotations_each_line_comes_once(
    before: list[str], after: list[str], wanted: int | None, block: int
) -> None:
    """However often files are rotated and compressed between two looks."""
    with blocks_of(block) as directory:
        writer = Writer(directory)
        log = ProcessLog(str(directory), "", complain, None)
        seen = b""

        def act(step: str) -> None:
            nonlocal seen
            if step.startswith("rotate"):
                writer.rotate()
            if step.endswith("write"):
                writer.write(b"line %d\n" % writer.written.count(b"\n"))
            if step == "compress":
                writer.compress()
            if step == "look":
                seen += b"".join(log.blocks())

        for step in before:
            if step != "look":
                act(step)
        there = forms.lines_of(writer.written)
        log.begin(wanted, None)
        skipped = len(there) if wanted is None else min(wanted, len(there))
        for step in [*after, "look", "write", "look"]:
            act(step)
        log.close()
    expected = forms.lines_of(writer.written)[len(there) - skipped :]
    assert forms.lines_of(seen) == expected
