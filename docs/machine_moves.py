"""Which state leads to which, and by what: found by running the machine, not by reading it.

From a process that nobody knows yet, each event is tried on each record that comes up, until no
new ones do. What no move hangs on, such as pids and dates, is made the same first, so that there
is an end to them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from ncolony import machine, model
from ncolony.model import Event, Moment, Record, State
from ncolony.policy import Policy
from ncolony.spec import parse

_FILES: tuple[dict[str, Any], ...] = (
    {},
    {"restart": "never"},
    {"restart": "on-failure"},
    {"give_up": {"failures": 1, "within": 60}},
    {"enabled": False},
)
_SPECS = tuple(parse("web", json.dumps({"args": ["web"], **file}).encode()) for file in _FILES)
_PID = 7
#: A run that ends at the first has died at once, at the second it hasn't.
_SOON, _LATE = (Moment(mono, 0.0, Policy()) for mono in (0.0, 1000.0))
_STOPS = (State.STOPPING, State.KILLING)


class Move(NamedTuple):
    """One state leads to another; ``None`` is a process that isn't known, not yet or no more."""

    source: State | None
    target: State | None


@cache
def moves() -> Mapping[Move, frozenset[type[Event]]]:
    """Each change of state that there is, with the events that can bring it about."""
    nobody = Record("web")
    found: dict[Move, frozenset[type[Event]]] = {}
    seen, todo = {nobody}, [nobody]
    while todo:
        record = todo.pop()
        for event, at in _first() if record is nobody else _reported(record):
            after, effects = machine.step(record, event, at)
            gone = any(isinstance(effect, model.Forget) for effect in effects)
            move = Move(None if record is nobody else record.state, None if gone else after.state)
            if move.source is not move.target:
                found[move] = found.get(move, frozenset()) | {type(event)}
            plain = _plain(after)
            if not gone and plain not in seen:
                seen.add(plain)
                todo.append(plain)
    return found


def _first() -> Iterator[tuple[Event, Moment]]:
    """What makes a process known."""
    for spec in _SPECS:
        yield model.Configured(spec), _SOON
    yield model.Refused("bad"), _SOON
    yield model.LeftoverFound(_PID), _SOON


def _reported(record: Record) -> Iterator[tuple[Event, Moment]]:
    """What files, requests and the shell can report of a process that is known."""
    epoch = record.epoch
    happened: list[Event] = [
        *map(model.Configured, _SPECS),
        model.Refused("bad"),
        model.Removed(),
        model.StartAsked(),
        model.StopAsked(),
        model.RestartAsked(named=True),
        model.RestartAsked(named=False),
        model.RunRestartAsked(_PID),
        model.SignalAsked("HUP"),
        model.ShutdownBegan(),
        model.Spawned(epoch, _PID),
        model.SpawnFailed(epoch, "no"),
        model.KillDue(epoch),
        model.ReportDue(epoch, "8"),
        model.RetryDue(epoch),
    ]
    if record.pid is not None:
        for left in (False, True):
            happened += [model.Exited(epoch, code, None, left) for code in (0, 1)]
    elif record.state in _STOPS:
        happened += [model.Remained(epoch), model.TreeGone(epoch)]
    for event in happened:
        yield event, _SOON
        yield event, _LATE


def _plain(record: Record) -> Record:
    """Without what no move hangs on."""
    last = record.last and record.last._replace(at=0.0, lived_s=min(record.last.lived_s, 1.0))
    return record._replace(
        ran=None,
        epoch=1,
        started_mono=0.0,
        since_at=0.0,
        last=last,
        delay_s=min(record.delay_s, 1.0),
        next_start_at=None if record.next_start_at is None else 0.0,
        failures=(),
        note="",
        stuck="",
    )
