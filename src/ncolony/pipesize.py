"""Pipes that are found full again and again get larger.

A writer at full speed fills 64 KB sooner than the reactor comes by, and then sleeps: with four
times that it writes twice as much. It costs memory only while it is full. The sum of an ordinary
user's pipes is limited, and beyond that new ones get two pages (``pipe-user-pages-soft``, pipe(7));
so few are made larger, and a refusal is no matter.
"""

from __future__ import annotations

import contextlib
import fcntl

LARGE = 1 << 18
#: This many full blocks, and it is no accident.
OFTEN = 16
#: So many pipes are made larger: 3000 pages of the 16384 that a user has.
MOST = 64


class PipeSizes:
    """Counts how often pipes were full."""

    def __init__(self) -> None:
        self._full: dict[int, int] = {}
        self._large: set[int] = set()

    def full(self, fd: int) -> None:
        """A pipe gave a whole block."""
        count = self._full[fd] = self._full.get(fd, 0) + 1
        if count == OFTEN and len(self._large) < MOST:
            with contextlib.suppress(OSError, AttributeError):
                fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, LARGE)
                self._large.add(fd)

    def closed(self, fd: int) -> None:
        """A descriptor is no pipe any more."""
        self._full.pop(fd, None)
        self._large.discard(fd)
