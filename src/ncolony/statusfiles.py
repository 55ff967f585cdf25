"""A directory of status files that a plugin keeps: each is written soon after it changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .dirfiles import IClockedFiles
from .isystem import ITimer
from .names import is_process_name
from .reserve import Reserve

#: Changes within this time are one write.
SOON_S = 0.02
#: How long files are written before the reactor gets its turn.
SLICE_S = 0.01
#: How long until a file that couldn't be written is tried again.
RETRY_S = 1.0


class StatusFiles:
    """Writes what ``contents_of`` knows of a name, removes what it doesn't.

    ``busy`` says that something else goes before files. All of ``names`` are written where the
    directory turns out to be gone. ``said`` is given lines for people.
    """

    def __init__(
        self,
        system: IClockedFiles,
        directory: str,
        contents_of: Callable[[str], bytes | None],
        names: Callable[[], Iterable[str]],
        busy: Callable[[], bool],
        said: Callable[[str], None],
    ) -> None:
        self._system = system
        self._directory = directory
        self._reserve = Reserve(system, directory)
        self._contents_of = contents_of
        self._names = names
        self._busy = busy
        self._said = said
        self._dirty: dict[str, None] = {}
        self._timer: ITimer | None = None
        self._trouble: str | None = None
        self._cleaned = False

    def remove_others(self, names: Iterable[str]) -> None:
        """Once, after the first look: files of those that are no more are removed."""
        if self._cleaned:
            return
        self._cleaned = True
        try:
            found = set(filter(is_process_name, self._system.names(self._directory)))
        except OSError:
            return  # there is no such directory yet
        for name in found.difference(names):
            self.mark(name)

    def mark(self, name: str) -> None:
        """What is known of it has changed."""
        self._dirty[name] = None
        if self._timer is None:
            self._timer = self._system.call_later(SOON_S, self._flush)

    def end(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._dirty:
            name, _ = self._dirty.popitem()
            if not self._attempt(name):
                return

    def _flush(self) -> None:
        self._timer = None
        if self._busy():
            self._timer = self._system.call_later(SOON_S, self._flush)
            return
        until_mono = self._system.mono() + SLICE_S
        while self._dirty:
            if self._system.mono() >= until_mono:
                self._timer = self._system.call_later(0, self._flush)
                return
            name = next(iter(self._dirty))
            del self._dirty[name]
            if not self._attempt(name):
                self._dirty[name] = None
                self._timer = self._system.call_later(RETRY_S, self._flush)
                return

    def _attempt(self, name: str) -> bool:
        """Whether it could be written; where not, that is said once."""
        try:
            self._write(name)
        except OSError as error:
            trouble = f"cannot write {self._directory}/{name}: {error.strerror}"
            if self._trouble is None:
                self._said(trouble)
            self._trouble = trouble
            return False
        if self._trouble is not None:
            self._said(f"{self._directory} can be written to again")
        self._trouble = None
        return True

    def _write(self, name: str) -> None:
        contents = self._contents_of(name)
        if contents is None:
            self._system.remove(self._directory, name)
            return
        try:
            self._reserve.write(name, contents)
        except FileNotFoundError:
            self._reserve.lost()
            self._system.make_directory(self._directory)
            self._reserve.write(name, contents)
            for other in self._names():
                if other != name:
                    self._dirty[other] = None
