"""The tables, and a picture, that are made from the code, so that they can't drift from it.

A page has ``<!-- generated: NAME -->`` where a table goes; ``TABLES`` says what makes it. This
imports nothing of Sphinx, so that a test can read the tables without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import exitcodes
import optionrows
from filetables import check_keys, fields, log_keys, requests, status
from machine_picture import picture
from machinetables import possible_moves, transitions
from programtables import command, commands, exit_codes, options, places

from ncolony import beatspec, httpspec, request
from ncolony.beatcheck.service import Options as BeatcheckOptions
from ncolony.fields import FIELDS
from ncolony.httpcheck.service import Options as HttpcheckOptions
from ncolony.options import Options
from ncolony.scheduler import jobrequest
from ncolony.scheduler.jobfields import JOB_FIELDS
from ncolony.scheduler.options import Options as SchedulerOptions
from ncolony.schemas import statusfields

MARK = re.compile(r"<!-- generated: ([a-z-]+) -->")

TABLES: dict[str, Callable[[], str]] = {
    "beatcheck-keys": partial(check_keys, beatspec.FIELDS),
    "beatcheck-options": partial(options, BeatcheckOptions),
    "check-status": partial(status, statusfields.CHECK),
    "commands": commands,
    "exit-codes": partial(exit_codes, exitcodes.CONTROL),
    "fields": partial(fields, FIELDS.values()),
    "httpcheck-keys": partial(check_keys, httpspec.FIELDS),
    "httpcheck-options": partial(options, HttpcheckOptions),
    "job-fields": partial(fields, JOB_FIELDS.values()),
    "job-requests": partial(requests, {jobrequest.RUN: jobrequest.RunNow}),
    "job-status": partial(status, statusfields.JOB),
    "log-keys": log_keys,
    "machine-moves": possible_moves,
    "machine-picture": picture,
    "monitor-exit-codes": partial(exit_codes, exitcodes.MONITOR),
    "monitor-status": partial(status, statusfields.MONITOR),
    "options": partial(options, Options),
    "places": places,
    "process-status": partial(status, statusfields.PROCESS),
    "requests": partial(requests, request.TYPES),
    "scheduler-exit-codes": partial(exit_codes, exitcodes.SCHEDULER),
    "scheduler-options": partial(options, SchedulerOptions),
    "transitions": transitions,
    # The options of each command that has any beside --wait.
    **{
        f"options-of-{name.replace(' ', '-')}": partial(command, name)
        for name, known in optionrows.commands().items()
        if {option for row in known.options for option in row.names} - {"--wait"}
    },
}


def filled(text: str) -> str:
    """A page with its tables in place."""
    return MARK.sub(lambda mark: TABLES[mark.group(1)](), text)


def _fill(app: Any, page: str, source: list[str]) -> None:
    source[0] = filled(source[0])


def setup(app: Any) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
