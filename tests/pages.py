"""The pages of the documentation, and the blocks of code in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
_FENCE = re.compile(r"(`{3,}|~{3,})\s*(.*)")
_INDENT = " " * 4


class Block(NamedTuple):
    """A block of code. ``line`` is that of its first line, from 1; ``heading`` the one above it.

    ``language`` is what stands behind the fence, empty where there is nothing; None for a block
    that is indented.
    """

    line: int
    heading: str
    language: str | None
    text: str


def blocks(page: str) -> Iterator[Block]:
    """Every block of code in a page of Markdown, fenced or indented, from top to bottom.

    Indented ones begin after an empty line; lists that hold some are not understood.
    """
    lines = page.splitlines()
    heading = ""
    at = 0
    while at < len(lines):
        begin = at
        fence = _FENCE.fullmatch(lines[at])
        if fence is not None:
            at = next((i for i in range(at + 1, len(lines)) if lines[i] == fence[1]), len(lines))
            text = "\n".join(lines[begin + 1 : at]) + "\n"
            yield Block(begin + 2, heading, fence[2], text)
        elif lines[at].startswith(_INDENT) and not (at and lines[at - 1]):
            while at + 1 < len(lines) and (lines[at + 1].startswith(_INDENT) or not lines[at + 1]):
                at += 1
            text = dedent("\n".join(lines[begin : at + 1])).rstrip("\n") + "\n"
            yield Block(begin + 1, heading, None, text)
        elif lines[at].startswith("#"):
            heading = lines[at].lstrip("#").strip()
        at += 1


def read(page: str) -> list[Block]:
    """The blocks of a page, which is named as from the top of the checkout."""
    return list(blocks((ROOT / page).read_text(encoding="utf-8")))
