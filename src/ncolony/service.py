"""The monitor as a plugin of Twisted's: its options, and a service."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from typing import Any

from twisted.application import service
from twisted.internet.defer import Deferred

from .beginning import prepare
from .colony import Colony
from .exits import ORDERLY, CannotStart
from .launched import LaunchedOptions, handle, observe
from .lock import StatusLock
from .logs import EventSink
from .options import Options as MonitorOptions
from .output import ISink
from .signals import ENDS
from .sink import ILog, Sink

__all__ = ["ColonyService", "Options", "makeService"]


class Options(LaunchedOptions, MonitorOptions):
    """The plugin's options, which also learn where twistd or twist log to."""


class ColonyService(service.Service):
    """Keeps a colony while it runs; stops it, and waits for that, when it is stopped.

    twistd and twist have handlers of their own for TERM and INT, which begin the end, by
    ``reactor.stop``; ours hear of HUP and QUIT before it, and of all that comes after.
    """

    name = "ncolony"

    def __init__(
        self,
        options: MonitorOptions,
        reactor: Any,
        sink: ISink,
        lock: StatusLock,
        own_log: ILog | None = None,
    ) -> None:
        self.colony = Colony(options, reactor, sink, lock, own_log)
        self._reactor = reactor
        self._own_log = own_log
        self._begun = False

    def setServiceParent(self, parent: Any) -> None:
        """Join an application; twistd's log file is the application's observer from then on."""
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]
        observe(parent, self._own_log)

    def startService(self) -> None:
        """Begin once the reactor runs, for that installs signal handlers of its own first."""
        super().startService()  # type: ignore[no-untyped-call]
        self.colony.begin()
        self._reactor.callWhenRunning(self._handle_signals)

    def _handle_signals(self) -> None:
        if self.running:
            self._begun = True
            handle(self._reactor, signal.SIGHUP, self.colony.look_again)
            handle(self._reactor, signal.SIGQUIT, self.colony.end)

    def stopService(self) -> Deferred[None] | None:
        """Fires when every process is gone, or can't be killed."""
        super().stopService()  # type: ignore[no-untyped-call]
        for signum in ENDS if self._begun else ():
            handle(self._reactor, signum, self.colony.kill_now)
        ended = self.colony.stop()
        return None if ended is None else ended.addCallback(self._stopped)

    def _stopped(self, result: None) -> None:
        if self.colony.exit_code != ORDERLY:
            atexit.register(_leave, self.colony.exit_code)


def _leave(exit_code: int) -> None:
    """Twisted's launchers know no exit codes: the last word when the interpreter ends."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


def makeService(options: Options) -> ColonyService:
    """The service that the options ask for. Raises SystemExit where it can't begin."""
    reactor, log = options.reactor, options.own_log
    try:
        lock = prepare(options)
    except CannotStart as error:
        print(f"ncolony: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    sink = EventSink() if log is None else Sink(reactor, log)
    return ColonyService(options, reactor, sink, lock, log)
