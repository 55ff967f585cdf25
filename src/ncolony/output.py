"""Children's output: from their pipes to where ``log`` says, once, in order, as whole lines.

Blocks are moved, not log events: a block of 64 KB is read, prefixed and written in about the
time that one event takes (ADR 0005). ``stream`` says what becomes of a block, ``sink`` writes the
monitor's log, ``logfiles`` the files of a process (ADR 0013).

Nobody waits for a pipe to close: what a run wrote is read when its process has ended, and a
grandchild that holds the pipe goes on writing to it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from .isystem import NOWHERE, ITimer, Writers
from .logspec import LogSpec
from .pipes import Pipes
from .pipesize import PipeSizes
from .readiness import EpollReadiness, ReactorReadiness
from .routes import Routes, shape
from .spec import ProcessSpec
from .stream import BLOCK, NOT_FULL, ISink, Port, Stream, waiting_bytes

if TYPE_CHECKING:
    from .logfiles import LogFiles

__all__ = ["ISink", "Output"]

#: A writing end is kept only while its number is below this: every descriptor that is open makes
#: each start slower by 0.1 us, for the kernel copies the table of them, and closes the copies.
KEEP_BELOW = 256
NO_LIMIT = 1 << 30
#: The log of a process whose file says nothing, where the options say nothing.
MONITOR = LogSpec()
INHERITED = Writers(1, 2)
_PIPELESS = {"inherit": INHERITED, "none": NOWHERE}


class Output:
    """The pipes of all processes. Provides IOutput of ``isystem``.

    ``readiness`` makes what calls its argument for each descriptor that can be read. Writing ends
    are kept while their numbers are below ``keep_below``; a pipe is none too many while they are
    below ``limit``. ``default`` is the log of those whose file says nothing; ``logs`` is the
    directory of log files. ``changed`` is called with the name of a process whose ``trouble`` is
    another now.
    """

    def __init__(
        self,
        sink: ISink,
        readiness: Callable[[Callable[[int], bool]], EpollReadiness | ReactorReadiness],
        keep_below: int = KEEP_BELOW,
        limit: int = NO_LIMIT,
        *,
        default: LogSpec = MONITOR,
        logs: str = "",
        call_later: Callable[..., ITimer] | None = None,
        utc: Callable[[], float] = time.time,
        changed: Callable[[str], None] | None = None,
        write: Callable[[int, bytes], int] = os.write,
    ) -> None:
        self._default = default
        self._sink = sink
        self._files: LogFiles | None = None
        self._about_files = (logs, call_later or _no_timer, utc, changed or _nobody, limit, write)
        make_readiness = partial(readiness, self.read)
        self._routes = Routes(sink, self._log_files, make_readiness, self._resume, utc)
        self._sizes = PipeSizes()
        self._pipes = Pipes(keep_below, limit)
        #: Where runs have ended in what wasn't read yet: after so many bytes, and so many more.
        self._ends: dict[Stream, list[int]] = {}

    # Runs

    def writers(self, spec: ProcessSpec) -> Writers:
        """Descriptors for one run's standard output and error. Raises OSError."""
        name, log = spec.name, spec.log or self._default
        streams = self._pipes.of(name)
        if streams and streams[0].route.shape != shape(log):
            self.forget(name)
            streams = ()
        if log.to in _PIPELESS:
            return _PIPELESS[log.to]
        if streams:
            if log.to == "files":
                self._routes.use(name, log)
            found = self._pipes.writers(name)
            if found is not None:
                return found
        return self._pipes.open(name, self._routes.of(name, log))

    def started(self, name: str, writers: Writers) -> None:
        """The run has its own copies now, or never came to be."""
        self._pipes.started(name, writers)

    def ended(self, name: str) -> None:
        """Pass on what an ended process still had to say, and end its last line.

        While the place for it takes nothing, it stays in the pipe, and where it ends is kept.
        """
        for stream in self._pipes.of(name):
            self._end_of_run(stream)

    def forget(self, name: str) -> None:
        """The process is no more; its pipe is read until its last holder lets go."""
        self._pipes.leave(name)
        self._routes.forget(name)

    # Files

    def rotate(self, name: str) -> str | None:
        """Begin new files; the reason where that can't be done."""
        streams = self._pipes.of(name)
        if not streams:
            return f"{name} has no log files open"
        if streams[0].route.shape[0] != "files":
            return f"{name} does not log to files"
        return self._log_files().rotate(name)

    def rotate_all(self) -> None:
        """Begin new files wherever there are files."""
        if self._files is not None:
            self._files.rotate_all()

    def reopen(self) -> None:
        """Begin new files where somebody moved or removed some."""
        if self._files is not None:
            self._files.reopen()

    def compress_no_more(self) -> None:
        """The end has begun, and waits for no compressor."""
        if self._files is not None:
            self._files.compress_no_more()

    def trouble(self, name: str) -> str | None:
        """What keeps a process's output back, or was lost of it; for people."""
        return None if self._files is None else self._files.trouble(name)

    def reaped(self, pid: int, ok: bool) -> None:
        """A child has ended that is none of the colony's processes; ``ok``: with code 0."""
        if self._files is not None:
            self._files.reaped(pid, ok)

    def _log_files(self) -> LogFiles:
        """Made, and their modules imported, by the first process that asks for files."""
        if self._files is None:
            from .logfiles import LogFiles

            self._files = LogFiles(*self._about_files)
        return self._files

    # Reading

    def read(self, fd: int) -> bool:
        """Pass on a block; whether there may be more, and room for it."""
        stream = self._pipes.by_fd[fd]
        route = stream.route
        port = route.port
        if port.held:
            return False
        try:
            block = os.read(fd, BLOCK)
        except BlockingIOError:
            return False
        if not block:
            self._close(stream)
            return False
        port.write(route.lines(stream, block))
        if len(block) <= NOT_FULL:
            return False
        self._sizes.full(fd)
        return not port.held

    def _end_of_run(self, stream: Stream, *, though_held: bool = False) -> None:
        waiting = waiting_bytes(stream.fd)
        if waiting or stream.partial:
            ends = self._ends.setdefault(stream, [])
            if not ends or waiting > sum(ends):
                ends.append(waiting - sum(ends))
            self._read_to_end(stream, though_held=though_held)

    def _read_to_end(self, stream: Stream, *, though_held: bool = False) -> None:
        """Pass on what runs that have ended left in a pipe; somebody else may be filling it."""
        ends = self._ends[stream]
        while ends and (though_held or not stream.route.port.held):
            if ends[0] > 0:
                block = os.read(stream.fd, min(ends[0], BLOCK))
                ends[0] -= len(block)
                stream.route.port.write(stream.route.lines(stream, block))
            else:
                del ends[0]
                stream.route.port.write(stream.route.last_line(stream))
        if not ends:
            del self._ends[stream]

    def _resume(self, port: Port) -> None:
        """A place takes bytes again: first come those of the dead."""
        port.held = False
        for stream in [each for each in self._ends if each.route.port is port]:
            self._read_to_end(stream)
        if not port.held:
            port.go_on()

    # The end

    def _close(self, stream: Stream) -> None:
        """The last one who could write has let go."""
        stream.route.port.write(stream.route.last_line(stream))
        if stream in self._pipes.of(stream.name):
            self._pipes.leave(stream.name)
        self._pipes.drop(stream)
        self._sizes.closed(stream.fd)
        self._ends.pop(stream, None)
        self._routes.detached(stream.route.port)

    def close(self) -> None:
        """Read what is left, and let go of all pipes."""
        for stream in list(self._pipes.by_fd.values()):
            self._end_of_run(stream, though_held=True)
            self._close(stream)
        if self._files is not None:
            self._files.close()
        self._routes.close()
        self._sink.close()


class _NoTimer:
    """In the place of timers where there are none."""

    def cancel(self) -> None:
        """Nothing would be called."""


def _no_timer(delay_s: float, function: Callable[..., None], *args: object) -> ITimer:
    return _NoTimer()


def _nobody(name: str) -> None:
    """Nobody wants to know."""
