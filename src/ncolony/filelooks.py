"""When a directory of files, one a process or a job, is looked at, and what a look leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from .directorylooks import DirectoryLooks
from .dirfiles import DirFiles
from .names import is_process_name

T = TypeVar("T")

#: A directory that was moved away or replaced has this long to be filled before what isn't in
#: it counts as removed.
RETURN_S = 2.0


class FileLooks(Generic[T]):
    """Watches, from ``start`` to ``stop``; ``apply`` is called with what changed in ``files``.

    ``looked`` is called after each look.
    """

    def __init__(
        self,
        reactor: Any,
        directory: str,
        every_s: float,
        files: DirFiles[T],
        apply: Callable[[Mapping[str, T]], None],
        looked: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self._files = files
        self._apply = apply
        self._looked = looked
        self._return_timer: Any = None
        self._looks = DirectoryLooks(reactor, directory, every_s, is_process_name, self._look)
        self.watcher = self._looks.watcher

    def start(self) -> None:
        """Watch, and look for the first time."""
        self._looks.start()

    def stop(self) -> None:
        """Look no more."""
        self._looks.stop()
        if self._return_timer is not None:
            self._return_timer.cancel()
            self._return_timer = None

    def _look(self, names: frozenset[str] | None) -> bool:
        returned = self.watcher.anew or self._files.trouble is not None
        changes = self._files.look(names, keep_missing=returned)
        self.watcher.needs_clock = self._files.needs_clock
        if returned and self._return_timer is None:
            self._return_timer = self._reactor.callLater(RETURN_S, self._returned)
        self._apply(changes)
        self._looked()
        return self._files.unfinished

    def _returned(self) -> None:
        self._return_timer = None
        if self._files.trouble is None:
            self._apply(self._files.look())
        self._looked()
