"""What the programs write is what the schemas of their status files say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ncolony import schemas, status
from ncolony.control import observed
from ncolony.control.jobs import observed as jobs
from ncolony.httpcheck import checkfile
from ncolony.model import State, Want
from ncolony.scheduler import jobfile
from ncolony.schemas import statusfields

CHECKERS = {
    name: Draft202012Validator(json.loads(schemas.text(name)))
    for name in ("process-status", "monitor-status", "check-status", "job-status")
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
LINES = st.lists(TEXTS, max_size=2).map(tuple)
TIMES = st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 2)).map(  # noqa: DTZ001
    lambda date: status.utc_text(date.timestamp())
)
SHA256 = st.from_regex("[0-9a-f]{64}", fullmatch=True)
COUNTS = st.integers(0, 1 << 60)
PIDS = st.integers(1, 1 << 22)
SECONDS = st.floats(0, 1e9)
NONE = st.none()
CODES = st.integers(0, 255)
STATES = st.sampled_from(list(State))
LAST_EXITS = st.builds(status.LastExit, CODES, NONE, TIMES, SECONDS) | st.builds(
    status.LastExit, NONE, st.just("SIGKILL"), TIMES, SECONDS
)
PROCESSES = st.builds(
    status.StatusRecord,
    name=TEXTS.filter(bool),
    state=STATES,
    want=st.sampled_from(list(Want)),
    reason=TEXTS,
    since=TIMES,
    pid=NONE | PIDS,
    starts=COUNTS,
    last_exit=NONE | LAST_EXITS,
    next_start=NONE | TIMES,
    fingerprint=NONE | SHA256,
    refused=NONE | TEXTS,
    warnings=LINES,
    pid_started=NONE | COUNTS,
    boot_id=NONE | TEXTS,
    success=NONE | st.booleans(),
    refused_fingerprint=NONE | SHA256,
    output=NONE | TEXTS,
)
MONITORS = st.builds(
    status.MonitorStatus,
    pid=PIDS,
    version=TEXTS,
    state=st.sampled_from(["running", "stopping", "stopped"]),
    started_at=TIMES,
    updated_at=TIMES,
    counts=st.dictionaries(STATES, COUNTS, max_size=3),
    rejected=COUNTS,
    directories=st.lists(
        st.builds(
            status.Watched,
            st.sampled_from(["config", "messages", "status"]),
            TEXTS,
            st.sampled_from(["inotify", "poll", "missing"]),
            NONE | SECONDS,
        ),
        max_size=3,
    ).map(tuple),
    warnings=LINES,
    log=NONE | TEXTS,
    logs=NONE | TEXTS,
    log_to=TEXTS,
)
CHECKS = st.builds(
    checkfile.CheckStatus,
    name=TEXTS.filter(bool),
    kind=st.just("http"),
    state=st.sampled_from(checkfile.STATES),
    since=TIMES,
    last=NONE | TIMES,
    result=NONE | TEXTS.filter(bool),
    failures=COUNTS,
    checks=COUNTS,
    restarts=COUNTS,
)
JOBS = st.builds(
    jobfile.JobStatus,
    name=TEXTS.filter(bool),
    state=st.sampled_from(jobfile.STATES),
    reason=TEXTS,
    schedule=TEXTS,
    last_start=NONE | TIMES,
    last_duration=NONE | SECONDS,
    last_exit=NONE
    | st.builds(jobfile.JobExit, CODES, NONE)
    | st.builds(jobfile.JobExit, NONE, st.just("SIGTERM")),
    last_result=NONE | TEXTS,
    next=NONE | TIMES,
    runs=COUNTS,
    failures=COUNTS,
    skipped=COUNTS,
    pid=NONE | PIDS,
    refused=NONE | TEXTS,
    last_due=NONE | TIMES,
    warnings=LINES,
    fingerprint=NONE | SHA256,
    success=NONE | st.booleans(),
)
FILES: st.SearchStrategy[tuple[str, bytes]] = st.one_of(
    st.tuples(st.just("process-status"), PROCESSES.map(status.encode)),
    st.tuples(st.just("monitor-status"), MONITORS.map(status.encode_monitor)),
    st.tuples(st.just("check-status"), CHECKS.map(checkfile.encode)),
    st.tuples(st.just("job-status"), JOBS.map(jobfile.encode)),
)
READERS: dict[str, Any] = {
    "process-status": status.decode,
    "monitor-status": status.decode_monitor,
    "check-status": checkfile.decode,
    "job-status": jobfile.decode,
}
ODD = st.sampled_from([None, True, 0, 1, -1, 0.5, "", "SIGKILL", "RUNNING", [], ["a"], [1], {}])


@given(FILES)
def test_what_is_written_is_of_its_schema(file: tuple[str, bytes]) -> None:
    """To the last field; new ones may come, none may go."""
    name, text = file
    document = json.loads(text)
    assert [error.message for error in CHECKERS[name].iter_errors(document)] == []
    assert CHECKERS[name].is_valid({**document, "new": 1})
    for field in document:
        assert not CHECKERS[name].is_valid({k: v for k, v in document.items() if k != field})


@given(FILES, st.data())
def test_what_is_of_its_schema_is_read(file: tuple[str, bytes], draw: st.DataObject) -> None:
    """By the program that shows it, whoever wrote it."""
    name, text = file
    document = json.loads(text)
    document[draw.draw(st.sampled_from(sorted(document)))] = draw.draw(ODD)
    if CHECKERS[name].is_valid(document):
        READERS[name](json.dumps(document).encode())


@given(PROCESSES, MONITORS, CHECKS)
def test_what_is_shown_is_of_its_schema(
    record: status.StatusRecord, monitor: status.MonitorStatus, check: checkfile.CheckStatus
) -> None:
    """With a check and without; UNKNOWN is shown, and in no file."""
    shown = Draft202012Validator(json.loads(schemas.text("colony-status")))
    known = json.loads(status.encode(record))
    unknown = json.loads(status.encode(observed.unknown("web", "not seen yet")))
    document = {
        "running": True,
        "monitor": json.loads(status.encode_monitor(monitor)),
        "processes": {
            "known": known,
            "checked": {**known, "check": json.loads(checkfile.encode(check))},
            "unknown": unknown,
        },
    }
    assert [error.message for error in shown.iter_errors(document)] == []
    assert shown.is_valid({**document, "running": False, "monitor": None, "processes": {}})
    assert not CHECKERS["process-status"].is_valid(unknown)
    assert statusfields.SHOWN.keys() == statusfields.PROCESS.keys()


@given(JOBS)
def test_jobs_that_are_listed_are_of_their_schema(job: jobfile.JobStatus) -> None:
    """Also those of which nothing is known, which are in no file."""
    shown = Draft202012Validator(json.loads(schemas.text("jobs-status")))
    unknown = json.loads(jobfile.encode(jobfile.JobStatus("web", jobs.UNKNOWN, "")))
    document = {
        "running": True,
        "jobs": {"known": json.loads(jobfile.encode(job)), "unknown": unknown},
    }
    assert [error.message for error in shown.iter_errors(document)] == []
    assert not CHECKERS["job-status"].is_valid(unknown)
    assert statusfields.SHOWN_JOB.keys() == statusfields.JOB.keys()
