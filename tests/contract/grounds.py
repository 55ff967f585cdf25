"""The two machines that the contract is tried on: a simulated one, and this one."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from ncolony import testing_files
from ncolony.housekeeping import PR_SET_CHILD_SUBREAPER
from ncolony.isystem import Death, ISystem, Start
from ncolony.spec import ProcessSpec
from ncolony.testing import Program, SimulatedSystem, ticks

#: How long the real machine may take for what should be there in milliseconds.
PATIENCE_S = 30.0

#: What a test's programs do, in the simulation and as shell commands. ``: > $READY`` says that
#: what has to be there is there.
PROGRAMS: dict[str, tuple[Program, str]] = {
    "stays": (Program(), ": > $READY; exec sleep 1000"),
    "exits-3": (Program(code=3, lives_s=0.1), "exit 3"),
    "ignores-term": (
        Program(obeys_term=False, members=1, members_obey_term=False),
        "trap '' TERM; sleep 1000 & : > $READY; wait",
    ),
    "obeys-with-4": (
        Program(term_code=4, members=1),
        # The member says it: a TERM between fork and exec would be lost to the shell's trap.
        "trap 'exit 4' TERM; sh -c ': > $READY; exec sleep 1000' & wait",
    ),
    "leaves-one": (Program(lives_s=0.1, members=1), "sleep 1000 & : > $READY; exit 0"),
    # It keeps a note of each signal but KILL, and forks when it is told to: $HEARS is below.
    "hears": (
        Program(obeys_term=False, members_obey_term=False),
        'exec "$PYTHON" -I -S -c "$HEARS"',
    ),
}
#: USR1: fork. USR2: fork twice, into a session of its own. HUP: the same, without the mark.
HEARS = """
import os, resource, signal, time
def say(pid):
    aside = f"{os.environ['READY']}.{pid}"
    with open(aside, "w") as file:
        file.write(str(pid))
    os.rename(aside, os.environ["READY"])
def hear(signum, frame):
    with open(f"{os.environ['HEARD']}.{os.getpid()}", "a") as file:
        file.write(signal.Signals(signum).name[3:] + "\\n")
def fork(signum, frame):
    if os.fork():
        return
    if signum != signal.SIGUSR1:
        os.setsid()
        middle = os.getpid()
        if os.fork():
            os._exit(0)
        while os.getppid() == middle:
            time.sleep(0.001)
    if signum == signal.SIGHUP:
        hard = resource.getrlimit(10)[1]
        resource.setrlimit(10, (hard, hard))
    say(os.getpid())
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGWINCH):
    signal.signal(signum, hear)
for signum in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
    signal.signal(signum, fork)
say(os.getpid())
while True:
    time.sleep(0.1)  # not signal.pause(), which a signal just before it doesn't end
"""
#: A monitor that starts one process and waits to be killed: NAME BASE, then its environment.
MONITOR = """
import sys, signal
from twisted.internet.pollreactor import PollReactor
from ncolony.isystem import Start
from ncolony.spec import ProcessSpec
from ncolony.system import System
name, base, script, *env = sys.argv[1:]
spec = ProcessSpec(
    name, b"{}", args=("/bin/sh", "-c", script),
    env=tuple(tuple(item.split("=", 1)) for item in env),
)
print(System(PollReactor(), int(base)).spawn(Start(spec)), flush=True)
signal.pause()
"""


class Ground(Protocol):
    """A machine, and what happens on it besides."""

    system: ISystem
    directory: str

    def start(self, program: str) -> int: ...
    def fork(self, pid: int) -> int: ...
    def daemonize(self, pid: int, *, marked: bool = True) -> int: ...
    def leave(self, name: str, *, marked: bool = True) -> int: ...
    def heard(self, pid: int) -> list[str]: ...
    def end(self, pid: int) -> None: ...
    def ticks(self, pid: int) -> int: ...
    def is_living(self, pid: int) -> bool: ...
    def wait_until(self, condition: Callable[[], bool]) -> None: ...
    def put(self, name: str, contents: bytes) -> None: ...
    def replace(self, name: str, contents: bytes) -> None: ...
    def link(self, name: str, target: str) -> None: ...
    def make(self, name: str, kind: str) -> None: ...
    def is_stopped(self, pid: int) -> bool: ...
    def delete(self, name: str) -> None: ...
    def contents(self, name: str) -> bytes: ...
    def close(self) -> None: ...


class Both:
    """What is the same on both. ``runs`` has the names of what was started, by its pid."""

    system: Any
    directory: str
    runs: dict[int, str]

    def lives(self, pid: int) -> bool:
        """Whether anybody is left of a run."""
        living: bool = self.system.tree_lives(self.runs[pid], pid)
        return living

    def signal(self, pid: int, signal: str) -> None:
        """Send a signal to all of a run."""
        self.system.signal_tree(self.runs[pid], pid, signal)

    def survivors(self, pid: int) -> set[int]:
        """The pids that are named as those who are left of a run."""
        found = self.system.survivors(self.runs[pid], pid)
        words = [line.split() for line in found]
        assert all(word[0] == "pid" and word[2][0] == "(" for word in words)
        assert len(found) == len({word[1] for word in words})
        return {int(word[1]) for word in words}

    def wait_for_deaths(self, count: int) -> list[Death]:
        """So many deaths, in the order in which they are told."""
        found: list[Death] = []

        def complete() -> bool:
            found.extend(self.system.deaths())
            return len(found) >= count

        self.wait_until(complete)
        return found

    def wait_until_heard(self, signal: str, *pids: int) -> None:
        """Until all of them have got this signal."""
        self.wait_until(lambda: all(signal in self.heard(pid) for pid in pids))

    def wait_until_gone(self, pid: int) -> list[Death]:
        """Until nobody is left of a run; the deaths that were told of meanwhile."""
        found: list[Death] = []

        def gone() -> bool:
            found.extend(self.system.deaths())
            return not self.lives(pid)

        self.wait_until(gone)
        return found

    def heard(self, pid: int) -> list[str]:
        raise NotImplementedError

    def end(self, pid: int) -> None:
        """Somebody else than us ends what isn't ours."""
        raise NotImplementedError

    def ticks(self, pid: int) -> int:
        """When a process was started, as a monitor has reported it."""
        raise NotImplementedError

    def wait_until(self, condition: Callable[[], bool]) -> None:
        raise NotImplementedError

    def is_stopped(self, pid: int) -> bool:
        raise NotImplementedError


def _spec(program: str, **env: str) -> ProcessSpec:
    return ProcessSpec(program, b"{}", args=(program,), env=tuple(env.items()))


class Simulated(Both):
    """In memory."""

    def __init__(self, directory: str) -> None:
        self.system = SimulatedSystem()
        self.system.programs.update({name: program for name, (program, _) in PROGRAMS.items()})
        self.directory = directory
        self.runs = {}
        self.system.make_directory(directory)

    def start(self, program: str) -> int:
        pid = self.system.spawn(Start(_spec(program)))
        self.runs[pid] = program
        return pid

    def fork(self, pid: int) -> int:
        return self.system.fork(pid)

    def daemonize(self, pid: int, *, marked: bool = True) -> int:
        return self.system.daemonize(pid, marked=marked)

    def leave(self, name: str, *, marked: bool = True) -> int:
        pid = self.system.leave(name, PROGRAMS["hears"][0], marked=marked)
        self.runs[pid] = name
        return pid

    def heard(self, pid: int) -> list[str]:
        return self.system.processes[pid].received

    def end(self, pid: int) -> None:
        self.system.end(pid)

    def ticks(self, pid: int) -> int:
        return ticks(pid)

    def is_living(self, pid: int) -> bool:
        return pid in {process.pid for process in self.system.living()}

    def wait_until(self, condition: Callable[[], bool]) -> None:
        for _ in range(int(PATIENCE_S / 0.01)):
            if condition():
                return
            self.system.advance(0.01)
        raise AssertionError("it did not happen")

    def path(self, name: str) -> str:
        return f"{self.directory}/{name}"

    def put(self, name: str, contents: bytes) -> None:
        self.system.put(self.path(name), contents)

    def replace(self, name: str, contents: bytes) -> None:
        self.system.replace(self.path(name), contents)

    def link(self, name: str, target: str) -> None:
        self.system.link(self.path(name), target)

    def make(self, name: str, kind: str) -> None:
        if kind == testing_files.DIRECTORY:
            self.system.make_directory(self.path(name))
        else:
            self.system.special(self.path(name), kind)

    def is_stopped(self, pid: int) -> bool:
        return self.system.processes[pid].held is not None

    def delete(self, name: str) -> None:
        self.system.delete(self.path(name))

    def contents(self, name: str) -> bytes:
        return self.system.contents(self.path(name))

    def close(self) -> None:
        """Nothing stays."""


class Real(Both):
    """This machine, by way of a reactor of its own. Ends what it started, by pid."""

    def __init__(self, directory: str) -> None:
        from twisted.internet.pollreactor import PollReactor

        from ncolony.system import System

        self.reactor: Any = PollReactor()
        self.base = next(_BASES)
        self.system = System(self.reactor, self.base)
        self.directory = directory
        self.runs = {}
        self.started: list[int] = []
        self.foreign: list[int] = []
        os.mkdir(directory)

    @property
    def ready(self) -> str:
        return f"{self.directory}.ready"

    def start(self, program: str) -> int:
        if program not in PROGRAMS:
            return self.system.spawn(Start(_spec(program)))
        script = PROGRAMS[program][1]
        spec = _spec(program, **self.env())._replace(args=("/bin/sh", "-c", script))
        pid = self.system.spawn(Start(spec))
        self.runs[pid] = program
        self.started.append(pid)
        if "$READY" in script:
            self.wait_until(lambda: os.path.exists(self.ready))
            os.unlink(self.ready)
        elif "$HEARS" in script:
            assert self.announced() == pid
        return pid

    def env(self) -> dict[str, str]:
        return {
            "READY": self.ready,
            "HEARD": f"{self.directory}.heard",
            "PATH": os.environ["PATH"],
            "PYTHON": sys.executable,
            "HEARS": HEARS,
        }

    def announced(self) -> int:
        """The pid of who has just said that it is there."""
        self.wait_until(lambda: os.path.exists(self.ready))
        pid = int(Path(self.ready).read_text())
        os.unlink(self.ready)
        return pid

    def fork(self, pid: int) -> int:
        return self._tell(pid, signal.SIGUSR1)

    def daemonize(self, pid: int, *, marked: bool = True) -> int:
        return self._tell(pid, signal.SIGUSR2 if marked else signal.SIGHUP)

    def _tell(self, pid: int, signum: int) -> int:
        os.kill(pid, signum)
        child = self.announced()
        if pid in self.foreign:
            self.foreign.append(child)
        return child

    def leave(self, name: str, *, marked: bool = True) -> int:
        """By way of a monitor that is killed, and of no reaper of ours."""
        base = self.base if marked else next(_BASES)
        env = [f"{key}={value}" for key, value in self.env().items()]
        command = [sys.executable, "-c", MONITOR, name, str(base), PROGRAMS["hears"][1], *env]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as monitor, _no_subreaper():
            assert monitor.stdout is not None
            pid = int(monitor.stdout.readline())
            self.foreign.append(pid)
            self.runs[pid] = name
            assert self.announced() == pid
            monitor.kill()
            monitor.wait()
        return pid

    def heard(self, pid: int) -> list[str]:
        with suppress(FileNotFoundError):
            return Path(f"{self.directory}.heard.{pid}").read_text().split()
        return []

    def end(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: not self.is_living(pid))

    def ticks(self, pid: int) -> int:
        return int(self._stat(pid)[19])

    def is_living(self, pid: int) -> bool:
        with suppress(OSError):
            return self._stat(pid)[0] not in "ZX"
        return False

    @staticmethod
    def _stat(pid: int) -> list[str]:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, "it did not happen"
            self.reactor.iterate(0.01)

    def path(self, name: str) -> Path:
        return Path(self.directory, name)

    def put(self, name: str, contents: bytes) -> None:
        self.path(name).write_bytes(contents)

    def replace(self, name: str, contents: bytes) -> None:
        aside = Path(f"{self.directory}.aside")
        aside.write_bytes(contents)
        aside.rename(self.path(name))

    def link(self, name: str, target: str) -> None:
        aside = Path(f"{self.directory}.aside")
        aside.symlink_to(target)
        aside.rename(self.path(name))

    def make(self, name: str, kind: str) -> None:
        path = self.path(name)
        if kind == testing_files.FIFO:
            os.mkfifo(path)
        elif kind == testing_files.SOCKET:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
        else:
            path.mkdir()

    def is_stopped(self, pid: int) -> bool:
        how = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, pid, how) is not None

    def delete(self, name: str) -> None:
        self.path(name).unlink()

    def contents(self, name: str) -> bytes:
        return self.path(name).read_bytes()

    def close(self) -> None:
        for pid in self.foreign:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: not any(map(self.is_living, self.foreign)))

        def all_gone() -> bool:
            list(self.system.deaths())
            left = [pid for pid in self.started if self.lives(pid)]
            for pid in left:
                self.signal(pid, "KILL")
            self.system.signal_strangers("KILL")
            return not left and not self.system.strangers()

        self.wait_until(all_gone)
        self.system.close()
        self.reactor.disconnectAll()
        for call in self.reactor.getDelayedCalls():
            call.cancel()
        assert signal.SIGCHLD not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


#: Of colonies that no other run of these tests takes for its own.
_BASES = count(os.getpid() << 6 | 1)


@contextmanager
def _no_subreaper() -> Iterator[None]:
    """Meanwhile, orphans aren't ours."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
