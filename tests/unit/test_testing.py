"""The simulated machine, beyond what the contract says: what it is for tests of one's own."""

from __future__ import annotations

import errno

import pytest

from builders import Colony, a_spec
from ncolony.isystem import NOWHERE, Death, Start
from ncolony.testing import Program, SimulatedOutput, SimulatedSystem


@pytest.fixture
def system() -> SimulatedSystem:
    made = SimulatedSystem()
    made.programs["web"] = Program()
    return made


def start(system: SimulatedSystem) -> int:
    return system.spawn(Start(a_spec()))


def test_nothing_moves_by_itself(system: SimulatedSystem) -> None:
    """Time passes when a test says so, and what is due comes in the order of its times."""
    system.programs["web"] = Program(lives_s=1.0, code=3)
    told: list[Death] = []
    system.watch_deaths(lambda: told.extend(system.deaths()))
    pid = start(system)
    system.advance(0.9)
    assert (told, [p.pid for p in system.living()]) == ([], [pid])
    system.advance(0.2)
    assert (told, system.living()) == ([Death(pid, 3, None)], [])


def test_a_call_that_makes_no_sense_is_an_assertion(system: SimulatedSystem) -> None:
    """A fault of who is tested, not of the machine."""
    pid = start(system)
    timer = system.call_later(1, lambda: None)
    timer.cancel()
    with pytest.raises(AssertionError, match="has fired or was cancelled"):
        timer.cancel()
    system.signal_process(pid, "KILL")
    assert list(system.deaths()) == [Death(pid, None, "SIGKILL")]
    with pytest.raises(AssertionError, match=f"a signal to {pid}, which isn't there"):
        system.signal_process(pid, "TERM")
    with pytest.raises(AssertionError, match="1 is no child of ours"):
        system.tree_lives("web", 1)
    with pytest.raises(AssertionError, match="web never started"):
        SimulatedOutput().ended("web")


def test_a_loop_that_lets_no_time_pass_is_an_assertion(system: SimulatedSystem) -> None:
    """Instead of a test that never ends."""

    def again() -> None:
        system.call_later(0, again)

    again()
    with pytest.raises(AssertionError, match="100000 calls without an end"):
        system.advance()


@pytest.mark.parametrize("subreaper", [True, False])
def test_orphans_are_told_of_where_they_come_to_us(subreaper: bool) -> None:
    """Elsewhere process 1 has them, and nobody can tell whose they were."""
    system = SimulatedSystem(subreaper=subreaper)
    system.programs["web"] = Program(members=1)
    pid = start(system)
    daemon = system.daemonize(pid)
    system.end(pid)
    assert [death.pid for death in system.deaths()] == [pid]
    assert len(system.survivors("web", pid)) == (2 if subreaper else 1)
    assert system.tree_lives("web", pid)
    system.signal_tree("web", pid, "KILL")
    assert [p.pid for p in system.living()] == ([] if subreaper else [daemon])
    assert len(list(system.deaths())) == (2 if subreaper else 0)
    assert not system.tree_lives("web", pid)


def test_a_child_of_a_living_process_is_buried_by_that(system: SimulatedSystem) -> None:
    """We are told of our own children alone."""
    pid = start(system)
    system.end(system.fork(pid))
    assert list(system.deaths()) == []
    assert [p.pid for p in system.living(pid)] == [pid]


def test_a_process_that_is_held_gets_its_signals_when_it_goes_on(system: SimulatedSystem) -> None:
    """And only one end, however many of them would bring it."""
    pid = start(system)
    for signal in ("STOP", "STOP", "HUP", "TERM", "CONT"):
        system.signal_process(pid, signal)
    assert list(system.deaths()) == [Death(pid, None, "SIGHUP")]


def test_what_is_not_killable_is_ended_by_the_test_alone(system: SimulatedSystem) -> None:
    """As a broken disk that comes back would."""
    system.programs["web"] = Program(killable=False)
    pid = start(system)
    system.signal_process(pid, "KILL")
    assert len(system.living()) == 1
    system.end(pid, None, "SIGKILL")
    assert list(system.deaths()) == [Death(pid, None, "SIGKILL")]


def test_chance_is_what_a_test_says(system: SimulatedSystem) -> None:
    """The same each time."""
    assert [system.chance(), system.chance()] == [0.5, 0.5]
    system.random = 0.9
    assert system.chance() == 0.9


def test_calls_fail_as_planned(system: SimulatedSystem) -> None:
    """All of them, or those for some."""
    pid = start(system)
    system.faults.fail("signal_tree", errno.EPERM, "TERM")
    with pytest.raises(PermissionError):
        system.signal_tree("web", pid, "TERM")
    system.signal_tree("web", pid, "HUP")
    assert system.living() == []


def test_output_that_goes_nowhere_has_no_descriptor() -> None:
    """What keeps it back is what a test says."""
    output = SimulatedOutput()
    assert output.writers(a_spec(log="none")) == NOWHERE
    output.started("web", NOWHERE)
    assert output.writers(a_spec()).out in output.open
    output.troubles["web"] = "the disk is full"
    assert (output.trouble("web"), output.trouble("db")) == ("the disk is full", None)
    colony = Colony().configure("web", "web", log="none")
    assert (colony.output.open, colony.output.kept) == (set(), {"web"})
