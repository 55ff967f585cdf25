"""The real machine: clocks, signals and files, as ``isystem`` describes them."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from signal import SIGKILL
from typing import Any

from . import proc
from .cgroups import Cgroups
from .clock import Clock
from .disk import Disk
from .housekeeping import Housekeeping
from .isystem import Death, Start
from .marks import Marks
from .sigchld import Handler, SignalFd, watch_deaths
from .signalnames import signal_number
from .spawn import Spawner
from .trees import Trees
from .trust import Trust

#: So many children are reaped before any of their deaths is told.
FEW = 256


class System(Clock, Disk):
    """This machine, by way of a Twisted reactor. Provides ISystem.

    ``base`` is the number by which what is started is marked (``marks``). With None it keeps our
    own mark, if any: then a run is its process's group, and what hangs below its process.
    """

    def __init__(
        self,
        reactor: Any,
        base: int | None = 1,
        trust: Trust | None = None,
        cgroup: str | None = None,
    ) -> None:
        Clock.__init__(self, reactor)
        Disk.__init__(self, trust)
        self._house = Housekeeping()
        marks = Marks(base)
        self._trees = Trees(
            marks, None if cgroup is None or base is None else Cgroups(cgroup, base)
        )
        self._spawner = Spawner(self._house, marks.of_name)
        self._reaped: deque[Death] = deque()
        self._deaths: SignalFd | Handler | None = None
        self._named: list[int] = []

    @property
    def descriptor_limit(self) -> int:
        """How many descriptors the monitor may have open."""
        return self._house.own_nofile[0]

    def close(self) -> None:
        """Give back what the monitor took of this process."""
        if self._deaths is not None:
            self._deaths.close()
        self._spawner.close()
        self._house.close()

    # Processes

    def watch_deaths(self, function: Callable[[], None]) -> None:
        """Call ``function``, from the reactor, soon after children have ended."""

        def ended(pids: list[int]) -> None:
            self._named = pids
            function()

        self._deaths = watch_deaths(self._reactor, ended)

    def spawn(self, start: Start) -> int:
        (outcome,) = self.spawn_all([start])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def spawn_all(self, starts: Sequence[Start]) -> list[int | Exception]:
        outcomes = self._spawner.spawn_all(starts)
        for start, outcome in zip(starts, outcomes, strict=True):
            if isinstance(outcome, int):
                self._trees.started(start.spec.name, outcome)
        return outcomes

    def deaths(self) -> Iterator[Death]:
        """See ISystem. The first is told at once, and the others are reaped by the dozen.

        For when children were reaped, their orphans are looked for once.
        """
        named, self._named = self._named, []
        source = self._spawner.deaths(named)
        few = 1
        while True:
            if not self._reaped:
                self._reaped.extend(islice(source, few))
                self._trees.reaped(death.pid for death in self._reaped)
                few = FEW
            if not self._reaped:
                return
            yield self._reaped.popleft()

    def tree_lives(self, name: str, pid: int) -> bool:
        return self._trees.lives(name, pid)

    def signal_tree(self, name: str, pid: int, signal: str) -> None:
        signum = signal_number(signal)
        self._trees.signal(name, pid, signum, again=signum == SIGKILL)

    def blindness(self) -> str | None:
        if self._trees.sees:
            return None
        return "cannot read /proc: what leaves its process group is not found"

    def survivors(self, name: str, pid: int) -> list[str]:
        found = [who for member in self._trees.members(name, pid) if (who := _who(member))]
        if not found and self._trees.lives(name, pid):
            found.append(f"somebody of process group {pid}, whom /proc doesn't show")
        return found

    def strangers(self) -> list[str]:
        return [who for pid in self._trees.strangers() if (who := _who(pid))]

    def signal_strangers(self, signal: str) -> None:
        self._trees.signal_strangers(signal_number(signal))

    def leftovers(
        self, names: Iterable[str], reported: Mapping[str, tuple[int, int]]
    ) -> dict[str, int]:
        return self._trees.find_leftovers(names, reported)

    def boot_id(self) -> str | None:
        return proc.boot_id()

    def started_ticks(self, pid: int) -> int | None:
        return self._trees.started_ticks(pid)

    def signal_process(self, pid: int, name: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number(name))

    def signal_known(self, name: str) -> bool:
        try:
            signal_number(name)
        except ValueError:
            return False
        return True


def _who(pid: int) -> str:
    """A process that doesn't end, for people; empty where it just has."""
    seen = proc.stat(pid)
    if seen is None or seen.ended:
        return ""
    why = ", uninterruptible" if seen.state == "D" else ""
    return f"pid {pid} ({seen.comm}{why})"
