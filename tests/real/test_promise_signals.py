"""The monitor's signals: an orderly end, one that can't wait, a look again; at any moment."""

from __future__ import annotations

import json
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from colony import (
    DEADLINE_S,
    LAUNCHES,
    Colony,
    a_colony,
    assert_no_traceback,
    place,
    proc_state,
    proc_status,
    until,
)
from elsewhere import everywhere
from stopwatch import Stopwatch

ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
#: How the launchers end after each of these: Twisted's own end as the signal does that ended them.
CODES = {
    "run": {signal.SIGTERM: 0, signal.SIGINT: 0, signal.SIGQUIT: 0},
    "twist": {signal.SIGTERM: -15, signal.SIGINT: -2, signal.SIGQUIT: 0},
    "twistd": {signal.SIGTERM: -15, signal.SIGINT: -2, signal.SIGQUIT: 0},
}
by_any_launcher = pytest.mark.parametrize("launch", LAUNCHES)


def _names(signums: tuple[int, ...]) -> str:
    return "-".join(signal.Signals(signum).name for signum in signums)


_DEAF = "trap '' TERM; echo up; while :; do sleep 1000; done"


def ended_by(colony: Colony, *signums: int, deadline_s: float = DEADLINE_S) -> int:
    """The monitor's exit code after these signals, which it finds all at once."""
    assert colony.monitor is not None
    colony.monitor.send_signal(signal.SIGSTOP)
    for signum in signums:
        colony.monitor.send_signal(signum)
    colony.monitor.send_signal(signal.SIGCONT)
    return colony.monitor.wait(deadline_s)


@pytest.mark.parametrize(
    ("launch", "signum"),
    [
        *(("run", signum) for signum in ENDS),
        *(("twistd", signum) for signum in (signal.SIGTERM, signal.SIGQUIT)),
        ("twist", signal.SIGINT),
    ],
)
def test_the_end_is_orderly(colony: Colony, launch: str, signum: int) -> None:
    """Each process is sent its stop signal, has its say, and no status is left."""
    colony.shell("web", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done")
    colony.shell("daemon", "(setsid env -i sleep 1000000 &); echo up; exec sleep 1000000")
    colony.start("--killtime", "30", launch=launch)
    for name in ("web", "daemon"):
        until(lambda name=name: colony.lines(name), f"{name} is up")
    assert colony.stop(signum) == CODES[launch][signum]
    assert b"bye" in colony.lines("web")
    assert colony.marked() == []
    assert (colony.monitor_status() or {})["state"] == "stopped"
    assert [p.name for p in colony.status.iterdir() if p.name[0] != "."] == []
    colony.monitor = None


@pytest.mark.parametrize(
    "both",
    [*zip(ENDS, ENDS, strict=True), *zip(ENDS, (*ENDS[1:], ENDS[0]), strict=True)],
    ids=_names,
)
def test_a_second_signal_cannot_wait(colony: Colony, both: tuple[int, int]) -> None:
    """A killtime of an hour, and whoever is deaf is killed now; they come as one, or apart."""
    first, second = both
    for number in range(3):
        colony.shell(f"deaf{number}", _DEAF)
    colony.start("--killtime", "3600")
    for number in range(3):
        until(lambda n=number: colony.lines(f"deaf{n}"), "it is deaf by now")
    if first == second:
        assert colony.monitor is not None
        colony.monitor.send_signal(first)
        until(lambda: (colony.monitor_status() or {})["state"] == "stopping", "it is stopping")
        code = colony.stop(second)
    else:
        code = ended_by(colony, first, second)
    assert code == 0
    assert colony.marked() == []


@by_any_launcher
def test_the_second_one_comes_through_whoever_started_it(colony: Colony, launch: str) -> None:
    """Under twistd and twist as well, and more of them do no harm."""
    colony.shell("deaf", _DEAF)
    colony.start("--killtime", "3600", launch=launch)
    until(lambda: colony.lines("deaf"), "it is deaf by now")
    assert colony.monitor is not None
    colony.monitor.send_signal(signal.SIGQUIT)
    until(lambda: (colony.monitor_status() or {})["state"] == "stopping", "it is stopping")
    assert ended_by(colony, *ENDS, signal.SIGHUP) == 0
    assert colony.marked() == []


def test_a_monitor_that_stood_still_ends_in_order(colony: Colony) -> None:
    """Halted beyond all times of its end, as a paused container is: it kills, and sees them go."""
    for number in range(3):
        colony.shell(f"deaf{number}", _DEAF)
    colony.start("--killtime", "1")
    for number in range(3):
        until(lambda n=number: colony.lines(f"deaf{n}"), "it is deaf by now")
    assert colony.monitor is not None
    colony.monitor.send_signal(signal.SIGTERM)
    until(lambda: (colony.monitor_status() or {})["state"] != "running", "it is stopping")
    colony.monitor.send_signal(signal.SIGSTOP)
    halted = time.monotonic()
    until(lambda: time.monotonic() > halted + 2, "all times are over")
    colony.monitor.send_signal(signal.SIGCONT)
    assert colony.monitor.wait(DEADLINE_S) == 0
    assert colony.marked() == []


def test_an_essential_end_and_a_signal_at_once_are_one_end(colony: Colony) -> None:
    """Both ask the reactor to stop; it is asked once."""
    script = "until [ -e go ]; do sleep 0.01; done; exit 5"
    colony.shell("essential", f"cd {colony.root}; {script}", essential=True, restart="never")
    colony.start()
    colony.running("essential")
    os.kill(colony.pid, signal.SIGSTOP)
    until(lambda: proc_state(colony.pid) == "T", "the monitor is stopped")
    (colony.root / "go").touch()
    until(lambda: not colony.mine(), "the essential one has ended")
    for signum in (signal.SIGTERM, signal.SIGQUIT):
        os.kill(colony.pid, signum)
    os.kill(colony.pid, signal.SIGCONT)
    assert colony.monitor is not None
    assert colony.monitor.wait(DEADLINE_S) in (0, 5)
    colony.monitor = None
    assert_no_traceback(colony.log())


@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN], ids=["", "nohup"])
@by_any_launcher
def test_hup_looks_at_everything_again(
    colony: Colony, launch: str, before: signal.Handlers
) -> None:
    """What no notice is given of: the target of a link that leads elsewhere. Also after nohup."""
    target = colony.root / "target"
    place(target, json.dumps({"args": ["sleep", "1001"], "m.m": colony.mark}).encode())
    (colony.config / "web").symlink_to(target)
    colony.configure("other")
    as_before = partial(signal.signal, signal.SIGHUP, before)
    colony.start("--frequency", "3600", launch=launch, preexec_fn=as_before)
    pid, other = colony.running("web"), colony.running("other")
    place(target, json.dumps({"args": ["sleep", "1002"], "m.m": colony.mark}).encode())
    colony.configure("after")
    colony.running("after")
    os.kill(colony.pid, signal.SIGHUP)
    pid = colony.running("web", other_than=pid)
    command = Path(f"/proc/{pid}/cmdline")  # which the kernel fills in a little after the exec
    until(lambda: command.read_bytes() == b"sleep\x001002\0", "it is the new one")
    for _ in range(50):
        os.kill(colony.pid, signal.SIGHUP)
    colony.configure("more")
    colony.running("more")
    assert (colony.running("web"), colony.running("other")) == (pid, other)


def test_hup_opens_log_files_anew(colony: Colony) -> None:
    """Files that were moved away, as logrotate does it: what is said from now on is in new ones."""
    colony.shell("web", "while :; do echo talking; sleep 0.01; done", log="files")
    colony.start()
    current = colony.root / "logs" / "web" / "current"
    until(lambda: current.exists() and current.stat().st_size, "it says something")
    current.rename(colony.root / "moved")
    until(lambda: not current.exists(), "it is moved")
    os.kill(colony.pid, signal.SIGHUP)
    until(lambda: current.exists() and current.stat().st_size, "it says something in a new file")
    size = (colony.root / "moved").stat().st_size
    begin = current.stat().st_size
    until(lambda: current.stat().st_size > begin + 50, "it goes on")
    assert (colony.root / "moved").stat().st_size == size


# At any moment


def catches(pid: int, signum: int) -> bool:
    """Whether a process has a handler of its own for a signal."""
    return bool(int(proc_status(pid)["SigCgt"], 16) >> (signum - 1) & 1)


def _ended(colony: Colony) -> bool:
    return not colony.monitor_lives()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_at_any_moment_of_the_start(colony: Colony, signum: int) -> None:
    """From exec on: the end is orderly, or the signal's own; nothing is left, nothing failed."""
    seed = int(os.environ.get("SIGNALS_SEED", time.time_ns() % 1_000_000))
    print(f"SIGNALS_SEED={seed}")
    chance = random.Random(seed)
    for name in ("web", "deaf", "daemon"):
        colony.shell(name, "(setsid env -i sleep 1000000 &); exec sleep 1000000")
    codes = []
    for turn in range(6):
        colony.start("--killtime", "1", wait=False)
        assert colony.monitor is not None
        # Python's own handler of INT, until it runs ours, ends in a traceback; and once at least
        # the end is to be orderly, however long the interpreter takes to begin.
        if signum == signal.SIGINT or turn == 5:
            until(lambda: catches(colony.pid, signal.SIGHUP), "it has handlers, of HUP at last")
        end = time.monotonic() + (turn + chance.random()) * 0.06
        while time.monotonic() < end:  # an instant at random is what is tested
            time.sleep(0.001)
        colony.monitor.send_signal(signum)
        if signum == signal.SIGHUP:
            until(lambda: _ended(colony) or catches(colony.pid, signal.SIGHUP), "it is heard")
            if not _ended(colony):
                colony.wait_for_monitor()
                colony.running("web")
                colony.stop()
        codes.append(colony.monitor.wait(DEADLINE_S))
        assert colony.mine() == {}
        assert colony.marked() == []
        assert_no_traceback(colony.log())
    assert set(codes) <= {0, -signum}
    assert codes[-1] == 0


def test_a_signal_at_any_moment_of_the_end(colony: Colony) -> None:
    """Any signal after TERM, while children, daemons and deaf ones are ended."""
    seed = int(os.environ.get("SIGNALS_SEED", time.time_ns() % 1_000_000))
    print(f"SIGNALS_SEED={seed}")
    chance = random.Random(seed)
    for number in range(5):
        colony.shell(f"web{number}", "(setsid env -i sleep 1000000 &); exec sleep 1000000")
    colony.shell("deaf", _DEAF)
    for _ in range(6):
        colony.start("--killtime", "0.1")
        colony.running("web4")
        assert colony.monitor is not None
        colony.monitor.send_signal(signal.SIGTERM)
        for _ in range(3):
            time.sleep(chance.uniform(0, 0.05))  # an instant at random is what is tested
            colony.monitor.send_signal(chance.choice([*ENDS, signal.SIGHUP]))
        assert colony.monitor.wait(DEADLINE_S) == 0
        assert colony.marked() == []
        assert_no_traceback(colony.log())


def test_a_signal_at_any_moment_of_a_reload(colony: Colony) -> None:
    """HUP over and over while files change and processes restart, and then the end."""
    seed = int(os.environ.get("SIGNALS_SEED", time.time_ns() % 1_000_000))
    print(f"SIGNALS_SEED={seed}")
    chance = random.Random(seed)
    colony.configure("healthy")
    for turn in range(3):
        colony.start("--killtime", "1", "--threshold", "0")
        pid = colony.running("healthy")
        for number in range(60):
            os.kill(colony.pid, signal.SIGHUP)
            colony.configure(f"p{chance.randrange(8)}", "sleep", f"{turn}{number}00")
            if number % 7 == 0:
                colony.ask("RESTART-ALL" if number == 7 else "RESTART", f"p{chance.randrange(8)}")
            if number % 9 == 0:
                (colony.config / f"p{chance.randrange(8)}").unlink(missing_ok=True)
        if turn % 2:
            until(lambda: (colony.of("healthy") or {})["starts"] == 2, "it was restarted, too")
            assert colony.running("healthy") != pid
        assert colony.stop(chance.choice(ENDS)) == 0
        assert colony.marked() == []
        assert_no_traceback(colony.log())


@pytest.fixture
def quick_colony(tmp_path: Path) -> Iterator[Colony]:
    """A colony that no disk can slow down, where there is a place without one."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else tmp_path) as directory:
        os.chmod(directory, 0o755)
        with a_colony(Path(directory)) as colony:
            yield colony


@everywhere
def test_the_end_is_bounded_for_a_hundred_who_are_deaf(
    quick_colony: Colony, start: Callable[..., None]
) -> None:
    """TERM, a killtime of a second, half a second more, and nothing is left.

    The time in which this machine has more to do than it can doesn't count.
    """
    colony = quick_colony
    for number in range(100):
        colony.shell(f"deaf{number}", _DEAF)
    for _ in range(3):  # a disk may be busy as well
        colony.log_path.write_bytes(b"")
        start(colony, "--killtime", "1")
        for number in range(100):
            until(lambda n=number: colony.lines(f"deaf{n}"), "it is deaf by now")
        watch = Stopwatch()
        assert colony.stop() == 0
        took_s, needed_s = watch.took_s, watch.needed_s
        assert colony.marked() == []
        assert took_s >= 1
        if needed_s <= 1.5:
            break
    assert needed_s <= 1.5
