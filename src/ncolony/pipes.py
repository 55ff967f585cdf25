"""The pipes of all processes: one, or one for each of the two streams.

They are made at a process's first start. The monitor keeps both ends, so that a death closes
nothing and a restart opens nothing: each run gets the writing end that is there. Beyond the
first hundred processes only the reading end is kept; the next run then opens the same pipe
again, or gets a new one where nobody holds the old one any more.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from .isystem import Writers
from .stream import Route, Stream, open_again, open_pipe


class Pipes:
    """Streams by their processes' names and by their descriptors.

    Writing ends are kept while their numbers are below ``keep_below``; a pipe is none too many
    while they are below ``limit``.
    """

    def __init__(self, keep_below: int, limit: int) -> None:
        self._keep_below = keep_below
        self._limit = limit
        self.by_fd: dict[int, Stream] = {}
        self._by_name: dict[str, Stream] = {}
        self._errors: dict[str, Stream] = {}  # of standard error, where it has a pipe of its own

    def of(self, name: str) -> tuple[Stream, ...]:
        """The pipe of a process's runs, or its two pipes; none, where it has none."""
        out = self._by_name.get(name)
        if out is None:
            return ()
        error = self._errors.get(name) if self._errors else None
        return (out,) if error is None else (out, error)

    def open(self, name: str, routes: Iterable[Route]) -> Writers:
        """Make a process's pipes; the writing ends for one run. Raises OSError.

        Those that were there before are read to their ends.
        """
        streams: list[Stream] = []
        writers: list[int] = []
        try:
            for route in routes:
                fd, writer = open_pipe(self._limit)
                writers.append(writer)
                stream = Stream(fd, writer if writer < self._keep_below else -1, name, route)
                streams.append(stream)
                route.port.attach(stream)
                self.by_fd[fd] = stream
        except OSError:
            for fd in writers:
                os.close(fd)
            for stream in streams:
                self.drop(stream)
            raise
        self.leave(name)
        self._by_name[name] = streams[0]
        if len(streams) > 1:
            self._errors[name] = streams[1]
        return Writers(writers[0], writers[-1])

    def writers(self, name: str) -> Writers | None:
        """The writing ends for one more run; None where there are none to be had."""
        streams = self.of(name)
        opened: list[int] = []
        found: list[int] = []
        for stream in streams:
            if stream.writer < 0:
                try:
                    opened.append(open_again(stream.fd))
                except OSError:
                    for fd in opened:
                        os.close(fd)
                    return None
            found.append(opened[-1] if stream.writer < 0 else stream.writer)
        return Writers(found[0], found[-1]) if found else None

    def started(self, name: str, writers: Writers) -> None:
        """Close the writing ends that aren't kept."""
        stream = self._by_name.get(name)
        if stream is None:
            return
        out, err = writers
        if out is not None and out != stream.writer:
            os.close(out)
        if err is not None and err != out and err != self._errors[name].writer:
            os.close(err)

    def leave(self, name: str) -> None:
        """Have no more runs write to a process's pipes: they end with their last holders."""
        for stream in self.of(name):
            if stream.writer >= 0:
                os.close(stream.writer)
                stream.writer = -1
        self._by_name.pop(name, None)
        self._errors.pop(name, None)

    def drop(self, stream: Stream) -> None:
        """Read a pipe no more."""
        if self.by_fd.pop(stream.fd, None) is not None:
            stream.route.port.detach(stream)
        os.close(stream.fd)
