"""One monitor at a time on a status directory: a lock that ends with its holder."""

from __future__ import annotations

import fcntl
import os
import time

from .status import LOCK_FILE

#: A control program that looks whether the monitor lives holds the lock for microseconds.
TRIES = 50
PAUSE_S = 0.01


class Locked(Exception):
    """Another monitor holds the lock."""


def take_lock(directory: str) -> int:
    """Lock a status directory, flock(2); the descriptor that holds it. Raises Locked, OSError."""
    fd = os.open(f"{directory}/{LOCK_FILE}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    for _ in range(TRIES):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(PAUSE_S)
        except OSError:
            os.close(fd)
            raise
        else:
            return fd
    os.close(fd)
    raise Locked(f"another monitor runs on {directory}")
