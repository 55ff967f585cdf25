"""One job: its file, its runs, its history; and what its status file says."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from ..status import utc_text
from .jobfile import JobExit, JobStatus
from .jobspec import JobSpec
from .plan import Now
from .runs import Phase, Run, Why


class History(NamedTuple):
    """What became of a job so far; it outlives the scheduler. Dates in seconds since 1970.

    ``last_due`` is up to when ``schedule`` was dealt with, None where it never was.
    """

    last_start: float | None = None
    last_duration_s: float | None = None
    last_exit: JobExit | None = None
    last_result: str | None = None
    runs: int = 0
    failures: int = 0
    skipped: int = 0
    last_due: float | None = None
    schedule: str = ""
    success: bool | None = None


NEW = History()


class Unusable(NamedTuple):
    """A job's file can't be used. ``fingerprint`` is its SHA-256, where it could be read."""

    reason: str
    fingerprint: str | None = None


class Job:
    """A job by its name. ``spec`` is the newest file that can be used.

    ``refusal`` says why the newest of all can't. ``due`` is by the clock of its schedule, and the
    start comes ``delay_s`` later. ``queued`` starts wait for their turn; with ``waiting``, one more
    for a run's end. ``gone``: its file was removed.
    """

    __slots__ = (
        "delay_s", "due", "gone", "history", "name", "queued", "refusal", "runs", "spec", "ticket",
        "waiting",
    )  # fmt: skip

    def __init__(self, name: str, history: History = NEW) -> None:
        self.name = name
        self.history = history
        self.spec: JobSpec | None = None
        self.refusal: Unusable | None = None
        self.runs: tuple[Run, ...] = ()
        self.queued = 0
        self.waiting = False
        self.due: float | None = None
        self.delay_s = 0.0
        self.gone = False
        self.ticket = 0

    @property
    def busy(self) -> bool:
        """Whether it runs, or is about to."""
        return bool(self.runs or self.queued)


def status_of(job: Job, now: Now) -> JobStatus:
    """What anyone may read of a job."""
    history, spec = job.history, job.spec
    state, reason = _state(job)
    next_utc = None
    if spec is not None and job.due is not None and job.ticket:
        next_utc = now.as_utc(spec.schedule, job.due) + job.delay_s
    return JobStatus(
        name=job.name,
        state=state,
        reason=reason,
        schedule="" if spec is None else str(spec.schedule),
        last_start=_date(history.last_start),
        last_duration=history.last_duration_s,
        last_exit=history.last_exit,
        last_result=history.last_result,
        next=_date(next_utc),
        runs=history.runs,
        failures=history.failures,
        skipped=history.skipped,
        pid=job.runs[-1].tree if job.runs else None,
        refused=job.refusal and job.refusal.reason,
        last_due=_date(history.last_due),
        warnings=() if spec is None else spec.process.warnings,
        fingerprint=_fingerprint(job),
        success=history.success,
    )


def history_of(status: JobStatus) -> History:
    """What a status file of an earlier scheduler tells. Raises ValueError for no dates."""
    return History(
        last_start=_seconds(status.last_start),
        last_duration_s=status.last_duration,
        last_exit=status.last_exit,
        last_result=status.last_result,
        runs=status.runs,
        failures=status.failures,
        skipped=status.skipped,
        last_due=None if status.state == "disabled" else _seconds(status.last_due),
        schedule=status.schedule,
        success=status.success,
    )


def _fingerprint(job: Job) -> str | None:
    if job.refusal is not None:
        return job.refusal.fingerprint
    return None if job.spec is None else sha256(job.spec.process.text).hexdigest()


def _state(job: Job) -> tuple[str, str]:
    if job.runs:
        return "running", _running(job.runs[-1])
    if job.spec is None:
        return "refused", job.refusal.reason if job.refusal else ""
    if not job.spec.enabled:
        return "disabled", "enabled is false in its file"
    if job.queued:
        return "waiting", "waiting for its turn to start"
    return "waiting", "not due yet" if job.due is not None else "no date to come fits"


def _running(run: Run) -> str:
    match run.why:
        case Why.TIMEOUT:
            why = f"the timeout of {run.spec.timeout_s:g} s is over"
        case Why.REMOVED:
            why = "its file was removed"
        case Why.ENDING:
            why = "the scheduler stops"
        case Why.LEFT:
            why = "its process has ended, what that started has not"
        case _:
            return "started"
    signal = "KILL" if run.phase is Phase.KILLING else run.spec.stop_signal
    return f"{signal} sent: {why}"


def _date(seconds: float | None) -> str | None:
    return None if seconds is None else utc_text(seconds)


def _seconds(date: str | None) -> float | None:
    if date is None:
        return None
    try:
        return datetime.fromisoformat(date).astimezone(UTC).timestamp()
    except OverflowError as error:
        raise ValueError(f"{date}: {error}") from None
