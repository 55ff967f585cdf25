"""Whole runs: a process and all that it started, as ``isystem`` promises them."""

from __future__ import annotations

import pytest
from grounds import Both

from ncolony.isystem import NOWHERE, Death, Start, Writers
from ncolony.spec import ProcessSpec


def test_a_start_says_what_and_where_to() -> None:
    """Output goes nowhere unless it is said."""
    spec = ProcessSpec("web", b"{}", args=("web",))
    assert Start(spec) == Start(spec, NOWHERE) == (spec, Writers(None, None))


def test_several_starts_are_as_good_as_each(ground: Both) -> None:
    """One that fails keeps no other from starting; none at all is nothing."""
    assert ground.system.spawn_all([]) == []
    missing = Start(ProcessSpec("gone", b"{}", args=("/no/such/program",)))
    outcomes = ground.system.spawn_all([missing, missing])
    assert [type(outcome) for outcome in outcomes] == [FileNotFoundError] * 2
    pid = ground.start("stays")
    assert ground.lives(pid)


def test_a_daemon_belongs_to_its_run(ground: Both) -> None:
    """Although it forked twice and made a session of its own; the run is over when it ends."""
    pid = ground.start("hears")
    daemon = ground.daemonize(pid)
    assert ground.survivors(pid) == {pid, daemon}
    ground.system.signal_process(pid, "KILL")
    assert ground.wait_for_deaths(1) == [Death(pid, None, "SIGKILL")]
    assert ground.lives(pid)
    assert ground.survivors(pid) == {daemon}
    ground.signal(pid, "KILL")
    assert ground.wait_for_deaths(1) == [Death(daemon, None, "SIGKILL")]
    assert not ground.lives(pid)
    assert ground.survivors(pid) == set()


def test_what_a_daemon_started_belongs_to_the_run(ground: Both) -> None:
    """And so on: its children, and daemons of its own."""
    pid = ground.start("hears")
    daemon = ground.daemonize(pid)
    others = {ground.fork(pid), ground.fork(daemon), ground.daemonize(daemon)}
    ground.system.signal_process(pid, "KILL")
    ground.wait_for_deaths(1)
    assert ground.survivors(pid) == {daemon} | others
    ground.signal(pid, "KILL")
    deaths = ground.wait_until_gone(pid)
    assert Death(daemon, None, "SIGKILL") in deaths  # others may have been buried by it
    assert {death.pid for death in deaths} <= {daemon} | others
    assert not any(map(ground.is_living, others))


def test_a_daemon_that_ends_before_its_run_is_buried(ground: Both) -> None:
    """Its death is told as any other's, and the run goes on."""
    pid = ground.start("hears")
    daemon = ground.daemonize(pid)
    ground.system.signal_process(daemon, "KILL")
    assert ground.wait_for_deaths(1) == [Death(daemon, None, "SIGKILL")]
    assert ground.lives(pid)
    assert ground.survivors(pid) == {pid}


def test_a_signal_goes_to_the_whole_run(ground: Both) -> None:
    """The process, those of its group, those who left it."""
    pid = ground.start("hears")
    everyone = (pid, ground.fork(pid), ground.daemonize(pid))
    ground.signal(pid, "WINCH")
    ground.wait_until_heard("WINCH", *everyone)
    assert [ground.heard(one) for one in everyone] == [["WINCH"]] * 3


def test_a_signal_reaches_who_left_the_group_of_a_dead_process(ground: Both) -> None:
    """A group without its leader, and daemons without a parent."""
    pid = ground.start("hears")
    others = (ground.fork(pid), ground.daemonize(pid))
    ground.system.signal_process(pid, "KILL")
    ground.wait_for_deaths(1)
    ground.signal(pid, "WINCH")
    ground.wait_until_heard("WINCH", *others)
    assert ground.survivors(pid) == set(others)


def test_nobody_gets_the_same_signal_twice(ground: Both) -> None:
    """Not even after some of them have gone; who comes later and left the group gets it once."""
    pid = ground.start("hears")
    member, daemon = ground.fork(pid), ground.daemonize(pid)
    ground.signal(pid, "TERM")
    ground.wait_until_heard("TERM", pid, member, daemon)
    ground.signal(pid, "TERM")
    ground.system.signal_process(pid, "KILL")
    ground.wait_for_deaths(1)
    late = ground.daemonize(daemon)
    for _ in range(3):
        ground.signal(pid, "TERM")
    ground.wait_until_heard("TERM", late)
    ground.signal(pid, "WINCH")  # is heard after what was sent before
    ground.wait_until_heard("WINCH", member, daemon, late)
    assert [ground.heard(one) for one in (member, daemon, late)] == [["TERM", "WINCH"]] * 3


def test_who_joins_the_group_of_those_who_were_told_is_not_told(ground: Both) -> None:
    """A group gets a signal as one: what cleans up after a TERM has its time."""
    pid = ground.start("hears")
    ground.signal(pid, "TERM")
    ground.wait_until_heard("TERM", pid)
    cleaner = ground.fork(pid)
    ground.signal(pid, "TERM")
    ground.signal(pid, "WINCH")
    ground.wait_until_heard("WINCH", cleaner)
    assert ground.heard(cleaner) == ["WINCH"]


def test_kill_comes_again_and_again(ground: Both) -> None:
    """To whoever has turned up, in the group or not."""
    pid = ground.start("hears")
    daemon = ground.daemonize(pid)
    ground.system.signal_process(pid, "KILL")
    ground.wait_for_deaths(1)
    ground.signal(pid, "TERM")
    late = ground.fork(daemon), ground.daemonize(daemon)
    for _ in range(3):
        ground.signal(pid, "KILL")
    ground.wait_until_gone(pid)
    assert not any(map(ground.is_living, (daemon, *late)))
    ground.signal(pid, "KILL")
    assert ground.survivors(pid) == set()


def test_runs_of_different_names_are_different_runs(ground: Both) -> None:
    """What one left behind isn't the other's."""
    one, other = ground.start("hears"), ground.start("stays")
    daemon = ground.daemonize(one)
    assert ground.survivors(other) == {other}
    ground.signal(other, "KILL")
    assert ground.wait_for_deaths(1) == [Death(other, None, "SIGKILL")]
    assert not ground.lives(other)
    assert ground.survivors(one) == {one, daemon}


def test_the_next_run_gets_its_own_signals(ground: Both) -> None:
    """What was told to the last one counts no longer."""
    for _ in range(2):
        pid = ground.start("hears")
        daemon = ground.daemonize(pid)
        ground.signal(pid, "TERM")
        ground.wait_until_heard("TERM", pid, daemon)
        ground.signal(pid, "KILL")
        ground.wait_until_gone(pid)


# Orphans of unknown origin


def test_who_took_off_its_mark_is_of_unknown_origin(ground: Both) -> None:
    """It is no run's when its parent is gone, and is told of nevertheless when it ends."""
    pid = ground.start("hears")
    assert ground.system.strangers() == []
    stranger = ground.daemonize(pid, marked=False)
    [line] = ground.system.strangers()
    assert line.startswith(f"pid {stranger} (")
    assert ground.survivors(pid) == {pid}
    ground.signal(pid, "KILL")
    assert ground.wait_until_gone(pid) == [Death(pid, None, "SIGKILL")]
    assert ground.is_living(stranger)
    ground.system.signal_strangers("KILL")
    assert ground.wait_for_deaths(1) == [Death(stranger, None, "SIGKILL")]
    assert ground.system.strangers() == []


def test_a_signal_to_those_of_unknown_origin_goes_to_all_below_them(ground: Both) -> None:
    """And to nobody of a run."""
    pid = ground.start("hears")
    stranger = ground.daemonize(pid, marked=False)
    child = ground.fork(stranger)
    ground.system.signal_strangers("TERM")
    ground.wait_until_heard("TERM", stranger, child)
    ground.signal(pid, "WINCH")
    ground.wait_until_heard("WINCH", pid)
    assert ground.heard(pid) == ["WINCH"]
    ground.system.signal_strangers("KILL")
    ground.wait_until(lambda: not any(map(ground.is_living, (stranger, child))))
    list(ground.system.deaths())
    assert ground.system.strangers() == []


def test_without_orphans_a_signal_to_them_is_nothing(ground: Both) -> None:
    """But it must be one."""
    ground.system.signal_strangers("KILL")
    with pytest.raises(ValueError):
        ground.system.signal_strangers("NONE")


# Who a process is


def test_a_process_is_known_by_when_it_was_started(ground: Both) -> None:
    """If it belongs to a run of ours; of what isn't there, or is another's, nothing is said."""
    pid = ground.start("stays")
    assert ground.system.started_ticks(pid) == ground.ticks(pid) > 0
    ground.signal(pid, "KILL")
    ground.wait_for_deaths(1)
    assert ground.system.started_ticks(pid) is None
    assert ground.system.started_ticks(1) is None


def test_a_boot_has_a_name(ground: Both) -> None:
    """The same at any time."""
    name = ground.system.boot_id()
    assert isinstance(name, str)
    assert name
    assert name.isprintable()
    assert ground.system.boot_id() == name


def test_chance_is_from_nothing_to_one(ground: Both) -> None:
    """Each time."""
    assert all(0 <= ground.system.chance() <= 1 for _ in range(100))
