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
    above = os.path.dirname(os.path.abspath(path))
    make(above)
    try:
        os.mkdir(path, _MODE)
        if os.geteuid() == 0:
            owner = os.stat(above)
            os.chown(path, owner.st_uid, owner.st_gid)
    except FileExistsError:
        if not os.path.isdir(path):
            raise CtlError(f"cannot make {path}: it is there, and is not a directory") from None
    except OSError as error:
        raise CtlError(f"cannot make {path}: {because(error)}") from None
