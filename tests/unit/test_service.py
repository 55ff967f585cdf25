"""The monitor as a plugin of Twisted's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from twisted.application.service import Application, IServiceCollection, MultiService
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver

from ncolony import service
from ncolony.lock import Locked, take_lock
from ncolony.logs import EventSink, TwistdLog
from ncolony.service import ColonyService, Options, lock_or_exit, makeService
from ncolony.sink import Descriptor, Sink
from reactors import Reactor, nothing_left


class FakeMonitor:
    """A monitor that ends when a test says so."""

    made: ClassVar[list[FakeMonitor]] = []

    def __init__(self, options: Any, reactor: Any, sink: Any, log: Any, lock: Any) -> None:
        self.options, self.reactor, self.sink = options, reactor, sink
        self.log_namespace = log.namespace
        self.started = 0
        self.ended: Deferred[None] = Deferred()
        self.made.append(self)

    def start(self) -> None:
        self.started += 1

    def stop(self) -> Deferred[None]:
        return self.ended


@pytest.fixture
def reactor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reactor]:
    monkeypatch.setattr(FakeMonitor, "made", [])
    monkeypatch.setattr(service, "Monitor", FakeMonitor)
    monkeypatch.setattr("time.sleep", lambda duration_s: None)
    with nothing_left() as reactor:
        yield reactor


def options(reactor: Reactor, folder: Path, log: Any = None) -> Any:
    return {"reactor": reactor, "log": log, "status": str(folder / "a" / "status")}


def is_locked(colony: Any) -> bool:
    try:
        os.close(take_lock(colony["status"]))
    except Locked:
        return True
    return False


def test_the_monitor_begins_when_the_reactor_runs(reactor: Reactor, tmp_path: Path) -> None:
    """Not before, for the reactor installs its signal handlers first."""
    asked = options(reactor, tmp_path)
    colony = makeService(asked)
    colony.startService()
    assert FakeMonitor.made == []
    (begin,) = reactor.when_running
    begin()
    (monitor,) = FakeMonitor.made
    assert (monitor.options, monitor.reactor, monitor.started) == (asked, reactor, 1)
    assert monitor.log_namespace == "ncolony"
    assert colony.running
    monitor.ended.callback(None)
    colony.stopService()


def test_the_service_has_stopped_when_the_monitor_has(reactor: Reactor, tmp_path: Path) -> None:
    """Twisted waits for the last process; until then no other monitor may start."""
    asked = options(reactor, tmp_path)
    colony = makeService(asked)
    colony.startService()
    reactor.when_running.pop()()
    stopped = colony.stopService()
    assert stopped is not None
    assert (stopped.called, is_locked(asked)) == (False, True)
    FakeMonitor.made[0].ended.callback(None)
    assert (stopped.called, is_locked(asked)) == (True, False)


def test_stopping_twice_lets_go_of_the_lock_once(reactor: Reactor, tmp_path: Path) -> None:
    """Not before the monitor has ended, and not of somebody else's descriptor after it."""
    asked = options(reactor, tmp_path)
    colony = makeService(asked)
    colony.startService()
    reactor.when_running.pop()()
    colony.stopService()
    colony.stopService()
    locked = is_locked(asked)
    with suppress(OSError):
        colony._lock.release()
    assert locked


def test_twistd_s_file_becomes_the_application_s_observer(reactor: Reactor, tmp_path: Path) -> None:
    """Events and children's lines go through the same log; other logs stay what they are."""
    log = TwistdLog(str(tmp_path / "log"), reactor)
    for kind, of in ((log, ILogObserver), (Descriptor(1), None)):
        application = Application("ncolony")
        colony = makeService(options(reactor, tmp_path, kind))
        colony.setServiceParent(application)
        assert list(IServiceCollection(application)) == [colony]
        assert (application.getComponent(ILogObserver, None) is not None) is (of is not None)
        colony.stopService()
    assert log._file is not None
    log._file.close()


def test_a_service_that_stops_before_the_reactor_runs_begins_nothing(
    reactor: Reactor, tmp_path: Path
) -> None:
    """And lets go of the lock."""
    asked = options(reactor, tmp_path)
    colony = makeService(asked)
    colony.startService()
    colony.stopService()
    for function in reactor.when_running:
        function()
    assert (FakeMonitor.made, is_locked(asked)) == ([], False)


@pytest.mark.parametrize(("log", "kind"), [(None, EventSink), (Descriptor(1), Sink)])
def test_output_goes_where_the_log_goes(
    reactor: Reactor, tmp_path: Path, log: Descriptor | None, kind: type
) -> None:
    """As blocks where the log takes them, as events elsewhere."""
    colony = makeService(options(reactor, tmp_path, log))
    assert type(colony._sink) is kind
    colony._lock.release()


def test_a_parent_that_is_no_application_has_no_observer(reactor: Reactor, tmp_path: Path) -> None:
    """A service among others leaves logging to whoever has the application."""
    asked = options(reactor, tmp_path, TwistdLog(str(tmp_path / "log"), reactor))
    colony = makeService(asked)
    parent = MultiService()
    colony.setServiceParent(parent)
    assert (list(parent), (tmp_path / "log").exists()) == ([colony], False)
    colony.stopService()


# The lock


def test_a_second_monitor_does_not_start(reactor: Reactor, tmp_path: Path) -> None:
    """It ends with one line."""
    asked = options(reactor, tmp_path)
    lock = lock_or_exit(asked["status"])
    with pytest.raises(SystemExit) as raised:
        makeService(asked)
    said = f"ncolony: cannot start: another monitor runs on {asked['status']}"
    assert raised.value.code == said
    lock.release()


@pytest.mark.parametrize("place", ["file", "file/status"])
def test_a_status_directory_that_cannot_be_made_ends_it(
    reactor: Reactor, tmp_path: Path, place: str
) -> None:
    """With a line that says which, and why."""
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as raised:
        lock_or_exit(str(tmp_path / place))
    reason = "File exists" if place == "file" else "Not a directory"
    assert raised.value.code == f"ncolony: cannot lock {tmp_path / place}: {reason}"


# Options


def test_the_plugin_s_options_learn_where_twistd_logs_to(tmp_path: Path) -> None:
    """The reactor is the user's choice, the log their parent's."""
    with nothing_left():
        parsed = Options()
        parsed.parent = {"logfile": "-", "nodaemon": True}
        parsed.parseOptions(["--config", str(tmp_path), "--messages", str(tmp_path)])
        assert parsed["reactor"] is global_reactor
        assert isinstance(parsed["log"], Descriptor)


def test_it_is_a_service_by_its_name() -> None:
    """Under which an application finds it."""
    assert ColonyService({}, None, EventSink(), -1).name == "ncolony"
