"""How long each plugin takes from its command to its first action, beside the import of Twisted.

    .venv/bin/python bench/plugins.py [--times N]

The first action is what others can see: the scheduler's job says a word; a checker warns of a word
that it doesn't know in a file that asks for it, as it does when it begins to watch over that. (What
it does then is a matter of the file's period, however fast it started.)
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import IO

from checks import a_colony

BAR = 1.3
TWIST = [sys.executable, "-m", "twisted"]
#: What a plugin needs of Twisted before its own first line: the launcher, a reactor, the plugins.
TWISTED = """
import twisted.application.twist._twist, twisted.application.service, twisted.logger
from twisted.application.service import IServiceMaker
from twisted.internet import reactor
from twisted.plugin import getPlugins
for maker in getPlugins(IServiceMaker):
    maker.tapname
print("imported", flush=True)
"""


def import_s() -> float:
    """How long Twisted itself takes, to its last import."""
    began = time.monotonic()
    with subprocess.Popen([sys.executable, "-c", TWISTED], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"imported\n"
        return time.monotonic() - began


@contextlib.contextmanager
def started(*options: str) -> Iterator[tuple[float, IO[bytes]]]:
    """A plugin, which is ended in the end: from when on, just before its start, and its log."""
    began = time.monotonic()
    process = subprocess.Popen(
        [*TWIST, "--log-format=text", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    try:
        yield began, process.stdout
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def scheduler_s(_: Path) -> float:
    """Until its command says a word."""
    command = "--arg=echo --arg=ran --frequency=600"
    with started("ncolony-scheduler", *command.split()) as (began, said):
        while said.readline() != b"ran\n":
            pass
        return time.monotonic() - began


def beatcheck_s(folder: Path) -> float:
    """Until it begins to look at a heart."""
    return _checker_s(folder, "beatcheck", {"status": str(folder)})


def httpcheck_s(folder: Path) -> float:
    """Until it has a server to ask."""
    return _checker_s(folder, "httpcheck", {"url": "http://127.0.0.1/"})


def _checker_s(folder: Path, plugin: str, key: dict[str, object]) -> float:
    a_colony(folder, plugin, {"p": {"period": 60, "perod": 60, **key}})
    with started(f"ncolony-{plugin}", "--colony", str(folder)) as (began, said):
        while b'unknown key "perod"' not in said.readline():
            pass
        return time.monotonic() - began


FIRSTS: dict[str, Callable[[Path], float]] = {
    "ncolony-scheduler": scheduler_s,
    "ncolony-beatcheck": beatcheck_s,
    "ncolony-httpcheck": httpcheck_s,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=9)
    options = parser.parse_args()
    found: dict[str, list[float]] = {name: [] for name in FIRSTS}
    imports = []
    for _ in range(options.times):
        imports.append(import_s())
        for name, first_s in FIRSTS.items():
            with tempfile.TemporaryDirectory() as folder:
                found[name].append(first_s(Path(folder)))
    floor = median(imports)
    print(f"import of Twisted: {1e3 * floor:.0f} ms ({_spread(imports)})")
    for name, times in found.items():
        ratio = median(times) / floor
        print(f"{name}: {1e3 * median(times):.0f} ms ({_spread(times)}), {ratio:.2f} x (bar {BAR})")


def _spread(times: list[float]) -> str:
    return f"{1e3 * min(times):.0f} to {1e3 * max(times):.0f}"


if __name__ == "__main__":
    main()
