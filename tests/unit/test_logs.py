"""Where the monitor's log goes, by the options of twistd and of twist."""

from __future__ import annotations

import errno
import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.logger import LogLevel, formatEvent

from ncolony.logs import EventSink, TwistdLog, find_log
from ncolony.rotatedlog import RotatedLog
from ncolony.sink import RETRY_S, Descriptor, Sink
from reactors import Reactor, logged, nothing_left


@pytest.fixture
def reactor() -> Iterator[Reactor]:
    with nothing_left() as reactor:
        yield reactor


@pytest.fixture(autouse=True)
def sigusr1() -> Iterator[None]:
    """SIGUSR1 as a fresh process has it."""
    previous = signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGUSR1, previous)


def a_log(folder: Path, size_bytes: int = 10) -> Any:
    """A log file that is rotated at this size."""
    return RotatedLog("log", str(folder), rotateLength=size_bytes)


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


# A file that rotates


def test_blocks_count_and_rotate_the_file_between_them(reactor: Reactor, tmp_path: Path) -> None:
    """A file is rotated when it is full; no line is torn, none is lost."""
    log = a_log(tmp_path)
    sink = Sink(reactor, log)
    for block in (b"1234\n", b"5678\n", b"a\nb\n", b"a long line\n", b"last\n"):
        assert sink.write(block)
    assert log.size == 5
    log.close()
    assert files(tmp_path) == {
        "log": "last\n",
        "log.1": "a\nb\na long line\n",
        "log.2": "1234\n5678\n",
    }


def test_blocks_and_events_share_the_file_in_order(reactor: Reactor, tmp_path: Path) -> None:
    """Twisted's own lines and the children's are counted together."""
    log = a_log(tmp_path)
    sink = Sink(reactor, log)
    log.write("event\n")
    sink.write(b"1234\n")
    log.write("event\n")
    log.close()
    assert files(tmp_path) == {"log": "event\n", "log.1": "event\n1234\n"}


def test_a_file_that_is_not_rotated_grows(reactor: Reactor, tmp_path: Path) -> None:
    """No size, no rotation; and an old file is gone on with."""
    (tmp_path / "log").write_text("old\n")
    log = RotatedLog("log", str(tmp_path), rotateLength=None)
    Sink(reactor, log).write(b"x" * 99 + b"\n")
    log.close()
    assert files(tmp_path) == {"log": "old\n" + "x" * 99 + "\n"}


def test_a_rotation_that_fails_half_way_loses_nothing(
    reactor: Reactor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full table of descriptors during a rotation: the log goes on once there is room."""
    log = a_log(tmp_path)
    sink = Sink(reactor, log)

    def full(self: RotatedLog) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    try:
        with monkeypatch.context() as patch:
            patch.setattr(RotatedLog, "_openFile", full)
            assert sink.write(b"0123456789\n")
            assert not sink.write(b"2\n")
        reactor.advance(RETRY_S)
        assert sink.write(b"3\n")
        assert files(tmp_path) == {"log": "2\n3\n", "log.1": "0123456789\n"}
    finally:
        sink.close()
        log._file.close()


def test_an_event_after_a_failed_rotation_finds_the_file_again(
    reactor: Reactor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twisted's own lines aren't lost either."""
    log = a_log(tmp_path)

    def full(self: RotatedLog) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(RotatedLog, "_openFile", full)
        Sink(reactor, log).write(b"0123456789\n")
    log.write("event\n")
    log._file.close()
    assert files(tmp_path) == {"log": "event\n", "log.1": "0123456789\n"}


# twistd


def test_twistd_s_file_is_opened_when_its_observer_is_asked_for(
    reactor: Reactor, tmp_path: Path
) -> None:
    """Blocks and events go to the same file, and it has a descriptor from then on."""
    log = TwistdLog(str(tmp_path / "log"), reactor)
    log.wrote(1)
    with pytest.raises(AssertionError):
        log.fileno()
    assert files(tmp_path) == {}
    observer = log.observer()
    event = {"log_format": "hello", "log_namespace": "n", "log_level": LogLevel.info}
    observer({**event, "log_time": None})
    os.write(log.fileno(), b"web: hi\n")
    log.wrote(8)
    assert files(tmp_path) == {"log": "- [n#info] hello\nweb: hi\n"}
    assert log._file is not None
    assert log._file.size == len(files(tmp_path)["log"])
    log._file.close()


def test_sigusr1_rotates_twistd_s_file(reactor: Reactor, tmp_path: Path) -> None:
    """From the reactor, as twistd itself has it."""
    (tmp_path / "log").write_text("old\n")
    log = TwistdLog(str(tmp_path / "log"), reactor)
    log.observer()
    signal.raise_signal(signal.SIGUSR1)
    assert files(tmp_path) == {"log": "old\n"}
    (rotate,) = reactor.from_thread
    rotate()
    os.write(log.fileno(), b"new\n")
    assert files(tmp_path) == {"log": "new\n", "log.1": "old\n"}
    assert log._file is not None
    log._file.close()


def test_somebody_s_own_handler_of_sigusr1_stays(reactor: Reactor, tmp_path: Path) -> None:
    """What the user has put there is theirs."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    log = TwistdLog(str(tmp_path / "log"), reactor)
    log.observer()
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN
    assert log._file is not None
    log._file.close()


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"logfile": "a/log", "nodaemon": True}, "a/log"),
        ({"logfile": "a/log", "nodaemon": False}, "a/log"),
        ({"logfile": None, "nodaemon": False}, "twistd.log"),
        ({"logfile": "", "nodaemon": False, "logger": None, "syslog": 0}, "twistd.log"),
    ],
)
def test_twistd_s_log_file_is_found(options: dict[str, Any], path: str) -> None:
    """The one that is asked for, or a daemon's usual one; the options stay as they are."""
    before = dict(options)
    log = find_log(options, "reactor")
    assert isinstance(log, TwistdLog)
    assert (log._path, options) == (path, before)


@pytest.mark.parametrize(
    "options",
    [
        None,
        {"logfile": None, "nodaemon": True},
        {"logfile": "-", "nodaemon": True},
        {"logfile": "-", "nodaemon": False, "logger": None},
    ],
)
def test_without_a_file_the_log_is_standard_output(options: dict[str, Any] | None) -> None:
    """In the foreground, and where the plugin has no parent."""
    log = find_log(options, "reactor")
    assert isinstance(log, Descriptor)
    assert log.fileno() == 1
    assert not (options or {}).get("logger")


@pytest.mark.parametrize(
    "options",
    [
        {"logfile": "a/log", "nodaemon": True, "logger": "my.observer"},
        {"logfile": None, "nodaemon": False, "logger": "my.observer"},
        {"logfile": None, "nodaemon": False, "syslog": 1},
    ],
)
def test_a_logger_of_the_user_s_own_gets_events_only(options: dict[str, Any]) -> None:
    """Raw lines have no place in syslog, nor where somebody's code decides; it stays in charge."""
    before = dict(options)
    assert find_log(options, "reactor") is None
    assert options == before


# twist


def test_twist_s_text_goes_to_its_file(tmp_path: Path) -> None:
    """By the descriptor of the file that twist has opened."""
    with nothing_left(), open(tmp_path / "log", "a", encoding="utf-8") as file:
        log = find_log({"logFile": file, "logFormat": "text"}, "reactor")
        assert isinstance(log, Descriptor)
        assert log.fileno() == file.fileno()


def test_twist_without_a_file_logs_to_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever that leads."""
    with nothing_left(), open(os.devnull, encoding="utf-8") as file:
        monkeypatch.setattr("sys.stdout", file)
        log = find_log({"logFile": None, "logFormat": "text"}, "reactor")
        assert isinstance(log, Descriptor)
        assert log.fileno() == file.fileno()


def test_twist_s_json_gets_events_only() -> None:
    """A line that isn't JSON would spoil it."""
    assert find_log({"logFile": io.StringIO(), "logFormat": "json"}, "reactor") is None


# Lines as events


def test_each_line_is_an_event_where_nothing_else_will_do() -> None:
    """In order, and whatever it holds, braces and bytes that aren't UTF-8 included."""
    with nothing_left(), logged("ncolony.output") as events:
        sink = EventSink()
        assert sink.write(b"web: {one}\nweb: \xff\n")
        assert sink.write(b"web: three\n")
        sink.close()
        assert [formatEvent(event) for event in events] == [
            "web: {one}",
            "web: \\xff",
            "web: three",
        ]
        assert {event["log_level"] for event in events} == {LogLevel.info}
        assert sink.trouble is None


def test_only_a_newline_ends_a_line_of_an_event() -> None:
    """A form feed, a carriage return or a line separator is part of its line."""
    with logged("ncolony.output") as events:
        EventSink().write("web: a\x0cb\rc\u2028d\x85e\n".encode())
    assert [event["line"] for event in events] == ["web: a\x0cb\rc\u2028d\x85e"]
