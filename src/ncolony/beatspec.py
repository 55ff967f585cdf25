"""How a process's file asks for its heartbeat to be watched, checked before any of it is used."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from .faults import Fault, shown
from .values import MAX_SECONDS, Wrong, number, seconds, string

#: The key of a process's file.
KEY = "ncolony.beatcheck"
#: Files' times have the grain of the kernel's tick, 10 ms at most, and a third of a period is
#: the time between two beats.
MIN_PERIOD_S = 0.1
#: So many periods pass before the first judgement where the file doesn't say.
DEFAULT_GRACE = 3.0
_MAX_GRACE = 1e6


class Beat(NamedTuple):
    """Who is watched: it beats at least each ``period_s`` by touching ``status``.

    ``status`` is a file, or a directory that holds a file of the process's name. ``grace`` is the
    number of periods that a new run has before it is judged. ``warnings`` are for people.
    """

    period_s: float
    grace: float
    status: str
    warnings: tuple[str, ...] = ()

    @property
    def grace_s(self) -> float:
        """How long after a start nobody is judged."""
        return self.period_s * self.grace


class BeatError(ValueError):
    """A file that asks wrongly; ``str()`` says in a line which key, what was found, and allowed."""


class Field(NamedTuple):
    """One key of the object; ``default`` in words, None where the key must be there."""

    allowed: str
    meaning: str
    default: str | None
    convert: Callable[[Any], Any]


def _period(value: Any) -> float:
    found = seconds(value)
    if found < MIN_PERIOD_S:
        raise Wrong(shown(value))
    return found


def _grace(value: Any) -> float:
    return number(value, 0, _MAX_GRACE)


def _status(value: Any) -> str:
    text = string(value)
    if not text:
        raise Wrong("an empty string")
    return text


_PERIOD_ALLOWED = (
    f"seconds, {MIN_PERIOD_S:g} to {MAX_SECONDS}, or a number with a unit: 90s, 10m, 1h, 7d"
)
FIELDS: dict[str, Field] = {
    "period": Field(
        _PERIOD_ALLOWED, "without a heartbeat for longer, it is restarted", None, _period
    ),
    "grace": Field(
        f"a number of periods, 0 to {_MAX_GRACE:g}",
        "so many periods after a start it isn't judged",
        f"{DEFAULT_GRACE:g}",
        _grace,
    ),
    "status": Field(
        "the path of a file, or of a directory that holds a file of the process's name",
        "what the process touches",
        None,
        _status,
    ),
}


def parse(text: bytes) -> Beat | None:
    """What a process's file asks for; None where it doesn't. Raises BeatError.

    All else that is in the file is the monitor's business.
    """
    try:
        document = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BeatError(f"found no valid JSON ({error}); allowed: a JSON object") from None
    if not isinstance(document, dict):
        raise BeatError(f"found {shown(document)}; allowed: a JSON object")
    wanted = document.get(KEY)
    if wanted is None:
        return None
    if not isinstance(wanted, dict):
        allowed = f"an object with {', '.join(FIELDS)}"
        raise BeatError(str(Fault(KEY, f"found {shown(wanted)}; allowed: {allowed}")))
    return _beat(wanted)


def _beat(wanted: dict[str, Any]) -> Beat:
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, field in FIELDS.items():
        if key not in wanted:
            if field.default is None:
                faults.append(Fault(f"{KEY}.{key}", f"missing; allowed: {field.allowed}"))
            continue
        try:
            found[key] = field.convert(wanted[key])
        except Wrong as wrong:
            message = f"found {wrong.found}; allowed: {field.allowed}"
            faults.append(Fault(f"{KEY}.{key}{wrong.where}", message))
    if faults:
        raise BeatError("; ".join(map(str, faults)))
    grace = found.get("grace", DEFAULT_GRACE)
    return Beat(found["period"], grace, found["status"], _warnings(wanted, found["status"]))


def _warnings(wanted: dict[str, Any], status: str) -> tuple[str, ...]:
    found = [f"{KEY}: {_unknown(key)}" for key in wanted if key not in FIELDS]
    if not status.startswith("/"):
        where = "each program's own working directory"
        found.append(f"{KEY}.status: {json.dumps(status)} is looked for below {where}")
    return tuple(found)


def _unknown(key: str) -> str:
    from difflib import get_close_matches  # 1 ms, and seldom needed

    near = get_close_matches(key.lower(), FIELDS, n=1, cutoff=0.4)
    hint = f"did you mean {json.dumps(near[0])}?" if near else f"known are {', '.join(FIELDS)}"
    return f"unknown key {json.dumps(key)}; {hint}"
