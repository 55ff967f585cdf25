"""Make directories for the one whose colony it is."""

from __future__ import annotations

import os

from .errors import CtlError, because

#: Root's plugins obey no directory that others may write to, whatever root's umask is.
_MODE = 0o755


def make(path: str) -> None:
    """Make a directory, and those above it that are missing; one that is there is left alone.

    What root makes belongs to the owner of the directory that it is in, who may not be root.
    Raises CtlError.
    """
    if os.path.isdir(path):
        return
    above, name = os.path.split(os.path.abspath(path))
    make(above)
    try:
        _make_in(above, name)
    except FileExistsError:
        if not os.path.isdir(path):
            raise CtlError(f"cannot make {path}: it is there, and is not a directory") from None
    except OSError as error:
        raise CtlError(f"cannot make {path}: {because(error)}") from None


def _make_in(above: str, name: str) -> None:
    folder = os.open(above, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.mkdir(name, _MODE, dir_fd=folder)
        if os.geteuid() == 0:
            _give_to_owner(folder, name)
    finally:
        os.close(folder)


def _give_to_owner(folder: int, name: str) -> None:
    """Only what was made is given away: who owns the folder may have put something in its place."""
    fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        owner = os.fstat(folder)
        if not os.listdir(fd):
            os.fchown(fd, owner.st_uid, owner.st_gid)
    finally:
        os.close(fd)
