"""The monitor's command line, the same for every way of starting it."""

from __future__ import annotations

import math
import os
from typing import ClassVar, NoReturn

from twisted.python import usage

from . import __version__
from .policy import Policy


def _seconds(option: str, found: object) -> float:
    try:
        value = float(str(found))
    except ValueError:
        value = -1.0
    if not (math.isfinite(value) and value >= 0):
        allowed = "a number of seconds, not below 0"
        raise usage.UsageError(f"--{option}: found {str(found)!r}; allowed: {allowed}")
    return value


_SECONDS = ("frequency", "threshold", "killtime", "minrestartdelay", "maxrestartdelay")


class Options(usage.Options):
    """Options of ``twistd ncolony``, ``python -m twisted ncolony`` and ``ncolony run``."""

    synopsis = "[--colony DIR | --config DIR --messages DIR] [options]"
    longdesc = (
        "Keep running what a directory of files says, one JSON file a process. "
        "Example: ncolony run --colony /srv/colony"
    )

    optParameters: ClassVar[list[list[object]]] = [
        ["colony", None, None, "Directory that holds config, messages and status [$NCOLONY_DIR]"],
        ["config", None, None, "Directory with one file a process [COLONY/config]"],
        ["messages", None, None, "Directory for requests [COLONY/messages]"],
        ["status", None, None, "Directory for status [COLONY/status or MESSAGES/.status]"],
        ["frequency", None, 10.0, "Seconds between looks where changes aren't notified"],
        ["pid", None, None, "Directory for a pid file a process"],
        ["threshold", "t", 1.0, "A process that lived shorter backs off, seconds"],
        ["killtime", "k", 5.0, "Seconds from TERM to KILL"],
        ["minrestartdelay", "m", 1.0, "Seconds of the first back-off"],
        ["maxrestartdelay", "M", 3600.0, "Seconds that back-off doubles up to"],
    ]

    def postOptions(self) -> None:
        """Find the directories. Raises UsageError for what isn't there, or makes no sense."""
        for name in _SECONDS:
            self[name] = _seconds(name, self[name])
        for name in ("colony", "config", "messages", "status", "pid"):
            if self[name] == "":
                raise usage.UsageError(f"--{name}: found nothing; allowed: a directory")
        if self["frequency"] == 0:
            raise usage.UsageError("--frequency: found 0; allowed: more than 0 seconds")
        if self["maxrestartdelay"] < self["minrestartdelay"]:
            raise usage.UsageError("--maxrestartdelay is below --minrestartdelay")
        self._find_directories()

    def _find_directories(self) -> None:
        colony = self["colony"]
        if colony is None and (self["config"] is None or self["messages"] is None):
            colony = os.environ.get("NCOLONY_DIR") or None
        if colony is not None:
            self._from_colony(os.path.abspath(colony))
        for name in ("config", "messages"):
            if self[name] is None:
                raise usage.UsageError(f"--{name} is missing (or give --colony)")
        if self["status"] is None:
            self["status"] = os.path.join(self["messages"], ".status")
        for name in ("config", "messages", "status", "pid"):
            if self[name] is not None:
                self[name] = os.path.abspath(self[name])
        for name in ("config", "messages", "pid"):
            if self[name] is not None and not os.path.isdir(self[name]):
                raise usage.UsageError(f"--{name}: {self[name]} is not a directory")

    def opt_version(self) -> NoReturn:
        """Print the version and exit."""
        print(f"ncolony {__version__}")
        raise SystemExit(0)

    def _from_colony(self, colony: str) -> None:
        if not os.path.isdir(colony):
            raise usage.UsageError(f"--colony: {colony} is not a directory")
        for name in ("config", "messages", "status"):
            if self[name] is None:
                self[name] = os.path.join(colony, name)
                try:
                    os.makedirs(self[name], mode=0o755, exist_ok=True)
                except OSError as error:
                    raise usage.UsageError(f"cannot make {self[name]}: {error.strerror}") from None

    @property
    def policy(self) -> Policy:
        """When processes start again, by the options given."""
        return Policy(
            threshold_s=self["threshold"],
            killtime_s=self["killtime"],
            min_delay_s=self["minrestartdelay"],
            max_delay_s=self["maxrestartdelay"],
        )
