"""The files of the real machine, as ``isystem`` describes them."""

from __future__ import annotations

import contextlib
import errno
import os
import stat

from .isystem import Stamp
from .trust import Guard, Trust, make_directories

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a symbolic link that leads nowhere",
}
_LEADS_NOWHERE = {errno.ENOENT, errno.ELOOP, errno.ENOTDIR}
#: Where a file is written before it is renamed; short, for a name may have 255 bytes.
ASIDE = ".writing.new"
#: The same in a directory where others write as well.
OWN_ASIDE = ".writing-{pid}.new"
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Disk:
    """This machine's files; only those are read that ``trust`` allows, all without it."""

    def __init__(self, trust: Trust | None = None, *, alone: bool = True) -> None:
        """``alone``: nobody else writes into the same directories."""
        self._guard = None if trust is None else Guard(trust, os)
        self._aside = ASIDE if alone else OWN_ASIDE.format(pid=os.getpid())

    def names(self, directory: str) -> list[str]:
        return os.listdir(directory)

    def stamp(self, directory: str, name: str) -> Stamp:
        path = f"{directory}/{name}"
        found = os.lstat(path)
        elsewhere = False
        if stat.S_ISLNK(found.st_mode):
            elsewhere = not _within(os.readlink(path))
            try:
                found = os.stat(path)
            except OSError as error:
                if error.errno not in _LEADS_NOWHERE:
                    raise
        kind = "file" if stat.S_ISREG(found.st_mode) else _KINDS[stat.S_IFMT(found.st_mode)]
        return Stamp(kind, hash(_identity(found)), found.st_mtime_ns, elsewhere)

    def check_directory(self, directory: str) -> None:
        if self._guard is not None:
            self._guard.directory(directory)

    def read(self, directory: str, name: str, max_bytes: int) -> bytes:
        path = f"{directory}/{name}"
        fd = self._open(path)
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(0, f"found {_KINDS[stat.S_IFMT(found.st_mode)]}")
            if self._guard is not None:
                self._guard.file(path, found)
            contents = os.read(fd, min(max_bytes, found.st_size) + 1)
            while len(contents) <= max_bytes and (more := os.read(fd, max_bytes)):
                contents += more
            return contents
        finally:
            os.close(fd)

    def _open(self, path: str) -> int:
        """Open a file; where it is a symbolic link, by a way that was checked."""
        if self._guard is None:
            return os.open(path, _READ)
        try:
            return os.open(path, _READ | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        return os.open(self._guard.real_path(path), _READ | os.O_NOFOLLOW)

    def write(self, directory: str, name: str, contents: bytes) -> None:
        aside = f"{directory}/{self._aside}"
        try:
            fd = os.open(aside, _WRITE, 0o644)
        except FileExistsError:  # of a monitor that was killed in the middle of this
            os.unlink(aside)
            fd = os.open(aside, _WRITE, 0o644)
        try:
            try:
                if os.write(fd, contents) < len(contents):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), aside)
            finally:
                os.close(fd)
            os.rename(aside, f"{directory}/{name}")
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(aside)
            raise

    def remove(self, directory: str, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{directory}/{name}")

    def move(self, directory: str, name: str, to_directory: str, to_name: str) -> None:
        os.rename(f"{directory}/{name}", f"{to_directory}/{to_name}")

    def make_directory(self, directory: str) -> None:
        make_directories(directory)

    def link_target(self, directory: str, name: str) -> str | None:
        try:
            return os.readlink(f"{directory}/{name}")
        except OSError:
            return None


def _identity(found: os.stat_result) -> tuple[int, ...]:
    owned = (found.st_mode, found.st_uid, found.st_gid)  # times have the grain of a tick
    times = (found.st_mtime_ns, found.st_ctime_ns)
    return (found.st_dev, found.st_ino, found.st_size, *times, *owned)


def _within(target: str) -> bool:
    """Whether a link stays where changes are noticed: beside itself, or behind ``..data``.

    That is how Kubernetes mounts a ConfigMap: ``web -> ..data/web``, and ``..data`` is swapped.
    """
    head, _, tail = target.partition("/")
    return (not tail and head not in ("", "..")) or (
        head == "..data" and ".." not in tail.split("/")
    )
