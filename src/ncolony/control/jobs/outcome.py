"""Whether what was asked of the scheduler has happened: judgements on what it says, no I/O."""

from __future__ import annotations

from ...scheduler.jobfile import JobStatus
from ..outcome import Failed, Happened, Pending, Verdict

NOT_READ = "no scheduler has read its file yet"
CHANGED = "no scheduler has read its new file yet"


def told(now: JobStatus) -> str:
    """What a job's status says, in a few words."""
    return f"it is {now.state}: {now.reason}"


def added(now: JobStatus | None, fingerprint: str) -> Verdict:
    """Whether the scheduler uses the file of this fingerprint."""
    if now is None:
        return Pending(NOT_READ)
    if now.fingerprint != fingerprint:
        return Pending(CHANGED)
    return Happened() if now.refused is None else Failed(f"it is refused: {now.refused}")


def removed(now: JobStatus | None) -> Verdict:
    """Whether nothing of a job is left."""
    return Happened() if now is None else Pending(told(now))


def ran(before: JobStatus | None, now: JobStatus | None, asked_at: str) -> Verdict:
    """Whether a run that was asked for at ``asked_at`` is over, and was no failure.

    It is one that began since. Where other runs go on beside it, they are waited for as well, and
    the last one that ended is judged.
    """
    if now is None:
        return Pending(NOT_READ) if before is None else Failed("it was removed")
    known = 0 if before is None else before.runs
    if now.runs <= known or now.last_start is None or now.last_start < asked_at:
        return Pending("its run has not begun yet")
    if now.pid is not None:
        return Pending(told(now))
    return Happened() if now.success else Failed(f"its run failed: {now.last_result}")
