"""The life of one process by its own rules: when it starts again, and how it is stopped."""

from __future__ import annotations

from typing import Any

import pytest

from builders import POLICY, a_moment, a_spec, running
from ncolony import machine
from ncolony.model import (
    ArmKill,
    ArmReport,
    ArmRetry,
    Disarm,
    Ended,
    Exited,
    KillDue,
    Moment,
    Record,
    Remained,
    ReportDue,
    RestartAsked,
    SignalAsked,
    SignalProcess,
    SignalTree,
    Spawn,
    SpawnFailed,
    StartAsked,
    State,
    StopAsked,
    StopReason,
    TreeGone,
    Want,
)

AT = a_moment()


def with_rules(state: State = State.RUNNING, at: Moment = AT, **rules: Any) -> Record:
    """A process that has lived for long, or is in another state, with its own rules."""
    spec = a_spec(**rules)
    runs = state in (State.RUNNING, State.STOPPING, State.KILLING)
    return running(
        state=state,
        spec=spec,
        ran=spec if runs else None,
        pid=7 if runs else None,
        tree=7 if runs else None,
        started_mono=at.mono - 100,
        stop_reason=None if state is State.RUNNING or not runs else StopReason.STOP,
    )


def ends(
    old: Record, code: int | None = 0, signal: str | None = None, at: Moment = AT
) -> tuple[Record, tuple[object, ...]]:
    """It ends by itself, and leaves nothing."""
    return machine.step(old, Exited(old.epoch, code, signal, False), at)


RESTARTS = [
    ("always", 0, None, State.STARTING),
    ("always", 3, None, State.STARTING),
    ("always", None, "SIGTERM", State.STARTING),
    ("on-failure", 0, None, State.EXITED),
    ("on-failure", 3, None, State.EXITED),
    ("on-failure", 4, None, State.STARTING),
    ("on-failure", None, "SIGTERM", State.EXITED),
    ("on-failure", None, "SIGKILL", State.STARTING),
    ("never", 0, None, State.EXITED),
    ("never", 4, None, State.EXITED),
    ("never", None, "SIGKILL", State.EXITED),
]


@pytest.mark.parametrize(("restart", "code", "signal", "state"), RESTARTS)
def test_what_ended_by_itself_goes_by_its_policy(
    restart: str, code: int | None, signal: str | None, state: State
) -> None:
    """Always, after a failure, or never again; it says itself which ends are no failures."""
    old = with_rules(restart=restart, success=[0, 3, "TERM"])._replace(delay_s=2.0)
    new, effects = ends(old, code, signal)
    assert (new.state, new.delay_s, new.tree, new.pid) == (state, 0.0, None, None)
    assert new.last == Ended(code, signal, AT.utc, 100.0)
    assert effects == ((Spawn(),) if state is State.STARTING else ())
    assert (new.since_at, new.want, new.failures) == (AT.utc, Want.UP, ())


@pytest.mark.parametrize(("restart", "code", "signal", "state"), RESTARTS)
def test_what_left_others_behind_goes_by_its_policy_when_they_are_gone(
    restart: str, code: int | None, signal: str | None, state: State
) -> None:
    """The end that counts is that of the process itself."""
    old = with_rules(restart=restart, success=[0, 3, "TERM"])
    new, _ = machine.step(old, Exited(1, code, signal, True), AT)
    assert (new.state, new.stop_reason) == (State.STOPPING, StopReason.LEFTOVER)
    new, effects = machine.step(new, TreeGone(1), AT)
    assert new.state is state
    assert effects == ((Disarm(), Spawn()) if state is State.STARTING else (Disarm(),))


@pytest.mark.parametrize("reason", [StopReason.RESTART, StopReason.CHANGED])
def test_what_was_stopped_for_another_run_has_it_whatever_the_policy(reason: StopReason) -> None:
    """An end that was asked for is no end by itself."""
    old = with_rules(State.STOPPING, restart="never")._replace(stop_reason=reason)
    new, effects = ends(old, None, "SIGTERM")
    assert (new.state, effects) == (State.STARTING, (Disarm(), Spawn()))


def test_a_short_life_of_what_is_not_to_start_again_is_no_reason_for_a_pause() -> None:
    """It has ended: there is nothing to wait for."""
    old = with_rules(restart="on-failure")._replace(started_mono=AT.mono, delay_s=8.0)
    new, effects = ends(old)
    assert (new.state, new.delay_s, new.next_start_at, effects) == (State.EXITED, 0.0, None, ())


def test_the_monitors_rules_hold_where_a_file_says_nothing() -> None:
    """And a file's own in their places."""
    once = a_moment(policy=POLICY._replace(restart="never", killtime_s=9.0))
    assert ends(with_rules(), at=once)[0].state is State.EXITED
    assert ends(with_rules(restart="always"), at=once)[0].state is State.STARTING
    _, effects = machine.step(with_rules(), StopAsked(), once)
    assert effects[1] == ArmKill(9.0)


# Pauses


def test_a_process_has_its_own_threshold_and_pauses() -> None:
    """In the file, in seconds or with units."""
    rules = {"threshold": "2m", "minrestartdelay": 3, "maxrestartdelay": 10}
    record = with_rules(**rules)
    delays = []
    for _ in range(4):
        record, effects = ends(record._replace(state=State.RUNNING))
        assert effects == (ArmRetry(record.delay_s),)
        delays.append(record.delay_s)
    assert delays == [3, 6, 10, 10]


@pytest.mark.parametrize(
    ("jitter", "chance", "pause_s"), [(0, 1.0, 4), (0.5, 0.0, 4), (0.5, 0.5, 5), (1, 1.0, 8)]
)
def test_a_pause_is_longer_by_chance(jitter: float, chance: float, pause_s: float) -> None:
    """By up to a fraction of it; what it doubles from has none of that."""
    at = a_moment(chance=chance)
    old = with_rules(jitter=jitter)._replace(started_mono=at.mono, delay_s=2.0)
    new, effects = ends(old, at=at)
    assert effects == (ArmRetry(pause_s),)
    assert (new.delay_s, new.next_start_at) == (4.0, at.utc + pause_s)


# Giving up

FIVE = {"give_up": {"failures": 3, "within": 10}}


def fail(record: Record, mono: float) -> Record:
    """It is started, and ends with a failure at this time."""
    at = a_moment(mono)
    up = record._replace(state=State.RUNNING, started_mono=mono, pid=7, tree=7)
    return ends(up, 1, at=at)[0]


def test_so_many_failures_within_so_long_and_it_is_given_up() -> None:
    """FAILED, and why; nothing is armed, and nothing of it counts any longer."""
    record = fail(fail(with_rules(**FIVE), 1000.0), 1004.0)
    assert (record.state, record.failures) == (State.BACKOFF, (1000.0, 1004.0))
    record = fail(record, 1010.0)
    assert (record.state, record.delay_s, record.failures) == (State.FAILED, 0.0, ())
    assert (record.tree, record.note) == (None, "gave up: 3 failures within 10 s")
    assert (record.want, record.last) == (Want.UP, Ended(1, None, AT.utc, 0.0))


def test_failures_that_are_longer_ago_do_not_count() -> None:
    """At the edge of the window they do."""
    record = fail(fail(with_rules(**FIVE), 1000.0), 1004.0)
    assert fail(record, 1010.1).failures == (1004.0, 1010.1)
    assert fail(record, 1010.1).state is State.BACKOFF
    assert fail(fail(record, 1010.1), 1014.0).state is State.FAILED


def test_long_lives_that_end_in_failures_count_too() -> None:
    """Also where no pause comes between."""
    record = with_rules(**FIVE, threshold=0)
    for mono, state in [(1000.0, State.STARTING), (1001.0, State.STARTING), (1002.0, State.FAILED)]:
        record = fail(record, mono)
        assert record.state is state


def test_successes_do_not_count() -> None:
    """However many, and however soon."""
    record = with_rules(**FIVE, success=[1])
    for mono in (1000.0, 1001.0, 1002.0, 1003.0):
        record = fail(record, mono)
        assert (record.state, record.failures) == (State.BACKOFF, ())


def test_starts_that_fail_count_as_well() -> None:
    """Together with ends; the last reason is told."""
    record = fail(fail(with_rules(**FIVE), 1000.0), 1001.0)
    starting = record._replace(state=State.STARTING)
    new, effects = machine.step(starting, SpawnFailed(1, "no such file"), a_moment(1002.0))
    assert (new.state, effects) == (State.FAILED, ())
    assert new.note == "gave up: 3 failures within 10 s; no such file"
    assert (new.failures, new.delay_s) == ((), 0.0)


def test_without_a_bound_it_is_tried_for_ever() -> None:
    """And nothing is counted."""
    record = with_rules()
    for number in range(100):
        record = fail(record, 1000.0 + number / 10)
    assert (record.state, record.failures) == (State.BACKOFF, ())


@pytest.mark.parametrize("asked", [StartAsked("r"), RestartAsked("r"), RestartAsked("r", False)])
def test_what_was_given_up_starts_when_asked_with_all_patience(asked: object) -> None:
    """As if it had never failed."""
    given_up = fail(fail(fail(with_rules(**FIVE), 1000.0), 1001.0), 1002.0)
    new, effects = machine.step(given_up, asked, a_moment(1003.0))  # type: ignore[arg-type]
    assert (new.state, new.failures, effects) == (State.STARTING, (), (Spawn(),))
    assert fail(fail(new, 1003.0), 1003.0).state is State.BACKOFF


def test_a_start_that_was_asked_for_restores_all_patience() -> None:
    """In a pause, too."""
    waiting = fail(fail(with_rules(**FIVE), 1000.0), 1001.0)
    new, effects = machine.step(waiting, StartAsked(), a_moment(1001.5))
    assert (new.failures, new.delay_s, effects) == ((), 0.0, (Disarm(), Spawn()))


def test_what_starts_once_and_cannot_has_failed() -> None:
    """``never``: no second try; on failure: one after a pause."""
    once = with_rules(State.STARTING, restart="never")
    new, effects = machine.step(once, SpawnFailed(1, "no such file"), AT)
    assert (new.state, new.note, effects) == (State.FAILED, "no such file", ())
    assert new.ran is None
    again = with_rules(State.STARTING, restart="on-failure")
    new, effects = machine.step(again, SpawnFailed(1, "no such file"), AT)
    assert (new.state, new.note, effects) == (State.BACKOFF, "no such file", (ArmRetry(1.0),))


# How it is stopped


@pytest.mark.parametrize(("signal", "name"), [("SIGQUIT", "QUIT"), ("int", "INT"), (10, "10")])
def test_a_process_has_its_own_stop_signal_and_kill_timeout(signal: object, name: str) -> None:
    """To the whole tree; KILL is KILL."""
    old = with_rules(stop_signal=signal, killtime="1m")
    new, effects = machine.step(old, StopAsked(), AT)
    assert effects == (SignalTree(7, name), ArmKill(60.0))
    left, effects = machine.step(new, Exited(1, 0, None, True), AT)
    assert effects == (SignalTree(7, name),)
    assert machine.step(left, Remained(1), AT)[1] == (SignalTree(7, name),)
    assert machine.step(left, KillDue(1), AT)[1][0] == SignalTree(7, "KILL")
    assert machine.step(new, SignalAsked("HUP"), AT)[1] == (SignalProcess(7, "HUP"),)


def test_a_process_that_hands_over_is_stopped_alone() -> None:
    """``kill_mode`` process: stop signal and KILL to it, and its end is the run's."""
    old = with_rules(kill_mode="process")
    stopping, effects = machine.step(old, StopAsked(), AT)
    assert effects == (SignalProcess(7, "TERM"), ArmKill(POLICY.killtime_s))
    killing, effects = machine.step(stopping, KillDue(1), AT)
    assert effects == (SignalProcess(7, "KILL"), ArmReport(1.0))
    assert machine.step(killing, ReportDue(1, "w"), AT)[1] == (
        SignalProcess(7, "KILL"),
        ArmReport(1.0),
    )
    stopped, effects = ends(stopping)
    assert (stopped.state, stopped.tree, effects) == (State.STOPPED, None, (Disarm(),))
    again, effects = ends(old)
    assert (again.state, again.tree, effects) == (State.STARTING, None, (Spawn(),))


@pytest.mark.parametrize("state", [State.STARTING, State.BACKOFF, State.EXITED, State.FAILED])
def test_no_failure_outlasts_a_stop(state: State) -> None:
    """What is down has nothing to be patient with."""
    new, _ = machine.step(with_rules(state)._replace(failures=(1.0,), delay_s=8.0), StopAsked(), AT)
    assert (new.state, new.failures, new.delay_s) == (State.STOPPED, (), 0.0)
