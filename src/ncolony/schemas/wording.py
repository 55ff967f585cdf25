"""How a schema says what the reference says."""

from __future__ import annotations


def sentence(text: str) -> str:
    """A phrase of a table as a sentence."""
    return f"{text[0].upper()}{text[1:].removesuffix('.')}."
