"""The monitor as a plugin of Twisted's: its options, and a service."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.application import service
from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized

from .beginning import prepare
from .exits import ORDERLY, CannotStart
from .lock import StatusLock
from .logs import EventSink, TwistdLog, find_log, log_path
from .monitor import Monitor
from .options import Options as MonitorOptions
from .output import ISink
from .signals import ENDS, LOOKS_AGAIN, Signals
from .sink import ILog, Sink

__all__ = ["ColonyService", "Options", "makeService"]


class Options(MonitorOptions):
    """The plugin's options, which also learn where twistd or twist log to."""

    own_log: ILog | None = None
    reactor: Any = None

    def postOptions(self) -> None:
        super().postOptions()
        from twisted.internet import reactor  # not before the user's choice of one is made

        self.reactor = reactor
        self.own_log = find_log(self.parent, reactor)


class ColonyService(service.Service):
    """Keeps a colony while it runs; stops it, and waits for that, when it is stopped.

    It stops the reactor when an essential process has ended for good. ``exit_code`` is what the
    monitor's process should end with once it has stopped.
    """

    name = "ncolony"

    def __init__(
        self,
        options: MonitorOptions,
        reactor: Any,
        sink: ISink,
        lock: StatusLock,
    ) -> None:
        self._options = options
        self._reactor = reactor
        self._sink = sink
        self._lock = lock
        self._asked = False
        self._urgent = False
        self._monitor: Monitor | None = None
        self._ended: Deferred[None] | None = None
        self.own_log: ILog | None = None

    @property
    def exit_code(self) -> int:
        """0, or a code that says what happened: see ``exits``."""
        return ORDERLY if self._monitor is None else self._monitor.exit_code

    def setServiceParent(self, parent: Any) -> None:
        """Join an application; twistd's log file is the application's observer from then on."""
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]
        log = self.own_log
        if isinstance(log, TwistdLog) and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, log.observer())  # type: ignore[no-untyped-call]

    def startService(self) -> None:
        """Begin once the reactor runs, for that installs signal handlers of its own first."""
        super().startService()  # type: ignore[no-untyped-call]
        self._reactor.callWhenRunning(self._start)

    def _start(self) -> None:
        if not self.running:
            return  # stopped before the reactor ran
        log = Logger(namespace="ncolony")
        self._options.log_path = log_path(self.own_log)
        self._monitor = Monitor(
            self._options, self._reactor, self._sink, log, self._lock, self._essential_ended
        )
        self._monitor.start()

    def _essential_ended(self) -> None:
        self._reactor.callLater(0, self._stop_reactor)

    def _stop_reactor(self) -> None:
        """Begin the end. Two reasons for it may come in the same turn of the reactor's."""
        with suppress(ReactorNotRunning):
            self._reactor.stop()

    def end(self) -> None:
        """A signal asks for the end: the first one begins it, any other can't wait."""
        if self._asked or not self.running:
            self.kill_now()
        else:
            self._asked = True
            self._stop_reactor()

    def look_again(self) -> None:
        """Look at everything, and reopen files."""
        if self._monitor is not None:
            self._monitor.look_again()

    def kill_now(self) -> None:
        """Wait for no process any longer, now or as soon as it is being stopped."""
        self._urgent = True
        if self._monitor is not None and self._ended is not None:
            self._monitor.kill_now()

    def stopService(self) -> Deferred[None] | None:
        """Fires when every process is gone, or can't be killed."""
        super().stopService()  # type: ignore[no-untyped-call]
        if self._monitor is None:
            self._lock.release()
            return None
        if self._ended is None:
            self._ended = self._monitor.stop().addCallback(lambda _: self._stopped())
            if self._urgent:
                self._monitor.kill_now()
        ended: Deferred[None] = Deferred()
        self._ended.addCallback(ended.callback)
        return ended

    def _stopped(self) -> None:
        self._lock.release()


class _PluginService(ColonyService):
    """Under twistd or twist, which have handlers of their own for TERM and INT.

    Theirs begin the end, by ``reactor.stop``; ours hear of HUP and QUIT before it, and of all that
    comes after.
    """

    def _start(self) -> None:
        super()._start()
        self._handle(signal.SIGHUP, self.look_again)
        self._handle(signal.SIGQUIT, self.end)

    def stopService(self) -> Deferred[None] | None:
        for signum in ENDS if self._monitor is not None else ():
            self._handle(signum, self.kill_now)
        return super().stopService()

    def _stopped(self) -> None:
        super()._stopped()
        if self.exit_code != ORDERLY:
            atexit.register(_leave, self)

    def _handle(self, signum: int, function: Callable[[], object]) -> None:
        own = signal.getsignal(signum) in (signal.SIG_DFL, signal.SIG_IGN, None)
        if own or signum not in LOOKS_AGAIN:
            handler = Signals((signum,))
            handler.pass_to(lambda _: self._reactor.callFromThread(function))


def _leave(colony: ColonyService) -> None:
    """Twisted's launchers know no exit codes: the last word when the interpreter ends."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(colony.exit_code)


def makeService(options: Options) -> ColonyService:
    """The service that the options ask for. Raises SystemExit where it can't begin."""
    reactor, log = options.reactor, options.own_log
    try:
        lock = prepare(options)
    except CannotStart as error:
        print(f"ncolony: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    sink = EventSink() if log is None else Sink(reactor, log)
    colony = _PluginService(options, reactor, sink, lock)
    colony.own_log = log
    return colony
