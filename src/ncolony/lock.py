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


class StatusLock:
    """The lock that a monitor holds from ``take`` to ``release``."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._fd = -1

    def take(self) -> None:
        """Lock the directory that is there now; what was locked before it is let go.

        Raises Locked, OSError.
        """
        fd = take_lock(self._directory)
        self.release()
        self._fd = fd

    def release(self) -> None:
        """Let go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
