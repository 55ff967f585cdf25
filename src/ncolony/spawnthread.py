"""A thread with a small table of descriptors, for starts when the monitor's own is large.

To start a child, the kernel copies the table of the one who starts it, and closes the copies at
exec: 0.1 us for each descriptor, 1 ms with ten thousand processes and so as many pipes. A thread
that left the common table by unshare(2) has its own, with next to nothing in it (ADR 0010). It
is handed what a child needs by SCM_RIGHTS, unix(7), and the caller waits for it.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence

#: CLONE_FILES, unshare(2): leave the common table of descriptors.
CLONE_FILES = 0x400
#: SCM_MAX_FD, unix(7): so many descriptors go in one message. A job has two.
MAX_SENT = 253
MAX_JOBS = MAX_SENT // 2
_MAX_DESCRIPTORS = 1 << 20

#: Starts a child, with descriptors for the null device, standard output and error; its pid.
Job = Callable[[int, int, int], int]
#: Descriptors for standard output and error.
Pair = tuple[int, int]


class SpawnThread:
    """Calls functions with descriptors of its own: the null device, and what it is handed."""

    def __init__(self) -> None:
        self._ours: socket.socket | None = None
        self._jobs: Sequence[Job] = ()
        self._places: list[Pair] = []
        self._outcomes: list[int | Exception] = []
        self._impossible = False

    def starts(self) -> bool:
        """Whether it is there, or can be; it can't where unshare(2) isn't allowed."""
        if self._ours is None and not self._impossible:
            self._begin()
        return self._ours is not None

    def call(self, jobs: Sequence[Job], pairs: Sequence[Pair]) -> list[int | Exception]:
        """What each job returns or raises, for the null device and copies of its descriptors."""
        outcomes: list[int | Exception] = []
        for at in range(0, len(jobs), MAX_JOBS):
            outcomes += self._call(jobs[at : at + MAX_JOBS], pairs[at : at + MAX_JOBS])
        return outcomes

    def _call(self, jobs: Sequence[Job], pairs: Sequence[Pair]) -> list[int | Exception]:
        assert self._ours is not None, "starts() says whether it can be called"
        sent = list(dict.fromkeys(fd for pair in pairs for fd in pair))
        self._jobs = jobs
        self._places = [(sent.index(out), sent.index(err)) for out, err in pairs]
        rights = array.array("i", sent)
        self._ours.sendmsg([b"?"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        self._ours.recv(1)
        return self._outcomes

    def close(self) -> None:
        """End the thread."""
        if self._ours is not None:
            self._ours.close()
            self._ours = None

    def _begin(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:  # of the common table; the thread goes on with a copy of its own
            threading.Thread(target=self._run, args=(theirs.fileno(),), daemon=True).start()
            self._impossible = ours.recv(1) != b"y"
        if self._impossible:
            ours.close()
        else:
            self._ours = ours

    def _run(self, fd: int) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        if ctypes.CDLL(None).unshare(CLONE_FILES) != 0:
            os.write(fd, b"n")
            return
        theirs = socket.socket(fileno=fd)
        os.closerange(3, fd)
        os.closerange(fd + 1, _MAX_DESCRIPTORS)
        null = os.open(os.devnull, os.O_RDWR)
        with theirs, contextlib.suppress(OSError):
            theirs.send(b"y")
            while self._serve(theirs, null):
                pass

    def _serve(self, theirs: socket.socket, null: int) -> bool:
        fds = array.array("i")
        size_bytes = socket.CMSG_SPACE(MAX_SENT * fds.itemsize)
        # Not recv_fds(), which drops its flags (as of 3.13): every child would have all of these.
        asked, rights, _, _ = theirs.recvmsg(1, size_bytes, socket.MSG_CMSG_CLOEXEC)
        if not asked:
            return False
        for _, _, sent in rights:
            fds.frombytes(sent)
        pairs = [(fds[out], fds[err]) for out, err in self._places]
        self._outcomes = attempt_all(self._jobs, null, pairs)
        for fd in fds:
            os.close(fd)
        theirs.send(b"!")
        return True


def attempt_all(jobs: Sequence[Job], null: int, pairs: Sequence[Pair]) -> list[int | Exception]:
    """What each job returns or raises."""
    return [_attempt(job, null, pair) for job, pair in zip(jobs, pairs, strict=True)]


def _attempt(job: Job, null: int, pair: Pair) -> int | Exception:
    try:
        return job(null, *pair)
    except Exception as error:  # noqa: BLE001 - it is the caller's
        return error
