"""Linux's notices of changes in directories: inotify(7), through the C library.

Twisted's own binding swallows overflows of the kernel's queue, gives up on every directory when
one is deleted, and builds a path object an event (ADR 0003).
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import NamedTuple

IN_ATTRIB = 0x00000004
IN_CLOSE_WRITE = 0x00000008
IN_MOVED_FROM = 0x00000040
IN_MOVED_TO = 0x00000080
IN_CREATE = 0x00000100
IN_DELETE = 0x00000200
IN_DELETE_SELF = 0x00000400
IN_MOVE_SELF = 0x00000800
IN_UNMOUNT = 0x00002000
IN_Q_OVERFLOW = 0x00004000
IN_IGNORED = 0x00008000
IN_ONLYDIR = 0x01000000

_EVENT = struct.Struct("iIII")
#: Large enough for a few hundred events, each 16 bytes and a name.
_BUFFER = 1 << 16


class Notice(NamedTuple):
    """One event: of which watch, what (IN_ bits), and the name in that directory, if any."""

    watch: int
    mask: int
    name: str


class Inotify:
    """A queue of notices. Every failure is an OSError."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(self._libc, "inotify_init1"):
            raise OSError(38, "this system has no inotify")
        self._fd = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def fileno(self) -> int:
        return self._fd

    def watch(self, path: str, mask: int) -> int:
        """Ask for notices of a directory; the number they'll carry."""
        watched = self._libc.inotify_add_watch(self._fd, os.fsencode(path), mask | IN_ONLYDIR)
        return self._checked(watched)

    def notices(self) -> list[Notice]:
        """Every notice that is in the queue now."""
        found: list[Notice] = []
        while True:
            try:
                block = os.read(self._fd, _BUFFER)
            except BlockingIOError:
                return found
            found.extend(_parse(block))

    def close(self) -> None:
        os.close(self._fd)

    def _checked(self, result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result


def _parse(block: bytes) -> list[Notice]:
    found = []
    at = 0
    while at < len(block):
        watch, mask, _, size = _EVENT.unpack_from(block, at)
        at += _EVENT.size
        name = block[at : at + size].rstrip(b"\0")
        found.append(Notice(watch, mask, os.fsdecode(name)))
        at += size
    return found
