"""The schemas of what the programs write: status files, and what ``ncolony status`` prints."""

from __future__ import annotations

from ..forms import Schema, either
from . import statusfields
from .statusfields import Fields, StatusField
from .wording import sentence


def process_status() -> Schema:
    """A file of ``status``."""
    return _status("The status of a process", statusfields.PROCESS)


def monitor_status() -> Schema:
    """``status/.monitor``."""
    return _status("The status of the monitor", statusfields.MONITOR)


def check_status() -> Schema:
    """A file of ``status/.checks``."""
    return _status("The status of a check", statusfields.CHECK)


def job_status() -> Schema:
    """A file of ``status/.jobs``."""
    return _status("The status of a job", statusfields.JOB)


def colony_status() -> Schema:
    """What ``ncolony status --json`` prints."""
    shown = _status("A process", statusfields.SHOWN)
    shown["properties"]["check"] = check_status()
    properties = {
        "running": {"description": "Whether a monitor lives.", "type": "boolean"},
        "monitor": {
            "description": "What it said last of itself, or null.",
            **either(monitor_status(), {"type": "null"}),
        },
        "processes": _by_name(shown),
    }
    return {"title": "The status of a colony", **_object(properties)}


def jobs_status() -> Schema:
    """What ``ncolony job list --json`` prints."""
    properties = {
        "running": {"description": "Whether a scheduler lives.", "type": "boolean"},
        "jobs": _by_name(_status("A job", statusfields.SHOWN_JOB)),
    }
    return {"title": "The status of all jobs", **_object(properties)}


def _by_name(schema: Schema) -> Schema:
    return {"description": "Each by its name.", "type": "object", "additionalProperties": schema}


def _status(title: str, fields: Fields) -> Schema:
    """All of the fields are there; others may come with newer versions."""
    return {"title": title, **_object(_status_members(fields))}


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _status_members(fields: Fields) -> dict[str, Schema]:
    return {
        name: {"description": sentence(field.meaning), **_with_members(field)}
        for name, field in fields.items()
    }


def _with_members(field: StatusField) -> Schema:
    if field.members is None:
        return field.schema
    members = _object(_status_members(field.members))
    if field.schema["type"] == "array":
        return {**field.schema, "items": members}
    return {**members, **field.schema}
