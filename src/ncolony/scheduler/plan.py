"""What is to be done about a job whose time has come, or has passed: arithmetic.

A time is of the job's own clock: the wall clock's for cron, and the monotonic one for every, which
jumps of the wall clock don't concern. A job's schedule is known by ``due``, the first time that
hasn't been dealt with.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import tzinfo
from typing import NamedTuple

from .schedule import Cron, Every, Schedule, next_due

#: So often the wall clock is looked at, while there are jobs that go by it.
LOOK_S = 10.0
#: Who is later than that has missed its time: nobody looked, or the clock jumped over it.
LATE_S = LOOK_S + 1.0
#: A wall clock that goes back so far is put right; further, and it has been set to another time.
LEAP_S = 3 * 3600.0
#: Clocks differ by so much without having jumped: readings take time, and NTP corrects them.
SAME_S = 0.01

Zones = Callable[[str | None], tzinfo]


class Now(NamedTuple):
    """One instant by both clocks, in seconds."""

    mono: float
    utc: float

    def by(self, schedule: Schedule) -> float:
        """The time of the clock that a schedule goes by."""
        return self.utc if isinstance(schedule, Cron) else self.mono

    def as_utc(self, schedule: Schedule, time: float) -> float:
        """A time of a schedule's clock as a date."""
        return time if isinstance(schedule, Cron) else self.utc + time - self.mono

    def from_utc(self, schedule: Schedule, utc: float) -> float:
        """A date as a time of a schedule's clock."""
        return utc if isinstance(schedule, Cron) else self.mono + utc - self.utc


class Dealt(NamedTuple):
    """Whether a job is to run, up to when its schedule has been dealt with, and what comes next."""

    runs: bool
    last: float
    due: float | None


def following(schedule: Schedule, last: float, now: float, zones: Zones) -> float | None:
    """The first time after ``now`` of a schedule that was due at ``last``, at or before it."""
    if isinstance(schedule, Every):
        passed = max(0, math.floor((now - last) / schedule.period_s))
        due = last + (passed + 1) * schedule.period_s
        return due if due > now else due + schedule.period_s  # by the last bit of a float
    return next_due(schedule, max(last, now), zones(schedule.zone))


def deal(schedule: Schedule, due: float, now: float, catch_up: bool, zones: Zones) -> Dealt:
    """What becomes of a job that is due since ``due``.

    However many times have passed, it runs once. Where all of them were missed, it runs if
    ``catch_up`` says so.
    """
    late_s = max(0.0, now - due)
    if late_s <= SAME_S:
        return Dealt(runs=True, last=due, due=following(schedule, due, due, zones))
    now += SAME_S  # what is due right now is dealt with by the same run
    runs = catch_up or late_s <= LATE_S
    if not runs:
        recent = following(schedule, due, now - LATE_S, zones)
        runs = recent is not None and recent <= now
    return Dealt(runs, _last(schedule, due, now), following(schedule, due, now, zones))


def _last(schedule: Schedule, due: float, now: float) -> float:
    if isinstance(schedule, Every):
        return due + math.floor((now - due) / schedule.period_s) * schedule.period_s
    return now


def going_on(schedule: Schedule, last_utc: float | None, now: Now) -> float:
    """Up to when a job was dealt with, by its clock; it is new where ``last_utc`` is None.

    A date that can't be, since the wall clock went back, counts as now.
    """
    current = now.by(schedule)
    last = current if last_utc is None else now.from_utc(schedule, last_utc)
    most_ahead_s = LEAP_S if isinstance(schedule, Cron) else 0.0
    return current if last - current > most_ahead_s else last
