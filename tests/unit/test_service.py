"""The monitor as a plugin of Twisted's."""

from __future__ import annotations

import atexit
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from twisted.application.service import Application, IServiceCollection, MultiService
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver

from ncolony import colony as colony_module
from ncolony.beginning import prepare
from ncolony.exits import LEFT_BEHIND, ORDERLY
from ncolony.lock import Locked, StatusLock, take_lock
from ncolony.logs import EventSink, TwistdLog
from ncolony.service import ColonyService, Options, makeService
from ncolony.sink import Descriptor, Sink
from reactors import Reactor, nothing_left


class FakeMonitor:
    """A monitor that ends when a test says so."""

    made: ClassVar[list[FakeMonitor]] = []

    def __init__(
        self, options: Any, reactor: Any, sink: Any, log: Any, lock: Any, give_in: Any
    ) -> None:
        self.options, self.reactor, self.sink = options, reactor, sink
        self.log_namespace = log.namespace
        self.give_in: Callable[[], None] = give_in
        self.exit_code = ORDERLY
        self.did: list[str] = []
        self.ended: Deferred[None] = Deferred()
        self.made.append(self)

    def start(self) -> None:
        self.did.append("start")

    def look_again(self) -> None:
        self.did.append("look again")

    def kill_now(self) -> None:
        self.did.append("kill now")

    def stop(self) -> Deferred[None]:
        self.did.append("stop")
        return self.ended


class Handlers:
    """Signal handlers that nobody but a test calls; ``set`` has those that were installed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.set: dict[int, Callable[[int, None], object]] = {}
        self.before: Any = signal.SIG_DFL
        monkeypatch.setattr(signal, "signal", self.set.__setitem__)
        monkeypatch.setattr(signal, "getsignal", lambda signum: self.set.get(signum, self.before))

    def signal(self, reactor: Reactor, *signums: int) -> None:
        """Several signals, all of them before the reactor has its turn."""
        for signum in signums:
            self.set[signum](signum, None)
        called, reactor.from_thread[:] = list(reactor.from_thread), []
        for function in called:
            function()


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> Handlers:
    return Handlers(monkeypatch)


@pytest.fixture
def reactor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reactor]:
    monkeypatch.setattr(FakeMonitor, "made", [])
    monkeypatch.setattr(colony_module, "Monitor", FakeMonitor)
    monkeypatch.setattr("time.sleep", lambda duration_s: None)
    with nothing_left() as reactor:
        yield reactor


def options(reactor: Reactor, folder: Path, log: Any = None) -> Options:
    for name in ("config", "messages"):
        (folder / name).mkdir(exist_ok=True)
    asked = Options()
    places = [f"--{name}={folder / name}" for name in ("config", "messages")]
    asked.parseOptions([*places, f"--status={folder / 'a' / 'status'}"])
    asked.reactor, asked.own_log = reactor, log
    return asked


def begun(reactor: Reactor, folder: Path) -> tuple[ColonyService, FakeMonitor]:
    """A service whose monitor runs."""
    colony = makeService(options(reactor, folder))
    colony.startService()
    begin(reactor)
    return colony, FakeMonitor.made[0]


def begin(reactor: Reactor) -> None:
    """What the reactor does when it begins to run."""
    functions, reactor.when_running[:] = list(reactor.when_running), []
    for function in functions:
        function()


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
    begin(reactor)
    (monitor,) = FakeMonitor.made
    assert (monitor.options, monitor.reactor, monitor.did) == (asked, reactor, ["start"])
    assert monitor.log_namespace == "ncolony"
    assert colony.running
    monitor.ended.callback(None)
    colony.stopService()


def test_the_service_has_stopped_when_the_monitor_has(reactor: Reactor, tmp_path: Path) -> None:
    """Twisted waits for the last process; until then no other monitor may start."""
    asked = options(reactor, tmp_path)
    colony = makeService(asked)
    colony.startService()
    begin(reactor)
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
    begin(reactor)
    colony.stopService()
    colony.stopService()
    locked = is_locked(asked)
    with suppress(OSError):
        colony.colony._lock.release()
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
    assert type(colony.colony._sink) is kind
    colony.colony._lock.release()


def test_a_parent_that_is_no_application_has_no_observer(reactor: Reactor, tmp_path: Path) -> None:
    """A service among others leaves logging to whoever has the application."""
    asked = options(reactor, tmp_path, TwistdLog(str(tmp_path / "log"), reactor))
    colony = makeService(asked)
    parent = MultiService()
    colony.setServiceParent(parent)
    assert (list(parent), (tmp_path / "log").exists()) == ([colony], False)
    colony.stopService()


# Signals, and the end


def test_a_process_that_decides_stops_the_reactor(reactor: Reactor, tmp_path: Path) -> None:
    """In a turn of its own, and whatever else stopped it meanwhile."""
    colony, monitor = begun(reactor, tmp_path)
    monitor.give_in()
    assert reactor.stopped == 0
    reactor.advance(0)
    assert reactor.stopped == 1
    monitor.give_in()
    reactor.advance(0)  # a reactor that is asked twice complains
    monitor.ended.callback(None)
    colony.stopService()


def test_the_first_signal_begins_the_end_and_the_next_cannot_wait(
    reactor: Reactor, tmp_path: Path
) -> None:
    """Two in one turn of the reactor's, before there is anything to be killed, are two."""
    colony, monitor = begun(reactor, tmp_path)
    colony.colony.end()
    colony.colony.end()
    assert (reactor.stopped, monitor.did) == (1, ["start"])
    colony.stopService()
    assert monitor.did == ["start", "stop", "kill now"]
    colony.colony.end()
    assert (reactor.stopped, monitor.did[3:]) == (1, ["kill now"])
    monitor.ended.callback(None)


def test_whatever_began_the_end_a_signal_cannot_wait(reactor: Reactor, tmp_path: Path) -> None:
    """An essential process, say, or the launcher."""
    colony, monitor = begun(reactor, tmp_path)
    colony.stopService()
    colony.colony.end()
    assert (reactor.stopped, monitor.did) == (0, ["start", "stop", "kill now"])
    monitor.ended.callback(None)


def test_before_the_monitor_has_begun_signals_mean_the_same(
    reactor: Reactor, tmp_path: Path
) -> None:
    """There is nothing to look at, and nothing to kill."""
    colony = makeService(options(reactor, tmp_path))
    colony.startService()
    colony.colony.look_again()
    colony.colony.end()
    colony.colony.kill_now()
    assert reactor.stopped == 1
    assert (colony.stopService(), colony.colony.exit_code) == (None, ORDERLY)


def test_twisted_s_handlers_are_left_alone_until_the_end(
    reactor: Reactor, tmp_path: Path, handlers: Handlers
) -> None:
    """HUP and QUIT are handled from the beginning; TERM and INT, as well, once they can't wait."""
    colony, monitor = begun(reactor, tmp_path)
    assert set(handlers.set) == {signal.SIGHUP, signal.SIGQUIT}
    handlers.signal(reactor, signal.SIGHUP)
    assert monitor.did == ["start", "look again"]
    handlers.signal(reactor, signal.SIGQUIT, signal.SIGQUIT)
    assert reactor.stopped == 1
    colony.stopService()
    assert monitor.did[2:] == ["stop", "kill now"]
    handlers.signal(reactor, signal.SIGTERM)
    handlers.signal(reactor, signal.SIGINT)
    assert monitor.did[4:] == ["kill now"] * 2
    monitor.ended.callback(None)


def test_somebody_else_s_handler_for_hup_stays(
    reactor: Reactor, tmp_path: Path, handlers: Handlers
) -> None:
    """An application may have its own use for that."""
    handlers.before = print
    colony, monitor = begun(reactor, tmp_path)
    assert set(handlers.set) == {signal.SIGQUIT}
    monitor.ended.callback(None)
    colony.stopService()


@pytest.mark.parametrize("code", [ORDERLY, 3, LEFT_BEHIND])
def test_the_exit_code_is_the_monitor_s(
    reactor: Reactor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Also where it is known only at the very end; launchers know none, so it is the last word."""
    last_words: list[tuple[Any, ...]] = []
    monkeypatch.setattr(atexit, "register", lambda *call: last_words.append(call))
    exits: list[int] = []
    monkeypatch.setattr(os, "_exit", exits.append)
    colony, monitor = begun(reactor, tmp_path)
    colony.stopService()
    monitor.exit_code = code
    monitor.ended.callback(None)
    assert colony.colony.exit_code == code
    for function, *args in last_words:
        function(*args)
    assert exits == ([] if code == ORDERLY else [code])


# The beginning


def test_a_second_monitor_does_not_start(
    reactor: Reactor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with one line, and its code."""
    asked = options(reactor, tmp_path)
    lock = prepare(asked)
    with pytest.raises(SystemExit) as raised:
        makeService(asked)
    said = f"ncolony: cannot start: another monitor runs on {asked['status']}\n"
    assert (raised.value.code, capsys.readouterr().err) == (75, said)
    lock.release()


# Options


def test_the_plugin_s_options_learn_where_twistd_logs_to(tmp_path: Path) -> None:
    """The reactor is the user's choice, the log their parent's."""
    with nothing_left():
        parsed = Options()
        parsed.parent = {"logfile": "-", "nodaemon": True}
        parsed.parseOptions(["--config", str(tmp_path), "--messages", str(tmp_path)])
        assert parsed.reactor is global_reactor
        assert isinstance(parsed.own_log, Descriptor)


def test_it_is_a_service_by_its_name() -> None:
    """Under which an application finds it."""
    lock = StatusLock("/nowhere")
    assert ColonyService(Options(), None, EventSink(), lock).name == "ncolony"
