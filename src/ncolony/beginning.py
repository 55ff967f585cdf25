"""What has to be right before a monitor begins: its directories, whose they are, and the lock."""

from __future__ import annotations

from .exits import ANOTHER_RUNS, CANNOT_CREATE, NOT_TRUSTED, CannotStart
from .lock import Locked, StatusLock
from .options import Options
from .trust import check_directories, make_directories


def prepare(options: Options) -> StatusLock:
    """Make what is missing, see that no others can write there, and lock. Raises CannotStart."""
    places = [options[role] for role in ("config", "messages", "status", "pid", "logs")]
    untrusted = check_directories(filter(None, places), options.trust)
    if untrusted is not None:
        raise CannotStart(NOT_TRUSTED, untrusted)
    for path in (*options.missing, options["status"]):
        try:
            make_directories(path)
        except OSError as error:
            reason = f"cannot make {path}: {error.strerror}"
            raise CannotStart(CANNOT_CREATE, reason) from None
    lock = StatusLock(options["status"])
    try:
        lock.take()
    except Locked as error:
        raise CannotStart(ANOTHER_RUNS, str(error)) from None
    except OSError as error:
        reason = f"cannot lock {options['status']}: {error.strerror}"
        raise CannotStart(CANNOT_CREATE, reason) from None
    return lock
