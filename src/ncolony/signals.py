"""What the monitor's own signals do, from the first moment on.

TERM, INT and QUIT end the colony in order; a second one of them can't wait, and kills. HUP has the
monitor look at everything again. A handler only takes note: what comes before there is anybody to
act on it, while Twisted is being imported, is acted on later. As process 1 that matters, for there
a signal without a handler doesn't exist (pid_namespaces(7)).

This imports nothing of Twisted.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable

ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
LOOKS_AGAIN = (signal.SIGHUP,)


def ignored(signum: int, frame: object) -> None:
    """The handler of a signal that was ignored: unlike SIG_IGN, no child starts with it."""


class Signals:
    """Takes note of signals, and passes them on once there is somebody to pass them to."""

    def __init__(self, signums: Iterable[int] = (*ENDS, *LOOKS_AGAIN)) -> None:
        self._early: list[int] = []
        self._act: Callable[[int], object] | None = None
        self._signums = tuple(signums)
        for signum in self._signums:
            signal.signal(signum, self._noted)

    def pass_to(self, act: Callable[[int], object]) -> None:
        """Call ``act``, from a signal handler, with each signal that has come or comes."""
        self._act = act
        while self._early:
            act(self._early.pop(0))

    def ignore(self) -> None:
        """It is over: nothing that still comes makes another end of it.

        Where a handler is set, Python resets it to the default while the interpreter ends.
        """
        for signum in self._signums:
            signal.signal(signum, signal.SIG_IGN)

    def _noted(self, signum: int, frame: object) -> None:
        if self._act is None:
            self._early.append(signum)
        else:
            self._act(signum)
