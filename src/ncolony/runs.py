"""The cells of the machine's table that are about one run: its start, its end, its group's end.

What the others share, to start, to stop, and where to go from rest, is here too.
"""

from __future__ import annotations

from .model import (
    ArmKill,
    ArmRetry,
    Disarm,
    Effect,
    Ended,
    Exited,
    Forget,
    GroupGone,
    KillDue,
    Moment,
    Record,
    RetryDue,
    SignalGroup,
    Spawn,
    Spawned,
    SpawnFailed,
    State,
    StopReason,
    Want,
)
from .policy import died_instantly, next_delay

Step = tuple[Record, tuple[Effect, ...]]


def spawned(record: Record, event: Spawned, at: Moment) -> Step:
    return record._replace(
        state=State.RUNNING,
        pid=event.pid,
        pgid=event.pid,
        since_at=at.utc,
        started_mono=at.mono,
    ), ()


def spawn_failed(record: Record, event: SpawnFailed, at: Moment) -> Step:
    return _back_off(record._replace(stop_reason=None, note=event.reason), at)


def died(record: Record, event: Exited, at: Moment) -> Step:
    record = record._replace(pid=None, last=_end(record, event, at), stop_reason=None, note="")
    if event.group_left:
        return stop(record, StopReason.LEFTOVER, at)
    return rest(record, at)


def stopped(record: Record, event: Exited, at: Moment) -> Step:
    record = record._replace(pid=None, last=_end(record, event, at))
    if event.group_left:
        return record, ()
    return over(record, event, at)


def over(record: Record, event: Exited | GroupGone, at: Moment) -> Step:
    record, effects = rest(record, at)
    return record, (Disarm(), *effects)


def kill(record: Record, event: KillDue, at: Moment) -> Step:
    return record._replace(state=State.KILLING, since_at=at.utc), signal_group(record, "KILL")


def retry(record: Record, event: RetryDue, at: Moment) -> Step:
    return _begin(record, at, record.delay_s), (Spawn(),)


# What the cells share


def _begin(record: Record, at: Moment, delay_s: float) -> Record:
    return record._replace(
        state=State.STARTING,
        epoch=record.epoch + 1,
        pgid=None,
        since_at=at.utc,
        delay_s=delay_s,
        next_start_at=None,
    )


def start(record: Record, at: Moment) -> Step:
    """Start at once, with all patience restored."""
    effects: tuple[Effect, ...] = (Spawn(),)
    if record.state is State.BACKOFF:
        effects = (Disarm(), Spawn())
    return _begin(record, at, delay_s=0.0), effects


def stop(record: Record, reason: StopReason, at: Moment) -> Step:
    record = record._replace(state=State.STOPPING, stop_reason=reason, since_at=at.utc)
    return record, (*signal_group(record, "TERM"), ArmKill(at.policy.killtime_s))


def signal_group(record: Record, signal: str) -> tuple[Effect, ...]:
    return () if record.pgid is None else (SignalGroup(record.pgid, signal),)


def _end(record: Record, event: Exited, at: Moment) -> Ended:
    lived_s = max(0.0, at.mono - record.started_mono)
    return Ended(event.code, event.signal, at.utc, lived_s)


def _back_off(record: Record, at: Moment) -> Step:
    delay_s = next_delay(record.delay_s, at.policy)
    return record._replace(
        state=State.BACKOFF,
        pgid=None,
        since_at=at.utc,
        delay_s=delay_s,
        next_start_at=at.utc + delay_s,
    ), (ArmRetry(delay_s),)


def rest(record: Record, at: Moment) -> Step:
    """Nothing runs: where to go from here, by what is wanted."""
    if record.spec is None and record.refusal is None:
        return record._replace(pgid=None), (Forget(),)
    if record.spec is None:
        return record._replace(state=State.FAILED, pgid=None, since_at=at.utc), ()
    if record.want is Want.DOWN:
        at_rest = record._replace(state=State.STOPPED, pgid=None, since_at=at.utc, delay_s=0.0)
        return at_rest, ()
    by_itself = record.stop_reason in (None, StopReason.LEFTOVER)
    if by_itself and record.last and died_instantly(record.last.lived_s, at.policy):
        return _back_off(record, at)
    return start(record, at)
