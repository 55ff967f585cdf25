"""Wait until what was asked for has happened, or can't any more, or time is up."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

from .outcome import Failed, Happened, Pending, Verdict

#: The status is on disk within 50 ms; a look costs 30 us.
POLL_S = 0.01
#: A look at the lock takes the lock for a moment, and is seldom news.
MONITOR_POLL_S = 0.25
#: While there is no monitor, its coming is all there is to see.
NO_MONITOR_POLL_S = 0.05
#: A monitor or scheduler that was just started, or is being replaced, takes less to be there.
ABSENT_S = 2.0
NOT_RUNNING = "the monitor is not running"


class Patience(NamedTuple):
    """How long to wait, and the clock to wait by; times in seconds."""

    timeout_s: float
    #: Whether to wait as long for a monitor where none runs, instead of giving up after ABSENT_S.
    for_monitor: bool = False
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def until(
    look: Callable[[], Verdict],
    is_running: Callable[[], bool],
    patience: Patience,
    absent: str = NOT_RUNNING,
) -> Happened | Failed:
    """Look again and again until the verdict is final; what no monitor stands for isn't.

    ``absent`` is the reason where it isn't running. A look always follows the last pause, so
    what happened just before the time was up counts.
    """
    now = seen = monitor_due = patience.monotonic()
    deadline = now + patience.timeout_s
    absent_s = math.inf if patience.for_monitor else min(ABSENT_S, patience.timeout_s)
    running = False
    while True:
        if now >= monitor_due:
            running = is_running()
            if running:
                seen, monitor_due = now, now + MONITOR_POLL_S
            elif now >= seen + absent_s:
                return Failed(absent)
        verdict = look() if running else Pending(absent)
        if not isinstance(verdict, Pending):
            return verdict
        now = patience.monotonic()
        if now >= deadline:
            return Failed(f"not within {patience.timeout_s:g} s; {verdict.now}")
        patience.sleep(min(POLL_S if running else NO_MONITOR_POLL_S, deadline - now))
        now = patience.monotonic()


def each(
    looks: dict[str, Callable[[], Verdict]], *, to_the_end: bool = True
) -> Callable[[], Verdict]:
    """One look at several processes: happened when all have, and looks again only at the rest.

    Failed when none is pending and one has failed, so that it can name each that has; or,
    unless ``to_the_end``, as soon as one has.
    """
    pending = dict(looks)
    failed: dict[str, str] = {}

    def look() -> Verdict:
        waiting: list[str] = []
        for name in list(pending):
            verdict = pending[name]()
            if isinstance(verdict, Pending):
                waiting.append(f"{name}: {verdict.now}")
                continue
            del pending[name]
            if isinstance(verdict, Failed):
                failed[name] = verdict.why
        told = [*(f"{name}: {why}" for name, why in failed.items()), *waiting]
        if waiting and (to_the_end or not failed):
            return Pending(_listed(told))
        return Failed(_listed(told)) if failed else Happened()

    return look


def _listed(told: list[str]) -> str:
    more = len(told) - 3
    return "; ".join(told[:3]) + (f"; and {more} more" if more > 0 else "")
