"""What the commands of ``ncolony job`` do: from parsed options to an exit code."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Callable

from ...scheduler import jobfile
from ..places import Colony
from ..pluginlib import job_add, job_remove, job_run, jobs, scheduler_is_running
from ..showing import width_of
from ..table import printable
from . import table, where

AS_WANTED, NOT_SO = 0, 1


def _add(colony: Colony, options: Namespace) -> int:
    """Write a job's file."""
    from .. import adding

    every = None if options.every is None else adding.number_or_text(options.every)
    job_add(
        colony,
        options.name,
        [options.cmd, *(options.args or ())],
        every=every,
        cron=options.cron,
        timezone=options.timezone,
        env=options.env,
        env_inherit=options.env_inherit,
        uid=options.uid,
        gid=options.gid,
        extras=adding.more(options, f"job {options.name}"),
        wait_s=options.wait_s,
    )
    return AS_WANTED


def _remove(colony: Colony, options: Namespace) -> int:
    """Remove a job's file."""
    job_remove(colony, options.name, wait_s=options.wait_s)
    return AS_WANTED


def _run(colony: Colony, options: Namespace) -> int:
    """Have a job run now."""
    job_run(colony, options.name, wait_s=options.wait_s)
    return AS_WANTED


def _list(colony: Colony, options: Namespace) -> int:
    """Say what there is of jobs, and how they are."""
    found = jobs(colony)
    lives = scheduler_is_running(colony)
    if options.json:
        known = {name: json.loads(jobfile.encode(job)) for name, job in found.items()}
        json.dump({"running": lives, "jobs": known}, sys.stdout, indent=2)
        print()
    else:
        _show_table(colony, list(found.values()), lives)
    return AS_WANTED if lives and all(map(table.is_well, found.values())) else NOT_SO


def _show_table(colony: Colony, shown: list[jobfile.JobStatus], lives: bool) -> None:
    if not lives:
        print(printable(f"no scheduler is running for {where.directory(colony)}"))
    if not shown:
        print("no jobs")
        return
    width = width_of(sys.stdout) if sys.stdout.isatty() else None
    for line in table.lines(shown, time.time(), width, lives=lives):
        print(line)
    for line in table.troubles(shown):
        print(printable(line))


RUN: dict[str, Callable[[Colony, Namespace], int]] = {
    "job add": _add,
    "job remove": _remove,
    "job list": _list,
    "job run": _run,
}
