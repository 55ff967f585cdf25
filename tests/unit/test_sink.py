"""The monitor's log: everything in order, once, and nothing that blocks."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import select
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ncolony.sink import MAX_WAITING, RETRY_S, Descriptor, Sink, SinkFile
from reactors import Reactor, failures, logged, nothing_left

FULL_DISK = "cannot write the log: No space left on device; children with output wait"
GONE = "the log's reader is gone: what it does not read is lost"


class Log:
    """A log whose descriptor a test changes."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.sizes: list[int] = []

    def fileno(self) -> int:
        return self.fd

    def wrote(self, size_bytes: int) -> None:
        self.sizes.append(size_bytes)


class Written:
    """A sink, what it said, and the places it writes to."""

    def __init__(self, reactor: Reactor, folder: Path) -> None:
        self.reactor = reactor
        self.path = folder / "log"
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT)
        self.full = os.open("/dev/full", os.O_WRONLY)
        self.reader, self.pipe = os.pipe()
        self.log = Log(self.file)
        self.sink = Sink(reactor, self.log)
        self.said: list[str | None] = []
        self.resumed = 0
        self.sink.changed = lambda: self.said.append(self.sink.trouble)
        self.sink.resume = self._resume

    def _resume(self) -> None:
        self.resumed += 1

    @property
    def text(self) -> bytes:
        return self.path.read_bytes()

    def fill_the_pipe(self) -> bytes:
        """Write lines until one has to wait; all of them."""
        self.log.fd = self.pipe
        text = b""
        for number in range(10_000):
            line = b"%099d\n" % number
            text += line
            if not self.sink.write(line):
                return text
        raise AssertionError("this pipe takes everything")

    def read(self) -> bytes:
        """What is in the pipe."""
        found = b""
        while select.select([self.reader], [], [], 0)[0]:
            block = os.read(self.reader, 1 << 16)
            if not block:
                break
            found += block
        return found

    def close(self) -> None:
        self.sink.close()
        for fd in (self.file, self.full, self.reader, self.pipe):
            if fd >= 0:
                os.close(fd)


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    with nothing_left() as reactor:
        written = Written(reactor, tmp_path)
        yield written
        written.close()


# Nothing in the way


def test_a_file_takes_each_block_at_once(written: Written) -> None:
    """What is written is in the file when the call returns, and has been counted."""
    assert [written.sink.write(block) for block in (b"1\n", b"2\n" * 9999, b"3\n")] == [True] * 3
    assert written.text == b"1\n" + b"2\n" * 9999 + b"3\n"
    assert (written.log.sizes, written.said, written.resumed) == ([2, 19998, 2], [], 0)


def test_a_pipe_with_room_takes_each_block_at_once(written: Written) -> None:
    """A reader that keeps up makes nobody wait."""
    written.log.fd = written.pipe
    text = b"".join(b"%d\n" % number for number in range(3000))
    assert written.sink.write(text)
    assert written.read() == text


def test_a_log_may_change_its_descriptor(written: Written) -> None:
    """A rotated log is asked for its descriptor again at each block."""
    written.sink.write(b"1\n")
    written.log.fd = written.pipe
    written.sink.write(b"2\n")
    assert (written.text, written.read()) == (b"1\n", b"2\n")


def test_a_descriptor_is_a_log_that_nothing_rotates() -> None:
    """Standard output stays what it is however much is written."""
    with nothing_left():
        log = Descriptor(1)
        log.wrote(1 << 40)
        assert log.fileno() == 1


# What a write may do


def test_a_write_that_takes_a_part_is_gone_on_with(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short write loses and repeats nothing."""
    write = os.write
    sizes: list[int] = []

    def short(fd: int, block: memoryview) -> int:
        sizes.append(len(block))
        return write(fd, block[:3])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", short)
        assert written.sink.write(b"0123456789\n")
    assert (written.text, sizes) == (b"0123456789\n", [11, 8, 5, 2])


def test_a_full_disk_makes_blocks_wait_in_order(written: Written) -> None:
    """ENOSPC loses nothing: once there is room all is written, and the children go on."""
    written.log.fd = written.full
    assert [written.sink.write(b"1\n"), written.sink.write(b"2\n")] == [False, False]
    assert (written.said, written.reactor.delays_s) == ([FULL_DISK], [RETRY_S])
    written.reactor.advance(RETRY_S)
    assert (written.said, written.reactor.delays_s) == ([FULL_DISK], [RETRY_S])
    assert (written.text, written.resumed) == (b"", 0)
    written.log.fd = written.file
    assert not written.sink.write(b"3\n")
    written.reactor.advance(RETRY_S)
    assert (written.text, written.log.sizes) == (b"1\n2\n3\n", [2, 2, 2])
    assert (written.said, written.resumed) == ([FULL_DISK, None], 1)
    assert written.sink.write(b"4\n")
    assert written.text == b"1\n2\n3\n4\n"


def test_a_disk_that_fills_in_the_middle_of_a_block_tears_no_line(written: Written) -> None:
    """The rest of a block that was half written follows it, once."""
    with file_size_limit(10):
        assert not written.sink.write(b"0123456789abcdef\n")
        assert written.text == b"0123456789"
        assert not written.sink.write(b"next\n")
    written.reactor.advance(RETRY_S)
    assert written.text == b"0123456789abcdef\nnext\n"
    assert written.said == ["cannot write the log: File too large; children with output wait", None]


class file_size_limit:
    """No file grows beyond this meanwhile."""

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes

    def __enter__(self) -> None:
        self.handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size_bytes, self.limits[1]))

    def __exit__(self, *error: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.limits)
        signal.signal(signal.SIGXFSZ, self.handler)


def test_a_closed_descriptor_is_a_trouble_like_any_other(written: Written) -> None:
    """EBADF ends no monitor."""
    written.log.fd = -1
    assert not written.sink.write(b"1\n")
    written.log.fd = written.file
    written.reactor.advance(RETRY_S)
    trouble = "cannot write the log: Bad file descriptor; children with output wait"
    assert (written.text, written.said) == (b"1\n", [trouble, None])


# A reader that is slow, or gone


def test_a_full_pipe_is_filled_and_never_waited_for(written: Written) -> None:
    """A reader that stops makes blocks wait, and is given them when it reads again."""
    text = written.fill_the_pipe()
    assert not written.sink.write(b"last\n")
    assert (len(written.reactor.writers), written.reactor.turn()) == (1, False)
    first = written.read()
    assert len(first) >= fcntl.fcntl(written.pipe, fcntl.F_GETPIPE_SZ) / 2
    written.reactor.rest()
    assert first + written.read() == text + b"last\n"
    assert (written.resumed, written.said, written.reactor.writers) == (1, [], set())


def test_a_reader_that_reads_a_little_gets_as_much(written: Written) -> None:
    """Order holds however the reader's pauses fall into the blocks."""
    text = written.fill_the_pipe()
    for number in range(50):
        line = b"%04999d\n" % number
        text += line
        assert not written.sink.write(line)
    found = b""
    while written.reactor.writers:
        found += os.read(written.reader, 5000)
        written.reactor.turn()
        written.sink.flush()
    assert found + written.read() == text


@pytest.mark.parametrize("family", [socket.AF_UNIX, socket.AF_INET])
def test_a_socket_is_a_log_like_a_pipe(written: Written, family: socket.AddressFamily) -> None:
    """It takes what it has room for, is never waited for, and its reader may go away."""
    reader, log = connected(family)
    written.log.fd = log.fileno()
    lines = [b"%0999d\n" % number for number in range(100_000)]
    sent = next(count for count, line in enumerate(lines, 1) if not written.sink.write(line))
    found = b""
    while len(found) < sent * 1000:
        written.reactor.turn()
        if select.select([reader], [], [], 0.01)[0]:  # the kernel may not have made room yet
            found += reader.recv(1 << 20)
    assert found == b"".join(lines[:sent])
    assert (written.said, written.resumed, written.reactor.writers) == ([], 1, set())
    reader.close()
    while not written.said:  # until the kernel has learned that the reader is gone
        assert written.sink.write(b"1\n")
    assert written.said == [GONE]
    log.close()


def connected(family: socket.AddressFamily) -> tuple[socket.socket, socket.socket]:
    if family == socket.AF_UNIX:
        return socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as server:
        log = socket.create_connection(server.getsockname())
        return server.accept()[0], log


def test_a_reader_that_is_gone_takes_nobody_along(written: Written) -> None:
    """EPIPE is said once; the children run on, and what they say goes nowhere."""
    os.close(written.reader)
    written.reader = -1
    written.log.fd = written.pipe
    assert [written.sink.write(b"1\n"), written.sink.write(b"2\n")] == [True, True]
    written.sink.write_own(b"3\n")
    assert (written.said, written.sink.trouble) == ([GONE], GONE)


def test_a_reader_that_goes_while_blocks_wait_lets_the_children_go_on(written: Written) -> None:
    """What waited is let go of, nothing is registered any more, and the trouble stays said."""
    written.fill_the_pipe()
    os.close(written.reader)
    written.reader = -1
    with logged() as events:
        assert written.reactor.turn()
    assert failures(events) == []
    assert (written.reactor.writers, written.reactor.delays_s) == (set(), [])
    assert (written.said, written.resumed) == ([GONE], 1)
    assert written.sink.write(b"more\n")


def test_a_terminal_that_is_stopped_does_not_block(written: Written) -> None:
    """Nobody reads the terminal: blocks wait, as with a pipe, and come when somebody does."""
    ours, terminal = os.openpty()
    log = Descriptor(terminal)
    written.log.fd = log.fileno()
    text = b""
    while len(text) < 1 << 20:
        text += b"x" * 99 + b"\n"
        if not written.sink.write(text[-100:]):
            break
    found = b""
    while written.reactor.writers:
        found += os.read(ours, 1 << 16)
        written.reactor.turn()
    while select.select([ours], [], [], 0)[0]:
        found += os.read(ours, 1 << 16)
    assert found == text.replace(b"\n", b"\r\n")
    written.log.fd = written.file
    for fd in (ours, terminal, log.fileno()):
        os.close(fd)


def test_a_terminal_that_cannot_be_opened_is_used_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is somebody else's, after su(1) say."""

    def closed(path: str, flags: int) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    with nothing_left():
        ours, terminal = os.openpty()
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", closed)
            assert Descriptor(terminal).fileno() == terminal
        os.close(ours)
        os.close(terminal)


def test_a_log_that_somebody_made_non_blocking_is_no_trouble(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EAGAIN after poll(2) promised room: the block waits for room again."""
    written.log.fd = written.pipe

    def busy(fd: int, block: bytes) -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", busy)
        assert not written.sink.write(b"1\n")
    assert (written.said, len(written.reactor.writers)) == ([], 1)
    written.reactor.rest()
    assert (written.read(), written.resumed) == (b"1\n", 1)


# The monitor's own lines


def test_own_lines_beyond_the_limit_are_counted_and_let_go(written: Written) -> None:
    """A log that can't be written fills no memory with the monitor's own words."""
    written.log.fd = written.full
    block = b"x" * (MAX_WAITING // 2) + b"\n"
    for _ in range(2):
        written.sink.write_own(block)
    written.sink.write_own(b"too much\n")
    written.sink.write_own(b"too much\n")
    written.sink.write(b"a child's\n")
    assert written.sink.dropped == 2
    written.log.fd = written.file
    written.reactor.advance(RETRY_S)
    written.sink.write_own(b"mine\n")
    said = b"ncolony: 2 lines of its own were dropped\n"
    assert written.text == block * 2 + b"a child's\n" + said + b"mine\n"
    assert written.sink.dropped == 0


def test_own_lines_are_text_of_any_kind(written: Written) -> None:
    """What has no place in UTF-8 is written escaped, never an exception."""
    file = SinkFile(written.sink)
    file.write("é \udcff\n")
    file.flush()
    assert written.text == "é \\udcff\n".encode()


# The end


def test_closing_tries_once_more_and_waits_for_nothing(written: Written) -> None:
    """What waited is written where it can be; nobody is told to go on."""
    written.log.fd = written.full
    written.sink.write(b"1\n")
    written.log.fd = written.file
    written.sink.close()
    assert (written.text, written.resumed, written.reactor.delays_s) == (b"1\n", 0, [])


@pytest.mark.parametrize("stop", [lambda w: w.sink.write(b"1\n"), Written.fill_the_pipe])
def test_closing_gives_up_what_cannot_be_written(
    written: Written, stop: Callable[[Written], object]
) -> None:
    """A full disk and a full pipe keep nobody from ending."""
    written.log.fd = written.full
    stop(written)
    written.sink.close()
    assert (written.reactor.delays_s, written.reactor.writers) == ([], set())
