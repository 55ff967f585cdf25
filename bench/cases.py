"""What is measured, in which order: the cases of one system, sharing supervisors' lives."""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from flood import throughput
from life import Failed, Life, Setting
from ours import Floor
from results import Results, Sample
from supervisor import Supervisor


class Plan(NamedTuple):
    """How much is measured."""

    size: int  # processes for start, mass death, stop, memory, rest
    latency_sizes: tuple[int, ...]  # processes for restarts and changes
    repeats: int
    budget_s: float  # no further repeat once a system has taken so long
    kills: int
    kills_s: float  # over which the kills are spread
    changes: int
    idle_s: float
    lines: int  # of output


UNITS = {"memory": "KB", "own_memory": "KB", "wakeups": "/min", "cpu": "ms/min", "output": "MB/s"}


class Turn:
    """One system's turn: its lives, their measurements recorded as they are made."""

    def __init__(
        self, kind: type[Supervisor], number: int, setting: Setting, plan: Plan, results: Results
    ) -> None:
        self.kind = kind
        self.number = number
        self.setting = setting
        self.plan = plan
        self.results = results

    def keep(self, measure: str, size: int, value: float | None, fault: str = "") -> str:
        """Keep one value, or the reason why there is none; what that is in words."""
        unit = UNITS.get(measure, "ms")
        sample = Sample(self.kind.key, measure, size, self.number, value, unit, fault)
        self.results.samples.append(sample)
        return fault if value is None else f"{value:,.2f} {unit}"

    def record(self, measure: str, size: int, value: float | None, fault: str = "") -> None:
        """Keep one value and say so; of the floor only what went wrong."""
        shown = self.keep(measure, size, value, fault)
        if self.kind is not Floor or fault:
            self.say(measure, size, shown)

    def say(self, measure: str, size: int, shown: str) -> None:
        """A line for whoever watches."""
        print(f"  {self.kind.key:12} {measure:11} N={size:<6} {shown}", flush=True)

    def measure(self, name: str, size: int, get: Callable[[], float]) -> None:
        """Record what get returns; when it fails, record why, and raise that."""
        try:
            value = get()
        except (Failed, OSError) as fault:
            self.record(name, size, None, str(fault))
            raise
        self.record(name, size, value)

    def life(self, count: int, lines: int | None = None) -> Life:
        """A fresh supervisor."""
        return Life(self.kind, count, self.setting, lines)

    def _large(self, rest: bool) -> None:
        size = min(self.plan.size, self.kind.most)
        with self.life(size) as life:
            self.measure("start", size, life.launch)
            life.settle()
            if rest and self.kind.changes:
                self._memory(life, size)
                wakeups, cpu_ms = life.idle(self.plan.idle_s)
                self.record("wakeups", size, wakeups)
                self.record("cpu", size, cpu_ms)
            self.measure("mass_death", size, life.mass_death)
            life.settle()
            self.measure("stop", size, life.stop)

    def _large_ones(self) -> None:
        over = time.monotonic() + self.plan.budget_s
        for repeat in range(self.plan.repeats):
            if repeat and time.monotonic() > over:
                break
            self._large(rest=repeat == 0)

    def _memory(self, life: Life, size: int) -> None:
        memory = life.memory()
        self.record("memory", size, memory.pss_kb)
        self.keep("own_memory", size, memory.own_kb)

    def _empty(self) -> None:
        with self.life(0) as life:
            life.launch()
            life.settle()
            self._memory(life, 0)

    def _restarts(self, life: Life, size: int) -> None:
        try:
            latencies_ms = [*life.restarts(self.plan.kills, self.plan.kills_s).values()]
        except (Failed, OSError) as fault:
            self.record("restart", size, None, str(fault))
            raise
        for latency_ms in latencies_ms:
            self.keep("restart", size, latency_ms)
        if self.kind is not Floor:
            median_ms, worst_ms = statistics.median(latencies_ms), max(latencies_ms)
            self.say("restart", size, f"{median_ms:.2f} ms, at worst {worst_ms:.2f}")

    def _small(self, size: int) -> None:
        with self.life(size) as life:
            self.measure("start", size, life.launch)
            life.settle()
            self._restarts(life, size)
            supervisor = life.supervisor
            for number in range(self.plan.changes if self.kind.changes else 0):
                name = f"extra{number}"
                add = partial(life.reconfigured, supervisor.add, name, 1)
                self.measure("add", size, add)
                life.settle()
                change = partial(life.reconfigured, supervisor.change, name, 2)
                self.measure("change", size, change)

    def _output(self) -> None:
        lines = self.plan.lines
        with self.life(1, lines) as life:
            self.measure("output", 1, lambda: throughput(life, lines))

    def run(self) -> None:
        """All cases; one that fails ends its life, and the next begins."""
        cases: list[Callable[[], None]] = [self._large_ones]
        if self.kind.changes:
            cases.append(self._empty)
        small = {min(size, self.kind.most) for size in self.plan.latency_sizes}
        cases += [partial(self._small, size) for size in sorted(small)]
        if self.kind.passes_output:
            cases.append(self._output)
        for case in cases:
            try:
                case()
            except (Failed, OSError) as fault:
                print(
                    f"  {self.kind.key:12} the rest of this case is left out: {fault}", flush=True
                )


def floor(number: int, setting: Setting, plan: Plan, results: Results) -> None:
    """Measure the C program: its figures are what the machine allows at this moment."""
    quick = setting._replace(settle_s=0.2)  # it calls nothing dying at once
    short = plan._replace(repeats=min(2, plan.repeats), kills_s=plan.kills_s / 5)
    Turn(Floor, number, quick, short, results).run()
