"""Twisted programs beat as their configuration asks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.application import service
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.python.filepath import FilePath

from ncolony.client import heart
from ncolony.client.heart import Heart, HeartService

LONG_AGO = 1e9


def environ(name: str = "web", **key: Any) -> dict[str, str]:
    """The environment of a process whose file has this key."""
    text = json.dumps({"args": ["web"], **({"ncolony.beatcheck": key} if key else {})})
    return {"NCOLONY_CONFIG": text, "NCOLONY_NAME": name}


def made(clock: Clock, found: dict[str, str]) -> HeartService:
    """The service for this environment; there must be one."""
    beating = heart.makeService(clock, found)
    assert beating is not None
    return beating


def beaten(path: Path) -> bool:
    """Whether a file was touched since the last time this was asked."""
    was = path.exists() and path.stat().st_mtime != LONG_AGO
    if path.exists():
        os.utime(path, (LONG_AGO, LONG_AGO))
    return was


@pytest.fixture
def said() -> Iterator[list[dict[str, Any]]]:
    """What is logged."""
    events: list[dict[str, Any]] = []
    globalLogPublisher.addObserver(events.append)
    yield events
    globalLogPublisher.removeObserver(events.append)


def test_a_beat_makes_the_file(tmp_path: Path) -> None:
    """Where there is none yet."""
    Heart(FilePath(str(tmp_path / "web"))).beat()
    assert (tmp_path / "web").read_bytes() == b""


def test_a_beat_changes_the_times_of_the_file(tmp_path: Path) -> None:
    """And leaves what is in it."""
    (tmp_path / "web").write_text("kept")
    beaten(tmp_path / "web")
    Heart(tmp_path / "web").beat()
    assert beaten(tmp_path / "web")
    assert (tmp_path / "web").read_text() == "kept"


def test_a_heart_tells_its_file() -> None:
    """As it was given: a FilePath stays one."""
    path = FilePath("/tmp/web")
    assert Heart(path).getFile() is path


def test_trouble_is_said_once_and_its_end_once(tmp_path: Path, said: list[dict[str, Any]]) -> None:
    """A missing directory stops no program; the next beat tries again."""
    beating = Heart(FilePath(str(tmp_path / "run" / "hearts" / "web")))
    for _ in range(3):
        beating.beat()
    assert len(said) == 1
    (tmp_path / "run").mkdir()
    for _ in range(3):
        beating.beat()
    assert len(said) == 2
    assert beaten(tmp_path / "run" / "hearts" / "web")


def test_a_directory_that_is_lost_is_made_again(
    tmp_path: Path, said: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose status is in memory; also where two do so at once."""
    path = tmp_path / "hearts" / "web"
    Heart(path).beat()
    assert beaten(path)
    path.unlink()
    path.parent.rmdir()
    mkdir = os.mkdir

    def made_by_another_one(name: str) -> None:
        mkdir(name)
        mkdir(name)

    monkeypatch.setattr(os, "mkdir", made_by_another_one)
    Heart(path).beat()
    assert beaten(path)
    assert said == []


def test_a_beat_never_waits_for_a_fifo(tmp_path: Path) -> None:
    """It is touched like a file, and not opened."""
    os.mkfifo(tmp_path / "web")
    Heart(tmp_path / "web").beat()


def test_it_beats_at_once_and_three_times_a_period(tmp_path: Path) -> None:
    """From the start of the service to its stop."""
    clock, path = Clock(), tmp_path / "web"
    beating = made(clock, environ(period=3, grace=1, status=str(path)))
    assert not beaten(path)
    beating.startService()
    assert beaten(path)
    for _ in range(5):
        clock.advance(0.99)
        assert not beaten(path)
        clock.advance(0.01)
        assert beaten(path)
    beating.stopService()
    clock.advance(5)
    assert not beaten(path)
    assert clock.getDelayedCalls() == []


def test_a_period_may_have_a_unit(tmp_path: Path) -> None:
    """As everywhere in a process's file."""
    clock, path = Clock(), tmp_path / "web"
    beating = made(clock, environ(period="3m", status=str(path)))
    beating.startService()
    assert beaten(path)
    clock.advance(60)
    assert beaten(path)
    beating.stopService()


def test_in_a_directory_the_file_has_the_process_s_name(tmp_path: Path) -> None:
    """So that many processes can share what is written in their files."""
    beating = made(Clock(), environ("db", period=3, grace=1, status=str(tmp_path)))
    assert beating.heart.getFile() == FilePath(str(tmp_path / "db"))


def test_a_slash_says_that_it_is_a_directory(tmp_path: Path) -> None:
    """Also while that isn't there: no file is made in its place."""
    beating = made(Clock(), environ("db", period=3, grace=1, status=f"{tmp_path}/hearts/"))
    beating.startService()
    assert (tmp_path / "hearts" / "db").exists()
    beating.stopService()


@pytest.mark.parametrize("found", [{}, {"NCOLONY_CONFIG": ""}, environ()])
def test_no_service_where_nobody_asks(found: dict[str, str], said: list[dict[str, Any]]) -> None:
    """A program can be run by hand, and by a file without the key."""
    assert heart.makeService(Clock(), found) is None
    assert said == []


@pytest.mark.parametrize(
    "found",
    [
        {"NCOLONY_CONFIG": "no JSON"},
        environ(period="often", status="/x"),
        environ(period=3),
        {**environ(period=3, status="/tmp"), "NCOLONY_NAME": ""},
    ],
)
def test_who_is_asked_wrongly_says_so(found: dict[str, str], said: list[dict[str, Any]]) -> None:
    """In one line of the log; the program runs all the same."""
    assert heart.makeService(Clock(), found) is None
    assert len(said) == 1


def test_a_heart_is_added_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a service of its own, which has a name."""
    for name, value in environ(period=3, status=str(tmp_path / "web")).items():
        monkeypatch.setenv(name, value)
    master = service.MultiService()
    heart.maybeAddHeart(master)
    found = master.getServiceNamed("heart")
    assert isinstance(found, HeartService)
    assert found.heart.getFile() == FilePath(str(tmp_path / "web"))


def test_no_heart_is_added_where_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection stays as it was."""
    monkeypatch.delenv("NCOLONY_CONFIG", raising=False)
    master = service.MultiService()
    heart.maybeAddHeart(master)
    assert list(master) == []


def test_a_wrapped_service_has_a_heart_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are parts of what is returned."""
    for name, value in environ(period=3, status=str(tmp_path / "web")).items():
        monkeypatch.setenv(name, value)
    own = service.Service()
    wrapped = heart.wrapHeart(own)
    assert isinstance(wrapped, service.MultiService)
    first, second = wrapped
    assert first is own
    assert isinstance(second, HeartService)


def test_a_wrapped_service_is_alone_where_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same service in a collection of one."""
    monkeypatch.delenv("NCOLONY_CONFIG", raising=False)
    own = service.Service()
    assert list(heart.wrapHeart(own)) == [own]
