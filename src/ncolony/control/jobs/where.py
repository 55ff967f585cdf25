"""Where a colony's jobs are, and all that belongs to them."""

from __future__ import annotations

import os

from ...scheduler.jobfile import JOBS_DIRECTORY, MESSAGES_DIRECTORY
from .. import configured
from ..errors import CtlError, nearest
from ..known import refuse_bad
from ..places import Colony


def directory(colony: Colony) -> str:
    """One file a job."""
    return colony.jobs or os.path.join(colony.messages, ".jobs")


def file_of(colony: Colony, name: str) -> str:
    """A job's file."""
    return os.path.join(directory(colony), name)


def requests(colony: Colony) -> str:
    """Requests to the scheduler."""
    return os.path.join(directory(colony), MESSAGES_DIRECTORY)


def status(colony: Colony) -> str:
    """What the scheduler says of each job."""
    return os.path.join(colony.status, JOBS_DIRECTORY)


def names(colony: Colony) -> list[str]:
    """Of all jobs that there are files of. Raises CtlError where they can't be listed."""
    return configured.listed(directory(colony))


def has(colony: Colony, name: str) -> bool:
    """Whether there is a job of this name, as far as it is known where jobs are."""
    return bool(colony.jobs or colony.messages) and os.path.isfile(file_of(colony, name))


def require_known(verb: str, colony: Colony, name: str) -> None:
    """Raise CtlError unless there is a job of this name."""
    refuse_bad(f"{verb} job", name, "job")
    if not has(colony, name):
        raise unknown_name(verb, colony, name)


def unknown_name(verb: str, colony: Colony, name: str) -> CtlError:
    """The error for a name that no job has; it says whether a process has it, or which is near."""
    near = nearest(name, names(colony))
    more = "; it is a process's" if colony.config and configured.has(colony, name) else near
    return CtlError(f"cannot {verb} job {name}: no job has this name{more}")
