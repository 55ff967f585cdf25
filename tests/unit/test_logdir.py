"""A process's log directory: names, modes, and nothing through symbolic links."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ncolony import logdir
from ncolony.retention import Rotated
from reactors import nothing_left

A, B = "20270115T080000.000001Z", "20270115T080000.000002Z"


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_left():
        yield


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_directories_and_files_are_the_owner_s_and_readable_to_the_group(
    tmp_path: Path, umask: int
) -> None:
    """Whatever the umask."""
    path = tmp_path / "logs" / "web"
    before = os.umask(umask)
    try:
        with logdir.directory(str(path), make=True) as at:
            os.close(logdir.open_to_append(at, "current"))
            os.close(logdir.open_new(at, "new"))
    finally:
        os.umask(before)
    assert (mode(path), mode(path / "current"), mode(path / "new")) == (0o750, 0o640, 0o640)
    assert mode(path.parent) == 0o750 & ~umask


def test_a_file_that_is_there_keeps_its_mode_and_its_bytes(tmp_path: Path) -> None:
    """An operator's chmod is the operator's."""
    (tmp_path / "current").write_bytes(b"one\n")
    (tmp_path / "current").chmod(0o600)
    with logdir.directory(str(tmp_path)) as at:
        fd = logdir.open_to_append(at, "current")
    os.write(fd, b"two\n")
    os.close(fd)
    assert (tmp_path / "current").read_bytes() == b"one\ntwo\n"
    assert mode(tmp_path / "current") == 0o600


def test_a_link_in_a_directory_s_place_is_refused(tmp_path: Path) -> None:
    """Also one that leads to a directory."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "web").symlink_to("elsewhere")
    with (
        pytest.raises(OSError, match="symbolic link"),
        logdir.directory(str(tmp_path / "web"), make=True),
    ):
        pass
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("there", [True, False])
def test_a_link_in_a_file_s_place_is_refused(tmp_path: Path, there: bool) -> None:
    """Neither is what it leads to written, nor made."""
    target = tmp_path / "target"
    if there:
        target.write_bytes(b"precious")
    (tmp_path / "current").symlink_to(target)
    with logdir.directory(str(tmp_path)) as at:
        for opens in (logdir.open_to_append, logdir.open_to_read):
            with pytest.raises(OSError, match="symbolic link"):
                opens(at, "current")
        os.close(logdir.open_new(at, "current"))
    assert not (tmp_path / "current").is_symlink()
    assert target.exists() == there
    assert not there or target.read_bytes() == b"precious"


def test_what_is_no_regular_file_is_refused_and_blocks_nobody(tmp_path: Path) -> None:
    """A FIFO that nobody reads, or that somebody reads, and a directory."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    with logdir.directory(str(tmp_path)) as at:
        for opens in (logdir.open_to_append, logdir.open_to_read):
            with pytest.raises(OSError, match="no regular file"):
                opens(at, "fifo")
        os.close(reader)
        for name in ("fifo", "folder"):
            with pytest.raises(OSError):
                logdir.open_to_append(at, name)


def test_a_file_in_the_directory_s_place_is_an_error(tmp_path: Path) -> None:
    """And no reason to make anything."""
    (tmp_path / "web").write_bytes(b"")
    with pytest.raises(NotADirectoryError), logdir.directory(str(tmp_path / "web"), make=True):
        pass
    with pytest.raises(FileNotFoundError), logdir.directory(str(tmp_path / "none")):
        pass


def test_rotated_files_are_known_by_their_names(tmp_path: Path) -> None:
    """Those of standard error aren't taken for the others; what else is there is nobody's."""
    names = [f"{A}.log", f"{B}.log.gz", f"stderr-{A}.log.zst", "current", "stderr-current"]
    others = [f"{A}.log.bz2", f"{A}.txt", f".{B}.log.gz.tmp", f".stderr-{A}.log.zst.tmp", ".x.tmp"]
    for name in (*names, *others):
        (tmp_path / name).write_bytes(name.encode())
    with logdir.directory(str(tmp_path)) as at:
        found = sorted(logdir.rotated_files(at, ""))
        errors = logdir.rotated_files(at, logdir.STDERR)
        unfinished = [logdir.unfinished_files(at, each) for each in ("", logdir.STDERR)]
    assert found == [Rotated(A, names[0], len(names[0])), Rotated(B, names[1], len(names[1]))]
    assert errors == [Rotated(A, names[2], len(names[2]))]
    assert unfinished == [[others[2]], [others[3]]]
    assert logdir.unfinished(names[1]) == others[2]


def test_whether_a_name_still_means_a_file_can_be_told(tmp_path: Path) -> None:
    """After a removal, after a replacement, after a link in its place."""
    path = tmp_path / "current"
    with logdir.directory(str(tmp_path)) as at:
        fd = logdir.open_to_append(at, "current")
        assert logdir.is_at(at, "current", fd)
        assert logdir.exists(at, "current")
        path.rename(tmp_path / "moved")
        assert not logdir.is_at(at, "current", fd)
        assert not logdir.exists(at, "current")
        path.symlink_to("moved")
        assert not logdir.is_at(at, "current", fd)
        assert logdir.exists(at, "current")
    os.close(fd)
