"""Figures of ncolony-scheduler with a thousand jobs: punctual, at rest, in memory.

    .venv/bin/python bench/jobs.py [--jobs N] [--rest SECONDS]

A run's start is measured by the run itself: date(1) says what time it is once it runs, so that
the start of a process and of date are part of the figure.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from procs import work_of

BAR_LATE_MS, BAR_CPU_MS, BAR_BYTES = 100, 10, 3072
TWIST = [sys.executable, "-m", "twisted", "--log-format=text", "ncolony-scheduler"]


def a_job(**others: object) -> bytes:
    """A job that says what time it is."""
    return json.dumps({"args": ["/bin/date", "+at %s.%N"], "log": "inherit", **others}).encode()


@contextmanager
def scheduler(jobs: dict[str, bytes]) -> Iterator[tuple[int, Path]]:
    """A scheduler of these jobs that has seen them all: its pid, and its log."""
    with tempfile.TemporaryDirectory() as root:
        directory, log_path = Path(root, "jobs"), Path(root, "log")
        directory.mkdir()
        for name, text in jobs.items():
            (directory / name).write_bytes(text)
        with open(log_path, "wb") as log:
            process = subprocess.Popen([*TWIST, "--jobs", str(directory)], stdout=log, stderr=log)
        try:
            _wait_for(directory / ".status" / ".jobs", len(jobs))
            yield process.pid, log_path
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _wait_for(directory: Path, number: int) -> None:
    end = time.monotonic() + 60
    while not directory.is_dir() or sum(1 for _ in directory.glob("[!.]*")) < number:
        assert time.monotonic() < end, "the scheduler doesn't see its jobs"
        time.sleep(0.05)
    time.sleep(0.5)


def late_ms(log: Path) -> list[float]:
    """How late each run was; all are due at full seconds."""
    found = re.findall(rb"(?m)^at (\d+)\.(\d{9})$", log.read_bytes())
    return sorted(int(fraction) / 1e6 for _, fraction in found)


def punctual(number: int) -> None:
    """All in a minute, the same number each second."""
    jobs = {f"j{i}": a_job(schedule={"cron": f"{i % 60} * * * * *"}) for i in range(number)}
    with scheduler(jobs) as (_, log):
        time.sleep(61)
        found = late_ms(log)
    _say("late, spread over a minute", found, f"bar {BAR_LATE_MS}")


def at_once(number: int) -> None:
    """All in the same second."""
    now = time.localtime(time.time() + 8)
    schedule = {"cron": f"{now.tm_sec} {now.tm_min} * * * *"}
    jobs = {f"j{i}": a_job(schedule=schedule) for i in range(number)}
    with scheduler(jobs) as (_, log):
        time.sleep(12)
        found = late_ms(log)
    _say("late, all in the same second", found, f"{found[-1] / number:.2f} ms a start")


def _say(what: str, found: list[float], more: str) -> None:
    median, most = statistics.median(found), found[-1]
    high = found[int(len(found) * 0.99)]
    print(
        f"{what}: {len(found)} runs, median {median:.1f}, 99 % {high:.1f}, max {most:.1f} ms",
        end="",
    )
    print(f" ({more})")


def at_rest(number: int, seconds: float) -> None:
    """Nothing is due: half of them by cron, half every so often."""
    kinds = ({"cron": "0 0 1 1 *"}, {"every": "7d"})
    jobs = {f"j{i}": a_job(schedule=kinds[i % 2]) for i in range(number)}
    with scheduler(jobs) as (pid, _):
        time.sleep(2)
        before_ns = work_of([pid]).cpu_ns
        time.sleep(seconds)
        used_ms = (work_of([pid]).cpu_ns - before_ns) / 1e6 * 60 / seconds
    print(f"at rest: {used_ms:.2f} ms of CPU a minute (bar {BAR_CPU_MS})")


def memory(number: int) -> None:
    """What each more job takes of the process's own memory."""
    kinds = ({"cron": "0 0 1 1 *", "timezone": "Europe/Berlin"}, {"every": "7d"})
    found = {}
    for count in (2, number + 2):
        jobs = {f"j{i}": a_job(schedule=kinds[i % 2], timeout=5) for i in range(count)}
        with scheduler(jobs) as (pid, _):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            found[count] = sum(int(kb) for kb in re.findall(r"Private_\w+: +(\d+)", rollup)) * 1024
    each = (found[number + 2] - found[2]) / number
    print(f"memory: {each:.0f} bytes a job, {found[2] / 2**20:.1f} MB without (bar {BAR_BYTES})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--rest", type=float, default=60)
    options = parser.parse_args()
    memory(options.jobs)
    at_rest(options.jobs, options.rest)
    punctual(options.jobs)
    at_once(options.jobs)


if __name__ == "__main__":
    main()
