"""What the monitor says of processes' runs, for those that watch over them.

The checkers are clients of the files like anybody else: of a run they know what its status file
says.
"""

from __future__ import annotations

from typing import NamedTuple

from . import status
from .isystem import IFiles

#: Far above any status file.
_MAX_BYTES = 1 << 20
#: No file's identity.
_GONE = -1


class Run(NamedTuple):
    """A process as its status file has it. ``starts`` counts its runs: another one, another run."""

    running: bool
    starts: int
    pid: int | None


class Runs:
    """Reads processes' status files, each again only when it has changed."""

    def __init__(self, files: IFiles, directory: str) -> None:
        self._files = files
        self._directory = directory
        self._known: dict[str, tuple[int, Run | None]] = {}

    def run(self, name: str) -> Run | None:
        """What runs under a name; None where the monitor says nothing that can be understood.

        Where it said something and takes that back, it has ended, and the process with it.
        """
        try:
            identity = self._files.stamp(self._directory, name).identity
            known = self._known.get(name)
            if known is not None and known[0] == identity:
                return known[1]
            record = status.decode(self._files.read(self._directory, name, _MAX_BYTES))
        except FileNotFoundError:
            return self._ended(name)
        except (OSError, status.StatusError):
            self._known.pop(name, None)
            return None
        run = Run(record.state == "RUNNING", record.starts, record.pid)
        self._known[name] = identity, run
        return run

    def _ended(self, name: str) -> Run | None:
        _, run = self._known.get(name, (_GONE, None))
        if run is not None and run.running:
            run = run._replace(running=False)
            self._known[name] = _GONE, run
        return run

    def forget(self, name: str) -> None:
        """Nobody asks for this one any more."""
        self._known.pop(name, None)
