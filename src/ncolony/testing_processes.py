"""Processes in memory: the part of ``ncolony.testing`` in which programs live, fork and die."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from .isystem import Death
from .spec import ProcessSpec
from .testing_clock import SimulatedClock

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
#: The parent of those whose own one has ended: whoever is nearest, and reaps.
_REAPER = 0


class Program(NamedTuple):
    """How a simulated program behaves; the default runs until a signal ends it.

    It ends by itself with ``code`` after ``lives_s`` (None: never). ``members`` are processes
    that it forks into its group, ``daemons`` such as leave that for one of their own; they outlive
    it. ``term_takes_s`` passes from a TERM that is obeyed to the end, which is an exit with
    ``term_code`` where that is set. On a TERM it forks ``forks_on_term`` more. What isn't
    ``killable`` waits for a broken disk. ``handles`` are signals that change nothing.
    """

    code: int = 0
    lives_s: float | None = None
    obeys_term: bool = True
    term_takes_s: float = 0.0
    term_code: int | None = None
    members: int = 0
    daemons: int = 0
    members_obey_term: bool = True
    forks_on_term: int = 0
    killable: bool = True
    handles: frozenset[str] = frozenset()


class SimulatedProcess:
    """A process of the run ``name``, which is known by the pid ``tree``.

    ``parent`` is the pid of who forked it, 0 once that has ended. ``spec`` is None in what was
    forked, ``foreign`` what an earlier monitor started. What is ``marked`` can be told to be of
    the run. ``end`` is how it ended, None while it lives.
    """

    __slots__ = (
        "end", "foreign", "held", "marked", "name", "parent", "pgid", "pid", "program", "received",
        "spec", "tree",
    )  # fmt: skip

    def __init__(
        self, pid: int, pgid: int, tree: int, name: str, spec: ProcessSpec | None, program: Program
    ) -> None:
        self.pid = pid
        self.pgid = pgid
        self.tree = tree
        self.name = name
        self.spec = spec
        self.program = program
        self.parent = _REAPER
        self.foreign = False
        self.marked = True
        self.end: Death | None = None
        self.held: list[str] | None = None  # what it was sent while SIGSTOP holds it
        self.received: list[str] = []


class SimulatedProcesses(SimulatedClock):
    """What a test does with processes. ``processes`` has all that aren't reaped.

    Without ``subreaper``, orphans go to process 1 and vanish untold.
    """

    def __init__(self, *, subreaper: bool) -> None:
        super().__init__()
        self.processes: dict[int, SimulatedProcess] = {}
        self.subreaper = subreaper
        self._pids = count(1000)

    def fork(self, pid: int) -> int:
        """A process forks into its group: the pid of the new member."""
        return self._fork(self.processes[pid], self.processes[pid].pgid, pid)

    def daemonize(self, pid: int, *, marked: bool = True) -> int:
        """A process forks twice, and leaves its group for a new one: the pid of the second.

        One that isn't ``marked`` has taken off its mark as well, and is of unknown origin.
        """
        daemon = self._fork(self.processes[pid], None, _REAPER)
        self.processes[daemon].marked &= marked
        return daemon

    def leave(self, name: str, program: Program | None = None, *, marked: bool = True) -> int:
        """An earlier monitor left a process running, which is nobody's child of ours: its pid."""
        pid = next(self._pids)
        left = self._add(pid, pid, pid, name, None, program or Program())
        left.foreign = True
        left.marked = marked
        return pid

    def end(self, pid: int, code: int | None = 0, signal: str | None = None) -> None:
        """A process ends by itself: an exit code, or None and a signal's name with SIG."""
        self._end(self.processes[pid], code, signal)

    def living(self, tree: int | None = None) -> list[SimulatedProcess]:
        """Who lives, of a run or of all."""
        return [p for p in self.processes.values() if p.end is None and tree in (None, p.tree)]

    def deaths(self) -> Iterator[Death]:
        """See ISystem."""
        while ended := next((p.end for p in self.processes.values() if p.end), None):
            del self.processes[ended.pid]
            yield ended

    def _fork(self, of: SimulatedProcess, pgid: int | None, parent: int) -> int:
        program = of.program
        if of.spec is not None:
            program = Program(obeys_term=program.members_obey_term)
        pid = next(self._pids)
        child = self._add(pid, pgid or pid, of.tree, of.name, None, program)
        child.parent = parent
        child.foreign = of.foreign
        child.marked = of.marked
        return pid

    def _add(
        self, pid: int, pgid: int, tree: int, name: str, spec: ProcessSpec | None, program: Program
    ) -> SimulatedProcess:
        process = SimulatedProcess(pid, pgid, tree, name, spec, program)
        self.processes[pid] = process
        return process

    def _begin(self, spec: ProcessSpec, program: Program) -> int:
        pid = next(self._pids)
        leader = self._add(pid, pid, pid, spec.name, spec, program)
        for _ in range(program.members):
            self.fork(pid)
        for _ in range(program.daemons):
            self.daemonize(pid)
        if program.lives_s is not None:
            self._end_after(program.lives_s, leader, program.code, None)
        return pid

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
        if process.end is not None or name in program.handles | _HARMLESS:
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
        process.end = Death(process.pid, code, signal)
        for child in self.processes.values():
            if child.parent == process.pid:
                child.parent = _REAPER
        orphan = process.parent == _REAPER and not process.foreign
        if process.spec is not None or (orphan and self.subreaper):
            self._untold = True
        else:  # its parent reaps it, or process 1
            del self.processes[process.pid]


def signal_name(signal: str) -> str:
    """A signal's name without SIG, by its name or its digits. Raises ValueError."""
    if signal not in SIGNALS and signal not in _BY_NUMBER:
        raise ValueError(f"{signal} is no signal")
    return _BY_NUMBER.get(signal, signal)
