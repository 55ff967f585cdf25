"""Requests to the scheduler: the files of JOBS/.messages, from bytes and to bytes."""

from __future__ import annotations

import json
from typing import NamedTuple

from ..faults import shown
from ..request import RequestError, load, text_field

RUN = "RUN"


class RunNow(NamedTuple):
    """Run the job now, also where it isn't `enabled`; its schedule stays as it is."""

    name: str


def parse(text: bytes) -> RunNow:
    """The request that a file of these contents makes; unknown keys are passed over.

    Raises RequestError.
    """
    document = load(text)
    kind = document.get("type")
    if kind != RUN:
        what = shown(kind) if "type" in document else "none"
        raise RequestError(f"type: found {what}; allowed: {RUN}")
    return RunNow(text_field(document, "name"))


def encode(request: RunNow) -> bytes:
    """The file that makes this request: ``parse(encode(request)) == request``."""
    return json.dumps({"type": RUN, "name": request.name}).encode()
