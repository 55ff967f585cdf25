"""A log file that can't be written: its output waits, or is dropped and counted.

Either way nothing that was written is written again, and it is tried again each second.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from .logfile import LogFile


class Waiting:
    """The output waits: in its pipe, and here what was read of it already."""

    def __init__(self, file: LogFile, rest: bytes) -> None:
        self._file = file
        self._blocks = [rest]
        self.over = False

    def __str__(self) -> str:
        return f"output waits: {fault(self._file)}"

    @property
    def rest(self) -> bytes:
        """What has to be written first once there is room."""
        return b"".join(self._blocks)

    def take(self, block: bytes) -> bool:
        """Keep bytes; the pipe has to wait."""
        self._blocks.append(block)
        return False

    def retry(self) -> None:
        """Go on where the last write stopped."""
        self._blocks = [self._file.write(self.rest)]
        self.over = self._file.error is None


class Dropping:
    """The output is dropped, until there is room and a line begins.

    ``notice`` makes a line of what is to be said of it in the file itself.
    """

    def __init__(self, file: LogFile, rest: bytes, notice: Callable[[str], bytes]) -> None:
        self._file = file
        self._notice = notice
        self._lines = 0
        self._size_bytes = 0
        self._in_a_line = False  # what was dropped last has no line end
        self._ready = False  # to be tried with the next line
        self.over = False
        self._drop_rest(rest)

    def __str__(self) -> str:
        count = f"; {self._count}" if self._size_bytes else ""
        return f"output is dropped: {fault(self._file)}{count}"

    @property
    def _count(self) -> str:
        lines = self._lines + self._in_a_line
        return f"{lines} line{'' if lines == 1 else 's'} ({self._size_bytes} bytes)"

    def take(self, block: bytes) -> bool:
        """Drop bytes; where it is time to try again, no more than to the next line's beginning."""
        at = len(block)
        if self._ready:
            at = (block.find(b"\n") + 1 or at) if self._in_a_line else 0
        self._drop(block[:at])
        if self._ready and not self._in_a_line:
            self._go_on(block[at:])
        return True

    def retry(self) -> None:
        """Try again now where a line begins, or else with the next one."""
        self._ready = True
        if not self._in_a_line:
            self._go_on(b"")

    def _go_on(self, block: bytes) -> None:
        self._ready = False
        try:
            if self._size_bytes:
                verb = "was" if self._lines == 1 else "were"
                self._file.say(self._notice(f"{self._count} {verb} dropped"))
        except OSError as error:
            self._file.error = error
            self._drop(block)
            return
        self._lines = self._size_bytes = 0
        rest = self._file.write(block)
        self.over = self._file.error is None
        if not self.over:
            self._drop_rest(rest)

    def _drop_rest(self, rest: bytes) -> None:
        """Drop what a write has left, and what it wrote of a line."""
        with contextlib.suppress(OSError):
            self._size_bytes += self._file.take_back()
        self._drop(rest)

    def _drop(self, block: bytes) -> None:
        if block:
            self._lines += block.count(b"\n")
            self._size_bytes += len(block)
            self._in_a_line = not block.endswith(b"\n")


def fault(file: LogFile) -> str:
    """What keeps a file from being written, for people."""
    reason = file.error.strerror if file.error is not None else "not tried again yet"
    return f"{reason} ({file.path})"
