"""One job's file: what it may hold, and what is said of what it may not."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from ncolony.fields import FIELDS
from ncolony.scheduler.jobspec import JOB_FIELDS, REFUSED, JobError, JobSpec, parse
from ncolony.scheduler.schedule import Cron, Every
from ncolony.spec import MAX_WARNINGS
from schedulers import a_job, a_job_file


def faults(**others: Any) -> list[str]:
    """What is wrong with a job's file that has these keys."""
    document = {"args": ["quick"], "schedule": {"every": 60}, **others}
    with pytest.raises(JobError) as caught:
        parse("job", json.dumps(document).encode())
    return [fault.field for fault in caught.value.faults]


def test_a_file_with_nothing_but_a_command_and_a_schedule() -> None:
    """The defaults: no timeout, a grace of 5 s, no overlap, missed runs are made up for."""
    job = parse("job", a_job_file())
    assert job == JobSpec(job.process, Every(60.0, "60s"))
    assert (job.name, job.process.args, job.enabled) == ("job", ("quick",), True)
    assert (job.success, job.stop_signal, job.timeout_s) == ({0}, "TERM", None)
    assert job.process.text == a_job_file()


def test_every_key() -> None:
    """Units, and what a process's file may hold as well."""
    job = a_job(
        schedule={"cron": "0  3 * * *", "timezone": "Europe/Berlin"},
        timeout="10m",
        grace=1.5,
        overlap="wait",
        jitter="1m",
        at_start=True,
        catch_up=False,
        success=[0, 3, "TERM"],
        stop_signal="INT",
        enabled=False,
        nice=5,
    )
    assert job[1:] == (
        Cron("0 3 * * *", "Europe/Berlin"), 600.0, 1.5, "wait", 60.0, True, False
    )  # fmt: skip
    assert job.success == {0, 3, "SIGTERM"}
    assert (job.stop_signal, job.enabled) == ("INT", False)
    assert job.process.context is not None
    assert job.process.warnings == ()


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        (5, "schedule"),
        ({}, "schedule"),
        ({"every": 5, "cron": "* * * * *"}, "schedule"),
        ({"every": 5, "timezone": "UTC"}, "schedule"),
        ({"every": 0}, "schedule.every"),
        ({"every": -1}, "schedule.every"),
        ({"every": "10 parsecs"}, "schedule.every"),
        ({"every": float("nan")}, "schedule.every"),
        ({"cron": 5}, "schedule.cron"),
        ({"cron": "* * * *"}, "schedule.cron"),
        ({"cron": "* * * * *", "timezone": 5}, "schedule.timezone"),
        ({"cron": "* * * * *", "timezone": "No/Where"}, "schedule.timezone"),
    ],
)
def test_a_schedule_that_is_none_is_refused(schedule: Any, field: str) -> None:
    """The fault says where."""
    assert faults(schedule=schedule) == [field]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("timeout", 0),
        ("timeout", "soon"),
        ("grace", -1),
        ("overlap", "never"),
        ("jitter", 61),
        ("jitter", "x"),
        ("at_start", 1),
        ("catch_up", "yes"),
        ("args", []),
        ("log", "nowhere"),
    ],
)
def test_a_value_that_isn_t_allowed_is_refused(key: str, value: Any) -> None:
    """By the table of a job's keys, or by that of a process's."""
    assert faults(**{key: value})[0].startswith(key)


@pytest.mark.parametrize("key", REFUSED)
def test_what_makes_no_sense_in_a_job_is_refused(key: str) -> None:
    """Rather than accepted and without effect."""
    assert faults(**{key: None}) == [key]


def test_all_faults_are_said_at_once() -> None:
    """Not just the first."""
    with pytest.raises(JobError) as caught:
        parse("job", b'{"timeout": 0, "restart": "always"}')
    assert {fault.field for fault in caught.value.faults} == {
        "schedule", "timeout", "restart", "args"
    }  # fmt: skip


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff", b"null", b"[" * 100_000])
def test_what_is_no_object_is_refused_as_any_file_is(text: bytes) -> None:
    """In the words that a process's file gets."""
    with pytest.raises(JobError, match="allowed: a JSON object"):
        parse("job", text)


def test_a_file_that_is_too_long_is_refused() -> None:
    """A kernel passes no such variable."""
    with pytest.raises(JobError, match="allowed: at most"):
        parse("job", a_job_file(env={"A": "x" * (1 << 20)}))


def test_a_key_that_isn_t_known_names_its_nearest() -> None:
    """Of a job's keys; those of others carry a dot."""
    job = a_job(tiemout=5, **{"my.own": 1, "$schema": "job.json"})
    assert job.process.warnings == ('unknown key "tiemout"; did you mean "timeout"?',)
    many = a_job(**{f"k{i}": 1 for i in range(50)})
    assert len(many.process.warnings) == MAX_WARNINGS


def test_no_key_is_in_two_ways_a_job_s() -> None:
    """One table each, and what is refused is a process's."""
    assert not set(JOB_FIELDS) & set(REFUSED)
    assert set(REFUSED) <= set(FIELDS)


def test_who_only_reads_and_writes_jobs_imports_little() -> None:
    """Nothing of Twisted, and cron only where there is an expression."""
    code = (
        "import sys; from ncolony.scheduler import jobspec, jobfile, jobrequest\n"
        f"jobspec.parse('a', {a_job_file()!r})\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('twisted', 'cronsim', 'zoneinfo')])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.strip() == "[]"
