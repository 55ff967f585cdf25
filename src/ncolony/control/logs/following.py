"""Wait until a log may have more: at the kernel's notice, and at short intervals besides."""

from __future__ import annotations

import os
import select
from collections.abc import Iterable

from ...inotify import (
    IN_CREATE,
    IN_DELETE_SELF,
    IN_IGNORED,
    IN_MOVE_SELF,
    IN_MOVED_TO,
    IN_Q_OVERFLOW,
    Inotify,
)

IN_MODIFY = 0x00000002
IN_ISDIR = 0x40000000
_MASK = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF
_GONE = IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF
#: A directory was made in one that is watched: perhaps one of those that were missing.
_ELSEWHERE = IN_ISDIR
#: How often to look where notices can be had: not all file systems give them.
WATCHED_S = 0.5
#: How often to look where a directory isn't watched, or isn't there yet.
UNWATCHED_S = 0.1


class Waiter:
    """Watches directories. ``out`` is where the output goes: its reader may go away."""

    def __init__(self, out: int | None) -> None:
        self._out = out
        self._poll = select.poll()
        self._watched: set[str] = set()
        self._missing = False
        self._look_again = True
        self._by_watch: dict[int, str] = {}
        self._inotify: Inotify | None = None
        if out is not None:
            self._poll.register(out, 0)
        try:
            self._inotify = Inotify()
        except OSError:
            return
        self._poll.register(self._inotify.fileno(), select.POLLIN)

    def wait(self, directories: Iterable[str]) -> set[str] | None:
        """Wait for something to happen in these; where it did, or None: it may be anywhere.

        Raises BrokenPipeError where nobody reads the output any more.
        """
        if self._look_again and self._watch_all(set(directories)):
            return None  # what happened before it was watched, nobody tells
        ready = self._poll.poll(1000 * (UNWATCHED_S if self._missing else WATCHED_S))
        if any(fd == self._out for fd, _ in ready):
            raise BrokenPipeError
        told = self._told() if ready else None
        self._look_again = told is None
        return told

    def close(self) -> None:
        if self._inotify is not None:
            self._inotify.close()

    def _watch_all(self, directories: set[str]) -> bool:
        """Watch those that are there, and the parents of the others; whether any is new."""
        before = len(self._watched)
        self._missing = False
        for directory in directories - self._watched:
            if not self._watch(directory) and not self._watch(os.path.dirname(directory)):
                self._missing = True
        return len(self._watched) > before

    def _watch(self, directory: str) -> bool:
        if directory in self._watched:
            return True
        if self._inotify is None:
            return False
        try:
            watch = self._inotify.watch(directory, _MASK)
        except OSError:
            return False
        self._by_watch[watch] = directory
        self._watched.add(directory)
        return True

    def _told(self) -> set[str] | None:
        """The directories of the notices, or None where one says that there may be more."""
        assert self._inotify is not None, "its descriptor was ready"
        told: set[str] | None = set()
        for notice in self._inotify.notices():
            directory = self._by_watch.get(notice.watch)
            if directory is None or notice.mask & (IN_Q_OVERFLOW | _ELSEWHERE):
                told = None
            elif told is not None:
                told.add(directory)
            if directory is not None and notice.mask & _GONE:
                self._watched.discard(directory)
                told = None
        return told
