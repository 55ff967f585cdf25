"""The schemas of all files there are, made from the tables of their fields.

``make generated`` writes them to the files beside this one, which are what is installed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from ..forms import DEFINITIONS, Schema
from . import files, requests, statuses

DIALECT = "https://json-schema.org/draft/2020-12/schema"

DOCUMENTS: dict[str, Callable[[], Schema]] = {
    "process": files.process,
    "job": files.job,
    "request": requests.messages,
    "job-request": requests.job_messages,
    "process-status": statuses.process_status,
    "monitor-status": statuses.monitor_status,
    "check-status": statuses.check_status,
    "job-status": statuses.job_status,
    "colony-status": statuses.colony_status,
    "jobs-status": statuses.jobs_status,
}


def text(name: str) -> str:
    """The contents of a schema's file."""
    schema = DOCUMENTS[name]()
    definitions = _definitions(schema)
    whole = {"$schema": DIALECT, **schema, **({"$defs": definitions} if definitions else {})}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


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
