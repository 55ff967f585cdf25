"""Builders: jobs and schedulers on a simulated machine, said in a word."""

from __future__ import annotations

import json
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Any

from ncolony.isystem import Start
from ncolony.scheduler import jobfile, jobspec
from ncolony.scheduler.job import History, Unusable, status_of
from ncolony.scheduler.jobfile import JobStatus
from ncolony.scheduler.jobfiles import JobFiles
from ncolony.scheduler.jobrequest import RunNow
from ncolony.scheduler.jobs import Gone, Jobs, Loaded
from ncolony.scheduler.jobspec import JobSpec
from ncolony.scheduler.schedule import zone_of
from ncolony.testing import Program, SimulatedOutput, SimulatedSystem

STATUS = "/status/.jobs"
MINUTE = {"every": 60}


def a_job_file(*args: str, schedule: Any = None, **others: Any) -> bytes:
    """A job's file: every minute where nothing is said."""
    document = {"args": list(args) or ["quick"], "schedule": schedule or MINUTE, **others}
    return json.dumps(document).encode()


def a_job(*args: str, name: str = "job", **others: Any) -> JobSpec:
    """What the scheduler makes of such a file."""
    return jobspec.parse(name, a_job_file(*args, **others))


def seconds(date: str) -> float:
    """A date of UTC as seconds since 1970."""
    return datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()


@cache
def zone(name: str | None) -> tzinfo:
    """As the scheduler finds them."""
    return zone_of(name)


class Machine(SimulatedSystem):
    """Notes what is started, and when by the monotonic clock.

    ``quick`` ends at once, ``long`` runs until it is told to end, ``deaf`` doesn't hear TERM.
    """

    def __init__(self, date: str = "2026-06-01T12:00:00") -> None:
        super().__init__()
        self.wall_ahead_s = seconds(date) - self.mono()
        self.started: list[tuple[str, float]] = []
        self.programs["quick"] = Program(lives_s=0.001)
        self.programs["long"] = Program()
        self.programs["deaf"] = Program(obeys_term=False)
        self.programs["leaves"] = Program(lives_s=1.0, members=1)

    def spawn(self, start: Start) -> int:
        pid = super().spawn(start)
        self.started.append((start.spec.name, self.mono()))
        return pid


class Scheduling:
    """A scheduler on a machine; ``restart`` is another one, which knows what the files say."""

    def __init__(self, machine: Machine | None = None) -> None:
        self.machine = machine or Machine()
        self.said: list[str] = []
        self.begin()

    def begin(self) -> None:
        """A scheduler begins."""
        machine = self.machine
        self.output = SimulatedOutput()
        self.jobs = Jobs(
            machine, self.output, zone, self._history, self._changed, self._ended, self.said.append
        )
        self.files = JobFiles(
            machine,
            STATUS,
            self._status,
            self.jobs.names,
            lambda: self.jobs.starting,
            self.said.append,
        )
        machine.watch_deaths(self.jobs.children_died)
        self.over = False

    def _history(self, name: str) -> History:
        return self.files.history(name)

    def _changed(self, name: str) -> None:
        self.files.mark(name)

    def _ended(self, name: str, result: str, failed: bool) -> None:
        self.said.append(f"{name}: {result}")

    def _status(self, name: str) -> JobStatus | None:
        job = self.jobs.get(name)
        return None if job is None else status_of(job, self.jobs.now())

    # What a test does

    def put(self, *specs: JobSpec) -> None:
        """Files are there, or others than before."""
        self.jobs.apply({spec.name: Loaded(spec) for spec in specs})
        self.files.remove_others(self.jobs.names())

    def refuse(self, name: str, reason: str) -> None:
        """A file can't be used."""
        self.jobs.apply({name: Unusable(reason)})

    def remove(self, *names: str) -> None:
        """Files are gone."""
        self.jobs.apply({name: Gone() for name in names})

    def run(self, name: str = "job") -> str | None:
        """Somebody asks for a run; the reason where that can't be."""
        return self.jobs.carry_out(RunNow(name))

    def advance(self, seconds: float) -> None:
        """Let time pass, an hour at a time."""
        while seconds > 0:
            self.machine.advance(min(seconds, 3600.0))
            seconds -= 3600.0

    def jump(self, by_s: float) -> None:
        """The wall clock jumps."""
        self.machine.wall_ahead_s += by_s

    def stop(self, within_s: float = 60.0) -> None:
        """The scheduler ends, and leaves nothing."""
        self.jobs.stop(self._is_over)
        waited_s = 0.0
        while not self.over and waited_s < within_s:
            self.machine.advance(0.1)
            waited_s += 0.1
        assert self.over, f"it hasn't ended after {within_s} s"
        self.files.end()
        assert self.machine.living() == []
        assert self.machine.armed == 0, "timers are left"
        assert self.output.open == set()
        assert self.output.kept == set(), "pipes are left"

    def _is_over(self) -> None:
        self.over = True

    # What is so

    def starts(self, name: str = "job") -> list[float]:
        """When a job was started, in seconds since the machine's beginning."""
        return [round(mono - 1000.0, 3) for found, mono in self.machine.started if found == name]

    def status(self, name: str = "job") -> JobStatus | None:
        """What a job's status file says; None where there is none."""
        self.machine.advance(0.1)
        try:
            return jobfile.decode(self.machine.contents(f"{STATUS}/{name}"))
        except FileNotFoundError:
            return None

    def told(self, name: str = "job") -> JobStatus:
        """What it says, where it must be there."""
        found = self.status(name)
        assert found is not None, f"{name} has no status"
        return found
