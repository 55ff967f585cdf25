"""Where the monitor's log goes, and so where children's output goes.

Logging is the user's choice, made with options of ``twistd`` or ``twist``; their options are
the public way to learn it. A log that is a file or a descriptor gets blocks. Where the user
plugs in a logger of their own, syslog or JSON, nothing but events goes there.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import Any

from twisted.logger import ILogObserver, Logger, textFileLogObserver
from twisted.python.logfile import LogFile

from .sink import Descriptor, ILog


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


class TwistdLog:
    """The log file of ``twistd --logfile``. Provides ILog once it is open."""

    def __init__(self, path: str, reactor: Any) -> None:
        self._path = path
        self._reactor = reactor
        self._file: RotatedLog | None = None

    def observer(self) -> ILogObserver:
        """Open the log as twistd does: SIGUSR1 rotates it."""
        file: Any = RotatedLog.fromFullPath(self._path)  # type: ignore[no-untyped-call]
        self._file = file
        if signal.getsignal(signal.SIGUSR1) in {None, signal.SIG_DFL}:
            signal.signal(
                signal.SIGUSR1, lambda signum, frame: self._reactor.callFromThread(file.rotate)
            )
        return textFileLogObserver(file)

    def fileno(self) -> int:
        assert self._file is not None, "twistd begins to log before it starts services"
        return self._file.fileno()

    def wrote(self, size_bytes: int) -> None:
        if self._file is not None:
            self._file.wrote(size_bytes)


class EventSink:
    """Children's lines as log events: slow, and right for any logger. Provides ISink."""

    def __init__(self) -> None:
        self._log = Logger(namespace="ncolony.output")
        self.trouble: str | None = None
        self.resume = self.changed = self.close

    def write(self, block: bytes) -> bool:
        for line in block.decode("utf-8", "backslashreplace").split("\n")[:-1]:
            self._log.info("{line}", line=line)
        return True

    def close(self) -> None:
        """It never waits."""


def find_log(parent: Any, reactor: Any) -> ILog | None:
    """The log that these options of twistd or twist ask for; None where it takes events only."""
    if parent is None:
        return Descriptor(1)
    if "logFile" in parent:
        return _of_twist(parent)
    if parent.get("logger") or parent.get("syslog"):
        return None
    path = parent.get("logfile") or ("" if parent.get("nodaemon") else "twistd.log")
    if path in ("", "-"):
        return Descriptor(1)
    return TwistdLog(path, reactor)


def _of_twist(parent: Any) -> ILog | None:
    if parent.get("logFormat") == "json":
        return None
    file = parent["logFile"] or sys.stdout
    return Descriptor(file.fileno())
