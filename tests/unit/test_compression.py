"""Compressors as real processes: one at a time, nothing half written."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ncolony.compression import NICENESS, Compressor, Job
from reactors import nothing_left

TEXT = b"some line\n" * 1000
#: Waits until its standard input's file has a brother named "go", then copies.
PATIENT = "while [ ! -e {0}/go ]; do /bin/sleep 0.01; done; exec /bin/cat"


class Compressing:
    """A compressor, a directory of files, and what was said of each when it was done."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.monkeypatch = monkeypatch
        self.compressor = Compressor()
        self.done: list[tuple[str, str | None]] = []

    def program(self, script: str, name: str = "gzip") -> None:
        """Have a shell script be the only program of that name."""
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script.format(self.programs)}\n")
        path.chmod(0o755)
        self.monkeypatch.setenv("PATH", str(self.programs))

    def add(self, name: str, method: str = "gzip", *, text: bytes | None = TEXT) -> None:
        if text is not None:
            (self.logs / name).write_bytes(text)
        done = self.done.append
        self.compressor.add(Job(str(self.logs), name, method, lambda reason: done((name, reason))))

    def reap(self) -> None:
        """Wait for the process there is, as the monitor's loop does."""
        pid = self.compressor._pid
        _, status = os.waitpid(pid, 0)
        self.compressor.reaped(pid, os.waitstatus_to_exitcode(status) == 0)

    def finish(self) -> None:
        """Wait for all of them."""
        while self.busy:
            self.reap()

    def let_go(self) -> None:
        (self.programs / "go").touch()

    @property
    def busy(self) -> bool:
        return self.compressor._job is not None

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.logs.iterdir())


@pytest.fixture
def compressing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Compressing]:
    with nothing_left():
        found = Compressing(tmp_path, monkeypatch)
        yield found
        pid = found.compressor._pid if found.busy else 0
        found.compressor.close()
        if pid:
            os.waitpid(pid, 0)


@pytest.mark.parametrize(
    ("method", "suffix"),
    [
        ("gzip", ".gz"),
        pytest.param(
            "zstd", ".zst", marks=pytest.mark.skipif(not shutil.which("zstd"), reason="no zstd")
        ),
    ],
)
def test_a_file_is_replaced_by_a_compressed_one(
    compressing: Compressing, method: str, suffix: str
) -> None:
    """With the same contents, under the same name and a suffix."""
    compressing.add("a.log", method)
    compressing.finish()
    assert (compressing.names, compressing.done) == ([f"a.log{suffix}"], [("a.log", None)])
    if method == "gzip":
        assert gzip.decompress((compressing.logs / "a.log.gz").read_bytes()) == TEXT


@pytest.mark.parametrize("end", ["exit 0", "exit 1"])
def test_a_file_is_on_the_disk_before_the_original_goes(compressing: Compressing, end: str) -> None:
    """sync(1) is given the file that was written; what becomes of it is no reason to wait."""
    compressing.program("exec /bin/cat")
    compressing.program(f"/bin/cat /dev/stdin >{{0}}/synced; {end}", "sync")
    compressing.add("a.log")
    compressing.reap()
    assert (compressing.names, compressing.done) == ([".a.log.gz.tmp", "a.log"], [])
    compressing.reap()
    assert (compressing.programs / "synced").read_bytes() == TEXT
    assert (compressing.names, compressing.done) == (["a.log.gz"], [("a.log", None)])


def test_one_is_compressed_at_a_time(compressing: Compressing) -> None:
    """In the order in which they came; one that waits already waits once."""
    compressing.program("exec /bin/cat")
    for name in ("a.log", "b.log", "c.log"):
        compressing.add(name)
    compressing.add("a.log")
    compressing.add("c.log")
    seen = []
    while compressing.busy:
        seen.append([name for name in compressing.names if name.startswith(".")])
        compressing.reap()
    assert seen == [[".a.log.gz.tmp"], [".b.log.gz.tmp"], [".c.log.gz.tmp"]]
    assert compressing.names == ["a.log.gz", "b.log.gz", "c.log.gz"]


def test_the_process_is_as_low_and_as_clean_as_can_be(compressing: Compressing) -> None:
    """Nicest, in a session of its own, no signal blocked or ignored, no descriptor but three."""
    compressing.program(PATIENT)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    try:
        compressing.add("a.log")
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    pid = compressing.compressor._pid
    assert os.getpriority(os.PRIO_PROCESS, pid) == NICENESS
    assert os.getsid(pid) == pid
    ours = 1 << (signal.SIGCHLD - 1) | 1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)
    end = time.monotonic() + 30
    while any(mask & ours for mask in _masks(pid)):  # a shell blocks signals while it forks
        assert time.monotonic() < end, _masks(pid)
    compressing.let_go()
    compressing.reap()


def _masks(pid: int) -> list[int]:
    """The signals that are blocked, and those that are ignored."""
    status = Path(f"/proc/{pid}/status").read_text()
    return [
        int(line.split()[1], 16)
        for line in status.splitlines()
        if line.startswith(("SigBlk", "SigIgn"))
    ]


@pytest.mark.parametrize("script", ["echo half; exit 1", "echo half; kill -KILL $$"])
def test_a_failure_leaves_the_file_as_it_was(compressing: Compressing, script: str) -> None:
    """Nothing of the half is left, and it is said which program failed."""
    compressing.program(script)
    compressing.add("a.log")
    compressing.reap()
    assert (compressing.names, compressing.done) == (["a.log"], [("a.log", "gzip failed")])
    assert (compressing.logs / "a.log").read_bytes() == TEXT


def test_a_program_that_is_not_there_is_said(compressing: Compressing) -> None:
    """And nothing is left; the next file may be another program's."""
    compressing.program("exec /bin/cat", "gzip")
    compressing.add("a.log", "zstd")
    compressing.add("b.log")
    assert compressing.done == [("a.log", "zstd is not on PATH")]
    compressing.reap()
    assert compressing.names == ["a.log", "b.log.gz"]


def test_a_program_that_cannot_be_run_is_said(compressing: Compressing) -> None:
    """An empty file with an x bit, say."""
    (compressing.programs / "gzip").write_bytes(b"\0")
    (compressing.programs / "gzip").chmod(0o755)
    compressing.monkeypatch.setenv("PATH", str(compressing.programs))
    compressing.add("a.log")
    assert compressing.done == [("a.log", "Exec format error")]
    assert (compressing.names, compressing.busy) == (["a.log"], False)


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_file_that_goes_is_not_brought_back(compressing: Compressing, when: str) -> None:
    """Whoever removed it doesn't want it compressed."""
    compressing.program(PATIENT)
    if when == "before":
        compressing.add("a.log", text=None)
    else:
        compressing.add("a.log")
        (compressing.logs / "a.log").unlink()
        compressing.let_go()
        compressing.reap()
        assert compressing.done == [("a.log", None)]
    assert (compressing.names, compressing.busy) == ([], False)


def test_a_directory_that_goes_takes_its_jobs_along(compressing: Compressing) -> None:
    """Neither of them is a trouble."""
    compressing.program(PATIENT)
    compressing.add("a.log")
    compressing.add("b.log")
    shutil.rmtree(compressing.logs)
    compressing.let_go()
    compressing.reap()
    assert (compressing.done, compressing.busy) == ([("a.log", None)], False)


def test_a_link_in_a_file_s_place_is_not_followed(compressing: Compressing) -> None:
    """What it leads to is nobody's log."""
    (compressing.logs / "secret").write_bytes(b"secret")
    (compressing.logs / "a.log").symlink_to("secret")
    compressing.add("a.log", text=None)
    assert compressing.done == [("a.log", "it is a symbolic link, and those are not followed")]
    assert compressing.names == ["a.log", "secret"]


def test_other_children_s_ends_are_nothing(compressing: Compressing) -> None:
    """The loop tells of every child that it doesn't know."""
    compressing.compressor.reaped(0, True)
    compressing.program(PATIENT)
    compressing.add("a.log")
    compressing.compressor.reaped(compressing.compressor._pid + 1, True)
    assert compressing.busy
    compressing.let_go()
    compressing.reap()
    assert compressing.names == ["a.log.gz"]


def test_what_is_written_now_can_be_told(compressing: Compressing) -> None:
    """So that nobody takes it for what a dead monitor left."""
    compressing.program(PATIENT)
    compressing.add("a.log")
    writes: Callable[[str, str], bool] = compressing.compressor.writes
    assert writes(str(compressing.logs), ".a.log.gz.tmp")
    assert not writes(str(compressing.logs), ".b.log.gz.tmp")
    assert not writes("/elsewhere", ".a.log.gz.tmp")
    compressing.let_go()
    compressing.reap()
    assert not writes(str(compressing.logs), ".a.log.gz.tmp")


def test_the_end_leaves_files_as_they_are(compressing: Compressing) -> None:
    """The process is ended, what it wrote is gone, and what waits is the next monitor's."""
    compressing.program(PATIENT)
    compressing.add("a.log")
    compressing.add("b.log")
    pid = compressing.compressor._pid
    compressing.compressor.close()
    assert compressing.names == ["a.log", "b.log"]
    assert os.waitpid(pid, 0) == (pid, signal.SIGKILL)
    assert not compressing.busy
