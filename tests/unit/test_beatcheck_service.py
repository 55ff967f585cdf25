"""The heartbeat checker as a plugin of Twisted's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from timing import took_s
from twisted.application import service
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.plugin import getPlugins
from twisted.python import usage

from beatchecks import a_beat_file
from ncolony import beatspec
from ncolony.askedfiles import Asked
from ncolony.beatcheck.checker import Checker
from ncolony.beatcheck.service import Options, beatcheck, makeService
from ncolony.checkerservice import CheckerService
from ncolony.client.heart import HeartService
from ncolony.clock import ClockedDisk
from simulatedcolony import a_status

#: A pass over 1,000 may take 30 ms of the processor's time; a slow machine gets three times that.
MAX_PASS_S = 0.09
THOUSAND = 1000


@pytest.fixture(autouse=True)
def colony(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A colony's directories, and none in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("NCOLONY_DIR", "NCOLONY_CONFIG", "NCOLONY_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("config", "messages", "status", "hearts"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def said() -> Iterator[list[dict[str, Any]]]:
    """What is logged."""
    events: list[dict[str, Any]] = []
    globalLogPublisher.addObserver(events.append)
    yield events
    globalLogPublisher.removeObserver(events.append)


class Reactor(Clock):
    """A clock with descriptors that are never ready."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Any] = []

    addReader = property(lambda self: self.readers.append)
    removeReader = property(lambda self: self.readers.remove)


def parse(*argv: str) -> Options:
    options = Options()
    options.parseOptions(argv)
    return options


def test_a_colony_names_all_directories(colony: Path) -> None:
    """As everywhere."""
    options = parse("--colony", str(colony))
    found = [options[name] for name in ("config", "messages", "status", "freq")]
    assert found == [f"{colony}/config", f"{colony}/messages", f"{colony}/status", 10.0]


def test_two_directories_are_all_that_has_to_be_given(colony: Path) -> None:
    """The status is beside the messages, where the monitor writes it then."""
    options = parse("--config", "config", "--messages", "messages", "--freq", "2.5")
    assert options["status"] == f"{colony}/messages/.status"
    assert options["freq"] == 2.5


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        ([], "--config is missing (or give --colony)"),
        (["--config", "config"], "--messages is missing (or give --colony)"),
        (["--colony", "nowhere"], "nowhere is not a directory"),
        (["--config", "nowhere", "--messages", "messages"], "--config: "),
        (["--colony", ".", "--freq", "0"], "--freq: found 0; allowed: more than 0 seconds"),
        (["--colony", ".", "--freq", "x"], "--freq: found 'x'; allowed: a number of seconds"),
        (["--colony", ".", "--freq", "nan"], "--freq: found 'nan'; allowed"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(argv: list[str], text: str) -> None:
    """In one line, with what is allowed."""
    with pytest.raises(usage.UsageError) as caught:
        parse(*argv)
    assert text in str(caught.value)


def test_twisted_knows_the_plugin() -> None:
    """By its name."""
    found = {p.tapname: p for p in getPlugins(service.IServiceMaker)}
    assert found["ncolony-beatcheck"].module == "ncolony.beatcheck.service"


def test_it_watches_from_its_start_to_its_stop(colony: Path) -> None:
    """And leaves neither timers nor descriptors."""
    reactor = Reactor()
    (colony / "config" / "web").write_bytes(a_beat_file(status=str(colony / "hearts")))
    watching = beatcheck(parse("--colony", str(colony)), reactor)
    assert reactor.getDelayedCalls() == []
    watching.startService()
    assert watching.checker.watched == {"web"}
    watching.stopService()
    assert reactor.getDelayedCalls() == []
    assert reactor.readers == []


def test_nothing_wakes_it_where_nothing_is_watched(colony: Path) -> None:
    """A colony whose directory gives notice costs nothing."""
    reactor = Reactor()
    (colony / "config" / "web").write_bytes(b'{"args": ["web"]}')
    old = time.time() - 100
    os.utime(colony / "config" / "web", (old, old))
    watching = beatcheck(parse("--colony", str(colony)), reactor)
    watching.startService()
    reactor.advance(5)
    assert reactor.getDelayedCalls() == []
    watching.stopService()


def test_a_missing_directory_is_said_once(colony: Path, said: list[dict[str, Any]]) -> None:
    """And once when it is there."""
    reactor = Reactor()
    (colony / "config").rmdir()
    watching = beatcheck(parse("--colony", str(colony)), reactor)
    watching.startService()
    for _ in range(5):
        reactor.advance(10)
    assert len(said) == 1
    (colony / "config").mkdir()
    for _ in range(5):
        reactor.advance(10)
    assert len(said) == 2
    watching.stopService()


def test_it_beats_its_own_heart_where_that_is_asked(
    colony: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that another one can watch over it."""
    key = {"period": 10, "grace": 3, "status": str(colony / "hearts")}
    monkeypatch.setenv("NCOLONY_CONFIG", json.dumps({"ncolony.beatcheck": key}))
    monkeypatch.setenv("NCOLONY_NAME", "beatcheck")
    made = makeService(parse("--colony", str(colony)))
    assert isinstance(made, service.MultiService)
    assert [type(part) for part in made] == [CheckerService, HeartService]


class Now:
    """A system whose timers a test fires, and whose clock it advances."""

    def __init__(self) -> None:
        self.system = ClockedDisk(Clock())
        self.now = 1000.0
        self.system.mono = lambda: self.now


@pytest.mark.parametrize("beaten", [True, False])
def test_a_pass_over_a_thousand_takes_30_ms(colony: Path, beaten: bool) -> None:
    """Two calls of stat(2) each, whether all have beaten or none."""
    now = Now()
    for at in range(THOUSAND):
        (colony / "hearts" / f"p{at}").touch()
        (colony / "status" / f"p{at}").write_bytes(a_status(f"p{at}"))
    beat = beatspec.parse(a_beat_file(status=str(colony / "hearts")))
    assert beat is not None
    wanted = Asked(beat, "")
    said: list[str] = []
    messages, status = str(colony / "messages"), str(colony / "status")
    checker = Checker(now.system, messages, status, 10.0, said.append)
    checker.apply({f"p{at}": wanted for at in range(THOUSAND)})
    passes = []
    for _ in range(5):
        now.now += 10.0
        for at in range(THOUSAND if beaten else 0):
            os.utime(colony / "hearts" / f"p{at}")
        passes.append(took_s(checker._wake))
        assert {entry.look_mono for entry in checker._entries.values()} != {now.now}
    checker.stop()
    assert said == []
    print(f"{min(passes) * 1e3:.1f} ms")
    assert min(passes) < MAX_PASS_S


def test_it_imports_no_other_plugin_and_none_of_twisted_s_web() -> None:
    """Its start costs what the Twisted that it needs costs, and little more."""
    code = "import sys, ncolony.beatcheck.service; print(*sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    prefixes = ("ncolony.scheduler", "ncolony.httpcheck", "twisted.web", "OpenSSL", "twisted.conch")
    assert [m for m in said.stdout.split() if m.startswith(prefixes)] == []
    assert "twisted.application.internet" not in said.stdout.split()
