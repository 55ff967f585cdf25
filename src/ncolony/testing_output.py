"""Children's output that goes nowhere, by the rules: a part of ``ncolony.testing``."""

from __future__ import annotations

from itertools import count

from .isystem import NOWHERE, Writers
from .spec import ProcessSpec


class SimulatedOutput:
    """Children's output that goes nowhere, by the rules. Provides IOutput.

    ``open`` has the descriptors that are open, ``kept`` the names that have a pipe, and
    ``calls`` what was called. Set ``failure`` for an OSError where a writer is asked for, and in
    ``troubles`` what keeps a process's output back.
    """

    def __init__(self) -> None:
        self.open: set[int] = set()
        self.kept: set[str] = set()
        self.calls: list[tuple[str, str]] = []
        self.failure: OSError | None = None
        self.troubles: dict[str, str] = {}
        self._descriptors = count(100)

    def writers(self, spec: ProcessSpec) -> Writers:
        self.calls.append(("writers", spec.name))
        if self.failure is not None:
            raise self.failure
        self.kept.add(spec.name)
        if spec.log is not None and spec.log.to == "none":
            return NOWHERE
        fd = next(self._descriptors)
        self.open.add(fd)
        return Writers(fd, fd)

    def started(self, name: str, writers: Writers) -> None:
        self.calls.append(("started", name))
        if writers.out is not None:
            self.open.remove(writers.out)

    def ended(self, name: str) -> None:
        assert name in self.kept, f"{name} never started"
        self.calls.append(("ended", name))

    def forget(self, name: str) -> None:
        self.calls.append(("forget", name))
        self.kept.discard(name)

    def rotate(self, name: str) -> str | None:
        self.calls.append(("rotate", name))
        return None if name in self.kept else f"{name} has no files"

    def reaped(self, pid: int, ok: bool) -> None:
        self.calls.append(("reaped", str(pid)))

    def trouble(self, name: str) -> str | None:
        return self.troubles.get(name)
