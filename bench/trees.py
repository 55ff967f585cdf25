"""Stress: what processes leave behind, and what won't end."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

import procs
from colonies import CONTAINED, ColonyLife, ContainedFloor, FloorLife, Stressed, as_nobody, end
from figures import Bar
from records import mono_ns
from supervisor import Service
from trial import Trial

ORPHANS = "orphans"
#: A life that ends early is followed by another one at once.
NO_PAUSE = ("--threshold=0",)


def _quiet_and_not(
    trial: Trial, life: Stressed, begin: Callable[[Service], object], over: Callable[[], object]
) -> tuple[list[float], list[float], int]:
    """Restarts in ms with and without orphans, in turn; zombies a second after the last orphan."""
    amounts, zombies = trial.amounts, 0
    quiet: list[float] = []
    stressed: list[float] = []
    for _ in range(amounts.rounds):
        quiet += life.restarts(amounts.kills, amounts.kills_s).values()
        life.settle()
        first, within_ms = len(life.records), int(amounts.kills_s * 1000)
        begin(life.program(ORPHANS, ORPHANS, 1, amounts.orphans, within_ms))
        life.after(first, ORPHANS)
        stressed += life.restarts(amounts.kills, amounts.kills_s * 0.95).values()
        ended_ns = life.after(first, ORPHANS, 2).began_ns
        time.sleep(max(0.0, 1 - (mono_ns() - ended_ns) / 1e9))
        zombies += procs.zombies_of(life.monitor_pid)
        over()
        life.settle()
    return quiet, stressed, zombies


def orphans(trial: Trial) -> None:
    """As process 1: restarts of others while a process double-forks orphans."""
    if os.geteuid() != 0:
        print("  left out: only root can make a PID namespace", flush=True)
        return
    size = trial.amounts.services
    what = f"restart, {trial.amounts.orphans:,} orphans in {trial.amounts.kills_s:g} s"
    with FloorLife(trial.setting, size, ContainedFloor) as life:
        life.launch()
        life.settle()
        inside = ["nsenter", "--pid", "--mount", "--target", str(life.monitor_pid)]
        forkers: list[subprocess.Popen[bytes]] = []

        def begin(service: Service) -> None:
            forkers.append(subprocess.Popen([*inside, *service.argv]))

        least, with_least, _ = _quiet_and_not(trial, life, begin, lambda: end(forkers.pop()))
    with ColonyLife(trial.setting, size, prefix=CONTAINED) as colony:
        colony.launch()
        colony.settle()
        over = lambda: colony.supervisor.remove(ORPHANS)  # noqa: E731
        quiet, stressed, zombies = _quiet_and_not(trial, colony, colony.add, over)
    without = trial.keep("restart without", quiet, "ms", size=size)
    median = trial.keep("restart with", stressed, "ms", size=size)
    bar = Bar(1.2, ratio=True)
    trial.figure(what, median, "ms", floor=(without, "without"), bar=bar)
    trial.figure("the longest", max(stressed), "ms", floor=(max(quiet), "without"))
    floor_without = trial.floor("restart without", least, "ms")
    floor_with = trial.floor("restart with", with_least, "ms")
    trial.figure(f"{what}, C", floor_with, "ms", floor=(floor_without, "without"))
    trial.count("zombies 1 s after the last", zombies)


class Tries:
    """Ends and starts of a process, and what was left of one run when the next began."""

    def __init__(self, life: ColonyLife, name: str, *, daemon: bool) -> None:
        self.life = life
        self.name = name
        self.daemon = daemon
        self.tries = 0
        self.late = 0  # next runs that began before the last had gone
        self.stop_ms: list[float] = []
        self.restart_ms: list[float] = []
        self.kill_ms: list[float] = []
        self.pids: list[int] = []

    def start(self) -> None:
        """Configure the process."""
        first, mode = len(self.life.records), ["daemon"] if self.daemon else []
        lock = self.life.folder / f"{self.name}.lock"
        self.life.add(self.life.program("held", self.name, 1, lock, *mode))
        self._began(first)

    def _began(self, first: int) -> int:
        """Wait for a run's start; when that was, in ns."""
        began = self.life.after(first, self.name)
        self.pids = [began.pid]
        if self.daemon:
            self.pids.append(self.life.after(first, f"{self.name}.daemon").pid)
        return began.began_ns

    def _next(self, act: Callable[[], object]) -> float:
        """Bring about the next run: ms until it began."""
        first, before, at_ns = len(self.life.records), self.pids, mono_ns()
        act()
        began_ns = self._began(first)
        alive = set(before) & set(procs.below_us())
        self.late += bool(alive or self.life.overlaps(first))
        self.tries += 1
        return (began_ns - at_ns) / 1e6

    def go(self) -> None:
        """One more: a restart, a stop and a start, or a death, in turn."""
        ask = self.life.supervisor.ask
        match self.tries % 3:
            case 0:
                self.restart_ms.append(self._next(lambda: ask("RESTART", self.name)))
            case 1:
                at_ns = mono_ns()
                ask("STOP", self.name)
                self.stop_ms.append((self.life.gone(self.pids) - at_ns) / 1e6)
                self._next(lambda: ask("START", self.name))
            case _:
                main = self.pids[0]
                self.kill_ms.append(self._next(lambda: os.kill(main, signal.SIGKILL)))


def _as(trial: Trial, who: str, prefix: Sequence[str]) -> None:
    with ColonyLife(trial.setting, options=NO_PAUSE, prefix=prefix) as life:
        life.launch()
        both = [Tries(life, name, daemon=name == "daemon") for name in ("daemon", "plain")]
        for each in both:
            each.start()
        for _ in range(trial.amounts.tries):
            for each in both:
                each.go()
    daemon = both[0]
    gone = daemon.tries - daemon.late
    trial.count(f"gone before the next start, {who}", gone, must_be=daemon.tries)
    for what in ("stop", "restart", "kill"):
        values = [getattr(each, f"{what}_ms") for each in both]
        least = trial.keep(f"{what} plain, {who}", values[1], "ms")
        median = trial.keep(f"{what} daemon, {who}", values[0], "ms")
        floor = (least, "without a daemon")
        trial.figure(f"{what} with a daemon, {who}", median, "ms", floor=floor)


def grandchildren(trial: Trial) -> None:
    """Daemons that processes leave behind: gone before the next run begins."""
    if os.geteuid() != 0:
        _as(trial, "not root", ())
        return
    _as(trial, "root", ())
    _as(trial, "nobody", as_nobody(trial.setting.tools.python))


def deaf(trial: Trial) -> None:
    """The monitor's end when its processes ignore TERM."""
    late_ms: list[float] = []
    left = 0
    for _ in range(trial.amounts.repeats):
        with ColonyLife(trial.setting, options=("--killtime=1",)) as life:
            for number in range(trial.amounts.deaf):
                name = f"s{number}"
                life.add(life.program("held", name, 1, life.folder / name, "deaf"))
            life.count = trial.amounts.deaf
            life.launch()
            life.settle()
            pid, began_ns = life.monitor_pid, mono_ns()
            os.kill(pid, signal.SIGTERM)
            late_ms.append((life.gone([pid]) - began_ns) / 1e6 - 1000)
            left += len(procs.below_us())
    trial.keep("end after killtime", late_ms, "ms", size=trial.amounts.deaf)
    what = f"end after killtime, {trial.amounts.deaf} ignore TERM"
    trial.figure(what, max(late_ms), "ms", bar=Bar(500))
    trial.count("processes left", left)
