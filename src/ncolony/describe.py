"""A record in words and dates: what the status file says of a process."""

from __future__ import annotations

from hashlib import sha256
from typing import assert_never

from .model import Ended, Record, State, StopReason
from .policy import Policy, in_force, is_failure
from .status import LastExit, StatusRecord, utc_text

#: So many processes are named one by one.
MOST_NAMED = 10


def status_of(record: Record, defaults: Policy) -> StatusRecord:
    """What anyone may read of a process; ``defaults`` are the monitor's rules."""
    spec = record.spec
    leftover = record.stop_reason is StopReason.PREDECESSOR
    next_start_at = record.next_start_at
    return StatusRecord(
        name=record.name,
        state=record.state.value,
        want=record.want.value,
        reason=reason(record, defaults),
        since=utc_text(record.since_at),
        pid=record.pid or (record.tree if leftover else None),
        starts=record.epoch,
        last_exit=record.last and _last_exit(record.last),
        next_start=None if next_start_at is None else utc_text(next_start_at),
        fingerprint=None if spec is None else sha256(spec.text).hexdigest(),
        refused=record.refusal,
        refused_fingerprint=record.refused_fingerprint,
        warnings=() if spec is None else spec.warnings,
        success=ended_well(record, defaults) if record.state is State.EXITED else None,
    )


def ended_well(record: Record, defaults: Policy) -> bool:
    """Whether a process's last end was no failure, by its policy."""
    rules = defaults if record.spec is None else in_force(record.spec.policy, defaults)
    return record.last is not None and not is_failure(record.last.code, record.last.signal, rules)


def _last_exit(last: Ended) -> LastExit:
    return LastExit(last.code, last.signal, utc_text(last.at), round(last.lived_s, 3))


def how_it_ended(last: Ended) -> str:
    """One run's end: ``exited with code 3 after 0.2 s``."""
    how = f"killed by {last.signal}" if last.signal else f"exited with code {last.code}"
    return f"{how} after {last.lived_s:.1f} s"


def reason(record: Record, defaults: Policy) -> str:
    """Why a process is in the state it is in."""
    match record.state:
        case State.STOPPED:
            return _noted(record.stop_reason or "stop requested", record.note)
        case State.STARTING:
            return "waiting for its turn to start"
        case State.RUNNING:
            return "started" if record.epoch == 1 else f"started again: {_why_again(record)}"
        case State.STOPPING:
            signal = in_force(record.ran.policy if record.ran else None, defaults).stop_signal
            return f"{signal} sent: {_noted(_stopping(record), record.note)}"
        case State.KILLING:
            left = f"; can't be killed: {record.stuck}" if record.stuck else ""
            return f"KILL sent: {_noted(_stopping(record), record.note)}{left}"
        case State.BACKOFF:
            return record.note or f"{_end(record)}, sooner than its threshold"
        case State.EXITED:
            return f"{_end(record)}, and is not to start again"
        case State.FAILED:
            return record.refusal or _failed(record)
        case _:
            assert_never(record.state)


def first_few(items: list[str]) -> str:
    """A list for people, of which ten are enough."""
    more = len(items) - MOST_NAMED
    return ", ".join(items[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _end(record: Record) -> str:
    return how_it_ended(record.last) if record.last else "it never ran"


def _failed(record: Record) -> str:
    """Why it was given up; with its end, where that was the last failure and no start was."""
    return f"{record.note}; {_end(record)}" if record.ran else record.note


def _stopping(record: Record) -> str:
    why = str(record.stop_reason)
    told = (StopReason.LEFTOVER, StopReason.PREDECESSOR)
    if record.pid is None and record.stop_reason not in told:
        why += "; it has ended, what it started has not"
    return why


def _why_again(record: Record) -> str:
    if record.stop_reason is StopReason.STOP:
        return _noted("start requested", record.note)
    if record.stop_reason in (None, StopReason.LEFTOVER):
        return _end(record)
    if record.stop_reason is StopReason.DISABLED:
        return "enabled in its file"
    return _noted(str(record.stop_reason), record.note)


def _noted(text: str, note: str) -> str:
    return f"{text} ({note})" if note else text
