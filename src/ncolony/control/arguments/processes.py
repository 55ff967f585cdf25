"""What the commands about processes that are there take: one, several, or all of them."""

from __future__ import annotations

from argparse import ArgumentParser

from .kinds import count, seconds
from .shared import DEFAULT_WAIT_S, name, wait


def rotate(parser: ArgumentParser) -> None:
    """Whose log files are begun anew."""
    name(parser, nargs="*", help="only these; otherwise all that have log files")
    wait(parser)


def logs(parser: ArgumentParser) -> None:
    """Whose output is shown, and how much of it."""
    name(parser, nargs="*", help="only these; otherwise all")
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on with what comes, until Ctrl-C"
    )
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


def restart_group(parser: ArgumentParser) -> None:
    """A group."""
    parser.add_argument("group", metavar="GROUP", help="as in the processes' files")
    wait(parser)


def signal(parser: ArgumentParser) -> None:
    """A process and a signal."""
    name(parser, help="the process")
    parser.add_argument("signal", metavar="SIGNAL", help="HUP, SIGHUP or 1")
    wait(parser)


def status(parser: ArgumentParser) -> None:
    """Whose status is shown, and how."""
    name(parser, nargs="*", help="only these; otherwise all")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.add_argument("--quiet", action="store_true", help="the exit code alone")
    parser.description = (
        "Say what runs, since when, and why. The exit code is 0 when the monitor runs\n"
        "and every process is as wanted: up and running with its newest file, or stopped."
    )


def wait_command(parser: ArgumentParser) -> None:
    """Who is waited for, to which end, and how long."""
    name(parser, nargs="+", help="the processes: all of them")
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
