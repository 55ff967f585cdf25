"""Control groups: their files in a directory of a test's own, or the kernel's where it may."""

from __future__ import annotations

import contextlib
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ncolony import cgroups
from ncolony.cgroups import Cgroups, delegated, is_group

BASE = 4711
SUFFIX = f".{BASE}.process"


def of_kernel() -> Path | None:
    """A directory of a version 2 hierarchy that we may make groups in; None where there is none."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            if " - cgroup2 " in line:
                directory = Path(line.split()[4])
                return directory if os.access(directory, os.W_OK) else None
    return None


@pytest.fixture
def root() -> Iterator[Path]:
    """A group of the kernel's, without members."""
    above = of_kernel()
    if above is None:
        pytest.skip("no cgroup v2 directory can be written to")
    directory = above / f"test-{uuid.uuid4().hex}"
    try:
        directory.mkdir()
    except OSError as error:
        pytest.skip(f"no group can be made in {above}: {error.strerror}")
    try:
        yield directory
        assert [path.name for path in directory.iterdir() if path.is_dir()] == []
    finally:
        for path in directory.iterdir():
            if path.is_dir():
                path.rmdir()
        directory.rmdir()


def sleeper() -> subprocess.Popen[bytes]:
    """A process that starts another one each time it reads a line."""
    script = "echo up; while read line; do sleep 1000 & done"
    found = subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert found.stdout is not None
    assert found.stdout.readline() == b"up\n"
    return found


def test_a_group_has_who_was_placed_there_and_all_below(root: Path) -> None:
    """It lives as long as any of them, and is gone with the last."""
    groups = Cgroups(str(root), BASE)
    with sleeper() as process:
        groups.place("web", process.pid)
        assert groups.pids("web") == [process.pid]
        assert (groups.lives("web"), groups.lives("other")) == (True, False)
        assert groups.names() == ["web"]
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        while len(groups.pids("web")) < 2:
            pass
        groups.kill("web")
        process.wait()
    while groups.lives("web"):
        pass
    assert (groups.names(), groups.pids("web")) == ([], [])


def test_who_is_in_a_group_below_lives_as_well(root: Path) -> None:
    """A process may make groups of its own: all of it is killed."""
    groups = Cgroups(str(root), BASE)
    with sleeper() as process:
        groups.place("web", process.pid)
        below = root / f"web{SUFFIX}" / "below"
        below.mkdir()
        (below / "cgroup.procs").write_text(str(process.pid))
        assert groups.lives("web")
        groups.kill("web")
    while groups.lives("web"):
        pass
    below.rmdir()
    assert not groups.lives("web")


def test_the_same_name_is_placed_again(root: Path) -> None:
    """Whether its group is still there or not."""
    groups = Cgroups(str(root), BASE)
    for _ in range(2):
        with sleeper() as first, sleeper() as second:
            for process in (first, second):
                groups.place("web", process.pid)
            assert sorted(groups.pids("web")) == sorted([first.pid, second.pid])
            groups.kill("web")
        while groups.lives("web"):
            pass


def test_colonies_that_share_a_directory_share_no_group(root: Path) -> None:
    """Each has its own ``web``, and finds nothing of the other's."""
    mine, theirs = Cgroups(str(root), 1), Cgroups(str(root), 2)
    with sleeper() as process:
        theirs.place("web", process.pid)
        assert (mine.names(), mine.pids("web"), mine.lives("web")) == ([], [], False)
        mine.kill("web")
        assert theirs.pids("web") == [process.pid]
        theirs.kill("web")
    while theirs.lives("web"):
        pass


def test_nothing_is_raised_where_nothing_can_be_done(tmp_path: Path) -> None:
    """No hierarchy, a name that is too long, a process that has ended."""
    for place in (tmp_path, tmp_path / "missing", Path("/proc")):
        groups = Cgroups(str(place), BASE)
        for name in ("web", "x" * 255):
            groups.place(name, 1 << 22)
            groups.kill(name)
            assert groups.pids(name) == []
            assert not groups.lives(name)
        assert groups.names() in ([], ["web"])


def test_a_process_that_has_ended_is_not_placed(root: Path) -> None:
    """Its group is made, and goes again."""
    groups = Cgroups(str(root), BASE)
    with subprocess.Popen(["true"]) as process:
        pass
    groups.place("web", process.pid)
    assert groups.pids("web") == []
    assert not groups.lives("web")


def test_only_ones_own_groups_are_told(tmp_path: Path) -> None:
    """Whatever else lies in the directory."""
    for name in (f"web{SUFFIX}", f"a.b{SUFFIX}", "web.1.process", "init.scope", SUFFIX[1:]):
        (tmp_path / name).mkdir()
    assert sorted(Cgroups(str(tmp_path), BASE).names()) == ["a.b", "web"]


# What was delegated


@pytest.fixture
def hierarchy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A version 2 hierarchy with our own group in it, of which the files of /proc tell."""
    own = tmp_path / "unit"
    own.mkdir()
    (own / "cgroup.procs").touch()
    (tmp_path / "cgroup").write_text("1:name=systemd:/other\n0::/unit\n")
    (tmp_path / "mountinfo").write_text(
        "30 1 0:1 / /proc rw - proc proc rw\n"
        f"31 1 0:2 / {tmp_path} rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
    )
    real_open = open

    def opened(path: str, *args: object) -> object:
        return real_open(path.replace("/proc/self", str(tmp_path)), *args)  # type: ignore[call-overload]

    monkeypatch.setattr(cgroups, "open", opened, raising=False)
    monkeypatch.setattr(os, "getxattr", lambda path, name: b"1")
    return own


def test_what_systemd_delegates_is_found(hierarchy: Path) -> None:
    """Our own group, where its directory says so."""
    assert delegated() == str(hierarchy)


def test_what_is_not_said_to_be_delegated_is_left_alone(
    hierarchy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root could write there, and may not."""

    def none(path: str, name: str) -> bytes:
        raise OSError

    monkeypatch.setattr(os, "getxattr", none)
    assert delegated() is None
    monkeypatch.setattr(os, "getxattr", lambda path, name: b"0")
    assert delegated() is None


@pytest.mark.parametrize("missing", ["cgroup", "mountinfo", "unit/cgroup.procs"])
def test_where_something_is_missing_nothing_is_delegated(hierarchy: Path, missing: str) -> None:
    """No /proc, no version 2."""
    (hierarchy.parent / missing).unlink()
    assert delegated() is None


def test_without_version_2_nothing_is_delegated(hierarchy: Path) -> None:
    """A machine with the old hierarchies alone."""
    (hierarchy.parent / "cgroup").write_text("1:name=systemd:/unit\n")
    assert delegated() is None
    (hierarchy.parent / "cgroup").write_text("0::/unit\n")
    (hierarchy.parent / "mountinfo").write_text("30 1 0:1 / /proc rw - proc proc rw\n")
    assert delegated() is None


def test_a_group_is_a_directory_of_the_kernel_s(tmp_path: Path) -> None:
    """Any other directory is none."""
    assert not is_group(str(tmp_path))
    assert not is_group(str(tmp_path / "missing"))
    (tmp_path / "cgroup.procs").touch()
    assert is_group(str(tmp_path))
