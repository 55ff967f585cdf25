"""Policies: when a process starts again, when it has ended for good, and what follows from that."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from colony import DEADLINE_S, LAUNCHES, Colony, until
from elsewhere import AS_NOBODY, command_of, everywhere, hand_over, needs_root

by_any_launcher = pytest.mark.parametrize("launch", LAUNCHES)
QUICK = {"threshold": 0}


def runs_of(colony: Colony, name: str) -> int:
    return int((colony.of(name) or {}).get("starts", 0))


def ended(colony: Colony) -> int:
    """The exit code of a monitor that ends by itself."""
    assert colony.monitor is not None
    code = colony.monitor.wait(DEADLINE_S)
    colony.monitor = None
    return code


# Restart, and success


def test_whether_it_starts_again(colony: Colony) -> None:
    """``restart`` and ``success``: each end as its policy takes it, and the status says which."""
    ends = {"0": "exit 0", "3": "exit 3", "TERM": "kill -TERM $$", "KILL": "kill -KILL $$"}
    successes: dict[str, list[int | str]] = {"default": [0], "3": [0, 3], "TERM": ["TERM"]}
    expected = {}
    for (end, script), (name, success) in itertools.product(ends.items(), successes.items()):
        succeeds = {"0": 0, "3": 3, "TERM": "TERM", "KILL": "KILL"}[end] in success
        for restart in ("always", "on-failure", "never"):
            again = restart == "always" or (restart == "on-failure" and not succeeds)
            key = f"{restart}.{end}.{name}"
            expected[key] = (again, succeeds)
            colony.shell(key, f"sleep 0.1; {script}", restart=restart, success=success, **QUICK)
    colony.start("--maxrestartdelay", "1")
    for name, (again, succeeds) in expected.items():
        if again:
            until(lambda name=name: runs_of(colony, name) > 1, f"{name} starts again")
        else:
            now = colony.until_state(name, "EXITED")
            assert (now["starts"], now["success"], now["want"]) == (1, succeeds, "UP"), name
            assert now["pid"] is None
            assert "not to start again" in now["reason"]
    colony.ask("START", "never.3.default")
    colony.until_state("never.3.default", "EXITED", starts=2)
    colony.ask("RESTART", "never.0.3")
    colony.until_state("never.0.3", "EXITED", starts=2)
    colony.ask("RESTART-ALL")
    colony.until_state("never.3.TERM", "EXITED", starts=1)
    colony.configure("never.3.default", restart="never")
    colony.running("never.3.default")


def test_the_monitors_defaults_are_for_all(colony: Colony) -> None:
    """What a file doesn't say, the command line does; what it says, goes before that."""
    colony.shell("fails", "sleep 0.05; exit 3")
    colony.shell("succeeds", "sleep 0.05; exit 4")
    colony.shell("own", "sleep 0.05; exit 3", restart="always", threshold=0, give_up=None)
    options = ["--restart", "on-failure", "--success", "0,4", "--give-up", "3/60", "-m", "0.01"]
    colony.start(*options, "--jitter", "0.5", "--stop-signal", "INT", "--killtime", "60")
    colony.until_state("succeeds", "EXITED", starts=1, success=True)
    now = colony.until_state("fails", "FAILED", starts=3)
    assert "gave up: 3 failures within 60 s" in now["reason"]
    until(lambda: runs_of(colony, "own") > 4, "its own policy goes on")
    colony.shell("int", "trap 'echo INT; exit 0' INT; echo up; while :; do sleep 0.01; done")
    until(lambda: colony.lines("int"), "it is up")
    colony.ask("STOP", "int")
    colony.until_state("int", "STOPPED")
    until(lambda: b"INT" in colony.lines("int"), "it had its signal")


def test_giving_up_and_beginning_anew(colony: Colony) -> None:
    """So many failures and it is FAILED, until it is asked, its file changes, or time has gone."""
    rules = {"minrestartdelay": 0.01, "maxrestartdelay": 0.02}
    give_up = {"failures": 3, "within": 60}
    colony.shell("fails", "exit 3", give_up=give_up, **rules)
    colony.configure("missing", "/nowhere/program", give_up=give_up, **rules)
    colony.shell("succeeds", "exit 0", give_up=give_up, **rules)
    colony.shell("slowly", "sleep 0.3; exit 3", give_up={"failures": 3, "within": 0.4}, **rules)
    colony.start()
    now = colony.until_state("fails", "FAILED", starts=3)
    assert (now["pid"], now["next_start"], now["want"]) == (None, None, "UP")
    assert "gave up: 3 failures within 60 s" in now["reason"]
    assert "exited with code 3" in now["reason"]
    now = colony.until_state("missing", "FAILED", starts=3)
    assert "gave up" in now["reason"]
    assert "cannot start /nowhere/program" in now["reason"]
    until(lambda: runs_of(colony, "succeeds") > 4, "successes don't count")
    until(lambda: runs_of(colony, "slowly") > 3, "failures too far apart don't count")
    colony.ask("START", "fails")
    colony.until_state("fails", "FAILED", starts=6)
    colony.shell("fails", "sleep 1000000", give_up=give_up, **rules)
    colony.until_state("fails", "RUNNING", starts=7)


def test_back_off_is_lengthened_by_chance_within_bounds(colony: Colony) -> None:
    """``jitter``: never shorter, never longer than by that fraction, and not always the same."""
    for number in range(10):
        rules = {"minrestartdelay": 0.2, "maxrestartdelay": 0.2, "jitter": 1}
        script = "read seconds rest </proc/uptime; echo $seconds; exit 1"
        colony.shell(f"p{number}", script, **rules)
    colony.start()
    gaps, pauses = [], []
    for number in range(10):
        now = colony.until_state(f"p{number}", "BACKOFF")
        since, next_start = map(datetime.fromisoformat, (now["since"], now["next_start"]))
        pauses.append((next_start - since).total_seconds())
        until(lambda n=number: len(colony.lines(f"p{n}")) >= 4, "three pauses")
        times = [float(line) for line in colony.lines(f"p{number}")[:4]]
        gaps += [b - a for a, b in itertools.pairwise(times)]
    assert min(gaps) >= 0.2 - 0.01
    assert max(gaps) - min(gaps) > 0.05
    # On a busy machine a start may come later than it was to.
    assert all(0.2 - 0.002 <= pause <= 0.4 + 0.002 for pause in pauses), pauses


def test_each_files_own_numbers_count(colony: Colony) -> None:
    """``threshold``, ``killtime``, delays: seconds, or words for them, instead of the monitor's."""
    colony.shell("lives-long-enough", "sleep 0.1; exit 1", threshold="0.05s")
    colony.shell("backs-off", "sleep 0.1; exit 1", threshold="1h", minrestartdelay="30m")
    deaf = "trap '' TERM; echo up; while :; do sleep 1000; done"
    colony.shell("patient", deaf, killtime="1h")
    colony.shell("hasty", deaf, killtime=0.1)
    colony.start("--killtime", "60", "--threshold", "60")
    until(lambda: runs_of(colony, "lives-long-enough") > 2, "it starts at once")
    now = colony.until_state("backs-off", "BACKOFF")
    assert now["starts"] == 1
    for name in ("patient", "hasty"):
        until(lambda name=name: colony.lines(name), f"{name} is deaf by now")
        colony.ask("STOP", name)
    colony.until_state("hasty", "STOPPED")
    assert colony.until_state("patient", "STOPPING")
    assert colony.monitor is not None
    colony.monitor.send_signal(signal.SIGTERM)
    until(lambda: (colony.monitor_status() or {})["state"] == "stopping", "it is stopping")
    assert colony.stop() == 0  # the second one can't wait
    colony.monitor = None


def test_what_is_not_enabled_is_known_and_down(colony: Colony) -> None:
    """``enabled``: flipped in the file, asked for by a request, and again after the monitor."""
    colony.configure("web", enabled=False)
    colony.start()
    now = colony.until_state("web", "STOPPED")
    assert (now["want"], now["starts"]) == ("DOWN", 0)
    colony.configure("web", enabled=True)
    colony.running("web")
    colony.configure("web", enabled=False)
    now = colony.until_state("web", "STOPPED")
    assert (now["want"], now["reason"]) == ("DOWN", "disabled in its file")
    colony.ask("START", "web")
    pid = colony.running("web")
    colony.configure("web", "sleep", "1000", enabled=False)
    colony.running("web", other_than=pid)
    assert colony.stop() == 0
    colony.start()
    colony.until_state("web", "STOPPED", want="DOWN", starts=0)
    colony.ask("RESTART-ALL")
    colony.configure("other")
    colony.running("other")
    assert (colony.of("web") or {})["state"] == "STOPPED"


# Essential processes


def essential(colony: Colony, script: str, **others: Any) -> None:
    """Beside it, others that take their time to end; one of them has a daemon."""
    slow = "trap 'sleep 0.2; echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done"
    colony.shell("slow", slow)
    colony.shell("daemon", "(setsid env -i sleep 1000000 &); exec sleep 1000000")
    fifo = colony.root / "go"
    os.mkfifo(fifo)
    colony.shell("main", f"read go <{fifo}; {script}", essential=True, **others)


def go(colony: Colony) -> None:
    """Let the essential process come to its end, once the others are up."""
    until(lambda: colony.lines("slow"), "the others are up")
    colony.running("main")
    colony.running("daemon")
    (colony.root / "go").write_text("\n")


@pytest.mark.parametrize(
    ("script", "code", "others"),
    [
        ("exit 3", 3, {"restart": "never"}),
        ("exit 0", 0, {"restart": "on-failure"}),
        ("exit 4", 4, {"restart": "on-failure", "success": [0, 4]}),
        ("kill -KILL $$", 128 + 9, {"restart": "never"}),
        ("kill -TERM $$", 128 + 15, {"restart": "never"}),
        ("exit 5", 5, {"give_up": {"failures": 1, "within": 60}}),
        ("exec /nowhere/program", 127, {"restart": "never"}),
    ],
    ids=str,
)
def test_the_end_of_an_essential_process_is_the_colonys(
    colony: Colony, script: str, code: int, others: dict[str, Any]
) -> None:
    """The rest is stopped in order, and the monitor exits with its code."""
    essential(colony, script, **others)
    colony.start("--killtime", "30")
    go(colony)
    assert ended(colony) == code
    assert colony.lines("slow")[-1] == b"bye"
    assert colony.marked() == []
    assert (colony.monitor_status() or {})["state"] == "stopped"


@pytest.mark.parametrize(("launch", "code"), [("twistd", 3), ("twist", 3), ("twistd", 0)])
def test_whoever_started_the_monitor_learns_the_code(
    colony: Colony, launch: str, code: int
) -> None:
    """Also from twistd and twist, which know no exit codes of their own."""
    essential(colony, f"exit {code}", restart="never")
    colony.start("--killtime", "30", launch=launch)
    go(colony)
    assert ended(colony) == code
    assert colony.lines("slow")[-1] == b"bye"
    assert colony.marked() == []


@everywhere
def test_the_code_is_the_same_everywhere(colony: Colony, start: Callable[..., None]) -> None:
    """As process 1 a container's exit code is what it is for."""
    essential(colony, "kill -SEGV $$", restart="never")
    (colony.root / "go").chmod(0o666)
    start(colony, "--killtime", "30")
    go(colony)
    assert ended(colony) == 128 + 11
    assert colony.marked() == []


def test_an_essential_process_that_cannot_be_started(colony: Colony) -> None:
    """127, as shells have it; after a run as well; with ``always`` it is tried again instead."""
    colony.configure("other")
    colony.configure("main", "/nowhere/program", essential=True, restart="never")
    colony.start(wait=False)
    assert ended(colony) == 127
    program = colony.root / "program"
    program.symlink_to("/bin/sleep")
    colony.configure("main", str(program), "1000000", essential=True, restart="never")
    colony.start()
    colony.running("main")
    program.unlink()
    colony.ask("RESTART", "main")
    assert ended(colony) == 127
    colony.configure("main", "/nowhere/program", essential=True)
    colony.start()
    colony.until_state("main", "BACKOFF")
    assert colony.stop() == 0


def test_what_is_no_end_for_good_ends_nothing_else(colony: Colony) -> None:
    """A stop that was asked for, a restart, a disabled or a bad file, a failure with a retry."""
    names = ("stopped", "restarted", "disabled", "removed", "again")
    for name in names:
        colony.configure(name, essential=True, restart="never")
    colony.shell("again", "sleep 0.05; exit 3", essential=True, threshold=0)
    colony.write("bad", b'{"args": [], "essential": true}')
    colony.configure("down", essential=True, enabled=False)
    colony.start()
    pids = {name: colony.running(name) for name in names[:-1]}
    colony.ask("STOP", "stopped")
    colony.ask("RESTART", "restarted")
    colony.configure("disabled", essential=True, restart="never", enabled=False)
    colony.remove("removed")
    colony.until_state("stopped", "STOPPED")
    colony.running("restarted", other_than=pids["restarted"])
    colony.until_state("disabled", "STOPPED")
    colony.gone("removed")
    colony.until_state("bad", "FAILED")
    until(lambda: runs_of(colony, "again") > 3, "it starts again")
    assert colony.monitor_lives()
    assert (colony.monitor_status() or {})["state"] == "running"


def test_what_an_essential_process_leaves_is_ended_first(colony: Colony) -> None:
    """Its own daemon, which is deaf: it is its end that counts, and its code."""
    deaf = "(setsid sh -c \"trap '' TERM; while :; do sleep 1000; done\" &)"
    colony.shell("main", f"{deaf}; sleep 0.2; exit 6", essential=True, restart="never")
    colony.start("--killtime", "0.3")
    assert ended(colony) == 6
    assert colony.marked() == []


# Exit codes where the monitor doesn't start


@by_any_launcher
@pytest.mark.parametrize("broken", ["usage", "status in a file", "status unwritable"])
def test_a_monitor_that_cannot_start_says_so_by_its_code(
    colony: Colony, launch: str, broken: str
) -> None:
    """One line that says why, and a code of its own for each way not to start."""
    code = 73
    options = {
        "usage": ["--killtime", "soon"],
        "status in a file": ["--status", str(colony.root / "file" / "status")],
        "status unwritable": ["--status", "/proc/status"],
    }[broken]
    (colony.root / "file").touch()
    found = subprocess.run(
        [*LAUNCHES[launch], "--colony", str(colony.root), *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=colony.root,
    )
    if broken == "usage":
        code = {"run": 2, "twist": 64, "twistd": 1}[launch]  # theirs are Twisted's own
    assert found.returncode == code, found
    assert "Traceback" not in found.stdout + found.stderr
    if broken != "usage" or launch == "run":
        said = [line for line in found.stderr.splitlines() if line.startswith("ncolony: ")]
        assert len(said) == 1, found


@needs_root
def test_directories_that_may_not_be_written_to(colony: Colony) -> None:
    """73 for a user who may not write there; the line says which directory it is."""
    found = subprocess.run(
        [*AS_NOBODY, *command_of(colony)], capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 73, found
    assert str(colony.status) in found.stderr
    hand_over(colony)
    colony.status.rmdir()
    os.chown(colony.root, 0, -1)
    found = subprocess.run(
        [*AS_NOBODY, *command_of(colony)], capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 73, found
    assert str(colony.status) in found.stderr
    colony.status.mkdir()


@needs_root
@by_any_launcher
def test_directories_that_others_may_write_to(colony: Colony, launch: str) -> None:
    """77 for a monitor of root's."""
    colony.config.chmod(0o777)
    found = subprocess.run(
        [*LAUNCHES[launch], "--colony", str(colony.root)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=colony.root,
    )
    assert found.returncode == 77, found
    assert str(colony.config) in found.stderr
