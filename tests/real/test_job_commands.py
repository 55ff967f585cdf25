"""``ncolony job`` with a real scheduler: what is asked for happens, and is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from colony import DEADLINE_S, place, until

from ncolony import ctllib

SCHEDULER = [sys.executable, "-m", "twisted", "--log-format=text", "ncolony-scheduler"]


class Jobs:
    """A colony's directories, its scheduler, and its control program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scheduler: subprocess.Popen[bytes] | None = None
        for part in ("config", "messages"):
            (folder / part).mkdir()
        self.places = ctllib.in_folder(folder)

    def start(self) -> None:
        with open(self.folder / "log", "ab") as log:
            command = [*SCHEDULER, "--colony", str(self.folder)]
            self.scheduler = subprocess.Popen(command, stdout=log, stderr=log)
        until(lambda: ctllib.scheduler_is_running(self.places), "the scheduler runs")

    def stop(self) -> None:
        if self.scheduler is not None:
            self.scheduler.terminate()
            self.scheduler.wait(DEADLINE_S)

    def job(self, *words: str, **environ: str) -> tuple[int, str, str]:
        """``python -m ncolony ctl job WORDS``: its exit code, and what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "ncolony", "ctl", "--colony", str(self.folder), "job", *words],
            capture_output=True, text=True, timeout=2 * DEADLINE_S, check=False,
            env={**os.environ, **environ},
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def listed(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.job("list", "--json")[1])
        return found


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    made = Jobs(tmp_path)
    yield made
    made.stop()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_job_from_its_file_to_its_removal(jobs: Jobs) -> None:
    """Added before there is a scheduler, run by its schedule and on request, told of, removed."""
    assert jobs.job("add", "often", "--every", "1s", "--", "true") == (0, "", "")
    assert jobs.listed()["jobs"]["often"]["state"] == "unknown"
    jobs.start()
    until(lambda: jobs.listed()["jobs"]["often"]["runs"] >= 1, "it runs by its schedule")
    assert jobs.job("add", "seldom", "--every", "1h", "--wait", "--", "true") == (0, "", "")
    assert jobs.job("run", "seldom", "--wait") == (0, "", "")
    code, out, err = jobs.job("list")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["NAME", "often", "seldom"]
    assert out.splitlines()[2].split()[-4:] == ["1", "0", "exit", "0"]
    assert jobs.job("remove", "often", "--wait") == (0, "", "")
    assert list(jobs.listed()["jobs"]) == ["seldom"]


def test_a_run_is_waited_for_and_judged(jobs: Jobs) -> None:
    """It ends with 1, and says why, where the run failed, takes too long, or can't be."""
    jobs.start()
    add = ("--every", "1h", "--wait", "--")
    assert jobs.job("add", "bad", *add, "sh", "-c", "exit 3")[0] == 0
    assert jobs.job("add", "late", "--timeout", "0.3", *add, "sleep", "600")[0] == 0
    assert jobs.job("add", "slow", *add, "sleep", "600")[0] == 0
    assert jobs.job("add", "absent", *add, "no-such-program")[0] == 0
    failed = "ncolony: cannot run job {}: its run failed: {}\n"
    assert jobs.job("run", "bad", "--wait") == (1, "", failed.format("bad", "exit 3"))
    killed = "killed by SIGTERM after the timeout of 0.3 s"
    assert jobs.job("run", "late", "--wait") == (1, "", failed.format("late", killed))
    assert "its run failed: cannot start no-such-program" in jobs.job("run", "absent", "--wait")[2]
    assert "not within 0 s" in jobs.job("run", "slow", "--wait", "0")[2]
    until(lambda: jobs.listed()["jobs"]["slow"]["pid"] is not None, "it runs")
    assert "slow is running, and its overlap is skip" in jobs.job("run", "slow", "--wait")[2]
    code, out, _ = jobs.job("list")
    assert code == 1
    assert killed in out
    assert out.splitlines()[-1].endswith("  running")


def test_a_file_that_is_refused_is_told_with_the_reason(jobs: Jobs) -> None:
    """One written by hand, with a mistake: what was good before stays in force."""
    jobs.start()
    ctllib.job_add(jobs.places, "a", ["true"], every="1h", wait_s=DEADLINE_S)
    place(jobs.folder / "jobs" / "a", b'{"args": ["true"], "schedule": {"every": "soon"}}')
    until(lambda: jobs.listed()["jobs"]["a"]["refused"], "it is refused")
    code, out, _ = jobs.job("list", COLUMNS="80")
    assert code == 1
    assert "a     every 1h" in out
    assert 'schedule.every: found the string "soon"; allowed: ' in out.splitlines()[-1]
    assert out.splitlines()[-1].endswith("; its last good file stays in force")
