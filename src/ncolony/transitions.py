"""The cells of the machine's table: one transition each, by the rules of ``machine``.

A cell takes a record, the event and the moment, and returns what the record becomes and what is
to be done about it.
"""

from __future__ import annotations

from typing import Any

from .model import (
    ArmKill,
    ArmRetry,
    Configured,
    Disarm,
    Effect,
    Ended,
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
from .policy import died_instantly, next_delay

Step = tuple[Record, tuple[Effect, ...]]


def ignore(record: Record, event: Any, at: Moment) -> Step:
    return record, ()


# The file


def _same(record: Record, event: Configured) -> bool:
    return record.spec is not None and record.spec.text == event.spec.text


def _taken(record: Record, event: Configured) -> Record:
    if record.refusal is None and _same(record, event):
        return record
    return record._replace(spec=event.spec, refusal=None)


def take(record: Record, event: Configured, at: Moment) -> Step:
    return _taken(record, event), ()


def take_stopping(record: Record, event: Configured, at: Moment) -> Step:
    reason = record.stop_reason
    if reason is StopReason.LEFTOVER and not _same(record, event):
        reason = StopReason.CHANGED  # a new file starts at once, whatever the old one did
    if reason is not record.stop_reason:
        record = record._replace(stop_reason=reason)
    return _taken(record, event), ()


def take_and_start(record: Record, event: Configured, at: Moment) -> Step:
    if _same(record, event):
        return _taken(record, event), ()
    record = _taken(record, event)
    if record.want is Want.DOWN:
        return record._replace(state=State.STOPPED), ()
    return _start(record, at)


def take_and_restart(record: Record, event: Configured, at: Moment) -> Step:
    if _same(record, event):
        return _taken(record, event), ()
    return _stop(_taken(record, event), StopReason.CHANGED, at)


def refuse(record: Record, event: Refused, at: Moment) -> Step:
    if record.refusal == event.reason:
        return record, ()
    return record._replace(refusal=event.reason), ()


def refuse_at_rest(record: Record, event: Refused, at: Moment) -> Step:
    if record.refusal == event.reason:
        return record, ()
    record = record._replace(refusal=event.reason)
    if record.spec is None:
        record = record._replace(state=State.FAILED, since_at=at.utc)
    return record, ()


def forget(record: Record, event: Removed, at: Moment) -> Step:
    return record, (Disarm(), Forget())


def unload(record: Record, event: Removed, at: Moment) -> Step:
    return record._replace(spec=None, refusal=None, want=Want.UP, note=""), ()


def unload_and_stop(record: Record, event: Removed, at: Moment) -> Step:
    record, _ = unload(record, event, at)
    return _stop(record, StopReason.REMOVED, at)


# Requests


def start_asked(record: Record, event: StartAsked | RestartAsked, at: Moment) -> Step:
    asked = StopReason.STOP if isinstance(event, StartAsked) else StopReason.RESTART
    return _start(record._replace(want=Want.UP, stop_reason=asked, note=event.reason), at)


def want_up(record: Record, event: StartAsked, at: Moment) -> Step:
    return record._replace(want=Want.UP), ()


def want_down(record: Record, event: StopAsked, at: Moment) -> Step:
    return record._replace(want=Want.DOWN, note=event.reason), ()


def start_stopping(record: Record, event: StartAsked, at: Moment) -> Step:
    return _at_once(record._replace(want=Want.UP), event.reason), ()


def stay_down(record: Record, event: StopAsked | ShutdownBegan, at: Moment) -> Step:
    asked = isinstance(event, StopAsked)
    return record._replace(
        state=State.STOPPED,
        want=Want.DOWN,
        since_at=at.utc,
        stop_reason=StopReason.STOP if asked else StopReason.SHUTDOWN,
        note=event.reason if isinstance(event, StopAsked) else "",
        delay_s=0.0,
        next_start_at=None,
    ), (Disarm(),)


def stop_asked(record: Record, event: StopAsked, at: Moment) -> Step:
    record = record._replace(want=Want.DOWN, note=event.reason)
    return _stop(record, StopReason.STOP, at)


def restart_running(record: Record, event: RestartAsked, at: Moment) -> Step:
    return _stop(record._replace(note=event.reason), StopReason.RESTART, at)


def restart_stopped(record: Record, event: RestartAsked, at: Moment) -> Step:
    return start_asked(record, event, at) if event.named else (record, ())


def restart_failed(record: Record, event: RestartAsked, at: Moment) -> Step:
    return record._replace(want=Want.UP) if event.named else record, ()


def restart_stopping(record: Record, event: RestartAsked, at: Moment) -> Step:
    if event.named:
        record = record._replace(want=Want.UP)
    return _at_once(record, event.reason), ()


def _at_once(record: Record, note: str) -> Record:
    """Asked for while what it left behind is stopped: the next run needs no pause."""
    if record.stop_reason is not StopReason.LEFTOVER:
        return record
    return record._replace(stop_reason=StopReason.RESTART, note=note)


def signal(record: Record, event: SignalAsked, at: Moment) -> Step:
    return record, () if record.pid is None else (SignalProcess(record.pid, event.signal),)


def shut_down(record: Record, event: ShutdownBegan, at: Moment) -> Step:
    return _stop(record._replace(want=Want.DOWN, note=""), StopReason.SHUTDOWN, at)


def shut_down_stopping(record: Record, event: ShutdownBegan, at: Moment) -> Step:
    return record._replace(want=Want.DOWN), ()


# One run


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
        return _stop(record, StopReason.LEFTOVER, at)
    return _rest(record, at)


def stopped(record: Record, event: Exited, at: Moment) -> Step:
    record = record._replace(pid=None, last=_end(record, event, at))
    if event.group_left:
        return record, ()
    return over(record, event, at)


def over(record: Record, event: Exited | GroupGone, at: Moment) -> Step:
    record, effects = _rest(record, at)
    return record, (Disarm(), *effects)


def kill(record: Record, event: KillDue, at: Moment) -> Step:
    return record._replace(state=State.KILLING, since_at=at.utc), _signal_group(record, "KILL")


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


def _start(record: Record, at: Moment) -> Step:
    """Start at once, with all patience restored."""
    effects: tuple[Effect, ...] = (Spawn(),)
    if record.state is State.BACKOFF:
        effects = (Disarm(), Spawn())
    return _begin(record, at, delay_s=0.0), effects


def _stop(record: Record, reason: StopReason, at: Moment) -> Step:
    record = record._replace(state=State.STOPPING, stop_reason=reason, since_at=at.utc)
    return record, (*_signal_group(record, "TERM"), ArmKill(at.policy.killtime_s))


def _signal_group(record: Record, signal: str) -> tuple[Effect, ...]:
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


def _rest(record: Record, at: Moment) -> Step:
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
    return _start(record, at)
