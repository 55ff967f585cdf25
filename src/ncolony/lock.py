"""One monitor at a time on a status directory: a lock that ends with its holder."""

from __future__ import annotations

import fcntl
import os
import random
import time

from .marks import BASES, is_base
from .status import LOCK_FILE

#: A control program that looks whether the monitor lives holds the lock for microseconds.
TRIES = 50
PAUSE_S = 0.01
#: What the file holds is written over in place: always of this length.
_LINE = 64


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
    """The lock that a monitor holds from ``take`` to ``release``.

    In the file is the number by which the colony's processes are marked, ``base``; with
    ``inherited``, an earlier monitor's processes carry it.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._fd = -1
        self.base = 0
        self.inherited = False

    def take(self) -> None:
        """Lock the directory that is there now; what was locked before it is let go.

        Raises Locked, OSError.
        """
        fd = take_lock(self._directory)
        self.release()
        self._fd = fd
        self._keep_base(fd)

    def _keep_base(self, fd: int) -> None:
        """Go on with the number of the monitor before us, if this is its very directory.

        A directory that was made anew gets the number that we have; a copy of one, another.
        """
        found = os.fstat(fd)
        here = f"{found.st_dev} {found.st_ino}"
        base, _, where = os.pread(fd, _LINE, 0).decode("ascii", "replace").strip().partition(" ")
        if self.base == 0 and where == here and base.isdecimal() and is_base(int(base)):
            self.base = int(base)
            self.inherited = True
            return
        self.base = self.base or random.SystemRandom().randrange(1, BASES)
        os.pwrite(fd, f"{self.base} {here}".ljust(_LINE - 1).encode() + b"\n", 0)

    def release(self) -> None:
        """Let go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
