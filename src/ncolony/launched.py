"""What plugins that run children need of the twistd or twist that launched them."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from twisted.logger import ILogObserver
from twisted.python.components import Componentized

from .directoryoptions import DirectoryOptions
from .logs import TwistdLog, find_log
from .signals import LOOKS_AGAIN, Signals, ignored
from .sink import ILog


class LaunchedOptions(DirectoryOptions):
    """Options which also learn of the user's reactor, and where twistd or twist log to."""

    own_log: ILog | None = None
    reactor: Any = None

    def postOptions(self) -> None:
        super().postOptions()  # type: ignore[no-untyped-call]
        from twisted.internet import reactor  # not before the user's choice of one is made

        self.reactor = reactor
        self.own_log = find_log(self.parent, reactor)


def observe(parent: Any, log: ILog | None) -> None:
    """Have twistd's log file be the observer of the application that a service has joined."""
    if isinstance(log, TwistdLog) and isinstance(parent, Componentized):
        parent.setComponent(ILogObserver, log.observer())  # type: ignore[no-untyped-call]


def handle(reactor: Any, signum: int, function: Callable[[], object]) -> None:
    """Call ``function``, from the reactor, for a signal; an application's own use of HUP stays."""
    is_free = signal.getsignal(signum) in (signal.SIG_DFL, signal.SIG_IGN, ignored, None)
    if is_free or signum not in LOOKS_AGAIN:
        Signals((signum,)).pass_to(lambda _: reactor.callFromThread(function))
