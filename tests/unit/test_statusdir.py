"""When status files are written while much is to be started."""

from __future__ import annotations

from ncolony.status import MonitorStatus
from ncolony.statusdir import MOST_S, SLICE_S, SOON_S, StatusDir
from ncolony.testing import SimulatedSystem


class Written:
    """A status directory of one process, and whether starts wait."""

    def __init__(self) -> None:
        self.system = SimulatedSystem()
        self.busy = True
        self.changes = False
        self.directory = StatusDir(
            self.system,
            "status",
            self._status_of,
            lambda: ["web"],
            self._monitor,
            lambda: self.busy,
            lambda: None,
            lambda said: None,
        )
        self.system.make_directory("status")

    def _status_of(self, name: str) -> None:
        """Where there are ``changes``, one comes while this one is written, which takes long."""
        if self.changes:
            self.system._mono += SLICE_S
            self.directory.mark("api" if name == "web" else "web")

    def _monitor(self) -> MonitorStatus:
        return MonitorStatus(
            pid=1,
            version="1",
            state="running",
            started_at="",
            updated_at="",
            counts={},
            rejected=0,
            directories=(),
            warnings=(),
            log=None,
            logs="logs",
            log_to="monitor",
        )

    @property
    def is_there(self) -> bool:
        return ".monitor" in self.system.names("status")


def test_starts_go_before_files() -> None:
    """Most of what would be written is out of date when all are started."""
    written = Written()
    written.directory.mark("web")
    written.system.advance(MOST_S / 2)
    assert not written.is_there
    written.busy = False
    written.system.advance(SOON_S)
    assert written.is_there


def test_files_are_written_though_starts_never_cease() -> None:
    """On a busy machine, those that end and start again all the time are always some."""
    written = Written()
    written.directory.mark("web")
    written.system.advance(MOST_S + 3 * SOON_S)
    assert written.is_there
    written.system.remove("status", ".monitor")
    written.directory.mark("web")
    written.system.advance(MOST_S / 2)
    assert not written.is_there
    written.system.advance(MOST_S)
    assert written.is_there


def test_the_monitors_own_file_is_written_though_changes_never_cease() -> None:
    """It comes after all that had changed, not after all that changes meanwhile."""
    written = Written()
    written.busy, written.changes = False, True
    written.directory.mark("web")
    written.system.advance(2 * SOON_S)
    assert written.is_there
