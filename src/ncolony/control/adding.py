"""What the options of ``ncolony add`` put into a process's file."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from math import isfinite
from typing import Any

from .configuring import extras_from
from .errors import RefusedError


def more(options: Namespace) -> dict[str, Any] | None:
    """The keys that ``ctllib.add`` has no parameter for, then those of --extras, which win.

    Paths are made absolute here, where it is known what they are relative to. What makes no
    sense as a value is left for the check of the whole. Raises RefusedError.
    """
    found: dict[str, Any] = {}
    for key in ("restart", "stop_signal", "killtime"):
        if getattr(options, key) is not None:
            found[key] = _number_or_text(getattr(options, key))
    if options.essential:
        found["essential"] = True
    if options.disabled:
        found["enabled"] = False
    if options.cwd is not None:
        found["cwd"] = os.path.abspath(options.cwd)
    if options.env_file is not None:
        found["env_file"] = [os.path.abspath(file) for file in options.env_file]
    if options.env_from is not None:
        found["env_from"] = dict(_variable_and_file(options.name, i) for i in options.env_from)
    if options.log is not None:
        found["log"] = _text_or_object(options.name, options.log)
    if options.extras is not None:
        found |= extras_from(options.name, options.extras)
    return found or None


def _number_or_text(text: str) -> float | str:
    try:
        value = float(text)
    except ValueError:
        return text
    if not isfinite(value):
        return text
    return int(value) if value.is_integer() else value


def _variable_and_file(name: str, item: str) -> tuple[str, str]:
    variable, equals, file = item.partition("=")
    if not variable or not equals or not file:
        raise RefusedError(f"cannot add {name}: --env-from: found {item!r}; allowed: NAME=FILE")
    return variable, os.path.abspath(file)


def _text_or_object(name: str, text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"cannot add {name}: --log: no JSON: {error}") from None
