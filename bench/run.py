#!/usr/bin/env python3
"""Measure process supervisors side by side: this one, its peers, and the least that C needs.

All supervise the same static C program and are measured by what that program notes itself: the
time at which it began. A C program that does nothing but posix_spawn and wait is measured before
and after each system, so that figures can be read as multiples of what the machine allows.
"""

import argparse
import datetime
import fcntl
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

import procs
from cases import Plan, Turn, floor
from life import Setting
from ours import Ancestor, Floor, Run, Twist
from peers import S6, Circus, Runit, Supervisord, install_peers
from results import FLOOR, Results
from supervisor import Supervisor, Tools
from table import Row, Table

HERE = Path(__file__).resolve().parent
SYSTEMS: dict[str, type[Supervisor]] = {
    kind.key: kind for kind in (Run, Twist, S6, Runit, Supervisord, Circus, Ancestor)
}
Kinds = Sequence[tuple[type[Supervisor], str]]
EXAMPLES = """examples:
  bench/run.py --quick                       everything once, with 200 processes
  bench/run.py --systems run,s6              two systems only
  bench/run.py --latency-n 40,1000           restarts and changes at two sizes
  bench/run.py --install-peers               supervisord, circus, the ancestor, by pip
"""


def sizes(text: str) -> tuple[int, ...]:
    """Numbers with commas between them."""
    return tuple(int(part) for part in text.split(",") if part)


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bench/run.py",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--systems", metavar="A,B", default=",".join(SYSTEMS), help="default: %(default)s")
    add("--list", action="store_true", help="say which of them are installed, and end")
    add_amounts(parser.add_argument_group("how much", "in brackets: without --quick").add_argument)
    add_places(parser.add_argument_group("where").add_argument)
    return parser


def add_amounts(add: Callable[..., object]) -> None:
    """The options that say how much is measured."""
    add("--quick", action="store_true", help="200 processes, each case once: under 90 s")
    add("--n", type=int, metavar="N", help="processes for start, mass death, stop, memory (1000)")
    add("--latency-n", type=sizes, metavar="N,N", help="processes for restarts, changes (40)")
    add("--repeats", type=int, metavar="N", help="starts, mass deaths and stops (3)")
    add("--budget", type=float, default=20, metavar="S", help="no further repeat after (20 s)")
    add("--kills", type=int, metavar="N", help="processes killed one by one (30)")
    add("--idle", type=float, metavar="S", help="rest watched (6 s)")
    slow = "a case that takes longer is recorded as failed (120 s)"
    add("--limit", type=float, default=120, metavar="S", help=slow)
    add("--seed", type=int, default=1, metavar="N", help="of random times and victims (1)")


def add_places(add: Callable[..., object]) -> None:
    """The options that say where things are."""
    result = HERE / "results" / f"{time.strftime('%Y-%m-%d')}.json"
    add("--json", type=Path, default=result, metavar="FILE", help="bench/results/DATE.json")
    ours = "the Python that has ncolony (the one that runs this)"
    add("--python", default=sys.executable, metavar="PROGRAM", help=ours)
    peers = Path(os.environ.get("NCOLONY_BENCH_PEERS", HERE / "peers"))
    theirs = "peers' virtual environments ($NCOLONY_BENCH_PEERS, bench/peers)"
    add("--peers", type=Path, default=peers, metavar="DIR", help=theirs)
    add("--install-peers", action="store_true", help="make them there, and end")


def plan_of(given: argparse.Namespace) -> Plan:
    """How much to measure: what was asked for, the rest by --quick or not."""
    few: bool = given.quick
    return Plan(
        size=given.n or (200 if few else 1000),
        latency_sizes=given.latency_n or (40,),
        repeats=given.repeats or (1 if few else 3),
        budget_s=given.budget,
        kills=given.kills or (10 if few else 30),
        kills_s=1.0 if few else 8.0,
        changes=1 if few else 3,
        idle_s=given.idle or (1.0 if few else 6.0),
        lines=300_000 if few else 3_000_000,
    )


def fast_folder() -> str | None:
    """A file system in memory that programs can be started from, or None: the default one."""
    shm = "/dev/shm"
    if not os.path.isdir(shm) or not os.access(shm, os.W_OK | os.X_OK):
        return None
    return None if os.statvfs(shm).f_flag & os.ST_NOEXEC else shm


def built(name: str, folder: Path) -> Path:
    """Compile one of the C programs."""
    compiler = os.environ.get("CC", "cc")
    if not shutil.which(compiler):
        raise SystemExit(f"cannot compile bench/{name}.c: no program {compiler}; set CC")
    source, program = HERE / f"{name}.c", folder / name
    argv = [compiler, "-O2", "-o", str(program), str(source)]
    if subprocess.run([*argv, "-static"], stderr=subprocess.DEVNULL, check=False).returncode:
        print(f"{name}: no static C library here, so its own start takes longer", flush=True)
        subprocess.run(argv, check=True)
    return program


def installed(keys: Sequence[str], tools: Tools) -> list[tuple[type[Supervisor], str]]:
    """The systems that are there, with their versions; how to get the others is printed."""
    here = []
    for key in keys:
        kind = SYSTEMS[key]
        if version := kind.version(tools):
            here.append((kind, version))
        else:
            print(f"{key}: not found, skipped; to install it: {kind.install}", flush=True)
    return here


def measure(kinds: Kinds, setting: Setting, plan: Plan, results: Results) -> None:
    """One system after another, the floor before and after each."""
    floor(0, setting, plan, results)
    for number, (kind, version) in enumerate(kinds):
        print(f"{kind.title} {version}", flush=True)
        Turn(kind, number, setting, plan, results).run()
        floor(number + 1, setting, plan, results)


def rows_of(kinds: Kinds, plan: Plan) -> list[Row]:
    """The systems as lines of a table, the floor first."""
    every: list[tuple[type[Supervisor], str]] = [(Floor, "bench/floor.c"), *kinds]
    return [
        Row(
            kind.key,
            kind.title,
            min(plan.size, kind.most),
            f"{version}; {kind.note}" if kind.note else version,
        )
        for kind, version in every
    ]


def warn_unless_alone(lock: TextIO) -> None:
    """Take the lock; two runs at once spoil each other's figures."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print("another run is going on here: all figures will be too high", flush=True)


def end(number: int, _frame: object) -> None:
    """End in order on a signal: whatever was started is ended, the folder removed."""
    raise SystemExit(128 + number)


def measured(kinds: Kinds, tools: Tools, given: argparse.Namespace, plan: Plan) -> Results:
    """Everything asked for, measured, below this process and in the folder of the programs."""
    procs.adopt_orphans()
    procs.allow_descriptors(4 * plan.size + 1000)
    settle_s = 1.1 if given.quick else 1.6
    folder = tools.child.parent
    setting = Setting(tools, folder, given.limit, settle_s, random.Random(given.seed))
    results = Results()
    with open(__file__) as lock:
        warn_unless_alone(lock)
        measure(kinds, setting, plan, results)
    return results


def report(results: Results, kinds: Kinds, plan: Plan, path: Path, seconds: float) -> None:
    """Write all values as JSON and print the tables."""
    machine = f"{os.cpu_count()} processors, {platform.platform()}"
    about = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "python": platform.python_version(),
        "systems": {kind.key: version for kind, version in kinds},
        "floor": FLOOR,
        "plan": plan._asdict(),
        "seconds": round(seconds, 1),
    }
    results.write(path, about)
    print()
    print("\n".join(Table(results, rows_of(kinds, plan), plan.latency_sizes).lines()))
    print(f"\n{machine}; {seconds:.0f} s; all values: {path}")


def main() -> int:
    """Measure what the command line asks for."""
    parser = options()
    given = parser.parse_args()
    if given.install_peers:
        install_peers(given.peers.absolute())
        return 0
    keys = [key for key in given.systems.split(",") if key]
    if unknown := sorted(set(keys) - set(SYSTEMS)):
        parser.error(f"unknown systems: {', '.join(unknown)}; known: {', '.join(SYSTEMS)}")
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    plan, began = plan_of(given), time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=fast_folder()))
    try:
        programs = [built(name, folder) for name in ("floor", "child")]
        python = os.path.abspath(shutil.which(given.python) or given.python)
        tools = Tools(python, given.peers.absolute(), *programs)
        kinds = installed(keys, tools)
        if given.list:
            print("\n".join(f"{kind.key}: {version}" for kind, version in kinds))
            return 0
        results = measured(kinds, tools, given, plan)
    finally:
        procs.end_all()
        shutil.rmtree(folder)
    report(results, kinds, plan, given.json, time.monotonic() - began)
    return 1 if results.faults() else 0


if __name__ == "__main__":
    sys.exit(main())
