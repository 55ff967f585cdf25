"""A container for tests, without a container engine: ``runtime.py`` runs what an image would."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from colony import DEADLINE_S, place, proc_state, until

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
EXAMPLE = CHECKOUT / "examples" / "container"
#: Where the image has the environment that this one is put in the place of.
PROGRAMS = "/opt/ncolony"
PATH = f"{PROGRAMS}/bin:/usr/local/bin:/usr/sbin:/usr/bin"
COLONY = "/srv/colony"


class Description(NamedTuple):
    """What ``runtime.py`` is told. ``proc`` has mount options; None mounts none."""

    root: str
    pid_file: str
    command: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    uid: int
    gid: int
    groups: Sequence[int]
    rootful: bool
    proc: str | None
    binds: Sequence[tuple[str, str]]
    links: Sequence[tuple[str, str]]
    files: Sequence[tuple[str, str]]
    tmpfs: Sequence[tuple[str, str]]
    mounts: Sequence[tuple[str, str]]


class Seen(NamedTuple):
    """A process in the container: pids without and within, what it is, its state, its parent."""

    outer: int
    inner: int
    command: str
    state: str
    parent: int


def _system() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """This machine's programs as those of the image: what to bind, and what to link."""
    binds, links = [("/usr", "/usr")], []
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = f"/{name}"
        if os.path.islink(path):
            links.append((path, os.readlink(path)))
        elif os.path.isdir(path):
            binds.append((path, path))
    more = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/alternatives")
    binds += [(path, path) for path in more if os.path.exists(path)]
    # The interpreter, its environment, and what that has installed in place.
    installed = Path(sysconfig.get_path("purelib")).resolve()
    here = {str(Path(sys.prefix).resolve()), str(Path(sys.base_prefix).resolve())}
    here |= {str(CHECKOUT / "src")} if (CHECKOUT / "src").is_dir() else set()
    assert any(installed.is_relative_to(path) for path in here)
    binds += [(path, path) for path in sorted(here) if not Path(path).is_relative_to("/usr")]
    binds.append((sys.prefix, PROGRAMS))
    return binds, links


class Container:
    """A container that keeps a colony in ``/srv/colony``, its one writable directory.

    The fields may be changed before ``start``. ``folder`` is the host's side: ``config`` in it is
    mounted, read-only, as a ConfigMap is: names lead through ``..data`` to a dated directory.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.command: list[str] = ["ncolony", "run", "--colony", COLONY]
        self.env: dict[str, str] = {"PATH": PATH, "NCOLONY_DIR": COLONY}
        self.cwd = "/"
        self.uid, self.gid = 10001, 0
        self.groups: list[int] = []
        self.proc: str | None = ""
        #: Of an emptyDir, or ``docker run --tmpfs``: everyone may write.
        self.tmpfs: str | None = "mode=1777,size=64m"
        self.more_tmpfs: list[tuple[str, str]] = []
        self.binds, self.links = _system()
        self.files = [
            ("/etc/passwd", "root:x:0:0::/:/bin/sh\ncolony:x:10001:0::/srv/colony:/bin/false\n"),
            ("/etc/group", "root:x:0:\n"),
        ]
        self.mounts: list[tuple[str, str]] = []
        self.log_path = folder / "container.log"
        self.config = folder / "config"
        self._generation = 0
        self._configured: dict[str, bytes] = {}
        self._runtime: subprocess.Popen[bytes] | None = None
        self._reader: subprocess.Popen[bytes] | None = None
        self.pid = 0
        self._pidfd = -1
        self._namespace = ""
        folder.chmod(0o755)
        self.config.mkdir()

    # Its configuration, as a ConfigMap

    def configure(self, name: str, *args: str, **others: Any) -> None:
        """Add a process, or change one; before ``start``, or to be put there by ``swap``."""
        self._configured[name] = json.dumps({"args": list(args), **others}).encode()

    def shell(self, name: str, script: str, **others: Any) -> None:
        """A process that runs a shell script."""
        self.configure(name, "sh", "-c", script, **others)

    def take(self, directory: Path) -> None:
        """Take over all files of a configuration directory."""
        for path in directory.iterdir():
            self._configured[path.name] = path.read_bytes()

    def configured(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._configured[name])
        return found

    def swap(self) -> None:
        """Put all of the configuration in place at once, as the kubelet does.

        A new dated directory is filled, and the link ``..data`` is renamed over the old one.
        """
        self._generation += 1
        old = sorted(self.config.glob("..2026*"))
        dated = self.config / f"..2026_11_25_01_02_03.{self._generation}"
        dated.mkdir()
        for name, contents in self._configured.items():
            (dated / name).write_bytes(contents)
        aside = self.config / "..data_tmp"
        aside.symlink_to(dated.name)
        aside.rename(self.config / "..data")
        for name in self._configured:
            if not (self.config / name).is_symlink():
                (self.config / name).symlink_to(f"..data/{name}")
        for link in self.config.iterdir():
            if not link.name.startswith("..") and link.name not in self._configured:
                link.unlink()
        for directory in old:
            for path in directory.iterdir():
                path.unlink()
            directory.rmdir()

    def forget(self, name: str) -> None:
        """Leave a process out of the next ``swap``."""
        del self._configured[name]

    # Its life

    def start(self, *options: str, wait: bool = True) -> Container:
        """Start it; ``wait`` until the monitor says that it runs."""
        self.swap()
        root = self.folder / "root"
        root.mkdir(exist_ok=True)
        pid_file = self.folder / "pid"
        pid_file.unlink(missing_ok=True)
        rootful = os.getuid() == 0
        wanted = Description(
            root=str(root),
            pid_file=str(pid_file),
            command=[*self.command, *options],
            env=self.env,
            cwd=self.cwd,
            uid=self.uid,
            gid=self.gid,
            groups=self.groups,
            rootful=rootful,
            proc=self.proc,
            binds=self.binds,
            links=self.links,
            files=self.files,
            tmpfs=[*([(COLONY, self.tmpfs)] if self.tmpfs else []), *self.more_tmpfs],
            mounts=[(str(self.config), f"{COLONY}/config"), *self.mounts],
        )
        description = self.folder / "description.json"
        description.write_text(json.dumps(wanted._asdict()))
        with open(self.log_path, "ab") as log:
            # A pipe, which somebody copies from: so is the output of a container.
            self._reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log)
        assert self._reader.stdin is not None
        self._runtime = subprocess.Popen(
            [sys.executable, "-I", str(HERE / "runtime.py"), str(description)],
            stdin=subprocess.PIPE,
            stdout=self._reader.stdin,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader.stdin.close()
        self._reader.stdin = None
        self.pid = int(until(lambda: self._lives() and self._pid_written(pid_file), "a pid"))
        self._pidfd = os.pidfd_open(self.pid)
        self._namespace = self._namespace_of(self.pid)
        assert self._runtime.stdin is not None
        self._runtime.stdin.write(b"\n")
        self._runtime.stdin.close()
        if wait:
            until(self._monitor_runs, "the monitor runs")
        return self

    def _lives(self) -> bool:
        assert self._runtime is not None
        assert self._runtime.poll() is None, self.log()
        return True

    @staticmethod
    def _pid_written(pid_file: Path) -> str:
        with contextlib.suppress(FileNotFoundError):
            return pid_file.read_text()
        return ""

    def _monitor_runs(self) -> bool:
        self._lives()
        found = self.monitor_status()
        return found is not None and found["state"] == "running"

    def send(self, signum: int) -> None:
        """Send a signal to process 1, as the engine does."""
        signal.pidfd_send_signal(self._pidfd, signum)

    def wait(self, deadline_s: float = DEADLINE_S) -> int:
        """Its exit code, once it has ended."""
        assert self._runtime is not None
        code = self._runtime.wait(deadline_s)
        assert self._reader is not None
        self._reader.wait(deadline_s)
        return code

    def stop(self, grace_s: float = DEADLINE_S) -> int:
        """What ``docker stop`` does: TERM, and an AssertionError where KILL would follow.

        Docker's own grace is ten seconds.
        """
        self.send(signal.SIGTERM)
        try:
            return self.wait(grace_s)
        except subprocess.TimeoutExpired:
            left = self.processes()
            raise AssertionError(f"not gone within {grace_s} s: {left}; {self.log()}") from None

    def lose_reader(self) -> None:
        """Kill whoever takes its output."""
        assert self._reader is not None
        self._reader.kill()
        self._reader.wait()

    def clean_up(self) -> None:
        """End all of it, whatever has happened before."""
        if self._pidfd >= 0:
            # First process 1, that its parent may bury it.
            with contextlib.suppress(ProcessLookupError):
                self.send(signal.SIGKILL)
            os.close(self._pidfd)
        elif self._runtime is not None:
            self._runtime.kill()
        for process in (self._runtime, self._reader):
            if process is not None:
                process.wait(DEADLINE_S)
        if self._namespace:
            until(lambda: not self.processes(), "the kernel ends what was in the namespace")

    # What is so

    @property
    def colony(self) -> Path:
        """Its writable directory, as it is seen from without."""
        return Path(f"/proc/{self.pid}/root{COLONY}")

    def log(self) -> str:
        """All that it has written."""
        return self.log_path.read_text(errors="replace")

    def json_lines(self) -> list[dict[str, Any]]:
        """All that it has written, each line an object. Raises where one isn't."""
        return [json.loads(line) for line in self.log_path.read_bytes().splitlines()]

    def status(self, name: str) -> dict[str, Any] | None:
        """A process's status, None where there is none."""
        try:
            text = (self.colony / "status" / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        found: dict[str, Any] = json.loads(text)
        return found

    def monitor_status(self) -> dict[str, Any] | None:
        return self.status(".monitor")

    def running(self, name: str, *, other_than: int | None = None) -> int:
        """A process's pid, within, once it runs as another than ``other_than``."""

        def found() -> int | None:
            now = self.status(name)
            right = now is not None and now["state"] == "RUNNING" and now["pid"] != other_than
            return now["pid"] if right and now is not None else None

        try:
            return until(found, f"{name} runs")
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.status(name)}; {self.log()}") from None

    def state(self, name: str, *states: str) -> dict[str, Any]:
        """A process's status, once it is in one of these states."""

        def found() -> dict[str, Any] | None:
            now = self.status(name)
            return now if now is not None and now["state"] in states else None

        try:
            return until(found, f"{name} is {states}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.status(name)}; {self.log()}") from None

    def pids(self) -> dict[str, int]:
        """Each process's pid, within, by its name."""
        found = {}
        for name in self._configured:
            now = self.status(name)
            found[name] = -1 if now is None or now["pid"] is None else now["pid"]
        return found

    def processes(self) -> list[Seen]:
        """Everything that is in its pid namespace, zombies included."""
        found = []
        for entry in filter(str.isdecimal, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if self._namespace_of(int(entry)) == self._namespace:
                    found.append(_seen(int(entry)))
        return sorted(found, key=lambda seen: seen.inner)

    def zombies(self) -> list[Seen]:
        return [seen for seen in self.processes() if seen.state == "Z"]

    def outer(self, inner: int) -> int:
        """The pid by which the outer world knows one of within."""
        return next(seen.outer for seen in self.processes() if seen.inner == inner)

    def kill(self, inner: int, signum: int = signal.SIGKILL) -> None:
        """Send a signal to a process by its pid within."""
        os.kill(self.outer(inner), signum)

    @staticmethod
    def _namespace_of(pid: int) -> str:
        # Not that for children: a zombie has let go of that already, and of this as well.
        return _status_line(pid, "NSpid") and os.readlink(f"/proc/{pid}/ns/pid")

    # From within

    def entering(self, *more: str) -> list[str]:
        """The beginning of a command that is to run in the container, as its user."""
        user = ["-S", str(self.uid), "-G", str(self.gid)]
        if os.getuid() != 0:
            user = ["-U", "--preserve-credentials"]
        return ["nsenter", "-t", str(self.pid), "-m", "-p", "-n", "-i", "-u", *user, *more, "--"]

    def entering_network(self) -> list[str]:
        """The beginning of a command that is to run outside, but for the network."""
        user = [] if os.getuid() == 0 else ["-U", "--preserve-credentials"]
        return ["nsenter", "-t", str(self.pid), "-n", *user, "--"]

    def exec(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """What ``docker exec`` does."""
        found = subprocess.run(
            [*self.entering(), *command],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert not check or found.returncode == 0, found
        return found

    def ask(self, kind: str, name: str | None = None, **others: Any) -> None:
        """Write a request."""
        named = {} if name is None else {"name": name}
        contents = json.dumps({"type": kind, **named, **others}).encode()
        place_in(self.colony / "messages", contents)


def fill(directory: Path) -> Path:
    """Take all that is left of a file system, besides what was taken before; what takes it."""
    path = directory / ".filler"
    with path.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
    return path


def place_in(directory: Path, contents: bytes) -> None:
    place(directory / f"r{time.monotonic_ns()}", contents)


def _status_line(pid: int, key: str) -> str:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return line.partition(":")[2].strip()
    return ""


def _seen(pid: int) -> Seen:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    command = " ".join(words).strip() or _status_line(pid, "Name")
    inner = int(_status_line(pid, "NSpid").split()[-1])
    return Seen(pid, inner, command, proc_state(pid), int(_status_line(pid, "PPid")))


@contextlib.contextmanager
def a_container(folder: Path) -> Iterator[Container]:
    """A container that is ended at the end, by whatever it takes."""
    found = Container(folder)
    try:
        yield found
    finally:
        found.clean_up()
