"""The life of one process: each way through the table, in values."""

from __future__ import annotations

import pytest

from builders import POLICY, a_moment, a_spec, running
from ncolony import machine
from ncolony.model import (
    ArmKill,
    ArmRetry,
    Configured,
    Disarm,
    Effect,
    Ended,
    Event,
    Exited,
    Forget,
    GroupGone,
    KillDue,
    Record,
    Refused,
    Removed,
    RestartAsked,
    RetryDue,
    ShutdownBegan,
    SignalAsked,
    SignalGroup,
    SignalProcess,
    Spawn,
    Spawned,
    SpawnFailed,
    StartAsked,
    State,
    StopAsked,
    StopReason,
    Want,
)

AT = a_moment()
OTHER = a_spec("other")
NEW = Record("web")
RUNNING = running()
STOPPED = running(state=State.STOPPED, pid=None, pgid=None, want=Want.DOWN)
STARTING = running(state=State.STARTING, pid=None, pgid=None)
STOPPING = running(state=State.STOPPING, stop_reason=StopReason.RESTART)
LEFTOVER = running(
    state=State.STOPPING,
    pid=None,
    stop_reason=StopReason.LEFTOVER,
    last=Ended(0, None, AT.utc, 0.1),
)
KILLING = STOPPING._replace(state=State.KILLING)
BACKOFF = running(
    state=State.BACKOFF, pid=None, pgid=None, delay_s=4.0, next_start_at=9.0, note="why"
)
FAILED = Record("web", State.FAILED, refusal="bad")
TERM = (SignalGroup(7, "TERM"), ArmKill(POLICY.killtime_s))


def check(old: Record, event: Event, *effects: Effect, **changes: object) -> Record:
    """One step, compared whole: these changes, these effects."""
    new, done = machine.step(old, event, AT)
    assert new == old._replace(**changes)
    assert done == effects
    return new


def starts(old: Record, event: Event, *effects: Effect, **changes: object) -> None:
    """A step to the next run."""
    begun = {"state": State.STARTING, "epoch": old.epoch + 1, "since_at": AT.utc, "delay_s": 0.0}
    begun.update(next_start_at=None)
    check(old, event, *effects, Spawn(), **{**begun, **changes})


def stops(old: Record, event: Event, reason: StopReason, **changes: object) -> None:
    """A step to a stop."""
    stopping = {"state": State.STOPPING, "stop_reason": reason, "since_at": AT.utc}
    check(old, event, *TERM, **{**stopping, **changes})


def test_every_state_has_a_cell_for_every_event() -> None:
    """Ignoring is written out."""
    assert {kind: set(row) for kind, row in machine.TABLE.items()} == {
        kind: set(State) for kind in Event.__args__
    }


# The file


def test_a_good_file_starts_what_is_new_or_failed() -> None:
    """With the file's spec in force."""
    starts(NEW, Configured(a_spec()), spec=a_spec())
    starts(FAILED, Configured(a_spec()), spec=a_spec(), refusal=None)


@pytest.mark.parametrize("old", [RUNNING, STARTING, STOPPED, BACKOFF, STOPPING, LEFTOVER])
def test_the_same_file_again_changes_nothing_but_a_refusal(old: Record) -> None:
    """Restoring what was there undoes what a bad file said."""
    check(old, Configured(a_spec()))
    check(old._replace(refusal="bad"), Configured(a_spec()), refusal=None)


def test_another_file_restarts_what_runs() -> None:
    """Stop first; the new spec is in force for the next run."""
    stops(RUNNING, Configured(OTHER), StopReason.CHANGED, spec=OTHER)


def test_another_file_ends_a_pause() -> None:
    """New contents have all patience restored."""
    starts(BACKOFF, Configured(OTHER), Disarm(), spec=OTHER)


def test_another_file_is_taken_for_the_next_run() -> None:
    """While it starts, stops or is down, nothing else happens for it."""
    for old in (STARTING, STOPPED, STOPPING, KILLING):
        check(old, Configured(OTHER), spec=OTHER)
    check(FAILED._replace(want=Want.DOWN), Configured(OTHER), spec=OTHER, refusal=None,
          state=State.STOPPED)  # fmt: skip
    check(LEFTOVER, Configured(OTHER), spec=OTHER, stop_reason=StopReason.CHANGED)


@pytest.mark.parametrize("old", [RUNNING, STARTING, STOPPED, STOPPING, KILLING, BACKOFF])
def test_a_bad_file_leaves_what_is_in_force(old: Record) -> None:
    """Only the refusal is noted, and once."""
    refused = check(old, Refused("bad"), refusal="bad")
    check(refused, Refused("bad"))


def test_a_bad_file_with_nothing_in_force_is_a_failure() -> None:
    """FAILED, with the newest reason."""
    check(NEW, Refused("bad"), state=State.FAILED, since_at=AT.utc, refusal="bad")
    check(FAILED, Refused("worse"), since_at=AT.utc, refusal="worse")


@pytest.mark.parametrize("old", [STOPPED, STARTING, BACKOFF, FAILED])
def test_a_removal_forgets_what_does_not_run(old: Record) -> None:
    """At once, with its timer."""
    assert machine.step(old, Removed(), AT)[1] == (Disarm(), Forget())


def test_a_removal_stops_what_runs_and_forgets_it_then() -> None:
    """The record stays for as long as the group."""
    stops(RUNNING, Removed(), StopReason.REMOVED, spec=None)
    gone = check(STOPPING._replace(want=Want.DOWN), Removed(), spec=None, want=Want.UP)
    assert machine.step(gone, Exited(1, 0, None, False), AT)[1] == (Disarm(), Forget())


def test_a_removal_undone_during_the_stop_is_a_restart() -> None:
    """What is there at the end of the stop counts."""
    removed, _ = machine.step(RUNNING, Removed(), AT)
    again, _ = machine.step(removed, Configured(a_spec()), AT)
    ended, effects = machine.step(again, Exited(1, None, "SIGTERM", False), AT)
    assert (ended.state, ended.epoch, effects) == (State.STARTING, 2, (Disarm(), Spawn()))


def test_what_is_removed_and_refused_during_a_stop_fails() -> None:
    """Nothing in force, and a file that can't be used."""
    old = STOPPING._replace(spec=None, refusal="bad")
    new, effects = machine.step(old, Exited(1, 0, None, False), AT)
    assert (new.state, new.pgid, effects) == (State.FAILED, None, (Disarm(),))


# Requests


def test_start() -> None:
    """What is down or waits starts at once; what runs, runs; what stops will start."""
    starts(STOPPED, StartAsked("r"), want=Want.UP, stop_reason=StopReason.STOP, note="r")
    starts(BACKOFF, StartAsked("r"), Disarm(), stop_reason=StopReason.STOP, note="r")
    for old in (RUNNING, STARTING, FAILED, STOPPING, KILLING):
        check(old, StartAsked("r"), want=Want.UP)
    check(LEFTOVER, StartAsked("r"), stop_reason=StopReason.RESTART, note="r")


def test_stop() -> None:
    """What runs stops; what is about to run doesn't; it lasts."""
    stops(RUNNING, StopAsked("r"), StopReason.STOP, want=Want.DOWN, note="r")
    down = {"state": State.STOPPED, "want": Want.DOWN, "since_at": AT.utc, "note": "r"}
    down.update(stop_reason=StopReason.STOP, delay_s=0.0, next_start_at=None)
    for old in (STARTING, BACKOFF):
        check(old, StopAsked("r"), Disarm(), **down)
    for old in (STOPPED, STOPPING, KILLING, FAILED):
        check(old, StopAsked("r"), want=Want.DOWN, note="r")


def test_restart_by_name() -> None:
    """Another run, whatever the process was."""
    stops(RUNNING, RestartAsked("r"), StopReason.RESTART, note="r")
    starts(STOPPED, RestartAsked("r"), want=Want.UP, stop_reason=StopReason.RESTART, note="r")
    starts(BACKOFF, RestartAsked("r"), Disarm(), stop_reason=StopReason.RESTART, note="r")
    check(STARTING, RestartAsked("r"))
    check(STOPPING._replace(want=Want.DOWN), RestartAsked("r"), want=Want.UP)
    check(FAILED._replace(want=Want.DOWN), RestartAsked("r"), want=Want.UP)
    check(LEFTOVER, RestartAsked("r"), stop_reason=StopReason.RESTART, note="r")


def test_restart_of_many_leaves_stopped_ones_down() -> None:
    """What is down stays down."""
    many = RestartAsked("r", named=False)
    stops(RUNNING, many, StopReason.RESTART, note="r")
    failed = FAILED._replace(want=Want.DOWN)
    for old in (STOPPED, STARTING, STOPPING._replace(want=Want.DOWN), failed):
        check(old, many)


def test_a_signal_goes_to_what_runs() -> None:
    """To the process itself; where there is none, to nobody."""
    for old in (RUNNING, STOPPING, KILLING):
        check(old, SignalAsked("HUP"), SignalProcess(7, "HUP"))
    for old in (STOPPED, STARTING, BACKOFF, FAILED, LEFTOVER):
        check(old, SignalAsked("HUP"))


def test_shutdown() -> None:
    """What runs stops, what is about to run doesn't, nothing starts again."""
    stops(RUNNING, ShutdownBegan(), StopReason.SHUTDOWN, want=Want.DOWN)
    down = {"state": State.STOPPED, "want": Want.DOWN, "since_at": AT.utc, "note": ""}
    down.update(stop_reason=StopReason.SHUTDOWN, delay_s=0.0, next_start_at=None)
    for old in (STARTING, BACKOFF):
        check(old, ShutdownBegan(), Disarm(), **down)
    for old in (STOPPING, KILLING):
        check(old, ShutdownBegan(), want=Want.DOWN)
    for old in (STOPPED, FAILED):
        check(old, ShutdownBegan())


# One run


def test_a_start_that_succeeds() -> None:
    """RUNNING, with a pid that is its group's, and both clocks' times."""
    up = {"state": State.RUNNING, "pid": 8, "pgid": 8, "since_at": AT.utc}
    check(STARTING, Spawned(1, 8), **up, started_mono=AT.mono)


def test_a_start_that_fails() -> None:
    """BACKOFF, with the reason."""
    check(
        STARTING,
        SpawnFailed(1, "no"),
        ArmRetry(1.0),
        state=State.BACKOFF,
        since_at=AT.utc,
        delay_s=1.0,
        next_start_at=AT.utc + 1,
        note="no",
    )


def test_a_pause_ends_with_a_start() -> None:
    """The length of the pause is remembered."""
    starts(BACKOFF, RetryDue(1), delay_s=4.0)


def test_a_long_life_is_followed_by_a_start_at_once() -> None:
    """Whatever the way it ended."""
    ended = Ended(3, None, AT.utc, 1000.0)
    starts(RUNNING, Exited(1, 3, None, False), pid=None, pgid=None, last=ended)


def test_a_short_life_is_followed_by_a_pause() -> None:
    """Longer than the one before."""
    old = RUNNING._replace(started_mono=AT.mono - 0.5, delay_s=2.0)
    check(
        old,
        Exited(1, None, "SIGSEGV", False),
        ArmRetry(4.0),
        state=State.BACKOFF,
        pid=None,
        pgid=None,
        last=Ended(None, "SIGSEGV", AT.utc, 0.5),
        since_at=AT.utc,
        delay_s=4.0,
        next_start_at=AT.utc + 4,
    )


def test_a_clock_that_stood_still_makes_no_negative_life() -> None:
    """A life is never shorter than nothing."""
    new, _ = machine.step(RUNNING._replace(started_mono=AT.mono + 1), Exited(1, 0, None, True), AT)
    assert new.last == Ended(0, None, AT.utc, 0.0)


def test_who_leaves_others_behind_is_not_over() -> None:
    """TERM to the rest of the group, and a next run only when that is gone."""
    ended = Ended(0, None, AT.utc, 1000.0)
    stops(RUNNING, Exited(1, 0, None, True), StopReason.LEFTOVER, pid=None, last=ended)
    ended_stop = {"pid": None, "last": ended}
    check(STOPPING, Exited(1, 0, None, True), **ended_stop)


def test_a_run_is_over_when_its_group_is_gone() -> None:
    """The next one by what is wanted: a start, a pause, or nothing."""
    starts(STOPPING._replace(pid=None), GroupGone(1), Disarm(), pgid=None)
    new, effects = machine.step(LEFTOVER, GroupGone(1), AT)
    assert (new.state, new.pgid, effects) == (State.BACKOFF, None, (Disarm(), ArmRetry(1.0)))
    down = KILLING._replace(pid=None, want=Want.DOWN)
    check(down, GroupGone(1), Disarm(), state=State.STOPPED, pgid=None, since_at=AT.utc)


def test_what_ignores_term_is_killed() -> None:
    """The whole group."""
    check(STOPPING, KillDue(1), SignalGroup(7, "KILL"), state=State.KILLING, since_at=AT.utc)


@pytest.mark.parametrize(
    "event",
    [Spawned(0, 9), SpawnFailed(0, ""), Exited(0, 0, None, True), GroupGone(0), KillDue(0)],
)
def test_what_belongs_to_an_earlier_run_is_dropped(event: Event) -> None:
    """In every state."""
    for old in (RUNNING, STARTING, STOPPING, KILLING, BACKOFF, STOPPED, FAILED):
        assert machine.step(old._replace(epoch=1), event, AT) == (old._replace(epoch=1), ())
