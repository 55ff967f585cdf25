"""Log files read back: whether each line of a child's is there, once, whole and in order."""

import json
import re
import subprocess
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from flood import LINE_BYTES, line
from supervisor import Tools

#: What the monitor itself says begins so; # is any digit.
OWN = "####-##-##T##:##:##+"
_OWN = re.compile(OWN.replace("#", r"\d").replace("+", r"\+").encode())
KEYS = ["time", "process", "stream", "message"]


class Found(NamedTuple):
    """Lines found in files, in the order of their names."""

    whole: int
    missing: int
    twice: int
    torn: int
    unordered: int
    others: int


def found_in(tools: Tools, files: Sequence[Path], lines: int, prefix: str, own: str) -> Found:
    """What check.c finds."""
    argv = [tools.program("check"), str(lines), prefix, own, *map(str, files)]
    ended = subprocess.run(argv, capture_output=True, text=True, check=True)
    return Found(*map(int, ended.stdout.split()))


def _number(text: bytes, name: str, stream: str) -> int | None:
    """The number of a line in a JSON object that has all it should have."""
    document = json.loads(text)
    message = document["message"].encode() + b"\n"
    datetime.fromisoformat(document["time"])
    number = int(message[:9])
    right = (list(document), document["process"], document["stream"]) == (KEYS, name, stream)
    return number if right and message == line(number) else None


def found_in_json(texts: Iterable[bytes], lines: int, name: str, stream: str) -> Found:
    """The same for lines of JSON."""
    seen = bytearray(lines)
    whole = torn = unordered = others = 0
    last = -1
    for text in texts:
        try:
            number = _number(text, name, stream)
        except (ValueError, KeyError, TypeError, AttributeError):
            number = None
        if number is not None and 0 <= number < lines and text[-1:] == b"\n":
            whole += 1
            unordered += number < last
            last = number
            seen[number] = min(2, seen[number] + 1)
        elif _OWN.match(text):
            others += 1
        else:
            torn += 1
    return Found(whole, seen.count(0), seen.count(2), torn, unordered, others)


def gigabytes(lines: int) -> float:
    """What so many lines of a child are."""
    return lines * LINE_BYTES / 1e9
