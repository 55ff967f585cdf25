"""Whole trees, what an earlier monitor left, and ends for good, on the simulated machine."""

from __future__ import annotations

import errno

import pytest

from builders import POLICY, Colony
from ncolony import request
from ncolony.ending import GIVE_UP_S, MORE_S
from ncolony.exits import decided
from ncolony.lingering import EVERY_S, FIRST_S
from ncolony.model import State, StopReason, Want
from ncolony.runs import REPORT_S
from ncolony.testing import Program

RESTART_WEB = request.Restart("web")


def a_colony(program: Program, **others: object) -> Colony:
    """``web`` runs this program, for two seconds now."""
    colony = Colony()
    colony.system.programs["web"] = program
    return colony.configure("web", "web", **others).advance(2)


# The whole tree


def test_a_stop_ends_what_left_the_group_as_well() -> None:
    """A daemon that forked twice and made a session of its own is of the run."""
    colony = a_colony(Program(daemons=2, members=1))
    assert len(colony.living()) == 4
    colony.ask(request.Stop("web"))
    colony.advance(FIRST_S)
    assert (colony.state(), colony.living()) == (State.STOPPED, [])
    colony.assert_nothing_left()


def test_a_daemon_that_ignores_its_stop_is_killed_before_the_next_start() -> None:
    """However long its process has been gone."""
    colony = a_colony(Program(daemons=1, members_obey_term=False))
    old = colony.living()
    colony.ask(RESTART_WEB)
    colony.advance(POLICY.killtime_s - 0.01)
    assert (colony.state(), colony.record().pid) == (State.STOPPING, None)
    assert colony.living() == old[1:]
    colony.advance(0.01 + EVERY_S)
    assert (colony.state(), colony.record().epoch) == (State.RUNNING, 2)
    assert set(colony.living()).isdisjoint(old)


def test_a_death_that_leaves_nothing_is_followed_by_a_start_at_once() -> None:
    """No look, no delay: in the very moment."""
    colony = a_colony(Program())
    at = colony.system.mono()
    colony.end(1)
    assert (colony.state(), colony.record().epoch, colony.system.mono()) == (State.RUNNING, 2, at)


def test_nobody_gets_the_same_signal_twice() -> None:
    """A second TERM may mean: at once."""
    colony = a_colony(Program(obeys_term=False, members=1, daemons=1, members_obey_term=False))
    everyone = colony.system.living()
    colony.end(0)
    colony.advance(POLICY.killtime_s - 0.1)
    assert [p.received for p in everyone] == [[], ["TERM"], ["TERM"]]
    colony.advance(0.2)
    assert [p.received[1:] for p in everyone] == [[], ["KILL"], ["KILL"]]


def test_who_turns_up_late_gets_the_signal_too() -> None:
    """Whoever a daemon starts while it is asked to end, at the next look."""
    colony = a_colony(Program(daemons=1, members_obey_term=False))
    daemon = colony.living()[1]
    colony.end(0)
    late = colony.system.daemonize(daemon)
    colony.advance(EVERY_S)
    assert colony.system.processes[late].received == ["TERM"]
    assert colony.system.processes[daemon].received == ["TERM"]
    colony.advance(POLICY.killtime_s)
    assert colony.living() == [colony.pid(), colony.pid() + 1]


def test_a_process_that_hands_over_is_stopped_alone() -> None:
    """What it started lives on, also through its restarts, and takes no part in them."""
    colony = a_colony(Program(members=1, daemons=1), kill_mode="process")
    old = colony.pid()
    others = colony.living()[1:]
    colony.ask(RESTART_WEB)
    colony.advance()
    assert colony.state() is State.RUNNING
    assert [pid for pid in colony.living() if pid <= others[-1]] == others
    assert all(colony.system.processes[pid].received == [] for pid in others)
    assert old not in colony.system.processes
    colony.advance(2).end(3)
    assert (colony.state(), colony.record().epoch) == (State.RUNNING, 3)
    colony.remove().advance()
    assert colony.state() is None
    assert set(others) <= set(colony.living())


def test_a_process_that_hands_over_and_ignores_its_stop_is_killed_alone() -> None:
    """KILL after its own kill timeout."""
    colony = a_colony(
        Program(obeys_term=False, members=1), kill_mode="process", killtime=1, stop_signal="INT"
    )
    colony.system.processes[colony.pid()].program = Program(handles=frozenset({"INT"}))
    old, member = colony.living()
    colony.ask(request.Stop("web"))
    colony.advance(0.9)
    assert colony.system.processes[old].received == ["INT"]
    colony.advance(0.1)
    assert (colony.state(), colony.living()) == (State.STOPPED, [member])


def test_what_cannot_be_killed_is_said_and_never_waited_for_in_silence() -> None:
    """The state says who is left, and KILL is sent again and again."""
    colony = a_colony(Program(daemons=1, members_obey_term=False))
    daemon = colony.system.processes[colony.living()[1]]
    daemon.program = Program(obeys_term=False, killable=False)
    colony.ask(RESTART_WEB)
    colony.advance(POLICY.killtime_s + REPORT_S)
    assert colony.state() is State.KILLING
    assert colony.record().stuck == f"pid {daemon.pid} (web)"
    colony.advance(3600)
    assert (colony.state(), colony.living()) == (State.KILLING, [daemon.pid])
    assert daemon.received.count("KILL") > 3600
    assert colony.system.armed == 2
    colony.system.end(daemon.pid)
    colony.advance(EVERY_S)
    assert (colony.state(), colony.record().stuck) == (State.RUNNING, "")


@pytest.mark.parametrize("call", ["signal_tree", "signal_process"])
def test_a_signal_that_cannot_be_sent_is_followed_by_another(call: str) -> None:
    """Whatever was refused at first, KILL is tried."""
    mode = "tree" if call == "signal_tree" else "process"
    colony = a_colony(Program(), kill_mode=mode)
    colony.system.faults.fail(call, errno.EPERM)
    colony.ask(request.Stop("web"))
    colony.advance(1)
    assert colony.state() is State.STOPPING
    colony.system.faults.mend()
    colony.advance(POLICY.killtime_s)
    assert colony.state() is State.STOPPED


@pytest.mark.parametrize("mode", ["tree", "process"])
def test_a_stop_signal_that_is_none_here_is_followed_by_kill(mode: str) -> None:
    """Other machines have other signals; no file stops the monitor."""
    colony = a_colony(Program(), stop_signal="RTMIN+29", kill_mode=mode)
    assert not colony.system.signal_known("RTMIN+29")
    colony.configure("b", "web").remove()
    assert (colony.state(), colony.state("b")) == (State.STOPPING, State.RUNNING)
    colony.advance(POLICY.killtime_s)
    assert colony.state() is None


# What an earlier monitor left


def test_what_an_earlier_monitor_left_is_ended_before_its_process_starts() -> None:
    """All of it: two instances never live."""
    colony = Colony()
    left = colony.system.leave("web", Program(obeys_term=False))
    daemon = colony.system.daemonize(left)
    found = colony.system.leftovers({"web"}, {})
    colony.supervisor.end_leftovers(found)
    colony.configure()
    assert found == {"web": left}
    assert (colony.state(), colony.record().stop_reason) == (
        State.STOPPING,
        StopReason.PREDECESSOR,
    )
    colony.advance(POLICY.killtime_s - 0.1)
    assert colony.living() == [left, daemon]
    assert colony.system.processes[left].received == ["TERM"]
    colony.advance(0.2)
    assert (colony.state(), colony.record().epoch) == (State.RUNNING, 1)
    assert colony.living() == [colony.pid()]


def test_what_an_earlier_monitor_left_is_forgotten_where_nothing_is_configured() -> None:
    """Once it is gone."""
    colony = Colony()
    colony.supervisor.end_leftovers({"web": colony.system.leave("web")})
    assert colony.state() is State.STOPPING
    colony.advance(FIRST_S)
    assert (colony.published, colony.living()) == ({}, [])
    colony.assert_nothing_left()


def test_what_an_earlier_monitor_left_is_no_process_of_ours() -> None:
    """A signal for it has nowhere to go; a stop keeps its process down."""
    colony = Colony()
    colony.supervisor.end_leftovers({"web": colony.system.leave("web", Program(term_takes_s=1))})
    assert colony.ask(request.Signal("web", "HUP")) == "web is not running"
    colony.configure().ask(request.Stop("web"))
    colony.advance(1 + EVERY_S)
    assert (colony.state(), colony.record().epoch) == (State.STOPPED, 0)


def test_who_is_left_and_carries_another_mark_is_not_ours() -> None:
    """Another colony's processes of the same name live on."""
    colony = Colony()
    other = colony.system.leave("web", marked=False)
    assert colony.system.leftovers({"web"}, {}) == {}
    colony.configure().advance()
    assert (colony.state(), other in colony.living()) == (State.RUNNING, True)


def test_the_end_comes_during_the_end_of_what_was_left() -> None:
    """By the monitor's rules, and no later."""
    colony = Colony()
    left = colony.system.leave("web", Program(obeys_term=False))
    colony.supervisor.end_leftovers({"web": left})
    colony.shut_down().advance(POLICY.killtime_s + EVERY_S)
    assert colony.stopped == [[]]
    colony.assert_nothing_left()


# When it starts again


def test_what_ends_for_good_is_exited_and_stays() -> None:
    """RESTART-ALL leaves it, START brings it up."""
    colony = a_colony(Program(), restart="on-failure")
    colony.end(1)
    assert colony.record().epoch == 2
    colony.advance(2).end(0)
    assert (colony.state(), colony.record().want) == (State.EXITED, Want.UP)
    colony.ask(request.RestartAll())
    colony.advance(100)
    assert colony.state() is State.EXITED
    colony.ask(request.Start("web"))
    assert (colony.state(), colony.record().epoch) == (State.RUNNING, 3)


def test_what_fails_too_often_is_given_up_until_asked() -> None:
    """FAILED, with nothing armed, and everything forgiven when it is asked to start."""
    rules = {"give_up": {"failures": 3, "within": 60}, "minrestartdelay": 1}
    colony = Colony()
    colony.system.programs["web"] = Program(code=1, lives_s=0.0)
    colony.configure("web", "web", **rules).advance(3)
    assert (colony.state(), colony.record().epoch, colony.system.armed) == (State.FAILED, 3, 0)
    colony.ask(request.Start("web"))
    colony.advance(2.9)
    assert (colony.state(), colony.record().epoch) == (State.BACKOFF, 5)
    colony.advance(0.2)
    assert (colony.state(), colony.record().epoch) == (State.FAILED, 6)


def test_a_pause_is_longer_by_chance() -> None:
    """As the system has it."""
    colony = Colony()
    colony.system.programs["web"] = Program(code=1, lives_s=0.0)
    colony.system.random = 0.25
    colony.configure("web", "web", jitter=1, minrestartdelay=4).advance(4.9)
    assert (colony.state(), colony.record().epoch) == (State.BACKOFF, 1)
    colony.advance(0.2)
    assert colony.record().epoch == 2


def test_what_is_disabled_is_known_and_down() -> None:
    """By its file; a start is until the file says it again."""
    colony = Colony().configure("web", "web", enabled=False)
    assert (colony.state(), colony.record().stop_reason) == (State.STOPPED, StopReason.DISABLED)
    colony.ask(request.Start("web"))
    assert colony.state() is State.RUNNING
    colony.configure("web", "web", "--other", enabled=False).advance()
    assert colony.state() is State.RUNNING
    colony.configure().configure("web", "web", enabled=False).advance()
    assert colony.state() is State.STOPPED
    colony.configure().advance()
    assert colony.state() is State.RUNNING


def test_an_essential_process_that_has_ended_is_told() -> None:
    """With its record: the monitor's exit code is made of that."""
    colony = a_colony(Program(), essential=True, restart="never").end(None, "SIGKILL")
    assert decided(colony.published["web"], POLICY) == 137


# Log files


@pytest.mark.parametrize("asked", [request.Rotate("web"), request.RotateAll()])
def test_files_are_rotated_when_asked(asked: request.Request) -> None:
    """The output does it; no process is concerned."""
    colony = Colony().configure()
    before = dict(colony.published)
    assert colony.ask(asked) is None
    assert colony.output.calls[-1] == ("rotate", "web")
    assert colony.published == before


def test_a_rotation_that_cannot_be_done_says_why() -> None:
    """Nobody of this name, or no files; where all are meant, that is no fault."""
    colony = Colony().configure("web", "web", enabled=False)
    assert colony.ask(request.Rotate("gone")) == "no process is named 'gone'"
    assert colony.ask(request.Rotate("web")) == "web has no files"
    assert colony.ask(request.RotateAll()) is None


# The end


def test_the_end_is_bounded_by_the_longest_kill_timeout() -> None:
    """Each process has its own."""
    colony = Colony()
    colony.system.programs["bad"] = Program(obeys_term=False)
    colony.configure("a", "bad", killtime=1).configure("b", "bad", killtime=9)
    colony.shut_down().advance(8.9)
    assert (colony.stopped, colony.living("a"), len(colony.living("b"))) == ([], [], 1)
    colony.advance(0.1)
    assert colony.stopped == [[]]
    colony.assert_nothing_left()


def test_the_end_is_now_when_it_is_asked_for_again() -> None:
    """KILL to all that is left, without waiting for anything."""
    colony = Colony()
    colony.system.programs["bad"] = Program(obeys_term=False, daemons=1, members_obey_term=False)
    colony.configure("a", "bad", killtime=100).configure("b", "bad").shut_down().advance(0.1)
    colony.supervisor.kill_now()
    colony.advance(EVERY_S)
    assert colony.stopped == [[]]
    colony.supervisor.kill_now()
    colony.assert_nothing_left()


def test_nothing_is_killed_at_once_that_was_not_told_to_end() -> None:
    """It takes two signals to the monitor."""
    colony = Colony().configure()
    colony.supervisor.kill_now()
    colony.advance(100)
    assert (colony.state(), colony.system.armed) == (State.RUNNING, 0)


def test_what_cannot_be_killed_at_once_is_left_behind_and_named() -> None:
    """A moment later, however long its kill timeout is."""
    colony = Colony()
    colony.system.programs["stuck"] = Program(obeys_term=False, killable=False)
    colony.configure("a", "stuck", killtime=100).shut_down()
    colony.supervisor.kill_now()
    colony.advance(GIVE_UP_S)
    assert [[record.name for record in left] for left in colony.stopped] == [["a"]]
    assert colony.supervisor.survivors(colony.stopped[0][0]).startswith("pid ")
    assert colony.system.armed == 0


def test_the_end_waits_a_little_longer_while_some_still_go() -> None:
    """On a busy machine thousands take their time; what is stuck gets no more than that."""
    colony = Colony()
    colony.system.programs["stuck"] = Program(obeys_term=False, killable=False)
    for name in "abc":
        colony.configure(name, "stuck")
    colony.shut_down().advance(POLICY.killtime_s + GIVE_UP_S - 0.01)
    colony.end(None, "SIGKILL", "a").advance(MORE_S)
    colony.end(None, "SIGKILL", "b").advance(MORE_S)
    assert colony.stopped == []
    colony.advance(0.01)
    assert [[record.name for record in left] for left in colony.stopped] == [["c"]]
    assert colony.system.armed == 0


@pytest.mark.parametrize("obeys", [True, False])
def test_the_end_waits_for_orphans_of_unknown_origin(obeys: bool) -> None:
    """TERM, and KILL after the kill timeout; also where no process of the colony runs."""
    colony = Colony()
    colony.system.programs["web"] = Program(members_obey_term=obeys)
    colony.configure("web", "web", killtime=0.1)
    stranger = colony.system.daemonize(colony.pid(), marked=False)
    colony.remove().advance(1)
    assert (colony.state(), colony.living()) == (None, [stranger])
    colony.shut_down().advance(0 if obeys else POLICY.killtime_s - 0.1)
    assert colony.stopped == ([[]] if obeys else [])
    colony.advance(0 if obeys else 0.1)
    assert colony.stopped == [[]]
    colony.assert_nothing_left()


def test_no_shorter_kill_timeout_leaves_orphans_of_unknown_origin_behind() -> None:
    """They have the monitor's own."""
    colony = a_colony(Program(members_obey_term=False), killtime=0.1)
    colony.system.daemonize(colony.pid(), marked=False)
    colony.shut_down().advance(POLICY.killtime_s)
    assert colony.stopped == [[]]
    colony.assert_nothing_left()


def test_an_orphan_of_unknown_origin_that_turns_up_during_the_end_is_ended_too() -> None:
    """Of a process that has a long time to end."""
    colony = a_colony(Program(obeys_term=False, members_obey_term=False), killtime=60)
    child = colony.system.processes[colony.system.fork(colony.pid())]
    child.pgid, child.marked = child.pid, False
    colony.shut_down().advance(POLICY.killtime_s + 1)
    colony.end(0)
    colony.advance(1)
    assert colony.stopped == [[]]
    colony.assert_nothing_left()


def test_orphans_of_unknown_origin_that_cannot_be_signalled_hold_up_nothing() -> None:
    """The end comes in time."""
    colony = Colony().configure()
    colony.system.daemonize(colony.pid(), marked=False)
    colony.system.faults.fail("signal_strangers", errno.EPERM)
    colony.shut_down().advance(POLICY.killtime_s + GIVE_UP_S)
    assert colony.stopped == [[]]
    assert colony.system.armed == 0


def test_orphans_of_unknown_origin_are_killed_at_once_with_the_others() -> None:
    """Where the end can't wait."""
    colony = Colony()
    colony.system.programs["web"] = Program(members_obey_term=False)
    colony.configure()
    colony.system.daemonize(colony.pid(), marked=False)
    colony.shut_down().advance(1)
    assert colony.stopped == []
    colony.supervisor.kill_now()
    colony.advance()
    assert colony.stopped == [[]]
    colony.assert_nothing_left()
