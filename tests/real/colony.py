"""A colony for tests: a real monitor in a directory of its own, watched through its files."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

#: No condition takes this long, even on a machine that has much else to do.
DEADLINE_S = float(os.environ.get("COLONY_DEADLINE_S", "30"))
POLL_S = 0.01
NOBODY = 65534

_BIN = Path(sys.executable).parent
LAUNCHES: dict[str, list[str]] = {
    "run": [str(_BIN / "ncolony"), "run"],
    "twist": [sys.executable, "-m", "twisted", "--log-format=text", "ncolony"],
    "twistd": [str(_BIN / "twistd"), "-n", "--pidfile=", "ncolony"],
}


def until(condition: Callable[[], T | None], what: str, deadline_s: float = DEADLINE_S) -> T:
    """What ``condition`` returns, once that is true. Raises AssertionError at the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"not within {deadline_s} s: {what}"
        time.sleep(POLL_S)


def until_none(left: Callable[[], int], what: str) -> None:
    """Wait for much work to be done, as long as some of it is done within the deadline."""
    number = left()
    while number > 0:
        until(lambda before=number: left() < before, f"{what}: still {number} to go")
        number = left()


def place(path: Path, contents: bytes) -> None:
    """Write a file aside and rename it into place."""
    aside = path.parent / f".{uuid.uuid4().hex}.new"
    aside.write_bytes(contents)
    aside.rename(path)


def alive(pid: int) -> bool:
    """Whether a process is there, and not a zombie."""
    return proc_state(pid) not in ("", "Z", "X")


def proc_state(pid: int) -> str:
    """A process's state as proc_pid_stat(5) has it: R, S, T, Z; empty where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def proc_status(pid: int) -> dict[str, str]:
    """The lines of /proc/PID/status by their keys."""
    text = Path(f"/proc/{pid}/status").read_text()
    return {key: value.strip() for key, _, value in (i.partition(":") for i in text.splitlines())}


def children_of(pid: int) -> list[tuple[int, str]]:
    """A process's children, whichever of its threads started them, and their states.

    Zombies are among them.
    """
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{pid}/task/{thread}/children").read_text()
                found += map(int, text.split())
    return [(child, proc_state(child)) for child in sorted(found)]


def descriptors_of(pid: int) -> list[str]:
    """What a process's open descriptors are, sorted."""
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return sorted(found)


def environ_of(pid: int) -> list[bytes]:
    """The environment that a process was started with."""
    return _once_executed(pid, "environ")


def command_line_of(pid: int) -> list[bytes]:
    """The words that a process was started with."""
    return _once_executed(pid, "cmdline")


def _once_executed(pid: int, name: str) -> list[bytes]:
    """A list in /proc/PID. It is empty while the kernel is at exec, for which nobody waits."""
    path = Path(f"/proc/{pid}/{name}")
    return until(path.read_bytes, f"{path} has something").removesuffix(b"\0").split(b"\0")


class Colony:
    """A colony's directories, and its monitor as a process.

    All that runs with one of its files can be told by ``mark``, which is part of each file and so
    of each environment.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.mark = uuid.uuid4().hex
        self.config = root / "config"
        self.messages = root / "messages"
        self.status = root / "status"
        self.log_path = root / "monitor.log"
        self.monitor: subprocess.Popen[bytes] | None = None
        self.tracebacks_expected = False
        self._sent = 0
        for directory in (self.config, self.messages, self.status):
            directory.mkdir(exist_ok=True)

    # The monitor

    def start(self, *options: str, launch: str = "run", wait: bool = True, **popen: Any) -> Colony:
        """Start the monitor; ``wait`` until it says that it is running."""
        command = [*LAUNCHES[launch], "--colony", str(self.root), *options]
        return self.start_as(command, wait=wait, **popen)

    def start_as(
        self,
        command: Sequence[str],
        *,
        wait: bool = True,
        env: Mapping[str, str] | None = None,
        **popen: Any,
    ) -> Colony:
        """Start the monitor by a command line of one's own."""
        environment = {**os.environ, **(env or {})}
        environment.pop("NCOLONY_DIR", None)
        with open(self.log_path, "ab") as log:
            popen = {"stdout": log, "stderr": log, "cwd": self.root, **popen}
            self.monitor = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, env=environment, **popen
            )
        if wait:
            self.wait_for_monitor()
        return self

    def wait_for_monitor(self) -> dict[str, Any]:
        """The monitor's status once it runs."""

        def found() -> dict[str, Any] | None:
            assert self.monitor is None or self.monitor.poll() is None, self.log()
            now = self.monitor_status()
            right = now is not None and now["state"] == "running"
            mine = right and now is not None and now["pid"] in (self.monitor and self.pid, None)
            return now if right and (self.monitor is None or mine) else None

        return until(found, "the monitor runs")

    @property
    def pid(self) -> int:
        assert self.monitor is not None, "the monitor was not started"
        return self.monitor.pid

    def monitor_lives(self) -> bool:
        return self.monitor is not None and self.monitor.poll() is None

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """End the monitor; its exit code."""
        assert self.monitor is not None
        self.monitor.send_signal(signum)
        return self.monitor.wait(DEADLINE_S)

    def log(self) -> bytes:
        """All that the monitor and its children have said."""
        return self.log_path.read_bytes() if self.log_path.exists() else b""

    def log_lines(self) -> list[bytes]:
        """The lines of the log, but for one that is still being written."""
        return self.log().split(b"\n")[:-1]

    def lines(self, name: str) -> list[bytes]:
        """The lines of one process in the log, without its name; those that are written whole."""
        prefix = name.encode() + b": "
        return [line[len(prefix) :] for line in self.log_lines() if line.startswith(prefix)]

    # Its files

    def write(self, name: str, contents: bytes) -> None:
        """Write a process's file, whole."""
        place(self.config / name, contents)

    def configure(self, name: str, *args: str, **others: Any) -> bytes:
        """Write a process's file; it runs ``sleep`` where no command is given."""
        document = {"args": list(args) or ["sleep", "infinity"], "test.mark": self.mark, **others}
        contents = json.dumps(document).encode()
        self.write(name, contents)
        return contents

    def shell(self, name: str, script: str, **others: Any) -> None:
        """Write the file of a process that runs a shell script."""
        self.configure(name, "sh", "-c", script, **others)

    def python(self, name: str, script: str, **others: Any) -> None:
        """Write the file of a process that runs a Python script, without site's start-up."""
        self.configure(name, sys.executable, "-I", "-S", "-c", script, **others)

    def remove(self, name: str) -> None:
        (self.config / name).unlink()

    def ask(self, kind: str, name: str | None = None, **others: Any) -> str:
        """Write a request; its file's name."""
        named = {} if name is None else {"name": name}
        return self.send(json.dumps({"type": kind, **named, **others}).encode())

    def send(self, contents: bytes) -> str:
        """Write any message; its file's name."""
        self._sent += 1
        file_name = f"m{self._sent:06}"
        place(self.messages / file_name, contents)
        return file_name

    def rejected(self, file_name: str) -> str | None:
        """Why a message was rejected; None while it isn't."""
        try:
            found = (self.messages / ".rejected" / f"{file_name}.reason").read_text()
        except FileNotFoundError:
            return None
        return found.strip()

    # What is so

    def of(self, name: str) -> dict[str, Any] | None:
        """A process's status. Raises where its file isn't whole."""
        return _status(self.status / name)

    def monitor_status(self) -> dict[str, Any] | None:
        return _status(self.status / ".monitor")

    def until_state(self, name: str, *states: str, **values: Any) -> dict[str, Any]:
        """A process's status once it is in one of these states, and has these values."""

        def found() -> dict[str, Any] | None:
            now = self.of(name)
            if now is None or now["state"] not in states:
                return None
            return now if all(now[key] == value for key, value in values.items()) else None

        try:
            return until(found, f"{name} is {' or '.join(states)} {values or ''}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.of(name)}") from None

    def running(self, name: str, *, other_than: int | None = None) -> int:
        """A process's pid once it runs, as another process than ``other_than``."""

        def found() -> int | None:
            now = self.of(name)
            if now is None or now["state"] != "RUNNING" or now["pid"] == other_than:
                return None
            return now["pid"]

        try:
            return until(found, f"{name} runs")
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.of(name)}") from None

    def gone(self, name: str) -> None:
        """Wait until a process has no status any more."""
        until(lambda: self.of(name) is None, f"{name} is gone")

    def said(self, text: bytes) -> None:
        """Wait until something is in the log."""
        until(lambda: text in self.log(), f"{text!r} in the log")

    def mine(self) -> dict[int, str]:
        """The processes that run with a file of this colony, and their names."""
        mark = self.mark.encode()
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdecimal():
                continue
            try:
                environ = Path(f"/proc/{entry}/environ").read_bytes()
            except OSError:
                continue
            if mark in environ:
                found[int(entry)] = _name_in(environ)
        return found

    def marked(self) -> list[int]:
        """The processes that the colony's number can be read of, whatever their environment."""
        try:
            number = int((self.status / ".lock").read_bytes().split()[0])
        except (OSError, ValueError, IndexError):
            return []
        found = []
        for entry in filter(str.isdecimal, os.listdir("/proc")):
            with contextlib.suppress(OSError, ValueError, IndexError):
                limits = Path(f"/proc/{entry}/limits").read_text()
                mark = int(limits.partition("Max file locks")[2].split()[0])
                if mark >> 36 == number and alive(int(entry)):
                    found.append(int(entry))
        return found

    # The end

    def finish(self) -> None:
        """End everything; assert that the monitor left nothing behind and never failed."""
        code = None
        try:
            if self.monitor_lives():
                code = self.stop()
        finally:
            left = self.clean_up()
        assert code in (None, 0, -signal.SIGTERM), f"exit code {code}: {self.log()[-2000:]!r}"
        assert left == {}, f"the monitor left {left}: {self.log()[-2000:]!r}"
        if not self.tracebacks_expected:
            assert_no_traceback(self.log())

    def clean_up(self) -> dict[int, str]:
        """Kill whatever is left, by pid, and say what that was."""
        if self.monitor is not None and self.monitor.poll() is None:
            self.monitor.kill()
            self.monitor.wait()
        left = {**dict.fromkeys(self.marked(), "marked"), **self.mine()}
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return left


def assert_no_traceback(log: bytes) -> None:
    """The log has no exception of the monitor's own."""
    for sign in (b"Traceback (most recent call last)", b"Unhandled", b"could not be dealt with"):
        at = log.find(sign)
        assert at < 0, log[max(0, at - 500) : at + 3000].decode(errors="replace")


@contextlib.contextmanager
def a_colony(root: Path) -> Iterator[Colony]:
    """A colony that is ended, and checked, at the end."""
    colony = Colony(root)
    try:
        yield colony
    except BaseException:
        colony.clean_up()
        raise
    colony.finish()


def _status(path: Path) -> dict[str, Any] | None:
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    found = json.loads(text)
    assert found["schema"] == 1
    return found


def _name_in(environ: bytes) -> str:
    for variable in environ.split(b"\0"):
        if variable.startswith(b"NCOLONY_NAME="):
            return variable.partition(b"=")[2].decode(errors="surrogateescape")
    return ""
