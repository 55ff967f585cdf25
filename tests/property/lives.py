"""What a colony's life is made of: programs, rules, files and requests, and a machine that watches.

``WatchedSystem`` sees to promise 1 in the moment of a start, across the whole tree of the last run.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from hypothesis import strategies as st

from ncolony.isystem import Start
from ncolony.model import Want
from ncolony.policy import Policy, in_force
from ncolony.spec import parse
from ncolony.testing import Program, SimulatedProcess, SimulatedSystem

POLICY = Policy(threshold_s=1.0, killtime_s=2.0, min_delay_s=0.5, max_delay_s=4.0)
#: No process of these tests has longer.
KILLTIME_S = 3.0
#: Longer than any pause with its jitter, kill and pause again.
LONG_S = 3 * (KILLTIME_S + 2 * POLICY.max_delay_s)
STEADY = {
    "web": Program(),
    "graceful": Program(term_takes_s=1.0, term_code=0),
    "stubborn": Program(obeys_term=False, handles=frozenset({"HUP", "INT"})),
    "leaves": Program(members=2),
    "leaves-stubborn": Program(members=1, members_obey_term=False),
    "forks-at-term": Program(forks_on_term=1),
    "daemonizes": Program(daemons=1, members=1),
    "daemonizes-stubborn": Program(daemons=2, members_obey_term=False),
}
FLEETING = {
    "flash": Program(code=1, lives_s=0.0),
    "brief": Program(lives_s=0.3),
    "hour": Program(lives_s=3.0),
    "flash-leaves": Program(lives_s=0.0, members=1, members_obey_term=False),
    "brief-daemonizes": Program(code=3, lives_s=0.3, daemons=1),
}
PROGRAMS = st.sampled_from([*STEADY, *FLEETING, "missing"])
RULES: list[dict[str, Any]] = [
    {},
    {},
    {"killtime": KILLTIME_S},
    {"killtime": 0.5, "stop_signal": "INT"},
    {"kill_mode": "process"},
    {"enabled": False},
    {"enabled": False, "restart": "never"},
    {"restart": "never"},
    {"restart": "on-failure", "success": [0, 3]},
    {"restart": "on-failure", "give_up": {"failures": 2, "within": 10}},
    {"give_up": {"failures": 3, "within": 5}, "jitter": 1},
    {"threshold": 0.2, "minrestartdelay": 0.1, "maxrestartdelay": 0.2},
    {"essential": True, "restart": "never"},
    {"essential": True, "give_up": {"failures": 1, "within": 0}},
]
BAD = [b"", b"{", b'{"args": []}', b'{"args": "web"}', b"\xff", b'["args"]']
NAMES = st.sampled_from(["a", "b", "c"])
NAMED = st.sampled_from(["RESTART", "START", "STOP"])
SIGNALS = st.sampled_from(["HUP", "TERM", "KILL", "STOP", "CONT", "USR1"])
ENDS = st.sampled_from([(0, None), (3, None), (None, "SIGSEGV"), (None, "SIGKILL")])
#: What an earlier monitor left of a process: its program, and how many daemons of it.
LEFT = st.dictionaries(
    NAMES, st.tuples(st.sampled_from(["web", "graceful", "stubborn"]), st.integers(0, 2))
)


class Wanted(NamedTuple):
    """What ought to be of a process: which file is in force, whether a newer one was refused."""

    text: bytes | None = None
    refused: bool = False
    want: Want = Want.UP

    @property
    def rules(self) -> Policy:
        """By which it starts again."""
        return POLICY if self.text is None else in_force(parse("x", self.text).policy, POLICY)

    def taken(self, text: bytes) -> Wanted:
        """With another file in force: what is wanted changes where ``enabled`` does."""
        enabled = _enabled(text)
        want = self.want
        if enabled is not (self.text is None or _enabled(self.text)):
            want = Want.UP if enabled else Want.DOWN
        return Wanted(text, False, want)


def _enabled(text: bytes) -> bool:
    return bool(json.loads(text).get("enabled", True))


class WatchedSystem(SimulatedSystem):
    """Knows who may live on when a run is over."""

    def __init__(self, *, subreaper: bool, spawn_takes_s: float) -> None:
        super().__init__(subreaper=subreaper, spawn_takes_s=spawn_takes_s)
        self._alone: set[int] = set()  # runs that were of a process alone

    def spawn(self, start: Start) -> int:
        name = start.spec.name
        old = [process.pid for process in self.bound() if process.name == name]
        assert old == [], f"{name} starts while {old} of it live"
        pid = super().spawn(start)
        if in_force(start.spec.policy, POLICY).kill_mode == "process":
            self._alone.add(pid)
        return pid

    def signal_tree(self, name: str, pid: int, signal: str) -> None:
        assert pid not in self._alone, f"{name} is stopped alone"
        super().signal_tree(name, pid, signal)

    def bound(self) -> list[SimulatedProcess]:
        """Who lives, and has to be gone when its run is over."""
        return [process for process in self.living() if not self._may_stay(process)]

    def _may_stay(self, process: SimulatedProcess) -> bool:
        """It was handed over to, took off its mark, or nobody could tell whose it is."""
        if process.tree in self._alone:
            return process.spec is None
        lost = not self.subreaper and not process.foreign and process.pgid != process.tree
        return lost or not process.marked

    def remaining(self) -> list[SimulatedProcess]:
        """Who has to be gone at the end of the colony: orphans of unknown origin, too."""
        bound = {process.pid for process in self.bound()}
        return [p for p in self.living() if p.pid in bound or self._is_stranger_here(p)]

    def _is_stranger_here(self, process: SimulatedProcess) -> bool:
        return self.subreaper and not process.marked and not process.foreign
