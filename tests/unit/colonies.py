"""A colony in a temporary folder, with a monitor that does only what a test says."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from ncolony import status
from ncolony.control import following, waiting
from ncolony.control.places import Colony, in_folder
from ncolony.status import MonitorStatus, StatusRecord, Watched

SINCE = "2026-11-24T22:42:18.123Z"


class FakeColony:
    """Its directories, as paths; ``places`` is what ctllib takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config"
        self.messages = folder / "messages"
        self.status = folder / "status"
        self.logs = folder / "logs"
        for directory in (self.config, self.messages, self.status):
            directory.mkdir()
        self.places: Colony = in_folder(folder)
        self._lock: int | None = None

    def configure(self, *names: str, text: str = '{"args": ["sleep", "1"]}') -> None:
        for name in names:
            (self.config / name).write_text(text)

    def fingerprint(self, name: str) -> str:
        return sha256((self.config / name).read_bytes()).hexdigest()

    def report(self, *records: StatusRecord) -> None:
        for record in records:
            (self.status / record.name).write_bytes(status.encode(record))

    def log(self, name: str, text: str, file: str = "current") -> Path:
        """Add to a log file of a process's own."""
        path = self.logs / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as lines:
            lines.write(text)
        return path

    def says(self, said: MonitorStatus) -> None:
        """What the monitor says of itself."""
        (self.status / status.MONITOR_FILE).write_bytes(status.encode_monitor(said))

    def monitor_starts(self) -> None:
        self._lock = os.open(self.status / ".lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def monitor_ends(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def reject(self, reason: str) -> None:
        rejected = self.messages / ".rejected"
        rejected.mkdir()
        for request in self.requests():
            request.rename(rejected / request.name)
            (rejected / f"{request.name}.reason").write_text(reason + "\n")

    def accept(self) -> None:
        for request in self.requests():
            request.unlink()

    def requests(self) -> list[Path]:
        return sorted(path for path in self.messages.iterdir() if path.is_file())

    def tree(self) -> dict[str, bytes]:
        """Every file of the colony with its contents: to see that nothing was written."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and path.name != ".lock"
        }

    def asked(self) -> list[bytes]:
        """The contents of the requests, oldest first."""
        return [path.read_bytes() for path in self.requests()]


class FakeTime:
    """A clock that moves when somebody sleeps; each pause also runs the next of ``steps``."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.steps = list(steps)
        self.now = 1000.0
        self.pauses_s: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, duration_s: float) -> None:
        self.pauses_s.append(duration_s)
        self.now += duration_s
        if self.steps:
            self.steps.pop(0)()


def passing(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], object]) -> FakeTime:
    """Waits pass by a clock that runs a step at each pause."""
    time = FakeTime(*steps)
    patience = partial(waiting.Patience, monotonic=time.monotonic, sleep=time.sleep)
    monkeypatch.setattr(following, "Patience", patience)
    return time


def running(name: str, **changes: object) -> StatusRecord:
    """The record of a process that is as wanted."""
    record = StatusRecord(name, "RUNNING", "UP", "it was started", SINCE, 1234, 3)
    return record._replace(**changes)  # type: ignore[arg-type]


def stopped(name: str, **changes: object) -> StatusRecord:
    """The record of a process that was asked to stop, and has."""
    record = StatusRecord(name, "STOPPED", "DOWN", "stopped on request", SINCE, None, 3)
    return record._replace(**changes)  # type: ignore[arg-type]


def failing(name: str, **changes: object) -> StatusRecord:
    """The record of a process that dies at once."""
    reason = "exited with code 3 after 0.0 s"
    record = StatusRecord(name, "BACKOFF", "UP", reason, SINCE, None, 4)
    return record._replace(**changes)  # type: ignore[arg-type]


def monitor(**changes: object) -> MonitorStatus:
    """What a monitor says of itself when all is well."""
    watched = Watched("config", "/colony/config", "inotify", None)
    said = MonitorStatus(
        pid=77,
        version="1",
        state="running",
        started_at=SINCE,
        updated_at=SINCE,
        counts={"RUNNING": 1},
        rejected=0,
        directories=(watched,),
    )
    return said._replace(**changes)  # type: ignore[arg-type]
