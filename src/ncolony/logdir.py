"""The directory of one process's log files: their names, and how they are opened.

``current`` is written to; a rotated file is ``TIME.log``, with ``.gz`` or ``.zst`` once it is
compressed. Files of standard error alone begin with ``stderr-``. A symbolic link is never
followed, neither in the place of a process's directory nor in that of a file: who may put one there
must not make the monitor write elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from .retention import Rotated
from .trust import make_directories

CURRENT = "current"
#: What standard error's files begin with where it has files of its own.
STDERR = "stderr-"
SUFFIXES = {"gzip": ".gz", "zstd": ".zst"}
ALL_SUFFIXES = ("", *SUFFIXES.values())

_DIRECTORY_MODE = 0o750
_FILE_MODE = 0o640
_ROTATED = re.compile(r"(stderr-|)(\d{8}T\d{6}\.\d{6}Z)\.log(\.gz|\.zst|)")
_UNFINISHED = re.compile(r"\.(stderr-|)\d{8}T\d{6}\.\d{6}Z\.log\.(gz|zst)\.tmp")
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: O_NONBLOCK: what is no regular file, a FIFO say, must not block the monitor before it is seen.
_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def unfinished(name: str) -> str:
    """The name of a compressed file until it is whole."""
    return f".{name}.tmp"


def rotated_name(name: str) -> tuple[str, str, str] | None:
    """Of a rotated file's name: what it begins with, its time, its suffix; None for others."""
    found = _ROTATED.fullmatch(name)
    return None if found is None else (found[1], found[2], found[3])


@contextmanager
def directory(path: str, *, make: bool = False) -> Iterator[int]:
    """A descriptor of a process's directory. Raises OSError, also where it is a link."""
    try:
        fd = os.open(path, _DIRECTORY)
    except FileNotFoundError:
        if not make:
            raise
        fd = _make(path)
    except NotADirectoryError:
        if os.path.islink(path):
            raise _link() from None
        raise
    try:
        yield fd
    finally:
        os.close(fd)


def _make(path: str) -> int:
    make_directories(os.path.dirname(path), _DIRECTORY_MODE)
    os.mkdir(path, _DIRECTORY_MODE)
    fd = os.open(path, _DIRECTORY)
    os.fchmod(fd, _DIRECTORY_MODE)  # whatever the umask
    return fd


def open_to_append(at: int, name: str) -> int:
    """A regular file, made where there is none, to append to and to read. Raises OSError."""
    flags = os.O_RDWR | os.O_APPEND | _SAFE
    try:
        fd = os.open(name, flags | os.O_CREAT | os.O_EXCL, _FILE_MODE, dir_fd=at)
    except FileExistsError:
        return _regular(name, flags, at)
    os.fchmod(fd, _FILE_MODE)
    return fd


def open_to_read(at: int, name: str) -> int:
    """A regular file. Raises OSError."""
    return _regular(name, os.O_RDONLY | _SAFE, at)


def open_new(at: int, name: str) -> int:
    """A new file in the place of what may be there. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=at)
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, _FILE_MODE, dir_fd=at)
    os.fchmod(fd, _FILE_MODE)
    return fd


def _regular(name: str, flags: int, at: int) -> int:
    try:
        fd = os.open(name, flags, dir_fd=at)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _link() from None
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "it is no regular file")
    return fd


def _link() -> OSError:
    return OSError(errno.ELOOP, "it is a symbolic link, and those are not followed")


def is_at(at: int, name: str, fd: int) -> bool:
    """Whether a name still means the file that is open."""
    try:
        found = os.stat(name, dir_fd=at, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(fd))


def exists(at: int, name: str) -> bool:
    """Whether there is anything of that name."""
    try:
        os.stat(name, dir_fd=at, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def rotated_files(at: int, beginning: str) -> list[Rotated]:
    """The rotated files whose names begin so, in no order."""
    found = []
    with os.scandir(at) as entries:
        for entry in entries:
            parts = rotated_name(entry.name)
            if parts is not None and parts[0] == beginning:
                with contextlib.suppress(FileNotFoundError):
                    size_bytes = entry.stat(follow_symlinks=False).st_size
                    found.append(Rotated(parts[1], entry.name, size_bytes))
    return found


def unfinished_files(at: int, beginning: str) -> list[str]:
    """What an interrupted compression left."""
    found = (_UNFINISHED.fullmatch(name) for name in os.listdir(at))
    return [match[0] for match in found if match is not None and match[1] == beginning]
