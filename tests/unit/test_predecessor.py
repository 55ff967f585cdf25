"""What an earlier monitor left behind, as far as its files tell."""

from __future__ import annotations

import errno

import pytest

from ncolony import status
from ncolony.predecessor import Predecessor, leftovers, predecessor
from ncolony.status import MonitorStatus, StatusRecord
from ncolony.testing import SimulatedSystem, ticks

CONFIG, STATUS = "/config", "/status"
WEB = StatusRecord("web", "RUNNING", "UP", "started", "", 7, 1, pid_started=700,
                   boot_id="simulated")  # fmt: skip


class Left:
    """A status directory as an earlier monitor left it."""

    def __init__(self) -> None:
        self.system = SimulatedSystem()
        for directory in (CONFIG, STATUS):
            self.system.make_directory(directory)

    def process(self, record: StatusRecord) -> Left:
        self.system.put(f"{STATUS}/{record.name}", status.encode(record))
        return self

    def monitor(self, state: str, **counts: int) -> Left:
        last = MonitorStatus(1, "0", state, "", "", counts, 0, ())
        self.system.put(f"{STATUS}/.monitor", status.encode_monitor(last))
        return self

    def runs(self, name: str, *, marked: bool = True) -> int:
        """A process of it lives, and was reported; its pid."""
        pid = self.system.leave(name, marked=marked)
        self.process(WEB._replace(name=name, pid=pid, pid_started=ticks(pid)))
        return pid

    def found(self, *, inherited: bool = True) -> dict[str, int]:
        return leftovers(self.system, CONFIG, STATUS, inherited)


@pytest.fixture
def left() -> Left:
    return Left()


def test_the_files_say_which_processes_ran(left: Left) -> None:
    """Their pids, and when the kernel started those."""
    left.process(WEB).process(WEB._replace(name="db", pid=8, pid_started=800)).monitor("running")
    assert predecessor(left.system, STATUS) == Predecessor(
        orderly=False,
        names=frozenset({"web", "db"}),
        reported={"web": (7, 700), "db": (8, 800)},
    )


@pytest.mark.parametrize(
    "changes", [{"pid": None}, {"pid_started": None}, {"boot_id": None}, {"boot_id": "other"}]
)
def test_a_pid_says_nothing_alone(left: Left, changes: dict[str, object]) -> None:
    """Another boot, or an unknown one, may have given the number to anybody."""
    left.process(WEB._replace(**changes))  # type: ignore[arg-type]
    found = predecessor(left.system, STATUS)
    assert (found.names, found.reported) == ({"web"}, {})


def test_a_boot_without_a_name_is_no_boot(left: Left, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where /proc is hidden, two boots can't be told apart."""
    monkeypatch.setattr(left.system, "boot_id", lambda: None)
    left.process(WEB._replace(boot_id=None))
    assert predecessor(left.system, STATUS).reported == {}


def test_what_cannot_be_read_says_nothing(left: Left) -> None:
    """Cut off, of another kind, or a directory that isn't there."""
    left.system.put(f"{STATUS}/web", b"{")
    left.system.make_directory(f"{STATUS}/db")
    left.system.put(f"{STATUS}/.monitor", b"")
    assert predecessor(left.system, STATUS) == (False, {"web", "db"}, {})
    left.system.faults.fail("names", errno.EACCES)
    left.system.faults.fail("read", errno.EACCES)
    assert predecessor(left.system, STATUS) == (False, frozenset(), {})
    assert left.found() == {}


def test_what_runs_is_found_if_the_monitor_was_killed(left: Left) -> None:
    """By its mark, or by what was reported of it."""
    pids = {name: left.runs(name) for name in ("db", "web")}
    left.system.end(left.runs("gone"))
    assert left.monitor("running", RUNNING=3).found() == pids


def test_what_was_reported_is_found_without_a_mark(left: Left) -> None:
    """If it is that process, and nothing but it can be found."""
    web = left.runs("web", marked=False)
    left.runs("db", marked=False)
    left.process(WEB._replace(name="db", pid=web + 1, pid_started=1))
    assert left.found() == {"web": web}


def test_a_copy_of_a_status_directory_tells_of_nobody(left: Left) -> None:
    """What it names is another colony's, and may be well."""
    left.runs("web")
    assert left.found(inherited=False) == {}


def test_a_process_is_found_by_its_mark_whatever_was_reported(left: Left) -> None:
    """What is configured may have been started just before the end, and never reported."""
    pid = left.system.leave("web")
    left.system.put(f"{CONFIG}/web", b"")
    assert left.found() == {"web": pid}
    assert Left().found() == {}


@pytest.mark.parametrize("state", ["running", "stopping"])
def test_an_end_that_was_not_one_is_none(left: Left, state: str) -> None:
    """A monitor that is killed while it stops leaves as much."""
    pid = left.runs("web")
    assert left.monitor(state).found() == {"web": pid}


def test_after_an_orderly_end_nothing_is_looked_for(left: Left) -> None:
    """What lives then was to: a successor that took over, say."""
    left.runs("web")
    left.monitor("stopped", STOPPED=1, EXITED=1)
    assert predecessor(left.system, STATUS).orderly
    assert left.found() == {}


@pytest.mark.parametrize("state", ["STOPPING", "KILLING"])
def test_what_could_not_be_killed_is_looked_for_after_an_orderly_end(
    left: Left, state: str
) -> None:
    """It may live still, and no second one must start beside it."""
    pid = left.runs("web")
    left.monitor("stopped", STOPPED=1, **{state: 1})
    assert left.found() == {"web": pid}
