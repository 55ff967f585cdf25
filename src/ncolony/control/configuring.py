"""Make a process's file from its parts, checked as the monitor will check it; put it in place."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .. import spec
from . import aside
from .errors import CtlError, RefusedError, because
from .places import Colony

Environment = Iterable[str] | Mapping[str, str]


def content(
    name: str,
    args: Sequence[str],
    env: Environment | None = None,
    extras: Mapping[str, Any] | None = None,
    *,
    parse: Callable[[str, bytes], object] = spec.parse,
    **optional: Any,
) -> bytes:
    """The contents of a process's file; what is None is left out, ``extras`` win.

    With another ``parse``, of another file of such keys; ``name`` is then "KIND NAME". Raises
    RefusedError for what that refuses.
    """
    # A string is refused, rather than taken for a list of letters.
    details: dict[str, Any] = {"args": args if isinstance(args, str) else list(args)}
    if env is not None:
        details["env"] = environment(name, env)
    details |= {key: value for key, value in optional.items() if value is not None}
    if extras is not None:
        if not isinstance(extras, Mapping):
            raise RefusedError(f"cannot add {name}: extras must be a JSON object")
        details |= extras
    try:
        text = json.dumps(details).encode()
        parse(name, text)
    except spec.SpecError as error:
        raise RefusedError(f"cannot add {name}: {error}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise RefusedError(f"cannot add {name}: it can't be written as JSON: {error}") from None
    return text


def put(
    verb: str,
    colony: Colony,
    name: str,
    text: bytes,
    wait_s: float | None,
    path: str | None = None,
) -> None:
    """Write a process's file, or the file at ``path`` that it is a link to; on disk on return.

    With ``wait_s``, waits until it is in force and the process runs, or is down where the file
    says so. Raises CtlError.
    """
    wait = None
    if wait_s is not None:
        from .following import changing

        wait = changing(verb, colony, name, text, wait_s)
    write(f"{verb} {name}", path or os.path.join(colony.config, name), text)
    if wait is not None:
        wait()


def write(what: str, path: str, text: bytes) -> None:
    """Write a file; on disk on return. Raises CtlError, with what could not be done."""
    folder, file = os.path.split(path)
    try:
        aside.put(folder, file, text, durable=True)
    except OSError as error:
        raise CtlError(f"cannot {what}: cannot write {path}: {because(error)}") from None


def environment(name: str, env: Environment) -> dict[str, str]:
    """A mapping as it is, or one made of NAME=VALUE. Raises RefusedError."""
    if isinstance(env, Mapping):
        return dict(env)
    found: dict[str, str] = {}
    for item in env:
        variable, equals, value = item.partition("=")
        if not variable or not equals:
            raise RefusedError(f"cannot add {name}: --env: found {item!r}; allowed: NAME=VALUE")
        found[variable] = value
    return found


def extras_from(name: str, path: str) -> dict[str, Any]:
    """The JSON object in a file, to be merged into a process's. Raises RefusedError."""
    try:
        with open(path, "rb") as file:
            found = json.load(file)
    except OSError as error:
        raise RefusedError(f"cannot add {name}: --extras {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"cannot add {name}: --extras {path}: no JSON: {error}") from None
    if not isinstance(found, dict):
        raise RefusedError(f"cannot add {name}: --extras {path}: it is not a JSON object")
    return found
