"""A colony from its beginning to its end: what ``ncolony run`` and the plugin have in common."""

from __future__ import annotations

import gc
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger

from .exits import ORDERLY
from .lock import StatusLock
from .logs import log_path
from .monitor import Monitor
from .options import Options
from .output import ISink
from .sink import ILog


class Colony:
    """Keeps a colony from ``begin`` until what ``stop`` returns fires.

    It stops the reactor when an essential process has ended for good. ``exit_code`` is what the
    monitor's process should end with once it has stopped.
    """

    def __init__(
        self,
        options: Options,
        reactor: Any,
        sink: ISink,
        lock: StatusLock,
        own_log: ILog | None = None,
    ) -> None:
        self._options = options
        self._reactor = reactor
        self._sink = sink
        self._lock = lock
        self._own_log = own_log
        self._wanted = False
        self._asked = False
        self._urgent = False
        self._monitor: Monitor | None = None
        self._ended: Deferred[None] | None = None

    @property
    def exit_code(self) -> int:
        """0, or a code that says what happened: see ``exits``."""
        return ORDERLY if self._monitor is None else self._monitor.exit_code

    def begin(self) -> None:
        """Begin once the reactor runs, for that installs signal handlers of its own first."""
        self._wanted = True
        self._reactor.callWhenRunning(self._start)
        # Freed one by one, the remains of a thousand processes would hold up the exit for 40 ms.
        self._reactor.addSystemEventTrigger("after", "shutdown", gc.freeze)

    def _start(self) -> None:
        if not self._wanted:
            return  # stopped before the reactor ran
        log = Logger(namespace="ncolony")
        self._options.log_path = log_path(self._own_log)
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
        if self._asked or not self._wanted:
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

    def stop(self) -> Deferred[None] | None:
        """Fires when every process is gone, or can't be killed."""
        self._wanted = False
        if self._monitor is None:
            self._lock.release()
            return None
        if self._ended is None:
            self._ended = self._monitor.stop().addCallback(lambda _: self._lock.release())
            if self._urgent:
                self._monitor.kill_now()
        ended: Deferred[None] = Deferred()
        self._ended.addCallback(ended.callback)
        return ended
