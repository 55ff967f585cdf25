"""One-off requests: the files of the messages directory, from bytes and to bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from .faults import shown

#: A request is a few words; a file beyond this many bytes is no request.
MAX_BYTES = 1 << 16


class RequestError(ValueError):
    """A request that can't be understood; ``str()`` says in a line what was found."""


# What these classes say of themselves is what the reference and the schema say.


class Start(NamedTuple):
    """Want the process up.

    One that waits in BACKOFF or ended for good (EXITED, FAILED) is started at once. One that isn't
    `enabled` is up until its file changes that, or the monitor is started again.
    """

    name: str
    reason: str = ""


class Stop(NamedTuple):
    """Want the process down, until it is asked to start, its file goes, or the monitor ends."""

    name: str
    reason: str = ""


class Restart(NamedTuple):
    """Stop the process, then start it.

    One that was stopped, waits in BACKOFF or ended for good is started at once. With `pid`, only
    the run with that pid is meant: nothing happens when it is over, or being stopped.
    """

    name: str
    reason: str = ""
    pid: int | None = None


class Signal(NamedTuple):
    """Send a signal to the process itself, not to its group: `HUP`, `SIGHUP`, `1` are the same."""

    name: str
    #: A name without SIG, or digits.
    signal: str
    reason: str = ""


class RestartAll(NamedTuple):
    """Restart every process that isn't stopped, nor EXITED."""

    reason: str = ""


class RestartGroup(NamedTuple):
    """Restart every such process whose file names the group in `group`."""

    group: str
    reason: str = ""


class Rotate(NamedTuple):
    """Rotate the log files of the process: a new `current` is begun."""

    name: str
    reason: str = ""


class RotateAll(NamedTuple):
    """Rotate the log files of every process that has any."""

    reason: str = ""


#: What is the machine's business; the others are the output's.
Order = Start | Stop | Restart | Signal | RestartAll | RestartGroup
Rotation = Rotate | RotateAll
Request = Order | Rotation

TYPES: dict[str, type[Request]] = {
    "RESTART": Restart,
    "START": Start,
    "STOP": Stop,
    "SIGNAL": Signal,
    "RESTART-ALL": RestartAll,
    "RESTART-GROUP": RestartGroup,
    "ROTATE": Rotate,
    "ROTATE-ALL": RotateAll,
}
_NAMES = {kind: name for name, kind in TYPES.items()}


def parse(text: bytes) -> Request:
    """The request that a file of these contents makes; unknown keys are passed over.

    Raises RequestError.
    """
    document = load(text)
    kind = _kind(document)
    make: Callable[..., Request] = kind
    return make(*[_FIELDS[name](document, name) for name in kind._fields])


def load(text: bytes) -> dict[str, Any]:
    """The JSON object that any request is. Raises RequestError."""
    if len(text) > MAX_BYTES:
        raise RequestError(f"found more than {MAX_BYTES} bytes; allowed: at most {MAX_BYTES}")
    try:
        document = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RequestError(f"found no valid JSON ({error}); allowed: a JSON object") from None
    if not isinstance(document, dict):
        raise RequestError(f"found {shown(document)}; allowed: a JSON object")
    return document


def encode(request: Request) -> bytes:
    """The file that makes this request: ``parse(encode(request)) == request``."""
    defaults = request._field_defaults
    said = {key: value for key, value in request._asdict().items() if value != defaults.get(key)}
    return json.dumps({"type": _NAMES[type(request)], **said}).encode()


def _kind(document: dict[str, Any]) -> type[Request]:
    found = document.get("type")
    kind = TYPES.get(found) if isinstance(found, str) else None
    if kind is None:
        what = shown(found) if "type" in document else "none"
        raise RequestError(f"type: found {what}; allowed: one of {', '.join(TYPES)}")
    return kind


def text_field(document: dict[str, Any], name: str) -> str:
    """A string of a request, not empty; a signal's name or number. Raises RequestError."""
    value = document.get(name)
    if name == "signal" and isinstance(value, (str, int)) and not isinstance(value, bool):
        text = str(value).upper().removeprefix("SIG")
        if text:
            return text
    elif isinstance(value, str) and value:
        return value
    what = shown(value) if name in document else "none"
    allowed = "a signal's name or number" if name == "signal" else "a string, not empty"
    raise RequestError(f"{name}: found {what}; allowed: {allowed}")


def _reason(document: dict[str, Any], name: str) -> str:
    value = document.get(name, "")
    if not isinstance(value, str):
        raise RequestError(f"{name}: found {shown(value)}; allowed: a string")
    return " ".join(value.split())[:200]


def _pid(document: dict[str, Any], name: str) -> int | None:
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise RequestError(f"{name}: found {shown(value)}; allowed: a process's number")
    return value


_FIELDS: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "name": text_field,
    "group": text_field,
    "signal": text_field,
    "reason": _reason,
    "pid": _pid,
}
