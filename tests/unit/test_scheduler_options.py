"""The scheduler's command line: one command, or a directory; and what makes no sense."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from twisted.python import usage

from ncolony.scheduler.options import Options
from ncolony.scheduler.schedule import Cron, Every


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of any colony."""
    for name in ("NCOLONY_DIR", "NCOLONY_NAME", "NCOLONY_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def parsed(*words: str) -> Options:
    options = Options()
    options.parseOptions(words)
    return options


def refused(*words: str) -> str:
    """Why it isn't taken, in a line."""
    with pytest.raises(usage.UsageError) as caught:
        parsed(*words)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_the_ancestor_s_command_line() -> None:
    """Every so often, beginning at once, with a timeout and a grace."""
    job = parsed(
        *["--arg", "/bin/echo", "--arg", "hello"],
        *["--frequency", "10", "--timeout", "2", "--grace", "1"],
    ).job
    assert job is not None
    assert job.process.args == ("/bin/echo", "hello")
    assert (job.schedule, job.timeout_s, job.grace_s) == (Every(10.0, "10s"), 2.0, 1.0)
    assert (job.at_start, job.overlap, job.jitter_s) == (True, "skip", 0.0)


def test_by_cron() -> None:
    """At its times only, unless asked."""
    words = ["--arg", "x", "--cron", "0 3 * * *", "--timezone", "Europe/Berlin"]
    job = parsed(*words, "--jitter", "10m", "--overlap", "wait").job
    assert job is not None
    assert job.schedule == Cron("0 3 * * *", "Europe/Berlin")
    assert (job.jitter_s, job.overlap, job.at_start) == (600.0, "wait", False)
    started = parsed(*words, "--at-start").job
    assert started is not None
    assert started.at_start


def test_the_command_has_the_scheduler_s_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name and file too, where it has any."""
    monkeypatch.setenv("NCOLONY_NAME", "sched")
    monkeypatch.setenv("NCOLONY_CONFIG", '{"args": ["x"]}')
    job = parsed("--arg", "x", "--frequency", "1").job
    assert job is not None
    assert dict(job.process.env) == dict(os.environ)
    assert (job.process.name, job.process.text) == ("sched", b'{"args": ["x"]}')


COMMAND = ("--arg", "x")
OFTEN = (*COMMAND, "--frequency", "60")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((), "--arg is missing"),
        (COMMAND, "one of --frequency and --cron"),
        ((*OFTEN, "--cron", "* * * * *"), "one of --frequency and --cron"),
        ((*OFTEN, "--timezone", "UTC"), "--timezone makes no sense"),
        ((*COMMAND, "--frequency", "0"), "--frequency: found 0; allowed: seconds"),
        ((*COMMAND, "--frequency", "x"), '--frequency: found "x"; allowed: '),
        ((*COMMAND, "--frequency", "nan"), "--frequency: found"),
        ((*COMMAND, "--frequency", "inf"), "--frequency: found"),
        ((*COMMAND, "--cron", "* *"), '--cron: found "* *" (Wrong number of fields); allowed: '),
        ((*COMMAND, "--cron", "* * * * *", "--timezone", "No"), '--timezone: found "No"'),
        ((*OFTEN, "--timeout", "0"), "--timeout: found 0"),
        ((*OFTEN, "--timeout", "-1"), "--timeout: found -1"),
        ((*OFTEN, "--grace", "soon"), '--grace: found "soon"'),
        ((*OFTEN, "--jitter", "61"), "--jitter: found"),
        ((*OFTEN, "--overlap", "never"), '--overlap: found "never"; allowed: skip, wait, allow'),
        ((*OFTEN, "--jobs", "/tmp"), "--jobs makes no sense with --arg"),
        (("--arg", "", "--frequency", "1"), "--arg: found no program"),
        (("--jobs", "/no/where"), "--jobs: /no/where is not a directory"),
        (("--jobs", "/tmp", "--cron", "* * * * *"), "--cron makes no sense without --arg"),
        (("--jobs", "/tmp", "--at-start"), "--at-start makes no sense without --arg"),
        (("--jobs", "/tmp", "--frequency", "0"), "--frequency: found 0"),
        (("--config", "/tmp"), "--messages is missing"),
        (("--jobs", "/tmp", "--trust", "nobody-of-that-name"), "--trust: "),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(words: tuple[str, ...], named: str) -> None:
    """Which option, what was found, and what is allowed."""
    assert named in refused(*words)


def places(options: Options, root: Path) -> tuple[str, ...]:
    """The directories that it found, as seen from one."""
    found = (options.jobs, options.status, options.logs)
    return tuple(path.removeprefix(f"{root}/") for path in found)


@pytest.mark.parametrize("way", ["--colony", "NCOLONY_DIR"])
def test_a_colony_has_them_all(tmp_path: Path, monkeypatch: Any, way: str) -> None:
    """COLONY/jobs, and what the monitor finds."""
    words: list[str] = []
    if way == "--colony":
        words = [way, str(tmp_path)]
    else:
        monkeypatch.setenv(way, str(tmp_path))
    assert places(parsed(*words), tmp_path) == ("jobs", "status/.jobs", "logs/.jobs")


@pytest.mark.parametrize("environ", [{}, {"NCOLONY_DIR": "/elsewhere"}])
def test_the_ancestor_s_two_directories_have_them_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    """Below that of the messages, whatever the environment says."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    for name in ("c", "m"):
        (tmp_path / name).mkdir()
    words = ["--config", str(tmp_path / "c"), "--messages", str(tmp_path / "m")]
    assert places(parsed(*words), tmp_path) == ("m/.jobs", "m/.status/.jobs", "m/.logs/.jobs")


def test_a_directory_of_jobs_does_without_a_colony(tmp_path: Path) -> None:
    """Then it has them in itself."""
    words = ["--jobs", str(tmp_path)]
    assert places(parsed(*words), tmp_path) == (str(tmp_path), ".status/.jobs", ".logs/.jobs")
    options = parsed(*words, "--status", f"{tmp_path}/s", "--frequency", "2")
    assert (options.status, options["frequency"]) == (f"{tmp_path}/s/.jobs", 2.0)


def test_a_root_scheduler_obeys_only_whom_it_trusts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a root monitor does; any other one obeys its own directory."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    words = ["--jobs", str(tmp_path)]
    trust = parsed(*words, "--trust", "nobody").trust
    assert trust is not None
    assert trust.uids >= {0}
    assert parsed(*words, "--trust-anyone").trust is None
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert parsed(*words).trust is None
