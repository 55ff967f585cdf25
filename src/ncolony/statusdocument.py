"""A status file's outermost form: a JSON object in a line, which says its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .faults import shown


def dump(schema: int, fields: Mapping[str, Any]) -> bytes:
    """The contents of a file."""
    return json.dumps({"schema": schema, **fields}).encode() + b"\n"


def load(text: bytes, schema: int, error: type[ValueError]) -> dict[str, Any]:
    """What ``dump`` has written. Raises ``error`` for what it can't have."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise error("found no valid JSON; allowed: a JSON object") from None
    if not isinstance(document, dict):
        raise error(f"found {shown(document)}; allowed: a JSON object")
    found = document.get("schema")
    if found != schema:
        raise error(f"schema: found {found!r}; allowed: {schema}")
    return document
