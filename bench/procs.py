"""The processes below this one: who they are, what they cost, how they end.

This process is a child subreaper (prctl(2)): whatever a supervisor daemonizes or leaves behind
becomes a child of ours. So everything a run has started is below us, and nothing else is.
"""

import contextlib
import ctypes
import os
import resource
import select
import signal
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from records import TooLate, mono_ns

PR_SET_CHILD_SUBREAPER = 36
#: No process outlives SIGKILL for so long, even on a machine that has much else to do.
END_S = 30.0


def adopt_orphans() -> None:
    """Become the parent of all orphans below this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot become a child subreaper")


def allow_descriptors(count: int) -> None:
    """Raise the soft limit, for us and for all supervisors alike, as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = count if hard == resource.RLIM_INFINITY else min(hard, count)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _processes() -> Iterator[tuple[int, bytes, int]]:
    """Pid, state and parent of each process of the machine."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", "rb") as file:
            state, parent = file.read().rpartition(b")")[2].split()[:2]
            yield int(entry), state, int(parent)


def _parents() -> dict[int, int]:
    """The parent of each living process of the machine."""
    return {pid: parent for pid, state, parent in _processes() if state not in b"ZX"}


def children_of(parent: int) -> list[int]:
    """The pids of a process's living children."""
    return [pid for pid, above in _parents().items() if above == parent]


def zombies_of(parent: int) -> int:
    """How many children of a process have ended and were not collected."""
    return sum(1 for _, state, above in _processes() if state in b"ZX" and above == parent)


def outer_pids(pids: Iterable[int]) -> dict[int, int]:
    """The pids that we know processes by, under those they have in their own PID namespace."""
    found = {}
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as file:
            inner = next(line for line in file if line.startswith("NSpid:")).split()[-1]
            found[int(inner)] = pid
    return found


def below_us() -> list[int]:
    """The pids of all living processes below this one, parents before their children."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents().items():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    level = children.get(os.getpid(), [])
    while level:
        found += level
        level = [pid for parent in level for pid in children.get(parent, [])]
    return found


class Tree(NamedTuple):
    """The processes below us: the supervisor's own, and those it supervises."""

    own: list[int]
    supervised: list[int]


def tree(child: str) -> Tree:
    """All that lives below us; the supervised are those whose program is child."""
    found = Tree([], [])
    for pid in below_us():
        with contextlib.suppress(OSError):
            program = os.readlink(f"/proc/{pid}/exe")
            (found.supervised if program == child else found.own).append(pid)
    return found


def bury() -> None:
    """Collect every child of ours that has ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def end_all() -> None:
    """Kill everything below us.

    Only direct children are signalled: nobody but us can collect them, so their pids can't have
    passed to others. What a killed one leaves behind becomes our child, for the next round.
    """
    me, over = os.getpid(), time.monotonic() + END_S
    while time.monotonic() < over:
        ours = [pid for pid, parent in _parents().items() if parent == me]
        for pid in ours:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        bury()
        if not ours and not below_us():
            return
        time.sleep(0.005)
    raise RuntimeError(f"cannot end processes {below_us()}: they outlive SIGKILL")


def wait_gone(pids: Iterable[int], deadline_ns: int) -> int:
    """When the last of the processes had ended, in nanoseconds; TooLate if some live on."""
    poll = select.poll()
    left = set()
    ended_ns = mono_ns()
    try:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                left.add(os.pidfd_open(pid))
        for pidfd in left:
            poll.register(pidfd, select.POLLIN)
        while left:
            ready = poll.poll(max(0, (deadline_ns - mono_ns()) / 1e6))
            if not ready:
                raise TooLate(f"{len(left)} processes live on")
            ended_ns = mono_ns()
            for pidfd, _ in ready:
                poll.unregister(pidfd)
                left.discard(pidfd)
                os.close(pidfd)
    finally:
        for pidfd in left:
            os.close(pidfd)
    return ended_ns


class Memory(NamedTuple):
    """What processes take."""

    pss_kb: int  # proportional set size: pages of files divided among all that map them
    own_kb: int  # the part of it that is nobody else's: anonymous memory


def memory_of(pids: Iterable[int]) -> Memory:
    """Memory of the processes together, by smaps_rollup."""
    total = {"Pss:": 0, "Pss_Anon:": 0}
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                key, *rest = line.split()
                if key in total:
                    total[key] += int(rest[0])
    return Memory(total["Pss:"], total["Pss_Anon:"])


class Work(NamedTuple):
    """What processes have done so far."""

    cpu_ns: int
    wakeups: int  # voluntary context switches: each time one went to sleep again


def work_of(pids: Iterable[int]) -> Work:
    """Processor time and wake-ups of all threads of the processes, since they began."""
    cpu_ns = wakeups = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                    cpu_ns += int(file.read().split()[0])
                with open(f"/proc/{pid}/task/{thread}/status") as file:
                    wakeups += sum(
                        int(line.split()[1])
                        for line in file
                        if line.startswith("voluntary_ctxt_switches")
                    )
    return Work(cpu_ns, wakeups)
