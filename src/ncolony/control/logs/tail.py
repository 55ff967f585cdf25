"""One file that grows, read on and on, until another one takes its place."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..errors import CtlError, because
from .files import BLOCK, inode, open_regular
from .finding import LONGEST_LINE

_NONE = -1


class Tail:
    """A place in the file at a path: ``offset`` is behind what has been given.

    The file is known by its inode: one that was renamed is read to its end. ``begun`` says
    whether there is one at all.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.offset = 0
        self.fd = _NONE
        self.inode = 0
        self._refused = 0
        self._rest = b""

    @property
    def begun(self) -> bool:
        return self.fd != _NONE

    def open(self) -> bool:
        """Open what is there now, from its start; whether anything is.

        Raises CtlError where that can't be read; it isn't tried again then.
        """
        try:
            fd = open_regular(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            self._refused = inode(self.path)
            raise CtlError(f"cannot read {self.path}: {because(error)}") from None
        self.close()
        self.fd, self.inode, self.offset, self._rest = fd, os.fstat(fd).st_ino, 0, b""
        return True

    def close(self) -> None:
        if self.begun:
            os.close(self.fd)
        self.fd = _NONE

    def size(self) -> int:
        return os.fstat(self.fd).st_size if self.begun else 0

    def changed_at(self) -> float:
        """When it was written to last, in seconds since 1970; 0 where there is none."""
        return os.fstat(self.fd).st_mtime if self.begun else 0.0

    def is_gone(self) -> bool:
        """Whether the file that is read has been removed."""
        return self.begun and os.fstat(self.fd).st_nlink == 0

    def is_replaced(self) -> bool:
        """Whether another file is there now, so that this one is finished."""
        return inode(self.path) not in {0, self._refused, self.inode if self.begun else 0}

    def lines(self) -> Iterator[bytes]:
        """Blocks of the lines that have come to their ends; of a long one, what there is of it.

        Raises CtlError.
        """
        if not self.begun:
            return
        if self.size() < self.offset:  # emptied in place, as ``logrotate`` does by copytruncate
            self.offset, self._rest = 0, b""
        while block := self._read():
            end = block.rfind(b"\n") + 1
            if not end:
                self._rest += block
            else:
                whole, self._rest = self._rest + block[:end], block[end:]
                self.offset += len(whole)
                yield whole
            if len(self._rest) > LONGEST_LINE:
                yield self.unended()

    def unended(self) -> bytes:
        """What there is of a line that has no end; it is not given again."""
        rest, self._rest = self._rest, b""
        self.offset += len(rest)
        return rest

    def _read(self) -> bytes:
        try:
            return os.pread(self.fd, BLOCK, self.offset + len(self._rest))
        except OSError as error:
            raise CtlError(f"cannot read {self.path}: {because(error)}") from None
