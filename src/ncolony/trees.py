"""Who belongs to a run: the process that was started, and all that it started in its turn.

While the process lives, its descendants hang below it. When it has ended, what it left is handed
to the monitor as the nearest subreaper, prctl(2), and carries its mark (``marks``): a direct child
of ours that we haven't started is an orphan, and its mark says whose. So nothing has to be
searched where there is no orphan, and a death costs one look at the list of our own children.

What an earlier monitor left has been handed to somebody else: ``leftovers``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from signal import SIGKILL
from typing import TYPE_CHECKING

from twisted.internet import process as twisted_process

from . import proc
from .cgroups import Cgroups
from .groups import group_lives, in_group, send
from .marks import Marks

if TYPE_CHECKING:
    from .leftovers import Leftovers

#: Who becomes an orphan without a death that we are told of is seen after this long: a thousand
#: stops at once look once each time. Who is missed by one is found when the run's process is gone.
LOOK_S = 0.01
#: Whoever forks faster than this is ended without a control group's help.
MAX_PLACED = 100


class Told:
    """Who was sent which signal: nobody gets the same one twice, for twice may mean at once."""

    __slots__ = ("group", "pids", "signum", "tree")

    def __init__(self, tree: int, signum: int) -> None:
        self.tree = tree
        self.signum = signum
        self.group = False
        self.pids: set[int] = set()


class Trees:
    """Finds and signals what belongs to runs, each known by its name and its process's pid."""

    def __init__(
        self,
        marks: Marks,
        cgroups: Cgroups | None = None,
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mono = mono
        self._marks = marks
        self._cgroups = cgroups
        self._own = os.getpid()
        self.sees = proc.stat(self._own) is not None
        self._leaders: dict[int, str] = {}
        self._orphans: dict[int, int | None] = {}
        self._looked = False
        self._looked_mono = -LOOK_S
        self._told: dict[str, Told] = {}
        self._leftovers: Leftovers | None = None

    # Our children come and go

    def started(self, name: str, pid: int) -> None:
        """A process was started."""
        self._leaders[pid] = name
        if self._cgroups is not None:
            self._place(self._cgroups, name, pid)

    def _place(self, cgroups: Cgroups, name: str, tree: int) -> None:
        """Move a process into its group, and what it forked before that, a daemon even.

        Orphans are looked for when all others are placed, until there are no new ones: whoever
        lost its parent before that was asked for its children is one by then.
        """
        placed: set[int] = set()
        waiting = [tree]
        while waiting and len(placed) <= MAX_PLACED:
            pid = waiting.pop()
            cgroups.place(name, pid)
            placed.add(pid)
            waiting += [child for child in proc.children_of(pid) if child not in placed]
            if not waiting:
                self._looked = False
                waiting = [pid for pid in self._orphans_of(name, tree) if pid not in placed]

    def reaped(self, pids: Iterable[int]) -> None:
        """Children have ended and are buried: what they left are orphans now."""
        self._looked = False
        for pid in pids:
            self._leaders.pop(pid, None)
            self._orphans.pop(pid, None)

    # Runs

    def lives(self, name: str, tree: int) -> bool:
        """Whether anybody is left of a run."""
        if self._leftovers is not None and name in self._leftovers:
            return self._leftovers.live(name)  # their group may have zombies that nobody buries
        leads = self._leaders.get(tree)
        if leads == name or (leads is None and group_lives(tree)):
            return True
        if not self._looked:
            self._look()
        mark = self._marks.of_name(name) if self._orphans else None
        if mark is not None and mark in self._orphans.values():
            return True
        if self._cgroups is not None and self._cgroups.lives(name):
            return True
        self._told.pop(name, None)
        return False

    def signal(self, name: str, tree: int, signum: int, *, again: bool) -> None:
        """Send a signal to all of a run; ``again``: also to those who had it before.

        Raises PermissionError where all of them are another user's.
        """
        told = self._told.get(name)
        if told is None or (told.tree, told.signum) != (tree, signum):
            told = self._told[name] = Told(tree, signum)
        leads = self._leaders.get(tree) == name
        # Some are known only by hanging below the process, a monitor's own children say: before
        # that goes, who are they?
        pids = dict.fromkeys(self.members(name, tree) if again or not leads else ())
        refused: OSError | None = None
        if (again or not told.group) and self._knows_group(name, tree, pids):
            # First all at once: none of them sees another one go before its turn comes.
            refused = send(os.killpg, tree, signum)
        told.group = True
        if signum == SIGKILL and self._cgroups is not None:
            self._cgroups.kill(name)
        if again or leads:
            pids.update(dict.fromkeys(self.members(name, tree)))
        for pid in pids:
            if (again or pid not in told.pids) and not in_group(pid, tree):
                refused = send(os.kill, pid, signum) or refused
                told.pids.add(pid)
        if refused is not None:
            raise refused

    def _knows_group(self, name: str, tree: int, pids: Iterable[int]) -> bool:
        """Whether the group of this number is the run's, some of whose pids these are.

        The process's number is its group's, and free for others when nobody is left in that.
        """
        leads = self._leaders.get(tree)
        if leads is None and self.sees:
            return any(in_group(pid, tree) for pid in pids)
        return leads in (None, name)

    def members(self, name: str, tree: int) -> list[int]:
        """The pids of a run, as far as /proc shows them."""
        found: dict[int, None] = {}
        # The process's own children before the orphans: one whose parent dies in between is
        # seen twice rather than not at all.
        if self._leaders.get(tree) == name:
            self._add_descendants(tree, found)
        roots = self._orphans_of(name, tree)
        if self._leftovers is not None:
            roots += self._leftovers.pids(name)
        if self._cgroups is not None:
            roots += self._cgroups.pids(name)
        for pid in roots:
            self._add_descendants(pid, found)
        return list(found)

    def _add_descendants(self, pid: int, found: dict[int, None]) -> None:
        waiting = [pid]
        while waiting:
            pid = waiting.pop()
            if pid not in found:
                found[pid] = None
                waiting += proc.children_of(pid)

    def _orphans_of(self, name: str, tree: int) -> list[int]:
        """Those with the run's mark, and who has lost its mark and is in the process's group."""
        if not self._looked or self._mono() >= self._looked_mono + LOOK_S:
            self._look()
        if not self._orphans:
            return []
        mark = self._marks.of_name(name)
        return [
            pid
            for pid, of in self._orphans.items()
            if (of is None and in_group(pid, tree)) or (of is not None and of == mark)
        ]

    def _look(self) -> None:
        """Find out which of our children we haven't started, and whose they are."""
        listed = proc.listed_children(self._own, self._own)
        children = proc.children_of(self._own) if listed is None else map(int, listed)
        unknown = set(children) - self._leaders.keys()
        if unknown or self._orphans:
            known = self._orphans
            self._orphans = {
                pid: known[pid] if pid in known else self._marks.of_pid(pid) for pid in unknown
            }
        self._looked = True
        self._looked_mono = self._mono()

    def started_ticks(self, pid: int) -> int | None:
        """When one that belongs to a run was started; None where unknown, or somebody else."""
        if pid not in self._leaders:
            return None if self._leftovers is None else self._leftovers.started(pid)
        seen = proc.stat(pid)
        return None if seen is None else seen.started

    # Orphans of unknown origin

    def strangers(self) -> list[int]:
        """Our children that nobody here started, and whose mark isn't one of ours."""
        self._look()  # who forked twice is handed to us without a death that we are told of
        return [
            pid
            for pid, mark in self._orphans.items()
            if mark is None and pid not in twisted_process.reapProcessHandlers
        ]

    def signal_strangers(self, signum: int) -> None:
        """Send them and all below them a signal. Raises PermissionError as ``signal`` does."""
        found: dict[int, None] = {}
        for pid in self.strangers():
            self._add_descendants(pid, found)
        refused: OSError | None = None
        for pid in found:
            refused = send(os.kill, pid, signum) or refused
        if refused is not None:
            raise refused

    # What an earlier monitor left

    def find_leftovers(
        self, names: Iterable[str], reported: Mapping[str, tuple[int, int]]
    ) -> dict[str, int]:
        """The names of which an earlier monitor left something running: ``leftovers``."""
        from .leftovers import Leftovers  # the monitor's business alone

        if self._leftovers is None:
            self._leftovers = Leftovers(self._marks, self._cgroups)
        return self._leftovers.find(names, reported)
