"""Enable and disable: the key ``enabled`` of a process's file, and not a byte besides."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import NamedTuple

from .. import request, spec
from . import observed
from .asking import ask
from .configuring import put
from .errors import CtlError, because
from .known import refuse_bad, unknown_name
from .places import Colony
from .regular import read_regular

_KEY = "enabled"


def set_enabled(colony: Colony, name: str, enabled: bool, wait_s: float | None) -> None:
    """Let a process's file say that it is enabled, or that it isn't.

    Where the file says so already, and a request has had it otherwise since, a request undoes
    that. With ``wait_s``, waits until the process runs, or is down. Raises CtlError.
    """
    verb = "enable" if enabled else "disable"
    refuse_bad(verb, name)
    # A link stays one: what it leads to is changed.
    path = os.path.realpath(os.path.join(colony.config, name))
    text = _usable(verb, colony, name, path)
    if spec.parse(name, text).enabled is not enabled:
        put(verb, colony, name, with_enabled(text, enabled), wait_s, path)
        return
    found = observed.record(colony, name)
    if found is not None and found.want != ("UP" if enabled else "DOWN"):
        ask(verb, colony, request.Start(name) if enabled else request.Stop(name), wait_s)
    elif wait_s is not None:
        from .following import changing

        changing(verb, colony, name, text, wait_s)()


def with_enabled(text: bytes, enabled: bool) -> bytes:
    """A process's file, one that can be used, with ``enabled`` set; all else as it was written."""
    document = text.decode("utf-8")
    value = json.dumps(enabled)
    members = list(_members(document))
    for member in reversed(members):  # of a key that is there twice, the last one counts
        if member.key == _KEY:
            changed = document[: member.value_at] + value + document[member.end :]
            return changed.encode("utf-8")
    last = members[-1]
    added = f",{last.gap or ' '}{json.dumps(_KEY)}: {value}"
    return (document[: last.end] + added + document[last.end :]).encode("utf-8")


class _Member(NamedTuple):
    """A member of an object: the white space before it, its key, and where its value lies."""

    gap: str
    key: str
    value_at: int
    end: int


def _members(document: str) -> Iterator[_Member]:
    decode = json.JSONDecoder().raw_decode
    before = _skip(document, 0) + 1
    while True:
        at = _skip(document, before)
        key, end = decode(document, at)
        value_at = _skip(document, _skip(document, end) + 1)
        _, end = decode(document, value_at)
        yield _Member(document[before:at], key, value_at, end)
        after = _skip(document, end)
        if document[after] == "}":
            return
        before = after + 1


def _skip(document: str, at: int) -> int:
    """Where what comes after white space is."""
    while document[at] in " \t\n\r":
        at += 1
    return at


def _usable(verb: str, colony: Colony, name: str, path: str) -> bytes:
    try:
        text = read_regular(path, spec.MAX_BYTES)
        spec.parse(name, text)
    except FileNotFoundError:
        raise unknown_name(verb, colony, name) from None
    except OSError as error:
        raise CtlError(f"cannot {verb} {name}: cannot read {path}: {because(error)}") from None
    except spec.SpecError as error:
        raise CtlError(f"cannot {verb} {name}: cannot use {path}: {error}") from None
    return text
