"""Other places to run a monitor in: as another user, as process 1, with a /proc of another kind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence

import pytest
from colony import DEADLINE_S, LAUNCHES, NOBODY, Colony, alive, children_of, until

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(
    not ROOT, reason="only root can make namespaces and be another user"
)

#: Another user, who may read what root's interpreter lies in, and do nothing else of root's.
_CAPABILITY = "-all,+dac_read_search"
AS_NOBODY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *(f"--inh-caps={_CAPABILITY}", f"--ambient-caps={_CAPABILITY}"),
)


def hand_over(colony: Colony, uid: int = NOBODY) -> None:
    """Let a user's monitor write to all of the colony but its configuration."""
    for directory in (colony.root, colony.messages, colony.status):
        os.chown(directory, uid, -1)


def command_of(colony: Colony, *options: str) -> list[str]:
    """The command line of a colony's monitor."""
    return [*LAUNCHES["run"], "--colony", str(colony.root), *options]


class Inside:
    """The monitor that is process 1 of a PID namespace, by its pid outside of that.

    ``unshare`` is its parent, and ends as it does.
    """

    def __init__(self, unshare: subprocess.Popen[bytes]) -> None:
        self._unshare = unshare

        def children() -> list[tuple[int, str]]:
            assert unshare.poll() is None, f"unshare has ended with {unshare.returncode}"
            return children_of(unshare.pid)

        self.pid = until(children, "process 1 is there")[0][0]

    def poll(self) -> int | None:
        return self._unshare.poll()

    def wait(self, timeout_s: float = DEADLINE_S) -> int:
        return self._unshare.wait(timeout_s)

    def send_signal(self, signum: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # unshare is about to say so
                os.kill(self.pid, signum)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start_as_process_1(colony: Colony, *options: str) -> None:
    """Start the monitor in a PID namespace and with a /proc of its own."""
    unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    _start_inside(colony, [*unshare, *command_of(colony, *options)])


def _start_inside(colony: Colony, command: Sequence[str]) -> None:
    before = colony.monitor_status()  # of another one, whose pid was 1 as well
    colony.start_as(command, wait=False)
    assert colony.monitor is not None
    colony.monitor = Inside(colony.monitor)  # type: ignore[assignment]

    def runs() -> bool:
        assert colony.monitor_lives(), colony.log()
        now = colony.monitor_status()
        return now is not None and now != before and now["state"] == "running"

    until(runs, "the monitor runs")


def start_as_nobody(colony: Colony, *options: str) -> None:
    """Start the monitor as a user without any rights."""
    hand_over(colony)
    colony.start_as([*AS_NOBODY, *command_of(colony, *options)])


def start_with_proc(colony: Colony, mount: str, *options: str, user: Sequence[str] = ()) -> None:
    """Start the monitor where this ``mount`` command has made another /proc; perhaps as a user."""
    script = f'{mount} && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", *user]
    colony.start_as([*command, *command_of(colony, *options)])


def start_as_it_is(colony: Colony, *options: str) -> None:
    """Start the monitor as tests usually do."""
    colony.start(*options)


#: Promises that hold wherever a monitor runs are tested in each of these.
PLACES: dict[str, Callable[..., None]] = {
    "here": start_as_it_is,
    "as nobody": start_as_nobody,
    "as process 1": start_as_process_1,
}
everywhere = pytest.mark.parametrize(
    "start",
    [
        pytest.param(start, id=place, marks=() if place == "here" else needs_root)
        for place, start in PLACES.items()
    ],
)


@contextlib.contextmanager
def becomes_root(colony: Colony) -> Iterator[list[str]]:
    """What a command line begins with that makes nobody's process root's, for good."""
    directory = colony.root / "setuid"
    directory.mkdir()
    setpriv = directory / "setpriv"
    shutil.copy(shutil.which("setpriv") or "", setpriv)
    os.chown(setpriv, 0, 0)
    setpriv.chmod(0o4755)
    command = [str(setpriv), "--reuid=0", "--regid=0", "--clear-groups"]
    seen = subprocess.run([*AS_NOBODY, *command, "id", "-u"], capture_output=True, check=False)
    if seen.stdout != b"0\n":
        pytest.skip(f"programs don't get root's rights in {directory}")
    yield command


def kill(pids: Sequence[int]) -> None:
    """Kill what a test knows of, and see it gone."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not any(map(alive, pids)), "they are gone")
