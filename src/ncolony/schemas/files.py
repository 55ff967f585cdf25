"""The schemas of what operators write: the files of processes and of jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .. import beatspec, checkkeys, httpspec
from ..fields import FIELDS, Field
from ..forms import Schema, either
from ..scheduler.jobfields import JOB_FIELDS, REFUSED
from .wording import sentence


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
    sentences = [sentence(meaning), f"Allowed: {allowed}."]
    sentences += [] if default is None else [f"Default: {default}."]
    return {"description": " ".join(sentences), **schema}


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
