"""The machine, for every state, every event and every plausible record."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from builders import a_spec
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
    Moment,
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
from ncolony.policy import Policy

EVENTS: tuple[type[Event], ...] = get_args(Event)
IN_A_GROUP = (State.RUNNING, State.STOPPING, State.KILLING)
POLICIES = st.builds(
    Policy,
    threshold_s=st.sampled_from([0.0, 1.0]),
    killtime_s=st.sampled_from([0.0, 5.0]),
    min_delay_s=st.sampled_from([0.0, 1.0, 9.0]),
    max_delay_s=st.sampled_from([0.0, 4.0, 3600.0]),
)
SECONDS = st.floats(0, 1e7)
SPECS = st.sampled_from([a_spec(), a_spec("other"), a_spec("web", group=["g"])])
TEXT = st.sampled_from(["", "because"])
ENDED = st.builds(
    Ended, st.sampled_from([0, 3, None]), st.sampled_from(["SIGKILL", None]), SECONDS, SECONDS
)


def faults_of(record: Record) -> list[str]:
    """What must hold of every record that isn't forgotten; what doesn't, in words."""
    state, spec = record.state, record.spec
    fresh = state is State.STOPPED and spec is None and record.refusal is None
    rules = {
        "a pid has a group": record.pid is None or record.pgid == record.pid,
        "a group is in these states alone": (record.pgid is not None) == (state in IN_A_GROUP),
        "RUNNING: there is a process": state is not State.RUNNING or record.pid is not None,
        "what starts, runs or retries is wanted, and configured": (
            state not in (State.STARTING, State.RUNNING, State.BACKOFF)
            or (record.want is Want.UP and spec is not None)
        ),
        "what is stopped has a reason": (
            state not in (State.STOPPING, State.KILLING) or record.stop_reason is not None
        ),
        "BACKOFF alone has a next start": (
            (record.next_start_at is not None) == (state is State.BACKOFF)
        ),
        "FAILED: refused, and nothing in force": (
            state is not State.FAILED or (spec is None and record.refusal is not None)
        ),
        "STOPPED: wanted so": (
            state is not State.STOPPED or fresh or (record.want is Want.DOWN and spec is not None)
        ),
    }
    return [rule for rule, holds in rules.items() if not holds]


@st.composite
def records(draw: st.DrawFn, state: State) -> Record:
    """A plausible record in a state."""
    starts = state in (State.STARTING, State.RUNNING, State.BACKOFF)
    ends = state in (State.STOPPING, State.KILLING)
    spec = draw(SPECS) if starts or state is State.STOPPED else None
    spec = draw(st.none() | SPECS) if ends else spec
    want = Want.UP if starts else draw(st.sampled_from(Want))
    pgid = draw(st.integers(2, 1 << 22)) if state in IN_A_GROUP else None
    reasons = st.sampled_from(StopReason)
    return Record(
        "web",
        state,
        want=Want.DOWN if state is State.STOPPED else want,
        spec=spec,
        refusal="bad" if state is State.FAILED else draw(st.none() | st.just("bad")),
        epoch=draw(st.integers(1, 9)),
        pid=draw(st.none() | st.just(pgid)) if ends else pgid,
        pgid=pgid,
        since_at=draw(SECONDS),
        started_mono=draw(SECONDS),
        stop_reason=draw(reasons if ends else st.none() | reasons),
        last=draw(st.none() | ENDED),
        delay_s=draw(SECONDS),
        next_start_at=draw(SECONDS) if state is State.BACKOFF else None,
        note=draw(TEXT),
    )


@st.composite
def events(draw: st.DrawFn, kind: type[Event], epoch: int) -> Event:
    """An event of a kind, about this run."""
    made: dict[type, st.SearchStrategy[Event]] = {
        Configured: st.builds(Configured, SPECS),
        Refused: st.builds(Refused, st.sampled_from(["bad", "worse"])),
        Removed: st.just(Removed()),
        StartAsked: st.builds(StartAsked, TEXT),
        StopAsked: st.builds(StopAsked, TEXT),
        RestartAsked: st.builds(RestartAsked, TEXT, st.booleans()),
        SignalAsked: st.just(SignalAsked("HUP")),
        ShutdownBegan: st.just(ShutdownBegan()),
        Spawned: st.builds(Spawned, st.just(epoch), st.integers(2, 1 << 22)),
        SpawnFailed: st.just(SpawnFailed(epoch, "no")),
        Exited: st.builds(Exited, st.just(epoch), st.just(0), st.none(), st.booleans()),
        GroupGone: st.just(GroupGone(epoch)),
        KillDue: st.just(KillDue(epoch)),
        RetryDue: st.just(RetryDue(epoch)),
    }
    return draw(made[kind])


def never_reported(record: Record, event: Event) -> bool:
    """Whether no shell reports this: an end of what doesn't run, a timer that isn't armed."""
    match event:
        case Exited():
            return record.pid is None
        case GroupGone():
            return record.pgid is None or record.pid is not None
        case KillDue():
            return timer_of(record.state) is not ArmKill
        case RetryDue():
            return timer_of(record.state) is not ArmRetry
        case _:
            return False


def timer_of(state: State) -> type[Effect] | None:
    """The one timer that a process in this state has."""
    return {State.STOPPING: ArmKill, State.BACKOFF: ArmRetry}.get(state)


def timer_after(record: Record, event: Event, effects: tuple[Effect, ...]) -> type[Effect] | None:
    """The timer that is armed once the effects of an event are performed."""
    timer = timer_of(record.state)
    if isinstance(event, KillDue | RetryDue):
        timer = None  # it is what fired
    for effect in effects:
        if isinstance(effect, Disarm):
            timer = None
        elif isinstance(effect, ArmKill | ArmRetry):
            assert timer is None, "one is armed already"
            timer = type(effect)
    return timer


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("kind", EVENTS)
@settings(max_examples=settings().max_examples // 3)
@given(choice=st.data())
def test_every_step_leads_to_a_sound_record(
    kind: type[Event], state: State, choice: st.DataObject
) -> None:
    """Whatever happens in whatever state: the record is sound, and so is what is to be done."""
    old = choice.draw(records(state))
    assert faults_of(old) == [], "the builder's own fault"
    event = choice.draw(events(kind, old.epoch))
    if never_reported(old, event):
        assume(
            isinstance(event, KillDue | RetryDue) or state not in (State.STOPPING, State.KILLING)
        )
        assert machine.step(old, event, Moment(0.0, 0.0, Policy())) == (old, ())
        return
    policy = choice.draw(POLICIES)
    at = Moment(choice.draw(SECONDS), choice.draw(SECONDS), policy)
    new, effects = machine.step(old, event, at)
    kinds = [type(effect) for effect in effects]

    assert new.name == old.name
    assert new.epoch == old.epoch + kinds.count(Spawn)
    assert new.delay_s <= max(old.delay_s, policy.max_delay_s)
    if Forget in kinds:
        assert kinds[-1] is Forget
        assert (new.pid, new.pgid, new.spec, timer_after(old, event, effects)) == (None,) * 4 or (
            isinstance(event, Removed) and old.pgid is None
        )
    else:
        assert faults_of(new) == []
        assert timer_after(old, event, effects) is timer_of(new.state)
    for effect in effects:
        if isinstance(effect, Spawn):
            assert (new.state, new.pgid) == (State.STARTING, None)
            assert old.pgid is None or isinstance(event, Exited | GroupGone)
        elif isinstance(effect, SignalGroup):
            assert effect.pgid == old.pgid
            assert effect.pgid > 1
        elif isinstance(effect, SignalProcess):
            assert effect.pid == old.pid
        elif isinstance(effect, ArmKill | ArmRetry):
            assert effect.delay_s >= 0


@pytest.mark.parametrize("state", State)
@given(choice=st.data())
def test_what_carries_an_old_epoch_changes_nothing(state: State, choice: st.DataObject) -> None:
    """A timer, an end or a start of an earlier run is dropped, whatever the state."""
    old = choice.draw(records(state))
    kind = choice.draw(st.sampled_from(machine.DATED))
    epoch = choice.draw(st.integers(0, 20).filter(lambda epoch: epoch != old.epoch))
    event = choice.draw(events(kind, epoch))
    new, effects = machine.step(old, event, Moment(0.0, 0.0, Policy()))
    assert new is old
    assert effects == ()


@given(choice=st.data(), state=st.sampled_from(State))
def test_the_wall_clock_decides_nothing(state: State, choice: st.DataObject) -> None:
    """Wherever the wall clock is, the same is done, and only dates differ."""
    old = choice.draw(records(state))
    kind = choice.draw(st.sampled_from(EVENTS))
    event = choice.draw(events(kind, old.epoch))
    mono = choice.draw(SECONDS)
    one, effects = machine.step(old, event, Moment(mono, 0.0, Policy()))
    two, same_effects = machine.step(old, event, Moment(mono, 1e9, Policy()))
    assert effects == same_effects
    assert dateless(one) == dateless(two)


def dateless(record: Record) -> Record:
    last = record.last and record.last._replace(at=0.0)
    next_start_at = None if record.next_start_at is None else 0.0
    return record._replace(since_at=0.0, last=last, next_start_at=next_start_at)
