"""Whether what was asked for has happened: judgements on what the status says, no I/O.

Each function compares what the monitor says now with what it said before it was asked. A
record that is the same as before may be older than the request, so it proves no failure;
a record that has changed and can't get where it was meant to is one. What ended for good as its
policy has it (EXITED, as wanted) has done what it was started for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..status import StatusRecord


class Happened(NamedTuple):
    """It is as it was asked for."""


class Failed(NamedTuple):
    """It won't be as it was asked for, or there is no telling; ``why`` is for people."""

    why: str


class Pending(NamedTuple):
    """Not yet; ``now`` says in a few words how it is.

    ``lasting``: what it comes to where it stays so, which it will, unless what was looked at is
    older than what was asked for.
    """

    now: str
    lasting: Happened | Failed | None = None


Verdict = Happened | Pending | Failed
#: Judges by the record before something was asked for, and the record now.
Judge = Callable[[StatusRecord | None, StatusRecord | None], Verdict]


def told(record: StatusRecord | None) -> str:
    """What a record says, in a few words."""
    if record is None:
        return "it is not there"
    why = record.reason if record.refused is None else record.refused
    return f"it is {record.state}: {why}" if why else f"it is {record.state}"


def added(
    before: StatusRecord | None,
    now: StatusRecord | None,
    fingerprint: str,
    enabled: bool = True,
) -> Verdict:
    """Whether the file of this fingerprint is in force, and its process runs, or is down."""
    if now is None:
        return Pending(told(now))
    if now.fingerprint == fingerprint and now.refused is None:
        return _running(None, now) if enabled else stopped(None, now)
    if now.refused is None:
        return Pending("its new file is not in force yet")
    if now != before or now.refused_fingerprint == fingerprint:
        return Failed(told(now))
    return Pending(told(now))


def removed(now: StatusRecord | None) -> Verdict:
    """Whether the process is gone."""
    return Happened() if now is None else Pending(told(now))


def started(before: StatusRecord | None, now: StatusRecord | None) -> Verdict:
    """Whether a process that was asked to start runs, or has done what it was to do."""
    return _running(before, now)


def restarted(before: StatusRecord | None, now: StatusRecord | None) -> Verdict:
    """Whether a process runs, or ran to its good end, that was started since ``before``."""
    starts = 0 if before is None else before.starts
    if now is not None and now.state in {"RUNNING", "EXITED"} and now.starts <= starts:
        return Pending("it has not been restarted yet")
    return _running(before, now)


def stopped(before: StatusRecord | None, now: StatusRecord | None) -> Verdict:
    """Whether a process that was asked to stop has."""
    if now is None:
        return Failed("it was removed")
    if now.state == "STOPPED" or (now.state == "FAILED" and now.want == "DOWN"):
        return Happened()
    if now.state != "FAILED":
        return Pending(told(now))
    failed = Failed(told(now))
    return Pending(failed.why, failed) if now == before else failed


def runs(now: StatusRecord | None) -> Verdict:
    """Whether a process runs, whoever asked for it; what fails may run yet, unless for good."""
    if now is not None and now.state == "RUNNING":
        return Happened()
    for_good = now is not None and now.state in {"EXITED", "FAILED"}
    return Pending(told(now), Failed(told(now)) if for_good else None)


def is_down(now: StatusRecord | None) -> Verdict:
    """Whether nothing of a process runs, nor will by itself; also where it isn't there at all."""
    down = now is None or now.state in {"STOPPED", "EXITED", "FAILED"}
    return Happened() if down else Pending(told(now))


def _running(before: StatusRecord | None, now: StatusRecord | None) -> Verdict:
    if now is None:
        return Pending(told(now)) if before is None else Failed("it was removed")
    if now.state == "RUNNING" and now.want == "UP":
        return Happened()
    done = now.state == "EXITED" and now.as_wanted
    come_to = Happened() if done else Failed(told(now))
    for_good = now.state in {"EXITED", "FAILED"}
    if now == before:
        return Pending(told(now), come_to if for_good else None)
    settled = for_good or now.state == "BACKOFF" or (now.state, now.want) == ("STOPPED", "DOWN")
    return come_to if settled else Pending(told(now))
