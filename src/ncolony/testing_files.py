"""Files in memory, and faults to inject: the part of ``ncolony.testing`` that has no clock.

Paths are absolute; symbolic links work, and so do those to directories.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from itertools import count

from .isystem import Stamp

FILE = "file"
DIRECTORY = "a directory"
LINK = "a symbolic link"
FIFO = "a FIFO"
SOCKET = "a socket"
DEVICE = "a device"

#: Times are those of the kernel's last tick: two changes within one have the same.
TICK_NS = 4_000_000
_NAME_MAX = 255
_MAX_LINKS = 40


class Faults:
    """Which calls of the system fail, and how."""

    def __init__(self) -> None:
        self._numbers: dict[str, tuple[int, str]] = {}

    def fail(self, call: str, number: int, within: str = "") -> None:
        """From now on ``call`` raises OSError ``number``, where its path starts ``within``.

        ``call`` is ``spawn`` (its path is the program), ``signal_group`` (the signal), ``names``,
        ``stamp``, ``read``, ``write``, ``remove``, ``move`` or ``make_directory``.
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
            raise _error(number, path)


class Node:
    """What a path leads to; ``target`` is where a symbolic link leads."""

    __slots__ = ("contents", "ctime_ns", "inode", "kind", "mtime_ns", "target")

    def __init__(self, kind: str, inode: int, contents: bytes = b"", target: str = "") -> None:
        self.kind = kind
        self.inode = inode
        self.contents = contents
        self.target = target
        self.mtime_ns = self.ctime_ns = 0


class SimulatedFiles:
    """What an operator does, and the files' part of ISystem. ``nodes`` has all by real path."""

    def __init__(self, utc: Callable[[], float]) -> None:
        self.nodes: dict[str, Node] = {}
        self.faults = Faults()
        self._utc = utc
        self._inodes = count(11)

    # What an operator does

    def put(self, path: str, contents: bytes) -> None:
        """Write a file in place: a new one, or the old inode with other contents."""
        path = self._resolve(path)
        node = self.nodes.get(path)
        if node is None:
            self._enter(path, Node(FILE, next(self._inodes), contents))
        elif node.kind != FILE:
            raise _error(errno.EISDIR, path)
        else:
            node.contents = contents
            node.mtime_ns = node.ctime_ns = self._now_ns()

    def replace(self, path: str, contents: bytes) -> None:
        """Write a file aside and rename it into place: a new inode."""
        path = self._resolve(path, follow=False)
        if path in self.nodes and self.nodes[path].kind == DIRECTORY:
            raise _error(errno.EISDIR, path)
        self._enter(path, Node(FILE, next(self._inodes), contents))

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link, or swap one by rename."""
        node = Node(LINK, next(self._inodes), target=target)
        self._enter(self._resolve(path, follow=False), node)

    def special(self, path: str, kind: str) -> None:
        """Make a FIFO, SOCKET or DEVICE."""
        self._enter(self._resolve(path, follow=False), Node(kind, next(self._inodes)))

    def delete(self, path: str) -> None:
        """Remove what is there, with everything below."""
        path = self._resolve(path, follow=False)
        for gone in [path, *(below for below in self.nodes if below.startswith(f"{path}/"))]:
            del self.nodes[gone]

    def rename(self, path: str, to: str) -> None:
        """Rename something, with everything below, replacing a file that is there."""
        path, to = self._resolve(path, follow=False), self._resolve(to, follow=False)
        if path not in self.nodes:
            raise _error(errno.ENOENT, path)
        node = self.nodes.pop(path)
        mtime_ns = node.mtime_ns
        self._enter(to, node)
        node.mtime_ns = mtime_ns  # a rename changes the other time alone
        for below in [below for below in self.nodes if below.startswith(f"{path}/")]:
            self.nodes[to + below.removeprefix(path)] = self.nodes.pop(below)

    def contents(self, path: str) -> bytes:
        """What a file holds."""
        return self._node(path).contents

    # ISystem

    def names(self, directory: str) -> list[str]:
        self.faults.check("names", directory)
        if self._node(directory).kind != DIRECTORY:
            raise _error(errno.ENOTDIR, directory)
        start = self._resolve(directory) + "/"
        below = (path[len(start) :] for path in self.nodes if path.startswith(start))
        return [name for name in below if "/" not in name]

    def stamp(self, directory: str, name: str) -> Stamp:
        path = f"{directory}/{name}"
        self.faults.check("stamp", path)
        node = self._node(path, follow=False)
        elsewhere = False
        if node.kind == LINK:
            elsewhere = _leads_away(node.target)
            with contextlib.suppress(OSError):  # in a circle
                node = self.nodes.get(self._resolve(path), node)
        identity = (node.inode, len(node.contents), node.mtime_ns, node.ctime_ns)
        return Stamp(node.kind, hash(identity), node.mtime_ns, elsewhere)

    def read(self, directory: str, name: str, max_bytes: int) -> bytes:
        path = f"{directory}/{name}"
        self.faults.check("read", path)
        node = self._node(path)
        if node.kind != FILE:
            raise OSError(0, f"found {node.kind}")
        return node.contents[: max_bytes + 1]

    def write(self, directory: str, name: str, contents: bytes) -> None:
        path = f"{directory}/{name}"
        self.faults.check("write", path)
        self.replace(path, contents)

    def remove(self, directory: str, name: str) -> None:
        path = f"{directory}/{name}"
        self.faults.check("remove", path)
        found = self._resolve(path, follow=False)
        if found in self.nodes:
            if self.nodes[found].kind == DIRECTORY:
                raise _error(errno.EISDIR, path)
            self.delete(path)

    def move(self, directory: str, name: str, to_directory: str, to_name: str) -> None:
        self.faults.check("move", f"{directory}/{name}")
        self.rename(f"{directory}/{name}", f"{to_directory}/{to_name}")

    def make_directory(self, directory: str) -> None:
        self.faults.check("make_directory", directory)
        made = ""
        for part in directory.strip("/").split("/"):
            made = self._resolve(f"{made}/{part}")
            node = self.nodes.get(made)
            if node is None:
                self._enter(made, Node(DIRECTORY, next(self._inodes)))
            elif node.kind != DIRECTORY:
                raise _error(errno.EEXIST, made)

    def link_target(self, directory: str, name: str) -> str | None:
        try:
            node = self._node(f"{directory}/{name}", follow=False)
        except OSError:
            return None
        return node.target if node.kind == LINK else None

    def _now_ns(self) -> int:
        return int(self._utc() * 1e9) // TICK_NS * TICK_NS

    def _enter(self, path: str, node: Node) -> None:
        parent, _, name = path.rpartition("/")
        if len(name.encode("utf-8", "surrogateescape")) > _NAME_MAX:
            raise _error(errno.ENAMETOOLONG, path)
        node.mtime_ns = node.ctime_ns = self._now_ns()
        self.nodes[path] = node
        if parent:
            self.nodes[parent].mtime_ns = self.nodes[parent].ctime_ns = self._now_ns()

    def _node(self, path: str, *, follow: bool = True) -> Node:
        node = self.nodes.get(self._resolve(path, follow=follow))
        if node is None:
            raise _error(errno.ENOENT, path)
        return node

    def _resolve(self, path: str, *, follow: bool = True) -> str:
        """A path without symbolic links; the last part need not be there."""
        done, rest, links = "", path.strip("/").split("/"), 0
        while rest:
            part = rest.pop(0)
            if part in ("", ".", ".."):
                done = done.rpartition("/")[0] if part == ".." else done
                continue
            node = self.nodes.get(f"{done}/{part}")
            if node is None and rest:
                raise _error(errno.ENOENT, path)
            if node is not None and node.kind == LINK and (rest or follow):
                links += 1
                if links > _MAX_LINKS:
                    raise _error(errno.ELOOP, path)
                done = "" if node.target.startswith("/") else done
                rest[:0] = node.target.split("/")
                continue
            if node is not None and node.kind != DIRECTORY and rest:
                raise _error(errno.ENOTDIR, path)
            done = f"{done}/{part}"
        return done


def _leads_away(target: str) -> bool:
    """Whether a link leaves the directory, other than through a ``..data`` beside it."""
    first, *others = target.split("/")
    if first == "..data":
        return ".." in others
    return bool(others) or first in ("", "..")


def _error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)
