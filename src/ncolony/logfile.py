"""The files of one stream: ``current``, which grows, and what it was before.

Bytes go from a read to write(2) with as little between as can be; only near a file's end it is
looked where lines end, so that none is torn between two files.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import NamedTuple

from . import logdir
from .age import Age
from .isystem import ITimer
from .logspec import LogSpec
from .rotation import AWAIT_LINE_END, NEAR_THE_END, next_us, portion, stamp

_NEVER = -1
_UNBOUNDED = 1 << 62


class Around(NamedTuple):
    """What log files need of the world.

    ``limit`` is the first number that no descriptor may have. ``opened`` is called with a file
    that was opened and its directory's descriptor; it returns the time in the newest rotated
    file's name, in microseconds, or 0.
    """

    call_later: Callable[..., ITimer]
    utc: Callable[[], float]
    write: Callable[[int, bytes], int]
    limit: int
    opened: Callable[[LogFile, int], int]


class LogFile:
    """``current`` in a directory, and its rotation. Errors are in ``error``, never raised.

    ``name`` is the process's, ``beginning`` is what the names of its files begin with. ``too_old``
    is called when the file is that: ``rotate`` does what is to be done.
    """

    def __init__(
        self,
        directory: str,
        name: str,
        beginning: str,
        spec: LogSpec,
        around: Around,
        too_old: Callable[[], object],
    ) -> None:
        self.directory = directory
        self.name = name
        self.beginning = beginning
        self.spec = spec
        self.error: OSError | None = None
        self._around = around
        self._fd = -1
        self._size = 0
        self._line_at = 0  # where the last line begins; the size, where that has its end
        self._easy_size = _NEVER  # up to here nothing but writing has to be done
        self._due = False
        self._held_back = b""  # a line that may have no room here, until its end has come
        self._last_us = 0
        self._age = Age(around.call_later, around.utc, too_old)

    @property
    def path(self) -> str:
        return f"{self.directory}/{self._current}"

    @property
    def _current(self) -> str:
        return self.beginning + logdir.CURRENT

    @property
    def _whole(self) -> bool:
        return self._line_at == self._size

    # Bytes

    def write(self, block: bytes) -> bytes:
        """Write bytes; those that couldn't be written, where there is an ``error``."""
        if self._size + len(block) <= self._easy_size:
            try:
                block = self._append(block)
            except OSError as error:
                return self._stopped(error, block)
            if not block:
                return b""
        return self._write_by_lines(block)

    def _write_by_lines(self, block: bytes) -> bytes:
        block, self._held_back = self._held_back + block, b""
        try:
            self._be_open()
            self.error = None
            if self._due and self._whole:
                self._begin_anew()
            while block:
                size = portion(block, self._size, self._whole, self.spec.max_size, self._due)
                if size == AWAIT_LINE_END:
                    self._held_back, block = block, b""
                elif size == 0:
                    self._begin_anew()
                else:
                    block = self._append(block[:size]) + block[size:]
        except OSError as error:
            return self._stopped(error, block)
        self._reckon()
        return b""

    def _append(self, block: bytes) -> bytes:
        """Write what can be; the rest."""
        wrote = self._around.write(self._fd, block)
        at = block.rfind(b"\n", 0, wrote) + 1
        if at:
            self._line_at = self._size + at
        self._size += wrote
        return block[wrote:]

    def _stopped(self, error: OSError, rest: bytes) -> bytes:
        self.error = error
        self._easy_size = _NEVER
        return rest

    def _reckon(self) -> None:
        """Begin the file's age with its first bytes; up to which size is all easy?"""
        if self._size:
            self._age.begin(self.spec.max_age)
        ageless = self.spec.max_age is not None and not self._age.runs
        stopped = self._fd < 0 or self.error is not None
        if stopped or self._held_back or self._due or ageless:
            self._easy_size = _NEVER
        elif self.spec.max_size is None:
            self._easy_size = _UNBOUNDED
        else:
            self._easy_size = self.spec.max_size - NEAR_THE_END

    def take_back(self) -> int:
        """Remove the beginning of a line whose rest will not follow; its bytes. Raises OSError."""
        cut = self._size - self._line_at
        if cut:
            if os.fstat(self._fd).st_size >= self._size:  # else somebody emptied the file
                os.ftruncate(self._fd, self._line_at)
            self._size = self._line_at
        return cut

    def say(self, line: bytes) -> None:
        """After an error, write a line whole or not at all. Raises OSError."""
        self._be_open()
        self.error = None
        self.take_back()
        limit = self.spec.max_size
        if self._due or (limit is not None and self._size and self._size + len(line) > limit):
            self._begin_anew()
        if self._append(line):
            self.take_back()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.error = None
        self._reckon()

    # Files

    def open(self) -> bytes:
        """Be ready for the first bytes, as ``write`` is."""
        return self._write_by_lines(b"") if self._fd < 0 else b""

    def rotate(self) -> bytes:
        """Begin a new file as soon as the last line has its end; as ``write``."""
        self._due = True
        return self._write_by_lines(b"")

    def rotate_later(self) -> None:
        """Begin a new file with the next write after the last line's end."""
        self._due = True
        self._easy_size = _NEVER

    def is_there(self) -> bool:
        """Whether the file that is open is the one of its name."""
        if self._fd < 0:
            return True
        try:
            with logdir.directory(self.directory) as at:
                return logdir.is_at(at, self._current, self._fd)
        except OSError:
            return False

    def configure(self, spec: LogSpec) -> None:
        """Follow other rules from now on."""
        old, self.spec = self.spec, spec
        if spec.max_age != old.max_age:
            self._age.end()
            if self._fd >= 0 and self._size:
                self._age.go_on(spec.max_age, self._fd, self._last_us)
        self._reckon()

    def close(self) -> None:
        """Write nothing more."""
        self._age.end()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._easy_size = _NEVER

    def _be_open(self) -> None:
        if self.error is not None and self._fd >= 0 and os.fstat(self._fd).st_nlink == 0:
            # Who removes the file that fills a disk wants the room that it takes while it is open.
            self.close()
            self._size = self._line_at = 0
        if self._fd >= 0:
            return
        with logdir.directory(self.directory, make=True) as at:
            fd = logdir.open_to_append(at, self._current)
            try:
                if fd >= self._around.limit:
                    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
                size = os.fstat(fd).st_size
                if size and os.pread(fd, 1, size - 1) != b"\n":
                    size += self._around.write(fd, b"\n")
            except OSError:
                os.close(fd)
                raise
            self._fd, self._size, self._line_at = fd, size, size
            self._last_us = max(self._last_us, self._around.opened(self, at))
        if size:
            self._age.go_on(self.spec.max_age, fd, self._last_us)

    def _begin_anew(self) -> None:
        """Rotate; where somebody took the file away, leave it to them."""
        with logdir.directory(self.directory, make=True) as at:
            if logdir.is_at(at, self._current, self._fd):
                if self._size == 0:
                    self._due = False
                    return
                os.rename(self._current, self._next_name(at), src_dir_fd=at, dst_dir_fd=at)
        self._due = False
        self.close()
        self._be_open()

    def _next_name(self, at: int) -> str:
        while True:
            self._last_us = next_us(self._around.utc(), self._last_us)
            name = f"{self.beginning}{stamp(self._last_us)}.log"
            if not any(logdir.exists(at, name + suffix) for suffix in logdir.ALL_SUFFIXES):
                return name
