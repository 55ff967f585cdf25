"""Process groups and signals, kill(2): who is gone is nobody's error."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable


def group_lives(pgid: int) -> bool:
    """Whether anybody is left in a process group, also who has ended and isn't buried."""
    try:
        os.killpg(pgid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def in_group(pid: int, pgid: int) -> bool:
    """Whether a process is in a group; one that is gone is in none."""
    with contextlib.suppress(OSError):
        return os.getpgid(pid) == pgid
    return False


def send(kill: Callable[[int, int], None], pid: int, signum: int) -> OSError | None:
    """Send a signal by ``os.kill`` or ``os.killpg``; why that may not be."""
    try:
        kill(pid, signum)
    except ProcessLookupError:
        return None
    except OSError as error:
        return error
    return None
