"""Tables of command lines: commands, options, exit codes."""

from __future__ import annotations

from collections.abc import Iterable

import optionrows
from exitcodes import Codes
from markdowntable import table
from optionrows import Row
from twisted.python import usage


def commands() -> str:
    """All commands of the control program."""
    rows = (
        (f"`{' '.join((name, *[row.value for row in known.operands]))}`", known.command.summary)
        for name, known in optionrows.commands().items()
    )
    return table(("command", "what for"), rows)


def command(name: str) -> str:
    """The options of one of them."""
    return _without_defaults(optionrows.commands()[name].options)


def places() -> str:
    """The options that all of them have."""
    return _without_defaults(optionrows.places())


def options(kind: type[usage.Options]) -> str:
    """The options of one of Twisted's command lines."""
    rows = ((_names(row), row.default, row.meaning) for row in optionrows.twisted(kind))
    return table(("option", "default", "meaning"), rows)


def exit_codes(codes: Codes) -> str:
    """What a program ends with."""
    return table(("code", "meaning"), codes)


def _without_defaults(rows: Iterable[Row]) -> str:
    """What is in brackets is the default."""
    return table(("option", "meaning"), ((_names(row), row.meaning) for row in rows))


def _names(row: Row) -> str:
    value = f" {row.value}" if row.value not in ("", "=") else ""
    return ", ".join(f"`{name}{value}`" for name in row.names)
