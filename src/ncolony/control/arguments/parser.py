"""argparse with errors as this project has them: what was found, what is allowed, what is near."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from typing import NoReturn

from ..errors import nearest

#: argparse's own words; with and without quotes, by the version of Python.
_CHOICE = re.compile(r"invalid choice: (.*) \(choose from (.*)\)$")


class Parser(ArgumentParser):
    """Says in one line what is wrong, and ends with 2, as ``ArgumentParser.error`` does."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and what is wrong. Raises SystemExit."""
        super().error(_CHOICE.sub(_in_our_words, message))


def _in_our_words(choice: re.Match[str]) -> str:
    found, listed = choice.groups()
    allowed = re.findall(r"[\w-]+", listed)
    near = nearest(found.strip("'"), allowed)
    return f"found {found}; allowed: {', '.join(allowed)}{near}"
