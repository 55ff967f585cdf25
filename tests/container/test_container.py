"""The example's stack as process 1 of a container: what is promised there, under load.

Its configuration, its files, its user and its mounts are those of ``examples/container``, as the
Dockerfile and the Compose file have them; see ``example.py``.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from colony import until
from engine import COLONY, EXAMPLE, Container, fill
from example import SECRET, as_described, lines_of, logs, texts
from loads import Load, fetch, load, wait_until_served

STACK = ("nginx", "redis", "rotation", "web-a", "web-b", "worker")
ACCESS = re.compile(r'127\.0\.0\.1 "GET /\S* HTTP/1\.[01]" \d{3} \d+ \d+\.\d{3}')
RECORD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z job (\d+): visit (\d+)")


@pytest.fixture
def stack(container: Container, servers: None) -> Container:
    """The example's container, not started."""
    return as_described(container)


@pytest.fixture
def served(stack: Container) -> Container:
    """The example's container, which answers."""
    stack.start()
    wait_until_served(stack)
    return stack


def settled(container: Container) -> dict[str, int]:
    """Everybody's pid, once all run."""
    return {name: container.running(name) for name in STACK}


def recorded(container: Container) -> list[int]:
    """The visits in the worker's log. Raises where a line isn't whole, is missing, or is twice."""
    found, jobs = [], []
    for line in lines_of(container, "worker"):
        match = RECORD.fullmatch(line)
        assert match, f"not a whole line: {line!r}"
        jobs.append(int(match[1]))
        found.append(int(match[2]))
    assert jobs == [*range(1, len(jobs) + 1)], "the worker's lines, each once, in order"
    return found


def until_recorded(container: Container, visits: list[int]) -> None:
    """Wait until the worker has written down all of these."""
    assert visits
    until(
        lambda: set(visits) <= set(recorded(container)),
        f"{len(visits)} visits are recorded; not yet {set(visits) - set(recorded(container))}",
    )
    assert len(set(recorded(container))) == len(recorded(container)), "no visit twice"


def until_each_is_logged(container: Container, client: Load) -> None:
    """Wait until nginx's log has a whole line for each request, and no more."""
    paths = ("/", "/visit")

    def counted() -> dict[str, int]:
        lines = lines_of(container, "nginx")
        assert [line for line in lines if not ACCESS.fullmatch(line)] == []
        return {path: sum(f'"GET {path} HTTP' in line for line in lines) for path in paths}

    wanted = {path: client.answered(path) for path in paths}
    until(lambda: counted() == wanted, f"{wanted} are in the log")


def bystanders(before: dict[str, int], after: dict[str, int], *concerned: str) -> None:
    """Nobody but these was disturbed."""
    others = {name: pid for name, pid in before.items() if name not in concerned}
    assert {name: after[name] for name in others} == others


# What it is


def test_it_runs_with_the_least(served: Container) -> None:
    """A user's pid 1 and children: no capability, no terminal, nothing to write but one place."""
    settled(served)
    for seen in served.processes():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            lines = Path(f"/proc/{seen.outer}/status").read_text().splitlines()
            said = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
            assert said["CapEff"] == said["CapPrm"] == "0000000000000000", seen
            assert said["NoNewPrivs"] == "1", seen
            terminal = Path(f"/proc/{seen.outer}/stat").read_text().rpartition(")")[2].split()[4]
            assert terminal == "0", seen
    mounts = served.exec("cat", "/proc/self/mounts").stdout.splitlines()
    writable = {line.split()[1] for line in mounts if " rw," in line}
    there = {path for path in writable if not path.startswith("/dev/")}
    assert there == {"/proc", COLONY, f"{COLONY}/logs"}
    assert "visit 1 by web-" in fetch(served, "/visit")
    assert served.exec("ncolony", "status", "--quiet").returncode == 0
    until(lambda: served.zombies() == [], "no zombie is left")


def test_the_output_is_json_lines(served: Container) -> None:
    """Each line of the container's is a whole object, with time, process, stream and message."""
    with load(served, {"/visit": 4}) as client:
        client.goes_on("/visit", count=200)
    assert served.stop() == 0
    found = served.json_lines()
    for line in found:
        assert set(line) == {"time", "process", "stream", "message"}
    assert {line["stream"] for line in found if line["process"] == ""} == {"ncolony"}
    asked = [line["message"] for line in found if line["process"] in ("web-a", "web-b")]
    visits = [message for message in asked if "/visit" in message]
    assert len(visits) >= len(client.visits) >= 200
    assert all(re.fullmatch(r"127\.0\.0\.1 'GET /\w+ HTTP/1\.0' 200|bye", said) for said in asked)


def test_the_access_log_is_kept_in_files(served: Container) -> None:
    """nginx writes to /dev/stdout; a line for each request is in a file of its own."""
    with load(served, {"/": 2, "/visit": 2}) as client:
        client.goes_on("/", "/visit", count=100)
    until_each_is_logged(served, client)
    folder = served.colony / "logs" / "nginx"
    assert folder.stat().st_mode & 0o777 == 0o750
    assert (folder / "current").stat().st_mode & 0o777 == 0o640


def test_the_secret_is_seen_by_nobody_else(served: Container) -> None:
    """``env_from``: in the environment of those that ask for it; in no file, no status, no log."""
    pids = settled(served)
    fetch(served, "/visit")
    for seen in served.processes():
        environ = Path(f"/proc/{seen.outer}/environ").read_bytes()
        mine = seen.inner in (pids["web-a"], pids["web-b"])
        assert (SECRET.encode() in environ) == mine, seen
        for variable in environ.split(b"\0"):
            if not variable.startswith(b"SIGNING_KEY="):
                assert SECRET.encode() not in variable
    for path in served.colony.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a file has another name while it is written
            assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
    assert SECRET not in served.log()


# What happens to it


def test_a_restart_under_load_loses_no_request(served: Container) -> None:
    """One after the other of the application's two is restarted, in order or by KILL."""
    before = settled(served)
    with load(served, {"/": 2, "/visit": 4}) as client:
        client.goes_on("/", "/visit")
        for name in ("web-a", "web-b", "web-a", "web-b"):
            served.exec("ncolony", "restart", name, "--wait")
            client.goes_on("/", name)  # not before: RUNNING isn't yet serving
        for name in ("web-a", "web-b"):
            pid = served.running(name)
            served.kill(pid)
            served.running(name, other_than=pid)
            client.goes_on("/", name)
    assert client.failures == []
    after = served.pids()
    bystanders(before, after, "web-a", "web-b")
    assert before["web-a"] != after["web-a"]
    assert before["web-b"] != after["web-b"]
    until_recorded(served, client.visits)


def test_a_restarted_nginx_is_back_at_once(served: Container) -> None:
    """Its port is free when the next one starts; nobody behind it takes notice."""
    before = settled(served)
    with load(served, {"/": 2, "/visit": 2}) as client:
        client.goes_on("/", "/visit")
        for _ in range(3):
            served.exec("ncolony", "restart", "nginx", "--wait")
            client.goes_on("/", "/visit")
    cut_off = re.compile(r"/\w*: (Connection|RemoteDisconnected|BrokenPipe|IncompleteRead)")
    assert [failure for failure in client.failures if not cut_off.match(failure)] == []
    bystanders(before, served.pids(), "nginx")
    assert "Address already in use" not in texts(served, "nginx", "stderr-")


def test_a_swapped_configmap_changes_what_it_says(served: Container) -> None:
    """Changed, new, gone and wrong files in one swap: each has its effect, others have none."""
    before = settled(served)
    with load(served, {"/": 2, "/visit": 4}) as client:
        client.goes_on("/", "/visit")
        changed = served.configured("rotation")
        changed["env"] = {"EVERY_S": "1"}
        served.configure("rotation", *changed.pop("args"), **changed)
        served.configure("extra", "sleep", "infinity", env={"PATH": "/usr/bin"})
        served.configure("redis", log="nowhere")
        served.swap()
        served.running("extra")
        rotation = served.running("rotation", other_than=before["rotation"])
        until(lambda: (served.status("redis") or {})["refused"], "redis's new file is refused")
        # Every second new files begin, of those that have any, and only when there is something.
        until(lambda: len(logs(served, "worker")) >= 3, "the worker's log is rotated")
        until(lambda: len(logs(served, "nginx")) >= 3, "nginx's log is rotated")
        assert served.exec("ncolony", "status", "--quiet", check=False).returncode == 1
        served.forget("extra")
        served.take(EXAMPLE / "config")
        served.swap()
        until(lambda: served.status("extra") is None, "extra is gone")
        until(lambda: (served.status("redis") or {})["refused"] is None, "redis's file is good")
        served.running("rotation", other_than=rotation)
        client.goes_on("/", "/visit")
    assert client.failures == []
    bystanders(before, served.pids(), "rotation")
    until_recorded(served, client.visits)
    until_each_is_logged(served, client)
    for name in ("worker", "nginx"):
        assert len(logs(served, name)) >= 3, "across files"
    assert served.exec("ncolony", "status", "--quiet").returncode == 0


def test_each_that_is_killed_comes_back(served: Container) -> None:
    """A new process, nobody else disturbed, the application answers, and nothing is left."""
    settled(served)
    with load(served, {"/": 2}) as client:
        for name in STACK:
            before = served.pids()
            served.kill(before[name])
            served.running(name, other_than=before[name])
            bystanders(before, served.pids(), name)
            wait_until_served(served)
            client.goes_on("/")
            assert fetch(served, "/visit").startswith("visit ")
            if name == "nginx":
                refused = client.failures
            assert client.failures == refused, name
    until(lambda: served.zombies() == [], "no zombie is left")
    ours = [seen for seen in served.processes() if seen.parent == served.pid]
    assert len(ours) == len(STACK), "one of each, and nothing that they left"


def test_on_a_full_disk_only_the_writer_waits(served: Container) -> None:
    """``full: wait`` keeps the worker's record whole; ``full: drop`` keeps nginx serving."""
    before = settled(served)
    with load(served, {"/": 2, "/visit": 4}) as client:
        client.goes_on("/", "/visit")
        filler = fill(served.colony / "logs")
        waits, drops = until(lambda: said_of_output(served, "worker", "nginx"), "they say so")
        assert waits == f"output waits: No space left on device ({COLONY}/logs/worker/current)"
        why = f"No space left on device ({COLONY}/logs/nginx/current)"
        assert drops.startswith(f"output is dropped: {why}")
        client.goes_on("/", "/visit", count=400)
        so_far = texts(served, "worker")
        client.goes_on("/", "/visit", count=200)
        assert texts(served, "worker") == so_far, "nothing more fits"
        assert client.failures == []
        for name in ("redis", "web-a", "web-b", "rotation"):
            assert not said_of_output(served, name), name
        filler.unlink()
        until(lambda: not said_of_output(served, "worker"), "it goes on by itself")
        client.goes_on("/", "/visit")
    assert client.failures == []
    assert served.pids() == before
    until_recorded(served, client.visits)
    until(lambda: "dropped" in texts(served, "nginx"), "it says in its place what is missing")
    for line in lines_of(served, "nginx"):
        assert ACCESS.fullmatch(line) or "dropped" in line, f"not a whole line: {line!r}"


def said_of_output(container: Container, *names: str) -> list[str]:
    """What the status says of these processes' output; empty unless it does of each."""
    found = [(container.status(name) or {})["output"] for name in names]
    return found if all(found) else []


# Its end


def test_docker_stop_ends_it_in_time(served: Container) -> None:
    """TERM under load: 0 before ``docker stop`` loses its patience, and nothing is left."""
    with load(served, {"/": 2, "/visit": 2}) as client:
        client.goes_on("/", "/visit")
        assert served.stop(10) == 0
    assert served.processes() == []
    bye = [line for line in served.json_lines() if line["message"] == "bye"]
    assert {line["process"] for line in bye} == {"web-a", "web-b"}, "they finished"


def test_what_is_essential_ends_the_container(stack: Container) -> None:
    """An nginx that can't be kept: five failures in a minute, and its exit code is all of it."""
    changed = stack.configured("nginx")
    changed["minrestartdelay"] = 0.05
    del changed["log"]
    changed["args"][-1] = "/nowhere"
    stack.configure("nginx", *changed.pop("args"), **changed)
    stack.start(wait=False)
    assert stack.wait() == 1
    assert stack.processes() == []
    assert stack.log().count('open() \\"/nowhere\\" failed') == 5
