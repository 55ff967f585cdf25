"""How old a log file is, and when it is too old.

The time since its first bytes is a timer's. For a file that an earlier monitor began it goes on
from the file's birth by statx(2), which Python has no call for before 3.15.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable

from .isystem import ITimer

_AT_EMPTY_PATH = 0x1000
_STATX_BTIME = 0x800
#: struct statx has 256 bytes: the mask of what it has comes first, the time of birth is at 80.
_SIZE = 256
_MASK = struct.Struct("=I")
_BIRTH = struct.Struct("=qI")
_BIRTH_AT = 80


def born_at(fd: int) -> float | None:
    """Seconds since 1970; None where the file system, the kernel or the C library can't say."""
    try:
        statx = ctypes.CDLL(None).statx
    except AttributeError:
        return None
    found = ctypes.create_string_buffer(_SIZE)
    if statx(fd, b"", _AT_EMPTY_PATH, _STATX_BTIME, found) != 0:
        return None
    if not _MASK.unpack_from(found.raw)[0] & _STATX_BTIME:
        return None
    seconds, nanoseconds = _BIRTH.unpack_from(found.raw, _BIRTH_AT)
    return float(seconds + nanoseconds / 1e9)


class Age:
    """Calls ``too_old`` once a file has reached its age."""

    def __init__(
        self,
        call_later: Callable[..., ITimer],
        utc: Callable[[], float],
        too_old: Callable[[], object],
    ) -> None:
        self._call_later = call_later
        self._utc = utc
        self._too_old = too_old
        self._timer: ITimer | None = None

    @property
    def runs(self) -> bool:
        return self._timer is not None

    def begin(self, max_age_s: float | None) -> None:
        """The first bytes are written now, unless it has begun."""
        if self._timer is None and max_age_s is not None:
            self._timer = self._call_later(max_age_s, self._reached)

    def go_on(self, max_age_s: float | None, fd: int, rotated_us: int) -> None:
        """The file is there already; it was made when the last one was rotated, if not later."""
        if max_age_s is None:
            return
        born = born_at(fd)
        if born is None:
            born = rotated_us / 1e6 or os.fstat(fd).st_mtime
        self.begin(min(max(max_age_s - (self._utc() - born), 0.0), max_age_s))

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _reached(self) -> None:
        self._timer = None
        self._too_old()
