"""Tables of what files hold: their keys, their fields, and the types of requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from markdowntable import table

from ncolony import checkkeys, logspec
from ncolony.fields import Field
from ncolony.schemas.requests import meaning_of, needed_by
from ncolony.schemas.statusfields import Fields

_MIB = 1 << 20


def fields(rows: Iterable[Field]) -> str:
    """The keys of a process's file, or of a job's."""
    cells = ((f"`{field.name}`", field.allowed, field.meaning) for field in rows)
    return table(("key", "allowed", "meaning"), cells)


def log_keys() -> str:
    """The keys of ``log`` in a process's file."""
    defaults = logspec.LogSpec()._asdict()
    rows = (
        (f"`{name}`", key.allowed, _json(defaults[name]), key.meaning)
        for name, key in logspec.KEYS.items()
    )
    return table(("key", "allowed", "default", "meaning"), rows)


def check_keys(fields: Mapping[str, checkkeys.Field]) -> str:
    """The keys of a checker's object."""
    rows = (
        (f"`{name}`", key.allowed, key.default or "", key.meaning) for name, key in fields.items()
    )
    return table(("key", "allowed", "default", "meaning"), rows)


def requests(types: Mapping[str, type[Any]]) -> str:
    """The types of requests."""
    rows = ((f"`{_example(name, kind)}`", meaning_of(kind)) for name, kind in types.items())
    return table(("request", "what happens"), rows)


def _example(name: str, kind: type[Any]) -> str:
    """A request as its sender writes it, names in capitals."""
    words = "".join(f', "{field}": {field.upper()}' for field in needed_by(kind))
    return f'{{"type": "{name}"{words}}}'


def status(fields: Fields) -> str:
    """The fields of a status file."""
    return table(("field", "meaning"), _status_rows(fields))


def _status_rows(fields: Fields, of: str = "") -> Iterator[tuple[str, str]]:
    for name, field in fields.items():
        yield f"`{of}{name}`", field.meaning
        yield from _status_rows(field.members or {}, f"{of}{name}.")


def _json(value: object) -> str:
    if isinstance(value, int) and value >= _MIB and value % _MIB == 0:
        return f'"{value // _MIB}M"'
    return json.dumps(value)
