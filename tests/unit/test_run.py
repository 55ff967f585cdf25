"""``ncolony run``: how it begins, what its signals do, and what it ends with."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ncolony import run
from ncolony.lock import take_lock
from reactors import Reactor, nothing_left

SECONDS = "a number of seconds, not below 0"


class RunReactor(Reactor):
    """It runs what a test wants to happen meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] = lambda: None
        self.ran: list[dict[str, object]] = []
        self.triggers: list[tuple[str, str]] = []

    def addSystemEventTrigger(self, phase: str, event: str, function: Any) -> None:
        self.triggers.append((phase, event))

    def run(self, **options: object) -> None:
        self.ran.append(options)
        self.meanwhile()
        self.take_turn()

    def take_turn(self) -> None:
        called, self.from_thread[:] = list(self.from_thread), []
        for function in called:
            function()


class FakeSignals:
    """Signals that come when a test says so."""

    def __init__(self) -> None:
        self.did: list[object] = []
        self.early: list[int] = []
        self.act: Callable[[int], object] = self.early.append

    def pass_to(self, act: Callable[[int], object]) -> None:
        self.act = act
        for signum in self.early:
            act(signum)

    def ignore(self) -> None:
        self.did.append("ignore")


class FakeColony:
    """A colony that takes note of what it is asked."""

    made: ClassVar[list[FakeColony]] = []
    exit_code = 0

    def __init__(self, options: Any, reactor: Any, sink: Any, lock: Any, own_log: Any) -> None:
        self.options, self.sink, self.lock = options, sink, lock
        self.own_log = own_log
        self.did: list[str] = []
        self.made.append(self)
        for name in ("begin", "stop", "look_again", "end"):
            setattr(self, name, self._noting(name))

    def _noting(self, name: str) -> Callable[[], None]:
        return lambda: self.did.append(name)


class FakeBeginner:
    def __init__(self) -> None:
        self.observers: list[Any] = []

    def beginLoggingTo(self, observers: list[Any], redirectStandardIO: bool) -> None:
        assert not redirectStandardIO
        self.observers += observers


@pytest.fixture
def reactor(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunReactor]:
    with nothing_left():
        found = RunReactor()
        monkeypatch.setattr(run, "reactor", found)
        monkeypatch.setattr(run, "Colony", FakeColony)
        monkeypatch.setattr(run, "globalLogBeginner", FakeBeginner())
        monkeypatch.setattr(FakeColony, "made", [])
        monkeypatch.setattr("time.sleep", lambda duration_s: None)
        monkeypatch.delenv("NCOLONY_DIR", raising=False)
        yield found
        for colony in FakeColony.made:
            colony.lock.release()


def main(folder: Path, signals: FakeSignals, *argv: str) -> int:
    return run.main(["--colony", str(folder), *argv], signals)  # type: ignore[arg-type]


def test_it_runs_until_the_reactor_stops(reactor: RunReactor, tmp_path: Path) -> None:
    """With signal handlers of its own, and the service stopped at the end."""
    signals = FakeSignals()
    assert main(tmp_path, signals) == 0
    (colony,) = FakeColony.made
    assert colony.did == ["begin"]
    assert colony.own_log.fileno() == 1
    assert reactor.ran == [{"installSignalHandlers": False}]
    assert reactor.triggers == [("before", "shutdown")]
    assert signals.did == ["ignore"]


@pytest.mark.parametrize("code", [0, 3, 71, 137])
def test_it_ends_with_the_colony_s_code(
    reactor: RunReactor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Of an essential process, or for what was left behind."""
    monkeypatch.setattr(FakeColony, "exit_code", code)
    assert main(tmp_path, FakeSignals()) == code


def test_signals_are_acted_on_in_the_reactor_s_turn(reactor: RunReactor, tmp_path: Path) -> None:
    """Those that came before there was one, and those that come: to end, or to look again."""
    signals = FakeSignals()
    signals.early = [signal.SIGHUP]

    def meanwhile() -> None:
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signals.act(signum)
        assert FakeColony.made[0].did == ["begin"]

    reactor.meanwhile = meanwhile
    main(tmp_path, signals)
    assert FakeColony.made[0].did[1:] == ["look_again", "end", "end", "end", "look_again"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--nope"], "ncolony: option --nope not recognized (ncolony run --help)\n"),
        (
            ["--killtime", "x"],
            f"ncolony: --killtime: found 'x'; allowed: {SECONDS} (ncolony run --help)\n",
        ),
    ],
)
def test_a_wrong_option_is_a_line_and_2(
    reactor: RunReactor,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    argv: list[str],
    said: str,
) -> None:
    """Nothing has begun."""
    assert main(tmp_path, FakeSignals(), *argv) == 2
    assert capsys.readouterr().err == said
    assert (FakeColony.made, reactor.ran) == ([], [])


def test_what_keeps_it_from_beginning_is_a_line_and_a_code(
    reactor: RunReactor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another monitor, here."""
    (tmp_path / "status").mkdir()
    lock = take_lock(str(tmp_path / "status"))
    assert main(tmp_path, FakeSignals()) == 75
    said = f"ncolony: cannot start: another monitor runs on {tmp_path}/status\n"
    assert capsys.readouterr().err == said
    assert reactor.ran == []
    os.close(lock)


def test_help_names_the_command(
    reactor: RunReactor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not Twisted's."""
    with pytest.raises(SystemExit) as raised:
        main(tmp_path, FakeSignals(), "--help")
    assert raised.value.code == 0
    assert capsys.readouterr().out.startswith("Usage: ncolony run [--colony DIR")
