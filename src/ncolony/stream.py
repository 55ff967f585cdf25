"""One pipe of a process, what becomes of the bytes in it, and where they go.

A ``Port`` is a place for bytes, the monitor's log or a file, with all pipes that lead there: while
it takes no more, they are not read, and their writers wait. A ``Route`` makes lines of what a
pipe gives. Both are shared by many streams, of which there are ten thousand.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sys
import termios
from collections.abc import Callable
from typing import Protocol

from .framing import Frame

#: A pipe's capacity on Linux, pipe(7); one read empties it.
BLOCK = 1 << 16
#: What holds no more than this isn't full: each write(2) begins with a page of its own, so that the
#: last page of a full pipe may have a single byte.
NOT_FULL = BLOCK - 4096
#: A line without an end is written in pieces of this size; until then it is kept whole.
MAX_LINE = 1 << 20

_NOTHING = bytes(4)


class ISink(Protocol):
    """Where lines go. ``trouble`` is what keeps it from taking more, for people."""

    trouble: str | None
    resume: Callable[[], None]
    changed: Callable[[], None]

    def write(self, block: bytes) -> bool:
        """Take bytes; False when it can take no more until it calls ``resume``."""

    def close(self) -> None:
        """Wait for nothing."""


class IReadiness(Protocol):
    """Tells which pipes have something to read."""

    def add(self, fd: int) -> None: ...
    def remove(self, fd: int) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None: ...


class Port:
    """A place for bytes, and the readiness of the pipes that lead there.

    ``place`` takes bytes, and returns False when it can take no more for now.
    """

    __slots__ = ("_place", "_readiness", "held")

    def __init__(self, place: Callable[[bytes], bool], readiness: IReadiness) -> None:
        self._place = place
        self._readiness = readiness
        self.held = False

    def write(self, block: bytes) -> None:
        """Pass on bytes; where the place takes no more, all its pipes wait from then on."""
        if block and not self._place(block) and not self.held:
            self.held = True
            self._readiness.pause()

    def go_on(self) -> None:
        """The place takes more again, unless ``held`` is set again meanwhile."""
        self._readiness.resume()

    def attach(self, stream: Stream) -> None:
        """Watch a pipe. Raises OSError."""
        self._readiness.add(stream.fd)

    def detach(self, stream: Stream) -> None:
        self._readiness.remove(stream.fd)


class Route:
    """What becomes of a stream's bytes: whole lines, each framed."""

    __slots__ = ("_frame", "port", "shape")

    def __init__(self, port: Port, shape: tuple[object, ...], frame: Frame) -> None:
        self.port = port
        self.shape = shape
        self._frame = frame

    def lines(self, stream: Stream, block: bytes) -> bytes:
        """What there is to write once a block has come."""
        end = block.rfind(b"\n") + 1
        if end:
            lines = self._frame(stream.name, bytes(stream.partial) + block[:end])
            stream.partial = block[end:]
            return lines
        if not isinstance(stream.partial, bytearray):
            stream.partial = bytearray(stream.partial)  # a line in tiny pieces is copied once
        stream.partial += block
        return self.last_line(stream) if len(stream.partial) > MAX_LINE else b""

    def last_line(self, stream: Stream) -> bytes:
        """What there is of a line that will have no end."""
        rest, stream.partial = stream.partial, b""
        return self._frame(stream.name, bytes(rest) + b"\n") if rest else b""


class RawRoute(Route):
    """Bytes as they come: ``partial`` is the line end that an unfinished line lacks."""

    __slots__ = ()

    def lines(self, stream: Stream, block: bytes) -> bytes:
        stream.partial = b"" if block[-1:] == b"\n" else b"\n"
        return block

    def last_line(self, stream: Stream) -> bytes:
        rest, stream.partial = stream.partial, b""
        return bytes(rest)

    def by_lines(self) -> Route:
        """The same for whole lines."""
        return Route(self.port, self.shape, self._frame)


class Stream:
    """A pipe: its reading end, the writing end or -1 where the monitor doesn't keep that, the
    process's name, the way of what is read, and what is left of a line that has no end yet."""

    __slots__ = ("fd", "name", "partial", "route", "writer")

    def __init__(self, fd: int, writer: int, name: str, route: Route) -> None:
        self.fd = fd
        self.writer = writer
        self.name = name
        self.route = route
        self.partial: bytes | bytearray = b""


def open_pipe(limit: int) -> tuple[int, int]:
    """A pipe whose reading end doesn't block; its ends. Raises OSError, also beyond ``limit``."""
    fd, writer = os.pipe()
    if writer >= limit:  # the rest is for files and directories
        os.close(fd)
        os.close(writer)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    os.set_blocking(fd, False)
    return fd, writer


def open_again(fd: int) -> int:
    """Another writing end of a pipe. Raises OSError where there is no /proc."""
    return os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_CLOEXEC)


def waiting_bytes(fd: int) -> int:
    """How much a pipe holds: at most ends nothing, and an exception would cost more."""
    found = fcntl.ioctl(fd, termios.FIONREAD, _NOTHING)
    return 0 if found == _NOTHING else int.from_bytes(found, sys.byteorder)
