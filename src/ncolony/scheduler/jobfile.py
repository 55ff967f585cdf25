"""What became of a job: the files of STATUS/.jobs, from bytes and to bytes.

Shared by the scheduler, which writes them, and the control program, which reads them.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, NamedTuple

from .. import statusdocument
from ..faults import shown

#: Raised when a field changes its meaning or goes; a new field doesn't raise it.
SCHEMA = 1
#: The directory of these files, in the status directory.
JOBS_DIRECTORY = ".jobs"
#: The directory for requests to the scheduler, in that of the jobs.
MESSAGES_DIRECTORY = ".messages"
STATES = ("waiting", "running", "disabled", "refused")


class JobFileError(ValueError):
    """A job's status that can't be understood; ``str()`` says in a line what was found."""


class JobExit(NamedTuple):
    """How a run ended: one of ``code`` and ``signal`` (with SIG) is set."""

    code: int | None
    signal: str | None


class JobStatus(NamedTuple):
    """A job as the scheduler sees it; times are UTC, RFC 3339, to the millisecond.

    ``state`` is of ``STATES``, ``reason`` says why. ``last_duration`` is in seconds. ``runs`` is
    the number of starts, ``failures`` of those that ended as they shouldn't or couldn't be,
    ``skipped`` of times that it was due while it ran. ``refused`` says why the newest file isn't
    used. Up to ``last_due`` all times at which it was due have been dealt with. ``fingerprint`` is
    the SHA-256 of the newest file, used or refused, None where that can't be read. ``success`` says
    of the last run that is over whether it was no failure.
    """

    name: str
    state: str
    reason: str
    schedule: str = ""
    last_start: str | None = None
    last_duration: float | None = None
    last_exit: JobExit | None = None
    last_result: str | None = None
    next: str | None = None
    runs: int = 0
    failures: int = 0
    skipped: int = 0
    pid: int | None = None
    refused: str | None = None
    last_due: str | None = None
    warnings: tuple[str, ...] = ()
    fingerprint: str | None = None
    success: bool | None = None


def encode(status: JobStatus) -> bytes:
    """The contents of STATUS/.jobs/NAME."""
    last_exit = status.last_exit and status.last_exit._asdict()
    return statusdocument.dump(SCHEMA, {**status._asdict(), "last_exit": last_exit})


def decode(text: bytes) -> JobStatus:
    """Read STATUS/.jobs/NAME. Raises JobFileError."""
    document = statusdocument.load(text, SCHEMA, JobFileError)
    try:
        return _status(document)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise JobFileError(f"found no job's status: {type(error).__name__} at {error}") from None


def _status(document: dict[str, Any]) -> JobStatus:
    found = {name: document[name] for name in JobStatus._fields if name in document}
    last_exit = found.get("last_exit")
    if last_exit is not None:
        found["last_exit"] = JobExit(last_exit["code"], last_exit["signal"])
    found["warnings"] = tuple(map(_text, found.get("warnings", ())))
    for name in ("name", "state", "reason", "schedule"):
        found[name] = _text(found.get(name, ""))
    for name in ("runs", "failures", "skipped"):
        found[name] = int(found.get(name, 0))
    for name in ("last_start", "last_result", "next", "refused", "last_due"):
        found[name] = None if found.get(name) is None else _text(found[name])
    for name, kinds in _TYPES.items():
        if not isinstance(found.get(name), (*kinds, type(None))):
            raise TypeError(f"{name}: {shown(found[name])}")
    if not found["name"]:
        raise KeyError("name")
    if not isfinite(found.get("last_duration") or 0):
        raise ValueError(f"last_duration: {found['last_duration']}")
    return JobStatus(**found)


#: What else must be what its name says, or null.
_TYPES: dict[str, tuple[type, ...]] = {
    "last_duration": (int, float),
    "pid": (int,),
    "fingerprint": (str,),
    "success": (bool,),
}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(shown(value))
    return value
