"""What a process said, from its own log files: those that were rotated, then the current one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from ..errors import CtlError
from .files import BLOCK, CURRENT, Rotated, inode, opened, rotated
from .finding import LONGEST_LINE, last_lines, last_lines_in, since, since_in
from .forms import named
from .tail import Tail


class ProcessLog:
    """A place in the files of one stream of a process.

    ``stream`` is what their names begin with: nothing, or ``stderr-``. ``complain`` is told of
    files that can't be read; they are passed over. ``prefix`` is the name to show before each
    line, None where there is none to be.
    """

    def __init__(
        self,
        directory: str,
        stream: str,
        complain: Callable[[CtlError], None],
        prefix: bytes | None,
    ) -> None:
        self.directory = directory
        self._stream = stream
        self._complain = complain
        self._prefix = prefix
        self._tail = Tail(os.path.join(directory, stream + CURRENT))
        self._pending: list[tuple[Rotated, int]] = []
        #: The newest of the rotated files that come before the current one.
        self._passed = ""

    def begin(self, lines: int | None, when: float | None) -> None:
        """Go to where so many lines before the end are (None: all), and none older than that."""
        self._tail.open()
        files = self._before_current()
        self._passed = files[-1].stem if files else ""
        wanted = lines
        end = self._tail.size()
        start = 0
        if when is not None:
            files = [file for file in files if file.until >= when]
            if not files and self._tail.begun:
                old = self._tail.changed_at() < when
                start = end if old else since(self._tail.fd, end, when)
        if wanted is not None and self._tail.begun:
            found = last_lines(self._tail.fd, end, wanted)
            start = max(start, found.offset)
            wanted -= found.lines
        self._tail.offset = start
        self._pending = self._last_of(files, wanted, when)

    def _last_of(
        self, files: list[Rotated], wanted: int | None, when: float | None
    ) -> list[tuple[Rotated, int]]:
        """The files that have these lines, the oldest first, and where to begin in each."""
        found: list[tuple[Rotated, int]] = []
        for i in reversed(range(len(files))):
            if wanted == 0:
                break
            offset = 0
            try:
                if when is not None and i == 0:
                    offset = since_in(files[i], when)
                if wanted is not None:
                    last = last_lines_in(files[i], wanted)
                    offset = max(offset, last.offset)
                    wanted -= last.lines
            except CtlError as error:
                self._complain(error)
                continue
            found.append((files[i], offset))
        return found[::-1]

    def changed_at(self) -> float:
        """When it was written to last, in seconds since 1970; 0 where it never was."""
        return self._tail.changed_at() or max((file.until for file, _ in self._pending), default=0)

    def blocks(self, *, last: bool = False) -> Iterator[bytes]:
        """What has come since the place where it is: blocks of whole lines.

        ``last``: nothing is read after this, so a line that has no end yet comes as it is.
        """
        while True:
            for file, offset in self._pending:
                yield from self._contents(file, offset)
            self._pending = []
            replaced = self._tail.is_replaced()
            yield from self._tail.lines()  # where it is replaced, to its very end
            if replaced:
                yield from _ended(self._tail.unended())
            if not replaced or not self._went_on():
                break
        rest = self._tail.unended() if last else b""
        if rest:
            yield rest

    def shown(self, block: bytes) -> bytes:
        """A block as it is shown."""
        return block if self._prefix is None else named(self._prefix, block)

    def close(self) -> None:
        self._tail.close()

    def _went_on(self) -> bool:
        """To the next current file, by way of those that were current between; if there is one."""
        try:
            return self._go_on()
        except CtlError as error:
            self._complain(error)
            return False

    def _go_on(self) -> bool:
        was, was_gone = self._tail.inode, self._tail.is_gone()
        if not self._tail.open():
            return False
        files = [file for file in self._before_current() if file.stem > self._passed]
        if files:
            self._passed = files[-1].stem
        for i, file in enumerate(files):
            if was and inode(file.stem) == was:
                del files[: i + 1]
                break
        else:
            # Compressed meanwhile, or removed: then the first one is that, or came after it.
            if files and was_gone and not os.path.exists(files[0].stem):
                del files[0]
        self._pending = [(file, 0) for file in files]
        return True

    def _before_current(self) -> list[Rotated]:
        """The rotated files that come before the one that is open."""
        files = rotated(self.directory, self._stream)
        while files and self._tail.begun and inode(files[-1].stem) == self._tail.inode:
            files.pop()  # rotated between its opening and this look
        return files

    def _contents(self, file: Rotated, offset: int) -> Iterator[bytes]:
        """Blocks of a rotated file's whole lines."""
        rest = b""
        try:
            with opened(file) as content:
                if content is None:
                    return
                while offset and (passed := content.read(min(offset, BLOCK))):
                    offset -= len(passed)
                while block := content.read(BLOCK):
                    end = block.rfind(b"\n") + 1
                    if end or len(rest) > LONGEST_LINE:
                        yield rest + block[:end]
                        rest = block[end:]
                    else:
                        rest += block
        except CtlError as error:
            self._complain(error)
        yield from _ended(rest)


def _ended(line: bytes) -> Iterator[bytes]:
    if line:
        yield line + b"\n"
