"""The scheduler as a process: one command, a directory of jobs, alone and under a monitor."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from colony import (
    DEADLINE_S,
    Colony,
    alive,
    assert_no_traceback,
    children_of,
    descriptors_of,
    place,
    until,
)

from ncolony.status import utc_text

TWISTD = [str(Path(sys.executable).parent / "twistd"), "-n", "--pidfile=", "ncolony-scheduler"]
TWIST = [sys.executable, "-m", "twisted", "--log-format=text", "ncolony-scheduler"]
#: twistd ends by the signal that ended it.
ENDED = (0, -signal.SIGTERM)


class Scheduler:
    """A scheduler in a directory of its own, and what it says."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.jobs = root / "jobs"
        self.jobs.mkdir(exist_ok=True)
        self.log_path = root / "scheduler.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.pids: set[int] = set()

    def start(self, *options: str, command: list[str] = TWISTD, **env: str) -> Scheduler:
        """Start it; it is there when it has done something."""
        environment = {**os.environ, **env}
        for name in ("NCOLONY_DIR", "NCOLONY_NAME", "NCOLONY_CONFIG"):
            if name not in env:
                environment.pop(name, None)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*command, *options], stdout=log, stderr=log, cwd=self.root, env=environment
            )
        return self

    def start_jobs(self, *options: str) -> Scheduler:
        return self.start("--jobs", str(self.jobs), *options)

    def log(self) -> str:
        return self.log_path.read_text() if self.log_path.exists() else ""

    def said(self, pattern: str) -> re.Match[str]:
        """Wait until something is in the log."""
        return until(lambda: re.search(pattern, self.log()), f"{pattern} in the log")

    def job(self, name: str, *args: str, **others: Any) -> None:
        """A job's file; it runs each ten minutes where nothing is said."""
        document = {"schedule": {"every": 600}, **others, "args": list(args)}
        place(self.jobs / name, json.dumps(document).encode())

    def ask(self, name: str, text: str) -> None:
        """A request of this file name."""
        until((self.jobs / ".messages").is_dir, "requests are taken")
        place(self.jobs / ".messages" / name, text.encode())

    def status(self, name: str) -> dict[str, Any]:
        """What the status file of a job says; empty where there is none."""
        path = self.jobs / ".status" / ".jobs" / name
        with contextlib.suppress(FileNotFoundError):
            found: dict[str, Any] = json.loads(path.read_bytes())
            return found
        return {}

    def until_status(self, name: str, **values: Any) -> dict[str, Any]:
        """A job's status once it has these values."""

        def found() -> dict[str, Any] | None:
            now = self.status(name)
            return now if now and all(now[key] == value for key, value in values.items()) else None

        try:
            return until(found, f"{name} is {values}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.status(name)}; {self.log()}") from None

    def pid_in(self, path: Path) -> int:
        """A pid that a job has written."""
        pid = int(until(lambda: path.exists() and path.read_text().strip(), f"{path} is there"))
        self.pids.add(pid)
        return pid

    def stop(self, signum: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(signum)
        return self.process.wait(DEADLINE_S)

    def finish(self) -> None:
        """End it; it has left nothing and never failed."""
        try:
            if self.process is not None and self.process.poll() is None:
                assert self.stop() in ENDED, self.log()
        finally:
            if self.process is not None and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            left = [pid for pid in self.pids if alive(pid)]
            for pid in left:
                os.kill(pid, signal.SIGKILL)
        assert left == [], self.log()
        assert_no_traceback(self.log().encode())


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    found = Scheduler(tmp_path)
    yield found
    found.finish()


def shell(script: str) -> list[str]:
    """The options for a command that is a shell script."""
    return ["--arg", "sh", "--arg", "-c", "--arg", script]


# One command


@pytest.mark.parametrize("command", [TWISTD, TWIST], ids=["twistd", "twist"])
def test_a_command_runs_at_once_and_every_so_often(
    scheduler: Scheduler, command: list[str]
) -> None:
    """In the scheduler's environment; its output, and how it ended, are in the scheduler's."""
    often = ["--frequency", "0.5", "--timeout", "5", "--grace", "1"]
    scheduler.start(*shell("echo $FRUIT; exit 3"), *often, command=command, FRUIT="apple")
    until(lambda: scheduler.log().count("apple\n") >= 3, "it runs")
    scheduler.said("sh: exit 3")


def test_a_command_that_overruns_is_ended_with_all_it_started(scheduler: Scheduler) -> None:
    """TERM, which it doesn't hear, then KILL, also for its child."""
    deaf = scheduler.root / "deaf"
    script = f"trap '' TERM; sleep 600 & echo $! $$ >>{deaf}; wait"
    # One that is ended before it is deaf has another turn.
    options = ["--frequency", "1", "--timeout", "0.3", "--grace", "0.3"]
    scheduler.start(*shell(script), *options)
    until(lambda: deaf.exists() and deaf.read_text().endswith("\n"), "it is deaf")
    scheduler.said("sh: killed by SIGKILL after the timeout of 0.3 s")
    pids = [int(pid) for pid in deaf.read_text().split()]
    scheduler.pids.update(pids)
    until(lambda: not any(map(alive, pids)), "both are gone")


def test_a_command_by_cron(scheduler: Scheduler) -> None:
    """Each second, by a clock in Berlin; not before its time, unless asked."""
    cron = ["--cron", "* * * * * *", "--timezone", "Europe/Berlin", "--overlap", "allow"]
    scheduler.start(*shell("date '+second %s'"), *cron)

    def runs_each_second() -> bool:
        found = re.findall(r"^second (\d+)\n", scheduler.log(), re.MULTILINE)
        steps = [int(after) - int(before) for before, after in pairwise(found)]
        return [1, 1] in [steps[i : i + 2] for i in range(len(steps))]

    # Now and then, the machine may have no time for it.
    until(runs_each_second, "it runs three seconds in a row, and no more often")


def test_who_stops_the_scheduler_stops_the_command(scheduler: Scheduler) -> None:
    """TERM, then KILL after the grace, and the scheduler waits for that."""
    own = scheduler.root / "own"
    script = f"trap '' TERM; echo $$ >{own}; while :; do sleep 0.1; done"
    scheduler.start(*shell(script), "--frequency", "600", "--grace", "0.5")
    pid = scheduler.pid_in(own)
    began = time.monotonic()
    assert scheduler.stop() in ENDED
    assert not alive(pid)
    assert time.monotonic() - began > 0.4
    scheduler.said("stopped with the scheduler")


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--arg", "x"],
        ["--arg", "x", "--frequency", "0"],
        ["--arg", "x", "--frequency", "often"],
        ["--arg", "x", "--frequency", "5", "--cron", "* * * * *"],
        ["--arg", "x", "--frequency", "5", "--timeout", "0"],
        ["--arg", "x", "--cron", "* * *"],
        ["--arg", "x", "--cron", "* * * * *", "--timezone", "No/Where"],
        ["--jobs", "/no/where"],
        ["--frequency"],
    ],
)
def test_bad_values_are_usage_errors(options: list[str]) -> None:
    """An exit code and a line, and no traceback."""
    done = subprocess.run(
        [*TWISTD, *options], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert done.returncode not in (0, -signal.SIGTERM)
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr + done.stdout


# A directory of jobs


def test_jobs_are_added_changed_and_removed_while_it_runs(scheduler: Scheduler) -> None:
    """Without a restart; a removed job's run is stopped, and its status goes."""
    scheduler.job("first", "echo", "one", at_start=True)
    scheduler.start_jobs()
    scheduler.said("(?m)^first: one$")
    scheduler.job("second", "echo", "two", schedule={"every": 0.3})
    scheduler.said("(?m)^second: two$")
    scheduler.job("second", "echo", "three", schedule={"every": 0.3})
    scheduler.said("(?m)^second: three$")
    own = scheduler.root / "own"
    scheduler.job("long", "sh", "-c", f"echo $$ >{own}; exec sleep 600", at_start=True)
    pid = scheduler.pid_in(own)
    scheduler.until_status("long", state="running", pid=pid)
    (scheduler.jobs / "long").unlink()
    until(lambda: not alive(pid), "its run is stopped")
    until(lambda: not scheduler.status("long"), "its status is gone")


def test_a_file_that_can_t_be_used_says_why_and_disturbs_nobody(scheduler: Scheduler) -> None:
    """In the status and in the log; the last good version stays in force."""
    scheduler.job("job", "echo", "fine", schedule={"every": 0.3})
    scheduler.start_jobs()
    scheduler.said("job: fine")
    scheduler.job("job", "echo", schedule={"cron": "never"})
    scheduler.job("other", "echo", restart="always")
    found = scheduler.until_status("other", state="refused")
    assert "restart: not allowed: a job is not restarted" in found["refused"]
    scheduler.said("cannot use .*/jobs/job: schedule.cron: found")
    before = scheduler.until_status("job")["runs"]
    until(lambda: scheduler.status("job")["runs"] > before, "it goes on")


def test_a_job_is_run_by_request(scheduler: Scheduler) -> None:
    """Also one that is disabled; a request that can't be is set aside with its reason."""
    scheduler.job("job", "echo", "ran", enabled=False)
    scheduler.start_jobs()
    scheduler.until_status("job", state="disabled")
    scheduler.ask("please", '{"type": "RUN", "name": "job"}')
    scheduler.said("(?m)^job: ran$")
    scheduler.until_status("job", runs=1, last_result="exit 0")
    scheduler.ask("wrong", '{"type": "RUN", "name": "nobody"}')
    reason = scheduler.jobs / ".messages" / ".rejected" / "wrong.reason"
    until(reason.exists, "it is rejected")
    assert reason.read_text() == "no job is named 'nobody'\n"


def test_results_and_missed_runs_outlive_the_scheduler(scheduler: Scheduler) -> None:
    """Even one that was killed: what was due meanwhile is made up for, once, or not."""
    for name, catch_up in (("made-up", True), ("left-out", False)):
        scheduler.job(name, "echo", "ran", schedule={"every": 600}, catch_up=catch_up)
    scheduler.start_jobs()
    for name in ("made-up", "left-out"):
        scheduler.until_status(name, runs=0)
    assert scheduler.stop(signal.SIGKILL) == -signal.SIGKILL
    for name in ("made-up", "left-out"):  # two hours pass, and half of a period
        path = scheduler.jobs / ".status" / ".jobs" / name
        found = json.loads(path.read_text())
        found |= {"runs": 7, "last_due": date(-7500), "next": date(-6900)}
        place(path, json.dumps(found).encode())
    scheduler.start_jobs()
    scheduler.until_status("made-up", runs=8, last_result="exit 0")

    def goes_on() -> dict[str, Any] | None:
        now = scheduler.status("left-out")
        return now if (now["next"] or "") > date(0) else None

    assert until(goes_on, "its next time is to come")["runs"] == 7


def date(in_s: float) -> str:
    """What a status file calls a time from now."""
    return utc_text(time.time() + in_s)


def test_two_schedulers_don_t_run_the_same_jobs(scheduler: Scheduler) -> None:
    """The second one ends, with a reason."""
    scheduler.job("job", "true")
    scheduler.start_jobs()
    scheduler.until_status("job", state="waiting")
    done = subprocess.run(
        [*TWISTD, "--jobs", str(scheduler.jobs)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 75
    assert "another scheduler runs on" in done.stderr


def test_a_job_may_log_to_files(scheduler: Scheduler) -> None:
    """Below LOGS/.jobs/NAME."""
    scheduler.job("job", "echo", "kept", at_start=True, log="files")
    scheduler.start_jobs()
    path = scheduler.jobs / ".logs" / ".jobs" / "job" / "current"
    until(lambda: path.exists() and path.read_text() == "kept\n", "it is there")


def test_who_leaves_its_group_is_ended_with_the_scheduler(scheduler: Scheduler) -> None:
    """Nobody knows whose it is any more, but it is the scheduler's to end."""
    own = scheduler.root / "own"
    leaves = f"setsid sh -c 'echo $$ >{own}; exec sleep 600' &"
    script = f"{leaves} until [ -s {own} ]; do sleep 0.01; done"
    scheduler.job("job", "sh", "-c", script, at_start=True)
    scheduler.start_jobs()
    pid = scheduler.pid_in(own)
    scheduler.until_status("job", state="waiting", runs=1)
    assert scheduler.stop() in ENDED
    assert not alive(pid)


def test_a_thousand_runs_leave_no_trace(scheduler: Scheduler) -> None:
    """As many descriptors as before, and no zombie."""
    scheduler.job("quick", "true", at_start=True)
    scheduler.start_jobs()
    scheduler.until_status("quick", runs=1, state="waiting")
    assert scheduler.process is not None
    pid = scheduler.process.pid
    before = len(descriptors_of(pid))
    for i in range(50):
        scheduler.job(f"j{i}", "sh", "-c", "echo said", schedule={"every": 0.2})
    for count in range(100, 1001, 100):
        until(lambda count=count: scheduler.log().count(": said") >= count, f"{count} run")
    for i in range(50):
        (scheduler.jobs / f"j{i}").unlink()
    until(lambda: not scheduler.status("j49"), "they are gone")
    until(lambda: len(descriptors_of(pid)) <= before, "their descriptors are closed")
    until(lambda: children_of(pid) == [], "they are buried")


# Under a monitor


def test_under_a_monitor(colony: Colony) -> None:
    """It is a process like any other, and leaves nothing when the colony ends."""
    (colony.root / "jobs").mkdir()
    own = colony.root / "own"
    script = f"trap '' TERM; echo $$ >{own}; while :; do sleep 0.1; done"
    job = {"args": ["sh", "-c", script], "schedule": {"every": 600}, "at_start": True}
    job |= {"test.mark": colony.mark, "grace": 0.5}
    place(colony.root / "jobs" / "deaf", json.dumps(job).encode())
    colony.start()
    command = [*TWIST, "--colony", str(colony.root)]
    colony.configure("scheduler", *command, kill_mode="process", killtime=10)
    pid = int(until(lambda: own.exists() and own.read_text().strip(), "the job runs"))
    assert colony.stop() == 0
    assert not alive(pid)


def test_who_kills_the_scheduler_has_the_monitor_end_its_jobs(colony: Colony) -> None:
    """They carry the scheduler's mark; then it starts again."""
    (colony.root / "jobs").mkdir()
    own = colony.root / "own"
    job = {"args": ["sh", "-c", f"echo $$ >{own}; exec sleep 600"], "schedule": {"every": 600}}
    job |= {"test.mark": colony.mark, "at_start": True}
    place(colony.root / "jobs" / "long", json.dumps(job).encode())
    colony.start()
    colony.configure("scheduler", *TWIST, "--colony", str(colony.root))
    first = colony.running("scheduler")
    pid = int(until(lambda: own.exists() and own.read_text().strip(), "the job runs"))
    os.kill(first, signal.SIGKILL)
    colony.running("scheduler", other_than=first)
    assert not alive(pid)
