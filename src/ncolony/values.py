"""JSON values of a file, checked and turned into what the monitor works with.

A converter returns the value to use or raises ``Wrong``, which says what was found and where
inside of the field; what is allowed is said by the table of fields.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from .faults import shown

T = TypeVar("T")
N = TypeVar("N", int, float)

#: (uid_t)-1 means "leave as it is" to setresuid(2), so it can be nobody's id.
MAX_ID = (1 << 32) - 2
#: A century: beyond it, a number of seconds is a mistake, and timers overflow.
MAX_SECONDS = 100 * 366 * 86400
#: An eighth of what a file offset can be, and more than any disk holds.
MAX_SIZE = 1 << 60

_SPAN = re.compile(r"([0-9]{1,10}(?:\.[0-9]{1,9})?)(s|m|h|d|w)")
_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SIZE = re.compile(r"([0-9]{1,12})([KMGT])")
_SIZES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
# fmt: off
SIGNALS = frozenset((
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
))
# fmt: on
#: Other names of the same signals, signal(7); an end is reported by the first one.
ALIASES = {"IOT": "ABRT", "CLD": "CHLD", "POLL": "IO"}
_REALTIME = re.compile(r"RTMIN(\+([1-9]|[12][0-9]))?|RTMAX")
#: The C library keeps 32 and 33 for its threads.
_NUMBERS = frozenset(range(1, 65)) - {32, 33}


class Wrong(Exception):
    """Says what was found instead of what is allowed, and where inside of the field."""

    def __init__(self, found: str, where: str = "") -> None:
        super().__init__(found)
        self.found = found
        self.where = where


def string(value: Any, where: str = "") -> str:
    """A string that a system call can take: no NUL, no half of a surrogate pair."""
    if not isinstance(value, str):
        raise Wrong(shown(value), where)
    if "\0" in value:
        raise Wrong("a NUL byte in " + shown(value), where)
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise Wrong("half of a surrogate pair in " + shown(value), where) from None
    return value


def strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Wrong(shown(value))
    return tuple([string(item, f"[{i}]") for i, item in enumerate(value)])


def arguments(value: Any) -> tuple[str, ...]:
    args = strings(value)
    if not args or not args[0]:
        raise Wrong("no program" if args else "an empty list")
    return args


def variable(value: Any, where: str) -> str:
    name = string(value, where)
    if not name or "=" in name:
        raise Wrong("the variable name " + json.dumps(name), where)
    return name


def variables(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Wrong(shown(value))
    return tuple([variable(item, f"[{i}]") for i, item in enumerate(value)])


def environment(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise Wrong(shown(value))
    return tuple([(variable(k, ""), string(v, f"[{json.dumps(k)}]")) for k, v in value.items()])


def path(value: Any, where: str = "") -> str:
    """An absolute path: what a relative one would mean depends on where the monitor started."""
    text = string(value, where)
    if not text.startswith("/"):
        raise Wrong(shown(value), where)
    return text


def paths(value: Any) -> tuple[str, ...]:
    """One absolute path, or several."""
    if isinstance(value, list):
        return tuple([path(item, f"[{i}]") for i, item in enumerate(value)])
    return (path(value),)


def paths_by_variable(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise Wrong(shown(value))
    return tuple([(variable(k, ""), path(v, f"[{json.dumps(k)}]")) for k, v in value.items()])


def truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong(shown(value))
    return value


def one_of(*allowed: str) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise Wrong(shown(value))
        return value

    return convert


def optional(convert: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """What ``convert`` takes, or null."""
    return lambda value: None if value is None else convert(value)


def number(value: Any, low: float, high: float, where: str = "") -> float:
    right = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not right or not low <= value <= high:
        raise Wrong(shown(value), where)
    return float(value)


def whole(value: Any, low: int, high: int, where: str = "") -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Wrong(shown(value), where)
    return value


def seconds(value: Any, where: str = "") -> float:
    """A number of seconds, or a string with a unit: ``"90s"``, ``"10m"``, ``"1h"``, ``"7d"``."""
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return number(value, 0, MAX_SECONDS, where)
    return _at_most(MAX_SECONDS, float(found[1]) * _SPANS[found[2]], value, where)


def size(value: Any, where: str = "") -> int:
    """A number of bytes, or a string with a unit, of 1024: ``"64K"``, ``"50M"``, ``"1G"``."""
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return whole(value, 0, MAX_SIZE, where)
    return _at_most(MAX_SIZE, int(found[1]) * _SIZES[found[2]], value, where)


def _at_most(high: int, found: N, value: Any, where: str) -> N:
    if found > high:
        raise Wrong(shown(value), where)
    return found


def account(value: Any, where: str = "") -> int | str:
    """A user or a group: its number, or its name."""
    if isinstance(value, str) and string(value, where) and not value.isdecimal():
        return value
    return whole(value, 0, MAX_ID, where)


def accounts(value: Any) -> tuple[int | str, ...]:
    if not isinstance(value, list):
        raise Wrong(shown(value))
    return tuple([account(item, f"[{i}]") for i, item in enumerate(value)])


def signal(value: Any, where: str = "") -> str:
    """A signal by name, with SIG or without, or by number: its name without SIG, or its digits."""
    if isinstance(value, int) and not isinstance(value, bool) and value in _NUMBERS:
        return str(value)
    name = value.upper().removeprefix("SIG") if _is_ascii(value) else ""
    name = ALIASES.get(name, name)
    if name not in SIGNALS and not _REALTIME.fullmatch(name):
        raise Wrong(shown(value), where)
    return name


def _is_ascii(value: Any) -> bool:
    """Other letters may become ours in upper case."""
    return isinstance(value, str) and value.isascii()


def outcomes(value: Any) -> frozenset[int | str]:
    """Exit codes, and signals by their names with SIG: as an end is reported."""
    if not isinstance(value, list):
        raise Wrong(shown(value))
    return frozenset([_outcome(item, f"[{i}]") for i, item in enumerate(value)])


def _outcome(value: Any, where: str) -> int | str:
    if isinstance(value, str):
        return "SIG" + signal(value, where)
    return whole(value, 0, 255, where)
