"""The real machine: clocks, signals and files, as ``isystem`` describes them."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .housekeeping import Housekeeping
from .isystem import Death, ITimer, Stamp, Start
from .sigchld import Handler, SignalFd, watch_deaths
from .signalnames import signal_number
from .spawn import Spawner
from .spec import ProcessSpec

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a symbolic link that leads nowhere",
}
_LEADS_NOWHERE = {errno.ENOENT, errno.ELOOP, errno.ENOTDIR}
#: Where a file is written before it is renamed; short, for a name may have 255 bytes.
ASIDE = ".writing.new"
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class System:
    """This machine, by way of a Twisted reactor. Provides ISystem."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._house = Housekeeping()
        self._spawner = Spawner(self._house)
        self._deaths: SignalFd | Handler | None = None
        self._named: list[int] = []
        self.mono = time.monotonic
        self.utc = time.time

    @property
    def descriptor_limit(self) -> int:
        """How many descriptors the monitor may have open."""
        return self._house.own_nofile[0]

    def close(self) -> None:
        """Give back what the monitor took of this process."""
        if self._deaths is not None:
            self._deaths.close()
        self._spawner.close()
        self._house.close()

    def call_later(self, delay_s: float, function: Callable[..., None], *args: object) -> ITimer:
        timer: ITimer = self._reactor.callLater(delay_s, function, *args)
        return timer

    # Processes

    def watch_deaths(self, function: Callable[[], None]) -> None:
        """Call ``function``, from the reactor, soon after children have ended."""

        def ended(pids: list[int]) -> None:
            self._named = pids
            function()

        self._deaths = watch_deaths(self._reactor, ended)

    def spawn(self, spec: ProcessSpec, output_fd: int | None) -> int:
        return self._spawner.spawn(spec, output_fd)

    def spawn_all(self, starts: Sequence[Start]) -> list[int | Exception]:
        return self._spawner.spawn_all(starts)

    def deaths(self) -> Iterator[Death]:
        named, self._named = self._named, []
        return self._spawner.deaths(named)

    def group_lives(self, pgid: int) -> bool:
        try:
            os.killpg(pgid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def signal_group(self, pgid: int, name: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pgid, signal_number(name))

    def signal_process(self, pid: int, name: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number(name))

    def signal_known(self, name: str) -> bool:
        try:
            signal_number(name)
        except ValueError:
            return False
        return True

    # Files

    def names(self, directory: str) -> list[str]:
        return os.listdir(directory)

    def stamp(self, directory: str, name: str) -> Stamp:
        path = f"{directory}/{name}"
        found = os.lstat(path)
        elsewhere = False
        if stat.S_ISLNK(found.st_mode):
            elsewhere = not _within(os.readlink(path))
            try:
                found = os.stat(path)
            except OSError as error:
                if error.errno not in _LEADS_NOWHERE:
                    raise
        kind = "file" if stat.S_ISREG(found.st_mode) else _KINDS[stat.S_IFMT(found.st_mode)]
        return Stamp(kind, hash(_identity(found)), found.st_mtime_ns, elsewhere)

    def read(self, directory: str, name: str, max_bytes: int) -> bytes:
        fd = os.open(f"{directory}/{name}", _READ)
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(0, f"found {_KINDS[stat.S_IFMT(found.st_mode)]}")
            contents = os.read(fd, min(max_bytes, found.st_size) + 1)
            while len(contents) <= max_bytes and (more := os.read(fd, max_bytes)):
                contents += more
            return contents
        finally:
            os.close(fd)

    def write(self, directory: str, name: str, contents: bytes) -> None:
        aside = f"{directory}/{ASIDE}"
        try:
            fd = os.open(aside, _WRITE, 0o644)
        except FileExistsError:  # of a monitor that was killed in the middle of this
            os.unlink(aside)
            fd = os.open(aside, _WRITE, 0o644)
        try:
            try:
                if os.write(fd, contents) < len(contents):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), aside)
            finally:
                os.close(fd)
            os.rename(aside, f"{directory}/{name}")
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(aside)
            raise

    def remove(self, directory: str, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{directory}/{name}")

    def move(self, directory: str, name: str, to_directory: str, to_name: str) -> None:
        os.rename(f"{directory}/{name}", f"{to_directory}/{to_name}")

    def make_directory(self, directory: str) -> None:
        os.makedirs(directory, mode=0o755, exist_ok=True)

    def link_target(self, directory: str, name: str) -> str | None:
        try:
            return os.readlink(f"{directory}/{name}")
        except OSError:
            return None


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _within(target: str) -> bool:
    """Whether a link stays where changes are noticed: beside itself, or behind ``..data``.

    That is how Kubernetes mounts a ConfigMap: ``web -> ..data/web``, and ``..data`` is swapped.
    """
    head, _, tail = target.partition("/")
    return (not tail and head not in ("", "..")) or (
        head == "..data" and ".." not in tail.split("/")
    )
