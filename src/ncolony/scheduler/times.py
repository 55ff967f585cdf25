"""When the jobs of a scheduler are due, by an agenda and two clocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..isystem import ISystem
from .agenda import Agenda
from .job import Job
from .jobspec import JobSpec
from .plan import LEAP_S, LOOK_S, Now, Zones, deal, following, going_on
from .schedule import Cron
from .wall import Wall

#: A jump of the wall clock that makes a difference to people who read a date.
NOTABLE_S = 0.5


class Times:
    """Calls ``want`` with jobs that are to run, and ``wanted`` after some of those.

    ``jobs`` are all there are. ``changed`` is called with the name of each whose next date is
    another now.
    """

    def __init__(
        self,
        system: ISystem,
        zones: Zones,
        jobs: Mapping[str, Job],
        want: Callable[[Job, JobSpec], None],
        wanted: Callable[[], None],
        changed: Callable[[str], None],
    ) -> None:
        self._system = system
        self._zones = zones
        self._jobs = jobs
        self._want = want
        self._wanted = wanted
        self._changed = changed
        self._agenda: Agenda[Job] = Agenda(system, self._due)
        self._wall = Wall(system, self._jumped)

    def now(self) -> Now:
        """What time it is."""
        return self._wall.now()

    def first(self, job: Job, spec: JobSpec) -> None:
        """A job that this scheduler didn't know is due from now on, and for what it missed."""
        now = self._wall.now()
        history = job.history
        known = history.schedule == str(spec.schedule)
        self._go_on(job, spec, now, history.last_due if known else None)
        if not spec.at_start:
            return
        if job.due is not None and job.due <= now.by(spec.schedule):
            self._deal(job, spec, now, catch_up=True)
        else:
            self._want(job, spec)

    def anew(self, job: Job, spec: JobSpec) -> None:
        """A job's schedule is another now, and begins now."""
        self._go_on(job, spec, self._wall.now(), None)

    def drop(self, job: Job) -> None:
        """A job isn't due any more."""
        job.due = None
        self._agenda.drop(job)

    def watch(self) -> None:
        """Look at the wall clock while there are jobs that go by it."""
        self._wall.watch(any(map(_goes_by_wall, self._jobs.values())))

    def close(self) -> None:
        """Nobody is due any more."""
        self._wall.watch(needed=False)
        self._agenda.close()

    def _go_on(self, job: Job, spec: JobSpec, now: Now, last_utc: float | None) -> None:
        """What has passed since it was dealt with was missed."""
        schedule = spec.schedule
        last = going_on(schedule, last_utc, now)
        job.history = job.history._replace(last_due=now.as_utc(schedule, last))
        self._plan(job, spec, now, following(schedule, last, last, self._zones))

    def _plan(self, job: Job, spec: JobSpec, now: Now, due: float | None) -> None:
        job.due = due
        if due is None:
            self._agenda.drop(job)
            return
        job.delay_s = spec.jitter_s * self._system.chance() if spec.jitter_s else 0.0
        self._agenda.set(job, now.mono + due + job.delay_s - now.by(spec.schedule))

    def _jumped(self, by_s: float, unseen_s: float) -> None:
        """What goes by the wall clock is due at another time by the other one, and vice versa."""
        now = self._wall.now()
        for job in self._jobs.values():
            if job.spec is None or job.due is None:
                continue
            if not isinstance(job.spec.schedule, Cron):
                last_due = job.history.last_due
                assert last_due is not None, "a job that is due was dealt with up to some time"
                job.history = job.history._replace(last_due=last_due + by_s)
            elif by_s < -LEAP_S:
                self._go_on(job, job.spec, now, now.utc - min(unseen_s, LOOK_S))
            else:
                self._agenda.set(job, now.mono + job.due + job.delay_s - now.utc)
            if abs(by_s) > NOTABLE_S:
                self._changed(job.name)

    def _due(self, jobs: list[Job]) -> None:
        now = self._wall.now()
        for job in jobs:
            if job.spec is not None and job.due is not None and not job.ticket:
                self._deal(job, job.spec, now, catch_up=job.spec.catch_up)
        self._wanted()

    def _deal(self, job: Job, spec: JobSpec, now: Now, *, catch_up: bool) -> None:
        """Its time has come, or passed."""
        assert job.due is not None, "only who is due is dealt with"
        time = now.by(spec.schedule) - job.delay_s
        dealt = deal(spec.schedule, job.due, time, catch_up, self._zones)
        job.history = job.history._replace(last_due=now.as_utc(spec.schedule, dealt.last))
        self._plan(job, spec, now, dealt.due)
        self._changed(job.name)
        if dealt.runs:
            self._want(job, spec)


def _goes_by_wall(job: Job) -> bool:
    return job.spec is not None and job.due is not None and isinstance(job.spec.schedule, Cron)
