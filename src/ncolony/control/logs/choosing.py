"""Which logs have what a process said, and why none has where that is so."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from ...status import MonitorStatus
from .. import configured, observed
from ..errors import RefusedError
from ..places import Colony
from ..regular import read_regular

#: More than any process's file may have.
MAX_BYTES = 1 << 21


class Where(NamedTuple):
    """``to`` is where a process's output goes, or ``why_not`` says why that can't be shown."""

    to: str
    why_not: str = ""


class Places(NamedTuple):
    """The directory of log files, and what the monitor said last of itself, where it did."""

    logs: str
    monitor: MonitorStatus | None

    @property
    def log(self) -> str | None:
        """The monitor's own log, where that is a file."""
        return self.monitor and self.monitor.log

    def directory(self, name: str) -> str:
        return os.path.join(self.logs, name)


def places(colony: Colony) -> Places:
    """Where this colony's logs are. Raises CtlError."""
    said = observed.monitor(colony) if colony.status else None
    logs = colony.logs
    if not os.path.isdir(logs) and said is not None and said.logs is not None:
        logs = said.logs
    if not logs and not colony.messages:
        raise RefusedError("cannot find the logs directory: give --logs DIR, or --colony DIR")
    return Places(logs or os.path.join(colony.messages, ".logs"), said)


def is_known(colony: Colony, at: Places, name: str) -> bool:
    """Whether there is, or was, a process of this name that may have logs."""
    return configured.has(colony, name) or os.path.isdir(at.directory(name))


def where(colony: Colony, at: Places, name: str) -> Where:
    """Where to read what a process said."""
    to = _configured(colony, name) or (at.monitor and at.monitor.log_to)
    if to is None or not configured.has(colony, name):
        to = "files" if os.path.isdir(at.directory(name)) else to or "monitor"
    if to == "monitor" and at.log is None:
        return Where(to, _NO_MONITOR if at.monitor is None else _NO_FILE)
    if to == "files" and not os.path.isdir(at.directory(name)):
        return Where(to, f"no log files are in {at.directory(name)}")
    return Where(to, _WHY_NOT.get(to, ""))


def why_not(whose: list[str], reason: str) -> str:
    """A line that says why these processes' output isn't shown."""
    more = len(whose) - _NAMED
    names = ", ".join(whose[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"cannot show the logs of {names}: {reason}"


#: So many names are said; a line that counts more is no less clear.
_NAMED = 3
_NO_FILE = (
    "the output goes to the monitor's, which is not a file; read it where that goes, "
    "e.g. docker logs"
)
_NO_MONITOR = "the output goes to the monitor's, and no monitor has been here"
_WHY_NOT = {
    "inherit": 'the output goes straight to the monitor\'s ("log": "inherit"); '
    "read it where that goes",
    "none": 'the output is not kept ("log": "none")',
}


def _configured(colony: Colony, name: str) -> str | None:
    """What a process's file says; None where it says nothing, or can't be used."""
    try:
        document = json.loads(read_regular(os.path.join(colony.config, name), MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    log = document.get("log") if isinstance(document, dict) else None
    to = log.get("to", "monitor") if isinstance(log, dict) else log
    return to if to in {"monitor", "files", *_WHY_NOT} else None
