"""One monitor at a time on a status directory."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ncolony.lock import PAUSE_S, TRIES, Locked, StatusLock, take_lock
from ncolony.marks import BASES
from ncolony.status import LOCK_FILE
from reactors import no_descriptor_free, nothing_left, open_descriptors

HOLDER = """
import sys
from ncolony.lock import take_lock
take_lock(sys.argv[1])
print("locked", flush=True)
sys.stdin.read()
"""


class Pauses:
    """A clock's ``sleep`` that only counts, and calls ``at`` after so many."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken_s: list[float] = []
        self.after = 0
        self.then = lambda: None
        monkeypatch.setattr(time, "sleep", self._sleep)

    def _sleep(self, duration_s: float) -> None:
        self.taken_s.append(duration_s)
        if len(self.taken_s) == self.after:
            self.then()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    return Pauses(monkeypatch)


def test_a_second_holder_is_refused(tmp_path: Path, pauses: Pauses) -> None:
    """It is told on which directory, after half a second at most, and holds nothing."""
    with nothing_left():
        first = take_lock(str(tmp_path))
        before = open_descriptors()
        with pytest.raises(Locked, match=f"^another monitor runs on {tmp_path}$"):
            take_lock(str(tmp_path))
        assert open_descriptors() == before
        assert pauses.taken_s == [PAUSE_S] * TRIES
        os.close(first)


def test_the_lock_is_free_when_its_holder_lets_go(tmp_path: Path, pauses: Pauses) -> None:
    """The file that stays behind is no lock."""
    with nothing_left():
        os.close(take_lock(str(tmp_path)))
        os.close(take_lock(str(tmp_path)))
        assert pauses.taken_s == []
        assert os.listdir(tmp_path) == [LOCK_FILE]


def test_who_only_looks_delays_the_monitor_and_no_more(tmp_path: Path, pauses: Pauses) -> None:
    """A control program's moment with the lock keeps no monitor from starting."""
    with nothing_left():
        looker = os.open(tmp_path / LOCK_FILE, os.O_RDWR | os.O_CREAT)
        fcntl.flock(looker, fcntl.LOCK_SH | fcntl.LOCK_NB)
        pauses.after, pauses.then = 3, lambda: os.close(looker)
        os.close(take_lock(str(tmp_path)))
        assert pauses.taken_s == [PAUSE_S] * 3


def test_children_do_not_inherit_the_lock(tmp_path: Path) -> None:
    """A child that outlives the monitor must not keep the next one from starting."""
    with nothing_left():
        fd = take_lock(str(tmp_path))
        assert not os.get_inheritable(fd)
        os.close(fd)


def test_the_lock_of_a_killed_monitor_is_free(tmp_path: Path, pauses: Pauses) -> None:
    """Nothing has to be cleaned up after SIGKILL."""
    with nothing_left():
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"locked\n"
            with pytest.raises(Locked):
                take_lock(str(tmp_path))
            holder.kill()
        assert holder.returncode == -signal.SIGKILL
        os.close(take_lock(str(tmp_path)))


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Which is the caller's to say."""
    with nothing_left(), pytest.raises(FileNotFoundError):
        take_lock(str(tmp_path / "missing"))


def test_a_full_table_of_descriptors_is_an_error(tmp_path: Path) -> None:
    """Not a lock that nobody holds."""
    with nothing_left(), no_descriptor_free(), pytest.raises(OSError) as raised:
        take_lock(str(tmp_path))
    assert raised.value.errno == errno.EMFILE


def test_a_file_system_without_locks_is_an_error_that_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ENOLCK, of an NFS server say, is passed on."""

    def no_locks(fd: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    before = open_descriptors()
    with pytest.raises(OSError) as raised:
        take_lock(str(tmp_path))
    left = open_descriptors() - before
    for fd in left:
        os.close(fd)
    assert (raised.value.errno, left) == (errno.ENOLCK, set())


# The number that a colony's processes are marked with


def number_of(directory: Path, before: StatusLock | None = None) -> tuple[int, bool]:
    """The number that a monitor has there, and whether it is an earlier one's."""
    lock = before or StatusLock(str(directory))
    lock.take()
    found = lock.base, lock.inherited
    lock.release()
    return found


def test_a_colony_keeps_its_number(tmp_path: Path) -> None:
    """From its first monitor on; that one is known by it to have had a predecessor."""
    with nothing_left():
        number, inherited = number_of(tmp_path)
        assert 0 < number < BASES
        assert not inherited
        assert number_of(tmp_path) == number_of(tmp_path) == (number, True)


def test_a_moved_directory_keeps_it_and_a_copy_gets_another(tmp_path: Path) -> None:
    """What is running there is another colony's."""
    first, moved, copy = (tmp_path / name for name in ("first", "moved", "copy"))
    with nothing_left():
        first.mkdir()
        number, _ = number_of(first)
        shutil.copytree(first, copy)
        first.rename(moved)
        assert number_of(moved) == (number, True)
        other, inherited = number_of(copy)
        assert (other != number, inherited) == (True, False)
        assert number_of(copy) == (other, True)


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"nonsense",
        b"\xff" * 64,
        b"0 {here}",
        b"-1 {here}",
        b"67108864 {here}",
        b"7",
        b"7 1 1",
    ],
)
def test_a_number_that_is_none_is_replaced(tmp_path: Path, contents: bytes) -> None:
    """Cut off, spoilt, too large, or of another place."""
    path = tmp_path / LOCK_FILE
    path.touch()
    here = f"{path.stat().st_dev} {path.stat().st_ino}".encode()
    path.write_bytes(contents.replace(b"{here}", here))
    with nothing_left():
        number, inherited = number_of(tmp_path)
        assert (0 < number < BASES, inherited) == (True, False)
        assert number_of(tmp_path) == (number, True)


def test_a_directory_made_anew_gets_the_number_that_its_monitor_has(tmp_path: Path) -> None:
    """Its processes are marked with it already."""
    directory = tmp_path / "status"
    directory.mkdir()
    with nothing_left():
        lock = StatusLock(str(directory))
        number, inherited = number_of(directory, lock)
        shutil.rmtree(directory)
        directory.mkdir()
        assert number_of(directory, lock) == (number, inherited)
        assert number_of(directory) == (number, True)


def test_taking_it_again_lets_go_of_the_one_before(tmp_path: Path) -> None:
    """But not where another monitor has the new one."""
    directory = tmp_path / "status"
    directory.mkdir()
    with nothing_left():
        lock = StatusLock(str(directory))
        lock.take()
        directory.rename(tmp_path / "away")
        directory.mkdir()
        lock.take()
        os.close(take_lock(str(tmp_path / "away")))
        directory.rename(tmp_path / "away2")
        directory.mkdir()
        other = take_lock(str(directory))
        with pytest.raises(Locked):
            lock.take()
        with pytest.raises(Locked):
            take_lock(str(tmp_path / "away2"))
        os.close(other)
        lock.release()
        lock.release()
        os.close(take_lock(str(tmp_path / "away2")))
