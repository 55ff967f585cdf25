"""Runs of jobs: started, ended at their timeouts with all that they started, and buried.

    RUNNING --timeout, stop, its process has ended and left others--> STOPPING --grace--> KILLING

A run is over when its process has ended and nobody is left of what that started. Nothing else ends
it, so that no job has two runs unless its file allows for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import assert_never

from ..isystem import Death, IOutput, ISystem, ITimer, Start
from .agenda import Agenda
from .jobspec import JobSpec

#: What hasn't gone so long after KILL gets it again: somebody may have been forked meanwhile.
KILL_AGAIN_S = 1.0
#: How often those whose process has ended are looked at, while others of them live. The first look
#: is soon, for most are gone by then.
FIRST_LOOK_S = 0.005
LOOK_S = 0.05


class Phase(Enum):
    """How far a run is."""

    RUNNING = "running"
    STOPPING = "stopping"
    KILLING = "killing"


class Why(Enum):
    """Why a run was stopped."""

    TIMEOUT = "timeout"
    REMOVED = "removed"
    ENDING = "ending"
    LEFT = "left"


class Run:
    """One run of a job, with the file that it was started by.

    ``pid`` is None once its process has ended, ``tree`` stays. ``end`` is how the process ended,
    after ``lived_s``.
    """

    __slots__ = ("end", "lived_s", "phase", "pid", "spec", "started_mono", "ticket", "tree", "why")

    def __init__(self, spec: JobSpec, pid: int, started_mono: float) -> None:
        self.spec = spec
        self.pid: int | None = pid
        self.tree = pid
        self.started_mono = started_mono
        self.phase = Phase.RUNNING
        self.why: Why | None = None
        self.end: Death | None = None
        self.lived_s = 0.0
        self.ticket = 0


class Runs:
    """All runs that aren't over. ``changed`` is called with one that is stopped, or over.

    ``said`` takes what people have to know.
    """

    def __init__(
        self,
        system: ISystem,
        output: IOutput,
        over: Callable[[Run], None],
        changed: Callable[[Run], None],
        said: Callable[[str], None],
    ) -> None:
        self._system = system
        self._output = output
        self._over = over
        self._changed = changed
        self._said = said
        self._by_pid: dict[int, Run] = {}
        self._left: dict[Run, None] = {}  # whose process has ended, while others live
        self._agenda: Agenda[Run] = Agenda(system, self._due)
        self._look_timer: ITimer | None = None

    def __len__(self) -> int:
        return len(self._by_pid) + len(self._left)

    def all(self) -> list[Run]:
        """Those that aren't over."""
        return [*self._by_pid.values(), *self._left]

    def start(self, specs: Sequence[JobSpec]) -> list[Run | str]:
        """Start these: for each its run, or why it couldn't be started."""
        outcomes: dict[int, int | Exception] = {}
        ready: list[tuple[int, Start]] = []
        for at, spec in enumerate(specs):
            try:
                ready.append((at, Start(spec.process, self._output.writers(spec.process))))
            except OSError as error:
                outcomes[at] = error
        started = self._system.spawn_all([start for _, start in ready])
        for (at, start), outcome in zip(ready, started, strict=True):
            self._output.started(start.spec.name, start.writers)
            outcomes[at] = outcome
        now = self._system.mono()
        return [self._begun(spec, outcomes[at], now) for at, spec in enumerate(specs)]

    def _begun(self, spec: JobSpec, outcome: int | Exception, now: float) -> Run | str:
        if isinstance(outcome, Exception):
            why = outcome.strerror if isinstance(outcome, OSError) else None
            why = why or f"{type(outcome).__name__}: {outcome}"
            return f"cannot start {spec.process.args[0]}: {why}"
        run = self._by_pid[outcome] = Run(spec, outcome, now)
        if spec.timeout_s is not None:
            self._agenda.set(run, now + spec.timeout_s)
        return run

    def stop(self, run: Run, why: Why) -> None:
        """Ask all of a run to end; after its grace it is killed."""
        if run.phase is not Phase.RUNNING:
            return
        run.phase = Phase.STOPPING
        run.why = why
        self._signal(run, run.spec.stop_signal)
        self._agenda.set(run, self._system.mono() + run.spec.grace_s)
        self._changed(run)

    def kill_now(self) -> None:
        """Kill what is being stopped."""
        for run in self.all():
            if run.phase is Phase.STOPPING:
                self._agenda.set(run, self._system.mono())

    def children_died(self) -> None:
        """Bury those that have ended."""
        for death in self._system.deaths():
            run = self._by_pid.pop(death.pid, None)
            if run is None:
                self._output.reaped(death.pid, death.code == 0)
            else:
                self._ended(run, death)
        self._look()

    def close(self) -> None:
        """Wait for nothing any more."""
        self._agenda.close()
        self._by_pid.clear()
        self._left.clear()
        if self._look_timer is not None:
            self._look_timer.cancel()
            self._look_timer = None

    def _ended(self, run: Run, death: Death) -> None:
        run.pid = None
        run.end = death
        run.lived_s = max(0.0, self._system.mono() - run.started_mono)
        self._output.ended(run.spec.name)
        if not self._system.tree_lives(run.spec.name, run.tree):
            self._is_over(run)
            return
        self._left[run] = None
        if run.phase is Phase.RUNNING:
            self.stop(run, Why.LEFT)
        else:
            self._signal_again([run])
        if self._look_timer is None:
            self._look_timer = self._system.call_later(FIRST_LOOK_S, self._look_again)

    def _signal_again(self, runs: Iterable[Run]) -> None:
        """Who has just turned up gets the signal that the others had."""
        for run in runs:
            self._signal(run, "KILL" if run.phase is Phase.KILLING else run.spec.stop_signal)

    def _look(self) -> None:
        for run in list(self._left):
            if not self._system.tree_lives(run.spec.name, run.tree):
                del self._left[run]
                self._is_over(run)

    def _look_again(self) -> None:
        self._look_timer = None
        self._look()
        if self._left and self._look_timer is None:
            self._look_timer = self._system.call_later(LOOK_S, self._look_again)

    def _is_over(self, run: Run) -> None:
        self._agenda.drop(run)
        self._over(run)

    def _due(self, runs: list[Run]) -> None:
        for run in runs:
            match run.phase:
                case Phase.RUNNING:
                    self.stop(run, Why.TIMEOUT)
                case Phase.STOPPING | Phase.KILLING:
                    run.phase = Phase.KILLING
                    self._signal(run, "KILL")
                    self._agenda.set(run, self._system.mono() + KILL_AGAIN_S)
                    self._changed(run)
                case _:
                    assert_never(run.phase)

    def _signal(self, run: Run, signal: str) -> None:
        try:
            self._system.signal_tree(run.spec.name, run.tree, signal)
        except OSError as error:
            self._said(f"cannot signal {run.spec.name}: {error.strerror}")
