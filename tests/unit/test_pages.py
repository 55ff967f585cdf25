"""Blocks of code are found where a reader sees them."""

from __future__ import annotations

import pytest

from pages import Block, blocks


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("text\n", []),
        ("# A\n\n    one\n    two\n\nend\n", [Block(3, "A", None, "one\ntwo\n")]),
        ("a\n\n    one\n\n      two\n\n\nend\n", [Block(3, "", None, "one\n\n  two\n")]),
        ("## B\n```json\n{}\n```\n", [Block(3, "B", "json", "{}\n")]),
        ("```\n    x\n# no heading\n```\n", [Block(2, "", "", "    x\n# no heading\n")]),
        ("a\n    goes on\n", []),
        ("````text\n```\n````\n", [Block(2, "", "text", "```\n")]),
        ("    one\n\n```sh\ntwo\n```", [Block(1, "", None, "one\n"), Block(4, "", "sh", "two\n")]),
    ],
)
def test_blocks(page: str, found: list[Block]) -> None:
    """Fenced and indented ones, with the line where they begin and the heading above."""
    assert list(blocks(page)) == found
