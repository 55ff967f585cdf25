"""A job's file: made of its parts, checked as the scheduler will check it, and put in place."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from ...faults import Fault
from ...scheduler import jobspec
from .. import configuring, directories
from ..errors import CtlError, because
from ..known import refuse_bad
from ..places import Colony
from . import observed, outcome, where

Seconds = float | str


def add(
    colony: Colony,
    name: str,
    args: Sequence[str],
    env: Iterable[str] | Mapping[str, str] | None,
    extras: Mapping[str, Any] | None,
    wait_s: float | None,
    **keys: Any,
) -> None:
    """Write a job's file; on disk on return. ``keys`` are others of it, None where there is none.

    With ``wait_s``, waits until the scheduler uses it. Raises CtlError.
    """
    refuse_bad("add job", name, "job")
    text = configuring.content(f"job {name}", args, env, extras, parse=_parse, **keys)
    directories.make(where.directory(colony))
    configuring.write(f"add job {name}", where.file_of(colony, name), text)
    if wait_s is not None:
        fingerprint = sha256(text).hexdigest()
        observed.wait_for(
            f"add job {name}",
            colony,
            lambda: outcome.added(observed.record(colony, name), fingerprint),
            wait_s,
        )


def schedule(every: Seconds | None, cron: str | None, timezone: str | None) -> object:
    """The value of a job's ``schedule``; None where nothing says when it runs."""
    found = {"every": every, "cron": cron, "timezone": timezone}
    return {key: value for key, value in found.items() if value is not None} or None


def remove(colony: Colony, name: str, wait_s: float | None) -> None:
    """Remove a job's file. With ``wait_s``, waits until nothing of it is left. Raises CtlError."""
    refuse_bad("remove job", name, "job")
    path = where.file_of(colony, name)
    try:
        os.unlink(path)
    except FileNotFoundError:
        raise where.unknown_name("remove", colony, name) from None
    except OSError as error:
        raise CtlError(
            f"cannot remove job {name}: cannot remove {path}: {because(error)}"
        ) from None
    if wait_s is not None:
        observed.wait_for(
            f"remove job {name}",
            colony,
            lambda: outcome.removed(observed.record(colony, name)),
            wait_s,
        )


def _parse(name: str, text: bytes) -> None:
    """Refuse what the scheduler refuses, and what it would warn of: a slip in a key, say."""
    warnings = jobspec.parse(name, text).process.warnings
    if warnings:
        raise jobspec.JobError(tuple(Fault("", warning) for warning in warnings))
