"""The schemas of all files there are, made from the tables of their fields.

``make generated`` writes them to the files beside this one, which are what is installed.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .. import beatspec, checkkeys, httpspec, request
from ..fields import FIELDS, Field
from ..forms import DEFINITIONS, Schema, either, matching, ref
from ..scheduler import jobrequest
from ..scheduler.jobfields import JOB_FIELDS, REFUSED

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def process() -> Schema:
    """A file of ``config``."""
    checked = {
        beatspec.KEY: _checked("How its heartbeat is watched", beatspec.FIELDS),
        httpspec.KEY: _checked("How it is checked over HTTP", httpspec.FIELDS),
    }
    checked[httpspec.KEY]["anyOf"][0]["allOf"] = _http_sense()
    return _file("A process", ["args"], {**_members(FIELDS.values()), **checked})


def job() -> Schema:
    """A file of ``jobs``."""
    rows = {name: field for name, field in FIELDS.items() if name not in REFUSED} | JOB_FIELDS
    return _file("A job", ["args", "schedule"], _members(rows.values()))


def messages() -> Schema:
    """A file of ``messages``."""
    return _requests("A request to the monitor", request.TYPES)


def job_messages() -> Schema:
    """A file of ``jobs/.messages``."""
    return _requests("A request to the scheduler", {jobrequest.RUN: jobrequest.RunNow})


DOCUMENTS: dict[str, Callable[[], Schema]] = {
    "process": process,
    "job": job,
    "request": messages,
    "job-request": job_messages,
}


def text(name: str) -> str:
    """The contents of a schema's file."""
    schema = DOCUMENTS[name]()
    definitions = _definitions(schema)
    whole = {"$schema": DIALECT, **schema, **({"$defs": definitions} if definitions else {})}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _file(title: str, required: list[str], properties: dict[str, Schema]) -> Schema:
    """What isn't ours has a dot; all else would be a warning."""
    return {
        "title": title,
        "type": "object",
        "required": required,
        "properties": {"$schema": _EDITORS, **properties},
        "patternProperties": {r"\.": True},
        "additionalProperties": False,
    }


_EDITORS = {"description": "Where an editor finds this schema."}


def _members(rows: Iterable[Field]) -> dict[str, Schema]:
    return {row.name: _described(row.meaning, row.allowed, row.schema) for row in rows}


def _described(meaning: str, allowed: str, schema: Schema, default: str | None = None) -> Schema:
    sentences = [meaning[0].upper() + meaning[1:].removesuffix("."), f"Allowed: {allowed}"]
    sentences += [] if default is None else [f"Default: {default}"]
    return {"description": ". ".join(sentences) + ".", **schema}


def _checked(title: str, fields: Mapping[str, checkkeys.Field]) -> Schema:
    """A checker's key: an object, or null for not at all."""
    properties = {
        name: _described(field.meaning, field.allowed, field.schema, field.default)
        for name, field in fields.items()
    }
    wanted = {
        "type": "object",
        "required": [name for name, field in fields.items() if field.default is None],
        "properties": properties,
        "additionalProperties": False,
    }
    return {"description": f"{title}.", **either(wanted, {"type": "null"})}


def _http_sense() -> list[Schema]:
    """What ``httpspec.parse`` asks for of several fields together."""
    head = {"properties": {"method": {"const": "HEAD"}}, "required": ["method"]}
    verified = {
        "properties": {"url": {"pattern": "^[Hh][Tt][Tt][Pp][Ss]:"}, "verify": {"const": True}}
    }
    return [
        {"if": head, "then": {"properties": {"text": False}}},
        {"if": {"required": ["ca"]}, "then": verified},
    ]


def _requests(title: str, types: Mapping[str, type[Any]]) -> Schema:
    return {
        "title": title,
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(types)}},
        "oneOf": [_request(name, kind) for name, kind in types.items()],
    }


def _request(name: str, kind: type[Any]) -> Schema:
    needed = [field for field in kind._fields if field not in kind._field_defaults]
    return {
        "title": name,
        "description": meaning_of(kind),
        "properties": {"type": {"const": name}, **{f: _REQUESTED[f] for f in kind._fields}},
        "required": ["type", *needed],
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
        "description": "Only the run with this pid is meant.",
        "type": ["integer", "null"],
        "minimum": 1,
    },
    "reason": {
        "description": "Said in the log and in the status; up to 200 characters of it.",
        "type": "string",
    },
}


def meaning_of(kind: type[Any]) -> str:
    """What a class says of itself, in a line."""
    return " ".join((inspect.getdoc(kind) or "").split())


def references(schema: object) -> Iterator[str]:
    """What a schema refers to."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for item in schema:
            yield from references(item)


def _definitions(schema: Schema) -> dict[str, Schema]:
    """Those that it needs, in the order of the table."""
    needed: set[str] = set()
    waiting = list(references(schema))
    while waiting:
        name = waiting.pop().rpartition("/")[2]
        if name not in needed:
            needed.add(name)
            waiting += references(DEFINITIONS[name])
    return {name: value for name, value in DEFINITIONS.items() if name in needed}
