"""The command line: every command with its options, its help and an example."""

from __future__ import annotations

import argparse
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable
from math import isfinite
from typing import Any, NamedTuple

DEFAULT_WAIT_S = 30.0
#: As many lines as there are.
ALL = -1
#: Completed from the configuration directory, as completion.py says.
PROCESS = "process"


class Command(NamedTuple):
    """A command: ``arguments`` adds its own to a parser, ``example`` goes into its help."""

    summary: str
    example: str
    arguments: Callable[[ArgumentParser], None]


class Help(argparse.RawDescriptionHelpFormatter):
    """Help for 80 columns. Of a fixed width: asking for the terminal's costs an import of 3 ms."""

    def __init__(self, prog: str, **more: Any) -> None:
        super().__init__(prog, max_help_position=26, width=78, **more)
        # argparse forgets how far it indents commands: room for the longest one.
        self._action_max_length = len("    restart-group")


def seconds(text: str) -> float:
    """A duration: finite, not negative."""
    value = float(text)
    if not isfinite(value) or value < 0:
        raise ValueError(text)
    return value


def account(text: str) -> int | str:
    """A user or a group, by number or by name."""
    try:
        return int(text)
    except ValueError:
        return text


def count(text: str) -> int:
    """A number of lines; ALL for ``all``."""
    value = ALL if text == "all" else int(text)
    if value < ALL or text == "-1":
        raise ValueError(text)
    return value


def places(parser: ArgumentParser) -> None:
    """The options that say where the colony is, before and after the command."""
    group = parser.add_argument_group("where the colony is")
    for flags, text in (
        (("--colony",), "all of them in one folder [$NCOLONY_DIR]"),
        (("--config",), "what should run"),
        (("--messages",), "requests to the monitor"),
        (("--status",), "what does run [MESSAGES/.status]"),
        (("--logs",), "what they said [MESSAGES/.logs]"),
    ):
        group.add_argument(*flags, metavar="DIR", default=SUPPRESS, help=text)


def _wait(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--wait",
        nargs="?",
        type=seconds,
        const=DEFAULT_WAIT_S,
        metavar="SECONDS",
        dest="wait_s",
        help="return when it has happened, or say what has [30]",
    )


def _name(parser: ArgumentParser, **more: Any) -> None:
    action = parser.add_argument("name", metavar="NAME", **more)
    action.complete = PROCESS  # type: ignore[attr-defined]


def _one(parser: ArgumentParser) -> None:
    _name(parser, help="the process")
    _wait(parser)


def _add(parser: ArgumentParser) -> None:
    parser.usage = (
        f"{parser.prog} NAME [options] --cmd CMD [--arg ARG]...\n"
        f"       {parser.prog} NAME [options] -- PROGRAM [ARG]..."
    )
    _name(parser, help="of the process; one that is there is replaced")
    for flag, more in _ADD_OPTIONS.items():
        parser.add_argument(flag, **more)
    # Abbreviations that were unique before there were --config, --group and --env-file here.
    parser.add_argument("--c", dest="cmd", default=SUPPRESS, help=SUPPRESS)
    parser.add_argument("--g", dest="gid", type=account, default=SUPPRESS, help=SUPPRESS)
    parser.add_argument("--env-", dest="env_inherit", **_APPEND, default=SUPPRESS, help=SUPPRESS)
    _wait(parser)


_APPEND: dict[str, Any] = {"action": "append"}
_TRUE: dict[str, Any] = {"action": "store_true"}
_ADD_OPTIONS: dict[str, dict[str, Any]] = {
    "--cmd": {"help": "the program, looked up in the process's PATH"},
    "--arg": {
        **_APPEND,
        "dest": "args",
        "metavar": "ARG",
        "help": "an argument; again for each",
    },
    "--env": {**_APPEND, "metavar": "NAME=VALUE", "help": "a variable of its environment"},
    "--env-inherit": {**_APPEND, "metavar": "NAME", "help": "one taken from the monitor's"},
    "--group": {**_APPEND, "metavar": "GROUP", "help": "a group, for restart-group"},
    "--env-file": {**_APPEND, "metavar": "FILE", "help": "a file of NAME=VALUE lines"},
    "--env-from": {
        **_APPEND,
        "metavar": "NAME=FILE",
        "help": "a variable whose value is in a file, such as a secret",
    },
    "--uid": {"type": account, "help": "the user it runs as (root's monitor only)"},
    "--gid": {"type": account, "help": "the group it runs as (root's monitor only)"},
    "--cwd": {"metavar": "DIR", "help": "the directory it starts in"},
    "--restart": {
        "choices": ("always", "on-failure", "never"),
        "metavar": "WHEN",
        "help": "always, on-failure or never",
    },
    "--essential": {**_TRUE, "help": "when it ends for good, all of the colony does"},
    "--disabled": {**_TRUE, "help": "known and down, until it is enabled"},
    "--stop-signal": {"metavar": "SIGNAL", "help": "what asks it to end [TERM]"},
    "--killtime": {"metavar": "SECONDS", "help": "from that to KILL"},
    "--log": {"metavar": "TO", "help": "monitor, inherit, none, files, or a JSON object"},
    "--extras": {"metavar": "FILE", "help": "a JSON object merged into its file: any key"},
}


def _rotate(parser: ArgumentParser) -> None:
    _name(parser, nargs="*", help="only these; otherwise all that have log files")
    _wait(parser)


def _logs(parser: ArgumentParser) -> None:
    _name(parser, nargs="*", help="only these; otherwise all")
    parser.add_argument("-f", "--follow", **_TRUE, help="go on with what comes, until Ctrl-C")
    parser.add_argument(
        "-n", "--lines", type=count, help="so many of each process, or all [10; with --since all]"
    )
    parser.add_argument("--since", metavar="TIME", help="not what is older")
    parser.description = (
        "Show what processes said: from their log files, and from the monitor's log\n"
        "where that is a file. TIME is a date and time, such as 2026-11-25T01:30:00Z,\n"
        "'2026-11-25 01:30' (local time), or how long ago: 90s, 10m, 2h, 7d. Lines\n"
        "that carry no time are shown where their file is not older."
    )


def _restart_group(parser: ArgumentParser) -> None:
    parser.add_argument("group", metavar="GROUP", help="as in the processes' files")
    _wait(parser)


def _signal(parser: ArgumentParser) -> None:
    _name(parser, help="the process")
    parser.add_argument("signal", metavar="SIGNAL", help="HUP, SIGHUP or 1")
    _wait(parser)


def _status(parser: ArgumentParser) -> None:
    _name(parser, nargs="*", help="only these; otherwise all")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--quiet", action="store_true", help="the exit code alone")
    parser.description = (
        "Say what runs, since when, and why. The exit code is 0 when the monitor runs\n"
        "and every process is as wanted: up and running with its newest file, or stopped."
    )


def _wait_command(parser: ArgumentParser) -> None:
    _name(parser, nargs="+", help="the processes: all of them")
    parser.add_argument(
        "--for", dest="for_", choices=("running", "stopped"), default="running", help="[running]"
    )
    parser.description = (
        "Wait until all the processes run, or all are stopped or removed; where no\n"
        "monitor runs, wait for it, too. The exit code is 1 when time is up before."
    )
    text = "seconds to give up after [30]"
    parser.add_argument(
        "--timeout", type=seconds, metavar="S", dest="timeout_s", default=DEFAULT_WAIT_S, help=text
    )


def _check(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="*", help="[all of the config directory]")


def _beat(parser: ArgumentParser) -> None:
    parser.description = "Say that the calling process is well, as its file asks."


def _completion(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


COMMANDS: dict[str, Command] = {
    "add": Command(
        "add a process, or change one", "add web --wait -- python3 -m http.server", _add
    ),
    "remove": Command("stop a process and forget it", "remove web --wait 10", _one),
    "enable": Command("let a disabled process run", "enable web --wait", _one),
    "disable": Command("stop a process for good, and keep it", "disable web --wait", _one),
    "start": Command("start a stopped process", "start web --wait", _one),
    "stop": Command("stop a process until it is started", "stop web --wait", _one),
    "restart": Command("stop a process and start it", "restart web --wait", _one),
    "restart-all": Command("restart all that isn't stopped", "restart-all --wait 60", _wait),
    "restart-group": Command("restart a group", "restart-group workers", _restart_group),
    "signal": Command("send a process a signal", "signal web HUP", _signal),
    "status": Command(
        "what runs, since when, and why",
        "status web db --json",
        _status,
    ),
    "logs": Command("show what processes said", "logs web -f --since 10m", _logs),
    "rotate": Command("begin new log files", "rotate web --wait", _rotate),
    "wait": Command(
        "wait until processes run, or are stopped",
        "wait web db --for running --timeout 60",
        _wait_command,
    ),
    "check": Command(
        "find faults in configuration; needs no monitor", "check web.new config/db", _check
    ),
    "beat": Command("say that the calling process is well", "beat", _beat),
    "completion": Command(
        "print completions for a shell", "completion bash > ~/.bash_completion", _completion
    ),
    "run": Command(
        "be the monitor, in the foreground", "run --colony /srv/colony", lambda parser: None
    ),
}
