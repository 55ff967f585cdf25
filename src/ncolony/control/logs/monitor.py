"""What processes said, from the monitor's log, where that is a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from ..errors import CtlError
from .finding import lines_backwards, since
from .forms import Owners, lines_of, name_first, without_name
from .tail import Tail


class MonitorLog:
    """A place in the monitor's log; of its lines, those of the processes of these names.

    ``several``: whether the name is shown before each line. ``complain`` is told of a file that
    can't be read.
    """

    def __init__(
        self,
        path: str,
        names: Iterable[str],
        complain: Callable[[CtlError], None],
        *,
        several: bool,
    ) -> None:
        self.directory = os.path.dirname(path) or "."
        self._tail = Tail(path)
        self._names = set(map(os.fsencode, names))
        self._owners = Owners(names)
        self._several = several
        self._complain = complain
        #: Where each process's lines begin that are to be given; only while it matters.
        self._starts: dict[bytes, int] = {}

    def add(self, name: str) -> None:
        """Give this process's lines as well."""
        self._names.add(os.fsencode(name))
        self._owners.add(name)

    def begin(self, lines: int | None, when: float | None, quiet: Iterable[str] = ()) -> None:
        """Go to where so many lines before the end are (None: all), and none older than that.

        Of the ``quiet`` ones, only what comes is to be given.
        """
        if not self._open():
            return
        end = self._tail.size()
        first = 0
        if when is not None:
            old = self._tail.changed_at() < when
            first = end if old else since(self._tail.fd, end, when)
        starts = dict.fromkeys(map(os.fsencode, quiet), end)
        if lines is not None:
            starts |= self._last(lines, first, end, self._names - starts.keys())
        self._starts = starts
        self._tail.offset = min((starts.get(name, first) for name in self._names), default=end)

    def _last(self, lines: int, first: int, end: int, names: set[bytes]) -> dict[bytes, int]:
        """Where the last lines of each of these begin: so many, or as many as there are."""
        starts = dict.fromkeys(names, end)
        wanted = dict.fromkeys(names if lines else (), lines)
        if wanted:
            for offset, line in lines_backwards(self._tail.fd, first, end):
                owner = self._owners.owner(line)
                if owner is not None and owner in wanted:
                    starts[owner] = offset
                    wanted[owner] -= 1
                    if not wanted[owner]:
                        del wanted[owner]
                        if not wanted:
                            break
        return starts

    def changed_at(self) -> float:
        """When it was written to last, in seconds since 1970; 0 where there is none."""
        return self._tail.changed_at()

    def blocks(self, *, last: bool = False) -> Iterator[bytes]:
        """What has come since the place where it is: blocks of whole lines of these processes.

        ``last``: nothing is read after this, so a line that has no end yet comes as it is.
        """
        while True:
            replaced = self._tail.is_replaced()
            for block in self._tail.lines():
                yield from self._mine(block)
            self._starts = {}
            if last or replaced:
                yield from self._mine(self._tail.unended())
            if not replaced or not self._open():
                return

    def shown(self, block: bytes) -> bytes:
        """A block as it is shown."""
        form = name_first if self._several else without_name
        owner = self._owners.owner
        return b"".join([form(owner(line) or b"", line) for line in lines_of(block)])

    def close(self) -> None:
        self._tail.close()

    def _open(self) -> bool:
        try:
            return self._tail.open()
        except CtlError as error:
            self._complain(error)
            return False

    def _mine(self, block: bytes) -> Iterator[bytes]:
        if len(self._names) == 1 and not any(name in block for name in self._names):
            return
        owner, starts = self._owners.owner, self._starts
        at = self._tail.offset - len(block)
        found = []
        for line in lines_of(block):
            name = owner(line)
            if name is not None and (not starts or starts.get(name, 0) <= at):
                found.append(line)
            at += len(line)
        if found:
            yield b"".join(found)
