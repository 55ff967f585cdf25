"""Have a job run now, and see how that ends."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from ...scheduler import jobrequest
from ...scheduler.jobrequest import RunNow
from ...status import utc_text
from .. import asking, directories
from ..following import following
from ..places import Colony
from . import observed, outcome, where

#: Dates of status files are to the millisecond, and rounded.
_GRAIN_S = 0.001


def run(colony: Colony, name: str, wait_s: float | None) -> None:
    """Ask for a run. With ``wait_s``, waits until it is over. Raises CtlError.

    Also where that run failed.
    """
    where.require_known("run", colony, name)
    before = observed.record(colony, name)
    asked_at = asked_now(time.time, time.monotonic)
    requests = where.requests(colony)
    directories.make(requests)
    file = asking.put(requests, jobrequest.encode(RunNow(name)))
    if wait_s is None:
        return
    look = following(
        requests,
        file,
        lambda: outcome.ran(before, observed.record(colony, name), asked_at()),
        "the scheduler",
    )
    observed.wait_for(f"run job {name}", colony, look, wait_s, os.path.join(requests, file))


def asked_now(utc: Callable[[], float], mono: Callable[[], float]) -> Callable[[], str]:
    """What tells when this was called: a date that no later run's date is before.

    Those are by the wall clock, which may be set meanwhile. So it is the earliest that the clock
    would say, asked again and again: the run may have begun before it was set, or after.
    """
    began_mono = mono()
    earliest = utc()

    def date() -> str:
        nonlocal earliest
        earliest = min(earliest, utc() - (mono() - began_mono))
        return utc_text(earliest - _GRAIN_S)

    return date
