"""How a process's file asks for its heartbeat to be watched, checked before any of it is used."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from . import checkkeys, forms
from .checkkeys import DEFAULT_GRACE, GRACE, PERIOD, Field
from .forms import Form
from .values import Wrong, string

#: The key of a process's file.
KEY = "ncolony.beatcheck"


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


def _status(value: Any) -> str:
    text = string(value)
    if not text:
        raise Wrong("an empty string")
    return text


_STATUS = Form(
    "the path of a file, or of a directory that holds a file of the process's name",
    {"minLength": 1, **forms.ref("string")},
    _status,
)
FIELDS: dict[str, Field] = {
    "period": Field(*PERIOD, "without a heartbeat for longer, it is restarted", None),
    "grace": Field(*GRACE, "so many periods after a start it isn't judged", f"{DEFAULT_GRACE:g}"),
    "status": Field(*_STATUS, "what the process touches", None),
}


def parse(text: bytes) -> Beat | None:
    """What a process's file asks for; None where it doesn't. Raises CheckKeyError.

    All else that is in the file is the monitor's business.
    """
    wanted = checkkeys.read(text, KEY, FIELDS)
    if wanted is None:
        return None
    values, warnings = wanted
    if not values["status"].startswith("/"):
        below = "is looked for below each program's own working directory"
        warnings += (f"{KEY}.status: {json.dumps(values['status'])} {below}",)
    return Beat(values["period"], values.get("grace", DEFAULT_GRACE), values["status"], warnings)
