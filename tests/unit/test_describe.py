"""A record in words and dates."""

from __future__ import annotations

from hashlib import sha256

import pytest

from builders import POLICY, a_spec, running
from ncolony.describe import ended_well, how_it_ended, reason, status_of
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
        tree=None,
        epoch=4,
        since_at=1.8e9,
        last=DIED,
        refusal="bad",
        refused_fingerprint="f",
        next_start_at=1.8e9 + 2,
    )
    assert status_of(record, POLICY) == StatusRecord(
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
        pid_started=None,
        boot_id=None,
        success=None,
        refused_fingerprint="f",
        output=None,
    )
    assert spec.warnings


def test_what_is_not_known_is_null() -> None:
    """No file in force, no end, no next start."""
    found = status_of(Record("web", State.FAILED, refusal="bad"), POLICY)
    assert found[5:] == (None, 0, None, None, None, "bad", (), *(None,) * 5)


def test_how_it_ended() -> None:
    """By a code or by a signal."""
    assert how_it_ended(DIED) == "exited with code 3 after 0.1 s"
    assert how_it_ended(KILLED) == "killed by SIGKILL after 61.0 s"


SUCCESSES = [
    ({}, Ended(0, None, 0.0, 0.0), True),
    ({}, DIED, False),
    ({}, KILLED, False),
    ({"success": [3, "KILL"]}, DIED, True),
    ({"success": [3, "KILL"]}, KILLED, True),
    ({"success": [3, "KILL"]}, Ended(0, None, 0.0, 0.0), False),
]


@pytest.mark.parametrize(("rules", "last", "well"), SUCCESSES)
def test_what_has_ended_says_whether_that_was_well(
    rules: dict[str, object], last: Ended, well: bool
) -> None:
    """By its own policy; in other states nothing is said."""
    record = running(state=State.EXITED, pid=None, tree=None, spec=a_spec(**rules), last=last)
    assert ended_well(record, POLICY) is well
    assert status_of(record, POLICY).success is well
    assert status_of(record, POLICY).as_wanted is well
    for state in set(State) - {State.EXITED}:
        stopping = record._replace(state=state, stop_reason=StopReason.STOP)
        assert status_of(stopping, POLICY).success is None


def test_what_never_ended_did_not_end_well() -> None:
    """And without a file, the monitor's rules hold."""
    assert not ended_well(running(), POLICY)
    unloaded = running(spec=None, last=DIED)
    assert not ended_well(unloaded, POLICY)
    assert ended_well(unloaded, POLICY._replace(success=frozenset({3})))


ENDED = how_it_ended(DIED)


@pytest.mark.parametrize(
    ("state", "fields", "words"),
    [
        (State.STOPPED, {"want": Want.DOWN}, "stop requested"),
        (State.STOPPED, {"stop_reason": StopReason.STOP, "note": "r"}, "stop requested (r)"),
        (State.STOPPED, {"stop_reason": StopReason.SHUTDOWN}, "the monitor is stopping"),
        (State.STOPPED, {"stop_reason": StopReason.DISABLED}, "disabled in its file"),
        (State.STARTING, {}, "waiting for its turn to start"),
        (State.RUNNING, {}, "started"),
        (State.RUNNING, {"epoch": 2, "last": DIED}, f"started again: {ENDED}"),
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
            State.RUNNING,
            {"epoch": 2, "stop_reason": StopReason.DISABLED},
            "started again: enabled in its file",
        ),
        (
            State.STOPPING,
            {"pid": 7, "stop_reason": StopReason.RESTART, "note": "r"},
            "TERM sent: restart requested (r)",
        ),
        (
            State.STOPPING,
            {"pid": 7, "ran": a_spec(stop_signal="INT"), "stop_reason": StopReason.CHANGED},
            "INT sent: its file changed",
        ),
        (
            State.STOPPING,
            {"stop_reason": StopReason.LEFTOVER},
            "TERM sent: it ended and left others behind that it had started",
        ),
        (
            State.STOPPING,
            {"ran": None, "stop_reason": StopReason.PREDECESSOR},
            "TERM sent: an earlier monitor left it running",
        ),
        (
            State.STOPPING,
            {"stop_reason": StopReason.STOP},
            "TERM sent: stop requested; it has ended, what it started has not",
        ),
        (
            State.KILLING,
            {"stop_reason": StopReason.REMOVED},
            "KILL sent: its file was removed; it has ended, what it started has not",
        ),
        (
            State.KILLING,
            {"pid": 7, "stop_reason": StopReason.REMOVED, "stuck": "pid 7 (web)"},
            "KILL sent: its file was removed; can't be killed: pid 7 (web)",
        ),
        (State.BACKOFF, {"note": "cannot start web: no"}, "cannot start web: no"),
        (State.BACKOFF, {"last": DIED}, f"{ENDED}, sooner than its threshold"),
        (State.EXITED, {"last": DIED}, f"{ENDED}, and is not to start again"),
        (State.FAILED, {"refusal": "bad", "note": "gave up"}, "bad"),
        (State.FAILED, {"note": "gave up", "last": DIED}, f"gave up; {ENDED}"),
        (State.FAILED, {"note": "no", "last": DIED, "ran": None}, "no"),
        (State.FAILED, {"note": "no", "ran": None}, "no"),
    ],
)
def test_every_state_has_its_reason(state: State, fields: dict[str, object], words: str) -> None:
    """In a line, for people."""
    record = running(**{"state": state, "pid": None, "tree": None, **fields})
    assert reason(record, POLICY) == words


def test_the_monitors_stop_signal_is_named_where_a_file_has_none() -> None:
    """What was sent is what is told."""
    record = running(state=State.STOPPING, stop_reason=StopReason.STOP)
    assert reason(record, POLICY._replace(stop_signal="QUIT")) == "QUIT sent: stop requested"
