"""The one table of what a process's file may hold.

The monitor, ``ncolony check``, ``ncolony add`` and the reference documentation all read it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from . import context, forms, logspec, policy
from .forms import Form, Schema


class Field(NamedTuple):
    """A row: a name, the three parts of a Form, and what it means.

    ``part`` says which value of ProcessSpec it belongs to: ``policy``, ``context``, or none;
    ``target`` is its name there, where that is another.
    """

    name: str
    allowed: str
    schema: Schema
    convert: Callable[[Any], Any]
    meaning: str
    part: str = ""
    target: str = ""


_GIVE_UP = Form(
    'an object {"failures": 1 to 1000, "within": seconds}, or null for never',
    forms.either(
        forms.exactly(failures=forms.whole(1, 1000).schema, within=forms.SECONDS.schema),
        {"type": "null"},
    ),
    policy.give_up,
)
_UMASK = Form(
    'a string of octal digits from "0" to "777"', forms.matching("0?[0-7]{1,3}"), context.umask
)
_BOUND = forms.either(forms.bytes_from(0), {"const": "unlimited"})
_LIMITS = Form(
    f"an object; names: {', '.join(context.LIMITS)}; values: a number, a string like "
    '"64M", "unlimited", or a list of two, soft and hard',
    {
        "type": "object",
        "propertyNames": {"enum": list(context.LIMITS)},
        "additionalProperties": forms.either(
            _BOUND, {**forms.list_of(_BOUND), "minItems": 2, "maxItems": 2}
        ),
    },
    context.limits,
)
_ROWS = (
    Field(
        "args",
        *forms.ARGUMENTS,
        "The command line. The program is looked up in the `PATH` of the process's own "
        "environment, or in `/bin:/usr/bin` where that has none.",
    ),
    Field(
        "env",
        *forms.ENVIRONMENT,
        "The process's environment.",
    ),
    Field(
        "env_inherit",
        *forms.VARIABLES,
        "Variables taken over from the monitor's environment; empty where it has none.",
    ),
    Field(
        "env_file",
        *forms.PATHS,
        "Files of `NAME=VALUE` lines, read anew at each start; `env` goes before them.",
    ),
    Field(
        "env_from",
        *forms.PATHS_BY_VARIABLE,
        "Variables whose values are files' contents, without the last newline: for secrets. Read "
        "anew at each start.",
    ),
    Field("group", *forms.STRINGS, "Names for RESTART-GROUP."),
    Field(
        "enabled",
        *forms.TRUTH,
        "Whether it is to run. What isn't enabled is known, and down.",
    ),
    Field(
        "restart",
        *forms.one_of(*policy.RESTARTS),
        "Whether it starts again when it ends by itself.",
        "policy",
    ),
    Field(
        "success",
        *forms.OUTCOMES,
        "Which ends are no failures.",
        "policy",
    ),
    Field(
        "threshold",
        *forms.SECONDS,
        "A process that lived shorter backs off.",
        "policy",
        "threshold_s",
    ),
    Field(
        "minrestartdelay",
        *forms.SECONDS,
        "The first back-off.",
        "policy",
        "min_delay_s",
    ),
    Field(
        "maxrestartdelay",
        *forms.SECONDS,
        "What back-off doubles up to; `minrestartdelay` where that is more.",
        "policy",
        "max_delay_s",
    ),
    Field(
        "jitter",
        *forms.number(0, 1),
        "A back-off is lengthened by up to this fraction of it, at random.",
        "policy",
    ),
    Field(
        "give_up",
        *_GIVE_UP,
        "After so many failures within so many seconds it is FAILED, until asked to start.",
        "policy",
    ),
    Field(
        "essential",
        *forms.TRUTH,
        "When it ends for good, the monitor stops the rest and exits with its code.",
        "policy",
    ),
    Field(
        "stop_signal",
        *forms.SIGNAL,
        "What asks it to end.",
        "policy",
    ),
    Field(
        "killtime",
        *forms.SECONDS,
        "From the stop signal to KILL.",
        "policy",
        "killtime_s",
    ),
    Field(
        "kill_mode",
        *forms.one_of(*policy.KILL_MODES),
        "Whether a stop is for it and all that it started, or for the process alone.",
        "policy",
    ),
    Field(
        "log",
        *forms.optional(logspec.FORM),
        "Where its output goes.",
    ),
    Field("uid", *forms.optional(forms.ACCOUNT), "The user it runs as.", "context"),
    Field("gid", *forms.optional(forms.ACCOUNT), "The group it runs as.", "context"),
    Field(
        "supplementary_groups",
        *forms.ACCOUNTS,
        "Its other groups; where this isn't given, those of its user.",
        "context",
    ),
    Field("cwd", *forms.PATH, "The directory it starts in.", "context"),
    Field(
        "umask",
        *_UMASK,
        "The permissions that files it makes don't get.",
        "context",
    ),
    Field(
        "limits",
        *_LIMITS,
        "Resource limits, setrlimit(2).",
        "context",
    ),
    Field("nice", *forms.whole(-20, 19), "Its niceness.", "context"),
    Field(
        "oom_score_adj",
        *forms.whole(-1000, 1000),
        "How gladly the kernel ends it when memory is short.",
        "context",
    ),
    Field(
        "no_new_privs",
        *forms.TRUTH,
        "Whether setuid programs give it no more rights.",
        "context",
    ),
)

FIELDS: dict[str, Field] = {field.name: field for field in _ROWS}
