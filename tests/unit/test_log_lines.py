"""Lines of logs: their times, whose they are, and how they are shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from ncolony import framing, logdir
from ncolony.control.errors import RefusedError
from ncolony.control.logs import files, forms, showing, times
from ncolony.logspec import LogSpec

NOW = datetime.fromisoformat("2026-11-25T01:30:16.123Z").timestamp()


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("90s", NOW - 90),
        ("10m", NOW - 600),
        ("1.5h", NOW - 5400),
        ("7d", NOW - 7 * 86400),
        ("2026-11-25T01:30:16.123Z", NOW),
        ("2026-11-25T02:30:16.123+01:00", NOW),
        (" 2026-11-25 01:30:16.123+00:00 ", NOW),
        ("2026-11-25 01:30", datetime(2026, 11, 25, 1, 30).timestamp()),  # noqa: DTZ001
        ("2026-11-25", datetime(2026, 11, 25).timestamp()),  # noqa: DTZ001
    ],
)
def test_since_is_a_date_or_a_span(text: str, when: float) -> None:
    """RFC 3339 and what people make of it; without an offset it is local time."""
    assert times.parse_since(text, NOW) == when


@pytest.mark.parametrize("text", ["", "10", "10x", "m", "yesterday", "2026-13-01", "-5m", "1e9d"])
def test_other_times_are_refused(text: str) -> None:
    """One line says what is allowed."""
    with pytest.raises(RefusedError, match=r"cannot show logs: --since: found .*; allowed: a date"):
        times.parse_since(text, NOW)


@pytest.mark.parametrize(
    ("line", "when"),
    [
        (b"2026-11-25T01:30:16.123Z text", NOW),
        (b"2026-11-25T01:30:16.123456789Z text", NOW + 0.000456),
        (b"2026-11-25T01:30:16+0000 [ncolony.monitor#info] it runs", NOW - 0.123),
        (b'{"time": "2026-11-25T01:30:16.123Z", "process": "a"', NOW),
        (b'{"time":"2026-11-25T01:30:16.123Z"}', NOW),
        (b'{"level":1,"time":"2026-11-25T01:30:16.123Z"}', None),
        (b"2026-11-25T01:30:16.123 without an offset", None),
        (b"2026-11-25 01:30:16 text", None),
        (b"2026-99-99T01:30:16Z text", None),
        (b"2026-\xff1-25T01:30:16Z text", None),
        (b"text", None),
        (b"\n", None),
        (b"", None),
        (b"{}", None),
        (b'{"time": 1764034216}', None),
    ],
)
def test_the_time_of_a_line(line: bytes, when: float | None) -> None:
    """RFC 3339 at its beginning, or in its object; whose own it is doesn't matter."""
    found = times.time_of(line)
    assert found == pytest.approx(when, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("20261125T013016.123000Z", NOW),
        ("20261125T013016Z", None),
        ("20269925T013016.123456Z", None),
        ("2026-11-25T01:30:16.12Z", None),
    ],
)
def test_the_time_of_a_rotation(text: str, when: float | None) -> None:
    """As the files are named, and no other."""
    assert times.rotation_time(text) == when


def test_files_are_named_as_the_monitor_names_them(tmp_path: Path) -> None:
    """What it writes is what is read: rotated ones in order, compressed or not."""
    assert (files.CURRENT, files.STDERR) == (logdir.CURRENT, logdir.STDERR)
    names = [f"{i}0261125T013016.123456Z.log{suffix}" for i, suffix in enumerate(files.SUFFIXES, 1)]
    for name in (*names, logdir.unfinished(names[0])):
        for stream in ("", files.STDERR):
            (tmp_path / f"{stream}{name}").touch()
    for stream in ("", files.STDERR):
        found = [Path(file.stem).name for file in files.rotated(str(tmp_path), stream)]
        assert found == [f"{stream}{i}0261125T013016.123456Z.log" for i in range(1, 4)]
        for name in names:
            assert logdir.rotated_name(stream + name) is not None
    assert files.SUFFIXES == logdir.ALL_SUFFIXES


NAMES = ["web", "web 2", "a: b", "ü", 'q"q', "2026-11-25T01:30:16.123"]
FORMS = [
    LogSpec(),
    LogSpec(time=True),
    LogSpec(stream=True),
    LogSpec(time=True, stream=True),
    LogSpec(format="json"),
]


@pytest.mark.parametrize("log", FORMS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("text", [b"text", b"", b"a: b", b"2026-11-25T01:30:16.123Z x", b"\xff{"])
def test_a_line_has_its_owner(log: LogSpec, name: str, stream: str, text: bytes) -> None:
    """Whatever form it was written in, whatever it says: what was framed is found again."""
    owners = forms.Owners(NAMES)
    line = framing.frame(log, stream, lambda: NOW)(name, text + b"\n")
    assert owners.owner(line) == name.encode()


@pytest.mark.parametrize(
    "line",
    [
        b"nobody: text\n",
        b"web\n",
        b"web text\n",
        b"webs: text\n",
        b"2026-11-25T01:30:16+0000 [ncolony.supervisor#info] web: it runs\n",
        b'{"time": "2026-11-25T01:30:16.123Z", "process": "nobody", "stream": "stdout"}\n',
        b'{"time": "2026-11-25T01:30:16.123Z", "process": \n',
        b"\n",
        b"",
    ],
)
def test_other_lines_have_none(line: bytes) -> None:
    """The monitor's own lines, and those of others, are nobody's."""
    assert forms.Owners(NAMES).owner(line) is None


def framed(log: LogSpec, *, to: str) -> bytes:
    return framing.frame(log._replace(to=to), "stderr", lambda: NOW)("web", b"a: b\n")


@pytest.mark.parametrize("log", FORMS)
def test_one_process_is_shown_without_its_name(log: LogSpec) -> None:
    """A line of the monitor's log is shown as it would be in a file of the process's own."""
    assert forms.without_name(b"web", framed(log, to="monitor")) == framed(log, to="files")


@pytest.mark.parametrize("log", FORMS)
def test_several_have_their_names_first(log: LogSpec) -> None:
    """Wherever a line comes from; an object says itself whose it is."""
    shown = forms.name_first(b"web", framed(log, to="monitor"))
    in_file = framed(log, to="files")
    assert shown == in_file if log.format == "json" else b"web: " + in_file
    assert forms.named(b"web", in_file) == shown


def test_names_come_before_each_line_of_a_block() -> None:
    """Objects of the monitor's stay as they are; other objects don't say whose they are."""
    ours = framed(FORMS[-1], to="files")
    theirs = b'{"process": "x"}\n'
    assert forms.named(b"w", b"a\n\nb\n") == b"w: a\nw: \nw: b\n"
    assert forms.named(b"w", ours + theirs + b"c") == ours + b"w: " + theirs + b"w: c\n"


def test_lines_end_at_newlines_alone() -> None:
    """A carriage return, a form feed or a Unicode line separator is no end of a line."""
    block = b"a\rb\x0cc\xe2\x80\xa8\nd\r\ne"
    assert forms.lines_of(block) == [b"a\rb\x0cc\xe2\x80\xa8\n", b"d\r\n", b"e"]


@pytest.mark.parametrize(
    ("block", "shown"),
    [
        (b"plain \xc3\xa4\n\ttext\r\n", b"plain \xc3\xa4\n\ttext\r\n"),
        (b"\x1b[1;31mred\x1b[0m\n", b"\x1b[1;31mred\x1b[0m\n"),
        (b"\x1b[2J\x1b]0;title\x07", b"\\x1b[2J\\x1b]0;title\\x07"),
        (b"over\rwritten\x08\x7f", b"over\\x0dwritten\\x08\\x7f"),
        (b"c1 \xc2\x9b2J \xff", b"c1 \\x9b2J \xff"),
    ],
)
def test_a_terminal_is_coloured_and_not_steered(block: bytes, shown: bytes) -> None:
    """Nothing that a process says moves the cursor, or sets a title."""
    assert showing.printable(block) == shown


class Said:
    """A log that has these blocks."""

    directory = "/"

    def __init__(self, changed: float, *said: bytes, shown: Callable[[bytes], bytes] = bytes):
        self.changed = changed
        self.said = said
        self.shown = shown

    def changed_at(self) -> float:
        return self.changed

    def blocks(self, *, last: bool = False) -> object:
        yield from self.said

    def close(self) -> None:
        pass


def at(second: int, text: str) -> bytes:
    return f"2026-11-25T01:30:{second:02}.000Z {text}\n".encode()


def test_lines_with_times_are_put_in_order() -> None:
    """Lines without stay behind the one before them; what has none at all comes first."""
    one = Said(9, at(1, "a") + b"more\n", at(4, "b"))
    two = Said(1, at(2, "c") + at(3, "d"), at(3, "e"))
    old, new = Said(2, b"x\n", b"y"), Said(8, b"z\n")
    empty = Said(3)
    found = b"".join(showing.in_order([one, new, two, empty, old], last=True))
    expected = at(1, "a") + b"more\n" + at(2, "c") + at(3, "d") + at(3, "e") + at(4, "b")
    assert found == b"x\ny\nz\n" + expected


def test_one_log_comes_as_it_is() -> None:
    """To the byte, a missing newline at the end included."""
    log = Said(0, at(2, "b") + at(1, "a"), b"no end", shown=bytes.upper)
    found = b"".join(showing.in_order([log, Said(1)], last=True))
    assert found == (at(2, "b") + at(1, "a") + b"no end").upper()
