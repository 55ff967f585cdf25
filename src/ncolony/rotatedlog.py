"""The log file of ``twistd --logfile``, which takes blocks beside events."""

from __future__ import annotations

import contextlib
from typing import Any

from twisted.python.logfile import LogFile


class RotatedLog(LogFile):
    """twistd's log file, rotated as that does; takes blocks beside events. Provides ILog."""

    def fileno(self) -> int:
        """The descriptor to write to; opened again where a rotation couldn't."""
        if self._file.closed:
            self._openFile()  # type: ignore[no-untyped-call]
        fd: int = self._file.fileno()
        return fd

    def write(self, data: Any) -> None:
        """Write an event."""
        self.fileno()
        super().write(data)  # type: ignore[no-untyped-call]

    def wrote(self, size_bytes: int) -> None:
        """Count what went past ``write``, and rotate where that is due, or try to."""
        self.size += size_bytes
        if self.shouldRotate():  # type: ignore[no-untyped-call]
            with contextlib.suppress(OSError):
                self.rotate()  # type: ignore[no-untyped-call]
