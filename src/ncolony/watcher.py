"""When to look at a directory: the kernel's notices where they can be trusted, a clock elsewhere.

A notice is a hint. It says where to look, and a look at the files decides what is so: a few
names are looked at one by one, and everything else leads to a look at the whole directory: many
notices at once (the kernel's queue may have overflowed, inotify(7)), a swapped symbolic link, a
directory that is moved, deleted or comes back.

A directory that is at rest on a local file system costs nothing, not even a timer.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

from . import inotify
from .descriptors import Ready
from .inotify import Inotify
from .mounts import notices_can_be_trusted

_log = Logger()

#: More names than this in one read of the queue, and the whole directory is looked at instead.
FEW = 16

#: What is noticed of what a directory holds.
ENTRIES = (
    inotify.IN_CLOSE_WRITE
    | inotify.IN_MOVED_TO
    | inotify.IN_MOVED_FROM
    | inotify.IN_CREATE
    | inotify.IN_DELETE
    | inotify.IN_ATTRIB
)
_ITSELF = inotify.IN_DELETE_SELF | inotify.IN_MOVE_SELF
_APPEARS = inotify.IN_CREATE | inotify.IN_MOVED_TO
_WATCH_ANEW = _ITSELF | inotify.IN_UNMOUNT | inotify.IN_IGNORED


class Watcher:
    """Calls ``look`` with the names to look at, or with None for the whole directory.

    ``concerns`` says which names matter; others cause no look. ``every_s`` is the period where
    only a clock helps. ``needs_clock`` may be set by a look: notices won't do. ``anew`` is true
    during a look at a directory that was moved, deleted or replaced. ``entries`` are the IN_ bits
    of what the directory holds, none of them where only the directory itself matters.
    """

    def __init__(
        self,
        reactor: Any,
        directory: str,
        every_s: float,
        concerns: Callable[[str], bool],
        look: Callable[[frozenset[str] | None], None],
        entries: int = ENTRIES,
    ) -> None:
        self._reactor = reactor
        self._directory = directory
        self._every_s = every_s
        self._concerns = concerns
        self._look = look
        self._entries = entries
        self._queue: Inotify | None = None
        self._ready: Ready | None = None
        self._present = False
        self._trusted = False
        self._timer: Any = None
        self._stopped = False
        self.needs_clock = False
        self.anew = False

    @property
    def how(self) -> str:
        """``inotify``, ``poll`` or ``missing``: how the directory is watched now."""
        if not os.path.isdir(self._directory):
            return "missing"
        return "poll" if self._timer is not None else "inotify"

    @property
    def every_s(self) -> float | None:
        """The period of the clock, where one is needed."""
        return self._every_s if self._timer is not None else None

    def start(self) -> None:
        """Watch, and look for the first time."""
        self._watch_anew()

    def stop(self) -> None:
        """Look no more."""
        self._stopped = True
        self._close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def catch_up(self) -> None:
        """Look at once where notices wait that the reactor hasn't come to yet."""
        if self._queue is not None:
            self._notices()

    def look_again(self) -> None:
        """Look at everything, though nothing may have changed."""
        if not self._stopped:
            self._watch_anew()

    def settle(self) -> None:
        """Arm or disarm the clock, by what the last look found."""
        trusted = self._trusted and not self.needs_clock
        if trusted and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        elif not trusted and self._timer is None and not self._stopped:
            self._timer = self._reactor.callLater(self._every_s, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._trusted:
            self._look_now(None)
        else:
            self._watch_anew()  # the path may lead elsewhere by now

    def _look_now(self, names: frozenset[str] | None) -> None:
        try:
            self._look(names)
        except Exception:  # noqa: BLE001 - the last resort: whatever it is, there is a next look
            _log.failure("a look at {directory} failed", directory=self._directory)
        self.settle()

    def _watch_anew(self) -> None:
        self._close()
        try:
            self._queue = Inotify()
            self._ready = Ready(self._queue.fileno(), self._notices)
            self._reactor.addReader(self._ready)
            self._watch_all(self._queue)
        except OSError:
            pass  # no inotify, too many watches, a parent that can't be: the clock does it
        self._look_now(None)

    def _watch_all(self, queue: Inotify) -> None:
        path = os.path.abspath(self._directory)
        missing = not os.path.isdir(path)
        if not missing:
            queue.watch(path, self._entries | _ITSELF)
            self._present = True
        while path != os.path.dirname(path):
            path = os.path.dirname(path)
            if os.path.isdir(path):
                queue.watch(path, _ITSELF | _APPEARS if missing else _ITSELF)
                missing = False
        self._trusted = self._present and notices_can_be_trusted(self._directory)

    def _notices(self) -> None:
        queue = self._queue
        if queue is None:
            return
        names = set()
        anew = whole = False
        for notice in queue.notices():
            if notice.mask & _WATCH_ANEW or not self._present:
                anew = True
            elif not notice.name or notice.name.startswith(".."):  # of all of it: overflow, chmod
                whole = True
            elif self._concerns(notice.name):
                names.add(notice.name)
        if anew:
            self.anew = True
            try:
                self._watch_anew()
            finally:
                self.anew = False
        elif whole or len(names) > FEW:
            self._look_now(None)
        elif names:
            self._look_now(frozenset(names))

    def _close(self) -> None:
        self._present = self._trusted = False
        if self._ready is not None:
            self._reactor.removeReader(self._ready)
            self._ready = None
        if self._queue is not None:
            self._queue.close()
            self._queue = None
