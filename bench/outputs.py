"""Stress: a child's output at full speed, to files and to the monitor's log."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import procs
from colonies import ColonyLife, FloorLife, Stressed, end
from figures import Bar
from flood import line
from life import Failed
from loglines import OWN, Found, found_in, found_in_json, gigabytes
from records import mono_ns
from supervisor import Service
from trial import Trial

NAME = "s0"
ROTATED_BYTES = 50 << 20
FILES = {"to": "files", "max_size": "50M", "keep": 100}
FEW_FILES = {"to": "files", "max_size": "50M", "keep": 2}
#: The floor's pipe is as the kernel makes it, and its block is what that holds.
COPY = "C read/write 64 KB"
ENDLESS = 999_999_999  # lines, which nobody waits for


class Passed(NamedTuple):
    """Output that has passed."""

    mb_s: float
    cpu_s_gb: float  # of the process that passed it on


def _pass(life: Stressed, lines: int, pid: int, log: Path, begin: Callable[[], object]) -> Passed:
    """Have a child write, and wait until its last line is in the log."""
    before = procs.work_of([pid]).cpu_ns
    deadline_ns, last = life.deadline_ns(), line(lines - 1).strip()
    begin()
    began_ns = life.after(0, NAME).began_ns
    life.after(0, NAME, 2)  # until then, looks at the log would be in the way
    while last not in _end_of(log):
        if mono_ns() > deadline_ns:
            raise Failed(f"the last line is not in {log.name}")
        time.sleep(0.0005)
    seconds = (mono_ns() - began_ns) / 1e9
    cpu_s = (procs.work_of([pid]).cpu_ns - before) / 1e9
    return Passed(gigabytes(lines) * 1000 / seconds, cpu_s / gigabytes(lines))


def _end_of(log: Path) -> bytes:
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 400))
            return file.read()
    except FileNotFoundError:
        return b""


class Way(NamedTuple):
    """A way for output to take."""

    key: str
    title: str
    log: dict[str, Any]
    bar: Bar | None = None
    prefix: str = ""  # before each line in the log; # is any digit
    child: tuple[str, ...] = ()  # how the child makes its lines


#: As many a program does, and as fast as can be, where the child does next to nothing.
TO_FILES = (
    Way("files", "printf to files", FILES, Bar(0.95, ">=", ratio=True), child=("printf",)),
    Way("files, ready", "ready lines to files", FILES),
)
TO_MONITOR = (
    Way("prefix", "prefix", {"to": "monitor"}, Bar(250, ">="), "s0: "),
    Way(
        "stamped",
        "prefix, time, stream",
        {"to": "monitor", "time": True, "stream": True},
        Bar(250, ">="),
        "####-##-##T##:##:##.###Z s0 stdout: ",
    ),
    Way("json", "JSON lines", {"to": "monitor", "format": "json"}, Bar(60, ">=")),
)


def _service(life: Stressed, way: Way, lines: int) -> Service:
    return life.program("child", NAME, 1, lines, *way.child)


def copied(trial: Trial, way: Way, lines: int) -> Passed:
    """The same child's output, passed by the C program to a file on the same file system."""
    os.sync()
    with FloorLife(trial.disk, 0) as life:
        log = life.folder / "log"
        copy = life.setting.tools.program("copy")
        with open(log, "wb") as file:
            copier = subprocess.Popen([copy], stdin=subprocess.PIPE, stdout=file)
        assert copier.stdin is not None
        children: list[subprocess.Popen[bytes]] = []
        with copier.stdin as pipe:

            def begin() -> None:
                argv = _service(life, way, lines).argv
                children.append(subprocess.Popen(argv, stdout=pipe))

            passed = _pass(life, lines, copier.pid, log, begin)
        for process in (*children, copier):
            end(process)
    return passed


def _rotated(life: ColonyLife) -> list[Path]:
    folder = life.supervisor.folder / "logs" / NAME
    return [*sorted(folder.glob("*.log")), folder / "current"]


def _once(trial: Trial, way: Way, lines: int) -> tuple[Passed, Found, int]:
    """Our monitor's turn; what passed, what was read back, and the largest file."""
    os.sync()
    with ColonyLife(trial.disk) as life:
        life.launch()
        life.settle()
        to_files = way.log["to"] == "files"
        folder = life.supervisor.folder
        log = folder / "logs" / NAME / "current" if to_files else life.supervisor.output
        service = _service(life, way, lines)
        passed = _pass(life, lines, life.monitor_pid, log, lambda: life.add(service, log=way.log))
        files = _rotated(life) if to_files else [log]
        largest = max(path.stat().st_size for path in files)
        if way.key == "json":
            with open(log, "rb") as texts:
                return passed, found_in_json(texts, lines, NAME, "stdout"), largest
        own = "" if to_files else OWN
        return passed, found_in(life.setting.tools, files, lines, way.prefix, own), largest


def _measured(trial: Trial, way: Way, lines: int) -> int:
    """The floor's and our turns one after another; the largest file of ours, in bytes."""
    floors: list[Passed] = []
    ours: list[tuple[Passed, Found, int]] = []
    for _ in range(trial.amounts.floods):
        floors.append(copied(trial, way, lines))
        ours.append(_once(trial, way, lines))
    least = trial.floor(f"{way.key} speed", [each.mb_s for each in floors], "MB/s")
    mb_s = trial.keep(f"{way.key} speed", [each.mb_s for each, _, _ in ours], "MB/s")
    amount = f"{gigabytes(lines):g} GB"
    trial.figure(f"{way.title}, {amount}", mb_s, "MB/s", floor=(least, COPY), bar=way.bar)
    least = trial.floor(f"{way.key} CPU", [each.cpu_s_gb for each in floors], "s/GB")
    cpu = trial.keep(f"{way.key} CPU", [each.cpu_s_gb for each, _, _ in ours], "s/GB")
    cpu_bar = Bar(1.0) if way in TO_FILES else None
    trial.figure(f"{way.title}, CPU", cpu, "s/GB", floor=(least, COPY), bar=cpu_bar)
    wrong = {
        what: int(sum(getattr(found, what) for _, found, _ in ours))
        for what in ("missing", "twice", "torn", "unordered")
    }
    for what, value in wrong.items():
        trial.keep(f"{way.key} lines {what}", [value], "")
    if any(wrong.values()):
        print(f"  {wrong}", flush=True)
    trial.count(f"{way.title}, lines missing, twice, torn", sum(wrong.values()))
    return max(largest for _, _, largest in ours)


def files(trial: Trial) -> None:
    """Output at full speed to files that are rotated by size."""
    largest = max(_measured(trial, way, trial.amounts.lines) for way in TO_FILES)
    trial.figure("largest file", largest / (1 << 20), "MiB", bar=Bar(ROTATED_BYTES / (1 << 20)))


def monitor(trial: Trial) -> None:
    """Output at full speed to the monitor's own, in its three forms."""
    for way in TO_MONITOR:
        lines = trial.amounts.json_lines if way.key == "json" else trial.amounts.lines
        _measured(trial, way, lines)


def _beside(trial: Trial, life: Stressed, begin: Callable[[], object]) -> list[float]:
    """Restarts of the others while a child writes as fast as it can."""
    first = len(life.records)
    begin()
    life.after(first, "flood")
    time.sleep(0.5)
    return [*life.restarts(trial.amounts.kills, trial.amounts.kills_s).values()]


def _flood_of_the_floor(trial: Trial) -> None:
    with FloorLife(trial.setting, trial.amounts.others) as life:
        life.launch()
        life.settle()
        quiet = [*life.restarts(trial.amounts.kills, trial.amounts.kills_s).values()]
        argv = life.program("child", "flood", 1, ENDLESS).argv
        drain = subprocess.Popen([life.setting.tools.program("copy"), "drain"], stdin=-1)
        copy = subprocess.Popen([life.setting.tools.program("copy")], stdin=-1, stdout=drain.stdin)
        floods: list[subprocess.Popen[bytes]] = []
        begin = lambda: floods.append(subprocess.Popen(argv, stdout=copy.stdin))  # noqa: E731
        during = _beside(trial, life, begin)
        for process in (*floods, copy, drain):
            if process.stdin:
                process.stdin.close()
            end(process)
    least = trial.floor("restart, quiet", quiet, "ms")
    value = trial.floor("restart", during, "ms")
    trial.figure("restart during a flood, C", value, "ms", floor=(least, "quiet"))


def flood(trial: Trial) -> None:
    """One child floods its output, others are killed one by one."""
    amounts = trial.amounts
    _flood_of_the_floor(trial)
    quiet: list[float] = []
    during: dict[str, list[float]] = {"files": [], "monitor": []}
    setting = trial.setting._replace(folder=trial.disk.folder)
    with ColonyLife(setting, amounts.others, drained=True) as life:
        life.launch()
        life.settle()
        for _ in range(amounts.rounds):
            for to, log in (("files", FEW_FILES), ("monitor", {"to": "monitor"})):
                quiet += life.restarts(amounts.kills, amounts.kills_s).values()
                service = life.program("child", "flood", 1, ENDLESS)
                start = lambda s=service, log=log: life.add(s, log=log)  # noqa: E731
                during[to] += _beside(trial, life, start)
                life.supervisor.remove("flood")
                life.settle()
    least = trial.keep("restart, quiet", quiet, "ms", size=amounts.others)
    for to, found in during.items():
        value = trial.keep(f"restart, flood to {to}", found, "ms", size=amounts.others)
        what = f"restart of {amounts.others} others, flood to {to}"
        trial.figure(what, value, "ms", floor=(least, "quiet"), bar=Bar(3, ratio=True))
        trial.figure(f"the longest, flood to {to}", max(found), "ms", floor=(max(quiet), "quiet"))
