"""``ncolony run``: the monitor in the foreground, logging to standard output."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import Any

from twisted.internet import reactor
from twisted.logger import globalLogBeginner, textFileLogObserver
from twisted.python import usage

from .options import Options
from .service import ColonyService, lock_or_exit
from .sink import Descriptor, Sink, SinkFile


def main(argv: Sequence[str]) -> int:
    """Run until TERM or INT; the exit code. ``argv`` is what follows ``ncolony run``."""
    options = Options()  # type: ignore[no-untyped-call]
    options.synopsis = f"Usage: ncolony run {Options.synopsis}"
    try:
        options.parseOptions(argv)  # type: ignore[no-untyped-call]
    except usage.UsageError as error:
        print(f"ncolony: {error} (ncolony run --help)", file=sys.stderr)
        return 2
    lock = lock_or_exit(options["status"])
    sink = Sink(reactor, Descriptor(1))
    log_file: Any = SinkFile(sink)
    globalLogBeginner.beginLoggingTo([textFileLogObserver(log_file)], redirectStandardIO=False)
    colony = ColonyService(options, reactor, sink, lock)
    colony.startService()
    reactor.addSystemEventTrigger("before", "shutdown", _once)
    reactor.addSystemEventTrigger("before", "shutdown", colony.stopService)
    reactor.run()
    return 0


def _once() -> None:
    """The end has begun: to ask for it again changes nothing."""
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda signum, frame: None)
