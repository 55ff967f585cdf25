"""Who belongs to a run, in a world of processes in memory."""

from __future__ import annotations

import signal
from itertools import count

import pytest
from processes import INIT, OWN, Process, World

from ncolony.marks import Marks
from ncolony.trees import LOOK_S, MAX_PLACED, Trees

TERM, KILL = signal.SIGTERM, signal.SIGKILL
MARKS = Marks(7)


class Monitor:
    """Trees over a world, and what a monitor does around them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = World(monkeypatch)
        self.trees = Trees(MARKS, mono=count().__next__)

    def start(self, name: str) -> Process:
        """Start a process."""
        leader = self.world.start(OWN, mark=MARKS.of_name(name))
        self.trees.started(name, leader.pid)
        return leader

    def daemon(self, leader: Process) -> Process:
        """Of a process: forked twice, in a session of its own, its parent has ended."""
        between = self.world.fork(leader, session=True)
        found = self.world.fork(between)
        self.world.end(between)
        return found

    def reap(self) -> None:
        """Bury whoever of ours has ended."""
        children = [p for p in self.world.processes.values() if p.parent == OWN and p.zombie]
        while children:
            self.trees.reaped([self.world.bury(child) for child in children])
            children = [p for p in self.world.processes.values() if p.parent == OWN and p.zombie]

    def end(self, process: Process) -> None:
        self.world.end(process)
        self.reap()

    def signal(self, name: str, leader: Process, signum: int) -> None:
        self.trees.signal(name, leader.pid, signum, again=signum == KILL)

    def lives(self, name: str, leader: Process) -> bool:
        return self.trees.lives(name, leader.pid)


@pytest.fixture
def monitor(monkeypatch: pytest.MonkeyPatch) -> Monitor:
    return Monitor(monkeypatch)


# Who is left


def test_a_run_lives_as_long_as_its_process(monitor: Monitor) -> None:
    """And no longer, where that has left nothing."""
    web = monitor.start("web")
    assert monitor.lives("web", web)
    monitor.end(web)
    assert not monitor.lives("web", web)


def test_a_run_lives_as_long_as_its_group(monitor: Monitor) -> None:
    """Whatever mark its members carry."""
    web = monitor.start("web")
    member = monitor.world.fork(web)
    member.mark = None
    monitor.end(web)
    assert monitor.lives("web", web)
    monitor.end(member)
    assert not monitor.lives("web", web)


@pytest.mark.parametrize("listed", [True, False])
def test_a_run_lives_as_long_as_its_daemons(monitor: Monitor, listed: bool) -> None:
    """Found by their marks among our children, also where the kernel lists none."""
    monitor.world.lists_children = listed
    web, other = monitor.start("web"), monitor.start("other")
    daemon = monitor.daemon(web)
    monitor.end(web)
    monitor.end(other)
    assert (monitor.lives("web", web), monitor.lives("other", other)) == (True, False)
    assert monitor.trees.members("web", web.pid) == [daemon.pid]
    monitor.end(daemon)
    assert not monitor.lives("web", web)


def test_a_mark_is_looked_at_once(monitor: Monitor) -> None:
    """Who takes it off later is known already."""
    web = monitor.start("web")
    daemon = monitor.daemon(web)
    monitor.end(web)
    assert monitor.lives("web", web)
    daemon.mark = None
    monitor.end(monitor.start("other"))
    assert monitor.lives("web", web)


def test_another_colony_s_marks_are_none(monitor: Monitor) -> None:
    """Whoever carries them is a stranger."""
    web = monitor.start("web")
    theirs = monitor.daemon(web)
    theirs.mark = Marks(8).of_name("web")
    monitor.end(web)
    assert not monitor.lives("web", web)
    assert monitor.trees.strangers() == [theirs.pid]


def test_the_members_are_all_who_descend(monitor: Monitor) -> None:
    """Of the process, and of its daemons; nobody twice, and nobody else's."""
    web, other = monitor.start("web"), monitor.start("other")
    child = monitor.world.fork(web)
    daemon = monitor.daemon(child)
    below = monitor.world.fork(daemon, session=True)
    below.mark = None
    monitor.daemon(other)
    assert set(monitor.trees.members("web", web.pid)) == {
        p.pid for p in (web, child, daemon, below)
    }


# Signals


def test_a_signal_goes_to_all_once(monitor: Monitor) -> None:
    """Twice may mean at once; who turns up later gets it, too."""
    web = monitor.start("web")
    member, daemon = monitor.world.fork(web), monitor.daemon(web)
    for process in (web, member, daemon):
        process.deaf = True
    monitor.signal("web", web, TERM)
    monitor.signal("web", web, TERM)
    assert [p.signals for p in (web, member, daemon)] == [[TERM]] * 3
    later = monitor.daemon(web)
    monitor.signal("web", web, TERM)
    assert (later.signals, daemon.signals) == ([TERM], [TERM])
    monitor.signal("web", web, KILL)
    monitor.reap()
    assert monitor.world.alive() == []


def test_the_next_run_is_told_anew(monitor: Monitor) -> None:
    """The same signal to another run of the same name."""
    first = monitor.start("web")
    monitor.signal("web", first, TERM)
    monitor.reap()
    second = monitor.start("web")
    monitor.signal("web", second, TERM)
    assert second.signals == [TERM]


def test_kill_is_sent_over_and_over(monitor: Monitor) -> None:
    """To whoever is left, for as long as it takes."""
    web = monitor.start("web")
    daemon = monitor.daemon(web)
    daemon.foreign = True
    with pytest.raises(PermissionError):
        monitor.signal("web", web, KILL)
    monitor.reap()
    daemon.foreign = False
    monitor.signal("web", web, KILL)
    monitor.reap()
    assert not monitor.lives("web", web)


def test_who_hangs_below_the_process_is_killed_with_it(monitor: Monitor) -> None:
    """A monitor's own children carry marks of another colony, and are strangers afterwards."""
    inner = monitor.start("inner")
    web = monitor.world.fork(inner, session=True)
    web.mark = Marks(8).of_name("web")
    monitor.signal("inner", inner, KILL)
    monitor.reap()
    assert monitor.world.alive() == []


def test_who_lost_its_mark_is_signalled_in_its_group(monitor: Monitor) -> None:
    """It is one of the run's, as long as it stays there."""
    web = monitor.start("web")
    member = monitor.world.fork(web)
    member.mark = None
    monitor.end(web)
    monitor.signal("web", web, TERM)
    monitor.reap()
    assert (member.signals, monitor.world.alive()) == ([TERM], [])


def test_a_pid_that_another_process_has_by_now_is_not_ours(monitor: Monitor) -> None:
    """A daemon that can't be killed may live until the numbers come round."""
    web = monitor.start("web")
    daemon = monitor.daemon(web)
    daemon.foreign = True
    monitor.end(web)
    monitor.world.next = web.pid - 1
    other = monitor.start("other")
    assert other.pid == web.pid
    with pytest.raises(PermissionError):
        monitor.signal("web", web, KILL)
    assert (other.signals, monitor.lives("other", other)) == ([], True)
    assert monitor.trees.members("web", web.pid) == [daemon.pid]
    monitor.end(daemon)
    assert not monitor.lives("web", web)


def test_a_group_s_number_that_strangers_have_by_now_is_not_signalled(monitor: Monitor) -> None:
    """Nobody of ours is in it any more."""
    web = monitor.start("web")
    daemon = monitor.daemon(web)
    monitor.end(web)
    stranger = monitor.world.start(INIT, group=web.pid)
    monitor.signal("web", web, TERM)
    assert (stranger.signals, daemon.signals) == ([], [TERM])


def test_without_proc_the_group_is_all_there_is(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told without anybody's being seen."""
    monkeypatch.setattr("ncolony.proc.stat", lambda pid: None)
    monkeypatch.setattr("ncolony.proc.children_of", lambda pid: [])
    monkeypatch.setattr("ncolony.proc.listed_children", lambda pid, thread: None)
    monitor.trees = Trees(MARKS, mono=count().__next__)
    web = monitor.start("web")
    member = monitor.world.fork(web)
    monitor.end(web)
    assert monitor.lives("web", web)
    monitor.signal("web", web, TERM)
    monitor.reap()
    assert member.signals == [TERM]
    assert not monitor.lives("web", web)


def test_nobody_left_is_no_error(monitor: Monitor) -> None:
    """They have ended in the meantime."""
    web = monitor.start("web")
    monitor.world.bury(web)
    monitor.signal("web", web, TERM)
    monitor.signal("web", web, KILL)


# Orphans of unknown origin


def test_strangers_are_signalled_with_all_below_them(monitor: Monitor) -> None:
    """One who may not be signalled keeps none of the others."""
    web = monitor.start("web")
    theirs, mine = monitor.daemon(web), monitor.daemon(web)
    other = monitor.daemon(web)
    theirs.mark = other.mark = None
    theirs.foreign = True
    below = monitor.world.fork(other, session=True)
    with pytest.raises(PermissionError):
        monitor.trees.signal_strangers(TERM)
    assert (other.signals, below.signals) == ([TERM], [TERM])
    assert (mine.signals, web.signals) == ([], [])


# Start times


def test_when_one_was_started_is_known_of_ours_alone(monitor: Monitor) -> None:
    """Of a stranger's pid it isn't said: that would be taken for ours one day."""
    web = monitor.start("web")
    assert monitor.trees.started_ticks(web.pid) == web.pid * 10
    assert monitor.trees.started_ticks(INIT) is None
    monitor.world.bury(web)
    assert monitor.trees.started_ticks(web.pid) is None


# What an earlier monitor left


def test_what_was_left_is_found_by_its_mark(monitor: Monitor) -> None:
    """Or by what was reported, or by its own word for a name that nobody knows any more."""
    world = monitor.world
    marked = world.start(INIT, mark=MARKS.of_name("web"))
    reported = world.start(INIT)
    unknown = world.start(INIT, mark=MARKS.of_name("old"))
    unknown.variables[b"NCOLONY_NAME"] = "old"
    liar = world.start(INIT, mark=MARKS.of_name("x"))
    liar.variables[b"NCOLONY_NAME"] = "y"
    world.start(INIT, mark=Marks(8).of_name("web"))
    zombie = world.start(INIT, mark=MARKS.of_name("db"))
    zombie.zombie = True
    found = monitor.trees.find_leftovers(
        {"web", "db"},
        {"api": (reported.pid, reported.started), "reused": (marked.pid, marked.started + 1)},
    )
    assert found == {"web": marked.pid, "api": reported.pid, "old": unknown.pid}


def test_what_was_left_is_signalled_and_waited_for(monitor: Monitor) -> None:
    """With all below it, until the last one is gone; a zombie that nobody buries is gone."""
    world = monitor.world
    left = world.start(INIT, mark=MARKS.of_name("web"))
    below = world.fork(left, session=True)
    other = world.start(INIT, mark=MARKS.of_name("web"))
    (pid,) = monitor.trees.find_leftovers({"web"}, {}).values()
    assert pid == left.pid
    monitor.trees.signal("web", pid, TERM, again=False)
    assert [p.signals for p in (left, below, other)] == [[TERM]] * 3
    assert not monitor.trees.lives("web", pid)


def test_what_was_left_and_forked_meanwhile_is_found_at_last(monitor: Monitor) -> None:
    """When none that is known lives, all are searched once more."""
    world = monitor.world
    left = world.start(INIT, mark=MARKS.of_name("web"))
    (pid,) = monitor.trees.find_leftovers({"web"}, {}).values()
    later = world.start(INIT, mark=MARKS.of_name("web"))
    world.end(left)
    assert monitor.trees.lives("web", pid)
    monitor.trees.signal("web", pid, TERM, again=False)
    assert later.signals == [TERM]
    assert not monitor.trees.lives("web", pid)


def test_a_reused_pid_of_what_was_left_is_left_alone(monitor: Monitor) -> None:
    """The kernel's start time tells."""
    world = monitor.world
    left = world.start(INIT, mark=MARKS.of_name("web"))
    (pid,) = monitor.trees.find_leftovers({"web"}, {}).values()
    world.bury(left)
    world.next = pid - 1
    stranger = world.start(INIT)
    stranger.started += 1
    assert stranger.pid == pid
    monitor.trees.signal("web", pid, KILL, again=True)
    assert stranger.signals == []
    assert not monitor.trees.lives("web", pid)


# Control groups


class Groups:
    """Control groups in memory: their members by name."""

    def __init__(self) -> None:
        self.members: dict[str, list[int]] = {}
        self.killed: list[str] = []

    def place(self, name: str, pid: int) -> None:
        self.members.setdefault(name, []).append(pid)

    def pids(self, name: str) -> list[int]:
        return self.members.get(name, [])

    def lives(self, name: str) -> bool:
        return bool(self.pids(name))

    def kill(self, name: str) -> None:
        self.killed.append(name)

    def names(self) -> list[str]:
        return list(self.members)


def test_what_was_forked_before_its_process_was_placed_is_placed_as_well(monitor: Monitor) -> None:
    """Children, and daemons that have come to the monitor by then."""
    groups = Groups()
    monitor.trees = Trees(MARKS, groups, count().__next__)  # type: ignore[arg-type]
    other = monitor.start("other")
    monitor.daemon(other)
    web = monitor.world.start(OWN, mark=MARKS.of_name("web"))
    child, daemon = monitor.world.fork(web), monitor.daemon(web)
    below = monitor.world.fork(daemon)
    monitor.trees.started("web", web.pid)
    assert groups.members["web"][0] == web.pid
    assert set(groups.members["web"]) == {p.pid for p in (web, child, daemon, below)}
    assert groups.members["other"] == [other.pid]


def test_who_loses_its_parent_while_that_is_placed_is_placed_as_well(monitor: Monitor) -> None:
    """A daemon whose parent ends in just that instant hangs below the monitor from then on."""

    class Ends(Groups):
        def place(self, name: str, pid: int) -> None:
            super().place(name, pid)
            if pid == between.pid:
                monitor.world.end(between)

    groups = Ends()
    monitor.trees = Trees(MARKS, groups, count().__next__)  # type: ignore[arg-type]
    web = monitor.world.start(OWN, mark=MARKS.of_name("web"))
    between = monitor.world.fork(web, session=True)
    daemon = monitor.world.fork(between)
    monitor.trees.started("web", web.pid)
    assert groups.members["web"] == [web.pid, between.pid, daemon.pid]


def test_whoever_forks_without_end_holds_nothing_up(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some, the others are left to the marks."""
    groups = Groups()
    monitor.trees = Trees(MARKS, groups, count().__next__)  # type: ignore[arg-type]
    monkeypatch.setattr("ncolony.proc.children_of", lambda pid: [pid + 1])
    monitor.start("web")
    assert len(groups.members["web"]) == 1 + MAX_PLACED


def test_a_group_s_members_are_of_the_run(monitor: Monitor) -> None:
    """Whatever they have left; all are killed at once."""
    groups = Groups()
    monitor.trees = Trees(MARKS, groups, count().__next__)  # type: ignore[arg-type]
    web = monitor.start("web")
    hidden = monitor.daemon(web)
    hidden.mark = None
    groups.place("web", hidden.pid)
    monitor.end(web)
    groups.members["web"].remove(web.pid)
    assert monitor.lives("web", web)
    monitor.signal("web", web, TERM)
    assert (hidden.signals, groups.killed) == ([TERM], [])
    monitor.signal("web", web, KILL)
    assert groups.killed == ["web"]
    groups.members["web"].clear()
    monitor.reap()
    assert not monitor.lives("web", web)


def test_what_was_left_in_a_group_is_found(monitor: Monitor) -> None:
    """Without any mark."""
    groups = Groups()
    monitor.trees = Trees(MARKS, groups, count().__next__)  # type: ignore[arg-type]
    left = monitor.world.start(INIT)
    groups.place("web", left.pid)
    assert monitor.trees.find_leftovers({"web"}, {}) == {"web": left.pid}


def test_many_stops_at_once_look_once(monitor: Monitor) -> None:
    """Who becomes an orphan meanwhile is found by the next look, a little later."""
    now = [0.0]
    monitor.trees = Trees(MARKS, mono=lambda: now[0])
    web = monitor.start("web").pid
    monitor.trees.members("web", web)
    daemon = monitor.daemon(monitor.world.processes[web]).pid
    assert monitor.trees.members("web", web) == [web]
    now[0] += LOOK_S
    assert monitor.trees.members("web", web) == [web, daemon]
