"""The schemas of requests, whose meaning is what their classes say of themselves."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from .. import request
from ..forms import Schema, either, matching, ref
from ..scheduler import jobrequest


def messages() -> Schema:
    """A file of ``messages``."""
    return _requests("A request to the monitor", request.TYPES)


def job_messages() -> Schema:
    """A file of ``jobs/.messages``."""
    return _requests("A request to the scheduler", {jobrequest.RUN: jobrequest.RunNow})


def _requests(title: str, types: Mapping[str, type[Any]]) -> Schema:
    return {
        "title": title,
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(types)}},
        "oneOf": [_request(name, kind) for name, kind in types.items()],
    }


def _request(name: str, kind: type[Any]) -> Schema:
    return {
        "title": name,
        "description": meaning_of(kind),
        "properties": {"type": {"const": name}, **{f: _REQUESTED[f] for f in kind._fields}},
        "required": ["type", *needed_by(kind)],
    }


_WORD = {"type": "string", "minLength": 1}
_REQUESTED: dict[str, Schema] = {
    "name": {"description": "Whom it is about.", **_WORD},
    "group": {"description": "A name that processes have in their `group`.", **_WORD},
    "signal": {
        "description": "A signal's name or number.",
        **either(ref("signal"), matching("[1-9]|[12][0-9]|3[014-9]|[45][0-9]|6[0-4]")),
    },
    "pid": {
        "description": "Only the run with this pid is meant; null for any.",
        "type": ["integer", "null"],
        "minimum": 1,
    },
    "reason": {
        "description": "Said in the log and in the status; up to 200 characters of it.",
        "type": "string",
    },
}


def needed_by(kind: type[Any]) -> list[str]:
    """The fields that a request must have."""
    return [field for field in kind._fields if field not in kind._field_defaults]


def meaning_of(kind: type[Any]) -> str:
    """What a class says of itself, in a line."""
    return " ".join((inspect.getdoc(kind) or "").split())
