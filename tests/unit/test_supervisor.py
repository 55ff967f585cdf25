"""All processes together, on the simulated machine."""

from __future__ import annotations

import errno

import pytest

from builders import POLICY, Colony, a_spec
from ncolony import request
from ncolony.ending import GIVE_UP_S
from ncolony.model import Configured, Removed, State, StopReason, Want
from ncolony.testing import Program
from ncolony.turns import FEW

STOP_WEB = request.Stop("web")

#: So many that those behind them have to wait.
QUEUE = [f"a{i:02}" for i in range(2 * FEW)]


def test_a_new_file_starts_its_process_at_once() -> None:
    """No time has to pass between a file and its process."""
    colony = Colony().configure()
    assert colony.states() == [State.STARTING, State.RUNNING]
    assert colony.system.processes[colony.pid()].spec == a_spec()
    assert colony.system.armed == 0


def test_the_same_contents_again_change_nothing() -> None:
    """Only other contents restart a process."""
    colony = Colony().configure()
    pid = colony.pid()
    colony.configure().advance(1)
    assert (colony.pid(), colony.record().epoch) == (pid, 1)


def test_a_changed_file_restarts_its_process_after_the_old_one_is_gone() -> None:
    """TERM to the old one, and the new one as soon as that has ended."""
    colony = Colony()
    colony.system.programs["web"] = Program(term_takes_s=0.5)
    colony.configure()
    old = colony.pid()
    colony.configure("web", "web", "--other").advance(0.4)
    assert colony.state() is State.STOPPING
    assert [p.pid for p in colony.system.living()] == [old]
    colony.advance(0.2)
    assert colony.state() is State.RUNNING
    assert [p.spec for p in colony.system.living()] == [a_spec("web", "--other")]


def test_what_ignores_term_is_killed_after_the_kill_timeout() -> None:
    """KILL to the tree, no sooner than killtime and no later."""
    colony = Colony()
    colony.system.programs["web"] = Program(obeys_term=False)
    colony.configure().remove()
    colony.advance(POLICY.killtime_s - 0.01)
    assert colony.state() is State.STOPPING
    colony.advance(0.01)
    assert colony.state() is None
    assert colony.states()[2:] == [State.STOPPING, State.KILLING, None]
    colony.assert_nothing_left()


@pytest.mark.parametrize("subreaper", [True, False])
def test_no_new_run_before_the_last_of_the_old_one_is_gone(subreaper: bool) -> None:
    """A process that leaves others behind starts again when those are gone, too."""
    colony = Colony(subreaper=subreaper)
    colony.system.programs["web"] = Program(members=2, members_obey_term=False)
    colony.configure().advance(2)
    old = colony.pid()
    colony.system.end(old, 3)
    colony.advance()
    assert (colony.state(), colony.record().stop_reason) == (State.STOPPING, StopReason.LEFTOVER)
    colony.advance(POLICY.killtime_s + 0.1)
    assert colony.state() is State.RUNNING
    assert {p.tree for p in colony.system.living()} == {colony.pid()}


def test_instant_deaths_are_followed_by_longer_and_longer_pauses() -> None:
    """The pause doubles up to its limit; the date of the next start is published."""
    colony = Colony()
    colony.system.programs["web"] = Program(code=1, lives_s=0.0)
    colony.configure().advance()
    pauses = []
    for _ in range(8):
        record = colony.record()
        assert record.state is State.BACKOFF
        assert record.next_start_at == record.since_at + record.delay_s
        assert colony.system.armed == 1
        pauses.append(record.delay_s)
        colony.advance(record.delay_s)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_life_of_the_threshold_restores_all_patience() -> None:
    """Who lived long enough is restarted at once, and begins anew with the pauses."""
    colony = Colony()
    colony.system.programs["web"] = Program(lives_s=0.0)
    colony.configure().advance(1)
    assert colony.record().delay_s == 2
    colony.system.programs["web"] = Program(lives_s=POLICY.threshold_s)
    colony.advance(2 + POLICY.threshold_s)
    assert (colony.state(), colony.record().delay_s) == (State.RUNNING, 0.0)


def test_a_start_that_fails_is_a_state_with_a_reason_and_a_retry() -> None:
    """No exception: BACKOFF, why, and another try."""
    colony = Colony()
    colony.system.faults.fail("spawn", errno.EAGAIN)
    colony.configure()
    assert (colony.state(), colony.record().note) == (
        State.BACKOFF,
        "cannot start web: Resource temporarily unavailable",
    )
    colony.system.faults.mend()
    colony.advance(1)
    assert colony.state() is State.RUNNING


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
        (OSError("odd"), "OSError: odd"),
    ],
)
def test_no_pipe_is_a_failed_start(failure: OSError, why: str) -> None:
    """Without a descriptor for its output a process isn't started, and is tried again."""
    colony = Colony()
    colony.output.failure = failure
    colony.configure()
    assert colony.record().note == f"cannot start web: {why}"
    assert colony.system.processes == {}
    assert colony.output.open == set()


def test_a_program_that_is_missing_concerns_nobody_else() -> None:
    """The others start."""
    colony = Colony()
    colony.supervisor.apply(
        {"a": Configured(a_spec("missing", name="a")), "b": Configured(a_spec(name="b"))}
    )
    assert (colony.state("a"), colony.state("b")) == (State.BACKOFF, State.RUNNING)


def test_a_signal_that_cannot_be_sent_concerns_nobody_else() -> None:
    """A child that has become another user's: its stop goes on, and so do the others' changes."""
    colony = Colony().configure("a", "web").configure("b", "web")
    colony.system.faults.fail("signal_tree", errno.EPERM)
    colony.supervisor.apply({"a": Removed(), "b": Removed(), "c": Configured(a_spec(name="c"))})
    assert [colony.state(name) for name in "abc"] == [
        State.STOPPING,
        State.STOPPING,
        State.RUNNING,
    ]
    assert colony.system.armed == 2
    colony.system.faults.mend()
    colony.advance(POLICY.killtime_s)
    assert (colony.state("a"), colony.state("b")) == (None, None)


def test_starts_leave_the_reactor_its_turns() -> None:
    """A hundred slow starts come in slices; whatever waits in between gets its turn."""
    colony = Colony(spawn_takes_s=0.01)
    turns: list[int] = []
    colony.supervisor.apply({f"p{i}": Configured(a_spec(name=f"p{i}")) for i in range(100)})
    assert colony.supervisor.starting
    assert len(colony.system.processes) <= FEW
    colony.system.call_later(0.1, lambda: turns.append(len(colony.system.processes)))
    colony.advance(2)
    assert len(colony.system.processes) == 100
    assert not colony.supervisor.starting
    assert FEW <= turns[0] <= 3 * FEW


def test_a_process_that_is_removed_before_its_turn_never_starts() -> None:
    """What waits to be started and goes again is gone."""
    colony = Colony(spawn_takes_s=0.03)
    colony.supervisor.apply({n: Configured(a_spec(name=n)) for n in (*QUEUE, "b")})
    assert colony.state("b") is State.STARTING
    colony.remove("b").advance(5)
    assert sorted(p.spec.name for p in colony.system.living() if p.spec) == QUEUE


def test_a_process_that_comes_back_before_its_turn_starts_once() -> None:
    """Removed and there again while it waits: one instance."""
    colony = Colony(spawn_takes_s=0.03)
    colony.supervisor.apply({n: Configured(a_spec(name=n)) for n in (*QUEUE, "c")})
    assert colony.state("c") is State.STARTING
    colony.remove("c").configure("c").advance(5)
    assert sorted(p.spec.name for p in colony.system.living() if p.spec) == [*QUEUE, "c"]


def test_three_hundred_restarts_at_once_are_one() -> None:
    """What is asked for during a restart is part of it."""
    colony = Colony().configure().advance(2)
    for _ in range(300):
        assert colony.ask(request.Restart("web")) is None
    colony.advance(1)
    assert (colony.state(), colony.record().epoch) == (State.RUNNING, 2)


def test_a_restart_of_one_run_ends_no_other() -> None:
    """Two who watch over it ask for the same; who asks too late asks for nothing."""
    colony = Colony().configure().advance(2)
    pid = colony.record().pid
    for _ in range(2):
        assert colony.ask(request.Restart("web", pid=pid)) is None
    colony.advance(1)
    assert colony.ask(request.Restart("web", pid=pid)) is None
    colony.advance(1)
    assert (colony.state(), colony.record().epoch) == (State.RUNNING, 2)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (request.Start("gone"), "no process is named 'gone'"),
        (request.Signal("gone", "HUP"), "no process is named 'gone'"),
        (request.RestartGroup("none"), "no process is in the group 'none'"),
        (request.Signal("web", "NONE"), "'NONE' is no signal"),
        (request.Signal("down", "HUP"), "down is not running"),
    ],
)
def test_a_request_that_cannot_be_done_says_why(asked: request.Request, why: str) -> None:
    """The reason is returned, and nothing changes."""
    colony = Colony().configure().configure("down", "web")
    colony.ask(request.Stop("down"))
    colony.advance()
    before = dict(colony.published)
    assert colony.ask(asked) == why
    assert colony.published == before


def test_a_signal_goes_to_the_process_alone() -> None:
    """Not to its group."""
    colony = Colony()
    colony.system.programs["web"] = Program(members=1, handles=frozenset({"HUP"}))
    colony.configure()
    assert colony.ask(request.Signal("web", "1")) is None
    assert [p.received for p in colony.system.living()] == [["HUP"], []]


def test_stop_lasts_until_start() -> None:
    """Down through changes of the file and RESTART-ALL; up by START."""
    colony = Colony().configure()
    assert colony.ask(STOP_WEB) is None
    colony.advance().configure("web", "web", "changed")
    colony.ask(request.RestartAll())
    assert (colony.state(), colony.record().want) == (State.STOPPED, Want.DOWN)
    colony.ask(request.Start("web", "now"))
    assert (colony.state(), colony.record().note) == (State.RUNNING, "now")


def test_restart_all_and_restart_group_leave_stopped_ones_down() -> None:
    """Each process that runs gets another run; of a group, its members alone."""
    colony = Colony()
    colony.configure("a", "web", group=["g"]).configure("b", "web")
    colony.configure("c", "web", group=["g"]).ask(request.Stop("c"))
    colony.advance(2)
    colony.ask(request.RestartGroup("g"))
    colony.advance(2)
    assert [colony.record(n).epoch for n in "abc"] == [2, 1, 1]
    colony.ask(request.RestartAll())
    colony.advance()
    assert [colony.record(n).epoch for n in "abc"] == [3, 2, 1]
    assert [colony.state(n) for n in "abc"] == [State.RUNNING, State.RUNNING, State.STOPPED]


def test_a_refused_file_leaves_the_process_as_it_was() -> None:
    """It runs on, and says what is wrong; a new one has nothing to run: FAILED."""
    colony = Colony().configure().refuse("web", "bad").refuse("new", "worse")
    assert (colony.state(), colony.record().refusal) == (State.RUNNING, "bad")
    assert (colony.state("new"), colony.record("new").refusal) == (State.FAILED, "worse")
    colony.configure("new", "web").configure()
    assert (colony.state("new"), colony.record().refusal) == (State.RUNNING, None)


def test_a_removal_of_what_nobody_knows_is_nothing() -> None:
    """Nothing is published of it."""
    assert Colony().remove().published == {}


def test_orphans_of_unknown_origin_are_buried_and_disturb_nobody() -> None:
    """A death that is nobody's changes no record, and is told to the output."""
    colony = Colony().configure().advance(2)
    orphan = colony.system.daemonize(colony.pid(), marked=False)
    colony.end()
    assert (colony.state(), colony.record().epoch) == (State.RUNNING, 2)
    before = dict(colony.published)
    colony.system.end(orphan)
    colony.advance()
    assert orphan not in colony.system.processes
    assert colony.published == before
    assert ("reaped", str(orphan)) in colony.output.calls


def test_counts_are_those_of_the_records() -> None:
    """How many processes are in each state, at any time."""
    colony = Colony().configure("a", "web").configure("b", "web").refuse("c").remove("b")
    colony.advance(1)
    counts = colony.supervisor.counts
    assert {state: n for state, n in counts.items() if n} == {State.RUNNING: 1, State.FAILED: 1}


# The end


def test_the_end_of_nothing_is_at_once() -> None:
    """Without processes, the callback comes before shut_down returns."""
    colony = Colony().shut_down()
    assert colony.stopped == [[]]
    colony.assert_nothing_left()


def test_the_end_comes_when_the_last_process_is_gone() -> None:
    """TERM to all; the callback once, as soon as nobody is left."""
    colony = Colony()
    colony.system.programs["slow"] = Program(term_takes_s=2)
    colony.configure("a", "web").configure("b", "slow").shut_down().advance(1.9)
    assert colony.stopped == []
    colony.advance(0.1)
    assert colony.stopped == [[]]
    colony.assert_nothing_left()


def test_the_end_is_bounded_by_the_kill_timeout() -> None:
    """Who ignores TERM, leaves others behind or forks in the meantime is killed."""
    colony = Colony()
    colony.system.programs["bad"] = Program(
        obeys_term=False, members=2, members_obey_term=False, forks_on_term=1
    )
    colony.configure("a", "bad").shut_down().advance(POLICY.killtime_s)
    assert colony.stopped == [[]]
    colony.assert_nothing_left()


def test_what_the_kernel_cannot_kill_is_left_behind_and_named() -> None:
    """The end comes nevertheless, and says who is left."""
    colony = Colony()
    colony.system.programs["stuck"] = Program(obeys_term=False, killable=False)
    colony.configure("a", "stuck").shut_down().advance(POLICY.killtime_s + GIVE_UP_S)
    assert [[record.name for record in left] for left in colony.stopped] == [["a"]]
    assert colony.system.armed == 0


def test_the_end_comes_during_a_pause() -> None:
    """A process that waits for its next start isn't waited for."""
    colony = Colony().configure("web", "missing").shut_down()
    assert colony.stopped == [[]]
    assert colony.system.armed == 0


def test_the_end_comes_while_starts_wait_for_their_turn() -> None:
    """Nothing more is started, and nothing is waited for that isn't there."""
    colony = Colony(spawn_takes_s=0.03)
    colony.supervisor.apply({f"p{i}": Configured(a_spec(name=f"p{i}")) for i in range(9)})
    colony.shut_down().advance(0.1)
    assert colony.stopped == [[]]
    colony.assert_nothing_left()


def test_the_end_comes_during_a_stop() -> None:
    """A restart that is under way becomes an end."""
    colony = Colony()
    colony.system.programs["web"] = Program(term_takes_s=1)
    colony.configure().ask(request.Restart("web"))
    colony.shut_down().advance(1)
    assert (colony.stopped, colony.state()) == ([[]], State.STOPPED)
    colony.assert_nothing_left()


@pytest.mark.parametrize("jump_s", [-1e6, 1e6])
def test_a_wall_clock_that_jumps_changes_no_duration(jump_s: float) -> None:
    """Pauses and kill timeouts go by the other clock."""
    colony = Colony()
    colony.system.programs["web"] = Program(lives_s=0.5)
    colony.configure()
    colony.system.wall_ahead_s += jump_s
    colony.advance(0.5)
    last = colony.record().last
    assert last is not None
    assert (colony.state(), last.lived_s) == (State.BACKOFF, 0.5)
    colony.advance(1)
    assert colony.state() is State.RUNNING


def test_twenty_thousand_restarts_leave_nothing() -> None:
    """As many timers, descriptors and entries as before."""
    colony = Colony().configure()
    for _ in range(20_000):
        colony.ask(request.Restart("web"))
        colony.advance()
    assert colony.record().epoch == 20_001
    colony.remove().advance()
    assert colony.published == {}
    colony.assert_nothing_left()
    assert colony.output.kept == set()
