"""When a process's files end, how many are kept, and their compression."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from outputs import WAYS, Logs, a_monitor

from ncolony.rotation import NEAR_THE_END


@pytest.fixture(params=WAYS)
def logs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Logs]:
    with a_monitor(tmp_path, request.param) as found:
        yield found


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Logs]:
    """Where it makes no difference how pipes are watched."""
    with a_monitor(tmp_path) as found:
        yield found


# Rotation


@pytest.mark.parametrize("size", [1, 7, 100, 70_000])
def test_no_file_is_larger_than_it_may_be_and_no_line_is_torn(plain: Logs, size: int) -> None:
    """Whatever pieces the lines come in."""
    run = plain.start(max_size=4096, keep=1000)
    text = b"".join(b"%d %s\n" % (i, b"x" * (i * 7919 % 3000)) for i in range(100))
    for at in range(0, len(text) if size > 10 else 9000, size):
        run.say(text[at : at + size])
    run.end()
    texts = plain.texts()
    assert text.startswith(b"".join(texts)[:-1])
    assert len(texts) > 2
    assert [each[-1:] for each in texts] == [b"\n"] * len(texts)
    assert max(map(len, texts)) <= 4096


def test_a_line_larger_than_a_file_is_a_file(plain: Logs) -> None:
    """It is the exception: a line is never torn."""
    run = plain.start(max_size=4096)
    long = b"x" * 200_000 + b"\n"
    run.say(b"before\n" + long + b"after\n")
    run.end()
    assert plain.texts() == [b"before\n", long, b"after\n"]


def test_near_its_end_a_file_gets_whole_lines(plain: Logs) -> None:
    """A line is held back until it is known whether it has room; far from it, it isn't."""
    size = 4 * NEAR_THE_END
    run = plain.start(max_size=size)
    run.say(b"x" * NEAR_THE_END)
    run.say(b"x" * (NEAR_THE_END - 1) + b"\n" + b"seen")
    assert plain.text().endswith(b"\nseen")
    run.say(b"\n" + b"y" * NEAR_THE_END + b"\nheld back")
    assert plain.text().endswith(b"y\n")
    run.say(b" for long")
    run.end()
    assert plain.texts()[-1].endswith(b"y\nheld back for long\n")


def test_a_rotation_on_request_is_there_at_once(logs: Logs) -> None:
    """The next byte is in the new file; an empty file isn't rotated."""
    run = logs.start()
    assert logs.output.rotate("web") is None
    assert logs.names() == ["current"]
    run.say(b"one\n")
    logs.output.rotate_all()
    assert logs.texts() == [b"one\n", b""]
    assert logs.output.rotate("web") is None
    run.say(b"two\n")
    run.end()
    assert logs.texts() == [b"one\n", b"two\n"]


def test_a_rotation_waits_for_the_end_of_the_line(logs: Logs) -> None:
    """Its beginning is in the old file, so its end is."""
    run = logs.start()
    run.say(b"one\ntw")
    assert logs.output.rotate("web") is None
    run.say(b"o")
    assert logs.texts() == [b"one\ntwo"]
    run.say(b"\nthree\n")
    run.end()
    assert logs.texts() == [b"one\ntwo\n", b"three\n"]


def test_what_has_no_files_cannot_be_rotated(plain: Logs) -> None:
    """And it is said why."""
    run = plain.start_as("web", "monitor")
    assert plain.output.rotate("web") == "web does not log to files"
    assert plain.output.rotate("db") == "db has no log files open"
    run.end()


def test_rotated_files_have_the_time_and_sort_by_it(plain: Logs) -> None:
    """Though all rotations are in one microsecond, or the clock goes back."""
    run = plain.start()
    for number in range(5):
        run.say(b"%d\n" % number)
        plain.clock_s = -3600.0 * number - time.time() + 1.8e9
        plain.output.rotate("web")
    run.end()
    assert plain.texts() == [b"0\n", b"1\n", b"2\n", b"3\n", b"4\n", b""]
    assert all(re.fullmatch(r"2027\d{4}T\d{6}\.\d{6}Z\.log", p.name) for p in plain.rotated())


def test_names_sort_across_monitors(plain: Logs) -> None:
    """The next monitor's clock is behind: its first file comes after the last one's all the
    same, and no file is replaced."""
    for number, hours in enumerate((0, -5, -10)):
        plain.clock_s = 3600.0 * hours
        run = plain.start()
        run.say(b"%d\n" % number)
        plain.output.rotate("web")
        run.end()
        plain.again()
    assert plain.texts() == [b"0\n", b"1\n", b"2\n", b""]


def test_a_file_that_somebody_gave_the_next_name_is_not_replaced(plain: Logs) -> None:
    """Not even where it came after the last look."""
    moment = 1.8e9
    run = plain.start()
    plain.clock_s = moment - time.time() - 1e-3
    names = [f"20270115T080000.{us:06}Z.log" for us in range(5000)]
    names += [f"20270115T075959.{us:06}Z.log.gz" for us in range(990_000, 1_000_000)]
    plain.output._log_files().utc = lambda: moment
    file = plain.output._log_files()._places["web"][""].file
    file._around = file._around._replace(utc=lambda: moment)
    (plain.path / "web" / names[0]).write_bytes(b"precious")
    (plain.path / "web" / (names[1] + ".gz")).write_bytes(b"precious")
    run.say(b"one\n")
    plain.output.rotate("web")
    run.end()
    assert plain.names() == [names[0], names[1] + ".gz", names[2], "current"]
    assert [plain.text(name) for name in plain.names()] == [b"precious"] * 2 + [b"one\n", b""]


# Age


def test_a_file_is_rotated_when_its_first_line_is_old(logs: Logs) -> None:
    """A timer runs only while there is something in it."""
    run = logs.start(max_age=60)
    assert logs.reactor.delays_s == []
    logs.advance(1000)
    run.say(b"one\n")
    assert logs.reactor.delays_s == [60]
    logs.advance(59)
    run.say(b"two\n")
    assert logs.rotated() == []
    logs.advance(1)
    assert logs.texts() == [b"one\ntwo\n", b""]
    assert logs.reactor.delays_s == []
    run.say(b"three\n")
    assert logs.reactor.delays_s == [60]
    run.end()


def test_an_old_file_waits_for_the_end_of_its_line(plain: Logs) -> None:
    """As with any rotation; and its size is looked at as well."""
    run = plain.start(max_age=60, max_size=2 * NEAR_THE_END)
    run.say(b"one\ntw")
    plain.advance(60)
    run.say(b"o\nthree\n")
    assert plain.texts() == [b"one\ntwo\n", b"three\n"]
    run.say((b"x" * 99 + b"\n") * 2000)
    assert len(plain.rotated()) == 2
    assert len(plain.reactor.delays_s) == 1
    run.end()


def file_time(logs: Logs) -> float:
    """What the file system takes for now, which is a little behind other clocks."""
    look = logs.path.parent / "look"
    look.touch()
    return look.stat().st_mtime


@pytest.mark.parametrize("known", [True, False])
def test_an_earlier_monitor_s_file_goes_on_growing_old(
    plain: Logs, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """By its birth, or where that isn't known by the last rotation, or the last write."""
    if not known:
        monkeypatch.setattr("ncolony.age.born_at", lambda fd: None)
    before = file_time(plain)
    run = plain.start(max_age=60)
    run.say(b"one\n")
    run.end()
    plain.again()
    plain.clock_s = 45.0
    run = plain.start(max_age=60)
    (left,) = plain.reactor.delays_s
    assert 15 - (time.time() - before) <= left <= 15
    plain.reactor.advance(left)
    assert plain.texts() == [b"one\n", b""]
    run.end()
    plain.again()
    plain.clock_s = -1e6  # the clock went back: not longer than a whole life
    (plain.path / "web" / "current").write_bytes(b"two\n")
    run = plain.start(max_age=60)
    assert plain.reactor.delays_s == [60]
    run.end()


def test_another_age_holds_from_the_next_start(plain: Logs) -> None:
    """For the file that is there, counted from its birth."""
    before = file_time(plain)
    run = plain.start(max_age=60)
    run.say(b"one\n")
    run.end()
    run = plain.start(max_age=100)
    (left,) = plain.reactor.delays_s
    assert 100 - (time.time() - before) <= left <= 100
    run.end()
    run = plain.start()
    assert plain.reactor.delays_s == []
    run.say(b"two\n")
    assert plain.reactor.delays_s == []
    run.end()


# Old files


def test_so_many_old_files_are_kept(plain: Logs) -> None:
    """Of each stream's; other files in the directory are nobody's business."""
    run = plain.start(keep=2, split=True)
    other = plain.path / "web" / "notes.log"
    other.write_bytes(b"mine")
    for number in range(5):
        run.say(b"%d\n" % number)
        run.say(b"e%d\n" % number, stream=2)
        plain.output.rotate("web")
    run.end()
    assert plain.texts() == [b"3\n", b"4\n", b""]
    assert plain.texts(beginning="stderr-") == [b"e3\n", b"e4\n", b""]
    assert other.read_bytes() == b"mine"


def test_so_many_old_bytes_are_kept(plain: Logs) -> None:
    """The newest ones, as many files as have them."""
    run = plain.start(keep_size=4096, max_size=None, keep=10)
    for number in range(5):
        run.say(b"%d" % number * 1500 + b"\n")
        plain.output.rotate("web")
    run.end()
    assert [text[:1] for text in plain.texts()] == [b"3", b"4", b""]


def test_none_may_be_kept(plain: Logs) -> None:
    """Then a rotation begins anew, and that is all."""
    run = plain.start(keep=0)
    run.say(b"one\n")
    plain.output.rotate("web")
    run.say(b"two\n")
    run.end()
    assert plain.texts() == [b"two\n"]


def test_fewer_are_kept_from_the_next_start(plain: Logs) -> None:
    """Another number is no reason for another file, and holds at the next rotation."""
    run = plain.start(keep=5)
    for number in range(5):
        run.say(b"%d\n" % number)
        plain.output.rotate("web")
    run.say(b"5\n")
    run.end()
    run = plain.start(keep=1)
    run.say(b"six\n")
    plain.output.rotate("web")
    run.end()
    assert plain.texts() == [b"5\nsix\n", b""]


def test_what_cannot_be_removed_is_a_trouble_and_no_more(
    plain: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Output goes on."""
    unlink = os.unlink

    def busy(path: str, *, dir_fd: int | None = None) -> None:
        if path.endswith(".log"):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        unlink(path, dir_fd=dir_fd)

    run = plain.start(keep=0)
    run.say(b"one\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", busy)
        plain.output.rotate("web")
    run.say(b"two\n")
    assert plain.text() == b"two\n"
    trouble = f"cannot tidy {plain.path}/web: Device or resource busy"
    assert (plain.output.trouble("web"), plain.changed) == (trouble, ["web"])
    plain.output.rotate("web")
    assert (plain.output.trouble("web"), plain.changed) == (None, ["web", "web"])
    assert plain.texts() == [b""]
    run.end()


# Compression, with programs of a test's own


class Programs:
    """``gzip`` on PATH is a script; its process is reaped as the monitor's loop does it."""

    def __init__(self, logs: Logs, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.logs = logs
        self.folder = folder
        self.folder.mkdir()
        monkeypatch.setenv("PATH", str(folder))

    def write(self, script: str) -> None:
        path = self.folder / "gzip"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def reap(self) -> int:
        """Wait for all of them; how many there were."""
        count = 0
        compressor = self.logs.output._log_files()._compressor
        while compressor._job is not None:
            pid = compressor._pid
            _, status = os.waitpid(pid, 0)
            self.logs.output.reaped(pid, os.waitstatus_to_exitcode(status) == 0)
            count += 1
        return count


@pytest.fixture
def programs(plain: Logs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    return Programs(plain, tmp_path / "bin", monkeypatch)


def test_rotated_files_are_compressed(plain: Logs, programs: Programs) -> None:
    """One after the other, while output goes on; old ones go by their numbers as ever."""
    programs.write("exec /bin/cat")
    run = plain.start(compress="gzip", keep=2)
    for number in range(3):
        run.say(b"%d\n" % number)
        plain.output.rotate("web")
    programs.reap()
    run.end()
    assert [path.suffix for path in plain.rotated()] == [".gz", ".gz"]
    assert plain.texts() == [b"1\n", b"2\n", b""]
    assert plain.changed == []


def test_what_a_dead_monitor_left_is_cleaned_up_and_done_again(
    plain: Logs, programs: Programs
) -> None:
    """Half a compressed file, an original beside a whole one, one that waited for its turn."""
    programs.write("exec /bin/cat")
    folder = plain.path / "web"
    folder.mkdir(parents=True)
    first, second = "20270115T080000.000001Z.log", "20270115T080000.000002Z.log"
    (folder / first).write_bytes(b"first\n")
    (folder / f".{first}.gz.tmp").write_bytes(b"fir")
    (folder / second).write_bytes(b"second\n")
    (folder / f"{second}.gz").write_bytes(b"second, compressed\n")
    (folder / ".mine.tmp").write_bytes(b"")
    run = plain.start(compress="gzip")
    assert programs.reap() == 1
    run.end()
    names = [".mine.tmp", f"{first}.gz", f"{second}.gz", "current"]
    assert (plain.names(), plain.text(names[1])) == (names, b"first\n")
    assert plain.text(names[2]) == b"second, compressed\n"


def test_what_is_being_compressed_is_left_alone_by_the_next_rotation(
    plain: Logs, programs: Programs
) -> None:
    """Its unfinished file is no dead monitor's, and it has its turn once."""
    programs.write("while [ ! -e $0.go ]; do /bin/sleep 0.01; done; exec /bin/cat")
    run = plain.start(compress="gzip")
    run.say(b"one\n")
    plain.output.rotate("web")
    run.say(b"two\n")
    plain.output.rotate("web")
    assert len([name for name in plain.names() if name.endswith(".tmp")]) == 1
    (programs.folder / "gzip.go").touch()
    assert programs.reap() == 2
    run.end()
    assert plain.texts() == [b"one\n", b"two\n", b""]


def test_a_compressor_that_fails_is_a_trouble_until_one_succeeds(
    plain: Logs, programs: Programs
) -> None:
    """The file stays as it was, and is tried again with the next rotation."""
    programs.write("exit 1")
    run = plain.start(compress="gzip")
    run.say(b"one\n")
    plain.output.rotate("web")
    programs.reap()
    (old,) = plain.rotated()
    assert plain.output.trouble("web") == f"{old} stays uncompressed: gzip failed"
    programs.write("exec /bin/cat")
    run.say(b"two\n")
    plain.output.rotate("web")
    assert programs.reap() == 2
    assert (plain.output.trouble("web"), plain.changed) == (None, ["web", "web"])
    run.end()
    assert [path.suffix for path in plain.rotated()] == [".gz", ".gz"]


def test_a_compressor_that_is_missing_is_said_once(plain: Logs, programs: Programs) -> None:
    """Not with each file."""
    run = plain.start(compress="gzip")
    for number in range(3):
        run.say(b"%d\n" % number)
        plain.output.rotate("web")
    assert str(plain.output.trouble("web")).endswith(
        "Z.log stays uncompressed: gzip is not on PATH"
    )
    assert plain.texts() == [b"0\n", b"1\n", b"2\n", b""]
    run.end()
    plain.output.forget("web")
    plain.rest()
    assert plain.output.trouble("web") is None
