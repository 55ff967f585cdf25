"""A whole machine in memory, for tests without a clock, a child or a disk.

``SimulatedSystem`` provides ``ncolony.isystem.ISystem`` and passes the same contract tests as
the real one. Nothing moves by itself: a test advances the clock, and in that timers fire,
programs end and deaths are told of, in the order of their times. A call that makes no sense,
such as a signal to a process that was reaped, raises AssertionError.

    system = SimulatedSystem()
    system.programs["web"] = Program(obeys_term=False)
    system.watch_deaths(supervisor.children_died)
    system.advance(5.0)
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from itertools import count
from typing import NamedTuple

from .isystem import Death, Start
from .spec import ProcessSpec
from .testing_clock import SimulatedClock
from .testing_files import SimulatedFiles

#: Signals by name without SIG: those that Linux on x86 and ARM gives these numbers.
# fmt: off
SIGNALS = {
    "HUP": 1, "INT": 2, "QUIT": 3, "ABRT": 6, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12,
    "PIPE": 13, "ALRM": 14, "TERM": 15, "CHLD": 17, "CONT": 18, "STOP": 19, "WINCH": 28,
}
# fmt: on
_BY_NUMBER = {str(number): name for name, number in SIGNALS.items()}
#: What these do by default is nothing, signal(7).
_HARMLESS = frozenset({"CHLD", "CONT", "WINCH"})


class Program(NamedTuple):
    """How a simulated program behaves; the default runs until a signal ends it.

    It ends by itself with ``code`` after ``lives_s`` (None: never). ``members`` are processes
    that it forks into its group, which outlive it. ``term_takes_s`` passes from a TERM that is
    obeyed to the end, which is an exit with ``term_code`` where that is set. On a TERM it forks
    ``forks_on_term`` more. What isn't ``killable`` waits for a broken disk. ``handles`` are
    signals that change nothing.
    """

    code: int = 0
    lives_s: float | None = None
    obeys_term: bool = True
    term_takes_s: float = 0.0
    term_code: int | None = None
    members: int = 0
    members_obey_term: bool = True
    forks_on_term: int = 0
    killable: bool = True
    handles: frozenset[str] = frozenset()


class SimulatedProcess:
    """A process. ``spec`` is None in a member; ``end`` is how it ended, None while it lives."""

    __slots__ = ("end", "held", "pgid", "pid", "program", "received", "spec")

    def __init__(self, pid: int, pgid: int, spec: ProcessSpec | None, program: Program) -> None:
        self.pid = pid
        self.pgid = pgid
        self.spec = spec
        self.program = program
        self.end: Death | None = None
        self.held: list[str] | None = None  # what it was sent while SIGSTOP holds it
        self.received: list[str] = []


class SimulatedSystem(SimulatedClock, SimulatedFiles):
    """A machine in memory. Provides ISystem.

    ``programs`` has what can be started, by ``args[0]``. ``processes`` has all that aren't
    reaped. Without ``subreaper``, orphans go to process 1 and vanish untold. A start takes
    ``spawn_takes_s``. Set ``wall_ahead_s`` to make the wall clock jump. ``faults`` make calls
    fail.
    """

    def __init__(self, *, subreaper: bool = True, spawn_takes_s: float = 0.0) -> None:
        SimulatedClock.__init__(self)
        SimulatedFiles.__init__(self, self.utc)
        self.programs: dict[str, Program] = {}
        self.processes: dict[int, SimulatedProcess] = {}
        self.subreaper = subreaper
        self.spawn_takes_s = spawn_takes_s
        self._pids = count(1000)

    def spawn(self, spec: ProcessSpec, output_fd: int | None) -> int:
        self._mono += self.spawn_takes_s
        self.faults.check("spawn", spec.args[0])
        program = self.programs.get(spec.args[0])
        if program is None:
            raise OSError(errno.ENOENT, "No such file or directory", spec.args[0])
        pid = next(self._pids)
        leader = self.processes[pid] = SimulatedProcess(pid, pid, spec, program)
        for _ in range(program.members):
            self.fork(pid)
        if program.lives_s is not None:
            self._end_after(program.lives_s, leader, program.code, None)
        return pid

    def spawn_all(self, starts: Sequence[Start]) -> list[int | Exception]:
        """See ISystem: one after the other."""
        outcomes: list[int | Exception] = []
        for spec, output_fd in starts:
            try:
                outcomes.append(self.spawn(spec, output_fd))
            except OSError as error:
                outcomes.append(error)
        return outcomes

    def fork(self, pid: int) -> int:
        """A process forks into its group: the pid of the new member."""
        parent = self.processes[pid]
        member = parent.program
        if parent.spec is not None:
            member = Program(obeys_term=parent.program.members_obey_term)
        child = next(self._pids)
        self.processes[child] = SimulatedProcess(child, parent.pgid, None, member)
        return child

    def end(self, pid: int, code: int | None = 0, signal: str | None = None) -> None:
        """A process ends by itself: an exit code, or None and a signal's name with SIG."""
        self._end(self.processes[pid], code, signal)

    def living(self, pgid: int | None = None) -> list[SimulatedProcess]:
        """Who lives, in a group or anywhere."""
        return [p for p in self.processes.values() if p.end is None and pgid in (None, p.pgid)]

    def deaths(self) -> Iterator[Death]:
        while ended := next((p.end for p in self.processes.values() if p.end), None):
            del self.processes[ended.pid]
            yield ended

    def group_lives(self, pgid: int) -> bool:
        return bool(self._group(pgid))

    def signal_group(self, pgid: int, signal: str) -> None:
        self.faults.check("signal_group", signal)
        for process in self._group(pgid):
            self._signal(process, _signal_name(signal))

    def signal_process(self, pid: int, signal: str) -> None:
        assert pid in self.processes, f"a signal to {pid}, which isn't there"
        self._signal(self.processes[pid], _signal_name(signal))

    def signal_known(self, signal: str) -> bool:
        return signal in SIGNALS or signal in _BY_NUMBER

    def _group(self, pgid: int) -> list[SimulatedProcess]:
        """A group's processes, also those that have ended and aren't reaped: kill(2)."""
        assert pgid > 1, f"{pgid} is no child's group"
        return [p for p in self.processes.values() if p.pgid == pgid]

    def _signal(self, process: SimulatedProcess, name: str) -> None:
        if process.end is not None:
            return
        process.received.append(name)
        if name == "KILL" and process.program.killable:
            self._end(process, None, "SIGKILL")
        elif name == "CONT":
            held, process.held = process.held or [], None
            for late in held:
                self._deliver(process, late)
        elif name == "STOP":
            process.held = process.held or []
        elif process.held is not None:
            process.held.append(name)
        elif name != "KILL":
            self._deliver(process, name)

    def _deliver(self, process: SimulatedProcess, name: str) -> None:
        program = process.program
        if name in program.handles | _HARMLESS:
            return
        if name != "TERM":
            self._end(process, None, f"SIG{name}")
            return
        for _ in range(program.forks_on_term):
            self.fork(process.pid)
        if program.obeys_term:
            signal = "SIGTERM" if program.term_code is None else None
            self._end_after(program.term_takes_s, process, program.term_code, signal)

    def _end_after(
        self, delay_s: float, process: SimulatedProcess, code: int | None, signal: str | None
    ) -> None:
        if delay_s > 0:
            self._schedule(delay_s, lambda: self._end(process, code, signal))
        else:
            self._end(process, code, signal)

    def _end(self, process: SimulatedProcess, code: int | None, signal: str | None) -> None:
        if process.end is not None:
            return
        leader = self.processes.get(process.pgid)
        orphan = leader is None or leader.end is not None
        process.end = Death(process.pid, code, signal)
        if process.spec is not None or (orphan and self.subreaper):
            self._untold = True
        else:  # its parent reaps it, or process 1
            del self.processes[process.pid]


class SimulatedOutput:
    """Children's output that goes nowhere, by the rules. Provides IOutput.

    ``writers`` has the descriptors that are open, ``kept`` the names that have a pipe, and
    ``calls`` what was called. Set ``failure`` for an OSError where a writer is asked for.
    """

    def __init__(self) -> None:
        self.writers: set[int] = set()
        self.kept: set[str] = set()
        self.calls: list[tuple[str, str]] = []
        self.failure: OSError | None = None
        self._descriptors = count(100)

    def writer(self, name: str) -> int | None:
        self.calls.append(("writer", name))
        if self.failure is not None:
            raise self.failure
        self.kept.add(name)
        fd = next(self._descriptors)
        self.writers.add(fd)
        return fd

    def started(self, name: str, writer: int | None) -> None:
        self.calls.append(("started", name))
        if writer is not None:
            self.writers.remove(writer)

    def ended(self, name: str) -> None:
        assert name in self.kept, f"{name} never started"
        self.calls.append(("ended", name))

    def forget(self, name: str) -> None:
        self.calls.append(("forget", name))
        self.kept.discard(name)


def _signal_name(signal: str) -> str:
    if signal not in SIGNALS and signal not in _BY_NUMBER:
        raise ValueError(f"{signal} is no signal")
    return _BY_NUMBER.get(signal, signal)
