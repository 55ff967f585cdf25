"""The two machines that the contract is tried on: a simulated one, and this one."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from ncolony import testing_files
from ncolony.isystem import Death, ISystem
from ncolony.spec import ProcessSpec
from ncolony.testing import Program, SimulatedSystem

#: How long the real machine may take for what should be there in milliseconds.
PATIENCE_S = 20.0

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
}


class Ground(Protocol):
    """A machine, and what happens on it besides."""

    system: ISystem
    directory: str

    def start(self, program: str) -> int: ...
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
    """What is the same on both."""

    system: Any
    directory: str

    def wait_for_deaths(self, count: int) -> list[Death]:
        """So many deaths, in the order in which they are told."""
        found: list[Death] = []

        def complete() -> bool:
            found.extend(self.system.deaths())
            return len(found) >= count

        self.wait_until(complete)
        return found

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
        self.system.make_directory(directory)

    def start(self, program: str) -> int:
        return self.system.spawn(_spec(program), None)

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
        self.system = System(self.reactor)
        self.directory = directory
        self.groups: list[int] = []
        os.mkdir(directory)

    def start(self, program: str) -> int:
        if program not in PROGRAMS:
            return self.system.spawn(_spec(program), None)
        ready = f"{self.directory}.ready"
        spec = _spec("/bin/sh", READY=ready, PATH=os.environ["PATH"])
        script = PROGRAMS[program][1]
        pid = self.system.spawn(spec._replace(args=("/bin/sh", "-c", script)), None)
        self.groups.append(pid)
        if "$READY" in script:
            self.wait_until(lambda: os.path.exists(ready))
            os.unlink(ready)
        return pid

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
        for pgid in self.groups:
            self.system.signal_group(pgid, "KILL")
        gone: set[int] = set()

        def all_gone() -> bool:
            list(self.system.deaths())
            gone.update(pgid for pgid in self.groups if not self.system.group_lives(pgid))
            return gone >= set(self.groups)

        self.wait_until(all_gone)
        self.system.close()
        self.reactor.disconnectAll()
        for call in self.reactor.getDelayedCalls():
            call.cancel()
        assert signal.SIGCHLD not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
