"""A record in words and dates: what the status file says of a process."""

from __future__ import annotations

from hashlib import sha256
from typing import assert_never

from .model import Ended, Record, State, StopReason
from .status import LastExit, StatusRecord, utc_text


def status_of(record: Record) -> StatusRecord:
    """What anyone may read of a process."""
    spec = record.spec
    next_start_at = record.next_start_at
    return StatusRecord(
        name=record.name,
        state=record.state.value,
        want=record.want.value,
        reason=reason(record),
        since=utc_text(record.since_at),
        pid=record.pid,
        starts=record.epoch,
        last_exit=record.last and _last_exit(record.last),
        next_start=None if next_start_at is None else utc_text(next_start_at),
        fingerprint=None if spec is None else sha256(spec.text).hexdigest(),
        refused=record.refusal,
        warnings=() if spec is None else spec.warnings,
    )


def _last_exit(last: Ended) -> LastExit:
    return LastExit(last.code, last.signal, utc_text(last.at), round(last.lived_s, 3))


def how_it_ended(last: Ended) -> str:
    """One run's end: ``exited with code 3 after 0.2 s``."""
    how = f"killed by {last.signal}" if last.signal else f"exited with code {last.code}"
    return f"{how} after {last.lived_s:.1f} s"


def reason(record: Record) -> str:
    """Why a process is in the state it is in."""
    match record.state:
        case State.STOPPED:
            return _noted(record.stop_reason or "stop requested", record.note)
        case State.STARTING:
            return "waiting for its turn to start"
        case State.RUNNING:
            return "started" if record.epoch == 1 else f"started again: {_why_again(record)}"
        case State.STOPPING:
            return f"TERM sent: {_noted(_stopping(record), record.note)}"
        case State.KILLING:
            return f"KILL sent: {_noted(_stopping(record), record.note)}"
        case State.BACKOFF:
            return record.note or f"{_end(record)}, sooner than its threshold"
        case State.FAILED:
            return record.refusal or "its file cannot be used"
        case _:
            assert_never(record.state)


def _end(record: Record) -> str:
    return how_it_ended(record.last) if record.last else "it never ran"


def _stopping(record: Record) -> str:
    why = str(record.stop_reason)
    if record.pid is None and record.stop_reason is not StopReason.LEFTOVER:
        why += "; it has ended, others of its process group have not"
    return why


def _why_again(record: Record) -> str:
    if record.stop_reason is StopReason.STOP:
        return _noted("start requested", record.note)
    if record.stop_reason in (None, StopReason.LEFTOVER):
        return _end(record)
    return _noted(str(record.stop_reason), record.note)


def _noted(text: str, note: str) -> str:
    return f"{text} ({note})" if note else text
