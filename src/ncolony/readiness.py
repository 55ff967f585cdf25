"""Which of many pipes can be read: one epoll for all of them, seen by the reactor as one.

A reactor's own bookkeeping costs half a kilobyte a descriptor; ten thousand pipes in an epoll
of their own cost nothing of that, and that epoll is readable when one of them is (epoll(7)).
Where there is no epoll, each pipe is registered with the reactor.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from functools import partial
from typing import Any

from .descriptors import Ready

#: At most this many pipes are read before the reactor gets its turn, one block each.
AT_ONCE = 64


class EpollReadiness:
    """All pipes behind one descriptor. Provides IReadiness of ``output``."""

    def __init__(self, reactor: Any, readable: Callable[[int], object]) -> None:
        self._reactor = reactor
        self._epoll = select.epoll()
        self._readable = readable
        self._paused = False
        self._ready = Ready(self._epoll.fileno(), self._read)
        reactor.addReader(self._ready)

    def _read(self) -> None:
        for fd, _ in self._epoll.poll(0, AT_ONCE):
            if self._paused:
                return
            self._readable(fd)

    def add(self, fd: int) -> None:
        self._epoll.register(fd, select.EPOLLIN)

    def remove(self, fd: int) -> None:
        self._epoll.unregister(fd)

    def pause(self) -> None:
        self._paused = True
        self._reactor.removeReader(self._ready)

    def resume(self) -> None:
        self._paused = False
        self._reactor.addReader(self._ready)

    def close(self) -> None:
        """Watch nothing any more."""
        self._reactor.removeReader(self._ready)
        self._epoll.close()


class ReactorReadiness:
    """One registration with the reactor a pipe: the fallback. Provides IReadiness of ``output``."""

    def __init__(self, reactor: Any, readable: Callable[[int], object]) -> None:
        self._reactor = reactor
        self._readable = readable
        self._pipes: dict[int, Ready] = {}

    def add(self, fd: int) -> None:
        self._pipes[fd] = Ready(fd, partial(self._readable, fd))
        self._reactor.addReader(self._pipes[fd])

    def remove(self, fd: int) -> None:
        self._reactor.removeReader(self._pipes.pop(fd))

    def pause(self) -> None:
        for pipe in self._pipes.values():
            self._reactor.removeReader(pipe)

    def resume(self) -> None:
        for pipe in self._pipes.values():
            self._reactor.addReader(pipe)

    def close(self) -> None:
        self.pause()


def readiness(reactor: Any, readable: Callable[[int], object]) -> EpollReadiness | ReactorReadiness:
    """The best way there is on this system."""
    if hasattr(select, "epoll"):
        return EpollReadiness(reactor, readable)
    return ReactorReadiness(reactor, readable)
