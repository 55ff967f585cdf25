"""The life of one process: each way through the table, in values."""

from __future__ import annotations

import pytest

from builders import POLICY, a_moment, a_spec, running
from ncolony import machine
from ncolony.model import (
    ArmKill,
    ArmReport,
    ArmRetry,
    Configured,
    Disarm,
    Effect,
    Ended,
    Event,
    Exited,
    Forget,
    KillDue,
    LeftoverFound,
    Record,
    Refused,
    Remained,
    Removed,
    ReportDue,
    RestartAsked,
    RetryDue,
    RunRestartAsked,
    ShutdownBegan,
    SignalAsked,
    SignalProcess,
    SignalTree,
    Spawn,
    Spawned,
    SpawnFailed,
    StartAsked,
    State,
    StopAsked,
    StopReason,
    TreeGone,
    Want,
)
from ncolony.runs import REPORT_S

AT = a_moment()
OTHER = a_spec("other")
DISABLED = a_spec(enabled=False)
NEW = Record("web")
RUNNING = running()
STOPPED = running(state=State.STOPPED, pid=None, tree=None, want=Want.DOWN)
STARTING = running(state=State.STARTING, pid=None, tree=None, ran=None)
STOPPING = running(state=State.STOPPING, stop_reason=StopReason.RESTART)
LEFTOVER = running(
    state=State.STOPPING,
    pid=None,
    stop_reason=StopReason.LEFTOVER,
    last=Ended(0, None, AT.utc, 0.1),
)
#: What an earlier monitor left of a process whose file isn't known yet.
PREDECESSOR = Record("web", State.STOPPING, tree=9, stop_reason=StopReason.PREDECESSOR)
KILLING = STOPPING._replace(state=State.KILLING)
BACKOFF = running(
    state=State.BACKOFF, pid=None, tree=None, delay_s=4.0, next_start_at=9.0, note="why"
)
EXITED = running(state=State.EXITED, pid=None, tree=None, last=Ended(0, None, 5.0, 9.0))
REFUSED = Record("web", State.FAILED, refusal="bad", refused_fingerprint="f")
#: FAILED although there is a file in force: its policy gave up.
GAVE_UP = running(state=State.FAILED, pid=None, tree=None, note="gave up")
EVERY = (NEW, STOPPED, STARTING, RUNNING, STOPPING, LEFTOVER, PREDECESSOR, KILLING, BACKOFF,
         EXITED, REFUSED, GAVE_UP)  # fmt: skip
CONFIGURED = tuple(record for record in EVERY if record.spec is not None)
TERM = (SignalTree(7, "TERM"), ArmKill(POLICY.killtime_s))


def check(old: Record, event: Event, *effects: Effect, **changes: object) -> Record:
    """One step, compared whole: these changes, these effects."""
    new, done = machine.step(old, event, AT)
    assert new == old._replace(**changes)
    assert done == effects
    return new


def starts(old: Record, event: Event, *effects: Effect, **changes: object) -> None:
    """A step to the next run, with all patience restored."""
    begun = {"state": State.STARTING, "epoch": old.epoch + 1, "since_at": AT.utc, "delay_s": 0.0}
    begun.update(next_start_at=None, ran=None, tree=None, failures=())
    check(old, event, *effects, Spawn(), **{**begun, **changes})


def stops(old: Record, event: Event, reason: StopReason, **changes: object) -> None:
    """A step to a stop."""
    stopping = {"state": State.STOPPING, "stop_reason": reason, "since_at": AT.utc}
    check(old, event, *TERM, **{**stopping, **changes})


def downs(old: Record, event: Event, reason: StopReason, **changes: object) -> None:
    """A step to rest, since it is to be down."""
    down = {"state": State.STOPPED, "want": Want.DOWN, "since_at": AT.utc, "stop_reason": reason}
    down.update(delay_s=0.0, next_start_at=None, failures=())
    check(old, event, Disarm(), **{**down, **changes})


def test_every_state_has_a_cell_for_every_event() -> None:
    """Ignoring is written out."""
    assert {kind: set(row) for kind, row in machine.TABLE.items()} == {
        kind: set(State) for kind in Event.__args__
    }


#: What is written out as ignored, by event: those that it isn't for.
IGNORED = [
    (RestartAsked(), (STARTING,)),
    (RunRestartAsked(8), (STOPPED, STARTING, STOPPING, KILLING, BACKOFF, EXITED, GAVE_UP)),
    (SignalAsked("HUP"), (STOPPED, STARTING, BACKOFF, EXITED, REFUSED, GAVE_UP)),
    (ShutdownBegan(), (NEW, STOPPED, EXITED, REFUSED, GAVE_UP)),
    (LeftoverFound(9), (STARTING, RUNNING, STOPPING, KILLING, BACKOFF, EXITED, REFUSED)),
    (Spawned(1, 8), (STOPPED, RUNNING, STOPPING, KILLING, BACKOFF, EXITED, GAVE_UP)),
    (SpawnFailed(1, "no"), (STOPPED, RUNNING, STOPPING, KILLING, BACKOFF, EXITED, GAVE_UP)),
    (Exited(1, 0, None, False), (STOPPED, STARTING, BACKOFF, EXITED, GAVE_UP)),
    (Remained(1), (STOPPED, STARTING, RUNNING, BACKOFF, EXITED, GAVE_UP)),
    (TreeGone(1), (STOPPED, STARTING, RUNNING, BACKOFF, EXITED, GAVE_UP)),
    (KillDue(1), (STOPPED, STARTING, RUNNING, KILLING, BACKOFF, EXITED, GAVE_UP)),
    (ReportDue(1, "w"), (STOPPED, STARTING, RUNNING, STOPPING, BACKOFF, EXITED, GAVE_UP)),
    (RetryDue(1), (STOPPED, STARTING, RUNNING, STOPPING, KILLING, EXITED, GAVE_UP)),
]


@pytest.mark.parametrize(("event", "records"), IGNORED, ids=lambda of: type(of).__name__)
def test_what_an_event_is_not_for_stays(event: Event, records: tuple[Record, ...]) -> None:
    """Nothing is done, and the record is the same one."""
    for old in records:
        new, effects = machine.step(old, event, AT)
        assert (new is old, effects) == (True, ()), old.state


@pytest.mark.parametrize(
    "event",
    [
        Spawned(0, 9),
        SpawnFailed(0, ""),
        Exited(0, 0, None, True),
        Remained(0),
        TreeGone(0),
        KillDue(0),
        ReportDue(0, "who"),
        RetryDue(0),
    ],
)
def test_what_belongs_to_an_earlier_run_is_dropped(event: Event) -> None:
    """In every state."""
    for old in (record._replace(epoch=1) for record in EVERY):
        new, effects = machine.step(old, event, AT)
        assert (new is old, effects) == (True, ())


# The file


def test_a_good_file_starts_what_is_new_or_failed() -> None:
    """With the file's spec in force."""
    starts(NEW, Configured(a_spec()), spec=a_spec())
    good = {"refusal": None, "refused_fingerprint": None}
    starts(REFUSED, Configured(a_spec()), spec=a_spec(), **good)


@pytest.mark.parametrize("old", CONFIGURED)
def test_the_same_file_again_changes_nothing_but_a_refusal(old: Record) -> None:
    """Restoring what was there undoes what a bad file said."""
    check(old, Configured(a_spec()))
    bad = old._replace(refusal="bad", refused_fingerprint="f")
    check(bad, Configured(a_spec()), refusal=None, refused_fingerprint=None)


def test_another_file_restarts_what_runs() -> None:
    """Stop first; the new spec is in force for the next run."""
    stops(RUNNING, Configured(OTHER), StopReason.CHANGED, spec=OTHER)


def test_another_file_ends_a_pause() -> None:
    """New contents have all patience restored."""
    starts(BACKOFF._replace(failures=(1.0,)), Configured(OTHER), Disarm(), spec=OTHER)


def test_another_file_starts_what_has_ended_or_was_given_up() -> None:
    """Who changes it wants to see it run."""
    starts(EXITED, Configured(OTHER), spec=OTHER)
    starts(GAVE_UP, Configured(OTHER), spec=OTHER)


def test_another_file_is_taken_for_the_next_run() -> None:
    """While it starts, stops or is down, nothing else happens for it."""
    for old in (STARTING, STOPPED, STOPPING, KILLING):
        check(old, Configured(OTHER), spec=OTHER)
    check(PREDECESSOR, Configured(OTHER), spec=OTHER)
    down = REFUSED._replace(want=Want.DOWN)
    taken = {"spec": OTHER, "refusal": None, "refused_fingerprint": None}
    check(down, Configured(OTHER), **taken, state=State.STOPPED)


def test_another_file_makes_a_stop_of_what_was_left_a_change() -> None:
    """The next run begins at once, however short the last one was."""
    check(LEFTOVER, Configured(OTHER), spec=OTHER, stop_reason=StopReason.CHANGED)


@pytest.mark.parametrize("old", [RUNNING, STARTING, STOPPED, STOPPING, KILLING, BACKOFF, EXITED,
                                 GAVE_UP])  # fmt: skip
def test_a_bad_file_leaves_what_is_in_force(old: Record) -> None:
    """Only the refusal is noted, with what was refused, and once."""
    noted = {"refusal": "bad", "refused_fingerprint": "f"}
    refused = check(old, Refused("bad", "f"), **noted)
    assert machine.step(refused, Refused("bad", "f"), AT) == (refused, ())
    check(refused, Refused("bad", "g"), refused_fingerprint="g")
    check(refused, Refused("worse", None), refusal="worse", refused_fingerprint=None)


def test_a_bad_file_with_nothing_in_force_is_a_failure() -> None:
    """FAILED, with the newest reason."""
    failed = {"state": State.FAILED, "since_at": AT.utc}
    check(NEW, Refused("bad", "f"), **failed, refusal="bad", refused_fingerprint="f")
    check(REFUSED, Refused("worse", "g"), since_at=AT.utc, refusal="worse",
          refused_fingerprint="g")  # fmt: skip
    check(REFUSED, Refused("bad", "f"))


def test_a_bad_file_of_what_is_stopped_without_a_file_is_noted() -> None:
    """What an earlier monitor left is ended first, and fails then."""
    refused = check(PREDECESSOR, Refused("bad", "f"), refusal="bad", refused_fingerprint="f")
    over = {"state": State.FAILED, "tree": None, "since_at": AT.utc}
    check(refused, TreeGone(0), Disarm(), **over)


@pytest.mark.parametrize("old", [NEW, STOPPED, STARTING, BACKOFF, EXITED, REFUSED, GAVE_UP])
def test_a_removal_forgets_what_does_not_run(old: Record) -> None:
    """At once, with its timer."""
    check(old, Removed(), Disarm(), Forget())


def test_a_removal_stops_what_runs_and_forgets_it_then() -> None:
    """The record stays for as long as somebody of the run does."""
    bad = {"refusal": "bad", "refused_fingerprint": "f"}
    none = {"spec": None, "refusal": None, "refused_fingerprint": None, "note": ""}
    stops(RUNNING._replace(note="n", **bad), Removed(), StopReason.REMOVED, **none)
    for old in (STOPPING, KILLING):
        down = old._replace(want=Want.DOWN, note="n", **bad)
        gone = check(down, Removed(), want=Want.UP, **none)
        over, effects = machine.step(gone, Exited(1, 0, None, False), AT)
        assert (over.tree, effects) == (None, (Disarm(), Forget()))


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
    assert (new.state, new.tree, effects) == (State.FAILED, None, (Disarm(),))


# Whether it is enabled


def test_what_is_not_enabled_is_known_and_down() -> None:
    """From the first, and when a file comes to say so; nothing of it waits any longer."""
    downs(NEW, Configured(DISABLED), StopReason.DISABLED, spec=DISABLED)
    good = {"refusal": None, "refused_fingerprint": None}
    downs(REFUSED, Configured(DISABLED), StopReason.DISABLED, spec=DISABLED, **good)
    for old in (STARTING, BACKOFF, EXITED, GAVE_UP):
        downs(old, Configured(DISABLED), StopReason.DISABLED, spec=DISABLED, note="")
    stopped = STOPPED._replace(stop_reason=StopReason.STOP, note="n")
    downs(stopped, Configured(DISABLED), StopReason.DISABLED, spec=DISABLED, note="")


def test_what_runs_and_is_disabled_stops() -> None:
    """And stays down."""
    down = {"spec": DISABLED, "want": Want.DOWN}
    stops(RUNNING, Configured(DISABLED), StopReason.DISABLED, **down)
    for old in (STOPPING, LEFTOVER, KILLING, PREDECESSOR):
        new = check(old, Configured(DISABLED), stop_reason=StopReason.DISABLED, **down)
        new, effects = machine.step(new._replace(pid=None), TreeGone(new.epoch), AT)
        assert (new.state, new.stop_reason) == (State.STOPPED, StopReason.DISABLED)
        assert effects == (Disarm(),)


def test_what_is_enabled_again_starts() -> None:
    """When it has stopped, if it hasn't yet; also where it had been asked to stop."""
    down = STOPPED._replace(spec=DISABLED, stop_reason=StopReason.DISABLED)
    starts(down, Configured(a_spec()), spec=a_spec(), want=Want.UP)
    for old in (STOPPING, KILLING):
        down = old._replace(spec=DISABLED, want=Want.DOWN, stop_reason=StopReason.DISABLED)
        up = check(down, Configured(a_spec()), spec=a_spec(), want=Want.UP)
        starts(up._replace(pid=None), TreeGone(1), Disarm())


def test_a_stop_that_was_asked_for_outlasts_another_file() -> None:
    """Only a file that changes ``enabled`` changes what is wanted."""
    check(STOPPED, Configured(OTHER), spec=OTHER)
    check(REFUSED._replace(want=Want.DOWN, spec=None), Configured(OTHER), spec=OTHER,
          refusal=None, refused_fingerprint=None, state=State.STOPPED)  # fmt: skip


def test_a_start_outlasts_another_file_that_is_not_enabled_either() -> None:
    """What was asked for by hand holds until the file says otherwise."""
    asked = RUNNING._replace(spec=DISABLED)
    other = a_spec("other", enabled=False)
    stops(asked, Configured(other), StopReason.CHANGED, spec=other)
    check(STARTING._replace(spec=DISABLED), Configured(other), spec=other)
    check(STOPPING._replace(spec=DISABLED), Configured(other), spec=other)


# Requests


def test_start() -> None:
    """What is down or waits starts at once; what runs, runs; what stops will start."""
    asked = {"stop_reason": StopReason.STOP, "note": "r"}
    starts(STOPPED, StartAsked("r"), want=Want.UP, **asked)
    starts(STOPPED._replace(spec=DISABLED), StartAsked("r"), want=Want.UP, **asked)
    starts(BACKOFF, StartAsked("r"), Disarm(), **asked)
    starts(EXITED, StartAsked("r"), **asked)
    starts(GAVE_UP, StartAsked("r"), **asked)
    for old in (RUNNING, STARTING, STOPPING, KILLING, PREDECESSOR):
        check(old._replace(want=Want.DOWN), StartAsked("r"), want=Want.UP)
    check(REFUSED._replace(want=Want.DOWN), StartAsked("r"), want=Want.UP)
    check(LEFTOVER, StartAsked("r"), stop_reason=StopReason.RESTART, note="r")


def test_stop() -> None:
    """What runs stops; what is about to run doesn't; it lasts."""
    stops(RUNNING, StopAsked("r"), StopReason.STOP, want=Want.DOWN, note="r")
    for old in (STARTING, BACKOFF, EXITED, GAVE_UP):
        downs(old._replace(failures=(1.0,)), StopAsked("r"), StopReason.STOP, note="r")
    for old in (STOPPED, STOPPING, KILLING, REFUSED):
        check(old, StopAsked("r"), want=Want.DOWN, note="r")


def test_restart_by_name() -> None:
    """Another run, whatever the process was."""
    stops(RUNNING, RestartAsked("r"), StopReason.RESTART, note="r")
    asked = {"stop_reason": StopReason.RESTART, "note": "r"}
    starts(STOPPED, RestartAsked("r"), want=Want.UP, **asked)
    starts(BACKOFF, RestartAsked("r"), Disarm(), **asked)
    starts(EXITED, RestartAsked("r"), **asked)
    starts(GAVE_UP, RestartAsked("r"), **asked)
    check(STOPPING._replace(want=Want.DOWN), RestartAsked("r"), want=Want.UP)
    check(KILLING._replace(want=Want.DOWN), RestartAsked("r"), want=Want.UP)
    check(REFUSED._replace(want=Want.DOWN), RestartAsked("r"), want=Want.UP)
    check(LEFTOVER, RestartAsked("r"), **asked)


def test_restart_of_a_run() -> None:
    """Of that one, and of no other; not even what is wanted changes."""
    pid = RUNNING.pid
    assert pid is not None
    stops(RUNNING, RunRestartAsked(pid, "r"), StopReason.RESTART, note="r")
    check(RUNNING, RunRestartAsked(pid + 1, "r"))
    for old in (STOPPING, KILLING):
        down = old._replace(want=Want.DOWN)
        check(down, RunRestartAsked(pid, "r"))


def test_restart_of_many_leaves_stopped_ones_down() -> None:
    """So it does what has ended for good; what was given up is tried again."""
    many = RestartAsked("r", named=False)
    stops(RUNNING, many, StopReason.RESTART, note="r")
    starts(BACKOFF, many, Disarm(), stop_reason=StopReason.RESTART, note="r")
    starts(GAVE_UP, many, stop_reason=StopReason.RESTART, note="r")
    refused = REFUSED._replace(want=Want.DOWN)
    for old in (STOPPED, EXITED, STARTING, STOPPING._replace(want=Want.DOWN), refused):
        check(old, many)


def test_a_signal_goes_to_what_runs() -> None:
    """To the process itself; where there is none, to nobody."""
    for old in (RUNNING, STOPPING, KILLING):
        check(old, SignalAsked("HUP"), SignalProcess(7, "HUP"))
    for old in (LEFTOVER, PREDECESSOR, KILLING._replace(pid=None)):
        check(old, SignalAsked("HUP"))


def test_shutdown() -> None:
    """What runs stops, what is about to run doesn't, nothing starts again."""
    stops(RUNNING._replace(note="n"), ShutdownBegan(), StopReason.SHUTDOWN, want=Want.DOWN, note="")
    for old in (STARTING, BACKOFF):
        downs(old, ShutdownBegan(), StopReason.SHUTDOWN, note="")
    for old in (STOPPING, LEFTOVER, PREDECESSOR, KILLING):
        check(old, ShutdownBegan(), want=Want.DOWN)


# One run


def test_a_start_that_succeeds() -> None:
    """RUNNING, with a pid that is its tree's, and both clocks' times."""
    up = {"state": State.RUNNING, "pid": 8, "tree": 8, "since_at": AT.utc, "ran": a_spec()}
    check(STARTING, Spawned(1, 8), **up, started_mono=AT.mono)


def test_a_run_is_stopped_by_the_rules_it_was_started_with() -> None:
    """The file that was in force at the start, not the one at the time of the decision."""
    patient, hasty = a_spec(killtime=60, stop_signal="INT"), a_spec(killtime=0)
    changed, _ = machine.step(STARTING, Configured(patient), AT)
    up, _ = machine.step(changed, Spawned(1, 7), AT)
    _, effects = machine.step(up, Configured(hasty), AT)
    assert effects == (SignalTree(7, "INT"), ArmKill(60.0))


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
    """The length of the pause is remembered, and so are the failures."""
    starts(BACKOFF._replace(failures=(1.0,)), RetryDue(1), delay_s=4.0, failures=(1.0,))


def test_a_long_life_is_followed_by_a_start_at_once() -> None:
    """Whatever the way it ended."""
    ended = Ended(3, None, AT.utc, 1000.0)
    starts(RUNNING, Exited(1, 3, None, False), pid=None, last=ended)


def test_a_short_life_is_followed_by_a_pause() -> None:
    """Longer than the one before."""
    old = RUNNING._replace(started_mono=AT.mono - 0.5, delay_s=2.0, note="n")
    check(
        old,
        Exited(1, None, "SIGSEGV", False),
        ArmRetry(4.0),
        state=State.BACKOFF,
        pid=None,
        tree=None,
        last=Ended(None, "SIGSEGV", AT.utc, 0.5),
        since_at=AT.utc,
        delay_s=4.0,
        next_start_at=AT.utc + 4,
        note="",
    )


def test_a_clock_that_stood_still_makes_no_negative_life() -> None:
    """A life is never shorter than nothing."""
    new, _ = machine.step(RUNNING._replace(started_mono=AT.mono + 1), Exited(1, 0, None, True), AT)
    assert new.last == Ended(0, None, AT.utc, 0.0)


def test_who_leaves_others_behind_is_not_over() -> None:
    """The stop signal to all that is left, and a next run only when that is gone."""
    ended = {"pid": None, "last": Ended(0, None, AT.utc, 1000.0)}
    left = Exited(1, 0, None, True)
    stops(RUNNING, left, StopReason.LEFTOVER, **ended)
    check(STOPPING, left, SignalTree(7, "TERM"), **ended)
    check(KILLING, left, SignalTree(7, "KILL"), **ended)


def test_who_turns_up_late_gets_the_signal_that_the_others_had() -> None:
    """At each look; the system sees to it that nobody gets it twice."""
    check(LEFTOVER, Remained(1), SignalTree(7, "TERM"))
    check(PREDECESSOR, Remained(0), SignalTree(9, "TERM"))
    check(KILLING._replace(pid=None), Remained(1), SignalTree(7, "KILL"))


def test_a_run_is_over_when_its_tree_is_gone() -> None:
    """The next one by what is wanted: a start, a pause, or nothing."""
    starts(STOPPING._replace(pid=None), TreeGone(1), Disarm())
    new, effects = machine.step(LEFTOVER, TreeGone(1), AT)
    assert (new.state, new.tree, effects) == (State.BACKOFF, None, (Disarm(), ArmRetry(1.0)))
    down = KILLING._replace(pid=None, want=Want.DOWN, stuck="pid 9")
    over = {"state": State.STOPPED, "tree": None, "since_at": AT.utc, "stuck": ""}
    check(down, TreeGone(1), Disarm(), **over)


def test_a_stop_ends_with_its_process_where_nothing_is_left() -> None:
    """At once: no look, no delay."""
    ended = Ended(None, "SIGTERM", AT.utc, 1000.0)
    for old in (STOPPING, KILLING):
        starts(old, Exited(1, None, "SIGTERM", False), Disarm(), pid=None, last=ended)


def test_what_ignores_its_stop_signal_is_killed() -> None:
    """The whole tree; and a report of who is left is due."""
    killed = {"state": State.KILLING, "since_at": AT.utc}
    effects = (SignalTree(7, "KILL"), ArmReport(REPORT_S))
    check(STOPPING, KillDue(1), *effects, **killed)
    check(LEFTOVER, KillDue(1), *effects, **killed)
    check(PREDECESSOR, KillDue(0), SignalTree(9, "KILL"), ArmReport(REPORT_S), **killed)


def test_what_cannot_be_killed_is_reported_and_tried_again() -> None:
    """Who is left, in words, until nobody is."""
    effects = (SignalTree(7, "KILL"), ArmReport(REPORT_S))
    stuck = check(KILLING, ReportDue(1, "pid 7 (web)"), *effects, stuck="pid 7 (web)")
    check(stuck, ReportDue(1, "pid 7 (web)"), *effects)
    check(stuck, ReportDue(1, ""), *effects, stuck="")
    over = {"pid": None, "last": Ended(0, None, AT.utc, 1000.0), "stuck": ""}
    starts(stuck, Exited(1, 0, None, False), Disarm(), **over)


# What an earlier monitor left


def test_what_an_earlier_monitor_left_is_stopped_by_the_monitors_rules() -> None:
    """Its own aren't known."""
    effects = (SignalTree(9, "TERM"), ArmKill(POLICY.killtime_s))
    new = check(NEW, LeftoverFound(9), *effects, state=State.STOPPING, tree=9, since_at=AT.utc,
                stop_reason=StopReason.PREDECESSOR)  # fmt: skip
    assert new._replace(since_at=0.0) == PREDECESSOR


def test_what_an_earlier_monitor_left_is_a_tree_whatever_the_rules() -> None:
    """There is no process of ours that could be stopped alone."""
    alone = a_moment(policy=POLICY._replace(kill_mode="process"))
    assert machine.step(NEW, LeftoverFound(9), alone)[1][0] == SignalTree(9, "TERM")
    assert machine.step(PREDECESSOR, KillDue(0), alone)[1][0] == SignalTree(9, "KILL")


def test_what_follows_an_earlier_monitors_run_is_the_first_of_ours() -> None:
    """Where there is a file; otherwise nothing is known of it any more."""
    starts(PREDECESSOR._replace(spec=a_spec()), TreeGone(0), Disarm(), tree=None)
    check(PREDECESSOR, TreeGone(0), Disarm(), Forget(), tree=None)
