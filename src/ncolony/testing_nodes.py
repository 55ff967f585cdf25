"""What the files of ``ncolony.testing`` are made of, and how calls are made to fail."""

from __future__ import annotations

import os
import stat

FILE = "file"
DIRECTORY = "a directory"
LINK = "a symbolic link"
FIFO = "a FIFO"
SOCKET = "a socket"
DEVICE = "a device"

#: What each kind's st_mode is when it is made, with a umask of 022.
_MODES = {
    FILE: stat.S_IFREG | 0o644,
    DIRECTORY: stat.S_IFDIR | 0o755,
    LINK: stat.S_IFLNK | 0o777,
    FIFO: stat.S_IFIFO | 0o644,
    SOCKET: stat.S_IFSOCK | 0o755,
    DEVICE: stat.S_IFCHR | 0o644,
}


class Faults:
    """Which calls of the system fail, and how."""

    def __init__(self) -> None:
        self._numbers: dict[str, tuple[int, str]] = {}

    def fail(self, call: str, number: int, within: str = "") -> None:
        """From now on ``call`` raises OSError ``number``, where its path starts ``within``.

        ``call`` is ``spawn`` (its path is the program), ``signal_tree``, ``signal_process`` or
        ``signal_strangers`` (the signal), ``names``, ``stamp``, ``check_directory``, ``read``,
        ``write``, ``remove``, ``move`` or ``make_directory``.
        """
        self._numbers[call] = (number, within)

    def mend(self, call: str | None = None) -> None:
        """Have a call, or all of them, work again."""
        if call is None:
            self._numbers.clear()
        else:
            self._numbers.pop(call, None)

    def check(self, call: str, path: str) -> None:
        """Raise what is planned for a call."""
        number, within = self._numbers.get(call, (0, ""))
        if number and path.startswith(within):
            raise failure(number, path)


class Node:
    """What a path leads to; ``target`` is where a symbolic link leads. It belongs to root."""

    __slots__ = (
        "contents", "ctime_ns", "gid", "inode", "kind", "mode", "mtime_ns", "target", "uid",
    )  # fmt: skip

    def __init__(self, kind: str, inode: int, contents: bytes = b"", target: str = "") -> None:
        self.kind = kind
        self.inode = inode
        self.contents = contents
        self.target = target
        self.mtime_ns = self.ctime_ns = 0
        self.mode = _MODES[kind]
        self.uid = self.gid = 0

    @property
    def identity(self) -> tuple[int, ...]:
        """What is never the same after a change."""
        times = (self.mtime_ns, self.ctime_ns)
        return (self.inode, len(self.contents), *times, self.mode, self.uid, self.gid)

    @property
    def found(self) -> os.stat_result:
        """What stat(2) says; the times are left out."""
        size = len(self.contents)
        return os.stat_result((self.mode, self.inode, 1, 1, self.uid, self.gid, size, 0, 0, 0))


def failure(number: int, path: str) -> OSError:
    """What the kernel's error of this number is in Python."""
    return OSError(number, os.strerror(number), path)
