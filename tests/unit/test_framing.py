"""The forms of a line: text with what is asked for before it, or JSON."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncolony.framing import frame, notice
from ncolony.logspec import LogSpec

LINES = b"one\n\ntwo \xff\r\n"
TIME = "2027-01-15T08:00:00.123Z"


def utc() -> float:
    return 1.8e9 + 0.1239


def framed(log: LogSpec, stream: str = "stderr", name: str = "web", lines: bytes = LINES) -> bytes:
    return frame(log, stream, utc)(name, lines)


@pytest.mark.parametrize(
    ("log", "prefix"),
    [
        (LogSpec("monitor"), b"web: "),
        (LogSpec("monitor", time=True), b"2027-01-15T08:00:00.123Z web: "),
        (LogSpec("monitor", stream=True), b"web stderr: "),
        (LogSpec("monitor", time=True, stream=True), b"2027-01-15T08:00:00.123Z web stderr: "),
        (LogSpec("files"), b""),
        (LogSpec("files", time=True), b"2027-01-15T08:00:00.123Z "),
        (LogSpec("files", stream=True), b"stderr: "),
        (LogSpec("files", time=True, stream=True), b"2027-01-15T08:00:00.123Z stderr: "),
    ],
)
def test_each_line_has_before_it_what_is_asked_for(log: LogSpec, prefix: bytes) -> None:
    """Time, name and stream, in this order; the bytes of the line itself stay as they are."""
    expected = b"".join(prefix + line for line in (b"one\n", b"\n", b"two \xff\r\n"))
    assert framed(log) == expected


@pytest.mark.parametrize("to", ["monitor", "files"])
def test_an_object_has_time_process_stream_and_message(to: str) -> None:
    """Each line is one object in one line, with the same four keys wherever it goes."""
    lines = framed(LogSpec(to, "json")).splitlines()
    assert [list(json.loads(line).items()) for line in lines] == [
        [("time", TIME), ("process", "web"), ("stream", "stderr"), ("message", message)]
        for message in ("one", "", "two \udcff\r")
    ]


def test_an_object_is_text_that_any_reader_takes() -> None:
    """UTF-8 stays as it is, what can't be in a string is escaped, the exact form is this one."""
    text = 'é 🐝 "\\'.encode() + b"\0\x1b\xe2\x80\xa8 \xc3\n"
    assert framed(LogSpec("files", "json"), lines=text).decode("utf-8") == (
        '{"time": "2027-01-15T08:00:00.123Z", "process": "web", "stream": "stderr", '
        '"message": "é 🐝 \\"\\\\\\u0000\\u001b\u2028 \\udcc3"}\n'
    )


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), min_size=1))
def test_any_bytes_can_be_had_back(lines: list[bytes]) -> None:
    """Messages have every byte of their lines, also of those that are no text."""
    text = framed(LogSpec("monitor", "json"), lines=b"".join(line + b"\n" for line in lines))
    messages = [json.loads(line)["message"] for line in text.decode("utf-8").split("\n")[:-1]]
    assert [message.encode("utf-8", "surrogateescape") for message in messages] == lines


def test_a_name_that_is_not_utf_8_is_kept_in_each_form() -> None:
    """In text it is the file name's bytes, in JSON they are escaped as in messages."""
    name = os.fsdecode(b"w\xff")
    assert framed(LogSpec(), name=name, lines=b"1\n") == b"w\xff: 1\n"
    assert framed(LogSpec(stream=True), name=name, lines=b"1\n") == b"w\xff stderr: 1\n"
    assert json.loads(framed(LogSpec(format="json"), name=name, lines=b"1\n"))["process"] == name


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (LogSpec("files"), b"ncolony: gone\n"),
        (LogSpec("files", stream=True), b"ncolony: gone\n"),
        (LogSpec("files", time=True, stream=True), b"2027-01-15T08:00:00.123Z ncolony: gone\n"),
    ],
)
def test_the_monitor_s_own_words_are_told_from_a_process_s(log: LogSpec, line: bytes) -> None:
    """They have ``ncolony`` where the stream stands."""
    assert notice(log, "web", "gone", utc) == line


def test_the_monitor_s_own_words_are_an_object_among_objects() -> None:
    """A file of JSON lines has nothing else in it."""
    line = notice(LogSpec("files", "json"), "web", "gone", utc)
    expected = {"time": TIME, "process": "web", "stream": "ncolony", "message": "ncolony: gone"}
    assert json.loads(line) == expected
