"""Builders: processes that are checked over HTTP on a simulated machine, said in a word."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ncolony import httpspec
from ncolony.askedfiles import AskedFiles
from ncolony.httpcheck import checkfile
from ncolony.httpcheck.checker import Checker
from ncolony.httpcheck.checkfile import CheckStatus
from ncolony.httpcheck.outcome import Outcome, Verdict
from ncolony.httpspec import HttpCheck
from ncolony.testing import SimulatedSystem
from simulatedcolony import CONFIG, MESSAGES, STATUS, SimulatedColony

GOOD = Outcome(Verdict.GOOD, "200 in 3 ms")
BAD = Outcome(Verdict.BAD, "found status 500; allowed: 200 to 399")
NONE = Outcome(Verdict.NONE, "cannot check: no address of web.example is found")


def a_check_file(**key: Any) -> bytes:
    """A process's file that asks to be checked: each 10 s, after 30, three times in vain."""
    wanted = {"url": "http://127.0.0.1:80/", "period": 10, **key}
    return json.dumps({"args": ["web"], "ncolony.httpcheck": wanted}).encode()


class Servers:
    """What is asked: each answers at once with ``answers[PORT]``, or not while that is None.

    ``asked`` are the seconds since the beginning, and the ports.
    """

    def __init__(self, mono: Callable[[], float]) -> None:
        self._mono = mono
        self._begun_mono = mono()
        self.answers: dict[int, Outcome | None] = {}
        self.asked: list[tuple[float, int]] = []
        self.under_way: dict[int, Callable[[Outcome], None]] = {}

    def __call__(self, check: HttpCheck, done: Callable[[Outcome], None]) -> Callable[[], None]:
        port = check.target.port
        self.asked.append((self._mono() - self._begun_mono, port))
        answer = self.answers.get(port, GOOD)
        if answer is not None:
            done(answer)
            return lambda: None
        assert port not in self.under_way
        self.under_way[port] = done
        return lambda: self.under_way.pop(port, None) and None


class Checking(SimulatedColony):
    """A colony's directories, servers, and a checker that asks them."""

    def __init__(
        self, *, freq_s: float = 10.0, chance: float = 0.5, system: SimulatedSystem | None = None
    ) -> None:
        super().__init__(system)
        self.system.random = chance
        self.servers = Servers(self.system.mono)
        self.files = AskedFiles(self.system, CONFIG, httpspec.parse)
        where = MESSAGES, STATUS
        self.checker = Checker(self.system, *where, freq_s, self.servers, self.said.append)
        self.look()

    def look(self) -> None:
        self.checker.apply(self.files.look())

    def put(self, name: str = "web", **key: Any) -> Checking:
        """A process's file is there, and seen."""
        return self.write(name, a_check_file(**key))

    def answers(self, answer: Outcome | None, port: int = 80) -> Checking:
        """From now on; None for no answer at all."""
        self.servers.answers[port] = answer
        return self

    def status(self, name: str = "web") -> CheckStatus | None:
        """What is published of it."""
        path = f"{STATUS}/{checkfile.CHECKS_DIRECTORY}"
        if name not in self.system.names(path):
            return None
        return checkfile.decode(self.system.contents(f"{path}/{name}"))

    def finish(self) -> None:
        """The checker ends, and leaves nothing."""
        self.checker.stop()
        assert self.system.armed == 0
        assert self.servers.under_way == {}
