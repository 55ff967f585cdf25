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
DONE = stopped("web", state="EXITED", want="UP", reason="done", success=True)
LOST = DONE._replace(reason="exited with code 3 after 9.0 s", success=False)
GAVE_UP = DONE._replace(state="FAILED", reason="it failed 5 times", success=None)
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
        (BROKEN, BROKEN, Pending("it is FAILED: no", lasting=Failed("it is FAILED: no"))),
        (OLD, BROKEN, Failed("it is FAILED: no")),
        (None, None, Pending("it is not there")),
        (OLD, DONE, Pending("it has not been restarted yet")),
        (DONE, DONE, Pending("it has not been restarted yet")),
        (OLD, DONE._replace(starts=4), Happened()),
        (DONE, LOST._replace(starts=4), Failed(f"it is EXITED: {LOST.reason}")),
    ],
)
def test_restarted(before: StatusRecord | None, now: StatusRecord | None, verdict: Verdict) -> None:
    """A restart has happened when the process runs, started since, or has run to a good end.

    Stale news proves nothing.
    """
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
        (None, DONE._replace(fingerprint="f"), Happened()),
        (None, LOST._replace(fingerprint="f"), Failed(f"it is EXITED: {LOST.reason}")),
        (
            REFUSED._replace(refused_fingerprint="f"),
            REFUSED._replace(refused_fingerprint="f"),
            Failed("it is RUNNING: cannot use web: args: missing"),
        ),
    ],
)
def test_added(before: StatusRecord | None, now: StatusRecord | None, verdict: Verdict) -> None:
    """An addition has happened when the very bytes that were written are in force, and run."""
    assert outcome.added(before, now, "f") == verdict


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (OLD._replace(fingerprint="f"), Pending("it is RUNNING: it was started")),
        (stopped("web", fingerprint="f"), Happened()),
        (stopped("web"), Pending("its new file is not in force yet")),
        (DONE._replace(fingerprint="f"), Pending("it is EXITED: done")),
    ],
)
def test_added_disabled(now: StatusRecord, verdict: Verdict) -> None:
    """A file that isn't enabled is as it was asked for when its process is down."""
    assert outcome.added(OLD, now, "f", enabled=False) == verdict


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        (OLD, stopped("web"), Happened()),
        (OLD, STOPPING, Pending("it is STOPPING")),
        (OLD, None, Failed("it was removed")),
        (OLD, BROKEN, Failed("it is FAILED: no")),
        (BROKEN, BROKEN, Pending("it is FAILED: no", lasting=Failed("it is FAILED: no"))),
        (BROKEN, BROKEN._replace(want="DOWN"), Happened()),
        (GAVE_UP, stopped("web"), Happened()),
        (DONE, DONE, Pending("it is EXITED: done")),
        (DONE, stopped("web"), Happened()),
    ],
)
def test_stopped(before: StatusRecord, now: StatusRecord | None, verdict: Verdict) -> None:
    """A stop has happened when nothing of the process is left, nor wanted."""
    assert outcome.stopped(before, now) == verdict


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        (OLD, OLD, Happened()),
        (stopped("web"), DEAD, DIED),
        (stopped("web"), DONE, Happened()),
        (DONE, DONE, Pending("it is EXITED: done", lasting=Happened())),
        (
            LOST,
            LOST,
            Pending(f"it is EXITED: {LOST.reason}", Failed(f"it is EXITED: {LOST.reason}")),
        ),
        (GAVE_UP, running("web"), Happened()),
    ],
)
def test_started(before: StatusRecord, now: StatusRecord, verdict: Verdict) -> None:
    """A start has happened when the process runs, also where it ran before.

    What has run to its good end counts, unless it may be that of the run before.
    """
    assert outcome.started(before, now) == verdict


def test_removed() -> None:
    """A removal has happened when the monitor says nothing about the process any more."""
    assert outcome.removed(None) == Happened()
    assert outcome.removed(STOPPING) == Pending("it is STOPPING")


def test_the_wait_command_judges_by_the_state_alone() -> None:
    """Who waits for processes of others takes a failure for something that may yet change."""
    assert outcome.runs(OLD) == outcome.is_down(None) == outcome.is_down(stopped("a")) == Happened()
    assert outcome.runs(DEAD) == outcome.is_down(DEAD) == Pending(DIED.why)
    assert outcome.runs(None) == Pending("it is not there")


@pytest.mark.parametrize("ended", [DONE, LOST, BROKEN, GAVE_UP])
def test_what_ended_for_good_neither_runs_nor_will(ended: StatusRecord) -> None:
    """Waiting for it to run is in vain, where that is still so when the status must be new."""
    told = outcome.told(ended)
    assert outcome.runs(ended) == Pending(told, lasting=Failed(told))
    assert outcome.is_down(ended) == Happened()
