"""Real programs that beat, and real checkers: who ceases is restarted, and nobody else."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from colony import DEADLINE_S, Colony, alive, until

from needed import need
from pages import read

PAGE = "docs/how-to/heartbeats.md"
BIN = Path(sys.executable).parent
#: Beats until it has beaten so often; then it only sleeps. With a second argument, a directory to
#: make, it does so once: all later runs beat on.
BEATS = """
import os, sys, time
from ncolony.client import beat
beats = float(sys.argv[1])
for once in sys.argv[2:]:
    try:
        os.mkdir(once)
    except FileExistsError:
        beats = float("inf")
while True:
    if beats > 0:
        beats -= beat()
    time.sleep(0.02)
"""
PERIOD_S = 1.0


class Watched:
    """A colony with programs that beat, and checkers."""

    def __init__(self, colony: Colony) -> None:
        self.colony = colony
        self.hearts = colony.status / ".hearts"
        self.hearts.mkdir()

    def beats(self, name: str, *words: str, **key: Any) -> None:
        """A program of plain Python that beats so often."""
        self.asks(name, sys.executable, "-c", BEATS, *words, **key)

    def asks(self, name: str, *command: str, **key: Any) -> None:
        """A program that is watched."""
        wanted = {"period": PERIOD_S, "grace": 3, "status": f"{self.hearts}/", **key}
        self.colony.configure(name, *command, **{"ncolony.beatcheck": wanted})

    def checker(self, name: str) -> None:
        """A checker that is watched itself."""
        command = [sys.executable, "-m", "twisted", "--log-format=text", "ncolony-beatcheck"]
        options = ["--colony", str(self.colony.root), "--freq", "0.5"]
        self.asks(name, *command, *options, period=3, grace=2)

    def beaten(self, name: str) -> None:
        """Wait until a process has beaten."""
        until((self.hearts / name).exists, f"{name} beats")

    def requests(self) -> list[bytes]:
        """What the checkers said of the restarts that they asked for."""
        return [line for line in self.colony.log().split(b"\n") if b"asked for a restart" in line]

    def asked_once(self) -> None:
        """One restart was asked for; who has asked says so a moment after it."""
        until(self.requests, "it is said that a restart was asked for")
        assert len(self.requests()) == 1


@pytest.fixture
def watched(colony: Colony) -> Watched:
    return Watched(colony)


def test_who_ceases_to_beat_is_restarted_and_nobody_else(watched: Watched) -> None:
    """Once, and why is in its status; who is well keeps its process."""
    colony = watched.colony
    colony.start()
    watched.beats("well", "inf")
    watched.beats("silent", "1", str(colony.root / "once"), grace=6)
    pids = {name: colony.running(name) for name in ("well", "silent")}
    watched.beaten("well")
    watched.beaten("silent")
    watched.checker("beatcheck")
    checker = colony.running("beatcheck")

    again = colony.running("silent", other_than=pids["silent"])
    now = colony.of("silent")
    assert now is not None
    assert re.fullmatch(
        r"started again: restart requested \(no heartbeat for [\d.]+ s\)", now["reason"]
    )
    assert now["starts"] == 2
    watched.asked_once()
    assert colony.running("silent") == again
    assert colony.running("well") == pids["well"]
    assert colony.running("beatcheck") == checker
    assert colony.of("well")["starts"] == 1


def test_who_is_stopped_by_a_signal_is_restarted(watched: Watched) -> None:
    """It obeys no TERM either, and is killed."""
    colony = watched.colony
    colony.start("--killtime", "0.5")
    watched.checker("beatcheck")
    watched.beats("web", "inf")
    watched.beaten("web")
    pid = colony.running("web")
    os.kill(pid, signal.SIGSTOP)
    colony.running("web", other_than=pid)
    assert not alive(pid)
    assert colony.of("web")["last_exit"]["signal"] == "SIGKILL"
    watched.asked_once()


def test_a_checker_that_hangs_is_restarted_by_another(watched: Watched) -> None:
    """Two of them watch over each other; the one that is well keeps its process."""
    colony = watched.colony
    colony.start("--killtime", "0.5")
    watched.checker("one")
    watched.checker("other")
    for name in ("one", "other"):
        watched.beaten(name)
    pids = {name: colony.running(name) for name in ("one", "other")}
    os.kill(pids["one"], signal.SIGSTOP)
    colony.running("one", other_than=pids["one"])
    assert "no heartbeat for" in colony.of("one")["reason"]
    assert not alive(pids["one"])
    assert colony.running("other") == pids["other"]
    watched.asked_once()


def test_two_checkers_restart_once_for_each_death(watched: Watched) -> None:
    """However short the time in which a process is back: each run has the whole of its grace."""
    colony = watched.colony
    colony.start()
    watched.checker("one")
    watched.checker("other")
    for name in ("one", "other"):
        watched.beaten(name)
    names = [f"p{at}" for at in range(10)]
    for name in names:
        watched.beats(name, "2", grace=2)
    first = {name: colony.until_state(name, "RUNNING") for name in names}
    for name in names:
        colony.running(name, other_than=first[name]["pid"])
    for name in names:
        now = colony.until_state(name, "RUNNING")
        lived_s = (now["pid_started"] - first[name]["pid_started"]) / os.sysconf("SC_CLK_TCK")
        deaths = now["starts"] - first[name]["starts"]
        assert lived_s >= deaths * 2 * PERIOD_S, (first[name], now)


@pytest.mark.parametrize("launch", ["twist", "twistd"])
def test_the_checker_ends_when_it_is_told_to(launch: str, tmp_path: Path) -> None:
    """Under both of Twisted's launchers."""
    for name in ("config", "messages"):
        (tmp_path / name).mkdir()
    commands = {
        "twist": [sys.executable, "-m", "twisted", "--log-format=text"],
        "twistd": [str(BIN / "twistd"), "-n", "--pidfile="],
    }
    options = ["ncolony-beatcheck", "--config", "config", "--messages", "messages"]
    (tmp_path / "config" / "web").write_text("no JSON")
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*commands[launch], *options], cwd=tmp_path, stdout=out, stderr=out
        )
    try:
        until(lambda: "web is not watched" in log.read_text(), "it looks")
        process.terminate()
        assert process.wait(DEADLINE_S) in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in log.read_text()
    assert log.read_text().count("web is not watched") == 1


def test_a_mistake_is_a_usage_error(tmp_path: Path) -> None:
    """With what is allowed, and no traceback."""
    done = subprocess.run(
        [str(BIN / "twistd"), "-n", "--pidfile=", "ncolony-beatcheck", "--freq", "x"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 1
    assert "--freq: found 'x'; allowed: a number of seconds" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


# What the page says


def snippet(heading: str) -> str:
    """The program below a heading of the page."""
    found = [block.text for block in read(PAGE) if block.heading == heading and block.language]
    assert found, f"no program below {heading!r}"
    return found[0]


class Program:
    """A program of the page, as it would run under a monitor."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.heart = root / "web"
        key = {"period": 0.6, "grace": 3, "status": str(self.heart)}
        self.process: subprocess.Popen[bytes] | None = None
        self.environ = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(root),
            "NCOLONY_NAME": "web",
            "NCOLONY_CONFIG": json.dumps({"args": ["web"], "ncolony.beatcheck": key}),
        }

    def run(self, file_name: str, heading: str, *command: str) -> None:
        (self.root / file_name).write_text(snippet(heading))
        self.start(*command)

    def start(self, *command: str) -> None:
        self.process = subprocess.Popen(
            command, cwd=self.root, env=self.environ, start_new_session=True
        )

    def beats(self) -> None:
        """It beats, and goes on beating."""
        until(self.heart.exists, "the first beat")
        for _ in range(3):
            was = self.heart.stat().st_mtime_ns
            until(lambda was=was: self.heart.stat().st_mtime_ns != was, "another beat")  # type: ignore[misc]
        assert self.process is not None
        assert self.process.poll() is None


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    found = Program(tmp_path)
    yield found
    if found.process is not None:
        os.killpg(found.process.pid, signal.SIGKILL)
        found.process.wait()


def test_the_page_s_python_beats(program: Program) -> None:
    """A loop that calls ``beat``."""
    program.run("web.py", "Python", sys.executable, "web.py")
    program.beats()


def test_the_page_s_twisted_beats(program: Program) -> None:
    """A service beside its own, in a .tac file."""
    command = [str(BIN / "twistd"), "-n", "--pidfile=", "--logfile=log", "-y", "web.tac"]
    program.run("web.tac", "Twisted", *command)
    program.beats()


def test_the_page_s_shell_script_beats(program: Program) -> None:
    """By the command."""
    program.run("web.sh", "A shell script", "sh", "web.sh")
    program.beats()


def test_the_page_s_javascript_beats(program: Program) -> None:
    """Without anything of ours."""
    need("node", path=os.environ["PATH"])
    program.run("web.js", "JavaScript", "node", "web.js")
    program.beats()


def test_the_page_s_go_beats(program: Program) -> None:
    """Without anything of ours."""
    need("go", path=os.environ["PATH"])
    program.environ["GOFLAGS"] = "-mod=mod"
    (program.root / "main.go").write_text(snippet("Go"))
    built = subprocess.run(
        ["go", "build", "-o", "web-go", "main.go"],
        cwd=program.root,
        env=program.environ,
        timeout=DEADLINE_S * 3,
        check=False,
    )
    assert built.returncode == 0
    program.start("./web-go")
    program.beats()
