"""The life of one process, as a table.

Theory of operation
-------------------

A process is wanted UP or DOWN, has a configuration in force (``spec``) or none, and is in one
of seven states:

- STOPPED: nothing runs, and nothing is to.
- STARTING: it is about to run; the shell owes one Spawned or SpawnFailed.
- RUNNING: it runs.
- STOPPING: its group was sent TERM, and the kill timer is armed.
- KILLING: its group was sent KILL; all that is left is to wait for the kernel.
- BACKOFF: it died at once or couldn't be started; the retry timer is armed.
- FAILED: its file can't be used, and there is no earlier one in force.

A run is over when its whole process group is gone, not when the process has ended: until then
the state is STOPPING or KILLING, and no next run begins. That one rule keeps two instances from
living at the same time.

What interrupts a transition doesn't undo it. It changes what is wanted (``want``, ``spec``,
``stop_reason``), and when the run is over ``_rest`` decides from these alone where to go: a
start asked for during a stop, a file that changed twice, a removal and its undoing all come out
right without a state of their own.

Each start raises ``epoch``. What the shell reports of a run carries the epoch of that run, and
``step`` drops what is older, in one place. Whatever the shell fails to do comes back as an
event; nothing here raises, blocks or looks at a clock.

Two rules for this file: every (event, state) has a cell, ignoring is written out; and a cell
returns values, it does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .model import (
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
from .policy import died_instantly, next_delay

Step = tuple[Record, tuple[Effect, ...]]
Cell = Callable[[Record, Any, Moment], Step]

#: Events about one run: they carry its epoch.
DATED = (Spawned, SpawnFailed, Exited, GroupGone, KillDue, RetryDue)


def step(record: Record, event: Event, at: Moment) -> Step:
    """What becomes of a process through an event, and what is to be done about it."""
    if isinstance(event, DATED) and event.epoch != record.epoch:
        return record, ()
    return TABLE[type(event)][record.state](record, event, at)


def _ignore(record: Record, event: Any, at: Moment) -> Step:
    return record, ()


# The file


def _same(record: Record, event: Configured) -> bool:
    return record.spec is not None and record.spec.text == event.spec.text


def _take(record: Record, event: Configured, at: Moment) -> Step:
    return record._replace(spec=event.spec, refusal=None), ()


def _take_stopping(record: Record, event: Configured, at: Moment) -> Step:
    reason = record.stop_reason
    if reason is StopReason.LEFTOVER and not _same(record, event):
        reason = StopReason.CHANGED  # a new file starts at once, whatever the old one did
    return record._replace(spec=event.spec, refusal=None, stop_reason=reason), ()


def _take_and_start(record: Record, event: Configured, at: Moment) -> Step:
    same = _same(record, event)
    record = record._replace(spec=event.spec, refusal=None)
    if same:
        return record, ()
    if record.want is Want.DOWN:
        return record._replace(state=State.STOPPED), ()
    return _start(record, at)


def _take_and_restart(record: Record, event: Configured, at: Moment) -> Step:
    same = _same(record, event)
    record = record._replace(spec=event.spec, refusal=None)
    return (record, ()) if same else _stop(record, StopReason.CHANGED, at)


def _refuse(record: Record, event: Refused, at: Moment) -> Step:
    return record._replace(refusal=event.reason), ()


def _refuse_at_rest(record: Record, event: Refused, at: Moment) -> Step:
    record = record._replace(refusal=event.reason)
    if record.spec is None:
        record = record._replace(state=State.FAILED, since_at=at.utc)
    return record, ()


def _forget(record: Record, event: Removed, at: Moment) -> Step:
    return record, (Disarm(), Forget())


def _unload(record: Record, event: Removed, at: Moment) -> Step:
    return record._replace(spec=None, refusal=None, want=Want.UP, note=""), ()


def _unload_and_stop(record: Record, event: Removed, at: Moment) -> Step:
    record, _ = _unload(record, event, at)
    return _stop(record, StopReason.REMOVED, at)


# Requests


def _start_asked(record: Record, event: StartAsked | RestartAsked, at: Moment) -> Step:
    return _start(record._replace(want=Want.UP, note=event.reason), at)


def _want_up(record: Record, event: StartAsked, at: Moment) -> Step:
    return record._replace(want=Want.UP), ()


def _want_down(record: Record, event: StopAsked, at: Moment) -> Step:
    return record._replace(want=Want.DOWN, note=event.reason), ()


def _start_stopping(record: Record, event: StartAsked, at: Moment) -> Step:
    return _at_once(record._replace(want=Want.UP), event.reason), ()


def _stay_down(record: Record, event: StopAsked | ShutdownBegan, at: Moment) -> Step:
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


def _stop_asked(record: Record, event: StopAsked, at: Moment) -> Step:
    record = record._replace(want=Want.DOWN, note=event.reason)
    return _stop(record, StopReason.STOP, at)


def _restart_running(record: Record, event: RestartAsked, at: Moment) -> Step:
    return _stop(record._replace(note=event.reason), StopReason.RESTART, at)


def _restart_stopped(record: Record, event: RestartAsked, at: Moment) -> Step:
    return _start_asked(record, event, at) if event.named else (record, ())


def _restart_stopping(record: Record, event: RestartAsked, at: Moment) -> Step:
    if event.named:
        record = record._replace(want=Want.UP)
    return _at_once(record, event.reason), ()


def _at_once(record: Record, note: str) -> Record:
    """Asked for while what it left behind is stopped: the next run needs no pause."""
    if record.stop_reason is not StopReason.LEFTOVER:
        return record
    return record._replace(stop_reason=StopReason.RESTART, note=note)


def _signal(record: Record, event: SignalAsked, at: Moment) -> Step:
    return record, () if record.pid is None else (SignalProcess(record.pid, event.signal),)


def _shut_down(record: Record, event: ShutdownBegan, at: Moment) -> Step:
    return _stop(record._replace(want=Want.DOWN, note=""), StopReason.SHUTDOWN, at)


def _shut_down_stopping(record: Record, event: ShutdownBegan, at: Moment) -> Step:
    return record._replace(want=Want.DOWN), ()


# One run


def _spawned(record: Record, event: Spawned, at: Moment) -> Step:
    return record._replace(
        state=State.RUNNING,
        pid=event.pid,
        pgid=event.pid,
        since_at=at.utc,
        started_mono=at.mono,
    ), ()


def _spawn_failed(record: Record, event: SpawnFailed, at: Moment) -> Step:
    return _back_off(record._replace(stop_reason=None, note=event.reason), at)


def _died(record: Record, event: Exited, at: Moment) -> Step:
    record = _ended(record, event, at)._replace(stop_reason=None, note="")
    if event.group_left:
        return _stop(record, StopReason.LEFTOVER, at)
    return _rest(record, at)


def _stopped(record: Record, event: Exited, at: Moment) -> Step:
    record = _ended(record, event, at)
    if event.group_left:
        return record, ()
    return _over(record, event, at)


def _over(record: Record, event: Exited | GroupGone, at: Moment) -> Step:
    record, effects = _rest(record, at)
    return record, (Disarm(), *effects)


def _kill(record: Record, event: KillDue, at: Moment) -> Step:
    return record._replace(state=State.KILLING, since_at=at.utc), _signal_group(record, "KILL")


def _retry(record: Record, event: RetryDue, at: Moment) -> Step:
    return _begin(record, at), (Spawn(),)


# What the cells share


def _begin(record: Record, at: Moment) -> Record:
    return record._replace(
        state=State.STARTING,
        epoch=record.epoch + 1,
        since_at=at.utc,
        next_start_at=None,
    )


def _start(record: Record, at: Moment) -> Step:
    """Start at once, with all patience restored."""
    effects: tuple[Effect, ...] = (Spawn(),)
    if record.state is State.BACKOFF:
        effects = (Disarm(), Spawn())
    return _begin(record._replace(delay_s=0.0), at), effects


def _stop(record: Record, reason: StopReason, at: Moment) -> Step:
    record = record._replace(state=State.STOPPING, stop_reason=reason, since_at=at.utc)
    return record, (*_signal_group(record, "TERM"), ArmKill(at.policy.killtime_s))


def _signal_group(record: Record, signal: str) -> tuple[Effect, ...]:
    return () if record.pgid is None else (SignalGroup(record.pgid, signal),)


def _ended(record: Record, event: Exited, at: Moment) -> Record:
    lived_s = max(0.0, at.mono - record.started_mono)
    return record._replace(pid=None, last=Ended(event.code, event.signal, at.utc, lived_s))


def _back_off(record: Record, at: Moment) -> Step:
    delay_s = next_delay(record.delay_s, at.policy)
    return record._replace(
        state=State.BACKOFF,
        since_at=at.utc,
        delay_s=delay_s,
        next_start_at=at.utc + delay_s,
    ), (ArmRetry(delay_s),)


def _rest(record: Record, at: Moment) -> Step:
    """Nothing runs: where to go from here, by what is wanted."""
    record = record._replace(pid=None, pgid=None, next_start_at=None)
    if record.spec is None and record.refusal is None:
        return record, (Forget(),)
    if record.spec is None:
        return record._replace(state=State.FAILED, since_at=at.utc), ()
    if record.want is Want.DOWN:
        return record._replace(state=State.STOPPED, since_at=at.utc, delay_s=0.0), ()
    by_itself = record.stop_reason in (None, StopReason.LEFTOVER)
    if by_itself and record.last and died_instantly(record.last.lived_s, at.policy):
        return _back_off(record, at)
    return _start(record, at)


_STATES = tuple(State)


def _row(*cells: Cell) -> dict[State, Cell]:
    return dict(zip(_STATES, cells, strict=True))


# fmt: off
TABLE: dict[type[Event], dict[State, Cell]] = {
    #                    STOPPED           STARTING       RUNNING            STOPPING             KILLING              BACKOFF          FAILED
    Configured:    _row(_take_and_start,  _take,         _take_and_restart, _take_stopping,      _take_stopping,      _take_and_start, _take_and_start),
    Refused:       _row(_refuse_at_rest,  _refuse,       _refuse,           _refuse,             _refuse,             _refuse,         _refuse_at_rest),
    Removed:       _row(_forget,          _forget,       _unload_and_stop,  _unload,             _unload,             _forget,         _forget),
    StartAsked:    _row(_start_asked,     _want_up,      _want_up,          _start_stopping,     _start_stopping,     _start_asked,    _want_up),
    StopAsked:     _row(_want_down,       _stay_down,    _stop_asked,       _want_down,          _want_down,          _stay_down,      _want_down),
    RestartAsked:  _row(_restart_stopped, _ignore,       _restart_running,  _restart_stopping,   _restart_stopping,   _start_asked,    _ignore),
    SignalAsked:   _row(_ignore,          _ignore,       _signal,           _signal,             _signal,             _ignore,         _ignore),
    ShutdownBegan: _row(_ignore,          _stay_down,    _shut_down,        _shut_down_stopping, _shut_down_stopping, _stay_down,      _ignore),
    Spawned:       _row(_ignore,          _spawned,      _ignore,           _ignore,             _ignore,             _ignore,         _ignore),
    SpawnFailed:   _row(_ignore,          _spawn_failed, _ignore,           _ignore,             _ignore,             _ignore,         _ignore),
    Exited:        _row(_ignore,          _ignore,       _died,             _stopped,            _stopped,            _ignore,         _ignore),
    GroupGone:     _row(_ignore,          _ignore,       _ignore,           _over,               _over,               _ignore,         _ignore),
    KillDue:       _row(_ignore,          _ignore,       _ignore,           _kill,               _ignore,             _ignore,         _ignore),
    RetryDue:      _row(_ignore,          _ignore,       _ignore,           _ignore,             _ignore,             _retry,          _ignore),
}
# fmt: on
