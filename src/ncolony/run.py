"""``ncolony run``: the monitor in the foreground, logging to standard output."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from twisted.internet import reactor as the_reactor
from twisted.logger import globalLogBeginner
from twisted.python import usage

from .beginning import prepare
from .colony import Colony
from .exits import USAGE, CannotStart
from .logs import own_notice, own_observer
from .options import Options
from .signals import LOOKS_AGAIN, Signals
from .sink import Descriptor, Sink, SinkFile

reactor: Any = the_reactor


def main(argv: Sequence[str], signals: Signals | None = None) -> int:
    """Run until TERM, INT or QUIT, or the end of an essential process; the exit code.

    ``argv`` is what follows ``ncolony run``. ``signals`` has noted those that came before.
    """
    signals = signals or Signals()
    options = Options()
    options.synopsis = f"Usage: ncolony run {Options.synopsis}"
    try:
        options.parseOptions(argv)  # type: ignore[no-untyped-call]
        lock = prepare(options)
    except usage.UsageError as error:
        print(f"ncolony: {error} (ncolony run --help)", file=sys.stderr)
        return USAGE
    except CannotStart as error:
        print(f"ncolony: {error}", file=sys.stderr)
        return error.exit_code
    log = Descriptor(1)
    sink = Sink(reactor, log, own_notice(options.log))
    log_file: Any = SinkFile(sink)
    globalLogBeginner.beginLoggingTo(
        [own_observer(log_file, options.log)], redirectStandardIO=False
    )
    colony = Colony(options, reactor, sink, lock, log)
    colony.begin()
    reactor.addSystemEventTrigger("before", "shutdown", colony.stop)
    signals.pass_to(lambda signum: reactor.callFromThread(_act, colony, signum))
    reactor.run(installSignalHandlers=False)
    signals.ignore()
    return colony.exit_code


def _act(colony: Colony, signum: int) -> None:
    if signum in LOOKS_AGAIN:
        colony.look_again()
    else:
        colony.end()
