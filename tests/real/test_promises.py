"""One, convergence, no trace, bounded end, truth: kept by a real monitor with real processes."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import time
from hashlib import sha256
from pathlib import Path

import pytest
from colony import (
    LAUNCHES,
    Colony,
    alive,
    children_of,
    command_line_of,
    descriptors_of,
    place,
    proc_state,
    proc_status,
    until,
    until_none,
)

#: Nothing here may need the clock of the fallback.
NO_CLOCK = ("--frequency", "3600")

# 1. One

_STUBBORN = """
import fcntl, os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    print("OVERLAP", flush=True)
else:
    print("alone", flush=True)
os.fork()  # a member of the group, which holds the lock as well
while True:
    time.sleep(100)
"""


def test_the_whole_group_is_gone_before_the_next_start(colony: Colony) -> None:
    """A child that ignores TERM, with a member of its group that does: no two runs overlap."""
    colony.start("--killtime", "0.1", *NO_CLOCK)
    command = ["python3", "-S", "-c", _STUBBORN, str(colony.root / "lock")]
    environment = {"PATH": os.environ["PATH"]}
    colony.configure("web", *command, env=environment)
    pid = colony.running("web")
    for run in range(1, 5):
        until(lambda run=run: len(colony.lines("web")) == run, f"run {run} has the lock")
        colony.ask("RESTART", "web")
        pid = colony.running("web", other_than=pid)
    until(lambda: len(colony.lines("web")) == 5, "all have said something")
    assert set(colony.lines("web")) == {b"alone"}


def test_what_a_run_leaves_in_its_group_ends_with_it(colony: Colony) -> None:
    """A leader that ends by itself and leaves another behind: that goes before the next start."""
    colony.start("--killtime", "0.1", "--threshold", "0")
    colony.shell("web", f"flock -n {colony.root}/lock sleep infinity & sleep 0.05")
    colony.until_state("web", "RUNNING", "STOPPING")
    until(lambda: (colony.of("web") or {})["starts"] >= 5, "five runs")
    colony.remove("web")
    colony.gone("web")
    assert colony.mine() == {}


def test_a_restart_while_it_stops_is_one_start(colony: Colony) -> None:
    """Requests that cross: restart, stop, start and a new file while TERM is ignored."""
    colony.start("--killtime", "600")
    colony.python(
        "web",
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True)\n"
        "while True: time.sleep(9)",
    )
    pid = colony.running("web")
    colony.said(b"web: up")
    colony.ask("RESTART", "web")
    colony.until_state("web", "STOPPING")
    colony.ask("STOP", "web")
    colony.ask("START", "web")
    colony.ask("RESTART", "web")
    contents = colony.configure("web")
    until(lambda: not list(colony.messages.glob("m*")), "all are taken")
    colony.until_state("web", "STOPPING", fingerprint=sha256(contents).hexdigest())
    os.kill(pid, signal.SIGKILL)
    now = colony.until_state("web", "RUNNING", starts=2)
    until(lambda: list(colony.mine()) == [now["pid"]], "one runs")


# 2. Convergence


def test_files_before_the_monitor_and_after_it(colony: Colony) -> None:
    """It doesn't matter which comes first."""
    colony.configure("early")
    colony.start(*NO_CLOCK)
    colony.configure("late")
    pids = {colony.running("early"): "early", colony.running("late"): "late"}
    until(lambda: colony.mine() == pids, "both run, each once")


def test_other_contents_restart_and_the_same_contents_do_not(colony: Colony) -> None:
    """Written again, by rename or in place: what is in the file counts."""
    colony.start(*NO_CLOCK)
    contents = colony.configure("web")
    pid = colony.running("web")
    colony.write("web", contents)
    (colony.config / "web").write_bytes(contents)
    os.utime(colony.config / "web", (1, 1))
    colony.configure("after")
    colony.running("after")
    assert colony.running("web") == pid
    colony.write("web", contents + b" ")
    colony.running("web", other_than=pid)
    assert not alive(pid)


def test_a_burst_of_changes_ends_with_the_last(colony: Colony) -> None:
    """Three hundred versions of a file, in place and of one size: the last one runs."""
    colony.start("--threshold", "0", *NO_CLOCK)
    for i in range(300):
        document = {"args": ["sleep", "infinity"], "env": {"V": f"{i:03}"}, "m.m": colony.mark}
        (colony.config / "web").write_bytes(json.dumps(document).encode())
        if i % 50 == 0:
            colony.running("web")

    def last_version() -> bool:
        with contextlib.suppress(OSError):
            environ = Path(f"/proc/{colony.running('web')}/environ").read_bytes()
            return b"V=299" in environ.split(b"\0")
        return False

    until(last_version, "the last version runs")


def test_removal_stops_and_the_status_goes(colony: Colony) -> None:
    """A file's removal stops its process; its status goes with it."""
    colony.start(*NO_CLOCK)
    colony.configure("web")
    pid = colony.running("web")
    colony.remove("web")
    colony.gone("web")
    assert not alive(pid)
    assert (colony.monitor_status() or {})["state"] == "running"


def test_a_config_map_swap_is_one_change(colony: Colony) -> None:
    """As Kubernetes does it: sizes and times are the same, only ``..data`` leads elsewhere."""

    def version(number: int) -> str:
        directory = colony.config / f"..v{number}"
        directory.mkdir()
        for name in ("web", "api"):
            document = {"args": ["sleep", f"100{number}"], "m.m": colony.mark}
            (directory / name).write_bytes(json.dumps(document).encode())
            os.utime(directory / name, (1, 1))
        return directory.name

    (colony.config / "..data").symlink_to(version(1))
    for name in ("web", "api"):
        (colony.config / name).symlink_to(f"..data/{name}")
    colony.start(*NO_CLOCK)
    pids = [colony.running(name) for name in ("web", "api")]
    (colony.config / "..tmp").symlink_to(version(2))
    (colony.config / "..tmp").rename(colony.config / "..data")
    for name, pid in zip(("web", "api"), pids, strict=True):
        new = colony.running(name, other_than=pid)
        assert command_line_of(new) == [b"sleep", b"1002"]
    (colony.config / "..tmp").symlink_to("..v2")
    (colony.config / "..tmp").rename(colony.config / "..data")
    colony.configure("after")
    colony.running("after")
    assert [(colony.of(name) or {})["starts"] for name in ("web", "api")] == [2, 2]


def test_hundreds_of_restarts_at_once_are_one(colony: Colony) -> None:
    """Three hundred requests that wait when the monitor comes to them."""
    colony.start(*NO_CLOCK)
    colony.configure("web")
    colony.running("web")
    os.kill(colony.pid, signal.SIGSTOP)
    until(lambda: proc_state(colony.pid) == "T", "the monitor is stopped")
    for _ in range(300):
        colony.ask("RESTART", "web")
    os.kill(colony.pid, signal.SIGCONT)
    until(lambda: not list(colony.messages.glob("m*")), "all are taken")
    colony.until_state("web", "RUNNING", starts=2)
    colony.configure("after")
    colony.running("after")
    assert (colony.of("web") or {})["starts"] == 2


@pytest.mark.parametrize(
    ("older", "newer", "want"), [("STOP", "START", "UP"), ("START", "STOP", "DOWN")]
)
def test_requests_go_by_their_times(colony: Colony, older: str, newer: str, want: str) -> None:
    """Not by their names; those decide only between equal times."""
    colony.start(*NO_CLOCK)
    colony.configure("web")
    colony.configure("names")
    colony.running("web")
    colony.running("names")
    os.kill(colony.pid, signal.SIGSTOP)
    until(lambda: proc_state(colony.pid) == "T", "the monitor is stopped")
    for kind, file_name, at, process in (
        (older, "z", 1000, "web"),
        (newer, "a", 2000, "web"),
        (older, "c", 3000, "names"),
        (newer, "d", 3000, "names"),
    ):
        path = colony.messages / f"{file_name}.new"
        path.write_bytes(json.dumps({"type": kind, "name": process}).encode())
        os.utime(path, (at, at))
        path.rename(colony.messages / file_name)
    os.kill(colony.pid, signal.SIGCONT)
    state = "RUNNING" if want == "UP" else "STOPPED"
    for process in ("web", "names"):
        until(lambda p=process: (colony.of(p) or {})["want"] == want, f"{process} is wanted {want}")
        colony.until_state(process, state, want=want)
    assert (colony.monitor_status() or {})["rejected"] == 0


def test_requests_do_what_they_say(colony: Colony) -> None:
    """RESTART of one, of a group, of all; STOP is remembered; START; SIGNAL to the process."""
    colony.start(*NO_CLOCK)
    colony.configure("a", group=["g"])
    colony.configure("b", group=["g", "h"])
    colony.shell("c", "trap 'echo got USR1' USR1; echo ready; while :; do sleep 0.05; done")
    before = {name: colony.running(name) for name in "abc"}
    colony.said(b"c: ready")
    colony.ask("SIGNAL", "c", signal="USR1")
    colony.said(b"c: got USR1")
    colony.ask("RESTART-GROUP", group="g")
    for name in "ab":
        before[name] = colony.running(name, other_than=before[name])
    assert colony.running("c") == before["c"]
    colony.ask("STOP", "b", reason="for a test")
    assert "for a test" in colony.until_state("b", "STOPPED", want="DOWN")["reason"]
    colony.ask("RESTART-ALL")
    for name in "ac":
        colony.running(name, other_than=before[name])
    colony.configure("b", "sleep", "1000", group=["g"])
    colony.configure("after")
    colony.running("after")
    assert (colony.of("b") or {})["state"] == "STOPPED"
    colony.ask("START", "b")
    assert command_line_of(colony.running("b")) == [b"sleep", b"1000"]


def test_a_clock_helps_where_notices_do_not(colony: Colony) -> None:
    """A directory behind a symbolic link, a file that is a link to elsewhere."""
    real = colony.root / "elsewhere"
    real.mkdir()
    colony.config.rmdir()
    colony.config.symlink_to(real)
    colony.start("--frequency", "0.1")
    target = colony.root / "target"
    place(target, json.dumps({"args": ["sleep", "1001"], "m.m": colony.mark}).encode())
    (colony.config / "web").symlink_to(target)
    pid = colony.running("web")
    place(target, json.dumps({"args": ["sleep", "1002"], "m.m": colony.mark}).encode())
    colony.running("web", other_than=pid)


# 4. No trace


def test_a_thousand_runs_leave_no_trace(colony: Colony) -> None:
    """As many descriptors, no zombie, the same memory."""
    colony.start("--threshold", "0", "--killtime", "1")
    names = [f"ends{i}" for i in range(10)]

    def runs() -> int:
        return sum((colony.of(name) or {}).get("starts", 0) for name in names)

    def end() -> None:
        for name in names:
            colony.remove(name)
        for name in names:
            colony.gone(name)

    for name in names:
        colony.shell(name, "echo once more; sleep 0.001 & exit 0")
    colony.configure("lives")
    colony.running("lives")
    until_none(lambda: 100 - runs(), "a hundred runs")
    end()
    descriptors = len(descriptors_of(colony.pid))
    memory_kb = _own_memory_kb(colony.pid)
    for name in names:
        colony.shell(name, "echo once more; exit 0")
    pid = colony.running("lives")
    until_none(lambda: 1000 - runs(), "a thousand runs")
    for _ in range(20):
        colony.ask("RESTART", "lives")
        pid = colony.running("lives", other_than=pid)
    end()
    until(lambda: children_of(colony.pid) == [(pid, "S")], "no zombie is left")
    until(lambda: len(descriptors_of(colony.pid)) <= descriptors, "no descriptor more than before")
    assert _own_memory_kb(colony.pid) - memory_kb < 2048


def _own_memory_kb(pid: int) -> int:
    """Without what is a file's, too: of that the kernel keeps as much as it has room for."""
    return int(proc_status(pid)["RssAnon"].split()[0])


def test_orphans_are_buried(colony: Colony) -> None:
    """What a child leaves outside of its group comes to the monitor, which reaps it."""
    colony.start()
    colony.shell("one", "(setsid sleep 0.2 & echo left) & exec sleep infinity")
    colony.shell("two", "(setsid sh -c 'sleep 0.3; true' & echo left); exec sleep infinity")
    for name in ("one", "two"):
        colony.said(f"{name}: left".encode())
    pids = sorted(colony.running(name) for name in ("one", "two"))
    until(lambda: sorted(colony.mine()) == pids, "the orphans have ended")
    until(lambda: children_of(colony.pid) == [(pid, "S") for pid in pids], "no zombie is left")


def test_a_colony_at_rest_costs_nothing(colony: Colony) -> None:
    """Twenty processes, three seconds: the monitor isn't woken once."""
    for i in range(20):
        colony.configure(f"p{i}")
    colony.start()
    for i in range(20):
        colony.running(f"p{i}")

    def switches() -> int:
        return int(proc_status(colony.pid)["voluntary_ctxt_switches"])

    def quiet() -> bool:
        before = switches()
        time.sleep(3)  # this is what is measured
        return switches() == before and proc_state(colony.pid) == "S"

    # The last status files are written a little after the last start, on a busy machine later.
    until(quiet, "nothing wakes it for three seconds")


# 6. Bounded end

_DEAF = "trap '' TERM; echo up; while :; do sleep 1000; done"


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_the_end_is_bounded(colony: Colony, signum: int) -> None:
    """Children that ignore TERM: killtime, half a second, and nothing is left."""
    killtime_s = 0.5

    def took_s(script: str, killtime_s: float) -> float:
        colony.log_path.write_bytes(b"")
        for i in range(10):
            colony.shell(f"p{i}", script)
        colony.start("--killtime", str(killtime_s))
        for i in range(10):
            colony.running(f"p{i}")
            until(lambda i=i: colony.lines(f"p{i}"), f"p{i} is up")
        begin = time.monotonic()
        assert colony.stop(signum) == 0
        took = time.monotonic() - begin
        assert colony.mine() == {}
        return took

    def is_in_time() -> bool:
        # This machine may be busy with something else: what does it take for those who obey?
        others_s = took_s("echo up; exec sleep infinity", 600)
        deaf_s = took_s(_DEAF, killtime_s)
        assert deaf_s >= killtime_s
        return deaf_s <= killtime_s + max(0.5, 2 * others_s)

    until(is_in_time, "the end comes within half a second after the kill timeout")


def test_who_ends_at_once_is_not_waited_for(colony: Colony) -> None:
    """With a killtime of ten minutes, and one process down and one in BACKOFF."""
    colony.configure("web")
    colony.configure("down")
    colony.configure("never", "/nowhere")
    colony.start("--killtime", "600")
    colony.running("web")
    colony.running("down")
    colony.ask("STOP", "down")
    colony.until_state("down", "STOPPED")
    colony.until_state("never", "BACKOFF")
    assert colony.stop() == 0  # and not later than any condition here


# 7. Truth


def test_after_an_orderly_end_no_status_is_left(colony: Colony) -> None:
    """But the monitor's own, which says that it has stopped."""
    colony.configure("web")
    colony.write("bad", b"{")
    colony.start()
    colony.running("web")
    colony.until_state("bad", "FAILED")
    colony.stop()
    left = [path.name for path in colony.status.iterdir() if not path.name.startswith(".")]
    assert left == []
    assert (colony.monitor_status() or {})["state"] == "stopped"


def test_status_files_of_a_killed_monitor_are_cleaned(colony: Colony) -> None:
    """The next monitor replaces what it knows, and removes what it doesn't."""
    colony.configure("web")
    colony.configure("old")
    colony.start()
    colony.running("old")
    pid = colony.running("web")
    assert colony.monitor is not None
    colony.monitor.kill()
    colony.monitor.wait()
    for orphan in colony.mine():
        os.kill(orphan, signal.SIGKILL)
    colony.remove("old")
    (colony.status / ".writing.new").write_bytes(b"half a fi")
    colony.start()
    colony.running("web", other_than=pid)
    colony.gone("old")
    assert (colony.status / "web").exists()
    assert (colony.monitor_status() or {})["pid"] == colony.pid


def test_a_status_file_is_always_whole(colony: Colony) -> None:
    """Thousands of reads while it is written over and over: each is JSON, and never missing."""
    colony.start("--threshold", "0")
    colony.configure("web", "true", **{"long.key": "x" * 20_000})
    colony.until_state("web", "RUNNING", "STARTING")
    seen = set()
    for _ in range(4000):
        now = colony.of("web")
        assert now is not None
        assert now["name"] == "web"
        seen.add(now["starts"])
        assert colony.monitor_status() is not None
    until(lambda: seen.add((colony.of("web") or {})["starts"]) or len(seen) >= 5, "it changes")


def test_a_second_monitor_is_refused(colony: Colony) -> None:
    """One line, an exit code, and the first one goes on."""
    colony.configure("web")
    colony.start()
    pid = colony.running("web")
    for launch in LAUNCHES.values():
        second = subprocess.run(
            [*launch, "--colony", str(colony.root)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=colony.root,
        )
        assert second.returncode == 75, launch
        said = [i for i in (second.stdout + second.stderr).splitlines() if "another monitor" in i]
        assert len(said) == 1, second
        assert "Traceback" not in second.stdout + second.stderr
    assert colony.monitor_lives()
    assert colony.running("web") == pid
    assert len(colony.mine()) == 1


def test_the_last_hundred_rejected_requests_are_kept(colony: Colony) -> None:
    """Each with its reason beside it."""
    colony.start()
    names = [colony.ask("RESTART", f"nobody{i}") for i in range(130)]
    until(lambda: (colony.monitor_status() or {})["rejected"] == 130, "all are rejected")
    kept = names[-100:]
    found = {path.name for path in (colony.messages / ".rejected").iterdir()}
    assert found == {*kept, *(f"{name}.reason" for name in kept)}


def test_a_monitor_that_was_stopped_for_a_while_catches_up(colony: Colony) -> None:
    """Children die, files come and go while it can't look: then all is as configured."""
    colony.start(*NO_CLOCK)
    for name in "abcd":
        colony.configure(name)
    pids = {name: colony.running(name) for name in "abcd"}
    os.kill(colony.pid, signal.SIGSTOP)
    until(lambda: proc_state(colony.pid) == "T", "the monitor is stopped")
    os.kill(pids["a"], signal.SIGKILL)
    colony.remove("b")
    colony.configure("c", "sleep", "1000")
    colony.configure("e")
    colony.configure("f")
    colony.remove("f")
    os.kill(colony.pid, signal.SIGCONT)
    for name in "ac":
        colony.running(name, other_than=pids[name])
    colony.running("e")
    colony.gone("b")
    assert colony.running("d") == pids["d"]
    until(lambda: sorted(colony.mine().values()) == ["a", "c", "d", "e"], "each runs once")


def test_back_off_doubles_and_says_when(colony: Colony) -> None:
    """A program that ends at once is started less and less often, and a restart asks anew."""
    colony.start("--minrestartdelay", "0.1", "--maxrestartdelay", "0.4")
    colony.shell("web", "read seconds rest </proc/uptime; echo $seconds")
    until(lambda: len(colony.lines("web")) >= 5, "five runs")
    times = [float(line) for line in colony.lines("web")[:5]]
    gaps = [b - a for a, b in itertools.pairwise(times)]
    for gap, least in zip(gaps, (0.1, 0.2, 0.4, 0.4), strict=True):
        assert gap >= least - 0.01
    now = colony.until_state("web", "BACKOFF")
    assert now["next_start"] is not None
    assert now["last_exit"]["code"] == 0
    colony.configure("web")
    colony.running("web")


# Pid files


def test_pid_files_are_written_aside_and_removed(colony: Colony) -> None:
    """Never through a symbolic link, whole at any time, gone with their process."""
    pids = colony.root / "pids"
    pids.mkdir()
    precious = colony.root / "precious"
    precious.write_bytes(b"keep me")
    (pids / "web").symlink_to(precious)
    colony.start("--pid", str(pids), *NO_CLOCK)
    colony.configure("web")
    pid = colony.running("web")
    until(lambda: not (pids / "web").is_symlink(), "the link is replaced")
    assert (pids / "web").read_text() == f"{pid}\n"
    assert precious.read_bytes() == b"keep me"
    colony.ask("RESTART", "web")
    new = colony.running("web", other_than=pid)
    until(lambda: (pids / "web").read_text() == f"{new}\n", "the new pid")
    colony.ask("STOP", "web")
    colony.until_state("web", "STOPPED")
    until(lambda: not (pids / "web").exists(), "the file goes")
    colony.ask("START", "web")
    colony.running("web")
    colony.stop()
    assert list(pids.iterdir()) == []
