"""Ports of the loopback interface that are a test's own."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def free_ports(count: int) -> Iterator[list[int]]:
    """So many ports, each another one, that nobody else is given until the end.

    They are bound, and nobody listens. Who binds one as servers do, with SO_REUSEADDR, may do so.
    """
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", 0))
        yield [one.getsockname()[1] for one in sockets]
