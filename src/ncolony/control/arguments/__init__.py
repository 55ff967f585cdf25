"""The command line: every command with its options, its help and an example.

``COMMANDS`` is the one table of them; ``ncolony.cli.build(PROGRAM, COMMANDS)`` makes argparse's
parsers of it, by their whole names (``add``, ``job``, ``job add``). The help, the completions, and
whoever documents the commands read both.
"""

from __future__ import annotations

from argparse import ArgumentParser

from . import adding, jobs, processes, shared
from .command import Command, Help
from .kinds import ALL
from .shared import DEFAULT_WAIT_S, JOB, PROCESS, places

__all__ = ["ALL", "COMMANDS", "DEFAULT_WAIT_S", "JOB", "PROCESS", "Command", "Help", "places"]


def _group(parser: ArgumentParser) -> None:
    """It takes one of its commands, and nothing of its own."""


def _check(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="*", help="[all processes and jobs]")
    parser.description = (
        "Find faults in the files of processes and jobs, as the monitor, the scheduler\n"
        "and the checkers would. It needs no monitor. A FILE is a job's if it is in the\n"
        "jobs directory, or if it is in none of the colony's and has a schedule."
    )


def _add_plugins(parser: ArgumentParser) -> None:
    parser.add_argument(
        "plugin", metavar="PLUGIN", nargs="*", help="beatcheck, httpcheck, scheduler [all]"
    )
    parser.add_argument(
        "--trust",
        action="append",
        metavar="NAME",
        help="whose files root's scheduler obeys, :GROUP for a group's; again for each",
    )
    parser.add_argument(
        "--replace", action="store_true", help="overwrite files that say something else"
    )
    shared.wait(parser)
    parser.description = (
        "Have the monitor run two heartbeat checkers, which watch over each other as\n"
        "well, the HTTP checker, and the scheduler of jobs. They run with this Python.\n"
        "The directories for jobs and heartbeats are made."
    )


def _beat(parser: ArgumentParser) -> None:
    parser.description = "Say that the calling process is well, as its file asks."


def _completion(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


COMMANDS: dict[str, Command] = {
    "add": Command(
        "add a process, or change one", "add web --wait -- python3 -m http.server", adding.add
    ),
    "remove": Command("stop a process and forget it", "remove web --wait 10", shared.one),
    "enable": Command("let a disabled process run", "enable web --wait", shared.one),
    "disable": Command("stop a process until it is enabled", "disable web --wait", shared.one),
    "start": Command("start a stopped process", "start web --wait", shared.one),
    "stop": Command("stop a process until it is started", "stop web --wait", shared.one),
    "restart": Command("stop a process and start it", "restart web --wait", shared.one),
    "restart-all": Command("restart all that isn't stopped", "restart-all --wait 60", shared.wait),
    "restart-group": Command("restart a group", "restart-group workers", processes.restart_group),
    "signal": Command("send a process a signal", "signal web HUP", processes.signal),
    "status": Command(
        "what runs, since when, and why",
        "status web db --json",
        processes.status,
    ),
    "logs": Command("show what processes said", "logs web -f --since 10m", processes.logs),
    "rotate": Command("begin new log files", "rotate web --wait", processes.rotate),
    "wait": Command(
        "wait until processes run, or are stopped",
        "wait web db --for running --timeout 60",
        processes.wait_command,
    ),
    "job": Command(
        "add, remove, list and run the scheduler's jobs", "job list", _group, jobs.COMMANDS
    ),
    "add-plugins": Command(
        "add the checkers and the scheduler", "add-plugins scheduler --wait", _add_plugins
    ),
    "check": Command(
        "find faults in configuration; needs no monitor", "check web.new config/db", _check
    ),
    "beat": Command("say that the calling process is well", "beat", _beat),
    "completion": Command(
        "print completions for a shell", "completion bash > ~/.bash_completion", _completion
    ),
    "run": Command(
        "run the monitor, in the foreground", "run --colony /srv/colony", lambda parser: None
    ),
}
