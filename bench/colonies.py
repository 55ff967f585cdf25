"""Colonies as the stress cases want them: fields, options, another user, process 1."""

import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count as numbers
from pathlib import Path
from typing import Any

import procs
from life import Failed, Life, Setting
from ours import Floor, Run
from records import Record, TooLate
from supervisor import Service, Supervisor, Tools, write_aside

NOBODY = 65534
#: Process 1 of a PID namespace, with a /proc of its own.
CONTAINED = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
#: For a Python in root's home: nobody may read it there, and has no other right of root's.
READING = tuple(
    f"--{which}=-all,+dac_read_search" for which in ("inh-caps", "ambient-caps", "bounding-set")
)

Fields = Mapping[str, Any]


def as_nobody(python: str) -> tuple[str, ...]:
    """The beginning of a command line for a user without rights, who can start that Python."""
    tried = subprocess.run([*AS_NOBODY, python, "-c", ""], capture_output=True, check=False)
    return AS_NOBODY if tried.returncode == 0 else (*AS_NOBODY, *READING)


class Colony(Run):
    """`ncolony run --colony DIR OPTION...`, begun by another command where prefix says so.

    fields are in each process's file. With drained, standard output is a pipe to nowhere.
    """

    def __init__(
        self,
        folder: Path,
        tools: Tools,
        *,
        options: Sequence[str] = (),
        prefix: Sequence[str] = (),
        fields: Fields | None = None,
        drained: bool = False,
    ) -> None:
        super().__init__(folder, tools)
        self.options = options
        self.prefix = prefix
        self.fields = fields or {}
        self.drained = drained
        self._requests = numbers()

    def write(self, service: Service) -> None:
        self.configure(service)

    def configure(self, service: Service, **fields: Any) -> None:
        """Write a process's file with more in it."""
        document = {"args": service.argv, **self.fields, **fields}
        write_aside(self.folder / "config" / service.name, json.dumps(document))

    def remove(self, name: str) -> None:
        """Remove a process's file."""
        (self.folder / "config" / name).unlink()

    def ask(self, kind: str, name: str) -> None:
        """Write a request."""
        text = json.dumps({"type": kind, "name": name})
        write_aside(self.folder / "messages" / f"{next(self._requests):06}", text)

    def command(self) -> list[str]:
        return [*self.prefix, *super().command(), *self.options]

    def launch(self) -> "subprocess.Popen[bytes]":
        if not self.drained:
            return super().launch()
        drain = [self.tools.program("copy"), "drain"]
        with open(self.output, "wb") as output:
            nowhere = subprocess.Popen(drain, stdin=subprocess.PIPE, stderr=output)
            assert nowhere.stdin is not None
            with nowhere.stdin as pipe:
                return subprocess.Popen(
                    self.command(),
                    stdin=subprocess.DEVNULL,
                    stdout=pipe,
                    stderr=output,
                    cwd=self.folder,
                    env=self.environment(),
                )


class ContainedFloor(Floor):
    """The C program as process 1."""

    def command(self) -> list[str]:
        return [*CONTAINED, *super().command()]


class Stressed(Life):
    """A life of a monitor, or of the C program, for the stress cases."""

    @property
    def monitor_pid(self) -> int:
        """The monitor's pid as we see it."""
        if self.process is None:
            raise Failed("it was not started")
        contained = self.supervisor.command()[: len(CONTAINED)] == list(CONTAINED)
        children = procs.children_of(self.process.pid) if contained else [self.process.pid]
        if not children:
            raise Failed("it has ended")
        return children[0]

    def pids(self) -> dict[str, int]:
        """The pids of the services of the benchmark's own names, as we see them."""
        inner = {name: pid for name, pid in super().pids().items() if name[1:].isdigit()}
        if self.supervisor.command()[0] != CONTAINED[0]:
            return inner
        outer = procs.outer_pids(procs.below_us())
        return {name: outer[pid] for name, pid in inner.items() if pid in outer}

    def program(self, program: str, name: str, version: int, *argv: object) -> Service:
        """A service of another of the C programs."""
        command = [self.setting.tools.program(program), self.records.path, name, version, *argv]
        return Service(name, tuple(map(str, command)))

    def after(self, first: int, name: str, version: int = 1) -> Record:
        """The first record of a start beyond the first ones; raises Failed when it's too late."""
        try:
            return self.records.wait_for(name, version, first, self.deadline_ns())
        except TooLate as late:
            raise Failed(str(late)) from late

    def gone(self, pids: Sequence[int]) -> int:
        """When the last of them had ended, in nanoseconds; raises Failed when it's too late."""
        try:
            return procs.wait_gone(pids, self.deadline_ns())
        except TooLate as late:
            raise Failed(str(late)) from late

    def overlaps(self, first: int = 0) -> int:
        """How many starts found a lock still held by what was before them."""
        return sum(record.name.endswith(".overlap") for record in self.records.read(first))


class ColonyLife(Stressed):
    """A life of our monitor, with count services of the benchmark's child."""

    supervisor: Colony

    def __init__(self, setting: Setting, count: int = 0, **colony: Any) -> None:
        super().__init__(partial(Colony, **colony), count, setting)
        if colony.get("prefix", ())[: len(AS_NOBODY)] == AS_NOBODY:
            self._hand_over()

    def _hand_over(self) -> None:
        self.folder.chmod(0o755)
        for path in [self.folder, *self.folder.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)

    def add(self, service: Service, **fields: Any) -> None:
        """Add a service to the running monitor, or change it."""
        self.supervisor.configure(service, **fields)


class FloorLife(Stressed):
    """A life of the C program."""

    def __init__(
        self, setting: Setting, count: int, kind: Callable[[Path, Tools], Supervisor] = Floor
    ) -> None:
        super().__init__(kind, count, setting)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process of ours."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.wait()
