"""``ncolony add-plugins`` with a real monitor: what it adds runs, and does its work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from colony import Colony, until

from ncolony import ctllib

PLUGINS = ["ncolony-beatcheck", "ncolony-beatcheck-2", "ncolony-httpcheck", "ncolony-scheduler"]


class Failing(BaseHTTPRequestHandler):
    """A server that is up, and unwell."""

    def do_GET(self) -> None:
        self.send_error(500)

    def log_message(self, *_: Any) -> None:
        """Not on the tests' output."""


def ctl(colony: Colony, *words: str) -> tuple[int, str, str]:
    """``python -m ncolony ctl WORDS``: its exit code, and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "ncolony", "ctl", "--colony", str(colony.root), *words],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def mark(colony: Colony, name: str, **others: Any) -> None:
    """Let a plugin's file carry the test's mark, so that what is left of it can be told."""
    document = json.loads((colony.config / name).read_bytes())
    colony.write(name, json.dumps({**document, "test.mark": colony.mark, **others}).encode())


def test_plugins_run_and_do_their_work(colony: Colony) -> None:
    """Who ceases to beat and who answers badly is restarted, and a job runs by its schedule."""
    colony.start()
    assert ctl(colony, "add-plugins", "--wait") == (0, "", "")
    assert ctllib.scheduler_is_running(ctllib.in_folder(colony.root))
    pids = {name: colony.running(name) for name in PLUGINS}
    assert ctl(colony, "add-plugins", "--wait") == (0, "", "")
    assert {name: colony.running(name) for name in PLUGINS} == pids

    heart = {"period": 0.3, "grace": 2, "status": str(colony.status / ".hearts") + "/"}
    colony.configure("silent", **{"ncolony.beatcheck": heart})
    with HTTPServer(("127.0.0.1", 0), Failing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        asked = {"url": url, "period": 0.3, "grace": 1, "maxBad": 0}
        colony.configure("unwell", **{"ncolony.httpcheck": asked})
        assert ctl(colony, "job", "add", "often", "--every", "1s", "--wait", "--", "true")[0] == 0
        assert ctl(colony, "job", "add", "seldom", "--every", "1h", "--", "true")[0] == 0
        assert ctl(colony, "job", "run", "seldom", "--wait") == (0, "", "")
        for name, why in (("silent", "no heartbeat for"), ("unwell", "the HTTP check failed")):
            colony.running(name)
            until(lambda name=name: colony.of(name)["starts"] > 1, f"{name} is restarted")
            until(lambda name=name, why=why: why in colony.of(name)["reason"], why)
        server.shutdown()
    until(lambda: ran(colony, "often") > 1, "the job runs by its schedule")
    code, out, err = ctl(colony, "job", "list")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["NAME", "often", "seldom"]


def ran(colony: Colony, name: str) -> int:
    """How often a job has run."""
    runs: int = json.loads(ctl(colony, "job", "list", "--json")[1])["jobs"][name]["runs"]
    return runs


def test_a_checker_that_hangs_is_restarted_by_the_other(colony: Colony) -> None:
    """That is what the second one is for."""
    assert ctl(colony, "add-plugins", "beatcheck") == (0, "", "")
    for name in PLUGINS[:2]:
        heart = {"period": 1, "grace": 3, "status": str(colony.status / ".hearts") + "/"}
        mark(colony, name, **{"ncolony.beatcheck": heart, "killtime": 0.2})
    colony.start()
    for name in PLUGINS[:2]:
        until((colony.status / ".hearts" / name).exists, f"{name} beats")
    first = colony.running(PLUGINS[0])
    os.kill(first, signal.SIGSTOP)
    colony.running(PLUGINS[0], other_than=first)
    assert "no heartbeat for" in colony.of(PLUGINS[0])["reason"]


def test_a_colony_in_two_directories(colony: Colony, tmp_path: Path) -> None:
    """Without a folder for all, the scheduler and ``ncolony job`` look in the same places."""
    places = ["--config", str(colony.config), "--messages", str(colony.messages)]
    command = [sys.executable, "-m", "ncolony", "ctl"]
    add = [*command, "add-plugins", "scheduler", *places]
    subprocess.run(add, check=True, timeout=60, cwd=tmp_path)
    mark(colony, "ncolony-scheduler")
    colony.start_as([*command[:3], "run", *places], wait=False)
    job = [*command, "job", *places]
    add = [*job, "add", "now", "--every", "1h", "--", "true"]
    subprocess.run(add, check=True, timeout=60)
    status = colony.messages / ".status" / ".jobs"
    until((status / "now").exists, "the scheduler has read the job's file")
    subprocess.run([*job, "run", "now", "--wait"], check=True, timeout=60)
    assert json.loads((status / "now").read_bytes())["success"] is True
