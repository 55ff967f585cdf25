"""Whole days on the simulated clock: each job runs when it is due, and at no other time.

What is due is worked out here again, minute by minute and without the library, and from that what
has to be started: by the rules for overlaps, for jumps of the wall clock, and for what was missed
while no scheduler ran.
"""

from __future__ import annotations

import random
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import pytest

from ncolony.scheduler.plan import LATE_S, LEAP_S
from ncolony.testing import Program
from schedulers import Machine, Scheduling, a_job, seconds, zone

DAY_S = 86400.0
ALL = frozenset(range(60))
HOURS = frozenset(range(24))
#: What the wall clock's jump is noticed within.
NOTICED_S = 10.1
EXACT_S = 0.05
#: Jumps lead as far back, and all in all so far.
BACK_DAYS, DAYS = 3, 7


class Wanted(NamedTuple):
    """A job: each ``period_s``, or when the clock of a zone shows these hours and minutes."""

    name: str
    period_s: float = 0.0
    cron: str = ""
    zone: str = "UTC"
    hours: frozenset[int] = HOURS
    minutes: frozenset[int] = ALL
    overlap: str = "skip"
    catch_up: bool = True
    lives_s: float = 0.001
    timeout_s: float | None = None

    @property
    def takes_s(self) -> float:
        return min(self.lives_s, self.timeout_s or self.lives_s)


JOBS = (
    Wanted("often", cron="*/5 * * * *", zone="Europe/Berlin", minutes=frozenset(range(0, 60, 5))),
    Wanted("hourly", cron="7 * * * *", zone="Australia/Lord_Howe", minutes=frozenset({7})),
    Wanted(
        "nightly",
        cron="30 2 * * *",
        zone="Europe/Berlin",
        hours=frozenset({2}),
        minutes=frozenset({30}),
    ),
    Wanted(
        "in the gap",
        cron="*/20 1-3 * * *",
        zone="America/New_York",
        hours=frozenset({1, 2, 3}),
        minutes=frozenset({0, 20, 40}),
    ),
    Wanted(
        "each other hour",
        cron="45 */2 * * *",
        zone="Australia/Lord_Howe",
        hours=frozenset(range(0, 24, 2)),
        minutes=frozenset({45}),
        catch_up=False,
    ),
    Wanted("every", period_s=600),
    Wanted("overruns", period_s=180, lives_s=270.57),
    Wanted("waits", period_s=300, lives_s=420.57, overlap="wait"),
    Wanted("beside", period_s=240, lives_s=600.57, overlap="allow"),
    Wanted("timed out", period_s=300, lives_s=1e9, timeout_s=750.57),
    Wanted("left out", period_s=900, catch_up=False),
)


@cache
def due_times(job: Wanted, start_utc: float, days: int) -> list[float]:
    """When a clock shows what a job asks for, minute by minute."""
    minutes = [start_utc - start_utc % 60 + 60 * i for i in range(days * 1440)]
    shown = [datetime.fromtimestamp(at, zone(job.zone)).replace(tzinfo=None) for at in minutes]
    if job.hours == HOURS:
        return [at for at, when in zip(minutes, shown, strict=True) if when.minute in job.minutes]
    found = set()
    furthest = shown[0]
    for before, at, when in zip(shown, minutes[1:], shown[1:], strict=False):
        furthest = max(furthest, before)
        leapt = int((when - furthest).total_seconds() // 60)
        for back in range(max(0, leapt)):  # what is new on this clock, leapt over or shown
            clock = datetime.fromordinal(1) + (when - datetime.fromordinal(1))
            minute = (clock.hour * 60 + clock.minute - back) % 1440
            if minute // 60 in job.hours and minute % 60 in job.minutes:
                found.add(at)
    return sorted(found)


class Due(NamedTuple):
    """A job is to be started at ``mono``, noticed within ``late_s``."""

    mono: float
    late_s: float = EXACT_S


class Oracle:
    """Follows the clocks in the test's steps, and knows for one job when it is to run."""

    def __init__(self, job: Wanted, mono: float, utc: float) -> None:
        self.job = job
        self.mono = mono
        self.utc = utc
        self.due = [] if job.period_s else due_times(job, utc - BACK_DAYS * DAY_S, DAYS)
        self.last = utc  # up to when it was dealt with, by the wall clock of now
        self.wants: list[Due] = []
        self.starts: list[Due] = []
        self.busy_until = [-1.0]
        self.pending: Due | None = None

    def next_after(self, last: float) -> float:
        if self.job.period_s:
            return last + self.job.period_s
        return next((at for at in self.due if at > last), float("inf"))

    def pass_time(self, seconds: float) -> None:
        """Both clocks go on, while a scheduler runs."""
        end = self.utc + seconds
        while (at := self.next_after(self.last)) <= end:
            assert at >= self.utc - EXACT_S, "what was missed has been dealt with"
            self.want(Due(self.mono + at - self.utc))
            self.last = at
        self.mono += seconds
        self.utc = end
        self.settle(self.mono)

    def jump(self, by_s: float) -> None:
        """The wall clock goes elsewhere, while a scheduler runs."""
        self.utc += by_s
        if self.job.period_s:
            self.last += by_s
        elif by_s < -LEAP_S:
            self.last = self.utc
        else:
            self.make_up(NOTICED_S)

    def down(self, seconds: float, by_s: float) -> None:
        """No scheduler runs, the clocks go on, and the wall clock jumps."""
        self.settle(self.mono)
        self.busy_until, self.pending = [-1.0], None
        self.mono += seconds
        self.utc += seconds + by_s
        if self.last - self.utc > (0 if self.job.period_s else LEAP_S):
            self.last = self.utc
        self.make_up(EXACT_S)

    def make_up(self, late_s: float) -> None:
        """What has passed is made up for by one run, or isn't."""
        missed = self.next_after(self.last) <= self.utc
        while missed and self.next_after(self.last) <= self.utc:
            self.last = self.next_after(self.last)
        made_up = missed and (self.job.catch_up or self.utc - self.last <= LATE_S)
        if missed and not self.job.period_s:
            self.last = self.utc
        if made_up:
            self.want(Due(self.mono, late_s))

    def want(self, due: Due) -> None:
        """It is due: the overlap says what that leads to."""
        self.settle(due.mono)
        if self.job.overlap == "allow" or self.busy_until[-1] < due.mono:
            self.start(due)
        elif self.job.overlap == "wait":
            self.pending = self.pending or Due(self.busy_until[-1], due.late_s)

    def settle(self, until_mono: float) -> None:
        """A run that waited has begun."""
        if self.pending is not None and self.pending.mono <= until_mono:
            pending, self.pending = self.pending, None
            self.start(pending)

    def start(self, due: Due) -> None:
        self.starts.append(due)
        self.busy_until.append(due.mono + self.job.takes_s)


class Day:
    """A scheduler with all the jobs, and what is expected of it."""

    def __init__(self, date: str, jobs: tuple[Wanted, ...] = JOBS) -> None:
        machine = Machine(date)
        for job in jobs:
            machine.programs[job.name] = Program(lives_s=job.lives_s)
        self.scheduling = Scheduling(machine)
        self.specs = [_spec(job) for job in jobs]
        self.oracles = {job.name: Oracle(job, machine.mono(), machine.utc()) for job in jobs}
        self.scheduling.put(*self.specs)
        self.pass_time(3.7)  # so that nothing is due at the very end of a step

    def pass_time(self, seconds: float) -> None:
        self.scheduling.advance(seconds)
        for oracle in self.oracles.values():
            oracle.pass_time(seconds)

    def jump(self, by_s: float) -> None:
        self.scheduling.jump(by_s)
        for oracle in self.oracles.values():
            oracle.jump(by_s)
        self.pass_time(NOTICED_S)

    def restart(self, down_s: float, by_s: float = 0.0) -> None:
        machine = self.scheduling.machine
        began_mono = machine.mono()
        self.scheduling.stop()
        took_s = machine.mono() - began_mono
        machine.advance(down_s - took_s)
        machine.wall_ahead_s += by_s
        self.scheduling.begin()
        self.scheduling.put(*self.specs)
        for oracle in self.oracles.values():
            oracle.down(down_s, by_s)
        self.pass_time(1.0)

    def check(self) -> None:
        """Each start that was due, and no other."""
        for name, oracle in self.oracles.items():
            found = [mono for of, mono in self.scheduling.machine.started if of == name]
            expected = oracle.starts
            for at, due in zip(found, expected, strict=False):
                assert -EXACT_S <= at - due.mono <= due.late_s, (name, at, due)
            assert len(found) == len(expected), (name, found[-3:], expected[-3:])
        self.scheduling.stop()


def _spec(job: Wanted) -> Any:
    schedule = {"cron": job.cron, "timezone": job.zone} if job.cron else {"every": job.period_s}
    return a_job(
        job.name,
        name=job.name,
        schedule=schedule,
        overlap=job.overlap,
        catch_up=job.catch_up,
        timeout=job.timeout_s,
    )


#: The days on which clocks change, each beginning some hours before that.
CHANGES = {
    "Berlin, spring": "2026-03-28T18:00:31",
    "Berlin, autumn": "2026-10-24T18:00:31",
    "New York, spring": "2026-03-07T23:00:31",
    "New York, autumn": "2026-10-31T23:00:31",
    "Lord Howe, autumn": "2026-04-04T09:00:31",
    "Lord Howe, spring": "2026-10-03T09:00:31",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_day_on_which_clocks_change(change: str) -> None:
    """No run twice, none lost."""
    day = Day(CHANGES[change])
    day.pass_time(DAY_S)
    day.check()


@pytest.mark.parametrize("by_s", [3600.0, -3600.0, 7200.0, -7200.0, DAY_S, -DAY_S])
@pytest.mark.parametrize("change", ["Berlin, spring", "Berlin, autumn"])
def test_a_wall_clock_that_jumps_on_such_a_day(change: str, by_s: float) -> None:
    """Forward, what was missed runs once where it is to; back, nothing that has run runs again,
    unless the clock was set to another time altogether."""
    day = Day(CHANGES[change])
    for _ in range(2):
        day.pass_time(6 * 3600.0)
        day.jump(by_s)
        day.pass_time(3 * 3600.0)
        day.jump(-by_s)
        day.pass_time(3 * 3600.0 - 2 * NOTICED_S)
    day.check()


@pytest.mark.parametrize("seed", range(10))
def test_a_day_of_jumps_and_restarts(seed: int) -> None:
    """Whatever the clocks and the scheduler do, each start is one that was due."""
    chosen = random.Random(seed)
    day = Day(chosen.choice(list(CHANGES.values())))
    jumps = [3600.0, -3600.0, 7200.0, -7200.0, 120.0, -120.0, DAY_S, -DAY_S]
    for _ in range(12):
        # In whole minutes and not at their beginnings: what happens within the seconds until a
        # jump is noticed is another test's business.
        day.pass_time(60.0 * chosen.randrange(1, 200))
        what = chosen.choice(["jump", "restart", "restart and jump"])
        if what == "jump":
            day.jump(chosen.choice(jumps))
            day.pass_time(60.0 - NOTICED_S)
        else:
            by_s = chosen.choice(jumps) if what == "restart and jump" else 0.0
            day.restart(60.0 * chosen.randrange(1, 90) - 1.3, by_s)
    day.check()
    assert seconds("1970-01-02") == DAY_S
