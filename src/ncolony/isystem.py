"""The whole boundary between the core and the machine it runs on.

``ncolony.system`` is the real one, ``ncolony.testing`` a simulated one; both pass the same
contract tests. What can fail raises OSError, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from .spec import ProcessSpec

#: What to start, and where its output goes.
Start = tuple[ProcessSpec, int | None]


class Death(NamedTuple):
    """A child that has ended and was reaped: an exit code, or a signal's name."""

    pid: int
    code: int | None
    signal: str | None


class Stamp(NamedTuple):
    """What is there under a name, without opening it.

    ``kind`` is ``file`` for what may be read, and else says what it is (``a FIFO``). ``identity``
    is a number that changes when the file does: of stat(2)'s device, inode, size and times, of a
    link's target. ``changed_ns`` is the time of its last change, since 1970. ``elsewhere`` says
    that the file is a symbolic link out of the directory, whose target can change without the
    directory taking notice.
    """

    kind: str
    identity: int
    changed_ns: int
    elsewhere: bool


class ITimer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Don't call. Only for a timer that hasn't fired."""


class ISystem(Protocol):
    """Clocks, processes and files."""

    def mono(self) -> float:
        """Seconds of a clock that never goes back; for durations only."""

    def utc(self) -> float:
        """Seconds since 1970 by the wall clock; for dates only."""

    def call_later(self, delay_s: float, function: Callable[..., None], *args: object) -> ITimer:
        """Call ``function`` once, after at least ``delay_s``."""

    def spawn(self, spec: ProcessSpec, output_fd: int | None) -> int:
        """Start a process, leader of its own session and group; its pid.

        Standard output and error are ``output_fd``, or nothing; standard input is empty.
        """

    def spawn_all(self, starts: Sequence[Start]) -> list[int | Exception]:
        """Start several processes: for each what ``spawn`` returns, or raises."""

    def deaths(self) -> Iterator[Death]:
        """Reap every child that has ended, ours or an orphan; each comes once."""

    def group_lives(self, pgid: int) -> bool:
        """Whether anybody is left in a process group."""

    def signal_group(self, pgid: int, signal: str) -> None:
        """Send a signal, by its name without SIG, to a group.

        Nothing happens where it is gone. Raises PermissionError where all of it are another
        user's: a setuid program of a monitor that isn't root.
        """

    def signal_process(self, pid: int, signal: str) -> None:
        """Send a signal to one of our children that hasn't been reaped."""

    def signal_known(self, signal: str) -> bool:
        """Whether a name without SIG, or digits, is a signal here."""

    def names(self, directory: str) -> list[str]:
        """What a directory holds, in no order."""

    def stamp(self, directory: str, name: str) -> Stamp:
        """What is there under a name, without opening it."""

    def read(self, directory: str, name: str, max_bytes: int) -> bytes:
        """A regular file's contents, at most ``max_bytes`` + 1 of them. Never blocks."""

    def write(self, directory: str, name: str, contents: bytes) -> None:
        """Replace a file whole, by rename, never through a symbolic link."""

    def remove(self, directory: str, name: str) -> None:
        """Remove a file; one that isn't there is no error."""

    def move(self, directory: str, name: str, to_directory: str, to_name: str) -> None:
        """Move a file, replacing what is there."""

    def link_target(self, directory: str, name: str) -> str | None:
        """Where a symbolic link leads; None for what is none, or isn't there."""

    def make_directory(self, directory: str) -> None:
        """Make a directory where there is none."""


class IOutput(Protocol):
    """Where children's output goes; ``ncolony.output`` moves it to the monitor's log."""

    def writer(self, name: str) -> int | None:
        """A descriptor for one run's standard output and error; raises OSError."""

    def started(self, name: str, writer: int | None) -> None:
        """The run has its own copy now, or never came to be."""

    def ended(self, name: str) -> None:
        """The process has ended: pass on what it still had to say, and end its last line."""

    def forget(self, name: str) -> None:
        """The process is no more; what others of it still say is passed on."""
