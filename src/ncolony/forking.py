"""Fork a child that does a list of steps and executes a program, or says which step failed.

This is the only fork. The child imports nothing, takes no lock, lets no exception out and ends by
exec or ``os._exit``; what its steps need is looked up beforehand. What failed comes back as the
step's place in the list, by a pipe that exec closes (ADR 14).
"""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import select
import signal
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

#: A child that hasn't come as far as exec by then never will: a directory or a program is on a
#: file system that doesn't answer. The monitor stands still meanwhile.
PATIENCE_S = 10.0

ALL_SIGNALS = signal.valid_signals()


class Step(NamedTuple):
    """Something the child does. ``what`` is for people, after "cannot"; empty for exec.

    ``reasons`` are better than those of the system, by errno.
    """

    what: str
    function: Callable[..., object]
    args: tuple[Any, ...] = ()
    reasons: Mapping[int, str] = {}

    def failure(self, number: int) -> OSError:
        reason = self.reasons.get(number, os.strerror(number))
        return OSError(number, f"cannot {self.what}: {reason}" if self.what else reason)


def run(steps: Sequence[Step], patience_s: float = PATIENCE_S) -> int:
    """Fork a child that does these steps, the last of which executes something; its pid."""
    reading, writing = os.pipe()
    try:
        try:
            pid = _fork(steps, writing)
        finally:
            os.close(writing)
        report = _report(pid, reading, patience_s)
    finally:
        os.close(reading)
    if not report:
        return pid
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
    at, number = map(int, report.split())
    raise steps[at].failure(number)


def _fork(steps: Sequence[Step], report_fd: int) -> int:
    """The child's pid; in the child, no return.

    No signal comes to a handler of the monitor's in the child, for none is let through.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ALL_SIGNALS)
    try:
        with warnings.catch_warnings():
            # Python warns of forks where there are threads. The child takes no lock.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
            if pid == 0:
                _child(steps, report_fd)
            return pid
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _child(steps: Sequence[Step], report_fd: int) -> NoReturn:
    at, number = 0, errno.ENOTRECOVERABLE
    try:
        gc.disable()
        for at in range(len(steps)):
            steps[at].function(*steps[at].args)
    except OSError as error:
        number = error.errno or number
    except MemoryError:
        number = errno.ENOMEM
    finally:
        try:
            os.write(report_fd, b"%d %d" % (at, number))
        finally:
            os._exit(127)


def _report(pid: int, reading: int, patience_s: float) -> bytes:
    """What the child says; nothing if it executed its program. Ends one that says nothing."""
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    if poll.poll(patience_s * 1000):
        return os.read(reading, 64)
    os.kill(pid, signal.SIGKILL)  # reaped with the others, for that may take as long
    text = f"not within {patience_s:g} s: a file system doesn't answer"
    raise TimeoutError(errno.ETIMEDOUT, text)
