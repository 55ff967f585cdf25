"""The kernel's notices, on real directories."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ncolony import inotify
from ncolony.inotify import Inotify, Notice
from reactors import no_descriptor_free, nothing_left

EVERYTHING = inotify.IN_CLOSE_WRITE | inotify.IN_MOVED_TO | inotify.IN_CREATE | inotify.IN_ATTRIB
LIMIT = Path("/proc/sys/fs/inotify/max_queued_events")


@pytest.fixture
def queue() -> Iterator[Inotify]:
    with nothing_left():
        queue = Inotify()
        yield queue
        queue.close()


def test_each_change_comes_with_its_watch_and_its_name(queue: Inotify, tmp_path: Path) -> None:
    """Notices come in the order of what happened, and say in which directory."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    a = queue.watch(str(tmp_path / "a"), EVERYTHING)
    b = queue.watch(str(tmp_path / "b"), EVERYTHING)
    (tmp_path / "a" / "web.new").write_text("x")
    (tmp_path / "a" / "web.new").rename(tmp_path / "b" / "web")
    assert queue.notices() == [
        Notice(a, inotify.IN_CREATE, "web.new"),
        Notice(a, inotify.IN_CLOSE_WRITE, "web.new"),
        Notice(b, inotify.IN_MOVED_TO, "web"),
    ]
    assert queue.notices() == []


def test_a_name_of_any_bytes_comes_through(queue: Inotify, tmp_path: Path) -> None:
    """Names that aren't UTF-8, and the longest ones, are the ones that ``os.listdir`` gives."""
    watch = queue.watch(str(tmp_path), inotify.IN_CREATE)
    names = [os.fsdecode(b"w\xff"), "é", "x" * 255]
    for name in names:
        (tmp_path / name).touch()
    assert queue.notices() == [Notice(watch, inotify.IN_CREATE, name) for name in names]
    assert sorted(os.listdir(tmp_path)) == sorted(names)


def test_what_happens_to_the_directory_itself_has_no_name(queue: Inotify, tmp_path: Path) -> None:
    """Its end is told of, and so is the end of the watch."""
    (tmp_path / "a").mkdir()
    watch = queue.watch(str(tmp_path / "a"), inotify.IN_DELETE_SELF)
    (tmp_path / "a").rmdir()
    assert queue.notices() == [
        Notice(watch, inotify.IN_DELETE_SELF, ""),
        Notice(watch, inotify.IN_IGNORED, ""),
    ]


def test_a_queue_that_overflows_says_so(queue: Inotify, tmp_path: Path) -> None:
    """What the kernel had no room for is not swallowed."""
    limit = int(LIMIT.read_text())
    if limit > 1 << 18:
        pytest.skip(f"the kernel's queue is too long to fill: {limit}")
    queue.watch(str(tmp_path), inotify.IN_ATTRIB)
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        file.touch()
    for number in range(limit + 10):
        os.utime(files[number % 2])
    notices = queue.notices()
    assert notices[-1] == Notice(-1, inotify.IN_Q_OVERFLOW, "")
    assert len(notices) == limit + 1


@pytest.mark.parametrize(("name", "number"), [("missing", errno.ENOENT), ("a file", errno.ENOTDIR)])
def test_only_directories_that_are_there_can_be_watched(
    queue: Inotify, tmp_path: Path, name: str, number: int
) -> None:
    """Anything else is an OSError that says why."""
    (tmp_path / "a file").touch()
    with pytest.raises(OSError) as raised:
        queue.watch(str(tmp_path / name), EVERYTHING)
    assert (raised.value.errno, raised.value.strerror) == (number, os.strerror(number))


def test_without_descriptors_there_is_no_queue() -> None:
    """EMFILE is an OSError like any other."""
    with nothing_left(), no_descriptor_free(), pytest.raises(OSError) as raised:
        Inotify()
    assert raised.value.errno == errno.EMFILE


def test_a_system_without_inotify_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which leads to a clock, not to a crash."""
    nothing = SimpleNamespace(CDLL=lambda name, use_errno: SimpleNamespace())
    monkeypatch.setattr(inotify, "ctypes", nothing)
    with nothing_left(), pytest.raises(OSError) as raised:
        Inotify()
    assert raised.value.errno == errno.ENOSYS


def test_children_do_not_inherit_the_queue(queue: Inotify) -> None:
    """A child gets nothing it wasn't given."""
    assert not os.get_inheritable(queue.fileno())
