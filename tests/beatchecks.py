"""Builders: processes that beat, and checkers on a simulated machine, said in a word."""

from __future__ import annotations

import json
from typing import Any

from ncolony import beatspec, request
from ncolony.askedfiles import AskedFiles
from ncolony.beatcheck.checker import Checker
from ncolony.beatspec import Beat
from ncolony.testing import SimulatedSystem
from simulatedcolony import CONFIG, MESSAGES, STATUS, SimulatedColony

HEARTS = "/hearts"


def a_beat_file(*, also: Any = None, **key: Any) -> bytes:
    """A process's file that asks to be watched: a period of 30 s, three of them of grace."""
    wanted = {"period": 30, "grace": 3, "status": HEARTS, **key}
    return json.dumps({"args": ["web"], "also": also, "ncolony.beatcheck": wanted}).encode()


class Watching(SimulatedColony):
    """A colony's directories, and checkers that look at them; ``said`` is by the first one."""

    def __init__(
        self, *, freq_s: float = 10.0, checkers: int = 1, system: SimulatedSystem | None = None
    ) -> None:
        super().__init__(system)
        self.system.make_directory(HEARTS)
        self.files: list[AskedFiles[Beat]] = []
        self.checkers: list[Checker] = []
        for at in range(checkers):
            self.system.random = at / checkers
            self.add_checker(freq_s)

    def add_checker(self, freq_s: float = 10.0) -> None:
        """Another checker begins."""
        at = len(self.checkers)
        said = self.said.append if at == 0 else lambda _: None
        checker = Checker(self.system, MESSAGES, STATUS, freq_s, said)
        self.checkers.append(checker)
        self.files.append(AskedFiles(self.system, CONFIG, beatspec.parse))
        self.look()

    def look(self) -> None:
        """All checkers look at the processes' files."""
        for files, checker in zip(self.files, self.checkers, strict=True):
            checker.apply(files.look())

    # What a test does

    def put(self, name: str = "web", **key: Any) -> Watching:
        """A process's file is there, and seen."""
        return self.write(name, a_beat_file(**key))

    def beat(self, name: str = "web") -> None:
        self.system.put(f"{HEARTS}/{name}", b"")

    def advance_beating(self, seconds: float, *names: str, every_s: float = 10.0) -> Watching:
        """Let time pass in which these are well; the last beat is at the end of it."""
        for _ in range(round(seconds / every_s)):
            self.advance(every_s)
            for name in names or ("web",):
                self.beat(name)
        return self

    # What is so

    def dead(self) -> list[str]:
        """The names of those whose restart was asked for since the last time."""
        asked = self.requests()
        assert all(isinstance(one, request.Restart) for one in asked)
        return [one.name for one in asked if isinstance(one, request.Restart)]

    def died_after(self, within_s: float, name: str = "web", step_s: float = 0.1) -> float:
        """Seconds until a restart is asked for."""
        for steps in range(1, round(within_s / step_s) + 1):
            self.advance(step_s)
            if self.dead() == [name]:
                return steps * step_s
        raise AssertionError(f"no request within {within_s} s")

    def finish(self) -> None:
        """The checkers end, and leave nothing."""
        for checker in self.checkers:
            checker.stop()
        assert self.system.armed == 0
