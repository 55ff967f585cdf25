"""Requests to the scheduler: the files of JOBS/.messages, from bytes and to bytes."""

from __future__ import annotations

import json
from typing import NamedTuple

from ..faults import shown
from ..request import MAX_BYTES, RequestError

RUN = "RUN"


class RunNow(NamedTuple):
    """Run a job now, whatever its schedule says."""

    name: str


def parse(text: bytes) -> RunNow:
    """The request that a file of these contents makes; unknown keys are passed over.

    Raises RequestError.
    """
    if len(text) > MAX_BYTES:
        raise RequestError(f"found more than {MAX_BYTES} bytes; allowed: at most {MAX_BYTES}")
    try:
        document = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RequestError(f"found no valid JSON ({error}); allowed: a JSON object") from None
    if not isinstance(document, dict):
        raise RequestError(f"found {shown(document)}; allowed: a JSON object")
    kind, name = document.get("type"), document.get("name")
    if kind != RUN:
        what = shown(kind) if "type" in document else "none"
        raise RequestError(f"type: found {what}; allowed: {RUN}")
    if not isinstance(name, str) or not name:
        what = shown(name) if "name" in document else "none"
        raise RequestError(f"name: found {what}; allowed: a string, not empty")
    return RunNow(name)


def encode(request: RunNow) -> bytes:
    """The file that makes this request: ``parse(encode(request)) == request``."""
    return json.dumps({"type": RUN, "name": request.name}).encode()
