"""Whole days on the simulated clock: each death is asked for once and in time, and nothing else.

Processes beat, hang, crash and are stopped; two checkers watch; the wall clock jumps. What has to
be asked for, and by when, follows from the processes' lives alone.
"""

from __future__ import annotations

import random

import pytest

from beatchecks import HEARTS, Watching
from ncolony import request
from simulatedcolony import MESSAGES, STATUS, TellingSystem, a_status, pid_of

DAY_S = 86400.0
FREQ_S = 10.0
JUMPS_S = (3600.0, -3600.0, DAY_S, -DAY_S)
#: What the monitor takes to look, and the margins.
SURE_S = 0.2
#: Periods and graces.
ASKS = ((5, 2), (10, 0), (10, 3), (30, 1), (30, 3), (45, 2.5), (60, 3), (60, 10), (300, 1))


class Life:
    """A process under a monitor: it beats while it is well, and what happens to it is at random."""

    def __init__(self, colony: Colony, name: str, period_s: float, grace: float) -> None:
        self.colony = colony
        self.name = name
        self.period_s = period_s
        self.grace_s = period_s * grace
        self.starts = 0
        self.state = "STOPPED"
        self.hung_mono: float | None = None
        self.deadline_mono: float | None = None
        self.asked = self.dropped = 0
        self.hangs = 0
        self.start()

    # What the monitor does

    def say(self, state: str) -> None:
        self.state = state
        self.colony.machine.replace(
            f"{STATUS}/{self.name}", a_status(self.name, state, self.starts)
        )

    def start(self) -> None:
        """A new run, which beats unless it hangs in its start."""
        self.starts += 1
        self.started_mono = self.beaten_mono = self.colony.now
        self.hung_mono = self.deadline_mono = None
        self.say("RUNNING")
        if self.colony.chance(0.1):
            self.hang()
        self.later(self.colony.between(1800.0, 10_000.0), self.something_happens)
        self.beat(self.starts)

    def end(self, state: str, for_s: float) -> None:
        """It runs no more, for so long."""
        self.assert_not_late()
        self.hung_mono = self.deadline_mono = None
        self.say(state)
        self.colony.machine.call_later(for_s, self.start)

    def later(self, delay_s: float, function: object) -> None:
        """Something for this run alone."""
        starts = self.starts

        def call() -> None:
            if self.starts == starts and self.state == "RUNNING":
                function()  # type: ignore[operator]

        self.colony.machine.call_later(delay_s, call)

    # What it does itself

    def beat(self, starts: int) -> None:
        if self.starts != starts or self.state != "RUNNING" or self.hung_mono is not None:
            return
        machine = self.colony.machine
        self.beaten_mono = machine.mono()
        machine.put(f"{HEARTS}/{self.name}", b"")
        machine.call_later(self.period_s / 3 * self.colony.between(0.8, 1.2), self.beat, starts)

    def hang(self) -> None:
        """It is dead from now on, and has to be asked for by then."""
        interval_s = min(FREQ_S, self.period_s)
        self.hangs += 1
        self.hung_mono = self.colony.now
        judged_mono = self.started_mono + interval_s + self.grace_s
        last_mono = max(self.hung_mono, self.started_mono) + interval_s + self.period_s
        self.deadline_mono = max(judged_mono, last_mono) + SURE_S

    def something_happens(self) -> None:
        if self.hung_mono is not None:
            self.later(1800.0, self.something_happens)
        elif self.colony.chance(0.5):
            self.hang()
        elif self.colony.chance(0.5):
            self.end("BACKOFF", self.colony.between(0.01, 20.0))
        else:
            self.end("STOPPED", self.colony.between(10.0, 5000.0))

    # What is asked

    def restart(self, pid: int | None) -> None:
        """Somebody asks for a restart of a run: it has to be dead, or over."""
        assert pid is not None
        if pid < pid_of(self.starts) or self.state == "STOPPING":
            self.dropped += 1  # by the other checker, for the same death
            return
        assert (pid, self.state) == (pid_of(self.starts), "RUNNING")
        assert self.hung_mono is not None, f"{self.name} is well"
        assert self.colony.now >= self.beaten_mono + self.period_s, "that is too soon"
        assert self.colony.now >= self.started_mono + self.grace_s, "in its grace"
        self.asked += 1
        self.end("STOPPING", self.colony.between(0.001, 5.0))

    def assert_not_late(self) -> None:
        late = self.deadline_mono is not None and self.colony.now > self.deadline_mono
        assert not late, f"{self.name}, {self.period_s} s, was dead since {self.hung_mono}"


class Colony:
    """Processes, and a monitor that takes requests."""

    def __init__(self, watching: Watching, machine: TellingSystem, seed: int) -> None:
        self.watching = watching
        self.machine = machine
        self.random = random.Random(seed)
        self.between = self.random.uniform
        self.lives = {}
        for at, (period_s, grace) in enumerate(ASKS):
            name = f"p{at}"
            self.lives[name] = Life(self, name, period_s, grace)
            watching.put(name, period=period_s, grace=grace, also=at)

    @property
    def now(self) -> float:
        return self.machine.mono()

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def take(self, name: str) -> None:
        """As the monitor takes a request, if another checker's hasn't replaced it."""
        if name not in self.machine.names(MESSAGES):
            return
        asked = request.parse(self.machine.contents(f"{MESSAGES}/{name}"))
        self.machine.remove(MESSAGES, name)
        assert isinstance(asked, request.Restart)
        assert asked.reason.startswith("no heartbeat for ")
        self.lives[asked.name].restart(asked.pid)

    def jump(self) -> None:
        self.machine.wall_ahead_s += self.random.choice(JUMPS_S)


@pytest.mark.parametrize("seed", range(2))
def test_a_day_with_jumps_of_the_wall_clock_has_no_wrong_action(seed: int) -> None:
    """Whoever is dead is asked for exactly once, in time; whoever is well, never."""
    machine = TellingSystem()
    watching = Watching(freq_s=FREQ_S, checkers=2, system=machine)
    colony = Colony(watching, machine, seed)
    machine.told = colony.take
    for _ in range(24):
        machine.advance(colony.between(3000.0, 4200.0))
        colony.jump()
        for life in colony.lives.values():
            life.assert_not_late()
    hangs = sum(life.hangs for life in colony.lives.values())
    waiting = sum(life.hung_mono is not None for life in colony.lives.values())
    asked = sum(life.asked for life in colony.lives.values())
    assert asked == hangs - waiting
    assert asked > 50
    assert all(life.dropped <= life.asked for life in colony.lives.values())
    assert watching.said == [line for line in watching.said if line.startswith("asked for")]
