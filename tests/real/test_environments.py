"""Odd places to run in: without /proc, with a hidden one, on a read-only disk, as nobody known."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pytest
from colony import NOBODY, Colony, alive, proc_status, until
from elsewhere import (
    AS_NOBODY,
    becomes_root,
    command_of,
    hand_over,
    kill,
    needs_root,
    start_as_nobody,
    start_with_proc,
)

NO_PROC = "mount -t tmpfs none /proc"
HIDDEN = "mount -t proc -o hidepid=2 none /proc"
#: Nothing can be written but in the colony's directory.
READ_ONLY = 'mount --bind "{0}" "{0}" && mount -o remount,bind,ro / && ! touch /tmp/x 2>/dev/null'
_DAEMON = "(setsid env -i sleep 1000000 </dev/null >/dev/null 2>&1 &); "
_LOCKED = 'exec 9>>"$1"; flock -n -E 77 9; [ $? -ne 77 ] || echo overlap; '
#: Two of a group, who hold a lock; a daemon beside them where one can be found again.
GROUP = _LOCKED + "echo up; sleep 1000000 & exec sleep 1000000"
TREE = _LOCKED + _DAEMON + "echo up; sleep 1000000 & exec sleep 1000000"


def works(colony: Colony, script: str) -> None:
    """Starts, restarts, deaths and stops: no two runs overlap, and nothing is left."""
    for number in range(3):
        lock = str(colony.root / f"web{number}.lock")
        colony.configure(f"web{number}", "sh", "-c", script, "sh", lock)
    for number in range(3):
        until(lambda n=number: colony.lines(f"web{n}") == [b"up"], "it is up")
        colony.ask("RESTART", f"web{number}")
        until(lambda n=number: colony.lines(f"web{n}") == [b"up"] * 2, "it is up again")
        colony.ask("SIGNAL", f"web{number}", signal="KILL")
        until(lambda n=number: len(colony.lines(f"web{n}")) == 3, "it is up once more")
        assert set(colony.lines(f"web{number}")) == {b"up"}
        now = colony.until_state(f"web{number}", "RUNNING", starts=3)
        assert alive(now["pid"])
    colony.ask("STOP", "web0")
    colony.until_state("web0", "STOPPED")
    colony.remove("web1")
    colony.gone("web1")
    assert set(colony.mine().values()) <= {"web2"}
    # Whoever is just executing a program has no environment for an instant.
    until(lambda: {"web2"} == set(colony.mine().values()), "web2 is left")
    assert colony.stop() == 0
    assert colony.marked() == []
    colony.monitor = None


@needs_root
def test_without_proc(colony: Colony) -> None:
    """Groups need none; daemons can't be told there. A look at files needs a clock then."""
    start_with_proc(colony, NO_PROC, "--threshold", "0", "--frequency", "0.1")
    works(colony, GROUP)


@needs_root
def test_without_proc_who_is_deaf_is_killed(colony: Colony) -> None:
    """The end is bounded there, too."""
    for number in range(3):
        deaf = "trap '' TERM; echo up; while :; do sleep 1000; done"
        colony.shell(f"deaf{number}", f"({deaf}) & {deaf}")
    start_with_proc(colony, NO_PROC, "--killtime", "0.3")
    for number in range(3):
        until(lambda n=number: len(colony.lines(f"deaf{n}")) == 2, "they are deaf by now")
    assert colony.stop() == 0
    assert colony.mine() == {}


@needs_root
def test_with_a_hidden_proc(colony: Colony) -> None:
    """``hidepid=2``: a user sees its own, and daemons are found."""
    hand_over(colony)
    start_with_proc(colony, HIDDEN, "--threshold", "0", user=AS_NOBODY)
    assert int(proc_status(colony.pid)["Uid"].split()[0]) == NOBODY
    works(colony, TREE)


@needs_root
def test_who_is_hidden_and_cannot_be_killed_is_reported(colony: Colony) -> None:
    """Nobody is waited for in silence, though nobody can be named."""
    with becomes_root(colony) as as_root:
        sleeps = " ".join([*as_root, "sleep", "1000000"])
        colony.shell("group", f"{sleeps} & echo up; exec sleep 1000000")
        colony.configure("itself", *as_root, "sleep", "1000000")
        hand_over(colony)
        start_with_proc(colony, HIDDEN, "--killtime", "0.2", user=AS_NOBODY)
        until(lambda: colony.lines("group"), "it is up")
        until(lambda: len(_of_root(colony)) == 2, "two are root's")
        for name in ("group", "itself"):
            colony.ask("STOP", name)
        for name in ("group", "itself"):
            until(
                lambda name=name: "can't be killed: " in (colony.of(name) or {})["reason"],
                f"it is said that somebody is left of {name}",
            )
        assert colony.stop() == 71
        kill(_of_root(colony))
        assert colony.mine() == {}
        colony.monitor = None


def _of_root(colony: Colony) -> list[int]:
    found = []
    for pid in colony.mine():
        with contextlib.suppress(OSError):
            if proc_status(pid)["Uid"].split()[0] == "0" and proc_status(pid)["Name"] == "sleep":
                found.append(pid)
    return found


@needs_root
def test_on_a_disk_that_cannot_be_written_to(colony: Colony) -> None:
    """A read-only root, one writable directory, no terminal, an empty environment."""
    script = READ_ONLY.format(colony.root) + ' && exec env -i "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, "sh"]
    colony.start_as([*command, *command_of(colony, "--threshold", "0")], start_new_session=True)
    colony.shell("files", "echo in a file; exec sleep 1000000", log="files")
    current = colony.root / "logs" / "files" / "current"
    until(lambda: current.exists() and b"in a file" in current.read_bytes(), "it is in the file")
    colony.remove("files")
    colony.gone("files")
    works(colony, TREE)


@needs_root
@pytest.mark.parametrize("group", [0, 54321])
def test_as_a_user_without_a_name(colony: Colony, group: int) -> None:
    """OpenShift's random uid, which no passwd knows, with the root group or one of its own."""
    uid = 54321
    hand_over(colony, uid)
    as_unknown = [word.replace(str(NOBODY), str(uid)) for word in AS_NOBODY]
    as_unknown[as_unknown.index(f"--regid={uid}")] = f"--regid={group}"
    command = [*as_unknown, "env", "-i", *command_of(colony, "--threshold", "0")]
    colony.start_as(command, start_new_session=True)
    assert int(proc_status(colony.pid)["Uid"].split()[0]) == uid
    works(colony, TREE)


def test_with_standard_descriptors_closed(colony: Colony) -> None:
    """Where nothing listens, nothing is said, and all goes on."""
    command = " ".join(command_of(colony, "--threshold", "0"))
    colony.start_as(["sh", "-c", f"exec {command} <&- >&- 2>&-"])
    colony.shell("web", "echo up; exec sleep 1000000")
    pid = colony.running("web")
    os.kill(pid, signal.SIGKILL)
    colony.running("web", other_than=pid)


def test_in_a_directory_that_is_gone(colony: Colony, tmp_path: Path) -> None:
    """The working directory of the monitor was removed under it."""
    directory = tmp_path / "gone"
    directory.mkdir()
    command = " ".join(command_of(colony))
    colony.start_as(["sh", "-c", f"rmdir {directory}; exec {command}"], cwd=directory)
    colony.shell("web", "echo up; exec sleep 1000000")
    pid = colony.running("web")
    colony.ask("RESTART", "web")
    colony.running("web", other_than=pid)


@needs_root
def test_a_user_s_monitor_needs_no_rights(colony: Colony) -> None:
    """Beside the ones here, as anybody."""
    start_as_nobody(colony, "--threshold", "0")
    works(colony, TREE)
