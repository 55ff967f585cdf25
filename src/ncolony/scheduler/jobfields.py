"""The one table of what a job's file holds beside, and instead of, what a process's does.

The scheduler, ``ncolony job add`` and the reference documentation all read it.
"""

from __future__ import annotations

import json
from typing import Any

from .. import forms, values
from ..faults import shown
from ..fields import Field
from ..forms import Form
from ..values import MAX_SECONDS, Wrong
from .schedule import Cron, Every, Schedule, cron_fault, zone_of

#: More often than this is a loop, and no schedule.
MIN_PERIOD_S = 0.1
OVERLAPS = ("skip", "wait", "allow")


def _schedule(value: Any) -> Schedule:
    if not isinstance(value, dict):
        raise Wrong(shown(value))
    if set(value) == {"every"}:
        return _every(value["every"])
    if "cron" in value and set(value) <= {"cron", "timezone"}:
        return _cron(value["cron"], value.get("timezone"))
    raise Wrong(f"the keys {', '.join(map(json.dumps, value))}" if value else "an empty object")


def _every(value: Any) -> Every:
    period_s = values.seconds(value, ".every")
    if period_s < MIN_PERIOD_S:
        raise Wrong(shown(value), ".every")
    return Every(period_s, value if isinstance(value, str) else f"{value:g}s")


def _cron(expression: Any, zone: Any) -> Cron:
    if not isinstance(expression, str):
        raise Wrong(shown(expression), ".cron")
    expression = " ".join(expression.split())
    fault = cron_fault(expression)
    if fault is not None:
        raise Wrong(f"{shown(expression)} ({fault})", ".cron")
    if zone is None:
        return Cron(expression)
    if not isinstance(zone, str):
        raise Wrong(shown(zone), ".timezone")
    try:
        zone_of(zone)
    except ValueError:
        raise Wrong(f"{shown(zone)}, which this machine doesn't know", ".timezone") from None
    return Cron(expression, zone)


def _timeout(value: Any) -> float:
    found = values.seconds(value)
    if found == 0:
        raise Wrong("0")
    return found


_SCHEDULE = Form(
    f'{{"every": seconds, {MIN_PERIOD_S} at least, or a string like "10m"}} or '
    '{"cron": five or six fields, "timezone": a name like "Europe/Berlin"}',
    forms.either(
        forms.exactly(every=forms.seconds_from(MIN_PERIOD_S)),
        {
            "type": "object",
            "properties": {
                "cron": forms.matching(r"\s*\S+(\s+\S+){4,5}\s*"),
                "timezone": {"type": ["string", "null"]},
            },
            "required": ["cron"],
            "additionalProperties": False,
        },
    ),
    _schedule,
)
_TIMEOUT = Form(
    'seconds, above 0, or a string like "10m"; or null for none',
    forms.either(
        {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_SECONDS},
        forms.ref("span"),
        {"type": "null"},
    ),
    values.optional(_timeout),
)
_ROWS = (
    Field("schedule", *_SCHEDULE, "When it runs."),
    Field(
        "timeout", *_TIMEOUT, "A run that takes longer gets the stop signal.", target="timeout_s"
    ),
    Field("grace", *forms.SECONDS, "From the stop signal to KILL.", target="grace_s"),
    Field(
        "overlap",
        *forms.one_of(*OVERLAPS),
        "What happens when it is due while it still runs: that run is left out, or waits for the "
        "end of the other (one does; more are left out), or runs beside it.",
    ),
    Field(
        "jitter",
        *forms.SECONDS._replace(allowed=f"{forms.SECONDS.allowed}; with every, not above that"),
        "Each run begins up to so much later, at random.",
        target="jitter_s",
    ),
    Field(
        "at_start",
        *forms.TRUTH,
        "Whether it also runs when the scheduler starts, or first sees it.",
    ),
    Field(
        "catch_up",
        *forms.TRUTH,
        "Whether runs that were missed, while no scheduler ran say, are made up for, by one.",
    ),
)

#: The keys that a job has beside a process's, and those that mean another thing in a job.
JOB_FIELDS: dict[str, Field] = {field.name: field for field in _ROWS}

_RESTARTS = "a job is not restarted, it runs when it is due"
#: A process's keys that a job doesn't have, and why.
REFUSED: dict[str, str] = {
    "restart": _RESTARTS,
    "threshold": _RESTARTS,
    "minrestartdelay": _RESTARTS,
    "maxrestartdelay": _RESTARTS,
    "give_up": _RESTARTS,
    "essential": "a job's end ends nothing else",
    "killtime": 'in a job it is "grace"',
    "kill_mode": "all that a job started is stopped with it",
    "group": "a job is in no group of the monitor's",
}
