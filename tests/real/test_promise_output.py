"""Output: every byte is kept, once, in order; a line is never torn; a flood slows itself alone."""

from __future__ import annotations

import array
import fcntl
import os
import signal
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

from colony import DEADLINE_S, Colony, alive, until

#: A run that ends isn't followed by another one.
ONCE = ("--minrestartdelay", "3600", "--threshold", "3600")

_FLOOD = """
import os, sys
lines = range(int(sys.argv[1]))
rest = memoryview(b"".join(b"%d %s\\n" % (i, b"x" * (i * 7919 % 9000)) for i in lines))
step = 4099
while rest:
    rest = rest[os.write(1, rest[:step]):]
"""


def _flood(colony: Colony, name: str, lines: int) -> None:
    colony.configure(
        name, "python3", "-S", "-c", _FLOOD, str(lines), env={"PATH": os.environ["PATH"]}
    )


def _flooded(lines: int) -> list[bytes]:
    return [b"%d %s" % (i, b"x" * (i * 7919 % 9000)) for i in range(lines)]


def test_what_was_written_just_before_death_is_there(colony: Colony) -> None:
    """Twenty thousand lines and then KILL, by its own hand: all of them, in order."""
    colony.start(*ONCE)
    colony.shell("web", "seq 1 20000; kill -KILL $$")
    now = colony.until_state("web", "BACKOFF")
    assert now["last_exit"]["signal"] == "SIGKILL"
    until(lambda: len(colony.lines("web")) >= 20000, "all lines")
    assert colony.lines("web") == [b"%d" % i for i in range(1, 20001)]


def test_a_last_line_without_an_end_is_kept(colony: Colony) -> None:
    """And ended before the next run's first line."""
    colony.start("--minrestartdelay", "0.05", "--maxrestartdelay", "0.05")
    colony.shell("web", "printf begin; printf ' end'")
    until(lambda: len(colony.lines("web")) >= 3, "three runs")
    assert set(colony.lines("web")[:3]) == {b"begin end"}


def test_what_is_written_between_term_and_exit_is_kept(colony: Colony) -> None:
    """Also when the monitor itself is on its way out."""
    colony.start("--killtime", "60")
    colony.shell(
        "web", "exec 2>&-; trap 'seq 1 5000; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    )
    colony.running("web")
    colony.said(b"web: up")
    assert colony.stop() == 0
    assert colony.lines("web") == [b"up", *(b"%d" % i for i in range(1, 5001))]


def test_two_floods_at_once_tear_no_line(colony: Colony) -> None:
    """Lines of all lengths, written in pieces: each is whole, none is missing, none is twice."""
    colony.start(*ONCE)
    for name in ("one", "two"):
        _flood(colony, name, 3000)
    for name in ("one", "two"):
        colony.until_state(name, "BACKOFF")
    for name in ("one", "two"):
        until(lambda n=name: len(colony.lines(n)) >= 3000, f"all lines of {name}")
        assert colony.lines(name) == _flooded(3000)
    own = [i for i in colony.log_lines() if not i.startswith((b"one: ", b"two: "))]
    assert all(line.startswith(b"20") for line in own), own[:3]


def test_bytes_pass_as_they_are(colony: Colony) -> None:
    """What isn't UTF-8, NUL bytes and lone carriage returns included; stderr like stdout."""
    colony.start(*ONCE)
    colony.shell("web", r"printf '\377\376\000\r\033[1m\f\342\200\250x\n' >&2; echo ok")
    colony.said(b"web: ok\n")
    assert colony.lines("web") == [b"\xff\xfe\0\r\x1b[1m\x0c\xe2\x80\xa8x", b"ok"]


def test_empty_lines_are_lines(colony: Colony) -> None:
    """Three line ends in a row are three lines."""
    colony.start(*ONCE)
    colony.shell("web", r"printf 'a\n\n\nb\n'")
    until(lambda: len(colony.lines("web")) >= 4, "four lines")
    assert colony.lines("web") == [b"a", b"", b"", b"b"]


def test_a_grandchild_that_holds_the_pipe_delays_nothing(colony: Colony) -> None:
    """A restart goes on at once, and what the grandchild says later is still passed on."""
    colony.start("--killtime", "600")
    script = "setsid sh -c 'echo $$ >{0}/holder; while :; do echo held; sleep 0.05; done' & {1}"
    colony.shell("web", script.format(colony.root, "exec sleep infinity"), kill_mode="process")
    pid = colony.running("web")
    holder = int(until(lambda: _text(colony.root / "holder"), "the grandchild is there"))
    try:
        colony.shell("web", "echo second; exec sleep infinity", kill_mode="process")
        colony.running("web", other_than=pid)
        colony.said(b"web: second")
        held = len(colony.lines("web"))
        until(lambda: len(colony.lines("web")) > held + 3, "the grandchild is still heard")
        colony.remove("web")
        colony.gone("web")
    finally:
        os.killpg(holder, signal.SIGKILL)  # with the sleep that it may just have begun
    until(lambda: not alive(holder), "the grandchild is gone")


def _text(path: Path) -> str:
    text = path.read_text() if path.exists() else ""
    return text if text.endswith("\n") else ""


def test_a_reader_that_stalls_stalls_the_floods_alone(colony: Colony) -> None:
    """The log is a pipe that nobody reads: restarts, files and status work; later all is read."""
    read_fd, write_fd = os.pipe()
    colony.start("--killtime", "1", stdout=write_fd)
    os.close(write_fd)
    _flood(colony, "flood", 300)
    colony.configure("quiet")
    pid = colony.running("quiet")
    until(_full(read_fd), "the pipe is full")
    for _ in range(3):
        colony.ask("RESTART", "quiet")
        pid = colony.running("quiet", other_than=pid)
    colony.shell("late", "echo hello; exec sleep infinity")
    colony.running("late")
    expected = _flooded(300)
    got = _drain(read_fd, b"late: hello\n", b"flood: %s\n" % expected[-1])
    lines = [i[7:] for i in got.split(b"\n") if i.startswith(b"flood: ")]
    assert lines[:300] == expected
    os.set_blocking(read_fd, True)
    assert colony.monitor is not None
    colony.monitor.send_signal(signal.SIGTERM)
    with open(read_fd, "rb") as rest:
        rest.read()
    assert colony.monitor.wait(DEADLINE_S) == 0


def _full(fd: int) -> Callable[[], bool]:
    """Whether a pipe holds as much as at the last twenty looks, and not little."""
    seen: list[int] = []

    def full() -> bool:
        waiting = array.array("i", [0])
        fcntl.ioctl(fd, termios.FIONREAD, waiting)
        seen.append(waiting[0])
        return len(seen) > 20 and min(seen[-20:]) == seen[-1] > 4096

    return full


def _drain(fd: int, *until_seen: bytes) -> bytes:
    os.set_blocking(fd, False)
    got = b""

    def seen() -> bool:
        nonlocal got
        try:
            while block := os.read(fd, 1 << 16):
                got += block
        except BlockingIOError:
            pass
        return all(text in got for text in until_seen)

    until(seen, "all of that is read")
    return got


def test_the_end_does_not_wait_for_a_reader(colony: Colony) -> None:
    """Nobody ever reads the log: TERM ends the monitor within its time all the same."""
    read_fd, write_fd = os.pipe()
    colony.start("--killtime", "1", stdout=write_fd)
    os.close(write_fd)
    colony.shell("flood", "exec yes")
    colony.running("flood")
    until(_full(read_fd), "the pipe is full")
    assert colony.stop() == 0
    os.close(read_fd)


def test_a_reader_that_goes_away_disturbs_nothing(colony: Colony) -> None:
    """The log's reader is gone: children write into nothing, and everything else goes on."""
    read_fd, write_fd = os.pipe()
    colony.start("--killtime", "1", stdout=write_fd)
    os.close(write_fd)
    colony.shell("talker", "while :; do echo hello; done")
    pid = colony.running("talker")
    until(_full(read_fd), "the pipe is full")
    os.close(read_fd)
    colony.ask("RESTART", "talker")
    colony.running("talker", other_than=pid)
    colony.configure("web")
    colony.running("web")
    before = _cpu_ticks(colony.pid)
    colony.ask("STOP", "talker")
    colony.until_state("talker", "STOPPED")
    assert colony.monitor_lives()
    assert _cpu_ticks(colony.pid) >= before


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_a_flood_slows_itself_alone(colony: Colony) -> None:
    """Beside one that writes all it can, others start, restart and are heard."""
    colony.start("--killtime", "1", stdout=subprocess.DEVNULL)
    colony.shell("flood", "exec yes flood")
    colony.running("flood")
    colony.configure("web")
    pid = colony.running("web")
    for _ in range(5):
        colony.ask("RESTART", "web")
        pid = colony.running("web", other_than=pid)


def test_a_very_long_line_costs_no_memory(colony: Colony) -> None:
    """A line of 40 MB comes in pieces, each a line; every byte of it is there."""
    colony.start(*ONCE)
    colony.shell("web", "head -c 40000000 /dev/zero | tr '\\0' y")
    colony.until_state("web", "BACKOFF")
    until(lambda: sum(map(len, colony.lines("web"))) >= 40_000_000, "all of it")
    assert b"".join(colony.lines("web")) == b"y" * 40_000_000
