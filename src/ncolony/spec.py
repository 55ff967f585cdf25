"""What should run: one process's file, checked whole before any of it is used.

``FIELDS`` is the one table of what a process's file may hold. The monitor, ``ncolony check``,
``ncolony add`` and the reference documentation all read it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from .faults import Fault, shown

#: A file beyond this many bytes is refused. A kernel passes at most 128 KiB in one
#: environment variable (``MAX_ARG_STRLEN``, execve(2)), and the text becomes NCOLONY_CONFIG.
MAX_BYTES = 1 << 20
#: (uid_t)-1 means "leave as it is" to setresuid(2), so it can be nobody's id.
MAX_ID = (1 << 32) - 2
#: More warnings than this help nobody.
MAX_WARNINGS = 10


class ProcessSpec(NamedTuple):
    """One process as its file asks for it. ``text`` is the file's contents, to the byte."""

    name: str
    text: bytes
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    env_inherit: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None
    group: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class SpecError(ValueError):
    """A file that can't be used; ``faults`` has each reason, ``str()`` all of them in a line."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


class Field(NamedTuple):
    """A row of the table: ``convert`` returns the value to use, or raises ``_Wrong``."""

    name: str
    allowed: str
    convert: Callable[[Any], Any]
    meaning: str


class _Wrong(Exception):
    """Says what was found instead of what is allowed, and where inside of the field."""

    def __init__(self, found: str, where: str = "") -> None:
        super().__init__(found)
        self.found = found
        self.where = where


def _string(value: Any, where: str = "") -> str:
    if not isinstance(value, str):
        raise _Wrong(shown(value), where)
    if "\0" in value:
        raise _Wrong("a NUL byte in " + shown(value), where)
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise _Wrong("half of a surrogate pair in " + shown(value), where) from None
    return value


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _Wrong(shown(value))
    return tuple([_string(item, f"[{i}]") for i, item in enumerate(value)])


def _arguments(value: Any) -> tuple[str, ...]:
    args = _strings(value)
    if not args or not args[0]:
        raise _Wrong("no program" if args else "an empty list")
    return args


def _variable(value: Any, where: str) -> str:
    name = _string(value, where)
    if not name or "=" in name:
        raise _Wrong("the variable name " + json.dumps(name), where)
    return name


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _Wrong(shown(value))
    return tuple([_variable(item, f"[{i}]") for i, item in enumerate(value)])


def _environment(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise _Wrong(shown(value))
    return tuple([(_variable(k, ""), _string(v, f"[{json.dumps(k)}]")) for k, v in value.items()])


def _id(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_ID:
        raise _Wrong(shown(value))
    return value


_ID = f"a whole number from 0 to {MAX_ID}, or null"
_VARIABLES = "names not empty and without '='"

FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field(
            "args",
            "a list of strings, the first of them the program",
            _arguments,
            "The command line. The program is looked up in the `PATH` of the process's own "
            "environment, or in `/bin:/usr/bin` where that has none.",
        ),
        Field(
            "env",
            f"an object whose values are strings, {_VARIABLES}",
            _environment,
            "The process's environment.",
        ),
        Field(
            "env_inherit",
            f"a list of strings, {_VARIABLES}",
            _names,
            "Variables taken over from the monitor's environment; empty where it has none.",
        ),
        Field("uid", _ID, _id, "The user it runs as. Needs a monitor run by root."),
        Field("gid", _ID, _id, "The group it runs as. Needs a monitor run by root."),
        Field("group", "a list of strings", _strings, "Names for RESTART-GROUP."),
    )
}


def parse(name: str, text: bytes) -> ProcessSpec:
    """The process that a file of this name and contents asks for.

    Raises SpecError with every fault there is, not just the first.
    """
    warnings: list[str] = []
    document = _document(text, warnings)
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    for key, value in document.items():
        field = FIELDS.get(key)
        if field is None:
            if "." not in key and len(warnings) < MAX_WARNINGS:
                warnings.append(_unknown(key))
            continue
        try:
            values[key] = field.convert(value)
        except _Wrong as wrong:
            message = f"found {wrong.found}; allowed: {field.allowed}"
            faults.append(Fault(key + wrong.where, message))
    if "args" not in document:
        faults.insert(0, Fault("args", f"missing; allowed: {FIELDS['args'].allowed}"))
    if faults:
        raise SpecError(tuple(faults))
    return ProcessSpec(name, text, warnings=tuple(warnings[:MAX_WARNINGS]), **values)


def _document(text: bytes, warnings: list[str]) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise _whole(f"found more than {MAX_BYTES} bytes; allowed: at most {MAX_BYTES}")

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counted = Counter(key for key, _ in pairs)
            twice = next(key for key, count in counted.items() if count > 1)
            warnings.append(f"key {json.dumps(twice)} is there twice: the last one is used")
        return found

    decoder = json.JSONDecoder(object_pairs_hook=members, parse_constant=_constant)
    try:
        document = decoder.decode(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _whole(f"found invalid UTF-8 at byte {error.start}; allowed: a JSON object") from None
    except RecursionError:
        raise _whole("found values nested too deeply; allowed: a JSON object") from None
    except ValueError as error:
        raise _whole(f"found no valid JSON ({error}); allowed: a JSON object") from None
    if not isinstance(document, dict):
        raise _whole(f"found {shown(document)}; allowed: a JSON object")
    return document


def _whole(message: str) -> SpecError:
    return SpecError((Fault("", message),))


def _constant(token: str) -> float:
    raise ValueError(f"{token} is not JSON")


def _unknown(key: str) -> str:
    from difflib import get_close_matches  # 1 ms, and seldom needed

    near = get_close_matches(key.lower(), FIELDS, n=1, cutoff=0.4)
    known = f"known are {', '.join(FIELDS)}; keys of others carry a dot"
    hint = f"did you mean {json.dumps(near[0])}?" if near else known
    return f"unknown key {json.dumps(key)}; {hint}"
