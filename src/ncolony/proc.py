"""What /proc tells of processes: parents, states, start times, marks. None where it doesn't."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

PROC = "/proc"
_AT_ONCE = 1 << 16
ONE_THREAD = 3


class Stat(NamedTuple):
    """Of proc_pid_stat(5): ``state`` is a letter, ``started`` in ticks since boot."""

    comm: str
    state: str
    parent: int
    group: int
    started: int

    @property
    def ended(self) -> bool:
        """Whether it has ended, and its parent hasn't taken notice yet."""
        return self.state in "ZX"


def stat(pid: int) -> Stat | None:
    """A process, or None where there is none to be seen."""
    text = _read(f"{PROC}/{pid}/stat")
    if text is None:
        return None
    comm, _, rest = text.partition(b"(")[2].rpartition(b")")
    fields = rest.split()
    name = comm.decode("utf-8", "replace")
    return Stat(name, fields[0].decode(), int(fields[1]), int(fields[2]), int(fields[19]))


def pids() -> Iterator[int]:
    """All processes that can be seen."""
    try:
        names = os.listdir(PROC)
    except OSError:
        return
    for name in names:
        if name.isdecimal():
            yield int(name)


def children_of(pid: int) -> list[int]:
    """A process's children, whichever of its threads started them.

    By the kernel's lists where it keeps any (CONFIG_PROC_CHILDREN), else by everybody's parent.
    """
    tasks = f"{PROC}/{pid}/task"
    try:
        # The directory has two links, and one for each thread: a stat is quicker than a list.
        threads = [str(pid)] if os.stat(tasks).st_nlink == ONE_THREAD else os.listdir(tasks)
    except OSError:
        return []
    found: list[int] = []
    for thread in threads:
        listed = listed_children(pid, thread)
        if listed is None and str(pid) == thread:
            return [child for child in pids() if (of := stat(child)) and of.parent == pid]
        found += map(int, listed or ())
    return found


def listed_children(pid: int, thread: int | str) -> list[bytes] | None:
    """The children of one thread, as the kernel lists them; None where it doesn't.

    The list is exact when none of them is reaped meanwhile: zombies stay in it.
    """
    text = _read(f"{PROC}/{pid}/task/{thread}/children")
    return None if text is None else text.split()


def locks_limit(pid: int) -> int | None:
    """A process's soft RLIMIT_LOCKS: a number, or None where it is unlimited or unknown."""
    text = _read(f"{PROC}/{pid}/limits")
    if text is None:
        return None
    value = text.partition(b"Max file locks")[2].split(None, 1)[:1]
    return int(value[0]) if value and value[0].isdigit() else None


def boot_id() -> str | None:
    """What this boot is called, and no other one is."""
    text = _read(f"{PROC}/sys/kernel/random/boot_id")
    return None if text is None else text.decode("ascii", "replace").strip()


def variable(pid: int, name: bytes) -> str | None:
    """A variable of the environment that a process was started with, if we may see that."""
    text = _read(f"{PROC}/{pid}/environ")
    for item in (text or b"").split(b"\0"):
        key, _, value = item.partition(b"=")
        if key == name:
            return os.fsdecode(value)
    return None


def _read(path: str) -> bytes | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.read(fd, _AT_ONCE)
        while text and (more := os.read(fd, _AT_ONCE)):
            text += more
        return text
    except OSError:  # it has just ended
        return None
    finally:
        os.close(fd)
