"""The options of ``ncolony add``, most of which are keys of a process's file."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser
from typing import Any

from .kinds import account
from .shared import name, wait

_APPEND: dict[str, Any] = {"action": "append"}
_TRUE: dict[str, Any] = {"action": "store_true"}
OPTIONS: dict[str, dict[str, Any]] = {
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
    "--essential": {**_TRUE, "help": "when it ends for good, the whole colony ends"},
    "--disabled": {**_TRUE, "help": "known and down, until it is enabled"},
    "--stop-signal": {"metavar": "SIGNAL", "help": "what asks it to end [TERM]"},
    "--killtime": {"metavar": "SECONDS", "help": "from the stop signal to KILL"},
    "--log": {"metavar": "TO", "help": "monitor, inherit, none, files, or a JSON object"},
    "--extras": {"metavar": "FILE", "help": "a JSON object merged into its file: any key"},
}


def usage(parser: ArgumentParser) -> str:
    """Of a command that takes a command line of a process's, whole or piece by piece."""
    return (
        f"{parser.prog} NAME [options] --cmd CMD [--arg ARG]...\n"
        f"       {parser.prog} NAME [options] -- PROGRAM [ARG]..."
    )


def add(parser: ArgumentParser) -> None:
    """A process and all that its file may say."""
    parser.usage = usage(parser)
    name(parser, help="of the process; one that is there is replaced")
    for flag, more in OPTIONS.items():
        parser.add_argument(flag, **more)
    # Abbreviations that were unique before there were --config, --group and --env-file here.
    parser.add_argument("--c", dest="cmd", default=SUPPRESS, help=SUPPRESS)
    parser.add_argument("--g", dest="gid", type=account, default=SUPPRESS, help=SUPPRESS)
    parser.add_argument("--env-", dest="env_inherit", **_APPEND, default=SUPPRESS, help=SUPPRESS)
    wait(parser)
