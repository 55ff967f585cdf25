"""What of a command line is read before argparse does, or in its place."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from .command import Command
from .shared import DEFAULT_WAIT_S

#: The commands whose words behind ``--`` are a command line of their own.
TAKE_A_PROGRAM = ("add", "job add")


def find_command(words: list[str], commands: dict[str, Command]) -> tuple[int, str] | None:
    """The last word of the command and its whole name; None: argparse will say.

    Before each of its words are options with a directory each.
    """
    found: tuple[int, str] | None = None
    at = 0
    while at < len(words):
        word = words[at]
        if word.startswith("--") and len(word) > 2:
            if word in {"--help", "--version"}:
                break
            at += 1 if "=" in word else 2
            continue
        if word not in commands:
            break
        found = at, word if found is None else f"{found[1]} {word}"
        commands = commands[word].commands
        at += 1
    return found


def split(words: list[str], at: int, command: str) -> tuple[list[str], list[str] | None]:
    """The words for argparse, and what follows a ``--`` of add: the process's command line.

    argparse takes no value that looks like an option (``--arg -x``), and takes any word for
    the value of ``--wait``; so each is tied to its option here.
    """
    tied: list[str] = words[: at + 1]
    rest = words[at + 1 :]
    has_program = command in TAKE_A_PROGRAM
    i = 0
    while i < len(rest):
        word = rest[i]
        following = rest[i + 1] if i + 1 < len(rest) else None
        if has_program and word == "--":
            return tied, rest[i + 1 :]
        if has_program and word == "--arg" and following is not None:
            tied.append(f"{word}={following}")
            i += 1
        elif word == "--wait" and not _is_number(following):
            tied.append(f"{word}={DEFAULT_WAIT_S}")
        else:
            tied.append(word)
        i += 1
    return tied, None


def settle_program(parser: ArgumentParser, options: Namespace, program: list[str] | None) -> None:
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


def settle_schedule(parser: ArgumentParser, options: Namespace) -> None:
    """One of --every and --cron, or a file of --extras, says when a job runs."""
    if options.timezone is not None and options.cron is None:
        parser.error("--timezone makes no sense without --cron")
    if options.every is None and options.cron is None and options.extras is None:
        parser.error("when it runs is missing: --every SECONDS, or --cron EXPR")


def _is_number(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True
