"""The one table of what a process's file may hold.

The monitor, ``ncolony check``, ``ncolony add`` and the reference documentation all read it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from . import context, policy, values
from .logspec import log_spec
from .values import MAX_ID


class Field(NamedTuple):
    """A row: ``convert`` returns the value to use, or raises Wrong.

    ``part`` says which value of ProcessSpec it belongs to: ``policy``, ``context``, or none;
    ``target`` is its name there, where that is another.
    """

    name: str
    allowed: str
    convert: Callable[[Any], Any]
    meaning: str
    part: str = ""
    target: str = ""


_VARIABLES = "names not empty and without '='"
_SECONDS = 'seconds, not below 0, or a string like "90s", "10m", "1h", "7d"'
_TRUTH = "true or false"
_ACCOUNT = f"a name, or a whole number from 0 to {MAX_ID}; or null"
_PATH = "an absolute path"


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(json.dumps(word) for word in words)


def _whole(low: int, high: int) -> Callable[[Any], int]:
    return lambda value: values.whole(value, low, high)


_ROWS = (
    Field(
        "args",
        "a list of strings, the first of them the program",
        values.arguments,
        "The command line. The program is looked up in the `PATH` of the process's own "
        "environment, or in `/bin:/usr/bin` where that has none.",
    ),
    Field(
        "env",
        f"an object whose values are strings, {_VARIABLES}",
        values.environment,
        "The process's environment.",
    ),
    Field(
        "env_inherit",
        f"a list of strings, {_VARIABLES}",
        values.variables,
        "Variables taken over from the monitor's environment; empty where it has none.",
    ),
    Field(
        "env_file",
        f"{_PATH}, or a list of them",
        values.paths,
        "Files of `NAME=VALUE` lines, read anew at each start; `env` goes before them.",
    ),
    Field(
        "env_from",
        f"an object whose values are absolute paths, {_VARIABLES}",
        values.paths_by_variable,
        "Variables whose values are files' contents, without the last newline: for secrets. Read "
        "anew at each start.",
    ),
    Field("group", "a list of strings", values.strings, "Names for RESTART-GROUP."),
    Field(
        "enabled",
        _TRUTH,
        values.truth,
        "Whether it is to run. What isn't enabled is known, and down.",
    ),
    Field(
        "restart",
        _words(policy.RESTARTS),
        values.one_of(*policy.RESTARTS),
        "Whether it starts again when it ends by itself.",
        "policy",
    ),
    Field(
        "success",
        "a list of exit codes (0 to 255) and signals' names",
        values.outcomes,
        "Which ends are no failures.",
        "policy",
    ),
    Field(
        "threshold",
        _SECONDS,
        values.seconds,
        "A process that lived shorter backs off.",
        "policy",
        "threshold_s",
    ),
    Field(
        "minrestartdelay",
        _SECONDS,
        values.seconds,
        "The first back-off.",
        "policy",
        "min_delay_s",
    ),
    Field(
        "maxrestartdelay",
        _SECONDS,
        values.seconds,
        "What back-off doubles up to; `minrestartdelay` where that is more.",
        "policy",
        "max_delay_s",
    ),
    Field(
        "jitter",
        "a number from 0 to 1",
        lambda value: values.number(value, 0, 1),
        "A back-off is lengthened by up to this fraction of it, at random.",
        "policy",
    ),
    Field(
        "give_up",
        'an object {"failures": 1 to 1000, "within": seconds}, or null for never',
        policy.give_up,
        "After so many failures within so many seconds it is FAILED, until asked to start.",
        "policy",
    ),
    Field(
        "essential",
        _TRUTH,
        values.truth,
        "When it ends for good, the monitor stops the rest and exits with its code.",
        "policy",
    ),
    Field(
        "stop_signal",
        "a signal's name or number",
        values.signal,
        "What asks it to end.",
        "policy",
    ),
    Field(
        "killtime",
        _SECONDS,
        values.seconds,
        "From the stop signal to KILL.",
        "policy",
        "killtime_s",
    ),
    Field(
        "kill_mode",
        _words(policy.KILL_MODES),
        values.one_of(*policy.KILL_MODES),
        "Whether a stop is for it and all that it started, or for the process alone.",
        "policy",
    ),
    Field(
        "log",
        '"monitor", "inherit", "none", "files", or an object with "to" and more; or null',
        values.optional(log_spec),
        "Where its output goes.",
    ),
    Field("uid", _ACCOUNT, values.optional(values.account), "The user it runs as.", "context"),
    Field("gid", _ACCOUNT, values.optional(values.account), "The group it runs as.", "context"),
    Field(
        "supplementary_groups",
        f"a list of names and whole numbers from 0 to {MAX_ID}",
        values.accounts,
        "Its other groups; where this isn't given, those of its user.",
        "context",
    ),
    Field("cwd", _PATH, values.path, "The directory it starts in.", "context"),
    Field(
        "umask",
        'a string of octal digits from "0" to "777"',
        context.umask,
        "The permissions that files it makes don't get.",
        "context",
    ),
    Field(
        "limits",
        f"an object; names: {', '.join(context.LIMITS)}; values: a number, a string like "
        '"64M", "unlimited", or a list of two, soft and hard',
        context.limits,
        "Resource limits, setrlimit(2).",
        "context",
    ),
    Field("nice", "a whole number from -20 to 19", _whole(-20, 19), "Its niceness.", "context"),
    Field(
        "oom_score_adj",
        "a whole number from -1000 to 1000",
        _whole(-1000, 1000),
        "How gladly the kernel ends it when memory is short.",
        "context",
    ),
    Field(
        "no_new_privs",
        _TRUTH,
        values.truth,
        "Whether setuid programs give it no more rights.",
        "context",
    ),
)

FIELDS: dict[str, Field] = {field.name: field for field in _ROWS}
