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
from collections.abc import Iterable, Mapping, Sequence

from .isystem import Start
from .testing_files import SimulatedFiles
from .testing_output import SimulatedOutput
from .testing_processes import Program, SimulatedProcess, SimulatedProcesses, signal_name

__all__ = ["Program", "SimulatedOutput", "SimulatedProcess", "SimulatedSystem"]


class SimulatedSystem(SimulatedProcesses, SimulatedFiles):
    """A machine in memory. Provides ISystem.

    ``programs`` has what can be started, by ``args[0]``. ``processes`` has all that aren't
    reaped. Without ``subreaper``, orphans go to process 1 and vanish untold. A start takes
    ``spawn_takes_s``. ``random`` is what ``chance`` says. Set ``wall_ahead_s`` to make the wall
    clock jump. ``faults`` make calls fail.
    """

    def __init__(self, *, subreaper: bool = True, spawn_takes_s: float = 0.0) -> None:
        SimulatedProcesses.__init__(self, subreaper=subreaper)
        SimulatedFiles.__init__(self, self.utc)
        self.programs: dict[str, Program] = {}
        self.spawn_takes_s = spawn_takes_s
        self.random = 0.5
        self._told: dict[str, tuple[int, str, set[int]]] = {}
        self._foreign: dict[str, set[int]] = {}

    def chance(self) -> float:
        """See ISystem."""
        return self.random

    def boot_id(self) -> str | None:
        """See ISystem."""
        return "simulated"

    def started_ticks(self, pid: int) -> int | None:
        """See ISystem."""
        process = self.processes.get(pid)
        if process is None or (process.spec is None and pid not in self._foreign_pids()):
            return None
        return ticks(pid)

    def spawn(self, start: Start) -> int:
        """See ISystem."""
        self._mono += self.spawn_takes_s
        program = start.spec.args[0]
        self.faults.check("spawn", program)
        if program not in self.programs:
            raise OSError(errno.ENOENT, "No such file or directory", program)
        return self._begin(start.spec, self.programs[program])

    def spawn_all(self, starts: Sequence[Start]) -> list[int | Exception]:
        """See ISystem: one after the other."""
        outcomes: list[int | Exception] = []
        for start in starts:
            try:
                outcomes.append(self.spawn(start))
            except OSError as error:
                outcomes.append(error)
        return outcomes

    def signal_known(self, signal: str) -> bool:
        """See ISystem."""
        try:
            signal_name(signal)
        except ValueError:
            return False
        return True

    def signal_process(self, pid: int, signal: str) -> None:
        """See ISystem."""
        name = signal_name(signal)
        self.faults.check("signal_process", name)
        assert pid in self.processes, f"a signal to {pid}, which isn't there"
        self._signal(self.processes[pid], name)

    # Runs

    def tree_lives(self, name: str, pid: int) -> bool:
        """See ISystem."""
        if name in self._foreign:
            left = self._foreign_lives(name)
        else:
            left = bool(self._members(name, pid))
        if not left:
            self._told.pop(name, None)
        return left

    def signal_tree(self, name: str, pid: int, signal: str) -> None:
        """See ISystem. The group gets a signal as one, with those that are in it then."""
        signal = signal_name(signal)
        self.faults.check("signal_tree", signal)
        told = self._told.get(name)
        if told is None or told[:2] != (pid, signal):
            told = self._told[name] = (pid, signal, set())
        had_it = frozenset() if signal == "KILL" else frozenset(told[2])
        for process in self._members(name, pid):
            if (pid if process.pgid == pid else process.pid) not in had_it:
                self._signal(process, signal)
            told[2].add(process.pid)
        told[2].add(pid)

    def blindness(self) -> str | None:
        """See ISystem."""
        return None

    def survivors(self, name: str, pid: int) -> list[str]:
        """See ISystem."""
        return [f"pid {p.pid} ({p.name})" for p in self._members(name, pid) if p.end is None]

    def _members(self, name: str, tree: int) -> list[SimulatedProcess]:
        """A run's processes, also those that have ended and aren't reaped, as kill(2) sees them.

        Our orphans carry the run's mark, whichever group they are in; without a subreaper there
        are none.
        """
        assert tree > 1, f"{tree} is no child of ours"
        roots = {tree, *self._foreign.get(name, ())}
        found = []
        for process in self.processes.values():
            if process.name != name:
                continue
            if self._ours(process) or process.pgid == tree or self._descends(process, roots):
                found.append(process)
        return found

    def _ours(self, process: SimulatedProcess) -> bool:
        return self.subreaper and process.marked and not process.foreign

    def _descends(self, process: SimulatedProcess, roots: set[int]) -> bool:
        while process.pid not in roots and process.parent in self.processes:
            process = self.processes[process.parent]
        return process.pid in roots

    # Orphans of unknown origin

    def strangers(self) -> list[str]:
        """See ISystem."""
        found = filter(self._is_stranger, self.living())
        return [f"pid {process.pid} ({process.name})" for process in found]

    def signal_strangers(self, signal: str) -> None:
        """See ISystem."""
        signal = signal_name(signal)
        self.faults.check("signal_strangers", signal)
        roots = {p.pid for p in self.processes.values() if self._is_stranger(p)}
        for process in [p for p in self.processes.values() if self._descends(p, roots)]:
            self._signal(process, signal)

    def _is_stranger(self, process: SimulatedProcess) -> bool:
        orphan = process.spec is None and process.parent not in self.processes
        return orphan and self.subreaper and not process.marked and not process.foreign

    # What an earlier monitor left

    def leftovers(
        self, names: Iterable[str], reported: Mapping[str, tuple[int, int]]
    ) -> dict[str, int]:
        """See ISystem."""
        searched = bool(set(names))
        for process in self.living():
            told = reported.get(process.name) == (process.pid, ticks(process.pid))
            if process.foreign and (told or (searched and process.marked)):
                self._foreign.setdefault(process.name, set()).add(process.pid)
        return {name: min(found) for name, found in sorted(self._foreign.items())}

    def _foreign_pids(self) -> set[int]:
        return {pid for found in self._foreign.values() for pid in found}

    def _foreign_lives(self, name: str) -> bool:
        left = {pid for pid in self._foreign[name] if pid in self.processes}
        if not left:  # but what these started since the last search?
            marked = (p for p in self.living() if p.name == name and p.foreign and p.marked)
            left = {process.pid for process in marked}
        self._foreign[name] = left
        if not left:
            del self._foreign[name]
        return bool(left)


def ticks(pid: int) -> int:
    """When a simulated process was started; no pid is used twice."""
    return pid * 100
