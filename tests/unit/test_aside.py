"""Files that are written aside and renamed into place."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from ncolony.control import aside
from ncolony.control.regular import read_regular


def test_a_file_is_put_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    """What was asked for is there, and no file beside it."""
    aside.put(str(tmp_path), "web", b"new", durable=True)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"web": b"new"}


def test_the_longest_name_has_room(tmp_path: Path) -> None:
    """A name of 255 bytes can be written, though no suffix fits to it."""
    aside.put(str(tmp_path), "x" * 255, b"new")
    assert (tmp_path / ("x" * 255)).read_bytes() == b"new"


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    """A secret that only its owner could read isn't shown to all by a change."""
    (tmp_path / "web").write_bytes(b"old")
    (tmp_path / "web").chmod(0o600)
    aside.put(str(tmp_path), "web", b"new")
    assert ((tmp_path / "web").read_bytes(), (tmp_path / "web").stat().st_mode) == (
        b"new",
        0o100600,
    )


@pytest.mark.parametrize(("user", "mode"), [(0, 0o644), (1000, 0o666)])
def test_what_root_writes_nobody_else_may_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, mode: int
) -> None:
    """Whatever the umask: root's monitor would refuse it."""
    monkeypatch.setattr(os, "geteuid", lambda: user)
    before = os.umask(0)
    try:
        aside.put(str(tmp_path), "web", b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "web").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("refused", [False, True])
def test_a_replaced_file_keeps_its_owner_where_that_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    """Only root gives files away; for others it is replaced all the same."""
    (tmp_path / "web").write_bytes(b"old")
    found = os.fstat
    given: list[tuple[int, int]] = []

    def chown(fd: int, uid: int, gid: int) -> None:
        given.append((uid, gid))
        if refused:
            raise PermissionError(errno.EPERM, "Operation not permitted")

    def as_another(fd: int) -> SimpleNamespace:
        return SimpleNamespace(st_uid=found(fd).st_uid + 1, st_gid=found(fd).st_gid)

    monkeypatch.setattr(os, "fchown", chown)
    monkeypatch.setattr(os, "fstat", as_another)
    aside.put(str(tmp_path), "web", b"new")
    monkeypatch.undo()
    owner = (tmp_path / "web").stat()
    assert (given, (tmp_path / "web").read_bytes()) == ([(owner.st_uid, owner.st_gid)], b"new")


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_a_failure_leaves_the_directory_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """A full disk, whichever step notices it, leaves the old file and nothing beside it."""
    (tmp_path / "web").write_bytes(b"old")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space left"):
        aside.put(str(tmp_path), "web", b"new", durable=True)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"web": b"old"}


def test_unique_names_sort_by_age() -> None:
    """Names made one after the other are different, in order, and hold the process's id."""
    names = [aside.unique_name() for _ in range(1000)]
    assert names == sorted(set(names))
    assert str(os.getpid()) in names[0]


@pytest.mark.parametrize("kind", ["fifo", "folder", "device"])
def test_only_regular_files_are_read(tmp_path: Path, kind: str) -> None:
    """Whatever isn't a regular file is refused at once; a FIFO without a writer doesn't block."""
    path = tmp_path / kind
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(OSError, match="not a regular file"):
        read_regular(str(path), 10)


def test_a_long_file_is_read_up_to_the_limit_and_a_byte(tmp_path: Path) -> None:
    """Whoever reads can tell a file that is too long from one that just fits."""
    (tmp_path / "long").write_bytes(b"x" * 100)
    assert len(read_regular(str(tmp_path / "long"), 10)) == 11
    assert len(read_regular(str(tmp_path / "long"), 100)) == 100
