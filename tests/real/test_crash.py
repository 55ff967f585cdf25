"""After a crash: a monitor that was killed, at any instant, and the next one."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from colony import Colony, a_colony, alive, place, until
from elsewhere import (
    AS_NOBODY,
    becomes_root,
    command_of,
    hand_over,
    kill,
    needs_root,
    start_as_nobody,
)

TRIES = pytest.mark.parametrize(
    "tries", [10, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)

#: Each run holds the lock, $1, with all that it starts; who can't have it says so in a file.
_LOCKED = 'exec 9>>"$1"; flock -n -E 77 9; [ $? -ne 77 ] || echo "$$" >>"$1.overlaps"\n'
_DAEMON = "( setsid env -i sleep 1000000 </dev/null >/dev/null 2>&1 & )\n"
SCRIPTS = {
    "plain": _LOCKED + "exec sleep 1000000",
    "deaf": _LOCKED + "trap '' TERM; while :; do sleep 1000; done",
    "daemon": _LOCKED + _DAEMON + "exec sleep 1000000",
    "ends": _LOCKED + "sleep 0.0$(($$ % 10)); exit 3",
    "daemon-and-ends": _LOCKED + _DAEMON + "sleep 0.05",
    "group": _LOCKED + "sleep 1000000 & exec sleep 1000000",
}
LASTING = ("plain", "deaf", "daemon", "group")


def lock_of(colony: Colony, name: str) -> Path:
    return colony.root / f"{name}.lock"


def configure(colony: Colony, name: str, kind: str, version: int = 0) -> None:
    """Write a process's file."""
    command = ("sh", "-c", SCRIPTS[kind], "sh", str(lock_of(colony, name)))
    colony.configure(name, *command, env={"V": str(version)}, group=["all"])


def overlaps(colony: Colony) -> list[str]:
    """The processes of which two lived at a time."""
    return sorted(path.name for path in colony.root.glob("*.overlaps"))


def settled(colony: Colony, **programs: int) -> list[int]:
    """The colony's processes once they are these, so many of each program, and no others.

    Until then there are some for a moment that only lead to others: a shell, ``flock``.
    """

    def found() -> list[int]:
        pids = colony.marked()
        return pids if Counter(map(_program_of, pids)) == programs else []

    return until(found, f"there are {programs}")


def _program_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def kill_monitor(colony: Colony) -> None:
    """KILL, and nothing else: its children stay."""
    assert colony.monitor is not None
    colony.monitor.kill()
    colony.monitor.wait()


def assert_whole(colony: Colony) -> None:
    """Nothing that the monitor wrote is half written."""
    for path in colony.status.iterdir():
        if not path.name.startswith(".") or path.name == ".monitor":
            assert json.loads(path.read_bytes())["schema"] == 1, path
    lock = colony.status / ".lock"
    if lock.exists() and lock.read_text():  # or it was killed before it wrote anything
        number, device, inode = map(int, lock.read_text().split())
        assert number > 0
        assert (device, inode) == (lock.stat().st_dev, lock.stat().st_ino)
    for path in (colony.root / "pids").glob("[!.]*"):
        text = path.read_text()
        assert text == f"{int(text)}\n", path


class Load:
    """What keeps a monitor busy: other files, requests, deaths."""

    def __init__(self, colony: Colony, seed: int) -> None:
        self.colony = colony
        self.random = random.Random(seed)
        self.kinds: dict[str, str] = {}
        self.version = 0

    def begin(self) -> None:
        for kind in SCRIPTS:
            for number in range(3):
                self.change(f"{kind}{number}", kind)

    def change(self, name: str, kind: str) -> None:
        self.version += 1
        self.kinds[name] = kind
        configure(self.colony, name, kind, self.version)

    def some(self) -> str:
        return self.random.choice(list(self.kinds))

    def deed(self) -> None:
        """One thing that happens in a busy colony."""
        name = self.some()
        match self.random.randrange(4):
            case 0:
                self.change(name, self.kinds[name])
            case 1:
                self.colony.ask("RESTART", name)
            case 2:
                self.colony.ask("RESTART-GROUP", group="all")
            case _:
                now = self.colony.of(name)
                if now and now["pid"]:
                    self._end(now["pid"])

    def _end(self, pid: int) -> None:
        if pid in self.colony.mine():  # and not one that was given this number since
            kill([pid])

    def until_right(self) -> None:
        """What is configured runs; what ends is started over and over."""
        for name, kind in self.kinds.items():
            if kind in LASTING:
                self.colony.running(name)
            else:
                until(lambda n=name: (self.colony.of(n) or {}).get("starts", 0) > 1, f"{name} runs")


@TRIES
@pytest.mark.parametrize("user", ["here", pytest.param("nobody", marks=needs_root)])
def test_a_monitor_killed_at_any_instant(
    colony: Colony, tries: int, user: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Started again, it ends what was left before it starts the same: no two runs overlap."""
    if user == "nobody" and tries == 10:
        tries = 3
    seed = int(os.environ.get("CRASH_SEED", time.time_ns() % 1_000_000))
    print(f"CRASH_SEED={seed}")
    (colony.root / "pids").mkdir()
    options = ("--threshold", "0", "--killtime", "0.3", "--pid", str(colony.root / "pids"))
    command = command_of(colony, *options)
    if user == "nobody":
        hand_over(colony)
        os.chown(colony.root / "pids", 65534, -1)
        command = [*AS_NOBODY, *command]
    load = Load(colony, seed)
    load.begin()
    for turn in range(tries):
        colony.start_as(command, wait=turn % 3 == 2)
        if turn % 3 == 2:
            load.until_right()
        end = time.monotonic() + load.random.uniform(0, 0.5)
        while time.monotonic() < end:  # an instant at random is what is tested
            load.deed()
            time.sleep(0.003)
        kill_monitor(colony)
        assert_whole(colony)
        assert overlaps(colony) == []
    colony.start_as(command)
    load.until_right()
    assert overlaps(colony) == []
    for name in load.kinds:
        colony.remove(name)
    for name in load.kinds:
        colony.gone(name)
    assert colony.marked() == []
    assert overlaps(colony) == []


def test_what_is_not_configured_any_more_is_ended_too(colony: Colony) -> None:
    """Files that went while no monitor ran: their processes go, and their daemons."""
    for name in ("plain", "daemon", "deaf"):
        configure(colony, name, name)
    configure(colony, "stays", "daemon")
    colony.start("--killtime", "0.3")
    for name in ("plain", "daemon", "deaf", "stays"):
        colony.running(name)
    old = settled(colony, sleep=6, sh=1)  # two daemons, and deaf's own child
    kill_monitor(colony)
    assert colony.marked() == old
    for name in ("plain", "daemon", "deaf"):
        colony.remove(name)
    (colony.status / "daemon").unlink()  # and nothing tells of it but what it left
    colony.start("--killtime", "0.3")
    colony.running("stays")
    for name in ("plain", "daemon", "deaf"):
        colony.gone(name)
    until(lambda: not any(alive(pid) for pid in old), "all that was left is gone")
    settled(colony, sleep=2)
    assert overlaps(colony) == []
    colony.said(b"left running by an earlier monitor")


def test_an_unlike_process_of_the_same_pid_is_left_alone(colony: Colony) -> None:
    """A status file that names a foreign process, of another start or another boot."""
    for name in ("start", "boot", "neither", "old"):
        colony.configure(name)
    colony.start("--killtime", "0.2")
    for name in ("start", "boot", "neither", "old"):
        colony.running(name)
    kill_monitor(colony)
    left = list(colony.mine())
    strangers = {name: subprocess.Popen(["sleep", "1000"]) for name in ("start", "boot", "neither")}
    try:
        for name, stranger in strangers.items():
            now = colony.of(name)
            assert now is not None
            started = int(
                Path(f"/proc/{stranger.pid}/stat").read_text().rpartition(")")[2].split()[19]
            )
            now["pid"] = stranger.pid
            now["pid_started"] = started + (0 if name == "boot" else 1)
            now["boot_id"] = now["boot_id"] if name == "start" else "another"
            place(colony.status / name, json.dumps(now).encode())
        now = colony.of("old")
        assert now is not None
        del now["pid_started"], now["boot_id"]  # of a monitor that knew nothing of these
        place(colony.status / "old", json.dumps({**now, "pid": os.getpid()}).encode())
        colony.start("--killtime", "0.2")
        for name in ("start", "boot", "neither", "old"):
            colony.running(name)
        until(lambda: not any(alive(pid) for pid in left), "what was really left is gone")
        assert all(stranger.poll() is None for stranger in strangers.values())
    finally:
        for stranger in strangers.values():
            stranger.kill()
            stranger.wait()


def test_status_files_of_no_use_are_no_use(colony: Colony) -> None:
    """Garbage, an odd pid, something that is no file, in the place of a status file."""
    spoilt = {
        "garbage": b"\xff{",
        "empty": b"",
        "list": b"[]",
        "other": json.dumps({"schema": 99}).encode(),
    }
    numbers = {"zero": 0, "minus": -1, "one": 1, "huge": 1 << 70, "text": "1", "true": True}
    for name in (*spoilt, *numbers, "fifo", "good"):
        colony.configure(name)
    colony.start("--killtime", "0.2")
    for name in (*spoilt, *numbers, "fifo", "good"):
        colony.running(name)
    kill_monitor(colony)
    left = list(colony.mine())
    for name, contents in spoilt.items():
        place(colony.status / name, contents)
    for name, number in numbers.items():
        now = json.loads((colony.status / name).read_bytes())
        place(colony.status / name, json.dumps({**now, "pid": number}).encode())
    (colony.status / "fifo").unlink()
    os.mkfifo(colony.status / "fifo")
    place(colony.status / ".monitor", b"nothing")
    colony.start("--killtime", "0.2", wait=False)
    until(lambda: (colony.status / ".monitor").read_bytes() != b"nothing", "the monitor runs")
    for name in (*spoilt, *numbers, "fifo", "good"):
        colony.running(name)
    until(lambda: not any(alive(pid) for pid in left), "what was left is gone")


def at_rest(colony: Colony) -> None:
    """Wait until the monitor has said that all run; it writes nothing more then."""

    def all_run() -> bool:
        now = colony.monitor_status() or {"counts": {}}
        return now["counts"] == {"RUNNING": len(list(colony.config.iterdir()))}

    until(all_run, "the monitor says that all run")


@contextmanager
def copied(first: Colony) -> Iterator[Colony]:
    """A colony whose directories are copies, with all that is in them but the marks of tests."""
    root = first.root.parent / "copy"
    shutil.copytree(first.root, root)
    with a_colony(root) as copy:
        for path in copy.config.iterdir():
            configure(copy, path.name, path.name)
        yield copy


@pytest.mark.parametrize("first_runs", [True, False], ids=["of a colony", "of what a crash left"])
def test_a_copy_of_a_colony_is_another_one(tmp_path: Path, first_runs: bool) -> None:
    """Whoever copies the directories, status and all, has two colonies that don't meet."""
    (tmp_path / "first").mkdir()
    with a_colony(tmp_path / "first") as first:
        for name in ("plain", "daemon"):
            configure(first, name, name)
        first.start("--killtime", "0.3")
        pids = [first.running(name) for name in ("plain", "daemon")]
        mine = settled(first, sleep=3)
        at_rest(first)  # or a file that is copied goes meanwhile
        if not first_runs:
            kill_monitor(first)
        with copied(first) as copy:
            copy.start("--killtime", "0.3")
            for name in ("plain", "daemon"):
                assert copy.running(name) not in pids
            theirs = settled(copy, sleep=3)
            assert first.marked() == mine
            if first_runs:
                kill_monitor(first)
            first.start("--killtime", "0.3")
            until(lambda: not any(alive(pid) for pid in mine), "what the crash left is gone")
            for name in ("plain", "daemon"):
                first.running(name)
            settled(first, sleep=3)
            assert copy.marked() == theirs
            kill_monitor(copy)
            copy.start("--killtime", "0.3")
            until(lambda: not any(alive(pid) for pid in theirs), "the copy's as well")
            settled(copy, sleep=3)
        settled(first, sleep=3)
        assert overlaps(first) == []


def test_a_colony_that_was_moved_is_the_same(tmp_path: Path) -> None:
    """Renamed with its status while no monitor ran: what is left is found."""
    (tmp_path / "first").mkdir()
    first = Colony(tmp_path / "first")
    try:
        daemon = "( setsid env -i sleep 1000000 </dev/null >/dev/null 2>&1 & )"
        first.shell("daemon", f"{daemon}; exec sleep 1000000")
        first.start("--killtime", "0.3")
        old = settled(first, sleep=2)
    finally:
        kill_monitor(first)
    first.root.rename(tmp_path / "second")
    with a_colony(tmp_path / "second") as second:
        second.mark = first.mark
        second.start("--killtime", "0.3")
        second.running("daemon")
        until(lambda: not any(alive(pid) for pid in old), "what was left is gone")


def test_what_ends_by_itself_between_two_monitors(colony: Colony) -> None:
    """Nothing is left, nothing is waited for; a new file is taken at once."""
    configure(colony, "plain", "plain")
    colony.start("--killtime", "60")
    pid = colony.running("plain")
    kill_monitor(colony)
    kill([pid])
    colony.start("--killtime", "60")
    colony.until_state("plain", "RUNNING", starts=1)


def test_without_marks_the_reported_pids_count(colony: Colony) -> None:
    """A hard limit too low for marks: the processes themselves are found by their status."""
    configure(colony, "plain", "plain")
    configure(colony, "deaf", "deaf")
    command = ["prlimit", "--locks=1000:1000", *command_of(colony, "--killtime", "0.3")]
    for _ in range(3):
        colony.start_as(command)
        colony.running("plain")
        colony.running("deaf")
        kill_monitor(colony)
    colony.start_as(command)
    colony.running("plain")
    colony.running("deaf")
    assert overlaps(colony) == []


def test_whoever_is_ended_alone_is_ended_all_the_same(colony: Colony) -> None:
    """``kill_mode`` process, for one or for all: after a crash nobody knows the process any more,
    and two of them mustn't live at a time; so all that was left is ended.
    """
    configure(colony, "plain", "plain")
    configure(colony, "deaf", "deaf")
    options = ("--killtime", "0.3", "--kill-mode", "process")
    colony.start(*options)
    for name in ("plain", "deaf"):
        colony.running(name)
    kill_monitor(colony)
    old = colony.marked()
    colony.start(*options)
    for name in ("plain", "deaf"):
        colony.running(name)
    assert not any(alive(pid) for pid in old)
    assert overlaps(colony) == []
    assert colony.stop() == 0
    colony.clean_up()  # deaf's own child stays: its process is ended alone
    until(lambda: not colony.mine() and not colony.marked(), "deaf's own child is gone")
    colony.monitor = None


@needs_root
def test_what_was_left_and_cannot_be_killed_keeps_its_place(colony: Colony) -> None:
    """After a crash, and after an end that left it behind: no second one starts beside it."""

    def is_stuck() -> bool:
        return f"can't be killed: pid {pid} (sleep)" in (colony.of("web") or {}).get("reason", "")

    with becomes_root(colony) as as_root:
        colony.configure("web", *as_root, "sleep", "1000000")
        colony.configure("other")
        start_as_nobody(colony, "--killtime", "0.2")
        pid = colony.running("web")
        until(lambda: b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes()[:5], "it is root's")
        kill_monitor(colony)
        for _ in range(2):
            start_as_nobody(colony, "--killtime", "0.2")
            other = colony.running("other")
            until(is_stuck, "it is said who is in the way")
            two = sorted([pid, other])
            until(lambda two=two: sorted(colony.mine()) == two, "these two run, and no other one")
            assert colony.stop() == 71
        start_as_nobody(colony, "--killtime", "0.2")
        until(is_stuck, "it is said who is in the way")
        kill([pid])
        colony.running("web", other_than=pid)
        kill_monitor(colony)
        kill(list(colony.mine()))
        colony.monitor = None
