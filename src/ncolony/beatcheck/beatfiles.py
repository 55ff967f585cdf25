"""Processes' files, as far as they are about heartbeats: what changed in the directory."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from .. import beatspec, spec
from ..beatspec import Beat
from ..dirfiles import DirFiles, IClockedFiles


class Asked(NamedTuple):
    """A process's file asks for it to be watched; ``fingerprint`` is of all that is in the file."""

    beat: Beat
    fingerprint: str


class NotAsked(NamedTuple):
    """The file is there, and asks for nothing."""


class AskedWrongly(NamedTuple):
    """The file can't be used, or asks for what can't be."""

    reason: str


class Gone(NamedTuple):
    """The file is there no more."""


BeatChange = Asked | NotAsked | AskedWrongly | Gone


class BeatFiles(DirFiles[BeatChange]):
    """Turns what changed in a configuration directory into who is watched, and how."""

    def __init__(self, system: IClockedFiles, directory: str) -> None:
        super().__init__(system, directory, spec.MAX_BYTES, self._parsed, AskedWrongly, Gone)

    def _parsed(self, name: str, text: bytes) -> BeatChange:
        try:
            if len(text) > spec.MAX_BYTES:
                most = f"{spec.MAX_BYTES} bytes"
                raise beatspec.BeatError(f"found more than {most}; allowed: at most {most}")
            beat = beatspec.parse(text)
        except beatspec.BeatError as error:
            return AskedWrongly(f"cannot use {self._directory}/{name}: {error}")
        return NotAsked() if beat is None else Asked(beat, sha256(text).hexdigest())
