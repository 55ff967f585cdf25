"""What a page shows of a terminal: commands behind ``$``, and what they said.

A page and a run differ in what varies from run to run. ``normalised`` gives that one name on both
sides; everything else has to be the same. A line of the page may go on in the next, since a
page is narrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pages import Block

PROMPT = "$ "
#: In the end of a line: the rest is left out. As a line: so are any number of lines.
ELISION = "..."
_HERE = re.compile(r"<<-?\s*['\"]?(\w+)")
#: What varies, and the name that takes its place, in this order.
_VARYING = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d{4})", "DATE"),
        (r"\b\d{8}T\d{6}\.\d{6}Z\b", "DATE"),
        (r"\b\d\d:\d\d:\d\d\b", "TIME"),
        (r"\b\d+(\.\d+)? ?s\b|\b\d+[mhd]\d\d[smh]\b", "DURATION"),
        (r"\b(STARTING|RUNNING|STOPPING|KILLING) +\d+ ", r"\1 PID "),
        (r"(\bpid |\"pid\": )\d+", r"\1PID"),
        # How often it was started so far depends on when one looks.
        (r"\b(BACKOFF +- +DURATION) +\d+ ", r"\1 STARTS "),
        # A table is as wide as its widest pid.
        (r" +", " "),
    )
)


class Step(NamedTuple):
    """A command, and the lines that the page shows below it. ``line`` is where it stands."""

    line: int
    command: str
    shown: tuple[str, ...]


def is_transcript(block: Block) -> bool:
    """Whether a block shows commands behind a prompt."""
    return any(line.startswith(PROMPT) for line in block.text.splitlines())


def steps(block: Block) -> Iterator[Step]:
    """The commands of a block, each whole: with continued lines, and here-documents.

    Raises ValueError where something stands before the first prompt.
    """
    lines = block.text.splitlines()
    if not lines[0].startswith(PROMPT):
        raise ValueError(f"line {block.line}: found {lines[0]!r}; allowed: a line behind '$ '")
    at = 0
    while at < len(lines):
        begin = at
        command = [lines[at].removeprefix(PROMPT)]
        while command[-1].endswith("\\"):
            at += 1
            command.append(lines[at])
        here = _HERE.search(command[0])
        while here is not None and command[-1] != here[1]:
            at += 1
            command.append(lines[at])
        at += 1
        shown = at
        while at < len(lines) and not lines[at].startswith(PROMPT):
            at += 1
        yield Step(block.line + begin, "\n".join(command), tuple(lines[shown:at]))


def normalised(line: str) -> str:
    """A line with names in the place of what varies."""
    for pattern, name in _VARYING:
        line = pattern.sub(name, line)
    return line.strip()


def difference(shown: Iterable[str], said: str) -> str:
    """What a page shows and a command said, below each other; empty where they agree."""
    expected = [normalised(line) for line in shown]
    found = [normalised(line) for line in said.splitlines()]
    if _agree(expected, found):
        return ""
    return "\n".join(["the page shows:", *expected, "it says:", *found])


def _agree(expected: list[str], found: list[str]) -> bool:
    """Whether each line found is the next one expected, or that and those it goes on in."""
    if not expected or not found:
        return not found and all(line == ELISION for line in expected)
    if expected[0] == ELISION:
        return any(_agree(expected[1:], found[i:]) for i in range(len(found) + 1))
    joined = ""
    for at, line in enumerate(expected):
        joined = f"{joined} {line}".strip()
        if _is(joined, found[0]) and _agree(expected[at + 1 :], found[1:]):
            return True
        if len(joined) > len(found[0]):
            break
    return False


def _is(expected: str, found: str) -> bool:
    if expected.endswith(ELISION):
        return found.startswith(expected.removesuffix(ELISION).rstrip())
    return expected == found
