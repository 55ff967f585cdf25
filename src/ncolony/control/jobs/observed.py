"""What the scheduler says of its jobs, as the control program reads it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import TYPE_CHECKING

from ...names import is_process_name
from ...scheduler import jobfile
from ...scheduler.jobfile import JobFileError, JobStatus
from .. import observed
from ..errors import because
from ..places import Colony
from ..regular import read_regular
from . import where
from .outcome import CHANGED, NOT_READ

if TYPE_CHECKING:
    from ..outcome import Verdict

#: The state of a job of which the scheduler has said nothing that can be read.
UNKNOWN = "unknown"
NOT_RUNNING = "the scheduler is not running"


def scheduler_is_running(colony: Colony) -> bool:
    """Whether a scheduler of these jobs lives. Raises CtlError where that can't be found out."""
    return observed.is_locked(where.status(colony))


def record(colony: Colony, name: str) -> JobStatus | None:
    """What the scheduler says of a job; None where it says nothing.

    A file that can't be read or understood becomes a status of state "unknown".
    """
    path = os.path.join(where.status(colony), name)
    try:
        return jobfile.decode(read_regular(path, observed.MAX_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return JobStatus(name, UNKNOWN, f"cannot read its status: {because(error)}")
    except JobFileError as error:
        return JobStatus(name, UNKNOWN, f"cannot read its status: {error}")


def records(colony: Colony, names: Iterable[str]) -> dict[str, JobStatus]:
    """What is known of these jobs, by name: of those that have a file, or that are still running.

    Where the scheduler hasn't read a job's file, its reason says so, and what that asks for is
    found out here.
    """
    found: dict[str, JobStatus] = {}
    for name in filter(is_process_name, names):
        known = record(colony, name)
        try:
            text = read_regular(where.file_of(colony, name), observed.MAX_BYTES)
        except FileNotFoundError:
            if known is not None and known.pid is not None:
                found[name] = known
            continue
        except OSError as error:
            why = f"cannot read {where.file_of(colony, name)}: {because(error)}"
            found[name] = known or JobStatus(name, UNKNOWN, why)
            continue
        if known is not None and known.fingerprint == sha256(text).hexdigest():
            found[name] = known
        else:
            found[name] = _unread(colony, name, text, known)
    return found


def _unread(colony: Colony, name: str, text: bytes, known: JobStatus | None) -> JobStatus:
    """A job whose file no scheduler has read, as far as that says itself."""
    from ...scheduler import jobspec
    from ...spec import SpecError

    if known is not None and known.fingerprint is None:
        return known  # the scheduler can't read it, or its status can't be read
    status = known or JobStatus(name, UNKNOWN, "")
    reason = NOT_READ if known is None else CHANGED
    try:
        job = jobspec.parse(name, text)
    except SpecError as error:
        refused = f"cannot use {where.file_of(colony, name)}: {error}"
        return status._replace(reason=reason, refused=refused)
    warnings = job.process.warnings
    schedule = str(job.schedule)
    return status._replace(reason=reason, schedule=schedule, refused=None, warnings=warnings)


def wait_for(
    what: str,
    colony: Colony,
    look: Callable[[], Verdict],
    wait_s: float,
    asked: str | None = None,
) -> None:
    """Wait at most so many seconds, and only while a scheduler lives, for what ``look`` is for.

    ``asked`` is the path of the request, where there is one. Raises CtlError where it doesn't come
    to that.
    """
    from ..following import judged
    from ..waiting import Patience, until

    verdict = until(look, lambda: scheduler_is_running(colony), Patience(wait_s), NOT_RUNNING)
    judged(what, verdict, NOT_RUNNING, asked)
