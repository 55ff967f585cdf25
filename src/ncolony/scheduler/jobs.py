"""The jobs of a scheduler by name: when they are due, and what becomes of their runs.

A job is known from its file's first use to the end of its last run after the file is gone. It is
on the agenda while it is enabled; being due leads to a start, or not, as its overlap says. A run
goes on with the file that it was started by, whatever becomes of that, unless the file is removed:
then it is stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, assert_never

from ..isystem import IOutput, ISystem
from ..turns import Turns
from .ends import is_failure, result
from .job import History, Job, Unusable
from .jobfile import JobExit
from .jobrequest import RunNow
from .jobspec import JobSpec
from .plan import Now, Zones
from .runs import Run, Runs, Why
from .times import Times


class Loaded(NamedTuple):
    """A job's file is new, or another one."""

    spec: JobSpec


class Gone(NamedTuple):
    """A job's file isn't there any more."""


JobChange = Loaded | Unusable | Gone


class Jobs:
    """All jobs. ``changed`` is called with the name of each whose status is another now.

    ``history`` is asked once for what is known of a job from before; ``ended`` is called with each
    run that is over, and what became of it, also of those that couldn't start.
    """

    def __init__(
        self,
        system: ISystem,
        output: IOutput,
        zones: Zones,
        history: Callable[[str], History],
        changed: Callable[[str], None],
        ended: Callable[[str, str, bool], None],
        said: Callable[[str], None],
    ) -> None:
        self._system = system
        self._output = output
        self._history = history
        self._changed = changed
        self._ended = ended
        self._said = said
        self._by_name: dict[str, Job] = {}
        self._runs = Runs(system, output, self._run_over, self._run_changed, said)
        self._starting: Turns[Job] = Turns(system, self._start, self._go_on)
        self._times = Times(system, zones, self._by_name, self._want, self._starting.run, changed)
        self._over: Callable[[], None] | None = None

    @property
    def children_died(self) -> Callable[[], None]:
        """What is to be called when children have ended."""
        return self._runs.children_died

    @property
    def starting(self) -> bool:
        """Whether starts wait for their turn."""
        return len(self._starting) > 0

    def get(self, name: str) -> Job | None:
        """The job of a name."""
        return self._by_name.get(name)

    def names(self) -> Iterator[str]:
        """Of all jobs."""
        return iter(self._by_name)

    def now(self) -> Now:
        """What time it is."""
        return self._times.now()

    # Files and requests

    def apply(self, changes: Mapping[str, JobChange]) -> None:
        """Files have changed."""
        for name, change in changes.items():
            match change:
                case Loaded(spec):
                    self._load(self._known(name), spec)
                case Unusable():
                    self._refuse(self._known(name), change)
                case Gone():
                    self._remove(name)
                case _:
                    assert_never(change)
            self._changed(name)
        self._times.watch()
        self._starting.run()

    def carry_out(self, asked: RunNow) -> str | None:
        """Run a job now; the reason where that can't be."""
        job = self._by_name.get(asked.name)
        if job is None or job.gone:
            return f"no job is named {asked.name!r}"
        if job.spec is None:
            return job.refusal.reason if job.refusal else "its file can't be used"
        if job.busy and job.spec.overlap == "skip":
            return f"{asked.name} is running, and its overlap is skip"
        if job.waiting:
            return f"{asked.name} is running, and its next run waits for that already"
        self._want(job, job.spec)
        self._starting.run()
        return None

    def _refuse(self, job: Job, refusal: Unusable) -> None:
        if job.refusal is None or job.refusal.reason != refusal.reason:
            self._said(refusal.reason)
        job.refusal = refusal

    def _known(self, name: str) -> Job:
        job = self._by_name.get(name)
        if job is None:
            job = self._by_name[name] = Job(name, self._history(name))
        elif job.gone:  # its last run is being stopped
            job.gone, job.history, job.spec = False, History(), None
        return job

    def _load(self, job: Job, spec: JobSpec) -> None:
        old, job.spec, job.refusal = job.spec, spec, None
        if not spec.enabled:
            job.waiting = False
            self._times.drop(job)
        elif old is None:
            self._times.first(job, spec)
        elif not old.enabled or (old.schedule, old.jitter_s) != (spec.schedule, spec.jitter_s):
            self._times.anew(job, spec)

    def _remove(self, name: str) -> None:
        job = self._by_name.get(name)
        if job is None:
            return
        self._times.drop(job)
        job.gone, job.waiting = True, False
        for run in job.runs:
            self._runs.stop(run, Why.REMOVED)
        self._rest_if_idle(job)

    def _rest_if_idle(self, job: Job) -> None:
        """Keep no pipe of one that doesn't run, nor is about to, nor it if its file is gone."""
        if not job.busy:
            self._output.forget(job.name)
            if job.gone:
                del self._by_name[job.name]
                self._changed(job.name)

    # Runs and times

    def _want(self, job: Job, spec: JobSpec) -> None:
        """Have it run as soon as may be."""
        if job.busy and spec.overlap != "allow":
            if spec.overlap == "wait" and not job.waiting:
                job.waiting = True
            else:
                job.history = job.history._replace(skipped=job.history.skipped + 1)
                self._changed(job.name)
            return
        job.queued += 1
        self._starting.add(job)

    def _go_on(self) -> None:
        self._starting.run()

    def _start(self, jobs: list[Job]) -> None:
        ready: list[tuple[Job, JobSpec]] = []
        for job in jobs:
            job.queued -= 1
            if job.spec is None or job.gone:
                self._rest_if_idle(job)
            else:
                ready.append((job, job.spec))
        started = self._runs.start([spec for _, spec in ready])
        now = self._times.now()
        for (job, _), run in zip(ready, started, strict=True):
            job.history = job.history._replace(last_start=now.utc, runs=job.history.runs + 1)
            if isinstance(run, Run):
                job.runs = (*job.runs, run)
            else:
                self._record(job, run, None, 0.0, failed=True)
            self._changed(job.name)
        for job, _ in ready:  # not before all runs of one job are known
            self._rest_if_idle(job)

    def _record(
        self, job: Job, text: str, last_exit: JobExit | None, lived_s: float, *, failed: bool
    ) -> None:
        job.history = job.history._replace(
            last_result=text,
            last_exit=last_exit,
            last_duration_s=round(lived_s, 3),
            failures=job.history.failures + failed,
            success=not failed,
        )
        self._ended(job.name, text, failed)

    def _run_changed(self, run: Run) -> None:
        self._changed(run.spec.name)

    def _run_over(self, run: Run) -> None:
        job = self._by_name[run.spec.name]
        job.runs = tuple(other for other in job.runs if other is not run)
        end = run.end and JobExit(run.end.code, run.end.signal)
        self._record(job, result(run), end, run.lived_s, failed=is_failure(run))
        self._changed(job.name)
        if job.waiting and not job.busy and job.spec is not None:
            job.waiting = False
            self._want(job, job.spec)
            self._starting.run()
        self._rest_if_idle(job)
        self._look_for_end()

    # The end

    def stop(self, over: Callable[[], None]) -> None:
        """Stop all runs, start none; ``over`` is called when nothing runs any more."""
        self._over = over
        self._times.close()
        self._starting.close()
        for job in self._by_name.values():
            job.queued, job.waiting = 0, False
        for run in self._runs.all():
            self._runs.stop(run, Why.ENDING)
        self._look_for_end()

    def kill_now(self) -> None:
        """Wait for no grace of what is being stopped."""
        self._runs.kill_now()

    def _look_for_end(self) -> None:
        if self._over is not None and not self._runs:
            over, self._over = self._over, None
            self._runs.close()
            over()
