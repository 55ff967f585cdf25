"""What is wrong with a file, in words for the one who wrote it."""

from __future__ import annotations

import json
from typing import NamedTuple


class Fault(NamedTuple):
    """One thing that is wrong: which field (empty for the file as a whole), and what."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


def shown(value: object) -> str:
    """A JSON value for an error message: its kind, and what it is where that is short."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    kind = {str: "string", int: "number", float: "number", list: "list", dict: "object"}
    text = json.dumps(value)
    if isinstance(value, (list, dict)) or len(text) > 40:
        article = "an" if isinstance(value, dict) else "a"
        return f"{article if value else 'an empty'} {kind[type(value)]}"
    return f"the {kind[type(value)]} {text}"
