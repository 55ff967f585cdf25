"""``ncolony logs``: choose, begin, show, and follow."""

from __future__ import annotations

import io
import sys
import time
from argparse import Namespace
from typing import NoReturn

from .. import configured, observed
from ..arguments import ALL
from ..errors import CtlError
from ..known import refuse_bad, unknown_name
from ..places import Colony
from ..table import printable
from . import choosing
from .choosing import Places, Where
from .session import Session
from .showing import Printer, in_order
from .times import parse_since

DEFAULT_LINES = 10
#: How often to look for new processes, where all are followed.
NEW_NAMES_S = 1.0


def run(colony: Colony, options: Namespace) -> int:
    """Show what processes said; the exit code. Raises CtlError where there is nothing to show.

    With ``--follow``, it ends only by KeyboardInterrupt or BrokenPipeError.
    """
    when = None if options.since is None else parse_since(options.since, time.time())
    at = choosing.places(colony)
    names = list(dict.fromkeys(options.name)) or _all(colony)
    chosen = {name: _where(colony, at, name) for name in names}
    follow: bool = options.follow
    _say_why_not(chosen, follow=follow)
    session = Session(at, _complain, several=len(options.name) != 1)
    session.begin(chosen, _lines(options), when, follow=follow)
    printer = Printer(sys.stdout.buffer)
    printer.show(in_order(session.logs, last=not follow))
    if follow:
        _follow(session, printer, None if options.name else colony)
    return 1 if session.complaints else 0


def _follow(session: Session, printer: Printer, colony: Colony | None) -> NoReturn:
    """Show what comes; of new processes of this colony as well."""
    from .following import Waiter

    waiter = Waiter(_descriptor())
    due = time.monotonic()
    while True:
        told = waiter.wait([log.directory for log in session.logs])
        if colony is not None and time.monotonic() >= due:
            session.add(_all(colony))
            due = time.monotonic() + NEW_NAMES_S
        logs = [log for log in session.logs if told is None or log.directory in told]
        printer.show(in_order(logs, last=False))


def _descriptor() -> int | None:
    try:
        return sys.stdout.fileno()
    except io.UnsupportedOperation:
        return None


def _all(colony: Colony) -> list[str]:
    return list(observed.records(colony)) if colony.status else configured.names(colony)


def _where(colony: Colony, at: Places, name: str) -> Where:
    refuse_bad("show the logs of", name)
    if choosing.is_known(colony, at, name):
        return choosing.where(colony, at, name)
    raise unknown_name("show the logs of", colony, name)


def _lines(options: Namespace) -> int | None:
    """How many of each process; None for all."""
    if options.lines is None:
        return DEFAULT_LINES if options.since is None else None
    return None if options.lines == ALL else int(options.lines)


def _say_why_not(chosen: dict[str, Where], *, follow: bool) -> None:
    """Say whose output can't be shown. Raises CtlError where nobody's can."""
    reasons: dict[str, list[str]] = {}
    for name, found in chosen.items():
        if found.why_not and not (follow and found.to == "files"):
            reasons.setdefault(found.why_not, []).append(name)
    errors = [CtlError(choosing.why_not(names, why)) for why, names in reasons.items()]
    if not chosen and not follow:
        errors.append(CtlError("cannot show logs: no process is configured"))
    if errors and sum(map(len, reasons.values())) == len(chosen):
        for error in errors[:-1]:
            _complain(error)
        raise errors[-1]
    for error in errors:
        _complain(error)


def _complain(error: CtlError) -> None:
    print(printable(f"ncolony: {error}"), file=sys.stderr)
