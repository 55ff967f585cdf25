"""Put requests into the messages directory, and wait for them where that is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import request
from ..request import Request
from . import aside
from .errors import CtlError, because
from .known import refuse_bad
from .places import AnyPlaces, Colony, colony_of

if TYPE_CHECKING:
    from .following import OneRequest


def send(colony: Colony, asked: Request) -> str:
    """Put a request where the monitor finds it; its file's name. Raises CtlError."""
    return put(colony.messages, request.encode(asked))


def put(directory: str, content: bytes) -> str:
    """Put a request into a directory of such; its file's name. Raises CtlError."""
    name = aside.unique_name()
    try:
        aside.put(directory, name, content)
    except OSError as error:
        raise CtlError(f"cannot write a request to {directory}: {because(error)}") from None
    return name


def ask(verb: str, places: AnyPlaces, asked: OneRequest, wait_s: float | None) -> None:
    """Ask something of one process; with ``wait_s``, wait until it has happened.

    Raises CtlError.
    """
    colony = colony_of(places)
    refuse_bad(verb, asked.name)
    if wait_s is None:
        send(colony, asked)
        return
    from .following import ask_one

    ask_one(verb, colony, asked, wait_s)


def ask_many(
    what: str,
    places: AnyPlaces,
    asked: Request,
    wait_s: float | None,
    names: list[str] | None = None,
) -> None:
    """Ask something of many processes; with ``wait_s``, wait for what becomes of ``names``.

    ``names`` None: of all. Raises CtlError.
    """
    colony = colony_of(places)
    if wait_s is None:
        send(colony, asked)
        return
    from .following import ask_many as ask_and_wait

    ask_and_wait(what, colony, asked, wait_s, names)
