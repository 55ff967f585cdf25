"""The monitor's command line, the same for every way of starting it."""

from __future__ import annotations

import json
import os
from typing import Any, ClassVar

from twisted.python import usage

from .cgroups import delegated, is_group
from .directoryoptions import TrustOptions, seconds
from .fields import FIELDS
from .logspec import LogSpec
from .policy import GiveUp, Policy
from .values import Wrong

_SECONDS = ("frequency", "threshold", "killtime", "minrestartdelay", "maxrestartdelay")


def _by_field(option: str, field: str, found: object, value: Any) -> Any:
    """What a process's file may say as a default for all of them."""
    try:
        return FIELDS[field].convert(value)
    except Wrong as wrong:
        what = wrong.found if isinstance(value, dict) else f"{str(found)!r}"
        what = f"{wrong.found} at {wrong.where}" if wrong.where else what
        allowed = _ALLOWED.get(option, FIELDS[field].allowed)
        raise usage.UsageError(f"--{option}: found {what}; allowed: {allowed}") from None


_ALLOWED = {
    "success": "exit codes (0 to 255) and signals' names, with commas: 0,3,TERM",
    "give-up": "FAILURES/SECONDS, 5/60 for five failures within a minute",
    "jitter": FIELDS["jitter"].allowed,
}


def _outcomes(text: str) -> list[int | str]:
    return [int(item) if item.isdecimal() else item for item in text.split(",")]


def _give_up(text: str) -> object:
    failures, _, within = text.partition("/")
    right = failures.isdecimal() and within.isdecimal()
    return {"failures": int(failures), "within": int(within)} if right else text


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _json(text: str) -> object:
    """A word, or a JSON object."""
    if not text.startswith("{"):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


class Options(TrustOptions):
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
        ["logs", None, None, "Directory for log files [COLONY/logs or MESSAGES/.logs]"],
        ["frequency", None, 10.0, "Seconds between looks where changes aren't notified"],
        ["pid", None, None, "Directory for a pid file a process"],
        ["threshold", "t", 1.0, "A process that lived shorter backs off, seconds"],
        ["killtime", "k", 5.0, "Seconds from TERM to KILL"],
        ["minrestartdelay", "m", 1.0, "Seconds of the first back-off"],
        ["maxrestartdelay", "M", 3600.0, "Seconds that back-off doubles up to"],
        ["jitter", None, "0", "Back-off is lengthened by up to this fraction, at random"],
        ["restart", None, "always", "always, on-failure, never: whether what ends starts again"],
        ["success", None, "0", "Exit codes and signals that are no failures, as 0,3,TERM"],
        ["give-up", None, None, "FAILURES/SECONDS: so many within so long, and no more [never]"],
        ["stop-signal", None, "TERM", "What asks a process to end"],
        ["kill-mode", None, "tree", "tree, process: whether a stop is for all that it started"],
        ["cgroup", None, "auto", "Delegated cgroup v2 directory, auto (systemd says), none"],
        ["log", None, "monitor", "Where output goes: monitor, inherit, none, files, or JSON"],
    ]
    optFlags: ClassVar[list[list[object]]] = [
        ["trust-anyone", None, "Obey files that others can write, though that makes them root"],
        ["essential", None, "When a process ends for good, stop the rest and exit with its code"],
    ]

    def postOptions(self) -> None:
        """Find the directories. Raises UsageError for what isn't there, or makes no sense."""
        for name in _SECONDS:
            self[name] = seconds(name, self[name])
        if self["frequency"] == 0:
            raise usage.UsageError("--frequency: found 0; allowed: more than 0 seconds")
        if self["maxrestartdelay"] < self["minrestartdelay"]:
            raise usage.UsageError("--maxrestartdelay is below --minrestartdelay")
        self.log_path: str | None = None
        self.policy = self._policy()
        self.log: LogSpec = _by_field("log", "log", self["log"], _json(self["log"])) or LogSpec()
        self.cgroup = self._cgroup()
        self.find_directories(("config", "messages", "status", "logs", "pid"))
        self.require(("config", "messages", "pid"))

    def _cgroup(self) -> str | None:
        found: str = self["cgroup"]
        if found in ("auto", "none"):
            return delegated() if found == "auto" else None
        if not is_group(found):
            allowed = "a cgroup v2 directory that we may write to, auto, none"
            raise usage.UsageError(f"--cgroup: found {found!r}; allowed: {allowed}")
        return os.path.abspath(found)

    def _policy(self) -> Policy:
        """The rules for all processes whose files don't say otherwise."""
        give_up: GiveUp | None = None
        if self["give-up"] is not None:
            text = self["give-up"]
            give_up = _by_field("give-up", "give_up", text, _give_up(text))
        return Policy(
            threshold_s=self["threshold"],
            killtime_s=self["killtime"],
            min_delay_s=self["minrestartdelay"],
            max_delay_s=self["maxrestartdelay"],
            jitter=_by_field("jitter", "jitter", self["jitter"], _number(self["jitter"])),
            restart=_by_field("restart", "restart", self["restart"], self["restart"]),
            success=_by_field("success", "success", self["success"], _outcomes(self["success"])),
            give_up=give_up,
            essential=bool(self["essential"]),
            stop_signal=_by_field(
                "stop-signal", "stop_signal", self["stop-signal"], self["stop-signal"]
            ),
            kill_mode=_by_field("kill-mode", "kill_mode", self["kill-mode"], self["kill-mode"]),
        )
