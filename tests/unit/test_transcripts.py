"""A page's commands are taken as they stand, and what they say is compared in earnest."""

from __future__ import annotations

import pytest

from pages import Block
from transcripts import Step, difference, normalised, steps


def read(text: str) -> list[Step]:
    return list(steps(Block(10, "", None, text)))


def test_commands_and_what_they_said() -> None:
    """Each command has the lines up to the next one."""
    assert read("$ a\n$ b\none\ntwo\n$ c &\n") == [
        Step(10, "a", ()),
        Step(11, "b", ("one", "two")),
        Step(14, "c &", ()),
    ]


def test_a_command_of_several_lines() -> None:
    """Lines that end in a backslash, and here-documents, belong to the command."""
    assert read("$ a \\\n    b\nsaid\n$ cat >c <<END\n$ x\n\nEND\n$ d\n") == [
        Step(10, "a \\\n    b", ("said",)),
        Step(13, "cat >c <<END\n$ x\n\nEND", ()),
        Step(17, "d", ()),
    ]


def test_what_stands_before_the_first_prompt_is_refused() -> None:
    """Nobody would compare it."""
    with pytest.raises(ValueError, match=r"line 10: found 'said'; allowed: a line behind '\$ '"):
        read("said\n$ a\n")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("clock: 00:04:54", "clock: TIME"),
        ("clock  RUNNING  20518   0s       1  started", "clock RUNNING PID DURATION 1 started"),
        ("w  BACKOFF    -  1m07s   12  too soon", "w BACKOFF - DURATION STARTS too soon"),
        ("w  STOPPED    -  2s   12  stop", "w STOPPED - DURATION 12 stop"),
        ("killed by SIGKILL after 2.7 s", "killed by SIGKILL after DURATION"),
        ('{"pid": 17, "at": "2026-11-24T23:48:53.753Z"}', '{"pid": PID, "at": "DATE"}'),
        ("2026-11-24T23:38:13+0000 [ncolony#info] web", "DATE [ncolony#info] web"),
        ("20261125T013016.123456Z.log", "DATE.log"),
        ("exit code 3", "exit code 3"),
        ("port 8137", "port 8137"),
    ],
)
def test_what_varies_has_a_name(line: str, name: str) -> None:
    """Dates, durations and pids; and nothing else."""
    assert normalised(line) == name


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ([], ""),
        (["NAME   STATE"], "NAME  STATE\n"),
        (["a line that", "goes on"], "a line that goes on\n"),
        (["one", "two", "and three"], "one\ntwo and three\n"),
        (["web is BACKOFF, ..."], "web is BACKOFF, sooner than its threshold\n"),
        (["one", "...", "nine"], "one\ntwo\nthree\nnine\n"),
        (["..."], ""),
    ],
)
def test_they_agree(shown: list[str], said: str) -> None:
    """Line by line, but for what a page breaks or leaves out."""
    assert difference(shown, said) == ""


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ([], "something\n"),
        (["something"], ""),
        (["one", "two"], "one\n"),
        (["one"], "one\ntwo\n"),
        (["exit code 1"], "exit code 2\n"),
        (["one two"], "one\ntwo\n"),
        (["clock  RUNNING  7  0s  1  started"], "clock  BACKOFF  -  0s  1  started\n"),
        (["clock  RUNNING  7  0s  1  started"], "clock  RUNNING  7  0s  2  started\n"),
        (["one", "...", "nine"], "one\ntwo\n"),
    ],
)
def test_they_differ(shown: list[str], said: str) -> None:
    """A line that is wrong, missing or too many; the difference has both."""
    found = difference(shown, said)
    assert found.startswith("the page shows:\n")
    assert "\nit says:" in found
