"""What the commands of ``ncolony job`` take."""

from __future__ import annotations

from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any

from . import adding, shared
from .command import Command
from .shared import JOB, wait

_SECONDS: dict[str, Any] = {"metavar": "SECONDS"}
#: Keys that only a job's file has; what says when it runs is told apart.
_OPTIONS: dict[str, dict[str, Any]] = {
    "--timeout": {**_SECONDS, "help": "how long a run may take [any time]"},
    "--grace": {**_SECONDS, "help": "from the stop signal to KILL [5]"},
    "--overlap": {
        "choices": ("skip", "wait", "allow"),
        "metavar": "HOW",
        "help": "when it is due while it runs: skip, wait or allow [skip]",
    },
    "--jitter": {**_SECONDS, "help": "begin later at random, by this at most [0]"},
    "--at-start": {
        "action": "store_const",
        "const": True,
        "help": "also run when the scheduler starts, or first sees it",
    },
    "--catch-up": {
        "action": BooleanOptionalAction,
        "help": "make up for what was missed, by one run [yes]",
    },
}
#: What a job's file doesn't have, or has under another name.
_NOT_OF_JOBS = {"--group", "--restart", "--essential", "--killtime"}


def _add(parser: ArgumentParser) -> None:
    parser.usage = adding.usage(parser)
    parser.description = (
        "Add a job to the directory that the scheduler reads, or change one. One of\n"
        "--every and --cron says when it runs. SECONDS may have a unit: 90s, 10m, 1h,\n"
        "7d. What no option says, --extras may."
    )
    shared.name(parser, JOB, help="of the job; one that is there is replaced")
    times = parser.add_mutually_exclusive_group()
    times.add_argument("--every", **_SECONDS, help="run each so often")
    times.add_argument("--cron", metavar="EXPR", help="run when a clock shows this: '30 2 * * *'")
    parser.add_argument("--timezone", metavar="TZ", help="whose clock [this machine's]")
    for flag, more in _OPTIONS.items():
        parser.add_argument(flag, **more)
    for flag, more in adding.OPTIONS.items():
        if flag not in _NOT_OF_JOBS:
            parser.add_argument(flag, **{**more, **_SAID_OF_JOBS.get(flag, {})})
    wait(parser)


_SAID_OF_JOBS = {
    "--cmd": {"help": "the program, looked up in the job's PATH"},
    "--env-inherit": {"help": "one taken from the scheduler's"},
    "--uid": {"help": "the user it runs as (root's scheduler only)"},
    "--gid": {"help": "the group it runs as (root's scheduler only)"},
    "--disabled": {"help": "not by its schedule, only on request"},
}


def _one(parser: ArgumentParser) -> None:
    shared.name(parser, JOB, help="the job")
    wait(parser)


def _run(parser: ArgumentParser) -> None:
    _one(parser)
    parser.description = (
        "Run a job now, whatever its schedule says. With --wait, return when that run\n"
        "is over; the exit code is 1, with a line that says why, where it failed."
    )


def _list(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.description = (
        "Say what jobs there are, how their last runs ended, and when they run next.\n"
        "The exit code is 0 when a scheduler runs, uses each file, and no job's last run\n"
        "failed."
    )


COMMANDS: dict[str, Command] = {
    "add": Command(
        "add a job, or change one",
        "job add backup --cron '30 2 * * *' -- backup",
        _add,
    ),
    "remove": Command("stop a job and forget it", "job remove backup --wait", _one),
    "list": Command("what jobs there are, and how they are", "job list --json", _list),
    "run": Command("run a job now", "job run backup --wait 600", _run),
}
