"""What a command of the command line is made of."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, NamedTuple


class Command(NamedTuple):
    """A command: ``arguments`` adds its own to a parser, ``example`` goes into its help.

    One that is made of ``commands`` takes one of those.
    """

    summary: str
    example: str
    arguments: Callable[[ArgumentParser], None]
    commands: dict[str, Command] = {}  # noqa: RUF012 - a tuple's default, which nobody changes


class Help(argparse.RawDescriptionHelpFormatter):
    """Help for 80 columns. Of a fixed width: asking for the terminal's costs an import of 3 ms."""

    def __init__(self, prog: str, **more: Any) -> None:
        super().__init__(prog, max_help_position=26, width=78, **more)
        # argparse forgets how far it indents commands: room for the longest one.
        self._action_max_length = len("    restart-group")
