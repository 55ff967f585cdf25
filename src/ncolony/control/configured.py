"""Which processes the configuration directory asks for, and which files any such directory has."""

from __future__ import annotations

import errno
import os

from ..names import is_process_name
from .errors import CtlError, because
from .places import Colony


def names(colony: Colony) -> list[str]:
    """The names of the processes that the configuration directory asks for, sorted.

    Where the directory has vanished there are none: what runs is to be seen all the same.
    Raises CtlError where it can't be read.
    """
    return listed(colony.config)


def listed(directory: str) -> list[str]:
    """The names of the files in a directory of processes or jobs, as ``names`` has them."""
    try:
        return files_in(directory)
    except OSError as error:
        raise CtlError(f"cannot list {directory}: {because(error)}") from None


def files_in(directory: str) -> list[str]:
    """As ``listed``, but raises OSError as it comes."""
    try:
        with os.scandir(directory) as entries:
            return sorted(e.name for e in entries if is_process_name(e.name) and _is_file(e))
    except FileNotFoundError:
        return []


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Also what we may not look at; who reads it hears why. A link that leads nowhere is none."""
    try:
        return entry.is_file()
    except OSError as error:
        return error.errno not in (errno.ELOOP, errno.ENOTDIR)


def has(colony: Colony, name: str) -> bool:
    """Whether the configuration directory has a process of this name."""
    return is_process_name(name) and os.path.isfile(os.path.join(colony.config, name))
