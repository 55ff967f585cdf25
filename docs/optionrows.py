"""The options of command lines as rows, from argparse's parsers and Twisted's ``usage.Options``.

The reference's tables and the manual pages are made of them.
"""

from __future__ import annotations

import inspect
from argparse import SUPPRESS, Action, ArgumentParser
from collections.abc import Iterator
from typing import NamedTuple

from twisted.python import usage

from ncolony import cli
from ncolony.control.arguments import COMMANDS, Command


class Row(NamedTuple):
    """An option by all its names, or an operand, which has none.

    ``value`` is what follows, as a usage says it: ``[NAME...]``; Twisted's have ``=`` for any.
    """

    names: tuple[str, ...]
    value: str
    default: str
    meaning: str


class Known(NamedTuple):
    """A command by its whole name, with its operands and options."""

    name: str
    command: Command
    description: str
    operands: tuple[Row, ...]
    options: tuple[Row, ...]


def commands() -> dict[str, Known]:
    """Every command of the control program that does something, in the order of its help."""
    _, parsers = cli.build(cli.PROGRAM, COMMANDS)
    table = dict(_named(COMMANDS))
    return {
        name: Known(name, table[name], _description(parsers[name]), *_rows_of(parsers[name]))
        for name in table
        if not table[name].commands
    }


def places() -> tuple[Row, ...]:
    """The options that say where a colony is, which every command has."""
    parser, _ = cli.build(cli.PROGRAM, ())
    return tuple(_row(action) for action in parser._actions if _is_place(action))


def twisted(kind: type[usage.Options]) -> Iterator[Row]:
    """The options of one of Twisted's command lines."""
    for long, short, default, meaning, *_ in kind.optParameters:
        names = (f"--{long}",) if short is None else (f"-{short}", f"--{long}")
        yield Row(names, "=", "" if default is None else str(default), meaning)
    for long, _, meaning, *_ in getattr(kind, "optFlags", ()):
        yield Row((f"--{long}",), "", "", meaning)
    for name in sorted(set(dir(kind)) - set(dir(usage.Options))):
        if name.startswith("opt_") and name != "opt_version":
            meaning = " ".join(inspect.cleandoc(getattr(kind, name).__doc__).split())
            yield Row((f"--{name[4:]}",), "=", "", meaning)


def _named(commands: dict[str, Command], above: str = "") -> Iterator[tuple[str, Command]]:
    for word, command in commands.items():
        yield f"{above}{word}", command
        yield from _named(command.commands, f"{above}{word} ")


def _description(parser: ArgumentParser) -> str:
    return " ".join((parser.description or "").split())


def _rows_of(parser: ArgumentParser) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """A parser's operands and options. argparse has no public way to them; shtab goes this one."""
    shown = [action for action in parser._actions if action.help != SUPPRESS]
    own = [action for action in shown if not _is_place(action) and action.dest != "help"]
    operands = [action for action in own if not action.option_strings]
    options = [action for action in own if action.option_strings]
    return tuple(map(_row, operands)), tuple(map(_row, options))


def _is_place(action: Action) -> bool:
    return action.metavar == "DIR" and action.default == SUPPRESS and action.help != SUPPRESS


def _row(action: Action) -> Row:
    word = str(action.metavar or action.dest.upper())
    if action.choices and not action.metavar:
        word = "{" + ",".join(map(str, action.choices)) + "}"
    values = {0: "", None: word, "?": f"[{word}]", "*": f"[{word}...]", "+": f"{word}..."}
    return Row(tuple(action.option_strings), values[action.nargs], "", action.help or "")
