"""The command line of ``ncolony-scheduler``: one command, or a directory of jobs."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from twisted.python import usage

from ..directoryoptions import TrustOptions, seconds
from ..spec import ProcessSpec
from ..values import Wrong
from .jobfields import JOB_FIELDS
from .jobfile import JOBS_DIRECTORY
from .jobspec import JobSpec
from .schedule import Every

#: How often a directory is looked at where changes aren't notified, as the monitor does.
LOOK_S = 10.0
_SECONDS = "seconds, or a number with a unit, as 90s, 10m, 1h"
_ALLOWED = {
    "frequency": f"{_SECONDS}; 0.1 s at least",
    "cron": 'five fields, or six with seconds: "0 3 * * *"',
    "timezone": "a name like Europe/Berlin",
    "timeout": f"{_SECONDS}; above 0",
    "grace": _SECONDS,
    "jitter": f"{_SECONDS}; with --frequency, not above that",
    "overlap": "skip, wait, allow",
}
#: What makes no sense with a directory of jobs, whose files say it.
_OF_ONE = ("cron", "timezone", "timeout", "grace", "jitter", "overlap", "at-start")
#: What makes no sense with one command.
_OF_MANY = ("jobs", "colony", "config", "messages", "status", "logs")


class Options(TrustOptions):
    """The plugin's options. Either ``job`` is what to run, or ``jobs`` the directory of jobs."""

    synopsis = (
        "--arg ARG... [--frequency SECONDS | --cron EXPR] [options] | "
        "[--jobs DIR] [--colony DIR | --config DIR --messages DIR] [options]"
    )
    longdesc = (
        "Run a command every so often, or many, one JSON file a job. Examples: "
        "twistd -n ncolony-scheduler --arg sync --cron '0 3 * * *'; "
        "twistd -n ncolony-scheduler --colony /srv/colony"
    )
    optParameters: ClassVar[list[list[object]]] = [
        ["frequency", None, None, "Seconds from run to run; of jobs, between looks [10]"],
        ["cron", None, None, "Run when a clock shows this: five fields, or six with seconds"],
        ["timezone", None, None, "Whose clock, as Europe/Berlin [this machine's]"],
        ["timeout", None, None, "Seconds until a run is sent TERM [none]"],
        ["grace", None, None, "Seconds from TERM to KILL [5]"],
        ["jitter", None, None, "Seconds by which a run begins later, at the most, at random [0]"],
        ["overlap", None, None, "skip, wait, allow: when it is due while it runs [skip]"],
        ["jobs", None, None, "Directory with one file a job [COLONY/jobs or MESSAGES/.jobs]"],
        ["colony", None, None, "Directory that holds jobs and status [$NCOLONY_DIR]"],
        ["config", None, None, "Directory with one file a process [COLONY/config]"],
        ["messages", None, None, "Directory for requests [COLONY/messages]"],
        ["status", None, None, "Directory for status [COLONY/status or MESSAGES/.status]"],
        ["logs", None, None, "Directory for log files [COLONY/logs or MESSAGES/.logs]"],
    ]
    optFlags: ClassVar[list[list[object]]] = [
        ["at-start", None, "Also run at the start; with --frequency it is so anyway"],
        ["trust-anyone", None, "Obey files that others can write, though that makes them root"],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["args"] = []
        self.job: JobSpec | None = None
        self.jobs = ""

    def opt_arg(self, arg: str) -> None:
        """A word of the command, the first one the program; may be repeated"""
        self["args"].append(arg)

    def postOptions(self) -> None:
        """Find out what to run. Raises UsageError for what makes no sense."""
        if self["args"]:
            self._refuse(_OF_MANY, "with --arg, which is for one command")
            self.job = self._job()
        elif any(self[name] for name in _OF_MANY) or os.environ.get("NCOLONY_DIR"):
            self._refuse(_OF_ONE, "without --arg; each job's file says it")
            self._find_jobs()
        else:
            raise usage.UsageError("--arg is missing (or give --jobs or --colony)")

    def _refuse(self, names: tuple[str, ...], why: str) -> None:
        for name in names:
            if self[name] not in (None, 0):
                raise usage.UsageError(f"--{name} makes no sense {why}")

    # One command

    def _job(self) -> JobSpec:
        if (self["frequency"] is None) == (self["cron"] is None):
            raise usage.UsageError("give one of --frequency and --cron")
        if self["cron"] is None and self["timezone"] is not None:
            raise usage.UsageError("--timezone makes no sense without --cron")
        schedule = self._schedule()
        found = {
            JOB_FIELDS[name].target or name: _converted(name, name, _number(self[name]))
            for name in ("timeout", "grace", "jitter", "overlap")
            if self[name] is not None
        }
        job = JobSpec(_process(self["args"]), schedule, **found)
        if isinstance(job.schedule, Every) and job.jitter_s > job.schedule.period_s:
            raise _wrong("jitter", self["jitter"])
        # The ancestor's way: every so often begins at once.
        return job._replace(at_start=bool(self["at-start"]) or self["cron"] is None)

    def _schedule(self) -> Any:
        if self["cron"] is None:
            return _converted("frequency", "schedule", {"every": _number(self["frequency"])})
        cron = _converted("cron", "schedule", {"cron": self["cron"]})
        if self["timezone"] is None:
            return cron
        value = {"cron": self["cron"], "timezone": self["timezone"]}
        return _converted("timezone", "schedule", value)

    # A directory of jobs

    def _find_jobs(self) -> None:
        self["frequency"] = (
            LOOK_S
            if self["frequency"] is None
            else seconds("frequency", self["frequency"], above_zero=True)
        )
        named = self["jobs"] or None
        if named is None or self["colony"] or self["messages"] or os.environ.get("NCOLONY_DIR"):
            both = self["config"] is not None and self["messages"] is not None
            where = self["colony"] or (None if both else os.environ.get("NCOLONY_DIR"))
            self.find_directories(("config", "messages", "status", "logs"))
            status, logs = self["status"], self["logs"]
            beside = f"{self['messages']}/.jobs"
            self.jobs = os.path.abspath(named or (f"{where}/jobs" if where else beside))
        else:  # a scheduler of its own, without a colony
            self.jobs = os.path.abspath(named)
            status = os.path.abspath(self["status"] or f"{self.jobs}/.status")
            logs = os.path.abspath(self["logs"] or f"{self.jobs}/.logs")
        if named is not None and not os.path.isdir(self.jobs):
            raise usage.UsageError(f"--jobs: {self.jobs} is not a directory")
        self.status = f"{status}/{JOBS_DIRECTORY}"
        self.logs = f"{logs}/{JOBS_DIRECTORY}"


def _process(args: list[str]) -> ProcessSpec:
    """The command in the scheduler's own environment, whose name and file that has, if any."""
    name = os.environ.get("NCOLONY_NAME") or os.path.basename(args[0]) or "job"
    text = os.environb.get(b"NCOLONY_CONFIG") or b""
    if not args[0] or any("\0" in arg for arg in args):
        raise usage.UsageError("--arg: found no program; allowed: first a program, then the rest")
    return ProcessSpec(name, text, tuple(args), env=tuple(os.environ.items()))


def _number(text: str) -> object:
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        return text


def _converted(option: str, field: str, value: object) -> Any:
    """What a job's file may say, as an option."""
    try:
        return JOB_FIELDS[field].convert(value)
    except Wrong as wrong:
        found = wrong.found.removeprefix("the string ").removeprefix("the number ")
        raise usage.UsageError(f"--{option}: found {found}; allowed: {_ALLOWED[option]}") from None


def _wrong(option: str, found: object) -> usage.UsageError:
    return usage.UsageError(f"--{option}: found {found!r}; allowed: {_ALLOWED[option]}")
