"""The cells of the machine's table that are about what operators want: the file, and requests.

A cell takes a record, the event and the moment, and returns what the record becomes and what is
to be done about it.
"""

from __future__ import annotations

from typing import Any

from .model import (
    Configured,
    Disarm,
    Forget,
    Moment,
    Record,
    Refused,
    Removed,
    RestartAsked,
    RunRestartAsked,
    ShutdownBegan,
    SignalAsked,
    SignalProcess,
    StartAsked,
    State,
    StopAsked,
    StopReason,
    Want,
)
from .runs import Step, start, stop


def ignore(record: Record, event: Any, at: Moment) -> Step:
    return record, ()


# The file


def _same(record: Record, event: Configured) -> bool:
    return record.spec is not None and record.spec.text == event.spec.text


def _taken(record: Record, event: Configured) -> Record:
    """With the new file in force; what is wanted changes where ``enabled`` does."""
    if record.refusal is None and _same(record, event):
        return record
    was_enabled = record.spec is None or record.spec.enabled
    want = record.want
    if event.spec.enabled is not was_enabled:
        want = Want.UP if event.spec.enabled else Want.DOWN
    return record._replace(spec=event.spec, refusal=None, refused_fingerprint=None, want=want)


def _disabled(record: Record) -> bool:
    return record.want is Want.DOWN and record.spec is not None and not record.spec.enabled


def take_starting(record: Record, event: Configured, at: Moment) -> Step:
    record = _taken(record, event)
    return _disable(record, at) if _disabled(record) else (record, ())


def take_stopping(record: Record, event: Configured, at: Moment) -> Step:
    reason = record.stop_reason
    if reason is StopReason.LEFTOVER and not _same(record, event):
        reason = StopReason.CHANGED  # a new file starts at once, whatever the old one did
    record = _taken(record, event)
    if _disabled(record):
        reason = StopReason.DISABLED
    return record if reason is record.stop_reason else record._replace(stop_reason=reason), ()


def take_and_start(record: Record, event: Configured, at: Moment) -> Step:
    if _same(record, event):
        return _taken(record, event), ()
    record = _taken(record, event)
    if _disabled(record):
        return _disable(record, at)
    if record.want is Want.DOWN:
        return record._replace(state=State.STOPPED), ()
    return start(record, at)


def take_and_restart(record: Record, event: Configured, at: Moment) -> Step:
    if _same(record, event):
        return _taken(record, event), ()
    record = _taken(record, event)
    reason = StopReason.DISABLED if _disabled(record) else StopReason.CHANGED
    return stop(record, reason, at)


def _disable(record: Record, at: Moment) -> Step:
    return _down(record._replace(note=""), StopReason.DISABLED, at)


def refuse(record: Record, event: Refused, at: Moment) -> Step:
    if (record.refusal, record.refused_fingerprint) == event:
        return record, ()
    return record._replace(refusal=event.reason, refused_fingerprint=event.fingerprint), ()


def refuse_at_rest(record: Record, event: Refused, at: Moment) -> Step:
    before = record
    record, _ = refuse(record, event, at)
    if record is not before and record.spec is None:
        record = record._replace(state=State.FAILED, since_at=at.utc)
    return record, ()


def forget(record: Record, event: Removed, at: Moment) -> Step:
    return record, (Disarm(), Forget())


def unload(record: Record, event: Removed, at: Moment) -> Step:
    return record._replace(
        spec=None, refusal=None, refused_fingerprint=None, want=Want.UP, note=""
    ), ()


def unload_and_stop(record: Record, event: Removed, at: Moment) -> Step:
    record, _ = unload(record, event, at)
    return stop(record, StopReason.REMOVED, at)


# Requests


def start_asked(record: Record, event: StartAsked | RestartAsked, at: Moment) -> Step:
    asked = StopReason.STOP if isinstance(event, StartAsked) else StopReason.RESTART
    return start(record._replace(want=Want.UP, stop_reason=asked, note=event.reason), at)


def want_up(record: Record, event: StartAsked, at: Moment) -> Step:
    return record._replace(want=Want.UP), ()


def want_down(record: Record, event: StopAsked, at: Moment) -> Step:
    return record._replace(want=Want.DOWN, note=event.reason), ()


def start_stopping(record: Record, event: StartAsked, at: Moment) -> Step:
    return _at_once(record._replace(want=Want.UP), event.reason), ()


def stay_down(record: Record, event: StopAsked | ShutdownBegan, at: Moment) -> Step:
    if isinstance(event, StopAsked):
        return _down(record._replace(note=event.reason), StopReason.STOP, at)
    return _down(record._replace(note=""), StopReason.SHUTDOWN, at)


def _down(record: Record, reason: StopReason, at: Moment) -> Step:
    """Nothing runs, and nothing is to."""
    return record._replace(
        state=State.STOPPED,
        want=Want.DOWN,
        since_at=at.utc,
        stop_reason=reason,
        delay_s=0.0,
        next_start_at=None,
        failures=(),
    ), (Disarm(),)


def start_failed(record: Record, event: StartAsked, at: Moment) -> Step:
    if record.spec is None:
        return want_up(record, event, at)
    return start_asked(record, event, at)


def stop_failed(record: Record, event: StopAsked, at: Moment) -> Step:
    if record.spec is None:
        return want_down(record, event, at)
    return stay_down(record, event, at)


def stop_asked(record: Record, event: StopAsked, at: Moment) -> Step:
    record = record._replace(want=Want.DOWN, note=event.reason)
    return stop(record, StopReason.STOP, at)


def restart_running(record: Record, event: RestartAsked | RunRestartAsked, at: Moment) -> Step:
    return stop(record._replace(note=event.reason), StopReason.RESTART, at)


def restart_run(record: Record, event: RunRestartAsked, at: Moment) -> Step:
    return restart_running(record, event, at) if record.pid == event.pid else (record, ())


def restart_stopped(record: Record, event: RestartAsked, at: Moment) -> Step:
    return start_asked(record, event, at) if event.named else (record, ())


def restart_failed(record: Record, event: RestartAsked, at: Moment) -> Step:
    if record.spec is not None:
        return start_asked(record, event, at)
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
    return stop(record._replace(want=Want.DOWN, note=""), StopReason.SHUTDOWN, at)


def shut_down_stopping(record: Record, event: ShutdownBegan, at: Moment) -> Step:
    return record._replace(want=Want.DOWN), ()
