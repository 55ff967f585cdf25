"""What the status directory says about a colony, as the control program reads it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable

from .. import status
from ..httpcheck.checkfile import CHECKS_DIRECTORY, CheckFileError, CheckStatus, decode
from ..names import is_process_name
from ..status import MonitorStatus, StatusError, StatusRecord
from . import configured
from .errors import CtlError, because
from .places import Colony
from .regular import read_regular

#: Far above any status file; a file beyond it is not one.
MAX_BYTES = 1 << 22
#: The state of a process of which the monitor has said nothing that can be read.
UNKNOWN = "UNKNOWN"


def record(colony: Colony, name: str) -> StatusRecord | None:
    """What the monitor says about a process; None where it says nothing.

    A file that can't be read or understood becomes a record of state UNKNOWN, whose reason
    says what is wrong with it.
    """
    if not is_process_name(name):
        return None
    try:
        found = status.decode(read_regular(os.path.join(colony.status, name), MAX_BYTES))
        _check_types(found)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return unknown(name, f"cannot read its status: {because(error)}")
    except StatusError as error:
        return unknown(name, f"cannot read its status: {error}")
    return found


def unknown(name: str, reason: str) -> StatusRecord:
    """A record of a process of which nothing is known, and why."""
    return StatusRecord(name, UNKNOWN, "UP", reason, "", None, 0)


def records(colony: Colony, names: Iterable[str] | None = None) -> dict[str, StatusRecord]:
    """What is known about the named processes, or about all that are configured or run.

    Configured ones that the monitor says nothing about are of state UNKNOWN; named ones
    that are neither configured nor known are left out. Raises CtlError.
    """
    if names is None:
        expected = set(configured.names(colony))
        names = sorted(expected.union(_reported(colony)))
    else:
        names = list(names)
        expected = {name for name in names if configured.has(colony, name)}
    found: dict[str, StatusRecord] = {}
    unseen = ""
    for name in names:
        known = record(colony, name)
        if known is None and name in expected:
            unseen = unseen or _why_unseen(colony)
            known = unknown(name, unseen)
        if known is not None:
            found[name] = known
    return found


def checks(colony: Colony, names: Iterable[str]) -> dict[str, CheckStatus]:
    """What the HTTP checker says about these processes.

    Whoever isn't checked is left out, as is whose file can't be read: that is the checker's
    business, and hides nothing of what the monitor says.
    """
    found: dict[str, CheckStatus] = {}
    directory = os.path.join(colony.status, CHECKS_DIRECTORY)
    if not os.path.isdir(directory):
        return found
    for name in names:
        try:
            found[name] = decode(read_regular(os.path.join(directory, name), MAX_BYTES))
        except (OSError, CheckFileError):
            continue
    return found


def monitor(colony: Colony) -> MonitorStatus | None:
    """What the monitor said last about itself; None where there never was one.

    Raises CtlError where its file can't be read or understood.
    """
    path = os.path.join(colony.status, status.MONITOR_FILE)
    try:
        return status.decode_monitor(read_regular(path, MAX_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise CtlError(f"cannot read {path}: {because(error)}") from None
    except StatusError as error:
        raise CtlError(f"cannot read {path}: {error}") from None


def monitor_is_running(colony: Colony) -> bool:
    """Whether a monitor lives. Raises CtlError where that can't be found out."""
    return is_locked(colony.status)


def is_locked(directory: str) -> bool:
    """Whether who writes this directory of status lives: it holds a lock, flock(2).

    The kernel drops that at its end. Raises CtlError where that can't be found out.
    """
    path = os.path.join(directory, status.LOCK_FILE)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise CtlError(f"cannot read {path}: {because(error)}") from None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        raise CtlError(f"cannot read {path}: {because(error)}") from None
    finally:
        os.close(fd)  # and with it the lock, where it was to be had
    return False


def _why_unseen(colony: Colony) -> str:
    return "not seen yet" if monitor_is_running(colony) else "the monitor is not running"


def _reported(colony: Colony) -> list[str]:
    try:
        return [name for name in os.listdir(colony.status) if is_process_name(name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise CtlError(f"cannot list {colony.status}: {because(error)}") from None


def _check_types(found: StatusRecord) -> None:
    """Everything that is compared or shown later must be what its name says."""
    for fields, kinds, allowed in _TYPES:
        for field in fields:
            if not isinstance(getattr(found, field), kinds):
                raise StatusError(f"{field}: allowed: {allowed}")


_TYPES: tuple[tuple[tuple[str, ...], tuple[type, ...], str], ...] = (
    (("name", "state", "want", "reason", "since"), (str,), "a string"),
    (
        ("next_start", "fingerprint", "refused", "refused_fingerprint", "boot_id", "output"),
        (str, type(None)),
        "a string, or null",
    ),
    (("starts",), (int,), "a whole number"),
    (("pid", "pid_started"), (int, type(None)), "a whole number, or null"),
    (("success",), (bool, type(None)), "true, false or null"),
)
