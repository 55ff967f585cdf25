"""What does run: the files of the status directory, from bytes and to bytes.

Shared by the monitor, which writes them, and the control program, which reads them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from . import statusdocument

#: Raised when a field changes its meaning or goes; a new field doesn't raise it.
SCHEMA = 1
#: The monitor's own file in the status directory; the others carry a process's name.
MONITOR_FILE = ".monitor"
#: The file on which the monitor holds a lock, flock(2), for as long as it lives.
LOCK_FILE = ".lock"


class StatusError(ValueError):
    """A status file that can't be understood; ``str()`` says in a line what was found."""


class LastExit(NamedTuple):
    """How a process ended: one of ``code`` and ``signal`` is set. ``lived_s`` in seconds."""

    code: int | None
    signal: str | None
    at: str
    lived_s: float


class StatusRecord(NamedTuple):
    """A process as the monitor sees it; times are UTC, RFC 3339, to the millisecond.

    ``pid_started`` is when the kernel says that ``pid`` was started, in ticks since the boot that
    is called ``boot_id``: a number that was used again has another one. ``success`` says of what
    has EXITED whether its end was one, by its policy. ``output`` is what keeps its output back.
    """

    name: str
    state: str
    want: str
    reason: str
    since: str
    pid: int | None
    starts: int
    last_exit: LastExit | None = None
    next_start: str | None = None
    fingerprint: str | None = None
    refused: str | None = None
    warnings: tuple[str, ...] = ()
    pid_started: int | None = None
    boot_id: str | None = None
    success: bool | None = None
    refused_fingerprint: str | None = None
    output: str | None = None

    @property
    def as_wanted(self) -> bool:
        """Whether the process is as the operators ask for it, with the newest file in force.

        What was to run once and ended well is as wanted, too.
        """
        if self.refused is not None:
            return False
        if self.state == "EXITED":
            return bool(self.success)
        return self.state == {"UP": "RUNNING", "DOWN": "STOPPED"}.get(self.want)


class Watched(NamedTuple):
    """A directory of the monitor's: how it is watched (``inotify``, ``poll``, ``missing``)."""

    role: str
    path: str
    watch: str
    every_s: float | None


class MonitorStatus(NamedTuple):
    """The monitor itself: ``state`` is running, stopping or stopped.

    ``log`` is the file that it logs to, None where that is none; ``logs`` the directory of
    processes' log files, and ``log_to`` where output goes that no process's file says more of.
    """

    pid: int
    version: str
    state: str
    started_at: str
    updated_at: str
    counts: dict[str, int]
    rejected: int
    directories: tuple[Watched, ...]
    warnings: tuple[str, ...] = ()
    log: str | None = None
    logs: str | None = None
    log_to: str = "monitor"


def utc_text(seconds: float) -> str:
    """A date, in seconds since 1970, as the status files write it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def encode(record: StatusRecord) -> bytes:
    """The contents of STATUS/NAME."""
    last_exit = record.last_exit and record.last_exit._asdict()
    return statusdocument.dump(SCHEMA, {**record._asdict(), "last_exit": last_exit})


def decode(text: bytes) -> StatusRecord:
    """Read STATUS/NAME. Raises StatusError."""
    document = statusdocument.load(text, SCHEMA, StatusError)
    try:
        last_exit = document["last_exit"]
        values = _values(StatusRecord, document)
        values["last_exit"] = last_exit and LastExit(*[last_exit[n] for n in LastExit._fields])
        values["warnings"] = tuple(values["warnings"])
    except (KeyError, TypeError) as error:
        raise StatusError(f"no field {error}") from None
    return StatusRecord(**values)


def encode_monitor(status: MonitorStatus) -> bytes:
    """The contents of STATUS/.monitor."""
    directories = [watched._asdict() for watched in status.directories]
    return statusdocument.dump(SCHEMA, {**status._asdict(), "directories": directories})


def decode_monitor(text: bytes) -> MonitorStatus:
    """Read STATUS/.monitor. Raises StatusError."""
    document = statusdocument.load(text, SCHEMA, StatusError)
    try:
        values = _values(MonitorStatus, document)
        rows = values["directories"]
        values["directories"] = tuple(Watched(*[r[n] for n in Watched._fields]) for r in rows)
        values["warnings"] = tuple(values["warnings"])
    except (KeyError, TypeError) as error:
        raise StatusError(f"no field {error}") from None
    return MonitorStatus(**values)


def _values(kind: type[StatusRecord | MonitorStatus], document: dict[str, Any]) -> dict[str, Any]:
    """The fields of a document; one that an older monitor didn't write has its default."""
    defaults = kind._field_defaults
    return {
        name: document[name] if name in document or name not in defaults else defaults[name]
        for name in kind._fields
    }
