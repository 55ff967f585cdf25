"""The configuration directory: which processes' files changed since the last look."""

from __future__ import annotations

from hashlib import sha256

from . import spec
from .dirfiles import DirFiles, IClockedFiles
from .model import Configured, Refused, Removed

FileChange = Configured | Refused | Removed


class ConfigDir(DirFiles[FileChange]):
    """Turns what changed into events for the machine."""

    def __init__(self, system: IClockedFiles, directory: str) -> None:
        super().__init__(system, directory, spec.MAX_BYTES, self._configured, Refused, Removed)

    def _configured(self, name: str, text: bytes) -> FileChange:
        try:
            return Configured(spec.parse(name, text))
        except spec.SpecError as error:
            reason = f"cannot use {self._directory}/{name}: {error}"
            return Refused(reason, sha256(text).hexdigest())
