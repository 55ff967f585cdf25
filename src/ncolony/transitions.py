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
    return start(record, at)


def take_and_restart(record: Record, event: Configured, at: Moment) -> Step:
    if _same(record, event):
        return _taken(record, event), ()
    return stop(_taken(record, event), StopReason.CHANGED, at)


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
    return stop(record, StopReason.STOP, at)


def restart_running(record: Record, event: RestartAsked, at: Moment) -> Step:
    return stop(record._replace(note=event.reason), StopReason.RESTART, at)


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
    return stop(record._replace(want=Want.DOWN, note=""), StopReason.SHUTDOWN, at)


def shut_down_stopping(record: Record, event: ShutdownBegan, at: Moment) -> Step:
    return record._replace(want=Want.DOWN), ()
