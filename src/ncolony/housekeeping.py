"""What the monitor changes of its own process, once, so that its children inherit none of it."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

from .signals import ignored

#: PR_SET_CHILD_SUBREAPER, prctl(2).
PR_SET_CHILD_SUBREAPER = 36
#: RLIMIT_LOCKS, getrlimit(2): not enforced since Linux 2.4.25, but inherited, and to be read in
#: ``/proc/PID/limits``. Python has no name for it.
RLIMIT_LOCKS = 10


class Housekeeping:
    """What the monitor changes of itself, once, so that its children inherit none of it.

    ``nofile`` is the descriptor limit, soft and hard, that the monitor was started with and that
    its children get.
    """

    def __init__(self) -> None:
        self.null_fd = _null_above_standard()
        for fd in _open_descriptors():
            if fd > 2:
                os.set_inheritable(fd, False)
        for signum in signal.valid_signals():
            if signal.getsignal(signum) is signal.SIG_IGN:
                signal.signal(signum, ignored)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        self.nofile = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.own_nofile = (self.nofile[1], self.nofile[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, self.own_nofile)
        become_subreaper()
        self._locks = _locks()
        self._marked = False

    def mark_children(self, mark: int | None) -> None:
        """Have what is started next carry a number that all it starts inherits (ADR 12).

        That is the soft limit of RLIMIT_LOCKS. Nothing happens where there is no such limit, or
        where it can't be set.
        """
        if mark is None or self._locks is None:
            return
        try:
            resource.setrlimit(RLIMIT_LOCKS, (mark, self._locks[1]))
            self._marked = True
        except (OSError, ValueError):
            self.unmark()
            self._locks = None

    def unmark(self) -> None:
        """Be marked as before: what isn't a process of the colony's mustn't pass for one."""
        if self._marked and self._locks is not None:
            self._marked = False
            resource.setrlimit(RLIMIT_LOCKS, self._locks)

    def close(self) -> None:
        """Give back what was taken."""
        become_subreaper(yes=False)
        os.close(self.null_fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, self.nofile)


def _locks() -> tuple[int, int] | None:
    """RLIMIT_LOCKS, soft and hard; None where there is none."""
    if sys.platform != "linux":  # it is another limit there
        return None
    try:
        return resource.getrlimit(RLIMIT_LOCKS)
    except (OSError, ValueError):
        return None


def _null_above_standard() -> int:
    fd = os.open(os.devnull, os.O_RDWR)
    while fd <= 2:  # started with a standard descriptor closed: fill the gap, for good
        os.set_inheritable(fd, True)
        fd = os.open(os.devnull, os.O_RDWR)
    return fd


def _open_descriptors() -> list[int]:
    for directory in ("/proc/self/fd", "/dev/fd"):
        try:
            found = [int(name) for name in os.listdir(directory)]
        except OSError:
            continue
        return [fd for fd in found if _is_open(fd)]
    return [fd for fd in range(3, 1024) if _is_open(fd)]


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def become_subreaper(*, yes: bool = True) -> None:
    """Have orphans of our children come to us instead of to process 1, where Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)
