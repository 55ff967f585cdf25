"""The monitor's log as a place for blocks of lines, in order.

A file takes what it is given, unless its disk is full. A pipe, a socket or a terminal takes as
much as its reader makes room for. What can't be written yet is kept and written later; until
then the children wait, each at its own pipe, and the monitor doesn't. The log's descriptor isn't
switched to non-blocking for that, since others may share it: poll(2) says when a piece will do.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import stat
from collections.abc import Callable
from typing import Any, Protocol

from .descriptors import Ready

#: What a pipe takes without blocking when poll(2) calls it writable: one page, pipe(7).
PIECE = 4096
#: How long until a log that couldn't be written, a full disk say, is tried again.
RETRY_S = 1.0
#: The monitor's own lines are dropped, and counted, beyond this many bytes that wait.
MAX_WAITING = 1 << 20


class ILog(Protocol):
    """Where the monitor's log goes."""

    def fileno(self) -> int:
        """The descriptor to write to now; a rotated log gets a new one."""

    def wrote(self, size_bytes: int) -> None:
        """So much has been written; the time to rotate, between two lines."""


class Descriptor:
    """A log that is a descriptor and stays one. Provides ILog."""

    def __init__(self, fd: int) -> None:
        self._fd = _own_terminal(fd)

    def fileno(self) -> int:
        return self._fd

    def wrote(self, size_bytes: int) -> None:
        """Nothing rotates it."""


class Sink:
    """Writes blocks to a log. ``trouble`` is what keeps it from that, None when all is well.

    ``notice`` makes a line of what it has to say itself. ``changed`` is called when ``trouble``
    changes, ``resume`` when all that had to wait is written.
    """

    def __init__(
        self, reactor: Any, log: ILog, notice: Callable[[str], bytes] | None = None
    ) -> None:
        self._notice = notice or _as_text
        self._reactor = reactor
        self._log = log
        self._waiting: list[bytes] = []
        self._retry: Any = None
        self._room: Ready | None = None
        self._gone = False
        self.dropped = 0
        self.trouble: str | None = None
        self.changed: Callable[[], None] = _nothing
        self.resume: Callable[[], None] = _nothing

    def write(self, block: bytes) -> bool:
        """Write a block, or keep it; False when it, or one before it, has to wait."""
        if self._gone:
            return True
        if self._waiting:
            self._waiting.append(block)
            return False
        rest = self._put(block)
        if not rest:
            return True
        self._waiting.append(rest)
        return False

    def write_own(self, block: bytes) -> None:
        """Write a line of the monitor's; where too much waits, its number will be said."""
        if self._waiting and sum(map(len, self._waiting)) > MAX_WAITING:
            self.dropped += 1
        else:
            self.write(block)

    def flush(self) -> None:
        """Write what waits, as far as it goes now."""
        while self._waiting:
            rest = self._put(self._waiting[0])
            if rest:
                self._waiting[0] = rest
                return
            del self._waiting[:1]
            if not self._waiting and self.dropped:
                said = f"{self.dropped} lines of its own were dropped"
                self._waiting.append(self._notice(said))
                self.dropped = 0
        if not self._gone:
            self._say(None)
        self.resume()

    def close(self) -> None:
        """Try once more what waits, and wait for nothing."""
        self.resume = _nothing
        if self._waiting:
            self.flush()
        self._stop_waiting()

    def _put(self, block: bytes) -> bytes:
        """What couldn't be written of a block, and has to wait."""
        view = memoryview(block)
        try:
            fd = self._log.fileno()
            piece = len(block) if stat.S_ISREG(os.fstat(fd).st_mode) else PIECE
            while view:
                if piece == PIECE and not _writable(fd):
                    self._wait_for_room(fd)
                    return bytes(view)
                view = view[os.write(fd, view[:piece]) :]
        except BlockingIOError:
            self._wait_for_room(fd)
            return bytes(view)
        except OSError as error:
            return self._failed(error, bytes(view))
        self._stop_waiting()
        self._log.wrote(len(block))
        return b""

    def _failed(self, error: OSError, rest: bytes) -> bytes:
        if error.errno in (errno.EPIPE, errno.ECONNRESET):
            self._say("the log's reader is gone: what it does not read is lost")
            self._gone = True
            self._waiting.clear()
            self._stop_waiting()
            return b""
        self._say(f"cannot write the log: {error.strerror}; children with output wait")
        if self._retry is None:
            self._retry = self._reactor.callLater(RETRY_S, self._try_again)
        return rest

    def _say(self, trouble: str | None) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self.changed()

    def _try_again(self) -> None:
        self._retry = None
        self.flush()

    def _wait_for_room(self, fd: int) -> None:
        if self._room is None:
            self._room = Ready(fd, self.flush)
            self._reactor.addWriter(self._room)

    def _stop_waiting(self) -> None:
        if self._room is not None:
            self._reactor.removeWriter(self._room)
            self._room = None
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None


class SinkFile:
    """A text file for a log observer of Twisted's whose lines go through a sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, text: str) -> None:
        """Write lines of the monitor's own."""
        self._sink.write_own(text.encode("utf-8", "backslashreplace"))

    def flush(self) -> None:
        """Nothing is held back here."""


def _as_text(said: str) -> bytes:
    return f"ncolony: {said}\n".encode()


def _own_terminal(fd: int) -> int:
    """A terminal that may block: the same one, opened anew so that it doesn't.

    A write to a terminal that was stopped waits, whatever poll(2) said.
    """
    if os.isatty(fd):
        with contextlib.suppress(OSError):
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            return os.open(os.ttyname(fd), flags)
    return fd


def _writable(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return bool(poll.poll(0))


def _nothing() -> None:
    """Nobody waits for the sink."""
