"""The command line of the control program: ``ncolony``, and ``python -m ncolony ctl``.

Half of what a command costs is starting Python, so only the parser of the command at hand
is built, and modules that not every command needs are imported late. Exit codes: 0 done, or
as wanted; 1 not so; 2 asked wrongly; 130 interrupted; 141 nobody reads the output.
"""

from __future__ import annotations

import os
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Sequence

from . import __version__
from .control import arguments
from .control.arguments import COMMANDS, Help
from .control.errors import CtlError

PROGRAM = "ncolony"
#: What the ancestor's users type.
CTL = "python -m ncolony ctl"
_EPILOG = """\
The first five name directories of files, which are the whole interface.
'{prog} COMMAND --help' says more and has an example.

example:
  {prog} --colony /srv/colony add web -- python3 -m http.server
"""
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
    at = _find_command(words)
    command = None if at is None else words[at]
    if at is not None and command == "run" and not {"-h", "--help"} & set(words[:at]):
        from .signals import Signals

        signals = Signals()  # before the 0.1 s that it takes to import Twisted
        from .run import main as run_monitor

        return run_monitor(words[:at] + words[at + 1 :], signals)
    try:
        code = _carry_out(words, at, command, prog)
        sys.stdout.flush()
    except CtlError as error:
        from .control.table import printable

        print(printable(f"{PROGRAM}: {error}"), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Python flushes once more at its end, and would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    return code


def _carry_out(words: list[str], at: int | None, command: str | None, prog: str) -> int:
    program: list[str] | None = None
    if at is not None and command is not None:
        words, program = _split(words, at, command)
    parser, parsers = build(prog, COMMANDS if command is None else (command,))
    options = parser.parse_args(
        words, Namespace(colony=None, config=None, messages=None, status=None, logs=None)
    )
    if options.command == "completion":
        from .control import completion

        parser, parsers = build(PROGRAM, COMMANDS)
        print(completion.script(parser, parsers, options.shell))
        return 0
    if options.command == "beat":
        from .control import beating

        return beating.run()
    if options.command == "add":
        _settle_program(parsers["add"], options, program)
    from .control import commands

    return commands.run(options)


def build(
    prog: str, names: Sequence[str] | dict[str, arguments.Command]
) -> tuple[ArgumentParser, dict[str, ArgumentParser]]:
    """The whole parser with these commands, and the parser of each."""
    parser = ArgumentParser(
        prog=prog,
        description="Control a colony of processes.",
        epilog=_EPILOG.format(prog=prog),
        formatter_class=Help,
    )
    version = f"{PROGRAM} {__version__}"
    parser.add_argument("--version", action="version", version=version, help="say which it is")
    arguments.places(parser)
    # An abbreviation that was unique before there was --colony.
    parser.add_argument("--co", "--c", dest="config", default=SUPPRESS, help=SUPPRESS)
    subparsers = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, prog=prog, title="commands"
    )
    parsers: dict[str, ArgumentParser] = {}
    for name in names:
        command = COMMANDS[name]
        parsers[name] = subparsers.add_parser(
            name,
            help=command.summary,
            description=command.summary[0].upper() + command.summary[1:] + ".",
            epilog=f"example:\n  {prog} {command.example}",
            formatter_class=Help,
        )
        command.arguments(parsers[name])
        arguments.places(parsers[name])
    return parser, parsers


def _find_command(words: list[str]) -> int | None:
    """Where the command is: behind options with a directory each. None: argparse will say."""
    at = 0
    while at < len(words) and words[at].startswith("--") and len(words[at]) > 2:
        if words[at] in {"--help", "--version"}:
            return None
        at += 1 if "=" in words[at] else 2
    return at if at < len(words) and words[at] in COMMANDS else None


def _split(words: list[str], at: int, command: str) -> tuple[list[str], list[str] | None]:
    """The words for argparse, and what follows a ``--`` of add: the process's command line.

    argparse takes no value that looks like an option (``--arg -x``), and takes any word for
    the value of ``--wait``; so each is tied to its option here.
    """
    tied: list[str] = words[: at + 1]
    rest = words[at + 1 :]
    i = 0
    while i < len(rest):
        word = rest[i]
        following = rest[i + 1] if i + 1 < len(rest) else None
        if command == "add" and word == "--":
            return tied, rest[i + 1 :]
        if command == "add" and word == "--arg" and following is not None:
            tied.append(f"{word}={following}")
            i += 1
        elif word == "--wait" and not _is_number(following):
            tied.append(f"{word}={arguments.DEFAULT_WAIT_S}")
        else:
            tied.append(word)
        i += 1
    return tied, None


def _is_number(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True


def _settle_program(parser: ArgumentParser, options: Namespace, program: list[str] | None) -> None:
    """One of --cmd and ``-- PROGRAM`` says what runs."""
    if program is None:
        if options.cmd is None:
            parser.error("what runs is missing: --cmd CMD, or -- PROGRAM [ARG]...")
        return
    if options.cmd is not None or options.args is not None:
        parser.error("not both: --cmd and --arg, and -- PROGRAM [ARG]...")
    if not program:
        parser.error("the program is missing after --")
    options.cmd, *options.args = program


def _escape_what_cannot_be_printed() -> None:
    """File names may hold any byte, and standard output may be ASCII."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
