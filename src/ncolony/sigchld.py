"""The news that children have ended: through a signalfd(2) where there is one.

A signalfd becomes readable in the reactor's own wait, with no handler run in between, and says
who has ended: that one can be reaped, and replaced, without the kernel going through all
children. SIGCHLD is blocked for that; a child gets an empty mask (``spawn``). Elsewhere a signal
handler calls, and nobody is named.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from collections.abc import Callable
from typing import Any

from .descriptors import Ready

#: struct signalfd_siginfo has 128 bytes, and the pid in the fourth word.
_SIZE = 128
_PID = struct.Struct("@12xI112x")
#: A set of signals as the C library has it: 1024 bits.
_SIGNAL_SET_BYTES = 128
_AT_ONCE = 64


class SignalFd:
    """Calls ``ended`` with the pids that the kernel named, some of those that have ended."""

    def __init__(self, reactor: Any, ended: Callable[[list[int]], None]) -> None:
        self._reactor = reactor
        self._ended = ended
        self._fd = _signalfd(signal.SIGCHLD)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        self._ready = Ready(self._fd, self._read)
        reactor.addReader(self._ready)

    def _read(self) -> None:
        try:
            block = os.read(self._fd, _SIZE * _AT_ONCE)
        except BlockingIOError:
            return
        self._ended([pid for (pid,) in _PID.iter_unpack(block)])

    def close(self) -> None:
        """Give SIGCHLD back."""
        self._reactor.removeReader(self._ready)
        os.close(self._fd)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


class Handler:
    """Calls ``ended`` from the reactor, soon after a signal, with no pids: the fallback."""

    def __init__(self, reactor: Any, ended: Callable[[list[int]], None]) -> None:
        self._reactor = reactor
        self._ended = ended
        self._pending = False
        self._previous = signal.getsignal(signal.SIGCHLD)
        signal.signal(signal.SIGCHLD, self._signalled)

    def _signalled(self, signum: int, frame: Any) -> None:
        if not self._pending:
            self._pending = True
            self._reactor.callFromThread(self._call)
        if callable(self._previous):
            self._previous(signum, frame)

    def _call(self) -> None:
        self._pending = False
        self._ended([])

    def close(self) -> None:
        """Give SIGCHLD back."""
        signal.signal(signal.SIGCHLD, self._previous)


def watch_deaths(reactor: Any, ended: Callable[[list[int]], None]) -> SignalFd | Handler:
    """The best way there is on this system."""
    try:
        return SignalFd(reactor, ended)
    except OSError:
        return Handler(reactor, ended)


def _signalfd(signum: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "signalfd"):
        raise OSError("this system has no signalfd")
    signals = ctypes.create_string_buffer(_SIGNAL_SET_BYTES)
    libc.sigemptyset(signals)
    libc.sigaddset(signals, signum)
    fd: int = libc.signalfd(-1, signals, os.O_NONBLOCK | os.O_CLOEXEC)
    if fd < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return fd
