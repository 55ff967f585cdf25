"""Files in memory: the part of ``ncolony.testing`` that has no clock.

Paths are absolute; symbolic links work, and so do those to directories.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from itertools import count

from .isystem import Stamp
from .testing_nodes import DEVICE, DIRECTORY, FIFO, FILE, LINK, SOCKET, Faults, Node, failure
from .trust import Guard, Trust

__all__ = ["DEVICE", "DIRECTORY", "FIFO", "FILE", "LINK", "SOCKET", "Faults", "SimulatedFiles"]

#: Times are those of the kernel's last tick: two changes within one have the same.
TICK_NS = 4_000_000
_NAME_MAX = 255
_MAX_LINKS = 40


class SimulatedFiles:
    """What an operator does, and the files' part of ISystem. ``nodes`` has all by real path.

    All belongs to root until ``own`` says otherwise, which matters from ``obey_only`` on.
    """

    def __init__(self, utc: Callable[[], float]) -> None:
        self.nodes: dict[str, Node] = {}
        self.faults = Faults()
        self._utc = utc
        self._inodes = count(11)
        self._root = Node(DIRECTORY, 2)
        self._guard: Guard | None = None

    # What an operator does

    def put(self, path: str, contents: bytes) -> None:
        """Write a file in place: a new one, or the old inode with other contents."""
        path = self._resolve(path)
        node = self.nodes.get(path)
        if node is None:
            self._enter(path, Node(FILE, next(self._inodes), contents))
        elif node.kind != FILE:
            raise failure(errno.EISDIR, path)
        else:
            node.contents = contents
            node.mtime_ns = node.ctime_ns = self._now_ns()

    def replace(self, path: str, contents: bytes) -> None:
        """Write a file aside and rename it into place: a new inode."""
        path = self._resolve(path, follow=False)
        if path in self.nodes and self.nodes[path].kind == DIRECTORY:
            raise failure(errno.EISDIR, path)
        self._enter(path, Node(FILE, next(self._inodes), contents))

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link, or swap one by rename."""
        node = Node(LINK, next(self._inodes), target=target)
        self._enter(self._resolve(path, follow=False), node)

    def special(self, path: str, kind: str) -> None:
        """Make a FIFO, SOCKET or DEVICE."""
        self._enter(self._resolve(path, follow=False), Node(kind, next(self._inodes)))

    def own(
        self, path: str, *, uid: int | None = None, gid: int | None = None, mode: int | None = None
    ) -> None:
        """Give what a path leads to another owner, group, or permissions; not a link itself."""
        node = self._node(path)
        node.uid = node.uid if uid is None else uid
        node.gid = node.gid if gid is None else gid
        node.mode = node.mode if mode is None else stat.S_IFMT(node.mode) | mode
        node.ctime_ns = self._now_ns()

    def obey_only(self, trust: Trust) -> None:
        """From now on, what others may write is Untrusted."""
        self._guard = Guard(trust, _Stats(self._node))

    def delete(self, path: str) -> None:
        """Remove what is there, with everything below."""
        path = self._resolve(path, follow=False)
        for gone in [path, *(below for below in self.nodes if below.startswith(f"{path}/"))]:
            del self.nodes[gone]

    def rename(self, path: str, to: str) -> None:
        """Rename something, with everything below, replacing a file that is there."""
        path, to = self._resolve(path, follow=False), self._resolve(to, follow=False)
        if path not in self.nodes:
            raise failure(errno.ENOENT, path)
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
            raise failure(errno.ENOTDIR, directory)
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
        return Stamp(node.kind, hash(node.identity), node.mtime_ns, elsewhere)

    def check_directory(self, directory: str) -> None:
        self.faults.check("check_directory", directory)
        if self._guard is not None:
            self._guard.directory(directory)

    def read(self, directory: str, name: str, max_bytes: int) -> bytes:
        path = f"{directory}/{name}"
        self.faults.check("read", path)
        node = self._node(path)
        if node.kind != FILE:
            raise OSError(0, f"found {node.kind}")
        if self._guard is not None:
            if self.link_target(directory, name) is not None:
                self._guard.real_path(path)
            self._guard.file(path, node.found)
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
                raise failure(errno.EISDIR, path)
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
                raise failure(errno.EEXIST, made)

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
            raise failure(errno.ENAMETOOLONG, path)
        node.mtime_ns = node.ctime_ns = self._now_ns()
        self.nodes[path] = node
        if parent:
            self.nodes[parent].mtime_ns = self.nodes[parent].ctime_ns = self._now_ns()

    def _node(self, path: str, *, follow: bool = True) -> Node:
        resolved = self._resolve(path, follow=follow)
        node = self.nodes.get(resolved) if resolved else self._root
        if node is None:
            raise failure(errno.ENOENT, path)
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
                raise failure(errno.ENOENT, path)
            if node is not None and node.kind == LINK and (rest or follow):
                links += 1
                if links > _MAX_LINKS:
                    raise failure(errno.ELOOP, path)
                done = "" if node.target.startswith("/") else done
                rest[:0] = node.target.split("/")
                continue
            if node is not None and node.kind != DIRECTORY and rest:
                raise failure(errno.ENOTDIR, path)
            done = f"{done}/{part}"
        return done


class _Stats:
    """What is asked of files to know whom they belong to. Provides trust.Files."""

    def __init__(self, node: Callable[..., Node]) -> None:
        self._node = node

    def stat(self, path: str, /) -> os.stat_result:
        return self._node(path).found

    def lstat(self, path: str, /) -> os.stat_result:
        return self._node(path, follow=False).found

    def readlink(self, path: str, /) -> str:
        return self._node(path, follow=False).target


def _leads_away(target: str) -> bool:
    """Whether a link leaves the directory, other than through a ``..data`` beside it."""
    first, *others = target.split("/")
    if first == "..data":
        return ".." in others
    return bool(others) or first in ("", "..")
