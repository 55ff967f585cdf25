"""The life of one process, as a table.

Theory of operation
-------------------

A process is wanted UP or DOWN, has a configuration in force (``spec``) or none, and is in one
of eight states:

- STOPPED: nothing runs, and nothing is to.
- STARTING: it is about to run; the shell owes one Spawned or SpawnFailed.
- RUNNING: it runs.
- STOPPING: its tree was sent the stop signal, and the kill timer is armed.
- KILLING: its tree was sent KILL; all that is left is to wait for the kernel, and to report who
  doesn't go.
- BACKOFF: it died at once or couldn't be started; the retry timer is armed.
- EXITED: it ended by itself, and its policy says that this was that.
- FAILED: its file can't be used, and there is no earlier one in force; or it failed so often that
  its policy gives up.

A run is over when all that it started is gone, not when the process has ended: until then the
state is STOPPING or KILLING, and no next run begins. That one rule keeps two instances from living
at the same time. What an earlier monitor left running is a run to be stopped like any other. Where
the policy's ``kill_mode`` says so, a run is the process alone.

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

from . import model
from . import runs as run
from . import transitions as to
from .model import Event, Moment, Record, State
from .runs import Step

Cell = Callable[[Record, Any, Moment], Step]

#: Events about one run: they carry its epoch.
DATED = (
    model.Spawned,
    model.SpawnFailed,
    model.Exited,
    model.Remained,
    model.TreeGone,
    model.KillDue,
    model.ReportDue,
    model.RetryDue,
)


def step(record: Record, event: Event, at: Moment) -> Step:
    """What becomes of a process through an event, and what is to be done about it."""
    if isinstance(event, DATED) and event.epoch != record.epoch:
        return record, ()
    return TABLE[type(event)][record.state](record, event, at)


_STATES = tuple(State)


def _row(*cells: Cell) -> dict[State, Cell]:
    return dict(zip(_STATES, cells, strict=True))


# fmt: off
TABLE: dict[type[Event], dict[State, Cell]] = {
    # event                    STOPPED             STARTING          RUNNING              STOPPING               KILLING                BACKOFF            EXITED              FAILED
    model.Configured:    _row(to.take_and_start,  to.take_starting, to.take_and_restart, to.take_stopping,      to.take_stopping,      to.take_and_start, to.take_and_start,  to.take_and_start),
    model.Refused:       _row(to.refuse_at_rest,  to.refuse,        to.refuse,           to.refuse,             to.refuse,             to.refuse,         to.refuse,          to.refuse_at_rest),
    model.Removed:       _row(to.forget,          to.forget,        to.unload_and_stop,  to.unload,             to.unload,             to.forget,         to.forget,          to.forget),
    model.StartAsked:    _row(to.start_asked,     to.want_up,       to.want_up,          to.start_stopping,     to.start_stopping,     to.start_asked,    to.start_asked,     to.start_failed),
    model.StopAsked:     _row(to.want_down,       to.stay_down,     to.stop_asked,       to.want_down,          to.want_down,          to.stay_down,      to.stay_down,       to.stop_failed),
    model.RestartAsked:  _row(to.restart_stopped, to.ignore,        to.restart_running,  to.restart_stopping,   to.restart_stopping,   to.start_asked,    to.restart_stopped, to.restart_failed),
    model.RunRestartAsked: _row(to.ignore,        to.ignore,        to.restart_run,      to.ignore,             to.ignore,             to.ignore,         to.ignore,          to.ignore),
    model.SignalAsked:   _row(to.ignore,          to.ignore,        to.signal,           to.signal,             to.signal,             to.ignore,         to.ignore,          to.ignore),
    model.ShutdownBegan: _row(to.ignore,          to.stay_down,     to.shut_down,        to.shut_down_stopping, to.shut_down_stopping, to.stay_down,      to.ignore,          to.ignore),
    model.LeftoverFound: _row(run.end_leftover,   to.ignore,        to.ignore,           to.ignore,             to.ignore,             to.ignore,         to.ignore,          to.ignore),
    model.Spawned:       _row(to.ignore,          run.spawned,      to.ignore,           to.ignore,             to.ignore,             to.ignore,         to.ignore,          to.ignore),
    model.SpawnFailed:   _row(to.ignore,          run.spawn_failed, to.ignore,           to.ignore,             to.ignore,             to.ignore,         to.ignore,          to.ignore),
    model.Exited:        _row(to.ignore,          to.ignore,        run.died,            run.stopped,           run.stopped_killing,   to.ignore,         to.ignore,          to.ignore),
    model.Remained:      _row(to.ignore,          to.ignore,        to.ignore,           run.remained,          run.remained_killing,  to.ignore,         to.ignore,          to.ignore),
    model.TreeGone:      _row(to.ignore,          to.ignore,        to.ignore,           run.over,              run.over,              to.ignore,         to.ignore,          to.ignore),
    model.KillDue:       _row(to.ignore,          to.ignore,        to.ignore,           run.kill,              to.ignore,             to.ignore,         to.ignore,          to.ignore),
    model.ReportDue:     _row(to.ignore,          to.ignore,        to.ignore,           to.ignore,             run.report,            to.ignore,         to.ignore,          to.ignore),
    model.RetryDue:      _row(to.ignore,          to.ignore,        to.ignore,           to.ignore,             to.ignore,             run.retry,         to.ignore,          to.ignore),
}
# fmt: on
