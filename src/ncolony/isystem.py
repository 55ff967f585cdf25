"""The whole boundary between the core and the machine it runs on.

``ncolony.system`` is the real one, ``ncolony.testing`` a simulated one; both pass the same
contract tests. What can fail raises OSError, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from .spec import ProcessSpec


class Writers(NamedTuple):
    """Descriptors for standard output and error; None is nothing, /dev/null."""

    out: int | None
    err: int | None


NOWHERE = Writers(None, None)


class Start(NamedTuple):
    """What to start, and where its output goes."""

    spec: ProcessSpec
    writers: Writers = NOWHERE


class Death(NamedTuple):
    """A child that has ended and was reaped: an exit code, or a signal's name."""

    pid: int
    code: int | None
    signal: str | None


class Stamp(NamedTuple):
    """What is there under a name, without opening it.

    ``kind`` is ``file`` for what may be read, and else says what it is (``a FIFO``). ``identity``
    is a number that changes when the file does: of stat(2)'s device, inode, size, times, owner,
    group and mode, of a link's target. ``changed_ns`` is the time of its last change, since 1970.
    ``elsewhere`` says that the file is a symbolic link out of the directory, whose target can
    change without the directory taking notice.
    """

    kind: str
    identity: int
    changed_ns: int
    elsewhere: bool


class Untrusted(PermissionError):
    """Others than those who are trusted may change a file, or the way to it; strerror says who."""


class ITimer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Don't call. Only for a timer that hasn't fired."""


class IClock(Protocol):
    """Time and chance."""

    def mono(self) -> float:
        """Seconds of a clock that never goes back; for durations only."""

    def utc(self) -> float:
        """Seconds since 1970 by the wall clock; for dates only."""

    def chance(self) -> float:
        """A number at random, from 0 to 1."""

    def call_later(self, delay_s: float, function: Callable[..., None], *args: object) -> ITimer:
        """Call ``function`` once, after at least ``delay_s``."""


class IFiles(Protocol):
    """Files: what anybody needs who works with a colony's directories."""

    def names(self, directory: str) -> list[str]:
        """What a directory holds, in no order."""

    def stamp(self, directory: str, name: str) -> Stamp:
        """What is there under a name, without opening it."""

    def check_directory(self, directory: str) -> None:
        """Raise Untrusted where others may change what is in a directory, or put another there."""

    def read(self, directory: str, name: str, max_bytes: int) -> bytes:
        """A regular file's contents, at most ``max_bytes`` + 1 of them. Never blocks.

        Raises Untrusted where others may change the file. What ``check_directory`` finds out isn't
        looked at again, but where the file is a symbolic link, so is the way to its target.
        """

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


class ISystem(IClock, IFiles, Protocol):
    """Clocks, processes and files."""

    def spawn(self, start: Start) -> int:
        """Start a process, leader of its own session and group; its pid.

        Standard input is empty.
        """

    def spawn_all(self, starts: Sequence[Start]) -> list[int | Exception]:
        """Start several processes: for each what ``spawn`` returns, or raises."""

    def deaths(self) -> Iterator[Death]:
        """Reap every child that has ended, ours or an orphan; each comes once."""

    def tree_lives(self, name: str, pid: int) -> bool:
        """Whether anybody is left of a run: of its group, or what left that and lives on.

        ``pid`` is that of the process that was started, the group's leader.
        """

    def signal_tree(self, name: str, pid: int, signal: str) -> None:
        """Send a signal, by its name without SIG, to all that is left of a run.

        Nothing happens where nobody is. Those that were sent the same signal before, and aren't
        of the group, don't get it again, unless it is KILL.
        """

    def blindness(self) -> str | None:
        """Why not all that processes start can be found, for people; None where it can."""

    def survivors(self, name: str, pid: int) -> list[str]:
        """Who is left of a run, for people: pids, and what keeps them from ending."""

    def strangers(self) -> list[str]:
        """The orphans of unknown origin, for people."""

    def signal_strangers(self, signal: str) -> None:
        """Send a signal, by its name without SIG, to all orphans of unknown origin."""

    def leftovers(
        self, names: Iterable[str], reported: Mapping[str, tuple[int, int]]
    ) -> dict[str, int]:
        """What an earlier monitor of this colony left running: names, and a pid of each.

        ``names`` are those that there may be; ``reported`` has, by name, the pid that was last
        reported, and when that was started, in ticks.
        """

    def boot_id(self) -> str | None:
        """What this boot is called, and no other one is; None where unknown."""

    def started_ticks(self, pid: int) -> int | None:
        """When one that belongs to a run was started, in the kernel's ticks since boot; or None."""

    def signal_process(self, pid: int, signal: str) -> None:
        """Send a signal to one of our children that hasn't been reaped."""

    def signal_known(self, signal: str) -> bool:
        """Whether a name without SIG, or digits, is a signal here."""


class IOutput(Protocol):
    """Where children's output goes, as ``spec.log`` says; ``ncolony.output`` moves it there."""

    def writers(self, spec: ProcessSpec) -> Writers:
        """Descriptors for one run's standard output and error; raises OSError."""

    def started(self, name: str, writers: Writers) -> None:
        """The run has its own copies now, or never came to be."""

    def ended(self, name: str) -> None:
        """The process has ended: pass on what it still had to say, and end its last line."""

    def forget(self, name: str) -> None:
        """The process is no more; what others of it still say is passed on."""

    def rotate(self, name: str) -> str | None:
        """Begin new files; the reason where that can't be done."""

    def reaped(self, pid: int, ok: bool) -> None:
        """A child that is no process of the colony's has ended; ``ok``: with exit code 0."""

    def trouble(self, name: str) -> str | None:
        """What keeps a process's output from where it goes, or was lost of it; for people."""
