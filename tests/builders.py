"""Builders: the values and colonies that tests start from, said in a word."""

from __future__ import annotations

import json
from typing import Any

from ncolony import request, spec
from ncolony.model import Configured, Moment, Record, Refused, Removed, State
from ncolony.policy import Policy
from ncolony.supervisor import Supervisor
from ncolony.testing import Program, SimulatedOutput, SimulatedSystem

POLICY = Policy(threshold_s=1.0, killtime_s=5.0, min_delay_s=1.0, max_delay_s=60.0)


def a_file(*args: str, **others: Any) -> bytes:
    """A process's file."""
    return json.dumps({"args": list(args) or ["web"], **others}).encode()


def a_spec(*args: str, name: str = "web", **others: Any) -> spec.ProcessSpec:
    """What the monitor makes of such a file."""
    return spec.parse(name, a_file(*args, **others))


def a_moment(
    mono: float = 1000.0, *, utc: float = 1.8e9, policy: Policy = POLICY, chance: float = 0.0
) -> Moment:
    return Moment(mono, utc, policy, chance)


def running(**others: Any) -> Record:
    """The record of a process in its first run, pid 7, for a long time."""
    spec = others.get("spec", a_spec())
    values = {"state": State.RUNNING, "spec": spec, "ran": spec, "epoch": 1, "pid": 7, "tree": 7}
    return Record("web", **{**values, **others})


class Colony:
    """A supervisor on a simulated machine, and what it published.

    ``programs`` are there under their names; ``web`` is one that runs until it's told to end.
    """

    def __init__(self, policy: Policy = POLICY, **system: Any) -> None:
        self.system = SimulatedSystem(**system)
        self.output = SimulatedOutput()
        self.published: dict[str, Record] = {}
        self.history: list[tuple[str, State | None]] = []
        self.stopped: list[list[Record]] = []
        self.supervisor = Supervisor(self.system, self.output, policy, self.changed)
        self.system.watch_deaths(self.supervisor.children_died)
        self.system.programs["web"] = Program()

    def changed(self, old: Record, new: Record | None) -> None:
        if new is None:
            assert self.published.pop(old.name) == old
        else:
            self.published[new.name] = new
        if new is None or new.state is not self.state_before(old):
            self.history.append((old.name, new and new.state))

    def state_before(self, old: Record) -> State | None:
        return next((state for name, state in reversed(self.history) if name == old.name), None)

    def configure(self, name: str = "web", *args: str, **others: Any) -> Colony:
        """A good file is there."""
        return self.apply(name, Configured(a_spec(*args, name=name, **others)))

    def refuse(self, name: str = "web", reason: str = "bad") -> Colony:
        return self.apply(name, Refused(reason, f"fingerprint of {reason}"))

    def remove(self, name: str = "web") -> Colony:
        return self.apply(name, Removed())

    def apply(self, name: str, event: Configured | Refused | Removed) -> Colony:
        self.supervisor.apply({name: event})
        return self

    def ask(self, asked: request.Request) -> str | None:
        return self.supervisor.carry_out(asked)

    def advance(self, seconds: float = 0.0) -> Colony:
        self.system.advance(seconds)
        return self

    def end(self, code: int | None = 0, signal: str | None = None, name: str = "web") -> Colony:
        """A process ends by itself, and that is told."""
        self.system.end(self.pid(name), code, signal)
        return self.advance()

    def shut_down(self) -> Colony:
        self.supervisor.shut_down(self.stopped.append)
        return self

    def record(self, name: str = "web") -> Record:
        found = self.supervisor.record(name)
        assert found is not None, f"no process is named {name}"
        return found

    def state(self, name: str = "web") -> State | None:
        found = self.supervisor.record(name)
        return found and found.state

    def states(self, name: str = "web") -> list[State | None]:
        """The states that a process went through."""
        return [state for of, state in self.history if of == name]

    def pid(self, name: str = "web") -> int:
        pid = self.record(name).pid
        assert pid is not None, f"{name} is not running"
        return pid

    def living(self, name: str = "web") -> list[int]:
        """The pids of all that live and belong to a process, whoever started them."""
        return [process.pid for process in self.system.living() if process.name == name]

    def assert_nothing_left(self) -> None:
        """Every timer, process, descriptor and entry is gone."""
        supervisor = self.supervisor
        assert self.system.armed == 0
        assert self.system.processes == {}
        assert self.output.open == set()
        assert supervisor._by_pid == {}
        assert list(supervisor._lingering) == []
        assert not supervisor.starting
