"""What a look at the status says about a change that was asked for."""

from __future__ import annotations

import pytest
from colonies import failing, running, stopped

from ncolony.control import outcome
from ncolony.control.outcome import Failed, Happened, Pending, Verdict
from ncolony.status import StatusRecord

OLD = running("web")
NEW = running("web", starts=4, pid=1235)
STOPPING = running("web", state="STOPPING", reason="")
DEAD = failing("web")
REFUSED = running("web", refused="cannot use web: args: missing")
BROKEN = stopped("web", state="FAILED", want="UP", reason="no")
DIED = Failed("it is BACKOFF: exited with code 3 after 0.0 s")


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        (OLD, OLD, Pending("it has not been restarted yet")),
        (OLD, STOPPING, Pending("it is STOPPING")),
        (OLD, NEW, Happened()),
        (None, NEW, Happened()),
        (OLD, DEAD, DIED),
        (DEAD, DEAD, Pending(DIED.why)),
        (stopped("web"), stopped("web"), Pending("it is STOPPED: stopped on request")),
        (OLD, stopped("web"), Failed("it is STOPPED: stopped on request")),
        (OLD, None, Failed("it was removed")),
        (BROKEN, BROKEN, Pending("it is FAILED: no", lasting=True)),
        (OLD, BROKEN, Failed("it is FAILED: no")),
        (None, None, Pending("it is not there")),
    ],
)
def test_restarted(before: StatusRecord | None, now: StatusRecord | None, verdict: Verdict) -> None:
    """A restart has happened when the process runs, started since; stale news proves nothing."""
    assert outcome.restarted(before, now) == verdict


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        (None, running("web", fingerprint="f"), Happened()),
        (OLD, OLD, Pending("its new file is not in force yet")),
        (
            OLD,
            running("web", fingerprint="f", state="STARTING", reason=""),
            Pending("it is STARTING"),
        ),
        (None, failing("web", fingerprint="f"), DIED),
        (failing("web", fingerprint="f"), failing("web", fingerprint="f"), DIED),
        (OLD, REFUSED, Failed("it is RUNNING: cannot use web: args: missing")),
        (REFUSED, REFUSED, Pending("it is RUNNING: cannot use web: args: missing")),
        (None, stopped("web", fingerprint="f"), Failed("it is STOPPED: stopped on request")),
        (None, None, Pending("it is not there")),
    ],
)
def test_added(before: StatusRecord | None, now: StatusRecord | None, verdict: Verdict) -> None:
    """An addition has happened when the very bytes that were written are in force, and run."""
    assert outcome.added(before, now, "f") == verdict


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (stopped("web"), Happened()),
        (STOPPING, Pending("it is STOPPING")),
        (None, Failed("it was removed")),
        (stopped("web", state="FAILED", reason="no"), Failed("it is FAILED: no")),
    ],
)
def test_stopped(now: StatusRecord | None, verdict: Verdict) -> None:
    """A stop has happened when nothing of the process is left."""
    assert outcome.stopped(now) == verdict


def test_started() -> None:
    """A start has happened when the process runs, also where it ran before."""
    assert outcome.started(OLD, OLD) == Happened()
    assert outcome.started(stopped("web"), DEAD) == DIED


def test_removed() -> None:
    """A removal has happened when the monitor says nothing about the process any more."""
    assert outcome.removed(None) == Happened()
    assert outcome.removed(STOPPING) == Pending("it is STOPPING")


def test_the_wait_command_judges_by_the_state_alone() -> None:
    """Who waits for processes of others takes a failure for something that may yet change."""
    assert outcome.runs(OLD) == outcome.is_down(None) == outcome.is_down(stopped("a")) == Happened()
    assert outcome.runs(DEAD) == outcome.is_down(DEAD) == Pending(DIED.why)
    assert outcome.runs(None) == Pending("it is not there")
