"""The forms that values in files may have: in words, as JSON Schema, and for the parsers.

A form is one value with all three, so that the reference, an editor and the monitor can't tell
different things. The tables of fields are made of forms.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from . import values
from .faults import shown
from .values import MAX_ID, MAX_SECONDS, MAX_SIZE, Wrong

#: A JSON Schema, draft 2020-12. Its patterns are understood alike by ECMA-262, Python and RE2.
Schema = dict[str, Any]


class Form(NamedTuple):
    """What is ``allowed``, for people; ``convert`` returns the value to use, or raises Wrong.

    ``schema`` refuses nothing that ``convert`` takes. What it can't say is in
    docs/reference/schemas.md.
    """

    allowed: str
    schema: Schema
    convert: Callable[[Any], Any]


def ref(name: str) -> Schema:
    """One of ``DEFINITIONS``."""
    return {"$ref": f"#/$defs/{name}"}


def either(*schemas: Schema) -> Schema:
    """Any of these."""
    return {"anyOf": list(schemas)}


def list_of(items: Schema) -> Schema:
    """Any number of these."""
    return {"type": "array", "items": items}


def matching(pattern: str) -> Schema:
    """A string that has this form from its beginning to its end."""
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


def any_case(word: str) -> str:
    """A pattern for a word in upper and lower case."""
    return "".join(f"[{c.upper()}{c.lower()}]" if c.isalpha() else c for c in word)


def exactly(**properties: Schema) -> Schema:
    """An object with all of these members, and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def by_variable(value: Schema) -> Schema:
    """An object of variables."""
    return {
        "type": "object",
        "propertyNames": ref("variable"),
        "additionalProperties": value,
    }


def seconds_from(low_s: float) -> Schema:
    """Seconds, or a number with a unit, whose bounds a schema can't say."""
    return either({"type": "number", "minimum": low_s, "maximum": MAX_SECONDS}, ref("span"))


def bytes_from(low: int) -> Schema:
    """Bytes, or a number with a unit, whose bounds a schema can't say."""
    return either({"type": "integer", "minimum": low, "maximum": MAX_SIZE}, ref("size"))


_SIGNAL_WORDS = (*sorted(values.SIGNALS), *values.ALIASES)
_SIGNAL = "|".join(any_case(word) for word in _SIGNAL_WORDS)
_REALTIME = rf"{any_case('RTMIN')}(\+([1-9]|[12][0-9]))?|{any_case('RTMAX')}"

#: What schemas refer to by ``ref``.
DEFINITIONS: dict[str, Schema] = {
    "string": matching(r"[^\x00]*"),
    "variable": {"description": "The name of a variable.", **matching(r"[^=\x00]+")},
    "path": {"description": "An absolute path.", **matching(r"/[^\x00]*")},
    "span": {
        "description": "A number with a unit: s, m, h, d or w.",
        "examples": ["90s", "10m", "1h", "7d"],
        **matching(r"[0-9]{1,10}(\.[0-9]{1,9})?[smhdw]"),
    },
    "seconds": seconds_from(0),
    "size": {
        "description": "A number with a unit of 1024 bytes, or more: K, M, G or T.",
        "examples": ["64K", "50M", "1G"],
        **matching("[0-9]{1,12}[KMGT]"),
    },
    "account": {
        "description": "A user or a group: its number, or its name.",
        **either(
            {"type": "integer", "minimum": 0, "maximum": MAX_ID},
            matching(r"[^\x00]*[^0-9\x00][^\x00]*"),
        ),
    },
    "signal-name": {
        "description": "A signal's name, signal(7), with SIG or without.",
        **either(
            {"enum": sorted(values.SIGNALS)},
            matching(f"({any_case('SIG')})?({_SIGNAL}|{_REALTIME})"),
        ),
    },
    "signal": {
        "description": "A signal's name or number.",
        **either(
            ref("signal-name"),
            {"type": "integer", "minimum": 1, "maximum": 64, "not": {"enum": [32, 33]}},
        ),
    },
}

_NAMES = "names not empty and without '='"

TRUTH = Form("true or false", {"type": "boolean"}, values.truth)
STRINGS = Form("a list of strings", list_of(ref("string")), values.strings)
ARGUMENTS = Form(
    "a list of strings, the first of them the program",
    {
        "type": "array",
        "prefixItems": [{"minLength": 1, **ref("string")}],
        "items": ref("string"),
        "minItems": 1,
    },
    values.arguments,
)
ENVIRONMENT = Form(
    f"an object whose values are strings, {_NAMES}",
    by_variable(ref("string")),
    values.environment,
)
VARIABLES = Form(f"a list of strings, {_NAMES}", list_of(ref("variable")), values.variables)
PATH = Form("an absolute path", ref("path"), values.path)
PATHS = Form(
    f"{PATH.allowed}, or a list of them",
    either(ref("path"), list_of(ref("path"))),
    values.paths,
)
PATHS_BY_VARIABLE = Form(
    f"an object whose values are absolute paths, {_NAMES}",
    by_variable(ref("path")),
    values.paths_by_variable,
)
SECONDS = Form(
    'seconds, not below 0, or a string like "90s", "10m", "1h", "7d"',
    ref("seconds"),
    values.seconds,
)
ACCOUNT = Form(f"a name, or a whole number from 0 to {MAX_ID}", ref("account"), values.account)
ACCOUNTS = Form(
    f"a list of names and whole numbers from 0 to {MAX_ID}",
    list_of(ref("account")),
    values.accounts,
)
SIGNAL = Form("a signal's name or number", ref("signal"), values.signal)
OUTCOMES = Form(
    "a list of exit codes (0 to 255) and signals' names",
    list_of(either({"type": "integer", "minimum": 0, "maximum": 255}, ref("signal-name"))),
    values.outcomes,
)


def one_of(*words: str) -> Form:
    """One of these words."""
    allowed = ", ".join(map(json.dumps, words))
    return Form(allowed, {"enum": list(words)}, values.one_of(*words))


def whole(low: int, high: int) -> Form:
    """A whole number within bounds."""
    return Form(
        f"a whole number from {low} to {high}",
        {"type": "integer", "minimum": low, "maximum": high},
        lambda value: values.whole(value, low, high),
    )


def number(low: float, high: float, allowed: str = "") -> Form:
    """A number within bounds."""
    return Form(
        allowed or f"a number from {low:g} to {high:g}",
        {"type": "number", "minimum": low, "maximum": high},
        lambda value: values.number(value, low, high),
    )


def seconds(low_s: float, allowed: str) -> Form:
    """A time that isn't below ``low_s``."""
    return Form(allowed, seconds_from(low_s), _not_below(low_s, values.seconds))


def size(low: int, allowed: str) -> Form:
    """A number of bytes that isn't below ``low``."""
    return Form(allowed, bytes_from(low), _not_below(low, values.size))


def optional(form: Form) -> Form:
    """The same, or null."""
    allowed = f"{form.allowed}; or null"
    return Form(allowed, either(form.schema, {"type": "null"}), values.optional(form.convert))


def _not_below(low: float, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        found = convert(value)
        if found < low:
            raise Wrong(shown(value))
        return found

    return checked
