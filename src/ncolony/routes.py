"""Which way each process's output takes, as its ``log`` says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from .framing import frame
from .logspec import LogSpec
from .readiness import EpollReadiness, ReactorReadiness, Some
from .stream import ISink, Port, RawRoute, Route, Stream

if TYPE_CHECKING:
    from .fileplace import FilePlace
    from .logfiles import LogFiles

MakeReadiness: TypeAlias = Callable[[], EpollReadiness | ReactorReadiness]
STDOUT, STDERR, BOTH = "stdout", "stderr", ""


class FilePort(Port):
    """The way into a process's file, with the pipes that lead there."""

    __slots__ = ("place", "streams")

    def __init__(self, place: FilePlace, readiness: Some) -> None:
        super().__init__(place.write, readiness)
        self.place = place
        self.streams: list[Stream] = []

    def attach(self, stream: Stream) -> None:
        """Watch a pipe; beside another one, only whole lines of each are written."""
        super().attach(stream)
        self.streams.append(stream)
        if len(self.streams) > 1:
            for each in self.streams:
                if isinstance(each.route, RawRoute):
                    self.write(each.route.last_line(each))
                    each.route = each.route.by_lines()

    def detach(self, stream: Stream) -> None:
        super().detach(stream)
        self.streams.remove(stream)


def shape(log: LogSpec) -> tuple[object, ...]:
    """What a process's pipes are made for; the rest may change with them in use."""
    return (log.to, log.format, log.time, log.stream, log.split)


class Routes:
    """The routes to the monitor's log, which many share, and those to each process's files.

    ``resume`` is called with a port whose place takes bytes again. All pipes to the monitor's log
    wait at once, those to files each process's own: so each kind has a readiness of its own, and
    the second is made when it is needed.
    """

    def __init__(
        self,
        sink: ISink,
        files: Callable[[], LogFiles],
        readiness: MakeReadiness,
        resume: Callable[[Port], None],
        utc: Callable[[], float],
    ) -> None:
        self._files = files
        self._make_readiness = readiness
        self._readinesses = [readiness()]
        self._resume = resume
        self._utc = utc
        self._monitor = Port(sink.write, self._readinesses[0])
        sink.resume = partial(resume, self._monitor)
        self._shared: dict[tuple[object, ...], Route] = {}
        self._ports: dict[FilePlace, FilePort] = {}
        self._wanted: dict[str, list[FilePlace]] = {}

    def of(self, name: str, log: LogSpec) -> list[Route]:
        """The route of both streams, or that of each. Raises OSError."""
        apart = log.split or log.stream or log.format == "json"
        streams = (STDOUT, STDERR) if apart else (BOTH,)
        if log.to == "monitor":
            self.forget(name)
            return [self._to_monitor(log, stream) for stream in streams]
        ports = self.use(name, log)
        if apart and not log.split:
            ports = ports * 2
        raw = not (log.time or log.stream or log.format == "json")
        kind = RawRoute if raw else Route
        return [
            kind(port, shape(log), frame(log, stream, self._utc))
            for port, stream in zip(ports, streams, strict=True)
        ]

    def use(self, name: str, log: LogSpec) -> list[FilePort]:
        """The ports to a process's files, which follow ``log`` from now on. Raises OSError."""
        files = self._files()
        beginnings = ("", f"{STDERR}-") if log.split else ("",)
        places = [files.place(name, beginning, log) for beginning in beginnings]
        ports = [self._port(place) for place in places]
        old = self._wanted.get(name, [])
        self._wanted[name] = places
        for place in old:
            self._let_go(place)
        return ports

    def forget(self, name: str) -> None:
        """The process has no files any more, but for what others still write."""
        for place in self._wanted.pop(name, ()):
            self._let_go(place)

    def detached(self, port: Port) -> None:
        """A pipe leads there no more."""
        if isinstance(port, FilePort):
            self._let_go(port.place)

    def close(self) -> None:
        """Watch nothing any more."""
        for readiness in self._readinesses:
            readiness.close()

    def _to_monitor(self, log: LogSpec, stream: str) -> Route:
        key = (shape(log), stream)
        route = self._shared.get(key)
        if route is None:
            route = Route(self._monitor, shape(log), frame(log, stream, self._utc))
            self._shared[key] = route
        return route

    def _port(self, place: FilePlace) -> FilePort:
        port = self._ports.get(place)
        if port is None:
            if len(self._readinesses) == 1:
                self._readinesses.append(self._make_readiness())
            port = self._ports[place] = FilePort(place, Some(self._readinesses[1]))
            place.resume = partial(self._resume, port)
        return port

    def _let_go(self, place: FilePlace) -> None:
        """Close a file that nobody needs."""
        wanted = place in self._wanted.get(place.file.name, ())
        port = self._ports.get(place)
        if not wanted and (port is None or not port.streams):
            self._ports.pop(place, None)
            self._files().release(place)
