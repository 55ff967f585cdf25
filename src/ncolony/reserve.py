"""Room for a status file on a disk that is full, for then it is needed most.

A file is written aside and renamed over the old one, so that it takes no more room in the end than
before; only for an instant it takes its own size. That much is kept in a file of its own, which
makes room when there is none.
"""

from __future__ import annotations

from contextlib import suppress
from errno import EDQUOT, ENOSPC

from .isystem import IFiles

RESERVE_FILE = ".reserve"
#: Twice a page: more than a status file has, but for one with very long warnings.
RESERVE_BYTES = 8192


class Reserve:
    """Writes files in a directory, also where its disk is full."""

    def __init__(self, system: IFiles, directory: str) -> None:
        self._system = system
        self._directory = directory
        self._kept = False

    def write(self, name: str, contents: bytes) -> None:
        """Replace a file whole. Raises OSError."""
        if not self._kept:
            self._keep()
        try:
            self._system.write(self._directory, name, contents)
        except OSError as error:
            if error.errno not in (ENOSPC, EDQUOT) or not self._kept:
                raise
            self._kept = False
            self._system.remove(self._directory, RESERVE_FILE)
            try:
                self._system.write(self._directory, name, contents)
            finally:
                self._keep()

    def _keep(self) -> None:
        with suppress(OSError):  # on a full disk there is none until there is room
            self._system.write(self._directory, RESERVE_FILE, b" " * (RESERVE_BYTES - 1) + b"\n")
            self._kept = True

    def lost(self) -> None:
        """The directory is another one now."""
        self._kept = False
