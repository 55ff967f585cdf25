"""A record in words and dates."""

from __future__ import annotations

from hashlib import sha256

import pytest

from builders import a_spec, running
from ncolony.describe import how_it_ended, reason, status_of
from ncolony.model import Ended, Record, State, StopReason, Want
from ncolony.status import LastExit, StatusRecord

DIED = Ended(3, None, 1.8e9, 0.1234)
KILLED = Ended(None, "SIGKILL", 1.8e9, 61.0)


def test_a_status_says_all_that_is_known() -> None:
    """Every field, dates in UTC, the file's fingerprint."""
    spec = a_spec("web", odd=1)
    record = running(
        state=State.BACKOFF,
        spec=spec,
        pid=None,
        pgid=None,
        epoch=4,
        since_at=1.8e9,
        last=DIED,
        refusal="bad",
        next_start_at=1.8e9 + 2,
    )
    assert status_of(record) == StatusRecord(
        name="web",
        state="BACKOFF",
        want="UP",
        reason="exited with code 3 after 0.1 s, sooner than its threshold",
        since="2027-01-15T08:00:00.000Z",
        pid=None,
        starts=4,
        last_exit=LastExit(3, None, "2027-01-15T08:00:00.000Z", 0.123),
        next_start="2027-01-15T08:00:02.000Z",
        fingerprint=sha256(spec.text).hexdigest(),
        refused="bad",
        warnings=spec.warnings,
    )


def test_what_is_not_known_is_null() -> None:
    """No file in force, no end, no next start."""
    found = status_of(Record("web", State.FAILED, refusal="bad"))
    assert found[5:] == (None, 0, None, None, None, "bad", ())


def test_how_it_ended() -> None:
    """By a code or by a signal."""
    assert how_it_ended(DIED) == "exited with code 3 after 0.1 s"
    assert how_it_ended(KILLED) == "killed by SIGKILL after 61.0 s"


@pytest.mark.parametrize(
    ("state", "fields", "words"),
    [
        (State.STOPPED, {"want": Want.DOWN}, "stop requested"),
        (State.STOPPED, {"stop_reason": StopReason.STOP, "note": "r"}, "stop requested (r)"),
        (State.STOPPED, {"stop_reason": StopReason.SHUTDOWN}, "the monitor is stopping"),
        (State.STARTING, {}, "waiting for its turn to start"),
        (State.RUNNING, {}, "started"),
        (State.RUNNING, {"epoch": 2, "last": DIED}, f"started again: {how_it_ended(DIED)}"),
        (State.RUNNING, {"epoch": 2}, "started again: it never ran"),
        (
            State.RUNNING,
            {"epoch": 2, "stop_reason": StopReason.STOP, "note": "r"},
            "started again: start requested (r)",
        ),
        (
            State.RUNNING,
            {"epoch": 2, "stop_reason": StopReason.LEFTOVER, "last": KILLED},
            f"started again: {how_it_ended(KILLED)}",
        ),
        (
            State.RUNNING,
            {"epoch": 2, "stop_reason": StopReason.CHANGED},
            "started again: its file changed",
        ),
        (
            State.STOPPING,
            {"pid": 7, "stop_reason": StopReason.RESTART, "note": "r"},
            "TERM sent: restart requested (r)",
        ),
        (
            State.STOPPING,
            {"stop_reason": StopReason.LEFTOVER},
            "TERM sent: it ended and left others of its process group behind",
        ),
        (
            State.KILLING,
            {"stop_reason": StopReason.REMOVED},
            "KILL sent: its file was removed; it has ended, others of its process group have not",
        ),
        (State.BACKOFF, {"note": "cannot start web: no"}, "cannot start web: no"),
        (State.FAILED, {"refusal": "bad"}, "bad"),
        (State.FAILED, {}, "its file cannot be used"),
    ],
)
def test_every_state_has_its_reason(state: State, fields: dict[str, object], words: str) -> None:
    """In a line, for people."""
    record = running(**{"state": state, "pid": None, "pgid": None, **fields})
    assert reason(record) == words
