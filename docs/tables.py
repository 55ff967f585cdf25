"""The tables, and a picture, that are made from the code, so that they can't drift from it.

A page has ``<!-- generated: NAME -->`` where a table goes; ``TABLES`` says what makes it. This
imports nothing of Sphinx, so that a test can read the tables without it.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from machine_moves import moves
from machine_picture import picture
from twisted.python import usage

from ncolony import beatspec, checkkeys, httpspec, logspec, machine, request
from ncolony.beatcheck.service import Options as BeatcheckOptions
from ncolony.directoryoptions import DirectoryOptions
from ncolony.fields import FIELDS, Field
from ncolony.httpcheck.service import Options as HttpcheckOptions
from ncolony.model import State
from ncolony.options import Options
from ncolony.scheduler import jobrequest
from ncolony.scheduler.jobfields import JOB_FIELDS
from ncolony.scheduler.options import Options as SchedulerOptions
from ncolony.schemas import statusfields
from ncolony.schemas.requests import meaning_of, needed_by

_MIB = 1 << 20
MARK = re.compile(r"<!-- generated: ([a-z-]+) -->")


def fields() -> str:
    """The keys of a process's file: ``ncolony.fields.FIELDS``."""
    return _fields(FIELDS.values())


def job_fields() -> str:
    """The keys that a job's file has of its own: ``ncolony.scheduler.jobfields.JOB_FIELDS``."""
    return _fields(JOB_FIELDS.values())


def _fields(rows: Iterable[Field]) -> str:
    cells = ((f"`{field.name}`", field.allowed, field.meaning) for field in rows)
    return _table(("key", "allowed", "meaning"), cells)


def log_keys() -> str:
    """The keys of ``log`` in a process's file: ``ncolony.logspec.KEYS``."""
    defaults = logspec.LogSpec()._asdict()
    rows = (
        (f"`{name}`", key.allowed, _json(defaults[name]), key.meaning)
        for name, key in logspec.KEYS.items()
    )
    return _table(("key", "allowed", "default", "meaning"), rows)


def options() -> str:
    """The monitor's options, as each way of starting it has them."""
    return _options(Options)


def scheduler_options() -> str:
    """The scheduler's options."""
    return _options(SchedulerOptions)


def beatcheck_options() -> str:
    """The heartbeat checker's options."""
    return _options(BeatcheckOptions)


def beatcheck_keys() -> str:
    """The keys of ``ncolony.beatcheck`` in a process's file: ``ncolony.beatspec.FIELDS``."""
    return _check_keys(beatspec.FIELDS)


def httpcheck_options() -> str:
    """The HTTP checker's options."""
    return _options(HttpcheckOptions)


def httpcheck_keys() -> str:
    """The keys of ``ncolony.httpcheck`` in a process's file: ``ncolony.httpspec.FIELDS``."""
    return _check_keys(httpspec.FIELDS)


def request_types() -> str:
    """Requests to the monitor: ``ncolony.request.TYPES``."""
    return _requests(request.TYPES)


def job_request_types() -> str:
    """Requests to the scheduler."""
    return _requests({jobrequest.RUN: jobrequest.RunNow})


def _requests(types: Mapping[str, type[Any]]) -> str:
    rows = ((f"`{_example(name, kind)}`", meaning_of(kind)) for name, kind in types.items())
    return _table(("request", "what happens"), rows)


def _example(name: str, kind: type[Any]) -> str:
    """A request as its sender writes it, names in capitals."""
    words = "".join(f', "{field}": {field.upper()}' for field in needed_by(kind))
    return f'{{"type": "{name}"{words}}}'


def process_status() -> str:
    """The fields of STATUS/NAME."""
    return _status(statusfields.PROCESS)


def monitor_status() -> str:
    """The fields of STATUS/.monitor."""
    return _status(statusfields.MONITOR)


def check_status() -> str:
    """The fields of STATUS/.checks/NAME."""
    return _status(statusfields.CHECK)


def job_status() -> str:
    """The fields of STATUS/.jobs/NAME."""
    return _status(statusfields.JOB)


def _status(fields: statusfields.Fields) -> str:
    return _table(("field", "meaning"), _status_rows(fields))


def _status_rows(fields: statusfields.Fields, of: str = "") -> Iterator[tuple[str, str]]:
    for name, field in fields.items():
        yield f"`{of}{name}`", field.meaning
        yield from _status_rows(field.members or {}, f"{of}{name}.")


def _check_keys(fields: Mapping[str, checkkeys.Field]) -> str:
    rows = (
        (f"`{name}`", key.allowed, key.default or "", key.meaning) for name, key in fields.items()
    )
    return _table(("key", "allowed", "default", "meaning"), rows)


def _options(kind: type[DirectoryOptions]) -> str:
    """The options of one of Twisted's command lines."""
    rows = []
    for long, short, default, meaning, *_ in kind.optParameters:
        names = f"`--{long}`" if short is None else f"`-{short}`, `--{long}`"
        rows.append((names, "" if default is None else str(default), meaning))
    for long, _, meaning, *_ in getattr(kind, "optFlags", ()):
        rows.append((f"`--{long}`", "", meaning))
    for name in sorted(set(dir(kind)) - set(dir(usage.Options))):
        if name.startswith("opt_") and name != "opt_version":
            meaning = " ".join(inspect.cleandoc(getattr(kind, name).__doc__).split())
            rows.append((f"`--{name[4:]}`", "", meaning))
    return _table(("option", "default", "meaning"), rows)


def transitions() -> str:
    """The machine's table: what each event does in each state."""
    rows = (
        (f"**{event.__name__}**", *[_cell(cells[state]) for state in State])
        for event, cells in machine.TABLE.items()
    )
    return _table(("event", *State), rows)


def machine_moves() -> str:
    """Which state leads to which, and by what: what the picture shows."""
    targets: dict[tuple[str, str], list[str]] = {}
    order = (None, *State)
    for move, events in sorted(moves().items(), key=lambda item: order.index(item[0].target)):
        names = ", ".join(sorted(event.__name__ for event in events))
        target = f"`{move.target}`" if move.target else "not known any more"
        targets.setdefault((move.source or "", names), []).append(target)
    rows = (
        (f"`{source}`" if source else "not known yet", names, ", ".join(to))
        for (source, names), to in sorted(
            targets.items(), key=lambda item: ["", *State].index(item[0][0])
        )
    )
    return _table(("in state", "this event", "can lead to"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "beatcheck-keys": beatcheck_keys,
    "beatcheck-options": beatcheck_options,
    "check-status": check_status,
    "fields": fields,
    "httpcheck-keys": httpcheck_keys,
    "httpcheck-options": httpcheck_options,
    "job-fields": job_fields,
    "job-requests": job_request_types,
    "job-status": job_status,
    "log-keys": log_keys,
    "machine-moves": machine_moves,
    "machine-picture": picture,
    "monitor-status": monitor_status,
    "options": options,
    "process-status": process_status,
    "requests": request_types,
    "scheduler-options": scheduler_options,
    "transitions": transitions,
}


def filled(text: str) -> str:
    """A page with its tables in place."""
    return MARK.sub(lambda mark: TABLES[mark.group(1)](), text)


def _json(value: object) -> str:
    if isinstance(value, int) and value >= _MIB and value % _MIB == 0:
        return f'"{value // _MIB}M"'
    return json.dumps(value)


def _cell(cell: Callable[..., Any]) -> str:
    name = cell.__name__
    return "·" if name == "ignore" else name.replace("_", " ")


def _table(header: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    head = list(header)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def _fill(app: Any, page: str, source: list[str]) -> None:
    source[0] = filled(source[0])


def setup(app: Any) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
