"""What changed in a directory since the last look, file by file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from .isystem import IClock, IFiles, Stamp, Untrusted
from .names import is_process_name

T = TypeVar("T")


class IClockedFiles(IClock, IFiles, Protocol):
    """Files, and what time it is."""


#: The name whose symbolic link Kubernetes swaps to change a whole ConfigMap at once.
SWAPPED = "..data"
#: No file's identity: the next look reads the file again.
UNREAD = -1
#: An empty file this soon after its last change is about to be written.
WRITING_S = 1.0
#: Files' times have the grain of the kernel's tick, 10 ms at most: another write may not show.
TICK_S = 0.02
#: So often is a look begun again because the link was swapped during it.
TRIES = 5


class DirFiles(Generic[T]):
    """Remembers what was there; only files whose names could be a process's matter.

    A change is whatever ``parsed`` makes of a file's name and contents, ``unusable`` of the reason
    why it can't be read, ``gone`` of a file that isn't there any more. ``trouble`` says why the
    directory can't be read, or why what is in it isn't obeyed, or is None.
    """

    def __init__(
        self,
        system: IClockedFiles,
        directory: str,
        max_bytes: int,
        parsed: Callable[[str, bytes], T],
        unusable: Callable[[str], T],
        gone: Callable[[], T],
    ) -> None:
        self._system = system
        self._directory = directory
        self._max_bytes = max_bytes
        self._parsed = parsed
        self._unusable = unusable
        self._gone = gone
        self._seen: dict[str, int] = {}
        self._elsewhere: set[str] = set()
        self._unreadable: set[str] = set()
        self.trouble: str | None = None
        self.unfinished = False

    @property
    def needs_clock(self) -> bool:
        """Whether notices won't do: links whose targets change without one, unreadable files.

        What makes a directory fit to be used happens outside of it, and nobody tells of it.
        """
        return bool(self._elsewhere or self._unreadable or self.trouble)

    def names(self) -> frozenset[str]:
        """The processes' files that are there; none where the directory can't be read."""
        return self._present() or frozenset()

    def look(self, names: frozenset[str] | None = None, keep_missing: bool = False) -> dict[str, T]:
        """What has changed: under these names, or in the whole directory.

        A directory that can't be read, or that others may write to, changes nothing, but for
        ``trouble``; the look after that is at all of it. With ``keep_missing``, what isn't there is
        left as it was: the directory has just come back, and is being filled.
        """
        self.unfinished = False
        names = None if self.trouble is not None else names
        if not self._may_look():
            return {}
        before = dict(self._seen) if self._swapped() is not None else self._seen
        for _ in range(TRIES):
            swapped = self._swapped()
            changes = self._look(names, keep_missing)
            if self._swapped() == swapped:
                break
            self._seen, names = dict(before), None
        return changes

    def _may_look(self) -> bool:
        try:
            self._system.check_directory(self._directory)
        except OSError as error:
            self._fail(error)
            return False
        return True

    def _fail(self, error: OSError) -> None:
        self.trouble = f"cannot look at {self._directory}: {error.strerror}"

    def _swapped(self) -> str | None:
        return self._system.link_target(self._directory, SWAPPED)

    def _look(self, names: frozenset[str] | None, keep_missing: bool) -> dict[str, T]:
        present = self._present() if names is None else names
        if present is None:
            return {}
        known = frozenset(self._seen)
        changes = {}
        for name in sorted(present | known if names is None else names):
            change = self._look_at(name)
            if change is not None:
                changes[name] = change
        self._doubt(changes, known - self._seen.keys(), keep_missing)
        return changes

    def _doubt(self, changes: dict[str, T], gone: frozenset[str], keep_missing: bool) -> None:
        """Take back what isn't gone: nothing is stopped because a directory has vanished.

        It may have been away for no more than an instant in the midst of the look.
        """
        present = self._present() if gone and not keep_missing else None
        for name in gone:
            if present is None or name in present:
                del changes[name]
                self._seen[name] = UNREAD

    def _present(self) -> frozenset[str] | None:
        """The processes' files, or None where the directory can't be read."""
        try:
            found = frozenset(filter(is_process_name, self._system.names(self._directory)))
        except OSError as error:
            self._fail(error)
            return None
        self.trouble = None
        return found

    def _look_at(self, name: str) -> T | None:
        try:
            stamp = self._system.stamp(self._directory, name)
            if stamp.elsewhere:
                self._elsewhere.add(name)
            else:
                self._elsewhere.discard(name)
            if self._seen.get(name) == stamp.identity:
                return None
            if stamp.kind != "file":
                return self._not_a_file(name, stamp.kind, stamp.identity)
            text = self._system.read(self._directory, name, self._max_bytes)
            if not text and self._changed_within(stamp, WRITING_S):
                self.unfinished = True
                return None
        except FileNotFoundError:
            return self._vanished(name)
        except OSError as error:
            return self._cannot_read(name, error)
        self._unreadable.discard(name)
        self._seen[name] = UNREAD if self._changed_within(stamp, TICK_S) else stamp.identity
        return self._parsed(name, text)

    def _vanished(self, name: str) -> T | None:
        self._elsewhere.discard(name)
        self._unreadable.discard(name)
        return None if self._seen.pop(name, None) is None else self._gone()

    def _not_a_file(self, name: str, kind: str, identity: int) -> T | None:
        if name not in self._seen:
            return None
        self._seen[name] = identity
        path = f"{self._directory}/{name}"
        return self._unusable(f"cannot use {path}: found {kind}; allowed: a regular file")

    def _changed_within(self, stamp: Stamp, span_s: float) -> bool:
        return abs(self._system.utc() - stamp.changed_ns / 1e9) < span_s

    def _cannot_read(self, name: str, error: OSError) -> T:
        self._unreadable.add(name)
        self._seen[name] = UNREAD
        verb = "use" if isinstance(error, Untrusted) else "read"
        return self._unusable(f"cannot {verb} {self._directory}/{name}: {error.strerror}")
