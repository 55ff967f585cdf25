"""Rotated files are compressed one at a time, by gzip or zstd in a process of low priority.

The compressor reads a file as its standard input and writes one of a temporary name. Once it has
ended well, sync(1) brings that to the disk, it gets its name by rename(2), and the original goes:
whoever is killed in between, there is a whole file, and the next look at the directory begins
again or cleans up. The file that goes may have been on the disk for long: without sync, an
empty one could be all that a power failure leaves of it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Callable
from typing import NamedTuple

from . import logdir

COMMANDS = {"gzip": ("gzip", "-c"), "zstd": ("zstd", "-q", "-c")}
#: Where there is no such program, or it fails, the kernel will do it, half a minute later.
SYNC = ("sync", "/dev/stdin")
#: The nicest there is: whatever else wants the processor goes first.
NICENESS = 19
#: These are ignored by Python itself, and must not be by a child.
_DEFAULT = (signal.SIGPIPE, signal.SIGXFSZ)


class Job(NamedTuple):
    """A file to compress, in its directory; ``done`` gets None, or why it stays as it is."""

    directory: str
    name: str
    method: str
    done: Callable[[str | None], None]

    @property
    def target(self) -> str:
        return self.name + logdir.SUFFIXES[self.method]


class Compressor:
    """A queue of files, and the process that compresses the first of them."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], Job] = {}
        self._job: Job | None = None
        self._pid = 0
        self._synced = False
        self._closed = False

    def add(self, job: Job) -> None:
        """Have a file's turn come; one that waits already waits once."""
        if self._closed:
            return
        if self._job is None or self._job[:2] != job[:2]:
            self._waiting.setdefault(job[:2], job)
            self._next()

    def writes(self, directory: str, name: str) -> bool:
        """Whether this temporary file is being written now."""
        job = self._job
        if job is None or job.directory != directory:
            return False
        return logdir.unfinished(job.target) == name

    def reaped(self, pid: int, ok: bool) -> None:
        """A child has ended that is none of the colony's processes; it may be ours."""
        if pid != self._pid or self._job is None:
            return
        ok = ok or self._synced
        if ok and not self._synced:
            self._synced = True
            if self._sync(self._job):
                return
        job, self._job, self._pid = self._job, None, 0
        command = COMMANDS[job.method][0]
        reason = None if ok else f"{command} failed"
        try:
            with logdir.directory(job.directory) as at:
                self._settle(at, job, ok)
        except FileNotFoundError:
            reason = None  # whoever removed it doesn't want it compressed
        except OSError as error:
            reason = str(error.strerror)
        job.done(reason)
        self._next()

    def close(self) -> None:
        """Compress nothing more: the next monitor will."""
        self._closed = True
        self._waiting.clear()
        if self._job is None:
            return
        job, self._job = self._job, None
        with contextlib.suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)
        with contextlib.suppress(OSError), logdir.directory(job.directory) as at:
            os.unlink(logdir.unfinished(job.target), dir_fd=at)

    def _next(self) -> None:
        while self._waiting and self._job is None:
            job = self._waiting.pop(next(iter(self._waiting)))
            try:
                with logdir.directory(job.directory) as at:
                    self._pid = self._begin(at, job)
                self._job, self._synced = job, False
            except FileNotFoundError:
                continue  # it went meanwhile
            except OSError as error:
                job.done(str(error.strerror))

    def _begin(self, at: int, job: Job) -> int:
        source = logdir.open_to_read(at, job.name)
        try:
            target = logdir.open_new(at, logdir.unfinished(job.target))
            try:
                return _spawn(COMMANDS[job.method], source, target)
            except OSError:
                os.unlink(logdir.unfinished(job.target), dir_fd=at)
                raise
            finally:
                os.close(target)
        finally:
            os.close(source)

    def _sync(self, job: Job) -> bool:
        """Begin to bring a compressed file to the disk; whether that will be heard of."""
        try:
            with logdir.directory(job.directory) as at:
                written = logdir.open_to_read(at, logdir.unfinished(job.target))
                try:
                    self._pid = _spawn(SYNC, written, written)
                finally:
                    os.close(written)
        except OSError:
            return False
        return True

    @staticmethod
    def _settle(at: int, job: Job, ok: bool) -> None:
        aside = logdir.unfinished(job.target)
        if ok and logdir.exists(at, job.name):
            os.rename(aside, job.target, src_dir_fd=at, dst_dir_fd=at)
            os.unlink(job.name, dir_fd=at)
        else:
            os.unlink(aside, dir_fd=at)


def _spawn(command: tuple[str, ...], source: int, target: int) -> int:
    path = shutil.which(command[0])
    if path is None:
        raise NotFound(f"{command[0]} is not on PATH")
    actions = [
        (os.POSIX_SPAWN_DUP2, source, 0),
        (os.POSIX_SPAWN_DUP2, target, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    pid = os.posix_spawn(
        path,
        command,
        {"LC_ALL": "C"},
        file_actions=actions,
        setsid=True,
        setsigmask=(),
        setsigdef=_DEFAULT,
    )
    _be_nice(pid)
    return pid


class NotFound(OSError):
    """There is no such program."""

    def __init__(self, text: str) -> None:
        super().__init__(0, text)


def _be_nice(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
    # Where sessions are scheduled as groups, niceness counts inside of the session only, sched(7).
    with contextlib.suppress(OSError), open(f"/proc/{pid}/autogroup", "w", encoding="ascii") as f:
        f.write(str(NICENESS))
