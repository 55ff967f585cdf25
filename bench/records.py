"""What the supervised processes say of themselves: one record a start, in one file."""

import os
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

LAYOUT = struct.Struct("=qiI48s")  # struct record of record.h


class TooLate(Exception):
    """Something awaited had not happened when its time was over."""


def _nothing() -> None:
    """No fault."""


class Record(NamedTuple):
    """One start of one process, as that process saw it."""

    began_ns: int
    pid: int
    version: int
    name: str


def mono_ns() -> int:
    """The clock that the processes read too: CLOCK_MONOTONIC, in nanoseconds."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def decode(text: bytes) -> list[Record]:
    """The whole records in text, in order; what is left over at its end is passed over."""
    whole = len(text) - len(text) % LAYOUT.size
    return [
        Record(began_ns, pid, version, name.rstrip(b"\0").decode())
        for began_ns, pid, version, name in LAYOUT.iter_unpack(text[:whole])
    ]


class Records:
    """The file that the processes append their records to; it begins empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(b"")

    def __len__(self) -> int:
        return os.stat(self.path).st_size // LAYOUT.size

    def read(self, first: int = 0) -> list[Record]:
        """All records from the given number on."""
        with open(self.path, "rb") as file:
            file.seek(first * LAYOUT.size)
            return decode(file.read())

    def _look(self, deadline_ns: int, every_s: float, what: str) -> Iterator[None]:
        while True:
            yield
            if mono_ns() > deadline_ns:
                raise TooLate(f"{what}; {len(self)} records in all")
            time.sleep(every_s)

    def wait_for_count(
        self, count: int, deadline_ns: int, fault: Callable[[], str | None] = _nothing
    ) -> None:
        """Return once there are so many records; TooLate when there aren't in time, or when
        fault says why there never will be."""
        for _ in self._look(deadline_ns, 0.004, f"{count} records awaited"):
            if len(self) >= count:
                return
            if reason := fault():
                raise TooLate(reason)

    def wait_for(self, name: str, version: int, first: int, deadline_ns: int) -> Record:
        """The first record of that process and version among those from number first on."""
        for _ in self._look(deadline_ns, 0.001, f"{name}, version {version}, awaited"):
            fresh = self.read(first)
            first += len(fresh)
            for record in fresh:
                if (record.name, record.version) == (name, version):
                    return record
        raise AssertionError("not reached")
