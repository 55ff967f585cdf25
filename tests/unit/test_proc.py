"""What /proc tells: of this very process, and in a /proc of a test's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ncolony import proc
from reactors import nothing_left


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc with nothing in it."""
    monkeypatch.setattr(proc, "PROC", str(tmp_path))
    return tmp_path


@pytest.fixture(autouse=True)
def no_descriptor_left() -> Iterator[None]:
    with nothing_left():
        yield


def put(root: Path, path: str, text: str | bytes) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


def stat_line(comm: str, state: str = "S", parent: int = 7, started: int = 4711) -> str:
    fields = [state, str(parent), "42", *["0"] * 16, str(started), *["0"] * 30]
    return f"9 ({comm}) {' '.join(fields)}\n"


def test_this_process_is_as_the_system_calls_say() -> None:
    """Parent, group; it lives, and was started before now."""
    found = proc.stat(os.getpid())
    assert found is not None
    assert (found.parent, found.group, found.ended) == (os.getppid(), os.getpgrp(), False)
    ticks = os.sysconf("SC_CLK_TCK")
    assert 0 < found.started / ticks <= time.clock_gettime(time.CLOCK_BOOTTIME)
    assert os.getpid() in set(proc.pids())


def test_a_zombie_has_ended() -> None:
    """Its parent hasn't taken notice yet; then there is nothing to be seen."""
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    found = proc.stat(child.pid)
    assert found is not None
    assert (found.ended, found.parent) == (True, os.getpid())
    assert child.pid in proc.children_of(os.getpid())
    child.wait()
    assert proc.stat(child.pid) is None
    assert proc.children_of(child.pid) == []
    assert child.pid not in proc.children_of(os.getpid())


def test_children_of_any_thread_are_a_process_s() -> None:
    """And the main thread's alone are listed as such."""
    started: list[subprocess.Popen[bytes]] = []
    go_on = threading.Event()

    def run() -> None:
        started.append(subprocess.Popen(["sleep", "1000"]))
        go_on.wait()

    thread = threading.Thread(target=run)
    thread.start()
    while not started:
        time.sleep(0.001)
    started.append(subprocess.Popen(["sleep", "1000"]))
    own = os.getpid()
    try:
        assert {child.pid for child in started} <= set(proc.children_of(own))
        listed = proc.listed_children(own, own)
        if listed is not None:  # CONFIG_PROC_CHILDREN
            assert str(started[1].pid).encode() in listed
            assert str(started[0].pid).encode() not in listed
    finally:
        go_on.set()
        thread.join()
        for child in started:
            child.kill()
            child.wait()


def test_a_name_may_hold_anything(fake: Path) -> None:
    """Brackets, spaces, line feeds, bytes that are no UTF-8."""
    for name in ("web", "a) S 1 (b", "two words", "line\nfeed", ")", ""):
        put(fake, "9/stat", stat_line(name))
        assert proc.stat(9) == (name, "S", 7, 42, 4711)
    put(fake, "9/stat", stat_line("x").encode().replace(b"(x)", b"(\xff)"))
    assert proc.stat(9) == ("\ufffd", "S", 7, 42, 4711)


@pytest.mark.parametrize(("state", "ended"), [(s, s in "ZX") for s in "RSDTtIZX"])
def test_who_has_ended_is_told_by_its_state(fake: Path, state: str, ended: bool) -> None:
    """A zombie, or one that is just being buried."""
    put(fake, "9/stat", stat_line("web", state))
    found = proc.stat(9)
    assert found is not None
    assert found.ended is ended


def test_where_the_kernel_lists_no_children_parents_tell(fake: Path) -> None:
    """CONFIG_PROC_CHILDREN is a choice."""
    (fake / "7" / "task" / "7").mkdir(parents=True)
    (fake / "7" / "task" / "8").mkdir()
    for pid, parent in ((7, 1), (9, 7), (10, 7), (11, 9)):
        put(fake, f"{pid}/stat", stat_line("x", parent=parent))
    (fake / "12").mkdir()
    (fake / "uptime").touch()
    assert proc.listed_children(7, 7) is None
    assert sorted(proc.children_of(7)) == [9, 10]
    assert proc.children_of(9) == []


def test_a_thread_that_ends_meanwhile_has_no_children(fake: Path) -> None:
    """The others' are listed all the same."""
    put(fake, "7/task/7/children", "9 10 ")
    (fake / "7" / "task" / "8").mkdir()
    assert proc.children_of(7) == [9, 10]


def test_a_list_of_any_length_is_read_whole(fake: Path) -> None:
    """Ten thousand children take more than one read."""
    pids = list(range(100_000, 130_000))
    put(fake, "7/task/7/children", " ".join(map(str, pids)))
    assert proc.children_of(7) == pids


def _limits(value: str) -> str:
    return (
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max open files            1024                 1048576              files     \n"
        f"Max file locks            {value:20} unlimited            locks     \n"
        "Max pending signals       1                    1                    signals   \n"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (_limits("4711"), 4711),
        (_limits("0"), 0),
        (_limits(str((1 << 62) - 1)), (1 << 62) - 1),
        (_limits("unlimited"), None),
        ("Max open files  1  1  files\n", None),
        ("Max file locks", None),
        ("", None),
    ],
)
def test_the_limit_of_locks_is_a_number_or_none(fake: Path, text: str, value: int | None) -> None:
    """Unlimited, as usual, is none; so is what isn't there."""
    put(fake, "9/limits", text)
    assert proc.locks_limit(9) == value
    assert proc.locks_limit(10) is None


def test_a_limit_is_handed_down(tmp_path: Path) -> None:
    """Through fork and exec, also to one without any environment."""
    script = (
        "import os, resource, sys; resource.setrlimit(10, (4711, resource.RLIM_INFINITY));"
        "os.execve('/bin/sh', ['sh', '-c', 'sleep 1000 & echo $!; wait'], {})"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        below = int(child.stdout.readline())
        assert (proc.locks_limit(child.pid), proc.locks_limit(below)) == (4711, 4711)
        for pid in (below, child.pid):
            os.kill(pid, signal.SIGKILL)


def test_a_boot_has_a_name(fake: Path) -> None:
    """Where it can be seen."""
    assert proc.boot_id() is None
    put(fake, "sys/kernel/random/boot_id", "b5a7\n")
    assert proc.boot_id() == "b5a7"


def test_a_variable_of_the_environment(fake: Path) -> None:
    """The first of its name, whatever bytes it has; None where it, or all of it, isn't there."""
    put(fake, "9/environ", b"A=1\0NAME=w\xffb=c\0NAME=other\0XNAME=x\0")
    assert proc.variable(9, b"NAME") == os.fsdecode(b"w\xffb=c")
    assert proc.variable(9, b"AME") is None
    put(fake, "9/environ", b"")
    assert proc.variable(9, b"NAME") is None
    assert proc.variable(10, b"NAME") is None


def test_where_there_is_no_proc_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is raised."""
    monkeypatch.setattr(proc, "PROC", str(tmp_path / "missing"))
    assert list(proc.pids()) == []
    assert proc.stat(1) is None
    assert proc.children_of(1) == []
    assert proc.listed_children(1, 1) is None
    assert proc.locks_limit(1) is None
    assert proc.boot_id() is None
    assert proc.variable(1, b"A") is None


def test_what_ends_while_it_is_read_is_not_there(
    fake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ESRCH comes from read(2), after the file could be opened."""

    def gone(fd: int, size: int) -> bytes:
        raise ProcessLookupError

    put(fake, "9/stat", stat_line("web"))
    monkeypatch.setattr(os, "read", gone)
    assert proc.stat(9) is None
