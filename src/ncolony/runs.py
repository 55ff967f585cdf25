"""The cells of the machine's table that are about one run: its start, its end, its tree's end.

What the others share, to start, to stop, and where to go from rest, is here too.
"""

from __future__ import annotations

from .model import (
    ArmKill,
    ArmReport,
    ArmRetry,
    Disarm,
    Effect,
    Ended,
    Exited,
    Forget,
    KillDue,
    LeftoverFound,
    Moment,
    Record,
    Remained,
    ReportDue,
    RetryDue,
    SignalProcess,
    SignalTree,
    Spawn,
    Spawned,
    SpawnFailed,
    State,
    StopReason,
    TreeGone,
    Want,
)
from .policy import (
    Policy,
    died_instantly,
    gives_up,
    in_force,
    is_failure,
    jittered,
    next_delay,
    recent,
    starts_again,
)
from .spec import ProcessSpec

Step = tuple[Record, tuple[Effect, ...]]

#: What hasn't gone so long after KILL is reported, again and again: nothing else can be done.
REPORT_S = 1.0


def spawned(record: Record, event: Spawned, at: Moment) -> Step:
    return record._replace(
        state=State.RUNNING,
        ran=record.spec,
        pid=event.pid,
        tree=event.pid,
        since_at=at.utc,
        started_mono=at.mono,
    ), ()


def spawn_failed(record: Record, event: SpawnFailed, at: Moment) -> Step:
    rules = rules_of(record.spec, at)
    failures = recent(record.failures, at.mono, rules)
    record = record._replace(stop_reason=None, note=event.reason, failures=failures)
    if rules.restart == "never":
        return _failed(record, event.reason, at)
    if gives_up(failures, rules):
        return _gave_up(record, event.reason, rules, at)
    return _back_off(record, rules, at)


def died(record: Record, event: Exited, at: Moment) -> Step:
    record = record._replace(pid=None, last=_end(record, event, at), stop_reason=None, note="")
    if event.left:
        return stop(record, StopReason.LEFTOVER, at)
    return rest(record, at)


def stopped(record: Record, event: Exited, at: Moment) -> Step:
    record = record._replace(pid=None, last=_end(record, event, at))
    if event.left:
        return remained(record, event, at)
    return over(record, event, at)


def remained(record: Record, event: Exited | Remained, at: Moment) -> Step:
    """Who has just turned up among those that are left gets the signal that the others had."""
    return record, _signal(record, _stop_signal(record, at), at)


def remained_killing(record: Record, event: Exited | Remained, at: Moment) -> Step:
    return record, _signal(record, "KILL", at)


def stopped_killing(record: Record, event: Exited, at: Moment) -> Step:
    record = record._replace(pid=None, last=_end(record, event, at))
    if event.left:
        return remained_killing(record, event, at)
    return over(record, event, at)


def over(record: Record, event: Exited | TreeGone, at: Moment) -> Step:
    record, effects = rest(record._replace(stuck=""), at)
    return record, (Disarm(), *effects)


def kill(record: Record, event: KillDue, at: Moment) -> Step:
    record = record._replace(state=State.KILLING, since_at=at.utc)
    return record, (*_signal(record, "KILL", at), ArmReport(REPORT_S))


def report(record: Record, event: ReportDue, at: Moment) -> Step:
    if event.who != record.stuck:
        record = record._replace(stuck=event.who)
    return record, (*_signal(record, "KILL", at), ArmReport(REPORT_S))


def retry(record: Record, event: RetryDue, at: Moment) -> Step:
    return _begin(record, at, record.delay_s), (Spawn(),)


def end_leftover(record: Record, event: LeftoverFound, at: Moment) -> Step:
    return stop(record._replace(tree=event.pid), StopReason.PREDECESSOR, at)


# What the cells share


def rules_of(spec: ProcessSpec | None, at: Moment) -> Policy:
    """The rules by which a process of this configuration is started and stopped."""
    return at.policy if spec is None else in_force(spec.policy, at.policy)


def _begin(record: Record, at: Moment, delay_s: float) -> Record:
    return record._replace(
        state=State.STARTING,
        epoch=record.epoch + 1,
        ran=None,
        tree=None,
        since_at=at.utc,
        delay_s=delay_s,
        next_start_at=None,
    )


def start(record: Record, at: Moment) -> Step:
    """Start at once, with all patience restored."""
    effects: tuple[Effect, ...] = (Spawn(),)
    if record.state is State.BACKOFF:
        effects = (Disarm(), Spawn())
    return _begin(record._replace(failures=()), at, delay_s=0.0), effects


def stop(record: Record, reason: StopReason, at: Moment) -> Step:
    record = record._replace(state=State.STOPPING, stop_reason=reason, since_at=at.utc)
    rules = rules_of(record.ran, at)
    return record, (*_signal(record, rules.stop_signal, at), ArmKill(rules.killtime_s))


def _stop_signal(record: Record, at: Moment) -> str:
    return rules_of(record.ran, at).stop_signal


def _signal(record: Record, signal: str, at: Moment) -> tuple[Effect, ...]:
    if record.pid is not None and rules_of(record.ran, at).kill_mode == "process":
        return (SignalProcess(record.pid, signal),)
    return () if record.tree is None else (SignalTree(record.tree, signal),)


def _end(record: Record, event: Exited, at: Moment) -> Ended:
    lived_s = max(0.0, at.mono - record.started_mono)
    return Ended(event.code, event.signal, at.utc, lived_s)


def _back_off(record: Record, rules: Policy, at: Moment) -> Step:
    delay_s = next_delay(record.delay_s, rules)
    pause_s = jittered(delay_s, rules, at.chance)
    return record._replace(
        state=State.BACKOFF,
        tree=None,
        since_at=at.utc,
        delay_s=delay_s,
        next_start_at=at.utc + pause_s,
    ), (ArmRetry(pause_s),)


def rest(record: Record, at: Moment) -> Step:
    """Nothing runs: where to go from here, by what is wanted."""
    record = record._replace(tree=None)
    if record.spec is None and record.refusal is None:
        return record, (Forget(),)
    if record.spec is None:
        return record._replace(state=State.FAILED, since_at=at.utc), ()
    if record.want is Want.DOWN:
        return record._replace(state=State.STOPPED, since_at=at.utc, delay_s=0.0), ()
    if record.last is not None and record.stop_reason in (None, StopReason.LEFTOVER):
        return _after(record.last, record, at)
    return start(record, at)


def _after(last: Ended, record: Record, at: Moment) -> Step:
    """It ended by itself: where to go from here, by its policy."""
    rules = rules_of(record.spec, at)
    failed = is_failure(last.code, last.signal, rules)
    if not starts_again(failed, rules):
        return record._replace(state=State.EXITED, since_at=at.utc, delay_s=0.0), ()
    if failed:
        record = record._replace(failures=recent(record.failures, at.mono, rules))
        if gives_up(record.failures, rules):
            return _gave_up(record, "", rules, at)
    if died_instantly(last.lived_s, rules):
        return _back_off(record, rules, at)
    return _begin(record, at, delay_s=0.0), (Spawn(),)


def _gave_up(record: Record, why: str, rules: Policy, at: Moment) -> Step:
    assert rules.give_up is not None, "without a bound nothing gives up"
    text = f"gave up: {len(record.failures)} failures within {rules.give_up.within_s:g} s"
    return _failed(record, f"{text}; {why}" if why else text, at)


def _failed(record: Record, note: str, at: Moment) -> Step:
    return record._replace(
        state=State.FAILED, tree=None, since_at=at.utc, delay_s=0.0, note=note, failures=()
    ), ()
