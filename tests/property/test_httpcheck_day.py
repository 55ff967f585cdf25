"""Whole days on the simulated clock: who answers badly is asked for, in time, and nobody else.

Processes answer well, badly or not at all, crash and are stopped, some checks can't be made, and
the wall clock jumps. What has to be asked for follows from the processes' lives alone.
"""

from __future__ import annotations

import random

import pytest

from httpchecks import BAD, GOOD, NONE, Checking
from ncolony import request
from ncolony.httpcheck.outcome import Outcome
from simulatedcolony import TellingSystem, pid_of

DAY_S = 86400.0
FREQ_S = 10.0
TIMEOUT_S = 5.0
JUMPS_S = (3600.0, -3600.0, DAY_S, -DAY_S)
#: Periods, graces, and how many bad answers are allowed.
ASKS = ((5, 0, 0), (5, 2, 2), (10, 3, 2), (20, 1, 1), (30, 3, 5), (60, 0, 0), (60, 3, 2))
#: How long a monitor takes for a request, and the margins.
SURE_S = 0.2


class Life:
    """A process under a monitor, and what happens to it at random."""

    def __init__(self, checking: Checking, chance: random.Random, at: int) -> None:
        self.checking = checking
        self.chance = chance
        self.name = f"p{at}"
        self.port = at + 1
        self.period_s, grace, self.max_bad = ASKS[at]
        self.grace_s = grace * self.period_s
        self.starts = 0
        self.bad_since: float | None = None
        self.started = 0.0
        self.asked = self.sick = 0
        checking.system.random = chance.random()
        self.start()
        url = f"http://127.0.0.1:{self.port}/"
        checking.put(self.name, url=url, period=self.period_s, grace=grace, maxBad=self.max_bad)

    @property
    def now(self) -> float:
        return self.checking.system.mono()

    def later(self, delay_s: float, function: object) -> None:
        """Something for this run alone."""
        starts = self.starts

        def call() -> None:
            if self.starts == starts:
                function()  # type: ignore[operator]

        self.checking.system.call_later(delay_s, call)

    def start(self) -> None:
        self.starts += 1
        self.started = self.now
        self.bad_since = None
        self.checking.answers(GOOD, self.port).runs(self.name, self.starts)
        self.later(self.chance.uniform(500.0, 5000.0), self.something_happens)

    def end(self, state: str, for_s: float) -> None:
        self.assert_not_late()
        self.bad_since = None
        self.checking.answers(BAD, self.port).runs(self.name, self.starts, state)
        self.later(for_s, self.start)

    def something_happens(self) -> None:
        what = self.chance.random()
        if what < 0.5:
            self.fall_sick(self.chance.choice((BAD, None)))
        elif what < 0.7:
            self.checking.answers(NONE, self.port)
            self.later(300.0, self.recover)
        elif what < 0.85:
            self.end("BACKOFF", self.chance.uniform(0.5, 20.0))
        else:
            self.end("STOPPED", self.chance.uniform(10.0, 3000.0))

    def recover(self) -> None:
        self.checking.answers(GOOD, self.port)
        self.later(self.chance.uniform(10.0, 3000.0), self.something_happens)

    def fall_sick(self, answer: Outcome | None) -> None:
        """It answers badly from now on."""
        self.sick += 1
        self.bad_since = self.now
        self.checking.answers(answer, self.port)

    def restart(self, pid: int | None) -> None:
        """Somebody asks for that: it has to be sick, and for as long as its file allows."""
        assert pid == pid_of(self.starts)
        assert self.bad_since is not None, f"{self.name} is well"
        assert self.now >= self.bad_since + self.max_bad * self.period_s, "that is too soon"
        assert self.now >= self.started + self.grace_s, "in its grace"
        self.asked += 1
        self.end("STOPPING", self.chance.uniform(0.01, 5.0))

    def assert_not_late(self) -> None:
        if self.bad_since is None:
            return
        first_s = max(self.bad_since, self.started + FREQ_S + self.grace_s + self.period_s)
        # A check that takes a whole period leaves the next one out.
        every_s = self.period_s * (2 if self.period_s <= TIMEOUT_S else 1)
        latest = first_s + (self.max_bad + 2) * every_s + TIMEOUT_S + SURE_S
        assert self.now <= latest, f"{self.name} is sick since {self.bad_since}"


@pytest.mark.parametrize("seed", range(3))
def test_a_day_with_jumps_of_the_wall_clock_has_no_wrong_action(seed: int) -> None:
    """Whoever is sick is asked for once, in time; whoever is well or can't be checked, never."""
    chance = random.Random(seed)
    machine = TellingSystem()
    checking = Checking(freq_s=FREQ_S, system=machine)
    lives = {life.name: life for life in (Life(checking, chance, at) for at in range(len(ASKS)))}

    def told(_: str) -> None:
        for asked in checking.requests():
            assert isinstance(asked, request.Restart)
            lives[asked.name].restart(asked.pid)

    machine.told = told
    for _ in range(24):
        checking.advance(chance.uniform(3000.0, 4200.0))
        machine.wall_ahead_s += chance.choice(JUMPS_S)
        for life in lives.values():
            life.assert_not_late()
    waiting = sum(life.bad_since is not None for life in lives.values())
    asked_of, sick = (
        sum(getattr(life, what) for life in lives.values()) for what in ("asked", "sick")
    )
    assert asked_of == sick - waiting
    assert asked_of > 30
