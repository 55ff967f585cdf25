"""One life of one supervisor, and what is measured in it."""

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import procs
from records import Records, TooLate, mono_ns
from supervisor import Service, Supervisor, Tools

NAME = "s{}"


class Setting(NamedTuple):
    """What all lives of a run have in common."""

    tools: Tools
    folder: Path
    limit_s: float  # from when on a case is given up
    settle_s: float  # longer than what any system calls dying at once
    random: random.Random


class Failed(Exception):
    """A measurement that came to nothing; its text is the reason."""


class Life:
    """A supervisor with count services, from its configuration to its end."""

    def __init__(
        self,
        kind: Callable[[Path, Tools], Supervisor],
        count: int,
        setting: Setting,
        lines: int | None = None,
    ) -> None:
        self.setting = setting
        self.count = count
        self.folder = Path(tempfile.mkdtemp(dir=setting.folder))
        self.records = Records(self.folder / "records")
        self.supervisor = kind(self.folder / "s", setting.tools)
        self.supervisor.prepare()
        for number in range(count):
            self.supervisor.write(self.service(NAME.format(number), 1, lines))
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        procs.end_all()
        if self.process:
            self.process.wait()
        shutil.rmtree(self.folder)

    def service(self, name: str, version: int, lines: int | None = None) -> Service:
        """A service of the benchmark's child program."""
        argv = [str(self.setting.tools.child), str(self.records.path), name, str(version)]
        return Service(name, (*argv, *([] if lines is None else [str(lines)])))

    def deadline_ns(self) -> int:
        """When a case that begins now is given up."""
        return mono_ns() + int(self.setting.limit_s * 1e9)

    def settle(self) -> None:
        """Let everything live longer than a death at once."""
        time.sleep(self.setting.settle_s)
        if self.process and (reason := self._end_of(self.process)):
            raise Failed(reason)

    def tree(self) -> procs.Tree:
        """The supervisor's own processes and the supervised ones."""
        return procs.tree(str(self.setting.tools.child))

    def _end_of(self, process: "subprocess.Popen[bytes]") -> str | None:
        code = process.poll()
        if code is None:
            return None
        said = self.supervisor.output.read_bytes()[-2000:].decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(said) if line.strip()), "no output")
        return f"it ended, exit code {code}: {last[:200]}"

    def launch(self) -> float:
        """Start the supervisor: ms until its last process ran."""
        began_ns = mono_ns()
        process = self.process = self.supervisor.launch()
        try:
            self.records.wait_for_count(
                self.count, self.deadline_ns(), lambda: self._end_of(process)
            )
        except TooLate as late:
            raise Failed(str(late)) from late
        return (max((r.began_ns for r in self.records.read()), default=began_ns) - began_ns) / 1e6

    def pids(self) -> dict[str, int]:
        """The pid of the last run of each service."""
        return {record.name: record.pid for record in self.records.read()}

    def restarts(self, kills: int, seconds: float) -> dict[str, float]:
        """Kill processes at times that don't depend on the answers: ms to each replacement."""
        pids = self.pids()
        draw = self.setting.random
        names = draw.sample(sorted(pids), min(kills, len(pids)))
        times = sorted(draw.uniform(0, seconds) for _ in names)
        first, begin = len(self.records), time.monotonic()
        killed_ns = {}
        for at, name in zip(times, names, strict=True):
            time.sleep(max(0.0, begin + at - time.monotonic()))
            killed_ns[name] = mono_ns()
            os.kill(pids[name], signal.SIGKILL)
        deadline_ns = self.deadline_ns()
        try:
            return {
                name: (self.records.wait_for(name, 1, first, deadline_ns).began_ns - at_ns) / 1e6
                for name, at_ns in killed_ns.items()
            }
        except TooLate as late:
            raise Failed(str(late)) from late

    def mass_death(self) -> float:
        """Kill all processes: ms until the last replacement ran."""
        pids = self.tree().supervised
        first = len(self.records)
        began_ns = mono_ns()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        try:
            self.records.wait_for_count(first + len(pids), self.deadline_ns())
        except TooLate as late:
            raise Failed(str(late)) from late
        return (max(record.began_ns for record in self.records.read(first)) - began_ns) / 1e6

    def stop(self) -> float:
        """Ask the supervisor to end: ms until it and all others below it are gone."""
        tree = self.tree()
        if self.process is None:
            raise Failed("it was not started")
        began_ns = mono_ns()
        self.process.send_signal(self.supervisor.stop_signal)
        try:
            ended_ns = procs.wait_gone([*tree.own, *tree.supervised], self.deadline_ns())
        except TooLate as late:
            raise Failed(str(late)) from late
        return (ended_ns - began_ns) / 1e6

    def memory(self) -> procs.Memory:
        """What the supervisor's own processes take together."""
        return procs.memory_of(self.tree().own)

    def idle(self, seconds: float) -> tuple[float, float]:
        """Wake-ups and ms of processor time that a minute of rest costs."""
        own = self.tree().own
        before, began_ns = procs.work_of(own), mono_ns()
        time.sleep(seconds)
        after, minutes = procs.work_of(own), (mono_ns() - began_ns) / 60e9
        cpu_ms = (after.cpu_ns - before.cpu_ns) / 1e6
        return (after.wakeups - before.wakeups) / minutes, cpu_ms / minutes

    def reconfigured(self, act: Callable[[Service], None], name: str, version: int) -> float:
        """Add or change a service: ms until it runs so."""
        time.sleep(self.setting.random.uniform(0, 0.5))  # whatever looks at times, at any phase
        first, service = len(self.records), self.service(name, version)
        began_ns = mono_ns()
        try:
            act(service)
            record = self.records.wait_for(name, version, first, self.deadline_ns())
        except (TooLate, subprocess.TimeoutExpired, OSError) as fault:
            raise Failed(str(fault)) from fault
        return (record.began_ns - began_ns) / 1e6
