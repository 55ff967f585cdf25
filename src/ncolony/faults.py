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
    name = kind[type(value)]
    if not value and isinstance(value, (list, dict)):
        return f"an empty {name}"
    if isinstance(value, dict):
        return f"an {name}"
    text = "" if isinstance(value, list) else json.dumps(value)
    return f"the {name} {text}" if 0 < len(text) <= 40 else f"a {name}"
