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
from collections.abc import Callable

#: CLONE_FILES, unshare(2): leave the common table of descriptors.
CLONE_FILES = 0x400
_MAX_DESCRIPTORS = 1 << 20


class SpawnThread:
    """Calls functions with descriptors of its own: the null device, and what it is handed."""

    def __init__(self) -> None:
        self._ours: socket.socket | None = None
        self._function: Callable[[int, int], int] | None = None
        self._outcome: int | BaseException = 0
        self._impossible = False

    def starts(self) -> bool:
        """Whether it is there, or can be; it can't where unshare(2) isn't allowed."""
        if self._ours is None and not self._impossible:
            self._begin()
        return self._ours is not None

    def call(self, function: Callable[[int, int], int], fd: int) -> int:
        """What ``function`` returns, or raises, for the null device and a copy of ``fd``."""
        assert self._ours is not None, "starts() says whether it can be called"
        self._function = function
        rights = array.array("i", [fd])
        self._ours.sendmsg([b"?"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        self._ours.recv(1)
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome

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
        flags = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
        asked, fds, _, _ = socket.recv_fds(theirs, 1, 1, flags)
        if not asked:
            return False
        try:
            assert self._function is not None, "call() sets it before it asks"
            self._outcome = self._function(null, fds[0])
        except BaseException as error:  # noqa: BLE001 - it is the caller's
            self._outcome = error
        finally:
            self._function = None
            for fd in fds:
                os.close(fd)
        theirs.send(b"!")
        return True
