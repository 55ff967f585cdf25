"""A colony's directories on a simulated machine, as the checkers see it, said in a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from ncolony import request, status
from ncolony.testing import SimulatedSystem

CONFIG, MESSAGES, STATUS = "/config", "/messages", "/status"


def a_status(name: str, state: str = "RUNNING", starts: int = 1) -> bytes:
    """What the monitor says of a process."""
    return status.encode(
        status.StatusRecord(name, state, "UP", "why", "since", pid_of(starts), starts)
    )


def pid_of(starts: int) -> int:
    """Each run has a pid of its own."""
    return 1000 + starts


class TellingSystem(SimulatedSystem):
    """Tells of the name of each request a moment after it was written, as inotify would."""

    told: Callable[[str], None] | None = None

    def write(self, directory: str, name: str, contents: bytes) -> None:
        super().write(directory, name, contents)
        if directory == MESSAGES and self.told is not None:
            self.call_later(0.01, self.told, name)


class SimulatedColony:
    """Files that come and go, a monitor that says what runs; ``look`` has the checkers see it."""

    def __init__(self, system: SimulatedSystem | None = None) -> None:
        self.system = system or SimulatedSystem()
        for directory in (CONFIG, MESSAGES, STATUS):
            self.system.make_directory(directory)
        self.said: list[str] = []
        #: What runs in truth, which the status may lag behind.
        self.pids: dict[str, int] = {}

    def look(self) -> None:
        raise NotImplementedError

    def write(self, name: str, contents: bytes) -> Self:
        """A file of any contents is there, and seen."""
        self.system.replace(f"{CONFIG}/{name}", contents)
        self.look()
        return self

    def remove(self, name: str = "web") -> None:
        self.system.delete(f"{CONFIG}/{name}")
        self.look()

    def runs(self, name: str = "web", starts: int = 1, state: str = "RUNNING") -> Self:
        """The monitor says so."""
        self.pids[name] = pid_of(starts)
        self.system.replace(f"{STATUS}/{name}", a_status(name, state, starts))
        return self

    def advance(self, seconds: float) -> Self:
        self.system.advance(seconds)
        return self

    def requests(self) -> list[request.Request]:
        """The requests that lie there; they are taken, as by the monitor."""
        names = [n for n in self.system.names(MESSAGES) if not n.startswith(".")]
        found = [request.parse(self.system.contents(f"{MESSAGES}/{name}")) for name in names]
        for name in names:
            self.system.remove(MESSAGES, name)
        return found

    def carried_out(self) -> list[str]:
        """Whom the requests that lie there restart: they are of the run that runs."""
        return [
            asked.name
            for asked in self.requests()
            if isinstance(asked, request.Restart) and asked.pid in (None, self.pids[asked.name])
        ]
