"""The whole tree: whatever a process has started goes with it, however it hides."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from colony import LAUNCHES, Colony, alive, children_of, proc_status, until
from elsewhere import (
    becomes_root,
    everywhere,
    kill,
    needs_root,
    start_as_nobody,
)
from stopwatch import Stopwatch

#: $1 is a file that is locked by whoever belongs to the run, and by nobody else if all is well.
LOCKED = 'exec 9>>"$1"; flock -n -E 77 9; [ $? -ne 77 ] || echo overlap >>"$1.overlaps"\n'
#: A daemon by the book: its parent has ended, it has a session of its own, and nothing of where it
#: comes from: neither a variable of the environment, nor an open descriptor but the lock's. $2 is
#: what it does.
DAEMON = LOCKED + '( setsid env -i sh -c "$2" "$1" </dev/null >/dev/null 2>&1 & )\n'
LASTS = "exec sleep 1000000\n"
DEAF = "trap '' TERM INT HUP\n"
#: Says who it is, by rename, in a file beside the lock.
SAYS = 'echo $$ >"$0.new"; mv "$0.new" "$0.pid"\n'


class Run:
    """A process that leaves a daemon behind, and how that can be told."""

    def __init__(self, colony: Colony, name: str) -> None:
        self.colony = colony
        self.name = name
        self.lock = colony.root / f"{name}.lock"
        self._pid = colony.root / f"{name}.lock.pid"
        self._version = 0

    def configure(self, script: str = DAEMON + LASTS, daemon: str = SAYS + LASTS) -> None:
        """Write its file; each time another one."""
        self._version += 1
        command = ("sh", "-c", script, "sh", str(self.lock), daemon)
        self.colony.configure(self.name, *command, env={"V": str(self._version)})

    def daemon(self) -> int:
        """The daemon's pid, once it is there; the next one's next time."""
        pid = until(
            lambda: self._pid.exists() and int(self._pid.read_text()), "the daemon is there"
        )
        self._pid.unlink()
        return pid

    def is_free(self) -> bool:
        """Whether nobody of a run is left."""
        with open(self.lock, "ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def overlaps(self) -> bool:
        return self.lock.with_name(f"{self.name}.lock.overlaps").exists()


def ways_to_end(run: Run) -> list[Callable[[], None]]:
    """How a run comes to its end, and the next one to its beginning."""
    colony, name = run.colony, run.name

    def stop_and_start() -> None:
        colony.ask("STOP", name)
        colony.until_state(name, "STOPPED")
        assert run.is_free()
        colony.ask("START", name)

    def remove_and_add() -> None:
        colony.remove(name)
        colony.gone(name)
        assert run.is_free()
        run.configure()

    return [
        lambda: colony.ask("RESTART", name) and None,
        lambda: colony.ask("SIGNAL", name, signal="KILL") and None,
        run.configure,
        stop_and_start,
        remove_and_add,
    ]


@everywhere
def test_a_daemon_is_gone_before_the_next_start(colony: Colony, start: Callable[..., None]) -> None:
    """Fifty times: restart, death, new file, stop, removal; each next run finds its lock free."""
    runs = [Run(colony, f"p{i}") for i in range(10)]
    for run in runs:
        run.configure()
    start(colony, "--threshold", "0")
    daemons = [run.daemon() for run in runs]
    for turn in range(5):
        ways = [ways_to_end(run) for run in runs]
        for number, way in enumerate(ways):
            way[(number + turn) % 5]()
        found = [run.daemon() for run in runs]
        assert not set(daemons) & set(found)
        daemons = found
    assert [run.name for run in runs if run.overlaps()] == []
    for run in runs:
        colony.remove(run.name)
    for run in runs:
        colony.gone(run.name)
        assert run.is_free()
    assert colony.marked() == []


@everywhere
def test_whoever_hides_is_found(colony: Colony, start: Callable[..., None]) -> None:
    """Who ignores TERM, who forks all the time, daemons of daemons, a daemon in a stopped state."""
    forks = "while :; do sleep 1000000 & (setsid sleep 1000000 &); sleep 0.02; done"
    nested = f'(setsid sh -c "{DEAF} setsid sleep 1000000 & (setsid sleep 1000000 &); wait" &)'
    daemons = {
        "deaf": f"{DEAF} {SAYS} while :; do sleep 1000; done",
        "forks": SAYS + forks,
        "deaf-and-forks": DEAF + SAYS + forks,
        "nested": f"{nested}\n{SAYS} {LASTS}",
        "stopped": SAYS + "kill -STOP $$",
    }
    runs = [Run(colony, name) for name in daemons]
    for run in runs:
        run.configure(daemon=daemons[run.name])
    start(colony, "--threshold", "0", "--killtime", "0.3")
    for _ in range(2):
        for run in runs:
            run.daemon()
        for number, run in enumerate(runs):
            colony.ask("RESTART" if number % 2 else "SIGNAL", run.name, signal="KILL")
    for run in runs:
        run.daemon()
        colony.remove(run.name)
    for run in runs:
        colony.gone(run.name)
        assert run.is_free()
        assert not run.overlaps()
    assert colony.marked() == []
    assert colony.mine() == {}


def test_who_took_off_the_mark_is_found_in_its_group(colony: Colony) -> None:
    """The mark can be removed; with the group kept, the run is known all the same."""
    run = Run(colony, "web")
    run.configure(
        LOCKED
        + "prlimit --pid $$ --locks=unlimited; sleep 1000000 & echo $! >$1.new; mv $1.new $1.pid; "
        + "exec sleep 1000000"
    )
    colony.start("--threshold", "0", "--killtime", "0.3")
    for _ in range(2):
        pid = run.daemon()
        colony.ask("SIGNAL", "web", signal="KILL")
        until(lambda pid=pid: not alive(pid), "it is gone")
    run.daemon()
    assert not run.overlaps()


def test_the_successor_of_a_process_that_ends_alone_stays(colony: Colony) -> None:
    """``kill_mode`` process: what it started is left alone, and holds nothing up."""
    script = "sleep 1000000 & (setsid sleep 1000000 &); echo $$ up; "
    colony.shell("deaf", f"trap '' TERM; {script} while :; do sleep 1; done", kill_mode="process")
    # An hour, in which it would have to wait for those that it has started.
    colony.shell("web", f"{script} exec sleep 1000000", kill_mode="process", killtime=3600)
    colony.shell("hands-over", f"{script} exit 0", kill_mode="process", restart="never")
    colony.start("--threshold", "0", "--killtime", "0.2")
    pids = {name: colony.running(name) for name in ("web", "deaf")}
    colony.until_state("hands-over", "EXITED")
    until(lambda: _sleeping(colony) == 6 + 2, "all are there")  # with web, and deaf's own sleep
    last = []
    for name in ("web", "deaf"):
        colony.ask("RESTART", name)
        last.append(colony.running(name, other_than=pids[name]))
    until(lambda: _sleeping(colony) >= 10 + 2, "their successors have stayed")
    assert not alive(pids["deaf"])
    assert not alive(pids["web"])
    assert colony.stop() == 0
    left = colony.mine()
    assert len(left) >= 10
    assert not set(last) & set(left)
    kill(list(left))


def _sleeping(colony: Colony) -> int:
    return sum(_command(pid) == "sleep" for pid in colony.mine())


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def test_each_is_stopped_by_its_own_signal(colony: Colony) -> None:
    """``stop_signal``, for the process and for its daemon; the status says which was sent."""
    says = (
        "trap 'echo {0}; exit 0' {0}; trap 'echo TERM' TERM; echo up; while :; do sleep 0.01; done"
    )
    with_daemon, alone = ("HUP", "USR1", "WINCH"), ("INT", "QUIT")  # shells keep those from daemons
    for signum in (*with_daemon, *alone):
        script = says.format(signum)
        both = f'(setsid sh -c "{script}" &); {script}'
        colony.shell(signum, script if signum in alone else both, stop_signal=signum, killtime=60)
    deaf = "trap '' HUP; sleep 1000000; :"
    colony.shell("deaf", deaf, stop_signal="HUP", killtime=60)
    colony.start()
    for signum in (*with_daemon, *alone):
        number = 2 if signum in with_daemon else 1
        until(lambda s=signum, n=number: colony.lines(s) == [b"up"] * n, f"{signum}: all are up")
        colony.ask("STOP", signum)
    for signum in (*with_daemon, *alone):
        colony.until_state(signum, "STOPPED")
        number = 2 if signum in with_daemon else 1
        # The shells also say that their sleep had the signal.
        until(
            lambda s=signum, n=number: colony.lines(s).count(s.encode()) == n,
            f"{number} had {signum}",
        )
        assert b"TERM" not in colony.lines(signum)
    colony.running("deaf")
    until(lambda: "sleep" in {_command(pid) for pid in colony.mine()}, "it is deaf by now")
    colony.ask("STOP", "deaf")
    assert "HUP sent" in colony.until_state("deaf", "STOPPING")["reason"]
    kill(list(colony.mine()))


def test_where_nothing_is_left_nothing_is_waited_for(colony: Colony) -> None:
    """From a death to the next start: some milliseconds, with a killtime of a minute.

    Beside what the same start takes without a monitor: this machine may have much else to do.
    """
    script = "import time; print(time.monotonic(), flush=True); time.sleep(1000)"
    colony.python("web", script)
    colony.start("--threshold", "0", "--killtime", "60")
    took_s, alone_s = [], []
    for number in range(1, 21):
        until(lambda n=number: len(colony.lines("web")) == n, "it runs")
        pid = colony.running("web")
        died_at = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        until(lambda n=number: len(colony.lines("web")) == n + 1, "it runs again")
        took_s.append(float(colony.lines("web")[-1]) - died_at)
        assert colony.until_state("web", "RUNNING", starts=number + 1)
        alone_s.append(_start_takes_s(script))
    assert statistics.median(took_s) - statistics.median(alone_s) < 0.1


def _start_takes_s(script: str) -> float:
    """How long it takes until a script that is started has said when that is."""
    command = [sys.executable, "-I", "-S", "-c", script]
    begun = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.kill()
    return float(line) - begun


_COMET = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork():
    os._exit(0)
while True:
    os.setsid()
    if os.fork():
        os._exit(0)
"""


@everywhere
def test_who_runs_away_is_caught(colony: Colony, start: Callable[..., None]) -> None:
    """It forks, leaves its session and ends, over and over: no pid lasts a millisecond."""
    colony.python("comet", _COMET, restart="never")
    start(colony, "--killtime", "0.2")
    colony.until_state("comet", "EXITED")
    assert colony.marked() == []


# Control groups

_UNMARKED = """
import os, resource, sys, time
while sys.argv[2] not in open("/proc/self/cgroup").read():
    time.sleep(0.01)  # or it is gone from everywhere before its process was placed
resource.setrlimit(10, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
os.setsid()
if os.fork() == 0:
    with open(sys.argv[1] + ".new", "w") as file:
        print(os.getpid(), file=file)
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    time.sleep(1000000)
"""


@needs_root
def test_in_a_control_group_nobody_hides(colony: Colony, tmp_path: Path) -> None:
    """Who took off its mark and left its session is known by the group; after a crash as well."""
    with _control_group() as group:
        run = Run(colony, "web")
        python = f"{sys.executable} -I -S -c '{_UNMARKED}' $1.pid {group.name}/web."
        run.configure(f"{LOCKED} ({python} &); {LASTS}")
        options = ("--cgroup", str(group), "--threshold", "0", "--killtime", "0.3")
        colony.start(*options)
        for end in (
            lambda: colony.ask("RESTART", "web"),
            lambda: colony.ask("SIGNAL", "web", signal="KILL"),
        ):
            pid = run.daemon()
            end()
            until(lambda pid=pid: not alive(pid), "it is gone")
        pid = run.daemon()
        assert colony.monitor is not None
        colony.monitor.kill()
        colony.monitor.wait()
        colony.start(*options)
        until(lambda: not alive(pid), "it is gone")
        pid = run.daemon()
        assert colony.stop() == 0
        assert not alive(pid)
        assert not run.overlaps()
        assert [path for path in group.iterdir() if path.is_dir()] == []


@contextlib.contextmanager
def _control_group() -> Iterator[Path]:
    """A version 2 group of a test's own; skips where there can't be one."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        if " - cgroup2 " in line:
            group = Path(line.split()[4]) / f"test-{uuid.uuid4().hex}"
            with contextlib.suppress(OSError):
                group.mkdir()
                break
    else:
        pytest.skip("no cgroup v2 directory can be written to")
    try:
        yield group
    finally:
        for path in filter(Path.is_dir, group.iterdir()):
            path.rmdir()
        group.rmdir()


# Others' children


def test_a_colony_in_a_colony(colony: Colony) -> None:
    """An inner monitor that is killed: the next one ends what it left, before it starts the same.

    One that is stopped for good, and isn't asked any more, takes its processes along.
    """
    (colony.root / "inner").mkdir()
    inner = Colony(colony.root / "inner")
    runs = [Run(inner, f"run{number}") for number in range(2)]
    runs[0].configure()
    runs[1].configure(DAEMON + DEAF + "while :; do sleep 1000; done")
    command = [*LAUNCHES["run"], "--colony", str(inner.root), "--killtime", "0.3"]
    colony.configure("inner", *command, killtime=1, threshold=0)
    colony.start()
    daemons = [run.daemon() for run in runs]
    old = inner.marked()
    killed = colony.running("inner")
    os.kill(killed, signal.SIGKILL)
    assert not set(daemons) & {run.daemon() for run in runs}
    assert not any(alive(pid) for pid in old)
    monitor = colony.running("inner", other_than=killed)
    os.kill(monitor, signal.SIGSTOP)
    left = inner.marked()
    colony.ask("STOP", "inner")
    colony.until_state("inner", "STOPPED")
    assert not any(alive(pid) for pid in left)
    colony.ask("START", "inner")
    for run in runs:
        run.daemon()
    assert colony.stop() == 0
    assert inner.marked() == []
    for run in runs:
        assert run.is_free()
        assert not run.overlaps()


_ORPHANS = """
import os, resource, sys, time
resource.setrlimit(10, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for number in range(int(sys.argv[1])):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv("/bin/sleep", ["sleep", sys.argv[2]])
        os._exit(0)
    os.wait()
print("done", flush=True)
time.sleep(1000)
"""


@everywhere
def test_orphans_of_unknown_origin_are_buried(colony: Colony, start: Callable[..., None]) -> None:
    """Hundreds, without a mark: no zombie, nobody else notices; who lives at the end is ended."""
    script = (sys.executable, "-I", "-S", "-c", _ORPHANS)
    colony.configure("quick", *script, "200", "0.01")
    colony.configure("lasting", *script, "20", "1000000")
    colony.python("web", "import time; print(time.monotonic(), flush=True); time.sleep(1000)")
    colony.configure("healthy")
    start(colony)
    healthy = colony.running("healthy")
    pid = colony.running("web")
    colony.ask("RESTART", "web")
    assert colony.running("web", other_than=pid) != pid
    until(lambda: colony.lines("quick") == colony.lines("lasting") == [b"done"], "all are left")

    def states() -> list[str]:
        return [state for _, state in children_of(colony.pid)]

    until(lambda: len(states()) == 4 + 20 and "Z" not in states(), "the others are buried")
    now = colony.of("healthy") or {}
    assert (now["pid"], now["starts"]) == (healthy, 1)
    colony.remove("lasting")
    colony.gone("lasting")
    until(lambda: len(states()) == 3 + 20, "nothing says whose they are")
    orphans = [pid for pid, _ in children_of(colony.pid) if _command(pid) == "sleep"]
    assert colony.stop() == 0
    assert not any(alive(pid) for pid in orphans)


# Who can't be killed


@needs_root
def test_who_cannot_be_killed_is_reported(colony: Colony) -> None:
    """A monitor without rights, and what became root: the status says who, the end is bounded."""
    with becomes_root(colony) as as_root:
        sleeps = " ".join([*as_root, "sleep", "1000000"])
        colony.shell("group", f"{sleeps} & echo up; exec sleep 1000000")
        colony.shell("daemon", f"(setsid {sleeps} &); echo up; exec sleep 1000000")
        colony.configure("itself", *as_root, "sleep", "1000000")
        colony.configure("other")
        start_as_nobody(colony, "--killtime", "0.2", "--threshold", "0")
        for name in ("group", "daemon"):
            until(lambda name=name: colony.lines(name), f"{name} is up")
        until(lambda: len(_sleepers_of_root(colony)) == 3, "three are root's")
        survivors = _sleepers_of_root(colony)
        for name in ("group", "daemon", "itself"):
            colony.ask("RESTART", name)
        for name in ("group", "daemon", "itself"):
            until(
                lambda name=name: "can't be killed: pid " in (colony.of(name) or {})["reason"],
                f"it is said who is left of {name}",
            )
            now = colony.of(name) or {}
            assert now["state"] == "KILLING"
            (pid,) = [pid for pid in survivors if f"pid {pid} (sleep)" in now["reason"]]
            colony.said(b"can't be killed: pid %d (sleep)" % pid)
        pid = colony.running("other")
        colony.ask("RESTART", "other")
        colony.running("other", other_than=pid)
        kill(survivors[:1])
        until(lambda: _states(colony).count("RUNNING") == 2, "one of them runs again")
        watch = Stopwatch()
        assert colony.stop() == 71
        assert watch.needed_s < 0.2 + 2
        assert colony.log().count(b"can't be killed: pid ") >= 3 + 2
        kill(_sleepers_of_root(colony))
        assert colony.mine() == {}
        colony.monitor = None


def _states(colony: Colony) -> list[str]:
    return [(colony.of(name) or {})["state"] for name in ("group", "daemon", "itself", "other")]


def _sleepers_of_root(colony: Colony) -> list[int]:
    found = []
    for pid in colony.mine():
        with contextlib.suppress(OSError):
            if _command(pid) == "sleep" and proc_status(pid)["Uid"].split()[0] == "0":
                found.append(pid)
    return sorted(found)
