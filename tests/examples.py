"""The blocks of the documentation, and the class that each is of: how it is held to be true."""

from __future__ import annotations

import re
from typing import Any

import commandlines
import scenes
from pages import DOCS, ROOT, Block, read
from transcripts import is_transcript, steps

PAGES = sorted(
    str(page.relative_to(ROOT))
    for page in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("examples/*/*.md"))
    if "_build" not in page.parts and page.name != "changelog.md"
)
#: Each with its page.
BLOCKS = [(page, block) for page in PAGES for block in read(page)]
#: Read by a parser, by the language that stands behind the fence.
FILES = ("json", "yaml", "ini")
#: The first line of an excerpt names the file of the example that it is from.
_EXCERPT = re.compile(r"# ([\w./-]+)\n")


def row_of(page: str, block: Block, table: tuple[Any, ...]) -> Any | None:
    """The first row of a table that is of this block."""
    rows = (row for row in table if row.page == page and block.text.startswith(row.begins))
    return next(rows, None)


def kind(page: str, block: Block) -> str | None:
    """How a block is held to be true; None where nobody has said so."""
    language = block.language
    if language is not None and language.startswith("{"):
        return "directive"
    if (page, block.heading, language) in scenes.PROGRAMS:
        return "program"
    if language in FILES:
        return language
    if language == "text" and page in scenes.EXCERPTS and _EXCERPT.match(block.text):
        return "excerpt"
    if row_of(page, block, scenes.SCENES) is not None:
        return "shown"
    if row_of(page, block, scenes.PROVEN) is not None:
        return "proven"
    if block.text.startswith("$ ncolony job list\nNAME "):
        return "jobs"
    if is_transcript(block):
        return "shown" if page in scenes.FROM_NOTHING else _form(block)
    return _form(block) if language is None else None


def _form(block: Block) -> str | None:
    """Whether a block has nothing but commands that aren't run, with a reason."""
    if is_transcript(block) and any(step.shown for step in steps(block)):
        return None
    words = commandlines.first_words(commands(block))
    return "form" if all(word in scenes.NOT_RUN for word in words) else None


def commands(block: Block) -> str:
    """All that a block has a shell do."""
    if is_transcript(block):
        return "\n".join(step.command for step in steps(block))
    return block.text


def of(*kinds: str) -> list[tuple[str, Block]]:
    """The blocks of these classes."""
    return [(page, block) for page, block in BLOCKS if kind(page, block) in kinds]
