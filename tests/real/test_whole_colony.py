"""A colony as people run one: servers that are well or not, watched over by the plugins.

Each is treated as it should be, and whoever is well is left alone.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from colony import Colony, alive, place, until
from jsonschema import Draft202012Validator
from ports import free_ports

from ncolony import schemas

#: A Twisted web server that beats; by its argument it ceases to, or hangs with its reactor.
SERVER = """
import sys
import time
from twisted.application import service
from twisted.internet import reactor, task
from twisted.python import log
from twisted.web import resource, server
from ncolony.client import heart

port, manner = int(sys.argv[1]), sys.argv[2]


class Page(resource.Resource):
    isLeaf = True

    def render_GET(self, request):
        if manner == "answers 500":
            request.setResponseCode(500)
        if manner == "does not answer":
            return server.NOT_DONE_YET
        return b"hello"


log.startLogging(sys.stderr)
reactor.listenTCP(port, server.Site(Page()), interface="127.0.0.1")
beating = heart.makeService()
if beating is not None:
    beating.startService()
if manner == "stops beating":
    reactor.callLater(1.5, beating.stopService)
if manner == "hangs":
    reactor.callLater(1.5, time.sleep, 600)
reactor.run()
"""


def get(port: int) -> str:
    """The first line that a server answers; empty where it doesn't."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.recv(1000).decode().partition("\r\n")[0]
    except OSError:
        return ""


class Watched:
    """A colony with the three plugins, and a script that is a server."""

    def __init__(self, colony: Colony) -> None:
        self.colony = colony
        self.script = colony.root / "server.py"
        self.script.write_text(SERVER)
        self.hearts = colony.root / "hearts"
        self.hearts.mkdir()
        (colony.root / "jobs").mkdir()

    def server(self, name: str, port: int, manner: str, timeout: float = 1) -> None:
        """A server that is to beat, and to answer within so many seconds."""
        beat = {"period": 1.5 * timeout, "grace": 2, "status": str(self.hearts)}
        command = [sys.executable, str(self.script), str(port), manner]
        url = f"http://127.0.0.1:{port}/"
        check = {"url": url, "period": 0.5, "timeout": timeout, "grace": 6, "maxBad": 3}
        checks = {"ncolony.beatcheck": beat, "ncolony.httpcheck": check}
        self.colony.configure(name, *command, **checks)

    def plugin(self, name: str, *options: str) -> None:
        """One of the plugins, as a process of the colony."""
        plugin = ["-m", "twisted", "--log-format=text", f"ncolony-{name}"]
        where = ["--colony", str(self.colony.root), *options]
        heart = {"period": 10, "grace": 3, "status": str(self.hearts)}
        command = [sys.executable, *plugin, *where]
        self.colony.configure(name, *command, **{"ncolony.beatcheck": heart})

    def job(self, name: str, script: str, **others: Any) -> None:
        """A job that runs a shell script."""
        document = {"args": ["sh", "-c", script], "test.mark": self.colony.mark, **others}
        place(self.colony.root / "jobs" / name, json.dumps(document).encode())

    def said_of(self, kind: str, name: str) -> dict[str, Any]:
        """What a plugin's status file says; empty where it isn't there."""
        path = self.colony.status / f".{kind}" / name
        return json.loads(path.read_text()) if path.exists() else {}


#: Which files are of which schema.
FILES = {
    "process": "config/[!.]*",
    "job": "jobs/[!.]*",
    "process-status": "status/[!.]*",
    "monitor-status": "status/.monitor",
    "check-status": "status/.checks/[!.]*",
    "job-status": "status/.jobs/[!.]*",
}


def at_odds_with_schemas(colony: Colony) -> list[str]:
    """What schemas find wrong with any of the files, and with what the control program shows."""
    found = []
    for name, words in (("colony-status", ["status"]), ("jobs-status", ["job", "list"])):
        command = [sys.executable, "-m", "ncolony", *words, "--colony", str(colony.root), "--json"]
        found += faults(name, subprocess.run(command, check=False, capture_output=True).stdout)
    for name, pattern in FILES.items():
        texts = [file.read_bytes() for file in colony.root.glob(pattern)]
        assert texts, pattern
        found += [fault for text in texts for fault in faults(name, text)]
    return found


def faults(schema: str, text: bytes) -> list[str]:
    """What a schema finds wrong."""
    validator = Draft202012Validator(json.loads(schemas.text(schema)))
    return [f"{schema}: {error.message}" for error in validator.iter_errors(json.loads(text))]


@pytest.fixture
def ports() -> Iterator[list[int]]:
    """Of the five servers."""
    with free_ports(5) as found:
        yield found


@pytest.fixture
def watched(colony: Colony) -> Watched:
    return Watched(colony)


def test_each_is_treated_as_it_should_be(ports: list[int], watched: Watched) -> None:
    """Who stops beating, hangs, answers 500 or not at all is restarted, and its status says why;
    a job that overruns is ended; who is well keeps its process."""
    colony = watched.colony
    well, silent, hung, failing, mute = ports
    colony.start()
    watched.server("well", well, "is well", timeout=3)
    watched.server("silent", silent, "stops beating")
    watched.server("hung", hung, "hangs")
    watched.server("failing", failing, "answers 500")
    watched.server("mute", mute, "does not answer")
    watched.job("quick", "echo done", schedule={"every": 1}, at_start=True)
    watched.job("slow", "sleep 600", schedule={"every": 600}, at_start=True, timeout=1, grace=1)
    servers = ("well", "silent", "hung", "failing", "mute")
    healthy = {name: colony.running(name) for name in servers}
    until(lambda: "200" in get(well), "the server answers")
    plugins = {}
    for name, options in (
        ("beatcheck", ["--freq", "0.5"]),
        ("httpcheck", ["--freq", "0.5"]),
        ("scheduler", ["--jobs", str(colony.root / "jobs")]),
    ):
        watched.plugin(name, *options)
        plugins[name] = colony.running(name)

    for name, why in (
        ("silent", "no heartbeat for"),
        # By whichever of its checkers is the first to find out.
        ("hung", ""),
        ("failing", "found status 500; allowed: 200 to 399"),
        ("mute", "timed out after 1 s"),
    ):

        def restarted(name: str = name, why: str = why) -> bool:
            now = colony.of(name) or {}
            reason = now.get("reason", "")
            return now.get("starts", 0) > 1 and "restart requested (" in reason and why in reason

        until(restarted, f"{name} is restarted; it is {colony.of(name)}")
        colony.running(name, other_than=healthy[name])
    until(lambda: watched.said_of("checks", "well").get("state") == "healthy", "a check says well")
    assert watched.said_of("checks", "well")["restarts"] == 0
    until(lambda: watched.said_of("jobs", "quick").get("runs", 0) >= 3, "the quick job runs")
    overrun = until(
        lambda: watched.said_of("jobs", "slow").get("failures") and watched.said_of("jobs", "slow"),
        "the slow job is ended",
    )
    assert "timeout" in overrun["last_result"]
    assert watched.said_of("jobs", "quick")["failures"] == 0
    until(
        lambda: [i for i in colony.lines("scheduler") if b"done" in i], "what a job says is there"
    )

    now = {name: colony.of(name) or {} for name in ("well", *plugins)}
    assert {name: status["pid"] for name, status in now.items()} == {
        "well": healthy["well"],
        **plugins,
    }
    assert now["well"]["starts"] == 1
    assert at_odds_with_schemas(colony) == []


def test_the_plugins_end_with_the_colony(watched: Watched) -> None:
    """TERM to the monitor leaves none of their jobs running."""
    colony = watched.colony
    colony.start()
    pid_file = colony.root / "job.pid"
    watched.job(
        "long", f"echo $$ >{pid_file}; exec sleep 600", schedule={"every": 600}, at_start=True
    )
    watched.plugin("scheduler", "--jobs", str(colony.root / "jobs"))
    pid = until(lambda: pid_file.exists() and pid_file.read_text().strip(), "the job runs")
    assert colony.stop() == 0
    assert not alive(int(pid))
