"""Processes' files, as far as they ask something of a checker: what changed in the directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Generic, NamedTuple, TypeVar, assert_never

from . import spec
from .checkkeys import CheckKeyError
from .dirfiles import DirFiles, IClockedFiles
from .faults import Fault
from .troubles import Trouble, Troubles

T = TypeVar("T")


class Asked(NamedTuple, Generic[T]):
    """A process's file asks for this; ``fingerprint`` is of all that is in the file."""

    wanted: T
    fingerprint: str


class NotAsked(NamedTuple):
    """The file is there, and asks for nothing."""


class AskedWrongly(NamedTuple):
    """The file can't be used, or asks for what can't be."""

    reason: str


class Gone(NamedTuple):
    """The file is there no more."""


AskedChange = Asked[T] | NotAsked | AskedWrongly | Gone


class AskedFiles(DirFiles[AskedChange[T]]):
    """Turns what changed in a configuration directory into who asks for what.

    ``parse`` says what a file's contents ask for, or None; it raises CheckKeyError.
    """

    def __init__(
        self, system: IClockedFiles, directory: str, parse: Callable[[bytes], T | None]
    ) -> None:
        super().__init__(system, directory, spec.MAX_BYTES, self._asked, AskedWrongly, Gone)
        self._parse = parse

    def _asked(self, name: str, text: bytes) -> AskedChange[T]:
        try:
            if len(text) > spec.MAX_BYTES:
                most = f"{spec.MAX_BYTES} bytes"
                raise CheckKeyError(Fault("", f"found more than {most}; allowed: at most {most}"))
            wanted = self._parse(text)
        except CheckKeyError as error:
            return AskedWrongly(f"cannot use {self._directory}/{name}: {error}")
        return NotAsked() if wanted is None else Asked(wanted, sha256(text).hexdigest())


class Asking(Generic[T]):
    """Who asks for something: ``begin`` is called for those who do from now on, or for another
    thing than before, ``end`` for those who do no more.

    The same contents written again change nothing. ``verb`` says what isn't done to a process
    whose file can't be used: ``watched``.
    """

    def __init__(
        self,
        verb: str,
        troubles: Troubles,
        begin: Callable[[str, T], None],
        end: Callable[[str], None],
    ) -> None:
        self._verb = verb
        self._troubles = troubles
        self._begin = begin
        self._end = end
        self._fingerprints: dict[str, str] = {}

    @property
    def names(self) -> frozenset[str]:
        """The processes that ask."""
        return frozenset(self._fingerprints)

    def apply(self, changes: Mapping[str, AskedChange[T]]) -> None:
        """Files have changed."""
        for name, change in changes.items():
            self._apply(name, change)

    def end_all(self) -> None:
        """Nobody is served any more."""
        for name in list(self._fingerprints):
            self._forget(name)

    def _apply(self, name: str, change: AskedChange[T]) -> None:
        match change:
            case Asked(wanted, fingerprint):
                self._troubles.end(f"file {name}")
                if self._fingerprints.get(name) != fingerprint:
                    self._forget(name)
                    self._fingerprints[name] = fingerprint
                    self._begin(name, wanted)
            case AskedWrongly(reason):
                self._forget(name)
                trouble = Trouble(reason, f"the file of {name} can be used again")
                line = f"{name} is not {self._verb}: {reason}"
                self._troubles.begin(f"file {name}", trouble, line)
            case NotAsked():
                self._troubles.end(f"file {name}")
                self._forget(name)
            case Gone():
                self._troubles.forget(f"file {name}")
                self._forget(name)
            case _:
                assert_never(change)

    def _forget(self, name: str) -> None:
        if self._fingerprints.pop(name, None) is not None:
            self._end(name)
