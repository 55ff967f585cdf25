"""Children's output: from their pipes to the monitor's log, as whole lines with a name before.

Blocks are moved, not log events: a block of 64 KB is read, prefixed and written in about the
time that one event takes (ADR 0005).

A process has one pipe, made at its first start. The monitor keeps both ends, so that a death
closes nothing and a restart opens nothing: each run gets the writing end that is there. Beyond
the first hundred processes only the reading end is kept; the next run then opens the same pipe
again, or gets a new one where nobody holds the old one any more. Nobody waits for a pipe to
close: what a run wrote is read when its process has ended, and a grandchild that holds the pipe
goes on writing to it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import termios
from collections.abc import Callable
from typing import Protocol

#: A pipe's capacity on Linux, pipe(7); one read empties it.
BLOCK = 1 << 16
#: A writing end is kept only while its number is below this: every descriptor that is open makes
#: each start slower by 0.1 us, for the kernel copies the table of them, and closes the copies.
KEEP_BELOW = 256
NO_LIMIT = 1 << 30
#: A line without an end is written in pieces of this size; until then it is kept whole.
MAX_LINE = 1 << 20
#: At a process's end its pipe is read until empty, but no further than this: somebody else may
#: be filling it faster than it is read.
MAX_LAST_WORDS = 1 << 20


_NOTHING = bytes(4)


class ISink(Protocol):
    """Where lines go. ``trouble`` is what keeps it from taking more, for people."""

    trouble: str | None
    resume: Callable[[], None]
    changed: Callable[[], None]

    def write(self, block: bytes) -> bool:
        """Take whole lines; False when it can take no more until it calls ``resume``."""

    def close(self) -> None:
        """Wait for nothing."""


class IReadiness(Protocol):
    """Tells which pipes have something to read."""

    def add(self, fd: int) -> None: ...
    def remove(self, fd: int) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None: ...


class Stream:
    """One pipe: its ends, what is put before each line, and a line that has no end yet.

    ``writer`` is -1 where the monitor doesn't keep that end.
    """

    __slots__ = ("fd", "partial", "prefix", "writer")

    def __init__(self, fd: int, writer: int, prefix: bytes) -> None:
        self.fd = fd
        self.writer = writer
        self.prefix = prefix
        self.partial = b""

    def lines(self, block: bytes) -> bytes:
        """The whole lines that a block completes, prefixed."""
        if self.partial:
            block = self.partial + block
        end = block.rfind(b"\n") + 1
        self.partial = block[end:]
        if len(self.partial) > MAX_LINE:
            return self._prefixed(block[:end]) + self.last_line()
        return self._prefixed(block[:end])

    def last_line(self) -> bytes:
        """What there is of a line that will have no end."""
        rest, self.partial = self.partial, b""
        return self._prefixed(rest + b"\n") if rest else b""

    def _prefixed(self, lines: bytes) -> bytes:
        if not lines:
            return b""
        return self.prefix + lines[:-1].replace(b"\n", b"\n" + self.prefix) + b"\n"


def _waiting(fd: int) -> bool:
    """Whether a pipe holds anything: at most ends it doesn't, and an exception costs more."""
    return fcntl.ioctl(fd, termios.FIONREAD, _NOTHING) != _NOTHING


class Output:
    """The pipes of all processes. Provides IOutput of ``supervisor``.

    ``readiness`` makes what calls its argument for each descriptor that can be read. Writing ends
    are kept while their numbers are below ``keep_below``; a pipe is none too many while they are
    below ``limit``.
    """

    def __init__(
        self,
        sink: ISink,
        readiness: Callable[[Callable[[int], object]], IReadiness],
        keep_below: int = KEEP_BELOW,
        limit: int = NO_LIMIT,
    ) -> None:
        self._keep_below = keep_below
        self._limit = limit
        self._sink = sink
        self._readiness = readiness(self.read)
        sink.resume = self._resume
        self._held = False
        self._kept: list[Stream] = []
        self._by_name: dict[str, Stream] = {}
        self._by_fd: dict[int, Stream] = {}

    def writer(self, name: str) -> int:
        """A descriptor for one run's standard output and error. Raises OSError."""
        stream = self._by_name.get(name)
        if stream is not None and stream.writer >= 0:
            return stream.writer
        if stream is not None:
            with contextlib.suppress(OSError):  # no /proc: the old pipe is read to its end
                return os.open(f"/proc/self/fd/{stream.fd}", os.O_WRONLY | os.O_CLOEXEC)
        fd, writer = os.pipe()
        if writer >= self._limit:  # the rest is for files and directories
            os.close(fd)
            os.close(writer)
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        os.set_blocking(fd, False)
        kept = writer if writer < self._keep_below else -1
        try:
            self._readiness.add(fd)
        except OSError:
            os.close(fd)
            os.close(writer)
            raise
        stream = Stream(fd, kept, os.fsencode(name) + b": ")
        self._by_name[name] = self._by_fd[fd] = stream
        return writer

    def started(self, name: str, writer: int | None) -> None:
        """The run has its own copy now, or never came to be."""
        if writer is not None and writer != self._by_name[name].writer:
            os.close(writer)

    def ended(self, name: str) -> None:
        """Pass on what an ended process still had to say, and end its last line.

        While the sink takes nothing, that is kept, as far as it is one pipe's content.
        """
        stream = self._by_name.get(name)
        if stream is None or not (stream.partial or _waiting(stream.fd)):
            return
        if self._held:
            self._keep_last_words(stream)
            return
        for _ in range(MAX_LAST_WORDS // BLOCK):
            if not self.read(stream.fd):
                break
        if stream.partial:
            self._write(stream.last_line())

    def forget(self, name: str) -> None:
        """The process is no more; its pipe is read until its last holder lets go."""
        stream = self._by_name.pop(name, None)
        if stream is not None and stream.writer >= 0:
            os.close(stream.writer)
            stream.writer = -1

    def read(self, fd: int) -> bool:
        """Pass on a block; False when there is none now, or no room for one."""
        stream = self._by_fd[fd]
        try:
            block = os.read(fd, BLOCK)
        except BlockingIOError:
            return False
        if not block:
            self._close(stream)
            return False
        lines = stream.lines(block)
        if lines:
            self._write(lines)
        return not self._held

    def _write(self, lines: bytes) -> None:
        if not self._sink.write(lines) and not self._held:
            self._held = True
            self._readiness.pause()

    def _keep_last_words(self, stream: Stream) -> None:
        """Have a dead run's last line end before the next run's first one begins."""
        if len(stream.partial) > BLOCK:
            return
        with contextlib.suppress(BlockingIOError):
            stream.partial += os.read(stream.fd, BLOCK)
        if stream.partial and not stream.partial.endswith(b"\n"):
            stream.partial += b"\n"
        self._kept.append(stream)

    def _resume(self) -> None:
        self._held = False
        while self._kept and not self._held:
            lines = self._kept.pop().lines(b"")
            if lines:
                self._write(lines)
        if not self._held:
            self._readiness.resume()

    def _close(self, stream: Stream) -> None:
        if stream.partial:
            self._write(stream.last_line())
        self._readiness.remove(stream.fd)
        os.close(stream.fd)
        if stream.writer >= 0:
            os.close(stream.writer)
        del self._by_fd[stream.fd]
        name = os.fsdecode(stream.prefix[:-2])
        if self._by_name.get(name) is stream:
            del self._by_name[name]

    def close(self) -> None:
        """Read what is left, and let go of all pipes."""
        for stream in list(self._by_fd.values()):
            for _ in range(MAX_LAST_WORDS // BLOCK):
                if not self.read(stream.fd):
                    break
            if stream.fd in self._by_fd:
                self._close(stream)
        self._readiness.close()
        self._sink.close()
