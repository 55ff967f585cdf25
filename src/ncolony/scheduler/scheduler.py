"""A scheduler, of one job or of a directory of them: its parts, put together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from functools import cache, partial
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ..logspec import LogSpec
from ..output import ISink, Output
from ..readiness import readiness
from ..system import System
from ..trust import Trust
from .ending import Orphans
from .job import NEW, History, status_of
from .jobfile import JobStatus
from .jobfiles import JobFiles
from .jobs import Jobs, Loaded
from .jobsdir import JobsLooks
from .jobspec import JobSpec
from .schedule import zone_of

#: Descriptors that pipes don't get: without them, no directory can be looked at.
RESERVE = 16


class Places(NamedTuple):
    """A directory of jobs, that of their statuses, and how often to look without notices."""

    jobs: str
    status: str
    every_s: float


class Scheduler:
    """Runs jobs from ``start`` until the Deferred of ``stop`` fires.

    ``to`` is where the output of a job goes that doesn't say so itself, and ``logs`` the directory
    of log files.
    """

    def __init__(
        self, reactor: Any, sink: ISink, log: Logger, trust: Trust | None, logs: str, to: LogSpec
    ) -> None:
        self._log = log
        system = self._system = System(reactor, None, trust)
        self._output = Output(
            sink,
            partial(readiness, reactor),
            limit=system.descriptor_limit - RESERVE,
            default=to,
            logs=logs,
            call_later=system.call_later,
            utc=system.utc,
        )
        zones: Callable[[str | None], tzinfo] = cache(zone_of)
        self._jobs = Jobs(
            system, self._output, zones, self._history, self._changed, self._ended, self._say
        )
        self._orphans: Orphans | None = None

    def start(self) -> None:
        """Begin to run what is due."""
        self._system.watch_deaths(self._jobs.children_died)

    def stop(self) -> Deferred[None]:
        """Stop what runs; fires when that is gone."""
        self._output.compress_no_more()
        stopped: Deferred[None] = Deferred()
        self._jobs.stop(lambda: self._end_orphans(stopped))
        return stopped

    def look_again(self) -> None:
        """Reopen files that somebody has moved."""
        self._output.reopen()

    def kill_now(self) -> None:
        """Don't wait for any grace any longer."""
        self._jobs.kill_now()
        if self._orphans is not None:
            self._orphans.kill_now()

    def _end_orphans(self, stopped: Deferred[None]) -> None:
        self._orphans = Orphans(self._system, lambda: self._close(stopped))
        self._orphans.end()

    def _close(self, stopped: Deferred[None]) -> None:
        self._output.close()
        self._closed()
        self._system.close()
        stopped.callback(None)

    # For those that keep more

    def _closed(self) -> None:
        """Nothing runs any more."""

    def _history(self, name: str) -> History:
        return NEW

    def _changed(self, name: str) -> None:
        """A job's status is another now."""

    def _ended(self, name: str, result: str, failed: bool) -> None:
        self._say(f"{name}: {result}")

    def _say(self, line: str) -> None:
        self._log.info("{line}", line=line)


class OneJob(Scheduler):
    """Runs one job, and says of each run how it ended."""

    def begin(self, job: JobSpec) -> None:
        """Run it when it is due."""
        self.start()
        self._jobs.apply({job.name: Loaded(job)})


class ManyJobs(Scheduler):
    """Runs the jobs of a directory, and keeps what became of them in another."""

    def __init__(
        self,
        reactor: Any,
        sink: ISink,
        log: Logger,
        trust: Trust | None,
        logs: str,
        to: LogSpec,
        places: Places,
    ) -> None:
        super().__init__(reactor, sink, log, trust, logs, to)
        jobs = self._jobs
        self._files = JobFiles(
            self._system,
            places.status,
            self._status_of,
            jobs.names,
            lambda: jobs.starting,
            self._say,
        )
        self._looks = JobsLooks(
            reactor, self._system, places.jobs, places.every_s, jobs, self._files, self._say
        )

    def begin(self) -> None:
        """Run what the directory asks for."""
        self.start()
        self._looks.start()

    def stop(self) -> Deferred[None]:
        self._looks.stop()
        return super().stop()

    def look_again(self) -> None:
        """Look at everything, whether there was notice of a change or not."""
        self._looks.look_again()
        super().look_again()

    def _closed(self) -> None:
        self._files.end()

    def _history(self, name: str) -> History:
        return self._files.history(name)

    def _changed(self, name: str) -> None:
        self._files.mark(name)

    def _ended(self, name: str, result: str, failed: bool) -> None:
        if failed:
            self._say(f"{name}: {result}")

    def _status_of(self, name: str) -> JobStatus | None:
        job = self._jobs.get(name)
        if job is None:
            return None
        return status_of(job, self._jobs.now())
