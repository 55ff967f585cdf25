"""Whom a root monitor takes orders from, and which files others than those could have changed.

Who can write to a file that root obeys is root. A file is fine when it belongs to somebody
trusted, and neither its group, unless that is trusted, nor others may write to it. So must be every
directory on the way to it, for whoever may write to one of them can put another file, or a whole
directory, in its place. In a sticky directory such as /tmp one can't do that to what belongs to
others: it may be passed through, and what is in it is checked like everything else, symbolic links
included. On the way each link is followed, and the directories that it leads through are checked
as well.

Nobody who isn't trusted can change a way that has passed: the check of a path stays true until the
path is opened (ADR 15). Access lists show in the group's mode bits, acl(5).
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from .isystem import Untrusted

#: No user and no group: -1 means "leave it", chown(2).
_NOBODY = (1 << 32) - 1
#: So many symbolic links does the kernel follow in one path, path_resolution(7).
_MAX_LINKS = 40


class Files(Protocol):
    """What is asked of a file system; the module ``os`` is one. What fails raises OSError."""

    def stat(self, path: str, /) -> os.stat_result:
        """What a path leads to."""

    def lstat(self, path: str, /) -> os.stat_result:
        """What is there, also where that is a symbolic link."""

    def readlink(self, path: str, /) -> str:
        """Where a symbolic link leads."""


class Trust(NamedTuple):
    """The users whose files are obeyed, and the groups that may write to them."""

    uids: frozenset[int]
    gids: frozenset[int] = frozenset()

    def fault(self, found: os.stat_result) -> str | None:
        """Who could have changed this besides, and what helps against it; or None."""
        return self.owner_fault(found) or self._mode_fault(found)

    def owner_fault(self, found: os.stat_result) -> str | None:
        """The same of the owner alone, for a symbolic link's mode means nothing."""
        if found.st_uid in self.uids:
            return None
        name, mode = _user(found.st_uid), stat.filemode(found.st_mode)
        return f"it belongs to user {name} ({mode}); chown it, or --trust {name}"

    def _mode_fault(self, found: os.stat_result) -> str | None:
        mode = stat.filemode(found.st_mode)
        if found.st_mode & stat.S_IWOTH:
            return f"others may write to it ({mode}); chmod go-w"
        if found.st_mode & stat.S_IWGRP and found.st_gid not in self.gids:
            name = _group(found.st_gid)
            return f"group {name} may write to it ({mode}); chmod g-w, or --trust :{name}"
        return None


class Guard:
    """Checks paths, absolute ones; what can't be trusted raises Untrusted.

    A directory that passed once passes again at the cost of one stat(2), while it is the same.
    """

    def __init__(self, trust: Trust, files: Files) -> None:
        self._trust = trust
        self._files = files
        self._passed: dict[str, tuple[int, ...]] = {}

    def directory(self, path: str) -> None:
        """Check a directory, and all on the way to it. Raises OSError where it can't be found."""
        found = _identity(self._files.stat(path))
        if self._passed.get(path) != found:
            self._passed.pop(path, None)
            self.real_path(path)
            self._passed[path] = found

    def file(self, path: str, found: os.stat_result) -> None:
        """Check a file by what is known of it; the way to it is another matter."""
        fault = self._trust.fault(found)
        if fault is not None:
            raise Untrusted(errno.EPERM, fault, path)

    def real_path(self, path: str) -> str:
        """A path without symbolic links, every directory on the way checked.

        What it ends at is checked where that is a directory. Raises OSError where there is nothing.
        """
        way = [("", self._passable(path, "/"))]
        rest = path.split("/")[::-1]
        links = 0
        while rest:
            part = rest.pop()
            if part == ".." and len(way) > 1:
                way.pop()
            if part in ("", ".", ".."):
                continue
            above, shared = way[-1]
            here = f"{above}/{part}"
            found = self._files.lstat(here)
            if stat.S_ISLNK(found.st_mode):
                links += 1
                if links > _MAX_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                fault = self._trust.owner_fault(found)
                if fault is not None and shared is not None:
                    raise _untrusted(path, here, fault)
                target = self._files.readlink(here)
                if target.startswith("/"):
                    del way[1:]
                rest += target.split("/")[::-1]
            elif stat.S_ISDIR(found.st_mode):
                way.append((here, self._passable(path, here)))
            else:
                way.append((here, None))
        end, shared = way[-1]
        if shared is not None:
            raise _untrusted(path, end or "/", shared)
        return end or "/"

    def _passable(self, path: str, directory: str) -> str | None:
        """Check a directory on the way; what is wrong with it if it isn't passed through."""
        found = self._files.lstat(directory)
        fault = self._trust.fault(found)
        sticky = found.st_mode & stat.S_ISVTX and self._trust.owner_fault(found) is None
        if fault is not None and not sticky:
            raise _untrusted(path, directory, fault)
        return fault


def check_directories(paths: Iterable[str], trust: Trust | None, files: Files = os) -> str | None:
    """Why a monitor must not start on these directories, in a line, or None.

    Of those that aren't there yet, what is there of their ways is checked.
    """
    if trust is None:
        return None
    guard = Guard(trust, files)
    for path in paths:
        try:
            guard.real_path(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except Untrusted as error:
            return f"cannot trust {path}: {error.strerror} (or --trust-anyone)"
        except OSError as error:
            return f"cannot check who may write to {path}: {error.strerror}"
    return None


def trusting(names: Iterable[str]) -> Trust:
    """Root, the monitor's own user, and ``USER`` or ``:GROUP`` each, by name or number.

    A group stands for the members that it has now, too. Raises ValueError for unknown ones.
    """
    uids, gids = {0, os.geteuid()}, set()
    for name in names:
        if name.startswith(":"):
            gid = _gid(name[1:])
            gids.add(gid)
            uids |= _members(gid)
        else:
            uids.add(_uid(name))
    return Trust(frozenset(uids), frozenset(gids))


def make_directories(path: str, mode: int = 0o755) -> None:
    """Make a directory, and those above it that are missing, with this mode at the most.

    os.makedirs gives those above whatever the umask leaves of 0777: a umask of 0 would let
    everybody write to them. One that is there is no error.
    """
    above = os.path.dirname(path)
    if above and not os.path.isdir(above):
        make_directories(above, mode)
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        if not os.path.isdir(path):
            raise


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_dev, found.st_ino, found.st_mode, found.st_uid, found.st_gid)


def _untrusted(path: str, where: str, fault: str) -> Untrusted:
    return Untrusted(errno.EPERM, fault if where == path else f"{where}: {fault}", path)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _uid(name: str) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return _number(name, name)


def _gid(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return _number(name, f":{name}")


def _number(digits: str, found: str) -> int:
    if digits.isascii() and digits.isdecimal() and len(digits) <= 10 and int(digits) < _NOBODY:
        return int(digits)
    raise ValueError(f"found {found!r}; allowed: a user, or :GROUP, that is known here")


def _members(gid: int) -> set[int]:
    """A group's members, by either database; one whose group it is need not be listed in it."""
    try:
        names = grp.getgrgid(gid).gr_mem
    except KeyError:
        names = []
    users = pwd.getpwall()
    return {user.pw_uid for user in users if user.pw_gid == gid or user.pw_name in names}
