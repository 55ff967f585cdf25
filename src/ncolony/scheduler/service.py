"""The scheduler as a plugin of Twisted's: its options, and a service."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from twisted.application import service
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ..client.heart import maybeAddHeart
from ..launched import LaunchedOptions, handle, observe
from ..lock import Locked, take_lock
from ..logs import EventSink
from ..logspec import LogSpec
from ..output import ISink
from ..signals import ENDS
from ..sink import Descriptor, ILog, Sink
from ..trust import check_directories, make_directories
from .options import Options as SchedulerOptions
from .scheduler import ManyJobs, OneJob, Places, Scheduler

__all__ = ["Options", "SchedulerService", "makeService"]


class Options(LaunchedOptions, SchedulerOptions):
    """The plugin's options, which also learn where twistd or twist log to."""


class SchedulerService(service.MultiService):
    """Runs jobs while it runs; stops them, and waits for that, when it is stopped.

    It beats where our own file asks for that.

    twistd and twist have handlers of their own for TERM and INT, which begin the end, by
    ``reactor.stop``; ours hear of HUP before it, and of all that comes after.
    """

    name = "ncolony-scheduler"

    def __init__(
        self, reactor: Any, begin: Callable[[], Scheduler], own_log: ILog | None = None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        maybeAddHeart(self)
        self._reactor = reactor
        self._begin = begin
        self._own_log = own_log
        self._scheduler: Scheduler | None = None

    def setServiceParent(self, parent: Any) -> None:
        """Join an application; twistd's log file is the application's observer from then on."""
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]
        observe(parent, self._own_log)

    def startService(self) -> None:
        """Begin once the reactor runs, for that installs signal handlers of its own first."""
        super().startService()  # type: ignore[no-untyped-call]
        self._reactor.callWhenRunning(self._start)

    def _start(self) -> None:
        if self.running:
            scheduler = self._scheduler = self._begin()
            handle(self._reactor, signal.SIGHUP, scheduler.look_again)

    def stopService(self) -> Deferred[None] | None:
        """Fires when nothing runs any more, or can't be killed."""
        super().stopService()  # type: ignore[no-untyped-call]
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is None:
            return None
        for signum in ENDS:
            handle(self._reactor, signum, scheduler.kill_now)
        return scheduler.stop()


def makeService(options: Options) -> SchedulerService:
    """The service that the options ask for. Raises SystemExit where it can't begin."""
    reactor, own_log = options.reactor, options.own_log
    sink: ISink = EventSink() if own_log is None else Sink(reactor, own_log)
    begin = _one(options, sink) if options.job is not None else _many(options, sink)
    return SchedulerService(reactor, begin, own_log)


def _one(options: Options, sink: ISink) -> Callable[[], Scheduler]:
    job = options.job
    assert job is not None, "one job is what is asked for"
    log = Logger(namespace="ncolony.scheduler")
    inherit = isinstance(options.own_log, Descriptor)
    to = LogSpec("inherit") if inherit else LogSpec("monitor")

    def begin() -> Scheduler:
        scheduler = OneJob(options.reactor, sink, log, None, "", to)
        scheduler.begin(job)
        return scheduler

    return begin


def _many(options: Options, sink: ISink) -> Callable[[], Scheduler]:
    log = Logger(namespace="ncolony.scheduler")
    places = Places(options.jobs, options.status, options["frequency"])
    trust = options.trust
    untrusted = check_directories((places.jobs, places.status, options.logs), trust)
    if untrusted is not None:
        _cannot_start(os.EX_NOPERM, untrusted)
    try:
        for path in (places.jobs, places.status):
            make_directories(path)
        take_lock(places.status)  # until we end
    except Locked:
        _cannot_start(os.EX_TEMPFAIL, f"another scheduler runs on {places.status}")
    except OSError as error:
        _cannot_start(os.EX_CANTCREAT, f"cannot make or lock {places.status}: {error.strerror}")

    def begin() -> Scheduler:
        scheduler = ManyJobs(options.reactor, sink, log, trust, options.logs, LogSpec(), places)
        scheduler.begin()
        return scheduler

    return begin


def _cannot_start(exit_code: int, why: str) -> None:
    print(f"ncolony-scheduler: cannot start: {why}", file=sys.stderr)
    raise SystemExit(exit_code)
