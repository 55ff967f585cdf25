"""``ncolony logs``, in this process."""

from __future__ import annotations

import gzip
import os
import shutil
import sys
import types
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import pytest
from colonies import FakeColony, monitor

from ncolony import cli
from ncolony.control.logs import command, files

EARLY, LATER, LAST = (f"20261125T0{hour}3016.123456Z.log" for hour in (1, 2, 3))
#: An hour after the last one, whatever the machine's clock says.
AFTER = datetime.fromisoformat("2026-11-25T04:30:16Z").timestamp()


@pytest.fixture
def colony(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeColony:
    """Three processes: ``web`` logs to files, ``db`` to the monitor, ``job`` says nowhere."""
    monkeypatch.delenv("NCOLONY_DIR", raising=False)
    found = FakeColony(tmp_path)
    found.configure("web", text='{"args": ["x"], "log": "files"}')
    found.configure("db", text='{"args": ["x"], "log": {"to": "monitor", "time": true}}')
    found.configure("job")
    return found


@pytest.fixture
def monitor_log(colony: FakeColony) -> Path:
    """The monitor's log, a file."""
    path = colony.folder / "monitor.log"
    colony.says(monitor(log=str(path), logs=str(colony.logs)))
    return path


def logs(
    colony: FakeColony, capfd: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    """The exit code of ``ncolony logs WORDS``, its output and its errors."""
    code = cli.main(["logs", "--colony", str(colony.folder), *words])
    return code, *capfd.readouterr()


def numbers(first: int, last: int) -> str:
    return "".join(f"{i}\n" for i in range(first, last + 1))


@pytest.fixture
def rotated(colony: FakeColony) -> FakeColony:
    """``web`` has said the numbers from 1 to 40: ten in each of four files."""
    for i, file in enumerate((EARLY, LATER, LAST, "current")):
        colony.log("web", numbers(10 * i + 1, 10 * i + 10), file)
    return colony


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("", 31),
        ("-n 1", 40),
        ("-n 10", 31),
        ("-n 11", 30),
        ("--lines=35", 6),
        ("-n 1000", 1),
        ("-n all", 1),
        ("-n 0", 41),
    ],
)
def test_the_last_lines_come_from_as_many_files_as_it_takes(
    rotated: FakeColony, capfd: pytest.CaptureFixture[str], words: str, first: int
) -> None:
    """Ten where nothing is said, as of tail(1)."""
    assert logs(rotated, capfd, "web", *words.split()) == (0, numbers(first, 40), "")


def gzipped(path: Path) -> None:
    (path.parent / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()


@pytest.mark.parametrize(("words", "first"), [("-n all", 1), ("-n 15", 26), ("-n 25", 16)])
def test_compressed_files_are_read_as_others(
    rotated: FakeColony, capfd: pytest.CaptureFixture[str], words: str, first: int
) -> None:
    """One that is being compressed, and is there twice, is read once."""
    gzipped(rotated.logs / "web" / EARLY)
    gzipped(rotated.logs / "web" / LAST)
    half = rotated.logs / "web" / f"{LATER}.gz"
    half.write_bytes(b"half of it")
    assert logs(rotated, capfd, "web", *words.split()) == (0, numbers(first, 40), "")


def fake_zstd_module(monkeypatch: pytest.MonkeyPatch, read: Callable[[BinaryIO], object]) -> None:
    """A module ``compression.zstd``, as of Python 3.14, that opens files so."""
    fake = types.ModuleType("compression.zstd")
    fake.open = read  # type: ignore[attr-defined]
    fake.ZstdError = KeyError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "compression", types.ModuleType("compression"))
    monkeypatch.setitem(sys.modules, "compression.zstd", fake)


@pytest.mark.parametrize("module", [False, True])
def test_zstd_by_program_or_by_module(
    rotated: FakeColony,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    module: bool,
) -> None:
    """Python has a module for it from 3.14 on; before, the program does it."""
    path = rotated.logs / "web" / EARLY
    shutil.move(path, f"{path}.zst")
    if module:
        fake_zstd_module(monkeypatch, lambda file: file)
    else:
        fake_zstd(rotated, monkeypatch, 'exec cat; test "$*" = -dcq')
    assert logs(rotated, capfd, "web", "-n", "35") == (0, numbers(6, 40), "")


def fake_zstd(colony: FakeColony, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program ``zstd`` that is this script."""
    program = colony.folder / "bin" / "zstd"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setitem(sys.modules, "compression.zstd", None)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (f"{LATER}.gz", "it is damaged, or not whole"),
        (f"{LATER}.zst", "it is damaged, or not whole"),
        (LATER, "it is not a regular file"),
    ],
)
def test_what_cannot_be_read_is_told_and_passed_over(
    rotated: FakeColony,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    reason: str,
) -> None:
    """One line on standard error, and 1; all the rest is shown."""
    fake_zstd(rotated, monkeypatch, "echo 11; exit 1")
    path = rotated.logs / "web" / LATER
    text = gzip.compress(path.read_bytes())
    path.unlink()
    bad = path.parent / file
    if file == LATER:
        os.mkfifo(bad)
    else:
        bad.write_bytes(text[:-9])
    code, out, err = logs(rotated, capfd, "web", "-n", "all")
    assert (code, err) == (1, f"ncolony: cannot read {bad}: {reason}\n")
    assert out.endswith(numbers(21, 40))
    assert out.startswith(numbers(1, 10))


def test_without_zstd_that_is_said(
    rotated: FakeColony, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which program is missing, and for which file."""
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    monkeypatch.setenv("PATH", str(rotated.folder))
    path = rotated.logs / "web" / EARLY
    shutil.move(path, f"{path}.zst")
    code, out, err = logs(rotated, capfd, "web", "-n", "35")
    assert err == f"ncolony: cannot read {path}.zst: the program zstd is not installed\n"
    assert (code, out) == (1, numbers(11, 40))


def test_a_damaged_file_by_the_module(
    rotated: FakeColony, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told in the same words, whatever finds it out."""
    fake_zstd_module(monkeypatch, lambda file: {}["damaged"])
    path = rotated.logs / "web" / EARLY
    shutil.move(path, f"{path}.zst")
    code, out, err = logs(rotated, capfd, "web", "-n", "35")
    assert err == f"ncolony: cannot read {path}.zst: it is damaged, or not whole\n"
    assert (code, out) == (1, numbers(11, 40))


def test_other_files_are_passed_over(
    rotated: FakeColony, capfd: pytest.CaptureFixture[str]
) -> None:
    """Only what is named as the monitor names it is a log."""
    for file in ("x", "current~", "2026.log", "20261125T013016.123456Z.log.new", ".lock"):
        rotated.log("web", "no\n", file)
    assert logs(rotated, capfd, "web", "-n", "all") == (0, numbers(1, 40), "")


def test_the_bytes_come_as_they_are(
    colony: FakeColony, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Whatever they are, where standard output is no terminal; a missing end included."""
    text = bytes(range(256)) * 3
    colony.log("web", "").write_bytes(text)
    assert cli.main(["logs", "--colony", str(colony.folder), "web", "-n", "all"]) == 0
    assert capfdbinary.readouterr() == (text, b"")


def test_a_file_larger_than_memory_should_hold(
    colony: FakeColony, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last lines of a gigabyte are read from its end."""
    path = colony.log("web", "")
    os.truncate(path, 1 << 30)
    with path.open("r+b") as file:
        file.seek((1 << 30) - 8)
        file.write(b"\nab\ncde\n")
    read: list[int] = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda *a: read.append(a[1]) or pread(*a))
    assert logs(colony, capfd, "web", "-n", "2") == (0, "ab\ncde\n", "")
    assert sum(read) < 4 * files.BLOCK


def test_both_streams_are_shown(colony: FakeColony, capfd: pytest.CaptureFixture[str]) -> None:
    """In the order of their times where lines have them; otherwise the newer file last."""
    colony.log("web", "err\n", "stderr-current")
    colony.log("web", "before\n", f"stderr-{EARLY}")
    os.utime(colony.log("web", "out\n"), (1, 1))
    assert logs(colony, capfd, "web") == (0, "out\nbefore\nerr\n", "")
    stamps = [f"2026-11-25T01:30:1{i}.000Z {i}\n" for i in range(6)]
    (colony.logs / "web" / "current").write_text(stamps[0] + stamps[3] + stamps[4])
    (colony.logs / "web" / f"stderr-{EARLY}").write_text(stamps[1] + stamps[2])
    (colony.logs / "web" / "stderr-current").write_text(stamps[5])
    assert logs(colony, capfd, "web") == (0, "".join(stamps), "")


def test_a_process_that_logs_to_the_monitor(
    colony: FakeColony, monitor_log: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its lines alone, without its name, as a file of its own would have them."""
    monitor_log.write_text(
        "2026-11-25T01:30:16+0000 [ncolony.supervisor#info] db: it runs\n"
        "job: one\ndb: a\njob: db: two\n2026-11-25T01:30:17.000Z db stderr: b: c\ndb: last"
    )
    expected = "a\n2026-11-25T01:30:17.000Z stderr: b: c\nlast"
    assert logs(colony, capfd, "db") == (0, expected, "")
    assert logs(colony, capfd, "db", "-n", "1") == (0, "last", "")
    assert logs(colony, capfd, "db", "-n", "0") == (0, "", "")
    assert logs(colony, capfd, "job") == (0, "one\ndb: two\n", "")


def test_all_processes_are_shown_with_their_names(
    rotated: FakeColony, monitor_log: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """So many lines of each; those of the monitor's log in its order, the newest file last."""
    monitor_log.write_text("".join(f"job: {i}\ndb: {i}\nother: {i}\n" for i in range(9)))
    os.utime(rotated.logs / "web" / "current", (1, 1))
    expected = "web: 39\nweb: 40\njob: 7\ndb: 7\njob: 8\ndb: 8\n"
    assert logs(rotated, capfd, "-n", "2") == (0, expected, "")
    expected = "web: 40\ndb: 8\n"
    assert logs(rotated, capfd, "web", "db", "web", "-n", "1") == (0, expected, "")
    assert logs(rotated, capfd, "-n", "0") == (0, "", "")


@pytest.mark.parametrize(("since", "first"), [("02:30:16Z", 21), ("02:30:17Z", 31)])
def test_since_passes_over_files_that_are_older(
    rotated: FakeColony, capfd: pytest.CaptureFixture[str], since: str, first: int
) -> None:
    """A rotated file says in its name when its last line was written at the latest."""
    gzipped(rotated.logs / "web" / LATER)
    os.utime(rotated.logs / "web" / "current", (AFTER, AFTER))
    first -= 10
    since = f"2026-11-25T{since}"
    assert logs(rotated, capfd, "web", "--since", since) == (0, numbers(first, 40), "")
    assert logs(rotated, capfd, "web", "--since", since, "-n", "3") == (0, numbers(38, 40), "")
    os.utime(rotated.logs / "web" / "current", (1, 1))
    assert logs(rotated, capfd, "web", "--since", "2027-01-01") == (0, "", "")


def test_since_goes_by_the_lines_where_they_have_times(
    colony: FakeColony, monitor_log: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also by those of others in the monitor's log: what may be newer is shown."""
    times = [f"2026-11-25T01:30:1{i}.000Z" for i in range(10)]
    current = colony.log("web", "".join(f"{time} web\n" for time in times))
    os.utime(current, (AFTER, AFTER))
    words = ["--since", "2026-11-25T01:30:17.5Z"]
    assert logs(colony, capfd, "web", *words) == (0, f"{times[8]} web\n{times[9]} web\n", "")
    monitor_log.write_text(
        "".join(f"{time} [x#info] y\njob: {i}\n" for i, time in enumerate(times))
    )
    os.utime(monitor_log, (AFTER, AFTER))
    assert logs(colony, capfd, "job", *words) == (0, "7\n8\n9\n", "")
    assert logs(colony, capfd, "job", *words, "-n", "2") == (0, "8\n9\n", "")
    os.utime(monitor_log, (1, 1))
    assert logs(colony, capfd, "job", *words) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        ("wbe", 1, "cannot show the logs of wbe: no process of this name is configured; did you"),
        ("../web", 2, "cannot show the logs of '../web': not a process's name"),
        ("web --since soon", 2, "cannot show logs: --since: found 'soon'; allowed: a date and"),
        ("web", 1, "cannot show the logs of web: no log files are in LOGS/web\n"),
        ("db", 1, "cannot show the logs of db: the output goes to the monitor's, and no monitor"),
        ("none", 1, 'cannot show the logs of none: the output is not kept ("log": "none")\n'),
        ("raw", 1, "cannot show the logs of raw: the output goes straight to the monitor's"),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    colony: FakeColony, capfd: pytest.CaptureFixture[str], words: str, code: int, line: str
) -> None:
    """It says why, and where to look instead."""
    colony.configure("none", text='{"args": ["x"], "log": "none"}')
    colony.configure("raw", text='{"args": ["x"], "log": {"to": "inherit"}}')
    found, out, err = logs(colony, capfd, *words.split())
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert err.startswith("ncolony: " + line.replace("LOGS", str(colony.logs)))


def test_a_monitor_that_logs_to_no_file_is_told(
    rotated: FakeColony, capfd: pytest.CaptureFixture[str]
) -> None:
    """Once for all processes that log there; the others are shown."""
    rotated.configure("a", "b", "c")
    rotated.says(monitor(logs=str(rotated.logs)))
    reason = "the output goes to the monitor's, which is not a file; read it where that goes"
    code, out, err = logs(rotated, capfd, "-n", "1")
    assert (code, out) == (0, "web: 40\n")
    assert err == (
        f"ncolony: cannot show the logs of a, b, c and 2 more: {reason}, e.g. docker logs\n"
    )
    code, out, err = logs(rotated, capfd, "db", "-f")
    assert (code, out) == (1, "")
    assert err == f"ncolony: cannot show the logs of db: {reason}, e.g. docker logs\n"
    rotated.configure("web", text='{"args": ["x"], "log": "none"}')
    code, out, err = logs(rotated, capfd)
    assert (code, out, err.count("\n")) == (1, "", 2)


def test_where_a_process_says_nothing_the_monitors_option_counts(
    colony: FakeColony, capfd: pytest.CaptureFixture[str]
) -> None:
    """``--log`` of the monitor; before there is one, what lies there."""
    colony.log("job", "text\n")
    colony.configure("odd", text='{"args": ["x"], "log": "syslog"}')
    colony.says(monitor(log_to="files"))
    assert logs(colony, capfd, "job") == (0, "text\n", "")
    colony.says(monitor(log_to="none"))
    assert logs(colony, capfd, "job")[0] == logs(colony, capfd, "odd")[0] == 1
    (colony.status / ".monitor").unlink()
    assert logs(colony, capfd, "job") == (0, "text\n", "")


def test_a_process_that_is_gone_still_has_its_files(
    rotated: FakeColony, capfd: pytest.CaptureFixture[str]
) -> None:
    """As long as its logs lie there, by its name."""
    (rotated.config / "web").unlink()
    assert logs(rotated, capfd, "web", "-n", "1") == (0, "40\n", "")


def test_where_the_files_are(
    rotated: FakeColony, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """--logs, COLONY/logs, where the monitor says, or MESSAGES/.logs."""
    elsewhere = tmp_path / "elsewhere"
    rotated.logs.rename(elsewhere)
    assert logs(rotated, capfd, "web", "-n", "1", "--logs", str(elsewhere))[:2] == (0, "40\n")
    rotated.says(monitor(logs=str(elsewhere)))
    assert logs(rotated, capfd, "web", "-n", "1")[:2] == (0, "40\n")
    places = ["--config", str(rotated.config), "--messages", str(rotated.messages)]
    elsewhere.rename(rotated.messages / ".logs")
    assert cli.main(["logs", "web", "-n", "1", *places]) == 0
    assert capfd.readouterr() == ("40\n", "")
    assert cli.main(["logs", "web", "--config", str(rotated.config)]) == 2
    assert "cannot find the logs directory: give --logs DIR" in capfd.readouterr().err
    assert cli.main(["logs", "web", "--logs", str(rotated.messages / ".logs"), "-n", "1"]) == 0


def test_nothing_to_show(
    colony: FakeColony, monitor_log: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """No process, no log: said plainly, and no log that should be there is a silence."""
    code, out, err = logs(colony, capfd, "db")
    assert (code, out, err) == (0, "", "")
    for name in ("web", "db", "job"):
        (colony.config / name).unlink()
    code, out, err = logs(colony, capfd)
    assert (code, out, err) == (1, "", "ncolony: cannot show logs: no process is configured\n")


def test_no_right_to_read_is_told_once(
    rotated: FakeColony, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log directories are for their owner and group."""

    path = rotated.logs / "web" / "current"
    by_right = os.open

    def refused(name: str, *flags: int) -> int:
        if name.startswith(str(rotated.logs)):
            raise PermissionError(13, "Permission denied")
        return by_right(name, *flags)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refused)
        code, out, err = logs(rotated, capfd, "web")
    assert (code, out, err) == (1, "", f"ncolony: cannot read {path}: Permission denied\n")
    with monkeypatch.context() as patched:
        patched.setattr(os, "listdir", refused)
        code, out, err = logs(rotated, capfd, "web", "-n", "20")
    assert (code, err) == (1, f"ncolony: cannot list {path.parent}: Permission denied\n")


def test_the_monitors_log_that_cannot_be_read_is_told(
    colony: FakeColony, monitor_log: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A directory in its place, say."""
    monitor_log.mkdir()
    code, out, err = logs(colony, capfd, "db")
    assert (code, out) == (1, "")
    assert err == f"ncolony: cannot read {monitor_log}: it is not a regular file\n"


def test_ten_lines_is_what_the_help_says(capfd: pytest.CaptureFixture[str]) -> None:
    """The default is told."""
    with pytest.raises(SystemExit):
        cli.main(["logs", "--help"])
    words = " ".join(capfd.readouterr().out.split())
    assert f"[{command.DEFAULT_LINES}; with --since all]" in words
