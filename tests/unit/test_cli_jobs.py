"""``ncolony job``: the files of jobs, and what there is to say of them, without a scheduler."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from colonies import FakeColony

from ncolony import cli, ctllib
from ncolony.control import asking
from ncolony.control.jobs import outcome, running, table
from ncolony.control.outcome import Failed, Happened, Pending
from ncolony.scheduler import jobfile
from ncolony.scheduler.jobfile import JobExit, JobStatus
from ncolony.status import utc_text

AT = "2026-11-28T12:00:00.000Z"
NOW = 1795867200.0 + 90  # a minute and a half after AT
EVERY = {"schedule": {"every": "10m"}}


class Jobs(FakeColony):
    """A colony with a scheduler that does only what a test says."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.jobs = folder / "jobs"
        self.lock: int | None = None

    def run(self, *words: str) -> int:
        return cli.main(["job", *words[:1], "--colony", str(self.folder), *words[1:]])

    def document(self, name: str) -> object:
        return json.loads((self.jobs / name).read_bytes())

    def job(self, name: str, **keys: object) -> str:
        """Write a job's file; its fingerprint."""
        self.jobs.mkdir(exist_ok=True)
        text = json.dumps({"args": ["x"], **EVERY, **keys}).encode()
        (self.jobs / name).write_bytes(text)
        return sha256(text).hexdigest()

    def says(self, status: JobStatus) -> None:  # type: ignore[override]
        """What the scheduler says of a job."""
        directory = self.status / jobfile.JOBS_DIRECTORY
        directory.mkdir(exist_ok=True)
        (directory / status.name).write_bytes(jobfile.encode(status))

    def scheduler_starts(self) -> None:
        directory = self.status / jobfile.JOBS_DIRECTORY
        directory.mkdir(exist_ok=True)
        self.lock = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def requested(self) -> list[bytes]:
        return [path.read_bytes() for path in (self.jobs / ".messages").iterdir()]


@pytest.fixture
def colony(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    monkeypatch.delenv("NCOLONY_DIR", raising=False)
    made = Jobs(tmp_path)
    yield made
    if made.lock is not None:
        os.close(made.lock)


def waiting(name: str, **changes: object) -> JobStatus:
    """A job that has run well, and waits for its time."""
    status = JobStatus(
        name, "waiting", "not due yet", "every 10m", AT, 2.0, JobExit(0, None), "exit 0",
        "2026-11-28T12:10:00.000Z", 3, success=True,
    )  # fmt: skip
    return status._replace(**changes)  # type: ignore[arg-type]


# What is added.


@pytest.mark.parametrize(
    ("words", "document"),
    [
        (["--every", "10m"], EVERY),
        (["--every", "600"], {"schedule": {"every": 600}}),
        (["--cron", "30 2 * * *"], {"schedule": {"cron": "30 2 * * *"}}),
        (
            ["--cron", "@daily", "--timezone", "Europe/Berlin", "--extras", "CRON"],
            {"schedule": {"cron": "0 0 * * *"}},
        ),
        (
            ["--cron", "0 0 * * *", "--timezone", "Europe/Berlin"],
            {"schedule": {"cron": "0 0 * * *", "timezone": "Europe/Berlin"}},
        ),
        (["--extras", "CRON"], {"schedule": {"cron": "0 0 * * *"}}),
        (
            ["--every", "10m", "--timeout", "2m", "--grace", "0.5", "--overlap", "wait"],
            {**EVERY, "timeout": "2m", "grace": 0.5, "overlap": "wait"},
        ),
        (
            ["--every", "10m", "--jitter", "1m", "--at-start", "--no-catch-up", "--disabled"],
            {**EVERY, "jitter": "1m", "at_start": True, "catch_up": False, "enabled": False},
        ),
        (["--every", "10m", "--catch-up"], {**EVERY, "catch_up": True}),
        (
            ["--every", "10m", "--uid", "web", "--gid", "5", "--env", "A=1", "--env-inherit", "B"],
            {**EVERY, "uid": "web", "gid": 5, "env": {"A": "1"}, "env_inherit": ["B"]},
        ),
        (
            ["--every", "10m", "--cwd", "/", "--env-file", "/e", "--env-from", "A=/s"],
            {**EVERY, "cwd": "/", "env_file": ["/e"], "env_from": {"A": "/s"}},
        ),
        (
            ["--every", "10m", "--log", "files", "--stop-signal", "INT"],
            {**EVERY, "log": "files", "stop_signal": "INT"},
        ),
    ],
)
def test_options_become_keys(colony: Jobs, words: list[str], document: dict[str, object]) -> None:
    """Each is written as the scheduler reads it; what isn't said isn't written."""
    (colony.folder / "CRON").write_text('{"schedule": {"cron": "0 0 * * *"}}')
    words = [str(colony.folder / word) if word == "CRON" else word for word in words]
    assert colony.run("add", "backup", *words, "--", "x", "--wait", "--") == 0
    assert colony.document("backup") == {"args": ["x", "--wait", "--"], **document}


def test_a_command_line_piece_by_piece(colony: Jobs) -> None:
    """--cmd and --arg, as for a process."""
    words = ["--every", "1h", "--cmd", "x", "--arg", "-a", "--arg", "b"]
    assert colony.run("add", "backup", *words) == 0
    assert colony.document("backup") == {"args": ["x", "-a", "b"], "schedule": {"every": "1h"}}


@pytest.mark.parametrize(
    ("name", "words", "reason"),
    [
        ("x", "--every soon", 'job x: schedule.every: found the string "soon"; allowed: '),
        ("x", "--every 0", "job x: schedule.every: found the number 0; allowed: "),
        ("x", "--cron 61_*_*_*_*", 'job x: schedule.cron: found the string "61 * * * *" ('),
        ("x", "--cron 0_0_31_2_*", "job x: schedule.cron: found the string "),
        (
            "x",
            "--cron 0_0_*_*_* --timezone Mars/City",
            'job x: schedule.timezone: found the string "Mars/City", which this machine',
        ),
        ("x", "--every 1m --jitter 2m", "job x: jitter: found 120 s; allowed: not above the 60 s"),
        ("x", "--every 1m --timeout 0", "job x: timeout: found 0; allowed: seconds, above 0"),
        ("x", "--every 1m --env a", "job x: --env: found 'a'; allowed: NAME=VALUE"),
        ("x", "--every 1m --extras SLIP", 'job x: unknown key "timout"; did you mean "timeout"?'),
        ("x", "--extras SLIP", "job x: schedule: missing; allowed: "),
        ("x", "--every 1m --extras RESTART", "job x: restart: not allowed: a job is not restarted"),
        ("x", "--every 1m --extras /nowhere", "job x: --extras /nowhere: No such file"),
        ("x.new", "--every 1m", "job 'x.new': not a job's name: it ends like a write in progress"),
        ("../x", "--every 1m", "job '../x': not a job's name: it must be one path component"),
    ],
)
def test_what_makes_no_sense_is_not_written(
    colony: Jobs, name: str, words: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, 2, and no file: as the scheduler would refuse it, and sooner."""
    (colony.folder / "SLIP").write_text('{"timout": 5}')
    (colony.folder / "RESTART").write_text('{"restart": "never"}')
    before = colony.tree()
    split = [word.replace("_", " ") for word in words.split()]
    split = [str(colony.folder / word) if word.isupper() else word for word in split]
    assert colony.run("add", name, *split, "--", "x") == 2
    err = capsys.readouterr().err
    assert err.startswith(f"ncolony: cannot add {reason}")
    assert err.count("\n") == 1
    assert colony.tree() == before
    assert not colony.jobs.exists()


def test_a_command_line_is_no_string(colony: Jobs) -> None:
    """It isn't taken for a list of letters."""
    with pytest.raises(ctllib.RefusedError, match='job x: args: found the string "backup"; allow'):
        ctllib.job_add(colony.places, "x", "backup", every="1h")
    assert colony.tree() == {}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("add x -- y", "when it runs is missing: --every SECONDS, or --cron EXPR"),
        ("add x --every 1m", "what runs is missing: --cmd CMD, or -- PROGRAM [ARG]..."),
        ("add x --every 1m --", "the program is missing after --"),
        ("add x --every 1m --cron @daily -- y", "argument --cron: not allowed with argument"),
        ("add x --every 1m --timezone UTC -- y", "--timezone makes no sense without --cron"),
        ("add x --every 1m --overlap maybe -- y", "argument --overlap: found 'maybe'; allow"),
        ("add x --every 1m --restart never -- y", "unrecognized arguments: --restart never"),
        ("add --every 1m -- y", "the following arguments are required: NAME"),
        ("run x --wait=-1", "argument --wait: found '-1'; allowed: seconds, not below"),
        ("remove", "the following arguments are required: NAME"),
        ("list backup", "unrecognized arguments: backup"),
        ("rnu backup", "argument COMMAND: found 'rnu'; allowed: add, remove, list, run; did"),
    ],
)
def test_usage_errors_write_nothing(
    colony: Jobs, words: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command line that makes no sense ends with 2, and a line that says why."""
    with pytest.raises(SystemExit) as caught:
        colony.run(*words.split())
    assert caught.value.code == 2
    assert f"error: {reason}" in capsys.readouterr().err.splitlines()[-1]
    assert colony.tree() == {}


def test_an_unknown_job_is_refused_with_the_nearest(
    colony: Jobs, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 and a line; nothing is written."""
    colony.job("backup")
    before = colony.tree()
    assert [colony.run("run", "bakcup"), colony.run("remove", "bakcup")] == [1, 1]
    said = "no job has this name; did you mean 'backup'?"
    assert capsys.readouterr().err == (
        f"ncolony: cannot run job bakcup: {said}\nncolony: cannot remove job bakcup: {said}\n"
    )
    assert colony.tree() == before


def test_a_name_of_the_other_kind_is_told_apart(
    colony: Jobs, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who asks a process for what a job does, or the other way round, learns which it is."""
    colony.job("backup")
    colony.configure("web")
    for word in ("restart", "logs"):
        assert cli.main(["--colony", str(colony.folder), word, "backup"]) == 1
        assert "configured; it is a job's (see 'ncolony job')\n" in capsys.readouterr().err
    assert colony.run("run", "web") == 1
    assert "cannot run job web: no job has this name; it is a process's" in capsys.readouterr().err


def test_remove_and_run_are_a_file_each(colony: Jobs) -> None:
    """A job that is run is a request, also before there is a scheduler; one removed is gone."""
    colony.job("backup")
    assert colony.run("run", "backup") == 0
    assert colony.requested() == [b'{"type": "RUN", "name": "backup"}']
    assert colony.run("remove", "backup") == 0
    assert ctllib.jobs(colony.places) == {}


def test_who_waits_is_told_that_there_is_no_scheduler(
    colony: Jobs, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file stays for when one comes."""
    assert colony.run("add", "backup", "--every", "1m", "--wait", "0", "--", "x") == 1
    assert colony.run("run", "backup", "--wait", "0") == 1
    said = "the scheduler is not running; what was asked for stays for when it comes"
    assert capsys.readouterr().err.splitlines() == [
        f"ncolony: cannot add job backup: {said}",
        f"ncolony: cannot run job backup: {said}",
    ]
    assert colony.document("backup") == {"args": ["x"], "schedule": {"every": "1m"}}


# Where they are.


def test_a_jobs_directory_of_its_own(colony: Jobs, capsys: pytest.CaptureFixture[str]) -> None:
    """--jobs DIR needs no colony, and has to be there; a colony's own is made."""
    alone = colony.folder / "alone"
    words = ["job", "add", "x", "--jobs", str(alone), "--every", "1m", "--", "y"]
    assert cli.main(words) == 2
    alone.mkdir()
    assert cli.main(words) == 0
    assert cli.main(["job", "--jobs", str(alone), "list"]) == 1
    assert cli.main(["job", "list", "--colony", "/nowhere"]) == 2
    assert cli.main(["job", "list"]) == 2
    out, err = capsys.readouterr()
    assert out.startswith(f"no scheduler is running for {alone}\nNAME")
    assert err.splitlines() == [
        f"ncolony: cannot use the jobs directory {alone}: no such directory",
        "ncolony: cannot use the colony directory /nowhere: no such directory",
        (
            "ncolony: cannot find the jobs directory: give --colony DIR, set NCOLONY_DIR, "
            "or give --jobs DIR"
        ),
    ]


# What is said of them.


def test_list_says_what_no_scheduler_has_read(
    colony: Jobs, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its schedule all the same, and why it will be refused."""
    colony.job("backup")
    colony.job("wrong", overlap="maybe")
    assert colony.run("list") == 1
    out = capsys.readouterr().out.splitlines()
    assert out[:4] == [
        f"no scheduler is running for {colony.jobs}",
        "NAME    SCHEDULE   LAST  TOOK  NEXT  RUNS  FAILED  RESULT",
        "backup  every 10m     -     -     -     0       0  not read yet",
        "wrong   -             -     -     -     0       0  refused",
    ]
    refused = f'wrong is refused: cannot use {colony.jobs}/wrong: overlap: found the string "maybe"'
    assert out[4].startswith(refused)
    assert len(out) == 5


def test_list_exit_codes(colony: Jobs, capsys: pytest.CaptureFixture[str]) -> None:
    """0 where a scheduler runs, uses each file, and no job's last run failed."""
    first = waiting("a", fingerprint=colony.job("a"))
    colony.says(first)
    codes = [colony.run("list")]
    colony.scheduler_starts()
    codes.append(colony.run("list"))
    colony.says(first._replace(success=False, last_result="exit 3"))
    codes.append(colony.run("list"))
    colony.says(first._replace(state="refused", refused="cannot use it"))
    codes.append(colony.run("list"))
    colony.says(first)
    colony.job("a", nice=5)
    codes.append(colony.run("list"))
    assert codes == [1, 0, 1, 1, 1]
    assert capsys.readouterr().out.count("no scheduler is running") == 1


def test_list_without_jobs(colony: Jobs, capsys: pytest.CaptureFixture[str]) -> None:
    """None is fine, where a scheduler runs."""
    colony.scheduler_starts()
    assert colony.run("list") == 0
    assert capsys.readouterr().out == "no jobs\n"


def test_list_as_json(colony: Jobs, capsys: pytest.CaptureFixture[str]) -> None:
    """What the scheduler says, by name, and whether it runs."""
    status = waiting("a", fingerprint=colony.job("a"))
    colony.says(status)
    colony.scheduler_starts()
    assert colony.run("list", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {"running": True, "jobs": {"a": json.loads(jobfile.encode(status))}}


def test_a_status_that_cannot_be_read_is_told(
    colony: Jobs, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no traceback, and hides no other job."""
    colony.job("a")
    colony.says(waiting("b", fingerprint=colony.job("b")))
    (colony.status / ".jobs" / "a").write_text("{}")
    assert colony.run("list") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[2:4]] == ["unknown", "0"]
    assert lines[4] == "a: cannot read its status: schema: found None; allowed: 1"


def test_a_run_of_a_removed_job_is_shown_by_name(colony: Jobs) -> None:
    """Until it is gone."""
    colony.says(waiting("a", state="running", reason="TERM sent", pid=5))
    colony.says(waiting("b"))
    assert list(ctllib.jobs(colony.places, ["a", "b", "c"])) == ["a"]


def test_what_no_job_can_be_called_is_nowhere_to_be_found(colony: Jobs) -> None:
    """No path, and nothing that isn't a job's in the directories of jobs."""
    (colony.jobs / ".messages").mkdir(parents=True)
    colony.configure("process")
    names = ["../config/process", ".messages", "a\0b", "a" * 256, "a.new", ""]
    assert ctllib.jobs(colony.places, names) == {}


def test_the_table() -> None:
    """A line a job: when it ran, how long, when it runs next, how it ended."""
    jobs = [
        waiting("well"),
        waiting("failed", success=False, last_result="exit 3", failures=1, last_duration=75.0),
        waiting("runs", state="running", reason="started", pid=5, last_result=None),
        waiting("ends", state="running", reason="TERM sent: the scheduler stops", pid=5),
        JobStatus("new", "waiting", "not due yet", "30 2 * * * Europe/Berlin"),
        JobStatus("off", "disabled", "enabled is false in its file", "every 1h"),
        waiting("changed", reason=outcome.CHANGED),
    ]
    assert list(table.lines(jobs, NOW, None)) == [
        "NAME     SCHEDULE                   LAST   TOOK   NEXT  RUNS  FAILED  RESULT",
        "well     every 10m                 1m30s   2.0s  8m30s     3       0  exit 0",
        "failed   every 10m                 1m30s  1m15s  8m30s     3       1  exit 3",
        "runs     every 10m                 1m30s   2.0s  8m30s     3       0  running",
        (
            "ends     every 10m                 1m30s   2.0s  8m30s     3       0  "
            "TERM sent: the scheduler stops; exit 0"
        ),
        "new      30 2 * * * Europe/Berlin      -      -      -     0       0  -",
        "off      every 1h                      -      -      -     0       0  disabled",
        (
            "changed  every 10m                 1m30s   2.0s  8m30s     3       0  "
            "not read yet; exit 0"
        ),
    ]
    without = "\n".join(table.lines(jobs, NOW, None, lives=False))
    assert "8m30s" not in without
    assert "runs" in without
    assert "running" not in without


def test_the_table_fits_80_columns() -> None:
    """A long result is cut, and a long schedule where that isn't enough."""
    long = waiting(
        "nightly-backup",
        schedule="*/5 8-18 * * MON-FRI America/New_York",
        last_result="killed by SIGTERM after the timeout of 5 s",
    )
    lines = list(table.lines([long], NOW, 80))
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith("nightly-backup  */5 8-18 *")
    assert lines[1].endswith("  killed by …")


def test_troubles_are_told_in_full() -> None:
    """Why a file is refused, and what is odd about it, is never cut."""
    jobs = [
        waiting("a", refused="cannot use a"),
        waiting("b", state="refused", refused="cannot use b"),
        waiting("c", warnings=("unknown key",)),
        JobStatus("d", "unknown", outcome.NOT_READ),
        JobStatus("e", "unknown", "cannot read its status: Permission denied"),
    ]
    assert list(table.troubles(jobs)) == [
        "a is refused: cannot use a; its last good file stays in force",
        "b is refused: cannot use b",
        "c: warning: unknown key",
        "e: cannot read its status: Permission denied",
    ]


# What was asked for has happened, or not.


def test_added_when_the_scheduler_uses_the_file() -> None:
    """Not by another file, and not by one that it refuses."""
    now = waiting("a", fingerprint="f")
    assert outcome.added(None, "f") == Pending(outcome.NOT_READ)
    assert outcome.added(now, "g") == Pending(outcome.CHANGED)
    assert outcome.added(now, "f") == Happened()
    assert outcome.added(now._replace(refused="bad"), "f") == Failed("it is refused: bad")


def test_removed_when_nothing_is_left() -> None:
    """A run that is being stopped is waited for."""
    now = waiting("a", state="running", reason="TERM sent: its file was removed", pid=5)
    assert outcome.removed(None) == Happened()
    assert outcome.removed(now) == Pending("it is running: TERM sent: its file was removed")


def test_a_run_is_judged_by_its_own_end() -> None:
    """Neither the last run's end nor that of one which began before it was asked for counts."""
    asked = "2026-11-28T12:30:00.000Z"
    begun = "2026-11-28T12:30:00.005Z"
    before = waiting("a")
    runs = before._replace(runs=4, last_start=begun, pid=5, state="running", reason="started")
    not_begun = Pending("its run has not begun yet")
    assert outcome.ran(before, before, asked) == not_begun
    assert outcome.ran(before, before._replace(runs=4), asked) == not_begun
    assert outcome.ran(before, runs, asked) == Pending("it is running: started")
    assert outcome.ran(before, runs._replace(pid=None), asked) == Happened()
    failed = runs._replace(pid=None, success=False, last_result="exit 3")
    assert outcome.ran(before, failed, asked) == Failed("its run failed: exit 3")
    assert outcome.ran(before, None, asked) == Failed("it was removed")
    assert outcome.ran(None, None, asked) == Pending(outcome.NOT_READ)
    assert outcome.ran(None, runs._replace(runs=1, pid=None), asked) == Happened()


@pytest.mark.parametrize("set_by_s", [0, -3600, 3600])
def test_a_run_is_known_though_the_clock_is_set(
    colony: Jobs, set_by_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its date is then by another clock than that of the request."""
    colony.says(waiting("a", fingerprint=colony.job("a")))
    colony.scheduler_starts()

    def set_and_take_up(directory: str, content: bytes) -> str:
        wall.now_s += set_by_s
        colony.says(waiting("a", runs=4, last_start=utc_text(wall.now_s)))
        return "taken up"

    wall = Wall(monkeypatch)
    monkeypatch.setattr(asking, "put", set_and_take_up)
    ctllib.job_run(colony.places, "a", wait_s=0)


def test_the_date_of_a_request_is_the_earliest_of_the_clock_s() -> None:
    """Set forward and back, it counts from where the clock was behind."""
    wall_s, mono_s = NOW, 5.0
    asked_at = running.asked_now(lambda: wall_s, lambda: mono_s)
    assert asked_at() == utc_text(NOW - 0.001)
    wall_s, mono_s = NOW + 60 + 1, 6.0
    assert asked_at() == utc_text(NOW - 0.001)
    wall_s, mono_s = NOW - 60 + 2, 7.0
    assert asked_at() == utc_text(NOW - 60 - 0.001)


class Wall:
    """The wall clock, as a test sets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = NOW
        monkeypatch.setattr(time, "time", lambda: self.now_s)


def test_a_run_that_was_begun_is_not_said_to_stay(
    colony: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler that took a request up has left nothing of it to the next one."""
    colony.job("a")
    monkeypatch.setattr(asking, "put", lambda directory, content: "taken up")
    with pytest.raises(ctllib.CtlError, match=r"not running; it had taken up the request$"):
        ctllib.job_run(colony.places, "a", wait_s=0)


# Completions.


def test_bash_completes_names_of_jobs(colony: Jobs) -> None:
    """From the directory that the command line names; not those of processes."""
    colony.configure("process")
    for name in ("backup", "poll", "poll.new"):
        colony.job(name)
    assert completed("ncolony", "--colony", str(colony.folder), "job", "run", "") == [
        "backup",
        "poll",
    ]
    assert completed("ncolony", "job", "run", "--jobs", str(colony.jobs), "b") == ["backup"]
    assert completed("ncolony", "job", "run", "--jobs", "=", str(colony.jobs), "b") == ["backup"]
    assert completed("ncolony", "--colony", "~/", "job", "run", "b", home=colony.folder) == [
        "backup"
    ]
    assert completed("ncolony", "--colony", str(colony.folder), "restart", "") == ["process"]


def test_bash_carries_out_no_name(colony: Jobs) -> None:
    """Whoever may write a job's or a process's file would have who completes run a command."""
    names = ["$(echo >out)", "`echo >out`", "a b", "a;b", "ä"]
    for name in names:
        colony.job(name)
    words = ["job", "run", "--jobs", str(colony.jobs)]
    found = completed("ncolony", *words, "", cwd=colony.folder)
    shown = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {' '.join(found)}"],
        capture_output=True, text=True, check=True, timeout=60, cwd=colony.folder,
    ).stdout  # fmt: skip
    assert sorted(shown.splitlines()) == sorted(names)
    assert sorted(path.name for path in colony.folder.iterdir()) == [
        "config", "jobs", "messages", "status",
    ]  # fmt: skip


def completed(*words: str, cwd: Path | None = None, home: Path | None = None) -> list[str]:
    """What bash offers for the last word, of these that it makes of the line."""
    script = subprocess.run(
        [sys.executable, "-m", "ncolony", "ctl", "completion", "bash"],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    function = "_ncolony_jobs" if "job" in words else "_ncolony_processes"
    line = " ".join(f"'{word}'" for word in words)
    script += f"\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; {function} '{words[-1]}'"
    said = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False, cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
    )  # fmt: skip
    return said.stdout.splitlines()
