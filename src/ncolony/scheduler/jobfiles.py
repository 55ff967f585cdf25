"""STATUS/.jobs: what became of each job, kept for the next scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..isystem import ISystem
from ..statusfiles import StatusFiles
from .job import NEW, History, history_of
from .jobfile import JobFileError, JobStatus, decode, encode

#: Far above any status file.
_MAX_BYTES = 1 << 20


class JobFiles(StatusFiles):
    """Writes what ``status_of`` knows of a job; ``busy`` says that starts go before files."""

    def __init__(
        self,
        system: ISystem,
        directory: str,
        status_of: Callable[[str], JobStatus | None],
        names: Callable[[], Iterable[str]],
        busy: Callable[[], bool],
        said: Callable[[str], None],
    ) -> None:
        def contents_of(name: str) -> bytes | None:
            status = status_of(name)
            return None if status is None else encode(status)

        super().__init__(system, directory, contents_of, names, busy, said)

    def history(self, name: str) -> History:
        """What an earlier scheduler knew of a job; nothing where that can't be read."""
        try:
            return history_of(decode(self._system.read(self._directory, name, _MAX_BYTES)))
        except FileNotFoundError:
            return NEW
        except (OSError, JobFileError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            self._said(f"cannot go on from {self._directory}/{name}: {why}")
            return NEW
