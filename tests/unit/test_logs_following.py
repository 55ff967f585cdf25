"""``ncolony logs --follow``: as a process of its own, and what it waits by."""

from __future__ import annotations

import errno
import gzip
import io
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from colonies import FakeColony, monitor

from ncolony.control.logs import following
from ncolony.control.logs.following import Waiter
from ncolony.inotify import Inotify, Notice

DEADLINE_S = 30.0


class Reader:
    """Reads what ``ncolony logs -f`` shows, as it comes."""

    def __init__(self, colony: FakeColony, *words: str) -> None:
        command = [sys.executable, "-m", "ncolony", "logs", "--colony", str(colony.folder), *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out = self.err = b""

    def shows(self, text: str) -> None:
        """Wait until exactly this has been shown, and is all."""
        assert isinstance(self.process.stdout, io.BufferedReader)
        end = time.monotonic() + DEADLINE_S
        while self.out != text.encode():
            assert text.encode().startswith(self.out), (self.out, text)
            assert time.monotonic() < end, (self.out, text)
            if select.select([self.process.stdout], [], [], 1.0)[0]:
                self.out += self.process.stdout.read1(1 << 16)

    def ends(self) -> int:
        """The exit code after Ctrl-C; there is no other output than what was read."""
        self.process.send_signal(signal.SIGINT)
        out, self.err = self.process.communicate(timeout=DEADLINE_S)
        assert out == b""
        return self.process.returncode


@pytest.fixture
def colony(tmp_path: Path) -> FakeColony:
    found = FakeColony(tmp_path)
    found.configure("web", "db", text='{"args": ["x"], "log": "files"}')
    return found


@pytest.fixture
def follow(colony: FakeColony) -> Iterator[type[Reader]]:
    """Starts readers, and ends those that are left."""
    started: list[Reader] = []

    def start(*words: str) -> Reader:
        started.append(Reader(colony, "--follow", *words))
        return started[-1]

    yield start  # type: ignore[misc]
    for reader in started:
        reader.process.kill()
        reader.process.communicate()


pytestmark = pytest.mark.real


def rotate(colony: FakeColony, second: int, *, compress: bool = False) -> None:
    """As the monitor does it: renamed, and perhaps compressed."""
    directory = colony.logs / "web"
    path = directory / f"20261125T0130{second:02}.123456Z.log"
    (directory / "current").rename(path)
    if compress:
        (directory / "aside").write_bytes(gzip.compress(path.read_bytes()))
        (directory / "aside").rename(f"{path}.gz")
        path.unlink()


def test_goes_on_across_rotations(colony: FakeColony, follow: type[Reader]) -> None:
    """What was said last, then all that comes, though files change places between two looks."""
    colony.log("web", "a\nb\nc\n")
    reader = follow("web", "-n", "2")
    reader.shows("b\nc\n")
    colony.log("web", "d\n")
    reader.shows("b\nc\nd\n")
    os.kill(reader.process.pid, signal.SIGSTOP)
    for i in range(1, 4):
        colony.log("web", f"before {i}\n")
        rotate(colony, i, compress=i != 2)
    colony.log("web", "now\nhal")
    os.kill(reader.process.pid, signal.SIGCONT)
    expected = "b\nc\nd\nbefore 1\nbefore 2\nbefore 3\nnow\n"
    reader.shows(expected)
    colony.log("web", "f\n")
    reader.shows(expected + "half\n")
    assert (reader.ends(), reader.err) == (130, b"")


def test_a_name_that_appears_later(colony: FakeColony, follow: type[Reader]) -> None:
    """Neither its directory nor the one above it need be there yet, nor its file."""
    reader = follow("web")
    one = follow()
    other = colony.log("db", "db\n")
    one.shows("db: db\n")
    colony.log("web", "web\n")
    reader.shows("web\n")
    one.shows("db: db\nweb: web\n")
    colony.log("new", "x\n")
    colony.configure("new", text='{"args": ["x"], "log": "files"}')
    one.shows("db: db\nweb: web\nnew: x\n")
    other.unlink()
    colony.log("db", "again\n")
    one.shows("db: db\nweb: web\nnew: x\ndb: again\n")
    assert (reader.ends(), one.ends(), one.err) == (130, 130, b"")


def test_the_monitors_log_is_followed_too(colony: FakeColony, follow: type[Reader]) -> None:
    """Rotated by rename or by emptying it; also what logs to files now, and to it later."""
    path = colony.folder / "monitor.log"
    colony.says(monitor(log=str(path)))
    colony.configure("db")
    path.write_text("db: old\nweb: older\ndb: last\n")
    reader = follow("db", "web", "-n", "1")
    reader.shows("db: last\n")
    with path.open("a") as log:
        log.write("web: here\nother: x\ndb: 1\n")
    reader.shows("db: last\nweb: here\ndb: 1\n")
    path.rename(f"{path}.1")
    path.write_text("db: 2, and more\n")
    expected = "db: last\nweb: here\ndb: 1\ndb: 2, and more\n"
    reader.shows(expected)
    path.write_text("db: 3\n")
    reader.shows(expected + "db: 3\n")
    colony.log("web", "to a file\n")
    reader.shows(expected + "db: 3\nweb: to a file\n")
    assert (reader.ends(), reader.err) == (130, b"")


def test_a_pipe_that_nobody_reads_ends_it(colony: FakeColony, follow: type[Reader]) -> None:
    """At once, though there is nothing more to show; 141, quietly."""
    colony.log("web", "a\n")
    reader = follow("web")
    reader.shows("a\n")
    assert reader.process.stdout is not None
    reader.process.stdout.close()
    assert reader.process.wait(DEADLINE_S) == 141
    assert reader.process.stderr is not None
    assert reader.process.stderr.read() == b""
    reader.process.stdout = None


def test_what_cannot_be_followed_is_an_error(colony: FakeColony, follow: type[Reader]) -> None:
    """Where nothing can come, nothing is waited for."""
    colony.configure("web", text='{"args": ["x"], "log": "none"}')
    reader = follow("web")
    out, err = reader.process.communicate(timeout=DEADLINE_S)
    assert (reader.process.returncode, out) == (1, b"")
    assert err.startswith(b"ncolony: cannot show the logs of web: ")


# What it waits by.


@pytest.fixture
def waiter() -> Iterator[Waiter]:
    found = Waiter(None)
    yield found
    found.close()


def news(waiter: Waiter, *directories: Path) -> set[str] | None:
    return waiter.wait(list(map(str, directories)))


def test_a_look_follows_before_anything_is_waited_for(waiter: Waiter, tmp_path: Path) -> None:
    """What happened before a directory was watched tells nobody."""
    assert news(waiter, tmp_path) is None


def test_a_write_is_noticed_where_it_happens(waiter: Waiter, tmp_path: Path) -> None:
    """Only the logs of that directory need a look."""
    one, other = tmp_path / "one", tmp_path / "other"
    for directory in (one, other):
        directory.mkdir()
        (directory / "current").touch()
    assert news(waiter, one, other) is None
    (other / "current").write_text("x")
    assert news(waiter, one, other) == {str(other)}


def test_a_directory_that_is_made_or_goes_calls_for_a_look_everywhere(
    waiter: Waiter, tmp_path: Path
) -> None:
    """One that is missing is known by its parent."""
    missing = tmp_path / "web"
    assert news(waiter, missing) is None
    missing.mkdir()
    assert news(waiter, missing) is None
    assert news(waiter, missing) is None
    (missing / "current").write_text("x")
    assert news(waiter, missing) == {str(missing)}
    (missing / "current").unlink()
    missing.rmdir()
    assert news(waiter, missing) is None


def test_an_overflow_calls_for_a_look_everywhere(
    waiter: Waiter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the kernel dropped notices, nobody knows which."""
    (tmp_path / "current").touch()
    assert news(waiter, tmp_path) is None
    (tmp_path / "current").write_text("x")
    lost = [Notice(-1, following.IN_Q_OVERFLOW, "")]
    monkeypatch.setattr(Inotify, "notices", lambda self: lost)
    assert news(waiter, tmp_path) is None


def test_without_notices_it_looks_at_intervals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user has so many watches; a file system may give no notices."""

    def none(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(following, "UNWATCHED_S", 0.001)
    with monkeypatch.context() as patched:
        patched.setattr(following, "Inotify", none)
        waiter = Waiter(None)
    assert news(waiter, tmp_path) is None
    waiter.close()
    monkeypatch.setattr(Inotify, "watch", none)
    waiter = Waiter(None)
    assert news(waiter, tmp_path) is None
    waiter.close()


def test_a_reader_that_goes_away_is_noticed(tmp_path: Path) -> None:
    """Without anything being written to it."""
    reading, writing = os.pipe()
    waiter = Waiter(writing)
    assert news(waiter, tmp_path) is None
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        news(waiter, tmp_path)
    waiter.close()
    os.close(writing)
