"""What is due when: one timer, in order, and nothing that was taken back."""

from __future__ import annotations

import pytest

from ncolony.isystem import Start
from ncolony.scheduler.agenda import FEW_OLD, Agenda
from ncolony.scheduler.ending import GIVE_UP_S, GRACE_S, Orphans
from ncolony.testing import Program, SimulatedSystem
from schedulers import a_job


class Entry:
    """Something with a name, on an agenda."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ticket = 0


class Listed:
    """An agenda, and what it said was due."""

    def __init__(self) -> None:
        self.system = SimulatedSystem()
        self.due: list[list[str]] = []
        self.agenda: Agenda[Entry] = Agenda(self.system, self._due)

    def _due(self, entries: list[Entry]) -> None:
        self.due.append([entry.name for entry in entries])

    def set(self, entry: Entry, in_s: float) -> Entry:
        self.agenda.set(entry, self.system.mono() + in_s)
        return entry


@pytest.fixture
def listed() -> Listed:
    return Listed()


def test_all_have_one_timer_and_come_in_order(listed: Listed) -> None:
    """What is due at once comes together."""
    for name, in_s in (("late", 3.0), ("soon", 1.0), ("as soon", 1.0005)):
        listed.set(Entry(name), in_s)
        assert listed.system.armed == 1
    listed.system.advance(10)
    assert listed.due == [["soon", "as soon"], ["late"]]
    assert listed.system.armed == 0


def test_what_is_set_anew_or_dropped_doesn_t_come_as_before(listed: Listed) -> None:
    """Nor does its timer stay."""
    moved, dropped = listed.set(Entry("moved"), 1.0), listed.set(Entry("dropped"), 2.0)
    listed.set(moved, 5.0)
    listed.agenda.drop(dropped)
    listed.agenda.drop(dropped)
    listed.system.advance(4)
    assert listed.due == []
    listed.system.advance(2)
    assert listed.due == [["moved"]]
    listed.agenda.drop(listed.set(moved, 1.0))
    assert listed.system.armed == 0


def test_what_was_replaced_is_not_kept(listed: Listed) -> None:
    """A job whose time is set a thousand times is one."""
    entry = Entry("job")
    for i in range(1000):
        listed.set(entry, 1000.0 + i)
    assert len(listed.agenda._heap) <= FEW_OLD + 3
    listed.agenda.close()
    assert (listed.system.armed, entry.ticket) == (0, 0)


def orphaned(system: SimulatedSystem, *, deaf: bool = False) -> int:
    """One whose parent has ended, and that left its group and its mark."""
    system.programs["job"] = Program(members_obey_term=not deaf)
    job = system.spawn(Start(a_job("job").process))
    pid = system.daemonize(job, marked=False)
    system.end(job)
    list(system.deaths())
    return pid


@pytest.mark.parametrize(("deaf", "after_s"), [(False, 0.1), (True, GRACE_S + 0.1)])
def test_orphans_are_ended_with_the_scheduler(deaf: bool, after_s: float) -> None:
    """TERM, and KILL after a while; then it is over."""
    system, over = SimulatedSystem(), [False]
    orphaned(system, deaf=deaf)
    system.watch_deaths(lambda: [None for _ in system.deaths()] and None)

    def is_over() -> None:
        over[0] = True

    Orphans(system, is_over).end()
    system.advance(after_s - 0.2)
    assert over == [not deaf]
    system.advance(0.3)
    assert over == [True]
    assert (system.living(), system.armed) == ([], 0)


def test_orphans_that_can_t_be_killed_hold_up_nobody() -> None:
    """Nor does one who can't wait have to."""
    system, over = SimulatedSystem(), []
    pid = orphaned(system, deaf=True)
    system.processes[pid].program = Program(obeys_term=False, killable=False)
    orphans = Orphans(system, lambda: over.append("over"))
    orphans.end()
    orphans.kill_now()
    system.advance(GIVE_UP_S + 0.2)
    assert over == ["over"]
    assert system.processes[pid].received[:2] == ["TERM", "KILL"]


def test_orphans_are_killed_after_a_time_in_which_the_machine_stood_still() -> None:
    """All times are over then, and still nobody is given up who wasn't sent KILL."""
    system, over = SimulatedSystem(), []
    received = system.processes[orphaned(system, deaf=True)].received
    system.watch_deaths(lambda: [None for _ in system.deaths()] and None)
    Orphans(system, lambda: over.append("over")).end()
    before = system.mono
    system.mono = lambda: before() + 60  # type: ignore[method-assign]
    system.advance(0.1)
    assert received == ["TERM", "KILL"]
    assert (over, system.living(), system.armed) == (["over"], [], 0)


def test_without_orphans_it_is_over_at_once() -> None:
    """Nothing is armed."""
    system, over = SimulatedSystem(), []
    Orphans(system, lambda: over.append("over")).end()
    assert (over, system.armed) == (["over"], 0)
