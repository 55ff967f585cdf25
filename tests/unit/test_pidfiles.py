"""Pid files."""

from __future__ import annotations

import errno
import os

import pytest

from builders import running
from ncolony.model import Record, State, StopReason
from ncolony.pidfiles import PidFiles
from ncolony.testing import SimulatedSystem

PIDS = "/run/colony"


class Kept:
    """Pid files on the simulated system, and what was said of them."""

    def __init__(self) -> None:
        self.system = SimulatedSystem()
        self.system.make_directory(PIDS)
        self.said: list[str] = []
        self.pid_files = PidFiles(self.system, PIDS, self.said.append)

    def changed(self, old: Record, new: Record | None) -> Kept:
        self.pid_files.changed(old, new)
        assert self.system.armed == 0
        return self

    @property
    def files(self) -> dict[str, bytes]:
        return {name: self.system.contents(f"{PIDS}/{name}") for name in self.system.names(PIDS)}


@pytest.fixture
def kept() -> Kept:
    return Kept()


STARTING = Record("web", State.STARTING)


def test_a_file_holds_the_pid_while_its_process_runs(kept: Kept) -> None:
    """It is there from the start to the end, and follows a restart."""
    assert kept.changed(STARTING, running()).files == {"web": b"7\n"}
    assert kept.changed(running(), running(pid=8)).files == {"web": b"8\n"}
    ended = running(pid=None, state=State.STOPPING, stop_reason=StopReason.LEFTOVER)
    assert kept.changed(running(pid=8), ended).files == {}
    assert kept.said == []


def test_a_removed_process_has_no_file(kept: Kept) -> None:
    """Nothing is left of it."""
    assert kept.changed(STARTING, running()).changed(running(), None).files == {}


def test_a_change_that_leaves_the_pid_touches_no_file(kept: Kept) -> None:
    """No write for each change of state."""
    kept.system.faults.fail("write", errno.ENOSPC)
    kept.system.faults.fail("remove", errno.ENOSPC)
    kept.changed(running(), running(state=State.STOPPING)).changed(STARTING, None)
    assert (kept.files, kept.said) == ({}, [])


def test_a_file_is_never_written_through_a_link(kept: Kept) -> None:
    """A root monitor overwrites nothing that a link in this directory leads to."""
    kept.system.make_directory("/etc")
    kept.system.put("/etc/passwd", b"root")
    kept.system.link(f"{PIDS}/web", "/etc/passwd")
    kept.changed(STARTING, running())
    assert kept.system.contents("/etc/passwd") == b"root"
    assert kept.files == {"web": b"7\n"}


@pytest.mark.parametrize(
    ("call", "old", "new"), [("write", STARTING, running()), ("remove", running(), STARTING)]
)
def test_a_file_that_cannot_be_kept_is_said(
    kept: Kept, call: str, old: Record, new: Record
) -> None:
    """And that is all: the process is not concerned."""
    kept.system.faults.fail(call, errno.ENOSPC)
    reason = os.strerror(errno.ENOSPC)
    assert kept.changed(old, new).said == [f"cannot write the pid file {PIDS}/web: {reason}"]
