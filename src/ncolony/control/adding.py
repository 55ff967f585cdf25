"""What the options of ``ncolony add`` put into a process's file, and those of a job's into its."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from math import isfinite
from typing import Any

from .configuring import extras_from
from .errors import RefusedError

_VALUES = (
    "restart", "stop_signal", "killtime", "timeout", "grace", "overlap", "jitter", "at_start",
    "catch_up",
)  # fmt: skip


def more(options: Namespace, what: str) -> dict[str, Any] | None:
    """The keys that ``ctllib.add`` has no parameter for, then those of --extras, which win.

    Paths are made absolute here, where it is known what they are relative to. What makes no
    sense as a value is left for the check of the whole. Raises RefusedError:
    ``what`` can't be added.
    """
    found: dict[str, Any] = {}
    for key in _VALUES:
        value = getattr(options, key, None)
        if value is not None:
            found[key] = number_or_text(value) if isinstance(value, str) else value
    if getattr(options, "essential", False):
        found["essential"] = True
    if options.disabled:
        found["enabled"] = False
    if options.cwd is not None:
        found["cwd"] = os.path.abspath(options.cwd)
    if options.env_file is not None:
        found["env_file"] = [os.path.abspath(file) for file in options.env_file]
    if options.env_from is not None:
        found["env_from"] = dict(_variable_and_file(what, i) for i in options.env_from)
    if options.log is not None:
        found["log"] = _text_or_object(what, options.log)
    if options.extras is not None:
        found |= extras_from(what, options.extras)
    return found or None


def number_or_text(text: str) -> float | str:
    """A number, where the text is one."""
    try:
        value = float(text)
    except ValueError:
        return text
    if not isfinite(value):
        return text
    return int(value) if value.is_integer() else value


def _variable_and_file(what: str, item: str) -> tuple[str, str]:
    variable, equals, file = item.partition("=")
    if not variable or not equals or not file:
        raise RefusedError(f"cannot add {what}: --env-from: found {item!r}; allowed: NAME=FILE")
    return variable, os.path.abspath(file)


def _text_or_object(what: str, text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"cannot add {what}: --log: no JSON: {error}") from None
