"""The monitor as a plugin of Twisted's: its options, and a service."""

from __future__ import annotations

import os
from typing import Any

from twisted.application import service
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized

from .lock import Locked, StatusLock
from .logs import EventSink, TwistdLog, find_log
from .monitor import Monitor
from .options import Options as MonitorOptions
from .output import ISink
from .sink import Sink

__all__ = ["ColonyService", "Options", "makeService"]


class Options(MonitorOptions):
    """The plugin's options, which also learn where twistd or twist log to."""

    def postOptions(self) -> None:
        super().postOptions()
        from twisted.internet import reactor  # not before the user's choice of one is made

        self["reactor"] = reactor
        self["log"] = find_log(self.parent, reactor)


class ColonyService(service.Service):
    """Keeps a colony while it runs; stops it, and waits for that, when it is stopped."""

    name = "ncolony"

    def __init__(
        self, options: MonitorOptions, reactor: Any, sink: ISink, lock: StatusLock
    ) -> None:
        self._options = options
        self._reactor = reactor
        self._sink = sink
        self._lock = lock
        self._monitor: Monitor | None = None
        self._ended: Deferred[None] | None = None

    def setServiceParent(self, parent: Any) -> None:
        """Join an application; twistd's log file is the application's observer from then on."""
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]
        log = self._options.get("log")
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
        self._monitor = Monitor(self._options, self._reactor, self._sink, log, self._lock)
        self._monitor.start()

    def stopService(self) -> Deferred[None] | None:
        """Fires when every process is gone, or can't be killed."""
        super().stopService()  # type: ignore[no-untyped-call]
        if self._monitor is None:
            self._lock.release()
            return None
        if self._ended is None:
            self._ended = self._monitor.stop().addCallback(lambda _: self._lock.release())
        ended: Deferred[None] = Deferred()
        self._ended.addCallback(ended.callback)
        return ended


def makeService(options: Options) -> ColonyService:
    """The service that the options ask for. Raises SystemExit where it can't begin."""
    reactor, log = options["reactor"], options["log"]
    lock = lock_or_exit(options["status"])
    sink = EventSink() if log is None else Sink(reactor, log)
    return ColonyService(options, reactor, sink, lock)


def lock_or_exit(status: str) -> StatusLock:
    """Make and lock the status directory. Raises SystemExit with a line that says why not."""
    try:
        os.makedirs(status, mode=0o755, exist_ok=True)
        lock = StatusLock(status)
        lock.take()
    except Locked as error:
        raise SystemExit(f"ncolony: cannot start: {error}") from None
    except OSError as error:
        raise SystemExit(f"ncolony: cannot lock {status}: {error.strerror}") from None
    return lock
