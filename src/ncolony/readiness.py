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
#: Where fewer have something to read, each is read again while it gives whole blocks, until there
#: were this many in all: 64 KB take less time than the way through the reactor.
BLOCKS = 4


class EpollReadiness:
    """All pipes behind one descriptor. Provides IReadiness of ``stream``.

    ``readable`` passes on a block, and says whether there may be more.
    """

    def __init__(self, reactor: Any, readable: Callable[[int], bool]) -> None:
        self._reactor = reactor
        self._epoll = select.epoll()
        self._readable = readable
        self._paused = False
        self._ready = Ready(self._epoll.fileno(), self._read)
        reactor.addReader(self._ready)

    def _read(self) -> None:
        ready = [fd for fd, _ in self._epoll.poll(0, AT_ONCE)]
        for _ in range(max(1, BLOCKS // (len(ready) or 1))):
            ready = [fd for fd in ready if not self._paused and self._readable(fd)]

    def add(self, fd: int) -> None:
        self._epoll.register(fd, select.EPOLLIN)

    def remove(self, fd: int) -> None:
        self._epoll.unregister(fd)

    def hold(self, fd: int) -> None:
        """Say no more of a pipe, except once, should its last writer go. Can't fail."""
        self._epoll.modify(fd, select.EPOLLONESHOT)

    def let_go(self, fd: int) -> None:
        self._epoll.modify(fd, select.EPOLLIN)

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
    """One registration with the reactor a pipe: the fallback. Provides IReadiness of ``stream``."""

    def __init__(self, reactor: Any, readable: Callable[[int], bool]) -> None:
        self._reactor = reactor
        self._readable = readable
        self._pipes: dict[int, Ready] = {}

    def add(self, fd: int) -> None:
        self._pipes[fd] = Ready(fd, partial(self._readable, fd))
        self._reactor.addReader(self._pipes[fd])

    def remove(self, fd: int) -> None:
        self._reactor.removeReader(self._pipes.pop(fd))

    def hold(self, fd: int) -> None:
        self._reactor.removeReader(self._pipes[fd])

    def let_go(self, fd: int) -> None:
        self._reactor.addReader(self._pipes[fd])

    def pause(self) -> None:
        for pipe in self._pipes.values():
            self._reactor.removeReader(pipe)

    def resume(self) -> None:
        for pipe in self._pipes.values():
            self._reactor.addReader(pipe)

    def close(self) -> None:
        self.pause()


class Some:
    """Some of the pipes of a readiness, which wait and go on together. Provides IReadiness."""

    def __init__(self, of: EpollReadiness | ReactorReadiness) -> None:
        self._of = of
        self._fds: set[int] = set()
        self._paused = False

    def add(self, fd: int) -> None:
        self._of.add(fd)
        self._fds.add(fd)
        if self._paused:
            self._of.hold(fd)

    def remove(self, fd: int) -> None:
        self._fds.remove(fd)
        self._of.remove(fd)

    def pause(self) -> None:
        self._paused = True
        for fd in self._fds:
            self._of.hold(fd)

    def resume(self) -> None:
        self._paused = False
        for fd in self._fds:
            self._of.let_go(fd)

    def close(self) -> None:
        """The others go on."""


def readiness(reactor: Any, readable: Callable[[int], bool]) -> EpollReadiness | ReactorReadiness:
    """The best way there is on this system."""
    if hasattr(select, "epoll"):
        return EpollReadiness(reactor, readable)
    return ReactorReadiness(reactor, readable)
