"""The state of a colony on a terminal, in a pipe, or as JSON."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import TextIO

from .. import status
from ..httpcheck.checkfile import encode
from ..status import MonitorStatus, StatusRecord
from . import observed, table
from .errors import CtlError
from .places import Colony


def as_json(
    out: TextIO, colony: Colony, records: Mapping[str, StatusRecord], running: bool
) -> None:
    """One object: whether the monitor runs, what it says of itself (or null), each process.

    A process that is checked has its check's file under ``check``.
    """
    said = observed.monitor(colony)
    processes = {name: json.loads(status.encode(found)) for name, found in records.items()}
    for name, check in observed.checks(colony, records).items():
        processes[name]["check"] = json.loads(encode(check))
    document = {
        "running": running,
        "monitor": said and json.loads(status.encode_monitor(said)),
        "processes": processes,
    }
    json.dump(document, out, indent=2)
    out.write("\n")


def as_table(
    out: TextIO, colony: Colony, records: Mapping[str, StatusRecord], running: bool
) -> None:
    """What is wrong with the monitor, then a line a process; colour and cuts on a terminal only."""
    out.writelines(table.printable(line) + "\n" for line in _about_monitor(colony, running))
    on_terminal = out.isatty()
    width = width_of(out) if on_terminal else None
    colour = on_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    if not records:
        out.write("no processes\n")
        return
    checks = observed.checks(colony, records)
    lines = table.lines(records.values(), time.time(), width, colour=colour, checks=checks)
    out.writelines(line + "\n" for line in lines)


def _about_monitor(colony: Colony, running: bool) -> Iterator[str]:
    try:
        said = observed.monitor(colony)
    except CtlError as error:
        yield str(error)
        said = None
    if not running:
        yield "the monitor is not running" + _last_words(said)
    elif said is not None:
        for directory in said.directories:
            if directory.watch == "missing":
                yield f"the monitor's {directory.role} directory {directory.path} is missing"
        for warning in said.warnings:
            yield f"the monitor warns: {warning}"


def _last_words(said: MonitorStatus | None) -> str:
    if said is None:
        return ""
    how = "ended" if said.state == "stopped" else "was last seen"
    return f"; it {how} at {said.updated_at}"


def width_of(out: TextIO) -> int | None:
    """The terminal's, as COLUMNS or the terminal itself say; None where neither does."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(out.fileno()).columns or None
    except (OSError, ValueError):
        return None
