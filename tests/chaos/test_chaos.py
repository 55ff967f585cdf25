"""Chaos: for a minute everything happens at once; then what runs is what is configured.

``CHAOS_SECONDS`` and ``CHAOS_SEED`` say how long and which; the seed is printed.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from colony import Colony, a_colony, alive, children_of, descriptors_of, place, proc_state, until

SECONDS = float(os.environ.get("CHAOS_SECONDS", "60"))
SEED = int(os.environ.get("CHAOS_SEED", str(time.time_ns() % 1_000_000)))
NAMES = [f"p{i:02}" for i in range(24)]
#: It is left alone by all that happens, and must not notice.
HEALTHY = "healthy"
OPTIONS = ("--killtime", "0.2", "--threshold", "0.3", "-m", "0.05", "-M", "0.2")
#: All of a run hold its lock; who can't have it says so. Chaos may kill flock itself, too.
_LOCK = (
    'exec 9>>"$LOCKS/$NCOLONY_NAME"; flock -n -E 77 9; '
    '[ $? -ne 77 ] || touch "$LOCKS/$NCOLONY_NAME.overlap"; '
)
_DAEMON = "(setsid env -i sleep infinity &)"
_DEAF_DAEMON = "(setsid env -i sh -c \"trap '' TERM; while :; do sleep 100; done\" &)"

#: Commands, and whether they run until they are stopped.
_COMMANDS: list[tuple[list[str], bool]] = [
    (["sleep", "infinity"], True),
    (["sh", "-c", "trap '' TERM; while :; do sleep 100; done"], True),
    (["sh", "-c", "sleep infinity & sleep infinity & wait"], True),
    (["sh", "-c", "while :; do echo talking; sleep 0.02; done"], True),
    (["sh", "-c", f"{_LOCK}{_DAEMON}; exec sleep infinity"], True),
    (["sh", "-c", f"{_LOCK}{_DEAF_DAEMON}; {_DAEMON}; exec sleep infinity"], True),
    (["sh", "-c", f"{_LOCK}{_DAEMON}; sleep 0.1; exit 3"], False),
    (["sh", "-c", "head -c 2000000 /dev/zero | tr '\\0' x; exec sleep infinity"], True),
    (["sh", "-c", "sleep 0.$(($$ % 10)); exit 3"], False),
    (["sh", "-c", "sleep infinity & exit 0"], False),
    (["true"], False),
    (["/nowhere/program"], False),
]
_SMALL_FILES = {"to": "files", "max_size": 8192, "keep": 3, "compress": "gzip", "time": True}
_GARBAGE = [
    b"",
    b"{",
    b"[]",
    b"\xff\xfe",
    b'{"args": "sleep"}',
    b'{"args": [], "env": 7}',
    b"[" * 100_000,
    b" " * (1 << 21),
]


class Chaos:
    """What can happen, and what is configured after it: ``files`` has each process's good file."""

    def __init__(self, colony: Colony, seed: int) -> None:
        self.colony = colony
        self.random = random.Random(seed)
        self.files: dict[str, dict[str, Any]] = {}
        self.broken: set[str] = set()
        self.spoiled: set[str] = set()
        self.done: dict[str, int] = {}
        self.healthy = colony.running(HEALTHY)
        self.locks = colony.root / "locks"
        self.locks.mkdir()

    def run(self, seconds: float) -> None:
        deeds = [
            *[self.add_or_change] * 8,
            *[self.remove] * 4,
            *[self.kill] * 6,
            *[self.freeze] * 2,
            *[self.corrupt] * 3,
            *[self.request] * 6,
            self.flood_messages,
            self.flood_files,
            self.odd_entries,
            self.swap_directory,
            self.freeze_monitor,
            self.touch,
            self.spoil_status,
            self.rotate,
            self.hang_up,
            self.kill_monitor,
        ]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            deed = self.random.choice(deeds)
            deed()
            self.done[deed.__name__] = self.done.get(deed.__name__, 0) + 1
            assert self.colony.monitor_lives(), self.colony.log()[-3000:]
            time.sleep(self.random.choice([0, 0, 0.001, 0.01, 0.05]))

    # Deeds

    def some(self) -> str:
        return self.random.choice(NAMES)

    def add_or_change(self) -> None:
        name = self.some()
        command, _ = self.random.choice(_COMMANDS)
        env = {"V": str(self.random.random()), "LOCKS": str(self.locks)}
        document = {"args": command, "env": env, "group": ["g"]}
        document["enabled"] = self.random.random() > 0.15
        document["log"] = self.random.choice([None, "files", "none", _SMALL_FILES])
        if self.random.random() < 0.2:
            document = self.files.get(name, document)
        self.write(name, document)

    def write(self, name: str, document: dict[str, Any]) -> None:
        document = {**document, "test.mark": self.colony.mark}
        contents = json.dumps(document).encode()
        if self.random.random() < 0.5:
            place(self.colony.config / name, contents)
        else:
            (self.colony.config / name).write_bytes(contents)
        self.files[name] = document
        self.broken.discard(name)

    def remove(self) -> None:
        name = self.some()
        (self.colony.config / name).unlink(missing_ok=True)
        self.files.pop(name, None)
        self.broken.discard(name)

    def corrupt(self) -> None:
        """In place: the process that runs goes on with what it has."""
        name = self.some()
        (self.colony.config / name).write_bytes(self.random.choice(_GARBAGE))
        self.broken.add(name)

    def kill(self) -> None:
        for pid in self.victims(self.random.choice([1, 1, 1, 3, 10])):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, self.random.choice([signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM]))

    def freeze(self) -> None:
        for pid in self.victims(1):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def victims(self, number: int) -> list[int]:
        mine = [pid for pid, name in self.colony.mine().items() if name in NAMES]
        return self.random.sample(mine, min(number, len(mine)))

    def request(self) -> None:
        name = self.some()
        kind = self.random.choice(
            ["RESTART", "RESTART", "STOP", "START", "SIGNAL", "RESTART-GROUP"]
        )
        if kind == "RESTART-GROUP":
            self.colony.ask(kind, group="g")
        else:
            self.colony.ask(kind, name, signal="CONT")

    def flood_messages(self) -> None:
        for i in range(300):
            kind = {"type": "RESTART", "name": self.some() if i % 3 else "nobody"}
            contents = json.dumps(kind).encode() if i % 5 else self.random.randbytes(i)
            (self.colony.messages / f"flood{i}").write_bytes(contents)

    def flood_files(self) -> None:
        names = [f"burst{i}" for i in range(50)]
        for name in names:
            self.colony.configure(name, "sh", "-c", "seq 1 1000; exec sleep infinity")
        for name in names:
            self.colony.remove(name)

    def odd_entries(self) -> None:
        for directory in (self.colony.config, self.colony.messages):
            path = directory / f"odd{self.random.randrange(1000)}"
            with contextlib.suppress(FileExistsError):
                self.random.choice([os.mkfifo, os.mkdir, lambda p: p.symlink_to("nowhere")])(path)

    def swap_directory(self) -> None:
        """The configuration directory is away for a moment, and back."""
        away = self.colony.root / "config.away"
        self.colony.config.rename(away)
        time.sleep(self.random.choice([0, 0.01, 0.3]))
        away.rename(self.colony.config)

    def freeze_monitor(self) -> None:
        os.kill(self.colony.pid, signal.SIGSTOP)
        self.kill()
        self.add_or_change()
        self.remove()
        os.kill(self.colony.pid, signal.SIGCONT)

    def touch(self) -> None:
        for name in self.files:
            if name not in self.broken:
                os.utime(self.colony.config / name)

    def spoil_status(self) -> None:
        """Somebody removes, or writes, what is the monitor's: it is right after the next change.

        Nothing is put where the monitor has no file: it may never hear of that name.
        """
        name = self.some()
        self.spoiled.add(name)
        path = self.colony.status / name
        with contextlib.suppress(FileNotFoundError):
            self.random.choice([os.unlink, lambda path: os.truncate(path, 0)])(path)

    def rotate(self) -> None:
        """Some of them have log files, and some haven't."""
        if self.random.random() < 0.3:
            self.colony.ask("ROTATE-ALL")
        else:
            self.colony.ask("ROTATE", self.some())

    def hang_up(self) -> None:
        """The monitor is asked to look at everything again."""
        os.kill(self.colony.pid, signal.SIGHUP)

    def kill_monitor(self) -> None:
        """It is killed in the midst of all this, and the next one takes over."""
        self.assert_healthy()
        assert self.colony.monitor is not None
        self.colony.monitor.kill()
        self.colony.monitor.wait()
        if self.random.random() < 0.5:
            self.kill()
            self.add_or_change()
            self.remove()
        self.colony.start(*OPTIONS)
        healthy = self.colony.running(HEALTHY, other_than=self.healthy)
        assert not alive(self.healthy)
        self.healthy = healthy

    def assert_healthy(self) -> None:
        """Nobody has touched it since its monitor was started."""
        assert self.colony.running(HEALTHY) == self.healthy
        assert (self.colony.of(HEALTHY) or {})["starts"] == 1
        assert alive(self.healthy)

    # The rest after it

    def settle(self) -> None:
        """Repair the files that are broken, want all that are there as their files say."""
        for path in self.colony.config.glob("odd*"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for name in sorted(self.broken):
            if name in self.files:
                self.write(name, self.files[name])
            else:
                (self.colony.config / name).unlink()
        for pid in self.colony.mine():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        until(lambda: not self.requests_left(), "all requests are taken", 60)
        for name, document in self.files.items():
            if document["enabled"]:
                self.colony.ask("RESTART" if name in self.spoiled else "START", name)
            else:
                if name in self.spoiled:
                    self.colony.ask("START", name)
                self.colony.ask("STOP", name)
        until(lambda: not self.requests_left(), "all requests are taken", 60)

    def requests_left(self) -> list[Path]:
        return [p for p in self.colony.messages.iterdir() if p.is_file() and p.name[0] != "."]

    def status_of(self, name: str) -> dict[str, Any] | None:
        """A process's status; None also where it was spoiled, and hasn't been written since."""
        if name in self.spoiled:
            with contextlib.suppress(FileNotFoundError):
                if (self.colony.status / name).stat().st_size == 0:
                    return None
        return self.colony.of(name)

    def wrong(self) -> dict[str, Any]:
        """What isn't as it is configured; empty when all is."""
        found: dict[str, Any] = {}
        for name, document in self.files.items():
            now = self.status_of(name)
            fault = _fault(document, now)
            if fault is not None:
                found[name] = (fault, document["args"], now)
        running = set(self.colony.mine().values())
        surplus = running - set(self.files) - {HEALTHY}
        if surplus:
            found["surplus"] = surplus
        stale = {n for n in os.listdir(self.colony.status) if n[0] != "."}
        if stale != {*self.files, HEALTHY}:
            found["status"] = stale ^ {*self.files, HEALTHY}
        return found


def _fault(document: dict[str, Any], now: dict[str, Any] | None) -> str | None:
    lasting = next(lasting for command, lasting in _COMMANDS if command == document["args"])
    if now is None:
        return "it has no status"
    want = "UP" if document["enabled"] else "DOWN"
    if now["refused"] is not None or now["want"] != want:
        return "it isn't as its file says"
    if not document["enabled"]:
        return None if (now["state"], now["pid"]) == ("STOPPED", None) else "it isn't stopped"
    if not lasting:
        return None if now["state"] != "STOPPED" else "it is stopped"
    if now["state"] != "RUNNING":
        return "it doesn't run"
    try:
        environ = Path(f"/proc/{now['pid']}/environ").read_bytes().split(b"\0")
    except OSError:
        return "its pid is nobody's"
    if f"V={document['env']['V']}".encode() not in environ:
        return "an older version of it runs"
    return None


@pytest.mark.timeout(SECONDS + 600)
def test_after_chaos_what_runs_is_what_is_configured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is missing, nothing is left over, a healthy process has noticed nothing."""
    with a_colony(tmp_path) as colony:
        colony.configure(HEALTHY)
        colony.start(*OPTIONS)
        chaos = Chaos(colony, SEED)
        at_rest = {"RUNNING": 1}
        until(lambda: (colony.monitor_status() or {})["counts"] == at_rest, "it is at rest")
        descriptors = len(descriptors_of(colony.pid))
        with capsys.disabled():
            print(f"\nCHAOS_SEED={SEED} CHAOS_SECONDS={SECONDS:g}", flush=True)
        chaos.run(SECONDS)
        chaos.settle()
        try:
            until(lambda: not chaos.wrong(), "what runs is what is configured", 60)
        except AssertionError as error:
            raise AssertionError(f"{error}; seed {SEED}: {chaos.wrong()}") from None
        chaos.assert_healthy()
        assert list(chaos.locks.glob("*.overlap")) == []
        healthy = chaos.healthy
        assert proc_state(colony.pid) in ("S", "R", "D")
        for path in colony.config.glob("p*"):
            path.unlink()
        chaos.files.clear()
        until(lambda: not chaos.wrong(), "all are gone", 60)
        until(lambda: children_of(colony.pid) == [(healthy, "S")], "no zombie is left")
        assert colony.marked() == [healthy]
        until(lambda: len(descriptors_of(colony.pid)) <= descriptors + 1, "no descriptor is left")
        with capsys.disabled():
            print(f"{sum(chaos.done.values())} deeds: {chaos.done}", flush=True)
