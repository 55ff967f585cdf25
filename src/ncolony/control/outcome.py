"""Whether what was asked for has happened: judgements on what the status says, no I/O.

Each function compares what the monitor says now with what it said before it was asked. A
record that is the same as before may be older than the request, so it proves no failure;
a record that has changed and can't get where it was meant to is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..status import StatusRecord


class Happened(NamedTuple):
    """It is as it was asked for."""


class Pending(NamedTuple):
    """Not yet; ``now`` says in a few words how it is.

    ``lasting``: it stays so, unless what was looked at is older than what was asked for.
    """

    now: str
    lasting: bool = False


class Failed(NamedTuple):
    """It won't be as it was asked for, or there is no telling; ``why`` is for people."""

    why: str


Verdict = Happened | Pending | Failed
#: Judges by the record before something was asked for, and the record now.
Judge = Callable[[StatusRecord | None, StatusRecord | None], Verdict]


def told(record: StatusRecord | None) -> str:
    """What a record says, in a few words."""
    if record is None:
        return "it is not there"
    why = record.reason if record.refused is None else record.refused
    return f"it is {record.state}: {why}" if why else f"it is {record.state}"


def added(before: StatusRecord | None, now: StatusRecord | None, fingerprint: str) -> Verdict:
    """Whether the file of this fingerprint is in force, and its process runs."""
    if now is not None and now.fingerprint == fingerprint and now.refused is None:
        return _running(None, now)
    if now is not None and now != before and now.refused is not None:
        return Failed(told(now))
    return Pending(told(now) if now is None or now.refused else "its new file is not in force yet")


def removed(now: StatusRecord | None) -> Verdict:
    """Whether the process is gone."""
    return Happened() if now is None else Pending(told(now))


def started(before: StatusRecord | None, now: StatusRecord | None) -> Verdict:
    """Whether a process that was asked to start runs."""
    return _running(before, now)


def restarted(before: StatusRecord | None, now: StatusRecord | None) -> Verdict:
    """Whether a process runs that was started since ``before``."""
    starts = 0 if before is None else before.starts
    if now is not None and now.state == "RUNNING" and now.starts <= starts:
        return Pending("it has not been restarted yet")
    return _running(before, now)


def stopped(now: StatusRecord | None) -> Verdict:
    """Whether a process that was asked to stop has."""
    if now is None:
        return Failed("it was removed")
    if now.state == "STOPPED":
        return Happened()
    return Failed(told(now)) if now.state == "FAILED" else Pending(told(now))


def runs(now: StatusRecord | None) -> Verdict:
    """Whether a process runs, whoever asked for it; what fails may run yet."""
    return Happened() if now is not None and now.state == "RUNNING" else Pending(told(now))


def is_down(now: StatusRecord | None) -> Verdict:
    """Whether a process is stopped, or isn't there at all."""
    return Happened() if now is None or now.state == "STOPPED" else Pending(told(now))


def _running(before: StatusRecord | None, now: StatusRecord | None) -> Verdict:
    if now is None:
        return Pending(told(now)) if before is None else Failed("it was removed")
    if now.state == "RUNNING" and now.want == "UP":
        return Happened()
    settled = now.state in {"BACKOFF", "FAILED"} or (now.state, now.want) == ("STOPPED", "DOWN")
    if settled and now != before:
        return Failed(told(now))
    return Pending(told(now), lasting=now.state == "FAILED")
