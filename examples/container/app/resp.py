"""Speak to Redis: RESP2, the part of it that this application needs, on a Unix socket."""

from __future__ import annotations

import socket

Reply = str | int | None | list["Reply"]


class RedisError(Exception):
    """Redis refused a command; ``str()`` is what it said."""


class Redis:
    """A connection, made when it is needed and made anew after it broke.

    ``call`` raises OSError where Redis can't be reached, or answers something else than RESP, and
    RedisError for what it refuses. Not for use by several threads at once.
    """

    def __init__(self, path: str, timeout_s: float | None = 5.0) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self._read = b""

    def call(self, *words: str | int) -> Reply:
        """Send a command; its reply."""
        parts = [str(word).encode() for word in words]
        command = b"*%d\r\n" % len(parts)
        command += b"".join([b"$%d\r\n%s\r\n" % (len(part), part) for part in parts])
        try:
            if self._socket is None:
                self._connect()
            assert self._socket is not None
            self._socket.sendall(command)
            return self._reply()
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Hang up; the next call connects again."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._read = None, b""

    def _connect(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._timeout_s)
        try:
            connection.connect(self._path)
        except OSError:
            connection.close()
            raise
        self._socket = connection

    def _reply(self) -> Reply:
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._exactly(int(rest)).decode()
        if kind == b"*":
            return None if rest == b"-1" else [self._reply() for _ in range(int(rest))]
        raise OSError(f"this is not RESP: {line!r}")

    def _line(self) -> bytes:
        while b"\r\n" not in self._read:
            self._receive()
        line, _, self._read = self._read.partition(b"\r\n")
        return line

    def _exactly(self, size_bytes: int) -> bytes:
        while len(self._read) < size_bytes + 2:
            self._receive()
        found, self._read = self._read[:size_bytes], self._read[size_bytes + 2 :]
        return found

    def _receive(self) -> None:
        assert self._socket is not None
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionResetError("Redis hung up")
        self._read += received
