"""The files of the status directory, from bytes and to bytes."""

from __future__ import annotations

import json

import pytest

from ncolony import status
from ncolony.status import LastExit, MonitorStatus, StatusError, StatusRecord, Watched

RECORD = StatusRecord(
    name="web",
    state="RUNNING",
    want="UP",
    reason="started",
    since="2027-01-15T08:00:00.000Z",
    pid=7,
    starts=2,
    last_exit=LastExit(None, "SIGKILL", "2027-01-15T08:00:00.000Z", 1.5),
    warnings=("odd",),
    pid_started=123456,
    boot_id="b",
    success=True,
    refused_fingerprint="f",
    output="the disk is full",
)
MONITOR = MonitorStatus(
    pid=1,
    version="1",
    state="running",
    started_at="2027-01-15T08:00:00.000Z",
    updated_at="2027-01-15T08:00:00.000Z",
    counts={"RUNNING": 3},
    rejected=0,
    directories=(Watched("config", "/c", "inotify", None), Watched("messages", "/m", "poll", 10.0)),
    log="/log",
    logs="/logs",
    log_to="files",
)


def test_a_process_file_is_this() -> None:
    """Every field under its own name, and one schema number."""
    assert json.loads(status.encode(RECORD)) == {
        "schema": 1,
        "name": "web",
        "state": "RUNNING",
        "want": "UP",
        "reason": "started",
        "since": "2027-01-15T08:00:00.000Z",
        "pid": 7,
        "starts": 2,
        "last_exit": {
            "code": None,
            "signal": "SIGKILL",
            "at": "2027-01-15T08:00:00.000Z",
            "lived_s": 1.5,
        },
        "next_start": None,
        "fingerprint": None,
        "refused": None,
        "warnings": ["odd"],
        "pid_started": 123456,
        "boot_id": "b",
        "success": True,
        "refused_fingerprint": "f",
        "output": "the disk is full",
    }


def test_the_monitors_file_is_this() -> None:
    """Every field under its own name, and the same schema number."""
    assert json.loads(status.encode_monitor(MONITOR)) == {
        "schema": 1,
        "pid": 1,
        "version": "1",
        "state": "running",
        "started_at": "2027-01-15T08:00:00.000Z",
        "updated_at": "2027-01-15T08:00:00.000Z",
        "counts": {"RUNNING": 3},
        "rejected": 0,
        "directories": [
            {"role": "config", "path": "/c", "watch": "inotify", "every_s": None},
            {"role": "messages", "path": "/m", "watch": "poll", "every_s": 10.0},
        ],
        "warnings": [],
        "log": "/log",
        "logs": "/logs",
        "log_to": "files",
    }


def test_files_are_read_as_they_were_written() -> None:
    """Also by a version that knows fewer fields."""
    assert status.decode(status.encode(RECORD)) == RECORD
    assert status.decode(status.encode(RECORD._replace(last_exit=None))).last_exit is None
    assert status.decode_monitor(status.encode_monitor(MONITOR)) == MONITOR
    newer = {**json.loads(status.encode(RECORD)), "ready": True}
    assert status.decode(json.dumps(newer).encode()) == RECORD


def without(text: bytes, *names: str) -> bytes:
    document = json.loads(text)
    for name in names:
        del document[name]
    return json.dumps(document).encode()


def test_files_of_an_older_monitor_are_read() -> None:
    """What it didn't know of isn't known."""
    added = ("pid_started", "boot_id", "success", "refused_fingerprint", "output")
    older = status.decode(without(status.encode(RECORD), *added))
    assert older == RECORD._replace(**dict.fromkeys(added))
    found = status.decode_monitor(without(status.encode_monitor(MONITOR), "log", "logs", "log_to"))
    assert found == MONITOR._replace(log=None, logs=None, log_to="monitor")


@pytest.mark.parametrize("name", ["name", "state", "want", "reason", "since", "pid", "starts"])
def test_a_file_without_what_every_monitor_writes_is_an_error(name: str) -> None:
    """It isn't guessed."""
    with pytest.raises(StatusError, match=f"no field '{name}'"):
        status.decode(without(status.encode(RECORD), name))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", "found no valid JSON"),
        (b"\xff", "found no valid JSON"),
        (b"[" * 100_000, "found no valid JSON"),
        (b"[]", "found an empty list; allowed: a JSON object"),
        (b"{}", "schema: found None; allowed: 1"),
        (b'{"schema": 2}', "schema: found 2; allowed: 1"),
        (b'{"schema": 1}', "no field "),
        (b'{"schema": 1, "last_exit": 7}', "no field "),
    ],
)
def test_what_is_no_status_is_an_error(text: bytes, error: str) -> None:
    """Cut off, of another kind, of another version."""
    for decode in (status.decode, status.decode_monitor):
        with pytest.raises(StatusError) as caught:
            decode(text)
        assert str(caught.value).startswith(error)


@pytest.mark.parametrize(
    ("state", "want", "refused", "success", "as_wanted"),
    [
        ("RUNNING", "UP", None, None, True),
        ("RUNNING", "UP", "bad", None, False),
        ("RUNNING", "DOWN", None, None, False),
        ("STOPPED", "DOWN", None, None, True),
        ("STOPPED", "UP", None, None, False),
        ("BACKOFF", "UP", None, None, False),
        ("FAILED", "UP", None, None, False),
        ("RUNNING", "?", None, None, False),
        ("EXITED", "UP", None, True, True),
        ("EXITED", "UP", None, False, False),
        ("EXITED", "UP", "bad", True, False),
        ("EXITED", "UP", None, None, False),
    ],
)
def test_as_wanted(
    state: str, want: str, refused: str | None, success: bool | None, as_wanted: bool
) -> None:
    """Up and running by the newest file, or ended well for good, or down and stopped."""
    record = RECORD._replace(state=state, want=want, refused=refused, success=success)
    assert record.as_wanted is as_wanted


def test_dates_are_utc_to_the_millisecond() -> None:
    """RFC 3339, whatever the time zone."""
    assert [status.utc_text(t) for t in (0.0, 1.8e9, 1.8e9 + 0.0006, -1.5)] == [
        "1970-01-01T00:00:00.000Z",
        "2027-01-15T08:00:00.000Z",
        "2027-01-15T08:00:00.000Z",
        "1969-12-31T23:59:58.500Z",
    ]
