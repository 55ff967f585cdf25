"""What this process was asked for, by its environment, and how that is done."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from .. import beatspec
from ..checkkeys import CheckKeyError
from ..faults import Fault

__all__ = ["BEATS", "Asked", "CheckKeyError", "asked", "touch"]

#: So many beats a period: one may be missed, and another one be late.
BEATS = 3
#: A file that isn't there is made; whatever is there instead meanwhile must not block.
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Asked(NamedTuple):
    """A heartbeat: the file to touch, and within how many seconds at the latest."""

    path: str
    period_s: float


def asked(environ: Mapping[str, str]) -> Asked | None:
    """The heartbeat that ``NCOLONY_CONFIG`` asks for; None where nobody does. Raises CheckKeyError.

    Where its path is a directory, or ends with a slash, the file has the process's name,
    ``NCOLONY_NAME``.
    """
    text = environ.get("NCOLONY_CONFIG")
    if not text:
        return None
    try:
        beat = beatspec.parse(text.encode("utf-8", "surrogateescape"))
    except CheckKeyError as error:
        raise CheckKeyError(Fault("NCOLONY_CONFIG", str(error))) from None
    if beat is None:
        return None
    path = beat.status
    if path.endswith("/") or os.path.isdir(path):
        name = environ.get("NCOLONY_NAME")
        if not name:
            raise CheckKeyError(
                Fault("NCOLONY_NAME", f"found none; allowed: the name of a file in {path}")
            )
        path = os.path.join(path, name)
    return Asked(path, beat.period_s)


def touch(path: str) -> None:
    """Change a file's times, and make it where it isn't there. Never blocks. Raises OSError.

    Its directory is made as well, but not what that is in: what is kept in memory, as a colony's
    status is in a container, is empty after each start.
    """
    try:
        os.utime(path)
    except FileNotFoundError:
        try:
            _make(path)
        except FileNotFoundError:
            _make_directory(os.path.dirname(path))
            _make(path)


def _make(path: str) -> None:
    os.close(os.open(path, _MAKE, 0o666))


def _make_directory(path: str) -> None:
    try:
        os.mkdir(path)
    except FileExistsError:
        pass  # another one that beats was quicker
