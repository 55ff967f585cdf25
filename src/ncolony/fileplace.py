"""A process's output on its way to files, whatever becomes of those."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .framing import notice
from .logfile import LogFile
from .logspec import LogSpec
from .stall import Dropping, Waiting


class IKeeper(Protocol):
    """Who looks after places."""

    def utc(self) -> float:
        """Seconds since 1970."""

    def failing(self, place: FilePlace) -> None:
        """Call its ``retry`` after a while."""

    def changed(self, place: FilePlace) -> None:
        """Its ``trouble`` has changed."""


class FilePlace:
    """A log file that takes bytes, or says that it can't. Provides ``stream.Place``.

    ``resume`` is called when it takes bytes again.
    """

    def __init__(self, make: Callable[[Callable[[], object]], LogFile], keeper: IKeeper) -> None:
        self.file = make(self._begin_anew)
        self.resume: Callable[[], None] = _nothing
        self._keeper = keeper
        self._stall: Waiting | Dropping | None = None

    @property
    def trouble(self) -> str | None:
        """What becomes of the output while the file can't be written."""
        return None if self._stall is None else str(self._stall)

    def write(self, block: bytes) -> bool:
        """Take bytes; False where they wait, until ``resume`` is called."""
        if self._stall is None:
            rest = self.file.write(block)
            return self.file.error is None or self._failed(rest)
        taken = self._stall.take(block)
        self._over()
        return taken

    def open(self) -> None:
        """Be ready for the first bytes; where that fails, it is tried again."""
        self._attempt(self.file.open)

    def rotate(self) -> str | None:
        """Begin a new file as soon as the last line has its end; why that can't be."""
        self._attempt(self.file.rotate)
        return self.trouble

    def look_again(self) -> None:
        """Begin a new file where somebody moved or removed this one."""
        if not self.file.is_there():
            self._begin_anew()

    def configure(self, spec: LogSpec) -> None:
        """Follow other rules from now on."""
        self.file.configure(spec)
        if spec.full == "drop" and isinstance(self._stall, Waiting):
            self._failed(self._stall.rest)
            self.resume()

    def retry(self) -> None:
        """Try again what failed."""
        if self._stall is None:
            return
        self._stall.retry()
        if self._over():
            self.resume()
        else:
            self._keeper.failing(self)
            self._keeper.changed(self)

    def close(self) -> None:
        """Try once more what waits, and wait for nothing."""
        if self._stall is not None:
            self._stall.retry()
        self.file.close()

    def _begin_anew(self) -> None:
        """Nobody waits for this rotation: a file that can't be written has its own later."""
        if self._stall is None:
            self._attempt(self.file.rotate)
        else:
            self.file.rotate_later()

    def _attempt(self, action: Callable[[], bytes]) -> None:
        if self._stall is None:
            rest = action()
            if self.file.error is not None:
                self._failed(rest)

    def _failed(self, rest: bytes) -> bool:
        drops = self.file.spec.full == "drop"
        self._stall = Dropping(self.file, rest, self._notice) if drops else Waiting(self.file, rest)
        self._keeper.failing(self)
        self._keeper.changed(self)
        return drops

    def _over(self) -> bool:
        if self._stall is not None and self._stall.over:
            self._stall = None
            self._keeper.changed(self)
        return self._stall is None

    def _notice(self, text: str) -> bytes:
        return notice(self.file.spec, self.file.name, text, self._keeper.utc)


def _nothing() -> None:
    """Nobody waits."""
