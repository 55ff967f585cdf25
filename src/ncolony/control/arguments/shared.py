"""Options and operands that many commands have."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser
from typing import Any

from .kinds import seconds

DEFAULT_WAIT_S = 30.0
#: Completed from the configuration directory, and from that of the jobs, as completion.py says.
PROCESS = "process"
JOB = "job"


def places(parser: ArgumentParser) -> None:
    """The options that say where the colony is, before and after the command."""
    group = parser.add_argument_group("where the colony is")
    for flags, text in (
        (("--colony",), "all of them in one folder [$NCOLONY_DIR]"),
        (("--config",), "what should run"),
        (("--messages",), "requests to the monitor"),
        (("--status",), "what does run [MESSAGES/.status]"),
        (("--logs",), "what they said [MESSAGES/.logs]"),
        (("--jobs",), "the scheduler's jobs [MESSAGES/.jobs]"),
    ):
        group.add_argument(*flags, metavar="DIR", default=SUPPRESS, help=text)


def wait(parser: ArgumentParser) -> None:
    """Whether to wait until it has happened, and how long."""
    parser.add_argument(
        "--wait",
        nargs="?",
        type=seconds,
        const=DEFAULT_WAIT_S,
        metavar="SECONDS",
        dest="wait_s",
        help="return when it has happened, or say what has [30]",
    )


def name(parser: ArgumentParser, whose: str = PROCESS, **more: Any) -> None:
    """The name of a process or of a job, or several."""
    action = parser.add_argument("name", metavar="NAME", **more)
    action.complete = whose  # type: ignore[attr-defined]


def one(parser: ArgumentParser) -> None:
    """A process, and whether to wait."""
    name(parser, help="the process")
    wait(parser)
