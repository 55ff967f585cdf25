"""Where the monitor's log goes, and so where children's output goes.

Logging is the user's choice, made with options of ``twistd`` or ``twist``; their options are
the public way to learn it. A log that is a file or a descriptor gets blocks. Where the user
plugs in a logger of their own, syslog or JSON, nothing but events goes there.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import time
from collections.abc import Callable
from typing import Any

from twisted.logger import (
    FileLogObserver,
    ILogObserver,
    LogEvent,
    Logger,
    eventAsText,
    textFileLogObserver,
)

from .framing import OWN
from .logspec import LogSpec
from .sink import Descriptor, ILog
from .status import utc_text


class TwistdLog:
    """The log file of ``twistd --logfile``. Provides ILog once it is open."""

    def __init__(self, path: str, reactor: Any) -> None:
        self._path = path
        self._reactor = reactor
        self._file: ILog | None = None

    def observer(self) -> ILogObserver:
        """Open the log as twistd does: SIGUSR1 rotates it."""
        from .rotatedlog import RotatedLog  # 70 KB that nobody else needs

        mode = None if os.path.exists(self._path) else 0o640  # whatever the umask is
        file: Any = RotatedLog.fromFullPath(self._path, defaultMode=mode)  # type: ignore[no-untyped-call]
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


def own_observer(file: Any, log: LogSpec) -> ILogObserver:
    """What writes the monitor's own lines to a text file: in the form of those of processes."""
    if log.format != "json":
        return textFileLogObserver(file)

    def as_json(event: LogEvent) -> str | None:
        text = eventAsText(event, includeTimestamp=False)
        return _json_line(text, event["log_time"]) if text else None

    return FileLogObserver(file, as_json)


def own_notice(log: LogSpec) -> Callable[[str], bytes]:
    """What makes a line of something that is no event, in the same form."""
    if log.format == "json":
        return lambda said: _json_line(said, time.time()).encode()
    return lambda said: f"ncolony: {said}\n".encode()


def _json_line(text: str, seconds: float) -> str:
    """An object with the keys that a process's lines have."""
    said = {"time": utc_text(seconds), "process": "", "stream": OWN, "message": text}
    return json.dumps(said) + "\n"


def log_path(log: ILog | None) -> str | None:
    """The file that the monitor logs to; None where that is no regular file, or hidden."""
    if log is None:
        return None
    try:
        fd = log.fileno()
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        pass
    return None


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
