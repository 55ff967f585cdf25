"""What became of a job, as a file: written, read, and read when it is none."""

from __future__ import annotations

import json

import pytest

from ncolony.request import MAX_BYTES, RequestError
from ncolony.scheduler import jobrequest
from ncolony.scheduler.job import NEW, history_of
from ncolony.scheduler.jobfile import JobExit, JobFileError, JobStatus, decode, encode
from ncolony.scheduler.jobrequest import RunNow

FULL = JobStatus(
    "job", "running", "started", "every 5s", "2026-06-01T12:00:00.000Z", 1.5,
    JobExit(None, "SIGHUP"), "killed by SIGHUP", "2026-06-01T12:00:05.000Z", 3, 1, 2, 77,
    "cannot use it", "2026-06-01T12:00:00.000Z", ("odd",), "ab" * 32, False,
)  # fmt: skip


@pytest.mark.parametrize("status", [FULL, JobStatus("job", "waiting", "not due yet")])
def test_what_is_written_is_read(status: JobStatus) -> None:
    """Whole values; one line."""
    text = encode(status)
    assert decode(text) == status
    assert text.count(b"\n") == 1
    assert json.loads(text)["schema"] == 1


def test_a_field_that_isn_t_there_has_its_default() -> None:
    """An older scheduler's file, and a newer one's."""
    text = b'{"schema": 1, "name": "job", "state": "waiting", "reason": "", "new": 5}'
    assert decode(text) == JobStatus("job", "waiting", "")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"schema": 2}',
        b'{"schema": 1}',
        b'{"schema": 1, "name": 5}',
        b'{"schema": 1, "name": "a", "state": null}',
        b'{"schema": 1, "name": "a", "last_exit": 5}',
        b'{"schema": 1, "name": "a", "last_exit": {}}',
        b'{"schema": 1, "name": "a", "runs": "many"}',
        b'{"schema": 1, "name": "a", "runs": null}',
        b'{"schema": 1, "name": "a", "last_due": 5}',
        b'{"schema": 1, "name": "a", "warnings": 5}',
        b'{"schema": 1, "name": "a", "last_duration": "long"}',
        b'{"schema": 1, "name": "a", "last_duration": NaN}',
        b'{"schema": 1, "name": "a", "last_duration": 1e400}',
        b'{"schema": 1, "name": "a", "last_duration": 1%s}' % (b"0" * 400),
        b'{"schema": 1, "name": "a", "runs": 1e400}',
        b'{"schema": 1, "name": "a", "pid": "5"}',
        b'{"schema": 1, "name": "a", "fingerprint": 5}',
        b'{"schema": 1, "name": "a", "success": "yes"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_status_says_so(text: bytes) -> None:
    """One kind of error, whatever it holds."""
    with pytest.raises(JobFileError):
        decode(text)


def test_a_history_goes_on_where_it_was() -> None:
    """Dates become seconds."""
    found = history_of(FULL)
    assert found.last_due == 1780315200.0
    assert (found.runs, found.failures, found.skipped) == (3, 1, 2)
    assert history_of(JobStatus("job", "waiting", "")) == NEW


def test_who_was_disabled_has_missed_nothing() -> None:
    """What is enabled again begins anew."""
    assert history_of(FULL._replace(state="disabled")).last_due is None


def test_a_date_that_is_none_says_so() -> None:
    """As any other value that can't be."""
    with pytest.raises(ValueError, match="Invalid isoformat"):
        history_of(FULL._replace(last_due="yesterday"))
    with pytest.raises(ValueError, match=r"0001-01-01T00:00:00.23:59: "):
        history_of(FULL._replace(last_due="0001-01-01T00:00:00+23:59"))


def test_a_request_is_read_as_it_is_written() -> None:
    """And what else is in it is passed over."""
    assert jobrequest.parse(jobrequest.encode(RunNow("job"))) == RunNow("job")
    assert jobrequest.parse(b'{"type": "RUN", "name": "a", "by": "me"}') == RunNow("a")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"type": "RESTART", "name": "a"}',
        b'{"type": "RUN"}',
        b'{"type": "RUN", "name": ""}',
        b'{"type": "RUN", "name": 5}',
        b" " * (MAX_BYTES + 1),
    ],
)
def test_what_is_no_request_says_so(text: bytes) -> None:
    """What was found, and what is allowed."""
    with pytest.raises(RequestError, match=r"found .*; allowed: "):
        jobrequest.parse(text)
