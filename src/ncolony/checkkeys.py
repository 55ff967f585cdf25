"""A checker's key of a process's file: an object whose fields are checked before any is used."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from . import forms
from .faults import Fault, shown
from .forms import Schema
from .values import MAX_SECONDS, Wrong

#: Files' times have the grain of the kernel's tick, 10 ms at most, and a third of a period is
#: the time between two beats.
MIN_PERIOD_S = 0.1
#: So many periods pass before the first judgement where the file doesn't say.
DEFAULT_GRACE = 3.0
_MAX_GRACE = 1_000_000
#: How often something is to be.
PERIOD = forms.seconds(
    MIN_PERIOD_S,
    f"seconds, {MIN_PERIOD_S:g} to {MAX_SECONDS}, or a number with a unit: 90s, 10m, 1h, 7d",
)
#: For how many periods after a start nothing is judged.
GRACE = forms.number(0, _MAX_GRACE, f"a number of periods, 0 to {_MAX_GRACE}")


class CheckKeyError(ValueError):
    """A file that asks wrongly.

    ``faults`` has each reason; ``str()`` says in a line which keys, what was found, and allowed.
    """

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


class Field(NamedTuple):
    """One key of the object: the three parts of a Form, and what it means.

    ``default`` is in words, None where the key must be there.
    """

    allowed: str
    schema: Schema
    convert: Callable[[Any], Any]
    meaning: str
    default: str | None


class Wanted(NamedTuple):
    """What a file asks for: the values of those fields that are there; ``warnings`` for people."""

    values: dict[str, Any]
    warnings: tuple[str, ...]


def read(text: bytes, key: str, fields: Mapping[str, Field]) -> Wanted | None:
    """What a process's file has under a key; None where it has nothing. Raises CheckKeyError.

    All else that is in the file is the monitor's business.
    """
    try:
        document = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _whole(f"found no valid JSON ({error}); allowed: a JSON object") from None
    if not isinstance(document, dict):
        raise _whole(f"found {shown(document)}; allowed: a JSON object")
    wanted = document.get(key)
    if wanted is None:
        return None
    if not isinstance(wanted, dict):
        allowed = f"an object with {', '.join(fields)}"
        raise CheckKeyError(Fault(key, f"found {shown(wanted)}; allowed: {allowed}"))
    return Wanted(_values(wanted, key, fields), _unknown(wanted, key, fields))


def _whole(message: str) -> CheckKeyError:
    return CheckKeyError(Fault("", message))


def _values(wanted: dict[str, Any], key: str, fields: Mapping[str, Field]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, field in fields.items():
        if name not in wanted:
            if field.default is None:
                faults.append(Fault(f"{key}.{name}", f"missing; allowed: {field.allowed}"))
            continue
        try:
            found[name] = field.convert(wanted[name])
        except Wrong as wrong:
            message = f"found {wrong.found}; allowed: {field.allowed}"
            faults.append(Fault(f"{key}.{name}{wrong.where}", message))
    if faults:
        raise CheckKeyError(*faults)
    return found


def _unknown(wanted: dict[str, Any], key: str, fields: Mapping[str, Field]) -> tuple[str, ...]:
    unknown = [name for name in wanted if name not in fields]
    return tuple(f"{key}: unknown key {json.dumps(n)}; {_hint(n, fields)}" for n in unknown)


def _hint(name: str, fields: Mapping[str, Field]) -> str:
    from difflib import get_close_matches  # 1 ms, and seldom needed

    lower = {known.lower(): known for known in fields}
    near = get_close_matches(name.lower(), lower, n=1, cutoff=0.4)
    if near:
        return f"did you mean {json.dumps(lower[near[0]])}?"
    return f"known are {', '.join(fields)}"
