"""The command line of the control program: ``ncolony``, and ``python -m ncolony ctl``.

Half of what a command costs is starting Python, so only the parser of the command at hand
is built, and modules that not every command needs are imported late. Exit codes: 0 done, or
as wanted; 1 not so; 2 asked wrongly; 130 interrupted; 141 nobody reads the output.
"""

from __future__ import annotations

import os
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Sequence

from . import __version__
from .control import arguments
from .control.arguments import COMMANDS, Help
from .control.arguments.parser import Parser
from .control.arguments.words import (
    TAKE_A_PROGRAM,
    find_command,
    settle_program,
    settle_schedule,
    split,
)
from .control.errors import CtlError

PROGRAM = "ncolony"
#: What the ancestor's users type.
CTL = "python -m ncolony ctl"
_EPILOG = """\
The files in these directories are the whole interface.
'{prog} COMMAND --help' says more and has an example.

example:
  {prog} --colony /srv/colony add web -- python3 -m http.server
"""
_PLACES = ("colony", "config", "messages", "status", "logs", "jobs")
_INTERRUPTED = 128 + 2
_BROKEN_PIPE = 128 + 13


def console(prog: str = PROGRAM) -> int:
    """The entry point of ``ncolony``: the exit code."""
    _escape_what_cannot_be_printed()
    return main(sys.argv[1:], prog)


def main(argv: Sequence[str], prog: str = PROGRAM) -> int:
    """Carry out a command line, without the program's name; the exit code.

    Raises SystemExit as argparse does: for usage errors, --help and --version.
    """
    words = list(argv)
    if words[:1] == ["ctl"]:
        words, prog = words[1:], CTL
    found = find_command(words, COMMANDS)
    at, command = found or (0, "")
    if command == "run" and not {"-h", "--help"} & set(words[:at]):
        from .signals import Signals

        signals = Signals()  # before the 0.1 s that it takes to import Twisted
        from .run import main as run_monitor

        return run_monitor(words[:at] + words[at + 1 :], signals)
    try:
        return printing(PROGRAM, lambda: _carry_out(words, found, prog))
    except CtlError as error:
        from .control.table import printable

        print(printable(f"{PROGRAM}: {error}"), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED


def printing(program: str, carry_out: Callable[[], int]) -> int:
    """The exit code of what prints, or of that its output can't be written."""
    # There is none where who calls us has closed it.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - to the end of the process
    try:
        code = carry_out()
        sys.stdout.flush()
    except BrokenPipeError:
        _print_no_more()
        return _BROKEN_PIPE
    except OSError as error:
        if error.filename is not None:  # it isn't of the output, which has no name
            raise
        _print_no_more()
        print(f"{program}: cannot write the output: {error.strerror}", file=sys.stderr)
        return CtlError.exit_code
    return code


def _print_no_more() -> None:
    """Python flushes once more at its end, and would complain once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _carry_out(words: list[str], found: tuple[int, str] | None, prog: str) -> int:
    program: list[str] | None = None
    if found is not None:
        words, program = split(words, *found)
    parser, parsers = build(prog, COMMANDS if found is None else (found[1],))
    options, unknown = parser.parse_known_args(words, Namespace(**dict.fromkeys(_PLACES)))
    if unknown:
        parsers[options.command].error(f"unrecognized arguments: {' '.join(unknown)}")
    if options.command == "completion":
        from .control import completion

        parser, parsers = build(PROGRAM, COMMANDS)
        print(completion.script(parser, parsers, options.shell))
        return 0
    if options.command == "beat":
        from .control import beating

        return beating.run()
    if options.command in TAKE_A_PROGRAM:
        settle_program(parsers[options.command], options, program)
    if options.command == "job add":
        settle_schedule(parsers[options.command], options)
    from .control import commands

    return commands.run(options)


def build(
    prog: str, names: Sequence[str] | dict[str, arguments.Command]
) -> tuple[ArgumentParser, dict[str, ArgumentParser]]:
    """The whole parser with these commands, and the parser of each by its whole name.

    A command that is made of others comes with all of them, unless one is named.
    """
    parser = Parser(
        prog=prog,
        description="Control a colony of processes.",
        epilog=_EPILOG.format(prog=prog),
        formatter_class=Help,
    )
    version = f"{PROGRAM} {__version__}"
    parser.add_argument("--version", action="version", version=version, help="print the version")
    arguments.places(parser)
    # An abbreviation that was unique before there was --colony.
    parser.add_argument("--co", "--c", dest="config", default=SUPPRESS, help=SUPPRESS)
    parsers: dict[str, ArgumentParser] = {}
    _add_commands(parser, prog, "", COMMANDS, names, parsers)
    return parser, parsers


def _add_commands(
    parser: ArgumentParser,
    prog: str,
    above: str,
    commands: dict[str, arguments.Command],
    names: Iterable[str],
    parsers: dict[str, ArgumentParser],
) -> None:
    """Give a parser these commands, and what they are made of; ``above`` is its own name."""
    subparsers = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, prog=f"{prog}{above}", title="commands"
    )
    for name in names:
        word, _, below = name.partition(" ")
        command, whole = commands[word], f"{above} {word}".lstrip()
        made = parsers[whole] = subparsers.add_parser(
            word,
            help=command.summary,
            description=command.summary[0].upper() + command.summary[1:] + ".",
            epilog=f"example:\n  {prog} {command.example}",
            formatter_class=Help,
        )
        command.arguments(made)
        arguments.places(made)
        if command.commands:
            few = (below,) if below else command.commands
            _add_commands(made, prog, f" {whole}", command.commands, few, parsers)
        else:
            made.set_defaults(command=whole)


def _escape_what_cannot_be_printed() -> None:
    """File names may hold any byte, and standard output may be ASCII."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
