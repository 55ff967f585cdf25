"""Write files aside and rename them into place, so that nobody sees half of one."""

from __future__ import annotations

import itertools
import os
import time

_serial = itertools.count()


def unique_name() -> str:
    """A file name nobody else uses; names sort by the time they were made at."""
    return f"{time.time_ns():020d}-{os.getpid():010d}-{next(_serial):06d}"


def put(directory: str, name: str, content: bytes, *, durable: bool = False) -> None:
    """Put a file into a directory, whole or not at all; one that is there is replaced.

    The new file has the permissions of the one it replaces, what was kept from others' eyes
    stays so, and its owner where that may be. ``durable``: it is there after a power failure,
    too, fsync(2).
    Raises OSError; the directory is then as it was.
    """
    target = os.path.join(directory, name)
    # Not NAME.new: a name may be as long as a file system allows.
    aside = os.path.join(directory, f".{unique_name()}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    # Root's monitor obeys no file that others may write, whatever root's umask is.
    fd = os.open(aside, flags, 0o666 if os.geteuid() else 0o644)
    try:
        try:
            _fill(fd, content, target)
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(aside, target)
    except BaseException:
        try:
            os.unlink(aside)
        except OSError:
            pass  # what went wrong first is what the caller must hear
        raise
    if durable:
        _sync(directory)


def _fill(fd: int, content: bytes, target: str) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]
    try:
        # A link's target, not the link: a link's own permissions are always 0777.
        before, now = os.stat(target), os.fstat(fd)
    except FileNotFoundError:
        return
    if (before.st_uid, before.st_gid) != (now.st_uid, now.st_gid):
        try:
            os.fchown(fd, before.st_uid, before.st_gid)
        except PermissionError:
            pass  # only root gives files away
    os.fchmod(fd, before.st_mode & 0o777)


def _sync(directory: str) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
