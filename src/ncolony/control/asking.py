"""Put requests into the messages directory."""

from __future__ import annotations

from .. import request
from ..request import Request
from . import aside
from .errors import CtlError, because
from .places import Colony


def send(colony: Colony, asked: Request) -> str:
    """Put a request where the monitor finds it; its file's name. Raises CtlError."""
    name = aside.unique_name()
    try:
        aside.put(colony.messages, name, request.encode(asked))
    except OSError as error:
        raise CtlError(f"cannot write a request to {colony.messages}: {because(error)}") from None
    return name
