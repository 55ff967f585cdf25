"""Stress: a monitor that is killed at any moment, and started again."""

import contextlib
import json
import os
import signal
import time

import procs
from colonies import ColonyLife
from life import Failed
from records import mono_ns
from trial import Trial

#: Whatever is killed starts again at once.
OPTIONS = ("--threshold=0",)
SERVICES = 20
#: Every so often, a process leaves a daemon behind that shares its lock.
DAEMONS = 4
EARLY = 3  # every third crash comes while the monitor begins
LOAD_S = 0.6
EVERY_S = 0.004


class Crashes:
    """A colony whose files change while it runs; the files say what is to run."""

    def __init__(self, life: ColonyLife) -> None:
        self.life = life
        self.random = life.setting.random
        self.versions: dict[str, int] = {}
        self.begun_ms: list[float] = []
        self.torn = 0
        self.count = 0
        for number in range(SERVICES):
            self._write(f"s{number}", 1)

    def _write(self, name: str, version: int) -> None:
        self.versions[name] = version
        mode = ["daemon"] if int(name[1:]) % DAEMONS == 0 else []
        lock = self.life.folder / f"{name}.lock"
        self.life.add(self.life.program("held", name, version, lock, *mode))

    def running(self) -> list[tuple[str, int]]:
        """What the monitor that lives now runs: name and version of each process.

        Neither what an earlier one left, nor daemons, who have closed everything.
        """
        held, found = self.life.setting.tools.program("held"), []
        for pid in procs.children_of(self.life.monitor_pid):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    command = file.read().decode().split("\0")
            except OSError:
                continue
            if command[0] == held and os.path.exists(f"/proc/{pid}/fd/1"):
                found.append((command[2], int(command[3])))
        return sorted(found)

    def runs_as_configured(self) -> bool:
        """Wait until exactly what the files say runs; whether it came to that."""
        deadline_ns = self.life.deadline_ns()
        while mono_ns() < deadline_ns and self._monitor_lives():
            if self.running() == sorted(self.versions.items()):
                return True
            time.sleep(0.01)
        return False

    def _monitor_lives(self) -> bool:
        return self.life.process is not None and self.life.process.poll() is None

    def trouble(self, seconds: float) -> None:
        """Kill, change, remove, add and restart processes for a while."""
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            name = f"s{self.random.randrange(SERVICES)}"
            match self.random.randrange(4):
                case 0:
                    self._kill(name)
                case 1:
                    self._write(name, self.versions.get(name, 1) + 1)
                case 2 if len(self.versions) > SERVICES // 2 and name in self.versions:
                    del self.versions[name]
                    self.life.supervisor.remove(name)
                case _:
                    self.life.supervisor.ask("RESTART", name)
            time.sleep(self.random.uniform(0, 2 * EVERY_S))

    def _kill(self, name: str) -> None:
        pids = self.life.pids()
        if pids.get(name) in procs.below_us():
            with contextlib.suppress(ProcessLookupError):  # it has just been restarted
                os.kill(pids[name], signal.SIGKILL)

    def crash(self) -> None:
        """Kill the monitor, and look at what it wrote."""
        process = self.life.process
        if process is None or not self._monitor_lives():
            raise Failed("the monitor had ended of its own accord")
        process.kill()
        process.wait()
        self.count += 1
        for path in (self.life.supervisor.folder / "status").iterdir():
            in_progress = path.suffix == ".new"
            if path.name == ".monitor" or not (path.name.startswith(".") or in_progress):
                self.torn += not _whole(path.read_bytes())

    def begin(self) -> None:
        """Start the monitor, and don't wait for it."""
        self.life.process = self.life.supervisor.launch()


def _whole(text: bytes) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def kills(trial: Trial) -> None:
    """KILL to the monitor at random instants: overlaps of runs, and what runs after each."""
    wrong, draw = 0, trial.setting.random
    with ColonyLife(trial.setting, options=OPTIONS) as life:
        crashes = Crashes(life)
        crashes.begin()
        if not crashes.runs_as_configured():
            raise Failed("the configured set doesn't run at the first start")
        for number in range(trial.amounts.crashes):
            early = number % EARLY == EARLY - 1
            crashes.trouble(draw.uniform(0, LOAD_S))
            crashes.crash()
            if early:  # once more, at an instant of its start
                crashes.begin()
                crashes.trouble(draw.uniform(0, LOAD_S))
                crashes.crash()
            began_ns = mono_ns()
            crashes.begin()
            wrong += not crashes.runs_as_configured()
            crashes.begun_ms.append((mono_ns() - began_ns) / 1e6)
        overlaps, starts = life.overlaps(), len(life.records)
    trial.keep("starts of processes", [starts], "")
    trial.count(f"overlaps, killed {crashes.count} times, {starts:,} starts", overlaps)
    trial.count("configured set doesn't run", wrong)
    trial.count("status files half written", crashes.torn)
    median = trial.keep("from its start to the configured set", crashes.begun_ms, "ms")
    trial.figure("from its start to the configured set", median, "ms")
    trial.figure("the longest", max(crashes.begun_ms), "ms")
