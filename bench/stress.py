#!/usr/bin/env python3
"""Measure what this monitor does under stress: what processes leave behind, output at full
speed, crashes of the monitor itself. Each figure stands beside a floor measured in the same run.
"""

import argparse
import datetime
import os
import platform
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import contexts
import killed
import outputs
import procs
import trees
from figures import Figure, table
from life import Failed, Setting
from results import FLOOR, Results, Sample
from run import HERE, built, end, fast_folder, warn_unless_alone
from supervisor import Tools, asked
from trial import FULL, OURS, QUICK, Amounts, Trial

CASES: dict[str, Callable[[Trial], None]] = {
    "orphans": trees.orphans,
    "grandchildren": trees.grandchildren,
    "files": outputs.files,
    "monitor": outputs.monitor,
    "flood": outputs.flood,
    "kills": killed.kills,
    "deaf": trees.deaf,
    "context": contexts.context,
}
Measured = tuple[Results, list[Figure]]
PROGRAMS = ("floor", "child", "held", "orphans", "copy", "check")
EXAMPLES = """examples:
  bench/stress.py --quick                    each case once, small: about a minute
  bench/stress.py --case files --case flood  two cases only
  bench/stress.py --folder /srv              output to files on another file system
"""


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bench/stress.py",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    cases = ", ".join(CASES)
    add("--case", action="append", choices=CASES, metavar="NAME", help=f"one of {cases} (all)")
    add("--quick", action="store_true", help="small amounts, each once")
    amounts = "an amount other than the usual, such as lines=3000000"
    add("--amount", action="append", default=[], type=amount, metavar="NAME=N", help=amounts)
    output = "where output is written, on a disk as servers have it (the temporary directory)"
    add("--folder", type=Path, default=Path(tempfile.gettempdir()), metavar="DIR", help=output)
    ours = "the Python that has ncolony (the one that runs this)"
    add("--python", default=sys.executable, metavar="PROGRAM", help=ours)
    slow = "what takes longer is recorded as failed (120 s)"
    add("--limit", type=float, default=120, metavar="S", help=slow)
    add("--seed", type=int, default=1, metavar="N", help="of random times and victims (1)")
    result = HERE / "results" / f"stress-{time.strftime('%Y-%m-%d')}.json"
    add("--json", type=Path, default=result, metavar="FILE", help="bench/results/stress-DATE.json")
    return parser


def amount(text: str) -> tuple[str, float]:
    """One of the amounts, and how much of it."""
    name, _, value = text.partition("=")
    if name not in Amounts._fields:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(Amounts._fields)}")
    return name, float(value) if name.endswith("_s") else int(value)


def measure(cases: list[str], amounts: Amounts, settings: tuple[Setting, Setting]) -> Measured:
    """One case after another; one that fails is recorded, and the next begins."""
    results = Results()
    figures: list[Figure] = []
    for case in cases:
        print(f"{case}: {CASES[case].__doc__}", flush=True)
        trial = Trial(case, amounts, *settings, results)
        try:
            CASES[case](trial)
        except (Failed, OSError) as fault:
            print(f"  failed: {fault}", flush=True)
            results.samples.append(Sample(OURS, case, 0, 0, None, "", str(fault)))
        figures += trial.figures
    return results, figures


def report(measured: Measured, given: argparse.Namespace, amounts: Amounts, seconds: float) -> int:
    """Write all values as JSON and print the table; the exit code."""
    results, figures = measured
    machine = f"{os.cpu_count()} processors, {platform.platform()}"
    about: dict[str, object] = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "python": asked(given.python, "-c", "import platform; print(platform.python_version())"),
        "output": asked("stat", "-f", "-c", "%T", str(given.folder)),
        "floor": FLOOR,
        "amounts": amounts._asdict(),
        "seconds": round(seconds, 1),
        "figures": [{**f._asdict(), "bar": f.bar and str(f.bar), "kept": f.kept} for f in figures],
    }
    results.write(given.json, about)
    print("\n".join(["", *table(figures)]))
    faults = results.faults()
    print("\n".join(["", *(f"failed: {each.measure}: {each.fault}" for each in faults)]))
    print(f"{machine}; Python {about['python']}; output on {about['output']}; {seconds:.0f} s")
    print(f"all values: {given.json}")
    return 1 if faults or any(found.kept is False for found in figures) else 0


def settings_of(given: argparse.Namespace, fast: Path, disk: Path) -> tuple[Setting, Setting]:
    """Two places to measure in: the programs' folder, and the one for output."""
    python = os.path.abspath(shutil.which(given.python) or given.python)
    tools = Tools(python, Path(), *(built(name, fast) for name in PROGRAMS[:2]))
    for name in PROGRAMS[2:]:
        built(name, fast)
    settle_s = 1.1 if given.quick else 1.6
    setting = Setting(tools, fast, given.limit, settle_s, random.Random(given.seed))
    return setting, setting._replace(folder=disk, settle_s=0.3)


def main() -> int:
    """Measure what the command line asks for."""
    given = options().parse_args()
    amounts = (QUICK if given.quick else FULL)._replace(**dict(given.amount))
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    began = time.monotonic()
    fast = Path(tempfile.mkdtemp(prefix="bench-", dir=fast_folder()))
    disk = Path(tempfile.mkdtemp(prefix="bench-", dir=given.folder))
    try:
        for folder in (fast, disk):
            folder.chmod(0o755)  # nobody starts the programs, too
        procs.adopt_orphans()
        procs.allow_descriptors(4096)
        settings = settings_of(given, fast, disk)
        with open(HERE / "run.py") as lock:
            warn_unless_alone(lock)
            measured = measure(given.case or list(CASES), amounts, settings)
    finally:
        procs.end_all()
        shutil.rmtree(fast)
        shutil.rmtree(disk)
    return report(measured, given, amounts, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
