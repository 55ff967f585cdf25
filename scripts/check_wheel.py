"""Build the wheel by way of the sdist, install it alone elsewhere, run a colony from it.

Run by the development environment's Python, which has ``build``. Everything happens in a
temporary folder outside the checkout, so that nothing is found there by accident: a file
missing from the wheel, or a dependency that only the tests bring, fails here.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

CHECKOUT = Path(__file__).resolve().parent.parent
PLUGIN = "twisted/plugins/ncolony_monitor.py"
SCHEMA = "ncolony/schemas/process.json"

# Generous: two cores may be shared with other work. A healthy run needs a second or two.
DEADLINE_S = 30.0

SLEEPER = {"args": ["sleep", "3600"]}
SERVER = {
    "args": [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"],
    "env": {"PATH": "/usr/bin:/bin"},
}


class CheckError(Exception):
    """Something that the installed package should do, and did not."""


def until(what: str, look: Callable[[], T | None], alive: subprocess.Popen[bytes]) -> T:
    """Return what ``look`` finds; raise CheckError at the deadline or if the monitor ends."""
    deadline_mono = time.monotonic() + DEADLINE_S
    while True:
        # Asked before looking: what the monitor did just before its end still counts.
        ended = alive.poll()
        found = look()
        if found is not None:
            return found
        if ended is not None:
            raise CheckError(f"cannot see {what}: the monitor ended with {ended}")
        if time.monotonic() > deadline_mono:
            raise CheckError(f"cannot see {what}: not so within {DEADLINE_S} s")
        time.sleep(0.02)


def build(into: Path) -> Path:
    """Return the wheel, made from the sdist as an installer would; check what both hold."""
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(into), str(CHECKOUT)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (sdist,) = into.glob("*.tar.gz")
    (wheel,) = into.glob("*.whl")
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())
    for needed in (PLUGIN, SCHEMA, "ncolony/__init__.py", "ncolony/py.typed"):
        if needed not in in_wheel:
            raise CheckError(f"cannot find {needed} in {wheel.name}")
        if f"src/{needed}" not in in_sdist:
            raise CheckError(f"cannot find src/{needed} in {sdist.name}")
    # Either would hide Twisted's own packages from everything in the environment.
    for harmful in ("twisted/__init__.py", "twisted/plugins/__init__.py"):
        if harmful in in_wheel:
            raise CheckError(f"cannot accept {wheel.name}: it holds {harmful}")
    return wheel


def install(wheel: Path, environment: Path) -> Path:
    """Return the programs' folder of a fresh environment that holds the wheel alone.

    The manual pages have to be beside it, where man(1) looks.
    """
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    programs = environment / "bin"
    subprocess.run([str(programs / "pip"), "install", "--quiet", str(wheel)], check=True)
    installed = environment / "share" / "man"
    pages = [page.relative_to(CHECKOUT / "man") for page in (CHECKOUT / "man").glob("*/*")]
    lost = [str(page) for page in pages if not (installed / page).is_file()]
    if lost or not pages:
        raise CheckError(f"cannot find {', '.join(lost) or 'a page'} in {installed}")
    return programs


def launches(programs: Path, colony: Path) -> Mapping[str, list[str]]:
    """Return the ways to start a monitor, by the name to report them under."""
    both = ["--config", str(colony / "config"), "--messages", str(colony / "messages")]
    return {
        "twistd -n": [str(programs / "twistd"), "-n", "--pidfile=", "ncolony", *both],
        "python -m twisted": [str(programs / "python"), "-m", "twisted", "ncolony", *both],
        "ncolony run": [str(programs / "ncolony"), "run", "--colony", str(colony)],
    }


def make_colony(colony: Path) -> None:
    """Make the directories, and a sleeper and a web server to run."""
    for directory in ("config", "messages"):
        (colony / directory).mkdir(parents=True)
    for name, configuration in {"sleeper": SLEEPER, "web": SERVER}.items():
        aside = colony / "config" / f"{name}.new"
        aside.write_text(json.dumps(configuration))
        aside.rename(colony / "config" / name)


def running_pid(status: Path) -> int | None:
    """Return the pid in a status file that says RUNNING; None while it does not."""
    try:
        record = json.loads(status.read_bytes())
    except FileNotFoundError:
        return None
    return int(record["pid"]) if record["state"] == "RUNNING" else None


def port_in(log: Path) -> int | None:
    """Return the port that the web server named in its output; None until it has."""
    found = re.search(rb"web: Serving HTTP on 127\.0\.0\.1 port (\d+)", log.read_bytes())
    return int(found[1]) if found else None


def fetch(port: int) -> None:
    """Ask the web server for its first page, whatever proxies the environment names."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/", timeout=DEADLINE_S) as response:
        response.read()


def check_status(programs: Path, colony: Path, status: Path, env: Mapping[str, str]) -> None:
    """Have the control program say that all is as wanted."""
    # The directory is named as well: the ancestor's way keeps it below messages.
    command = [str(programs / "ncolony"), "status", "--colony", str(colony)]
    command += ["--status", str(status)]
    asked = subprocess.run(
        command, check=False, env=env, cwd=colony, capture_output=True, text=True
    )
    if asked.returncode != 0:
        said = asked.stdout + asked.stderr
        raise CheckError(f"cannot accept {command}: {asked.returncode}, {said}")


def check_launch(command: list[str], programs: Path, colony: Path) -> None:
    """Start a monitor, see the colony run, stop it, see that nothing is left."""
    make_colony(colony)
    by_colony = "--colony" in command
    status = colony / "status" if by_colony else colony / "messages" / ".status"
    empty = colony / "empty"
    empty.mkdir()
    log = colony / "log"
    # Nothing of the checkout's: no PYTHONPATH, no NCOLONY_DIR.
    env = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(empty), "LANG": "C.UTF-8"}
    with log.open("wb") as output:
        monitor = subprocess.Popen(
            command, cwd=empty, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        children = {
            name: until(f"{name} running", partial(running_pid, status / name), monitor)
            for name in ("sleeper", "web")
        }
        fetch(until("the web server's port in the log", partial(port_in, log), monitor))
        check_status(programs, colony, status, env)
        monitor.send_signal(signal.SIGTERM)
        ended = monitor.wait(DEADLINE_S)
        # Twisted's runners end by the signal that stopped them; a shell would say 143.
        if ended not in (0, -signal.SIGTERM):
            raise CheckError(f"cannot accept the monitor's end: exit code {ended}")
        left = [name for name, pid in children.items() if Path(f"/proc/{pid}").exists()]
        if left:
            raise CheckError(f"cannot accept the monitor's end: it left {left} behind")
    except (CheckError, subprocess.TimeoutExpired, OSError):
        sys.stderr.write(f"the monitor's log:\n{log.read_text(errors='replace')}\n")
        raise
    finally:
        end(monitor)


def end(monitor: subprocess.Popen[bytes]) -> None:
    """See that a monitor is over, by TERM so that it takes its children along."""
    if monitor.poll() is None:
        monitor.terminate()
        try:
            monitor.wait(10)
        except subprocess.TimeoutExpired:
            monitor.kill()
            monitor.wait()


def main() -> int:
    """Return the exit code: 0 where every launch did as it should."""
    os.environ.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory(prefix="ncolony-wheel-") as folder:
        base = Path(folder)
        try:
            programs = install(build(base / "dist"), base / "environment")
            for number, name in enumerate(launches(programs, base)):
                colony = base / f"colony{number}"
                check_launch(launches(programs, colony)[name], programs, colony)
                print(f"installed wheel: {name}: ok")
        except (CheckError, subprocess.SubprocessError, OSError) as error:
            print(f"cannot run a colony from the wheel: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
