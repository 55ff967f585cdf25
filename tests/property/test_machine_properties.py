"""The machine, for every state, every event and every plausible record."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from machine_moves import Move, moves

from builders import a_spec
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
    Moment,
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
from ncolony.policy import RESTARTS, GiveUp, Policy
from ncolony.runs import rules_of

MOVES = moves()
EVENTS: tuple[type[Event], ...] = get_args(Event)
STOPS = (State.STOPPING, State.KILLING)
HAS_A_TREE = (State.RUNNING, *STOPS)
TIMED = KillDue | ReportDue | RetryDue
ARMS = ArmKill | ArmReport | ArmRetry
POLICIES = st.builds(
    Policy,
    threshold_s=st.sampled_from([0.0, 1.0]),
    killtime_s=st.sampled_from([0.0, 5.0]),
    min_delay_s=st.sampled_from([0.0, 1.0, 9.0]),
    max_delay_s=st.sampled_from([0.0, 4.0, 3600.0]),
    jitter=st.sampled_from([0.0, 0.5, 1.0]),
    restart=st.sampled_from(RESTARTS),
    success=st.sampled_from([frozenset({0}), frozenset({3, "SIGKILL"})]),
    give_up=st.sampled_from([None, GiveUp(1, 0.0), GiveUp(2, 1e7)]),
    stop_signal=st.sampled_from(["TERM", "INT"]),
    kill_mode=st.sampled_from(["tree", "process"]),
)
SECONDS = st.floats(0, 1e7)
OWN_RULES = [
    {},
    {"restart": "never"},
    {"restart": "on-failure", "success": [3]},
    {"give_up": {"failures": 2, "within": "2w"}, "minrestartdelay": 2},
    {"kill_mode": "process", "killtime": 1},
    {"kill_mode": "tree", "stop_signal": "QUIT"},
    {"jitter": 1, "maxrestartdelay": "1h"},
]
SPECS = st.sampled_from(
    [a_spec(), a_spec("other"), a_spec("web", group=["g"])]
    + [a_spec(enabled=enabled, **rules) for enabled in (True, False) for rules in OWN_RULES]
)
TEXT = st.sampled_from(["", "because"])
ENDED = st.one_of(
    st.builds(Ended, st.sampled_from([0, 3]), st.none(), SECONDS, SECONDS),
    st.builds(Ended, st.none(), st.sampled_from(["SIGKILL", "SIGTERM"]), SECONDS, SECONDS),
)


def faults_of(record: Record) -> list[str]:
    """What must hold of every record that isn't forgotten; what doesn't, in words."""
    state, spec, stops = record.state, record.spec, record.state in STOPS
    fresh = state is State.STOPPED and spec is None and record.refusal is None
    rules = {
        "a pid is its tree's": record.pid is None or record.tree == record.pid,
        "a tree is in these states alone": (record.tree is not None) == (state in HAS_A_TREE),
        "what runs ran": record.pid is None or record.ran is not None,
        "RUNNING: there is a process": state is not State.RUNNING or record.pid is not None,
        "what starts, runs, retries or has ended is wanted, and configured": (
            state not in (State.STARTING, State.RUNNING, State.BACKOFF, State.EXITED)
            or (record.want is Want.UP and spec is not None)
        ),
        "what is stopped has a reason": state not in STOPS or record.stop_reason is not None,
        "what left others behind has ended": (
            record.stop_reason is not StopReason.LEFTOVER or record.pid is None or not stops
        ),
        "BACKOFF alone has a next start": (
            (record.next_start_at is not None) == (state is State.BACKOFF)
        ),
        "EXITED: by an end": state is not State.EXITED or record.last is not None,
        "FAILED: refused with nothing in force, or given up": (
            state is not State.FAILED
            or (spec is None and record.refusal is not None)
            or (spec is not None and record.want is Want.UP and record.note != "")
        ),
        "STOPPED: wanted so": (
            state is not State.STOPPED or fresh or (record.want is Want.DOWN and spec is not None)
        ),
        "stuck: KILLING": record.stuck == "" or state is State.KILLING,
    }
    return [rule for rule, holds in rules.items() if not holds]


@st.composite
def records(draw: st.DrawFn, state: State) -> Record:
    """A record that there may be in this state."""
    stops = state in STOPS
    spec = draw(SPECS)
    refused = draw(st.booleans())
    given_up = state is State.FAILED and draw(st.booleans())
    if (stops and draw(st.booleans())) or (state is State.FAILED and not given_up):
        spec, refused = None, refused or state is State.FAILED
    want = draw(st.sampled_from(Want)) if stops or spec is None else Want.UP
    tree = draw(st.integers(2, 4) | st.integers(2, 1 << 22)) if state in HAS_A_TREE else None
    reasons = st.sampled_from(StopReason)
    reason = draw(reasons if stops else st.none() | reasons)
    ended = stops and (reason is StopReason.LEFTOVER or draw(st.booleans()))
    pid = None if ended else tree
    note = draw(TEXT)
    return Record(
        "web",
        state,
        want=Want.DOWN if state is State.STOPPED else want,
        spec=spec,
        ran=draw(SPECS) if pid is not None else draw(st.none() | SPECS),
        refusal="bad" if refused else None,
        refused_fingerprint="f" if refused else None,
        epoch=draw(st.integers(1, 9)),
        pid=pid,
        tree=tree,
        since_at=draw(SECONDS),
        started_mono=draw(SECONDS),
        stop_reason=reason,
        last=draw(ENDED if state is State.EXITED else st.none() | ENDED),
        delay_s=draw(SECONDS),
        next_start_at=draw(SECONDS) if state is State.BACKOFF else None,
        failures=draw(st.lists(SECONDS, max_size=2).map(tuple)),
        note=note or "gave up" if given_up else note,
        stuck=draw(TEXT) if state is State.KILLING else "",
    )


@st.composite
def events(draw: st.DrawFn, kind: type[Event], epoch: int) -> Event:
    """An event of a kind, about this run."""
    made: dict[type, st.SearchStrategy[Event]] = {
        Configured: st.builds(Configured, SPECS),
        Refused: st.builds(Refused, st.sampled_from(["bad", "worse"]), st.sampled_from("fg")),
        Removed: st.just(Removed()),
        StartAsked: st.builds(StartAsked, TEXT),
        StopAsked: st.builds(StopAsked, TEXT),
        RestartAsked: st.builds(RestartAsked, TEXT, st.booleans()),
        RunRestartAsked: st.builds(RunRestartAsked, st.integers(2, 4), TEXT),
        SignalAsked: st.just(SignalAsked("HUP")),
        ShutdownBegan: st.just(ShutdownBegan()),
        Spawned: st.builds(Spawned, st.just(epoch), st.integers(2, 1 << 22)),
        SpawnFailed: st.just(SpawnFailed(epoch, "no")),
        LeftoverFound: st.builds(LeftoverFound, st.integers(2, 1 << 22)),
        Exited: st.builds(
            lambda end, left: Exited(epoch, end.code, end.signal, left), ENDED, st.booleans()
        ),
        Remained: st.just(Remained(epoch)),
        TreeGone: st.just(TreeGone(epoch)),
        KillDue: st.just(KillDue(epoch)),
        ReportDue: st.builds(ReportDue, st.just(epoch), TEXT),
        RetryDue: st.just(RetryDue(epoch)),
    }
    return draw(made[kind])


def never_reported(record: Record, event: Event, policy: Policy) -> bool:
    """Whether no shell reports this: an end of what doesn't run, a timer that isn't armed."""
    at = Moment(0.0, 0.0, policy)
    match event:
        case Exited():
            alone = rules_of(record.ran, at).kill_mode == "process"
            return record.pid is None or (event.left and alone)
        case Remained() | TreeGone():
            return record.tree is None or record.pid is not None
        case LeftoverFound():
            return record.spec is not None or record.refusal is not None
        case KillDue():
            return timer_of(record.state) is not ArmKill
        case ReportDue():
            return timer_of(record.state) is not ArmReport
        case RetryDue():
            return timer_of(record.state) is not ArmRetry
        case _:
            return False


def timer_of(state: State) -> type[Effect] | None:
    """The one timer that a process in this state has."""
    timers = {State.STOPPING: ArmKill, State.KILLING: ArmReport, State.BACKOFF: ArmRetry}
    return timers.get(state)


def timer_after(record: Record, event: Event, effects: tuple[Effect, ...]) -> type[Effect] | None:
    """The timer that is armed once the effects of an event are performed."""
    timer = timer_of(record.state)
    if isinstance(event, TIMED):
        timer = None  # it is what fired
    for effect in effects:
        if isinstance(effect, Disarm):
            timer = None
        elif isinstance(effect, ARMS):
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
    if kind is LeftoverFound and state is State.STOPPED:
        old = Record("web")
    assert faults_of(old) == [], "the builder's own fault"
    event = choice.draw(events(kind, old.epoch))
    policy = choice.draw(POLICIES)
    if never_reported(old, event, policy):
        assume(isinstance(event, TIMED | LeftoverFound) or state not in STOPS)
        assume(not isinstance(event, Exited) or state is not State.RUNNING)
        assert machine.step(old, event, Moment(0.0, 0.0, policy)) == (old, ())
        return
    chance = choice.draw(st.floats(0, 1))
    at = Moment(choice.draw(SECONDS), choice.draw(SECONDS), policy, chance)
    new, effects = machine.step(old, event, at)
    kinds = [type(effect) for effect in effects]

    source = None if kind is LeftoverFound and state is State.STOPPED else state
    move = Move(source, None if Forget in kinds else new.state)
    assert move.source is move.target or kind in MOVES[move], "a move that no page shows"
    assert new.name == old.name
    assert new.epoch == old.epoch + kinds.count(Spawn)
    rules = rules_of(new.spec, at)
    assert new.delay_s <= max(old.delay_s, rules.max_delay_s, rules.min_delay_s)
    if Forget in kinds:
        assert kinds[-1] is Forget
        assert (new.pid, new.tree, new.spec, timer_after(old, event, effects)) == (None,) * 4 or (
            isinstance(event, Removed) and old.tree is None
        )
    else:
        assert faults_of(new) == []
        assert timer_after(old, event, effects) is timer_of(new.state)
    for effect in effects:
        check_effect(effect, old, event, new)


def check_effect(effect: Effect, old: Record, event: Event, new: Record) -> None:
    """What is to be done fits what there is."""
    if isinstance(effect, Spawn):
        assert (new.state, new.tree, new.ran) == (State.STARTING, None, None)
        assert old.tree is None or isinstance(event, Exited | TreeGone)
    elif isinstance(effect, SignalTree):
        assert effect.pid == (event.pid if isinstance(event, LeftoverFound) else old.tree)
        assert effect.pid > 1
        assert new.pid is None or rules_of(old.ran, NO_RULES).kill_mode != "process"
    elif isinstance(effect, SignalProcess):
        assert effect.pid == old.pid
    elif isinstance(effect, ARMS):
        assert effect.delay_s >= 0


#: Where a process's own rules are asked for, and nothing else.
NO_RULES = Moment(0.0, 0.0, Policy())


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
    policy = choice.draw(POLICIES)
    assume(not never_reported(old, event, policy))
    mono, chance = choice.draw(SECONDS), choice.draw(st.floats(0, 1))
    one, effects = machine.step(old, event, Moment(mono, 0.0, policy, chance))
    two, same_effects = machine.step(old, event, Moment(mono, 1e9, policy, chance))
    assert effects == same_effects
    assert dateless(one) == dateless(two)


@given(choice=st.data(), state=st.sampled_from([State.RUNNING, *STOPS]))
def test_chance_decides_nothing_but_the_length_of_a_pause(
    state: State, choice: st.DataObject
) -> None:
    """Where there is no jitter, not even that."""
    old = choice.draw(records(state))
    event = choice.draw(events(choice.draw(st.sampled_from([Exited, TreeGone])), old.epoch))
    policy = choice.draw(POLICIES)
    assume(not never_reported(old, event, policy))
    mono = choice.draw(SECONDS)
    short, first = machine.step(old, event, Moment(mono, 0.0, policy, 0.0))
    long, last = machine.step(old, event, Moment(mono, 0.0, policy, 1.0))
    assert dateless(short) == dateless(long)
    assert [type(effect) for effect in first] == [type(effect) for effect in last]
    rules = rules_of(short.spec, Moment(0.0, 0.0, policy))
    for one, other in zip(first, last, strict=True):
        if isinstance(one, ArmRetry) and isinstance(other, ArmRetry):
            assert one.delay_s == short.delay_s
            assert other.delay_s == short.delay_s * (1 + rules.jitter)


def dateless(record: Record) -> Record:
    last = record.last and record.last._replace(at=0.0)
    next_start_at = None if record.next_start_at is None else 0.0
    return record._replace(since_at=0.0, last=last, next_start_at=next_start_at)
