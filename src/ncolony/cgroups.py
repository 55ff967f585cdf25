"""A control group for each process, cgroups(7), where a version 2 directory was delegated to us.

A group knows its members whatever they do, and ``cgroup.kill`` ends all of them at once, faster
than they can fork. But a process is moved into its group just after its start (posix_spawn(3)
can't start it there), so that what it forked in that instant has to be moved after it, and could be
overlooked; marks find that (ADR 12). Nothing here fails: what can't be done is left to the marks.
"""

from __future__ import annotations

import os

#: How systemd says that a directory is delegated: systemd.resource-control(5), Delegate=.
_DELEGATED = ("user.delegate", "trusted.delegate")


class Cgroups:
    """A colony's groups below a directory, by processes' names.

    ``base`` is the colony's own number, so that others may use the same directory.
    """

    def __init__(self, root: str, base: int) -> None:
        self._root = root
        self._suffix = f".{base}.process"

    def place(self, name: str, pid: int) -> None:
        """Move a process, and what it starts from now on, into its group."""
        try:
            os.mkdir(self._path(name))
        except FileExistsError:
            pass
        except OSError:
            return
        self._write(name, "cgroup.procs", str(pid))

    def pids(self, name: str) -> list[int]:
        """The members of a group."""
        try:
            with open(f"{self._path(name)}/cgroup.procs") as procs:
                return [int(line) for line in procs]
        except OSError:
            return []

    def lives(self, name: str) -> bool:
        """Whether anybody is in a group, or in one below it; one without anybody is removed.

        Who is about to end isn't among the members any more, but may still have files open.
        """
        try:
            with open(f"{self._path(name)}/cgroup.events") as events:
                if "populated 1" in events.read():
                    return True
            os.rmdir(self._path(name))
        except OSError:  # there is none, or it may not be removed
            pass
        return False

    def kill(self, name: str) -> None:
        """End all members at once, by KILL."""
        self._write(name, "cgroup.kill", "1")

    def names(self) -> list[str]:
        """Of which processes there are groups."""
        try:
            found = os.listdir(self._root)
        except OSError:
            return []
        return [name.removesuffix(self._suffix) for name in found if name.endswith(self._suffix)]

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}{self._suffix}"

    def _write(self, name: str, file: str, text: str) -> None:
        try:
            fd = os.open(f"{self._path(name)}/{file}", os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            os.write(fd, text.encode())
        except OSError:  # it has just ended, or may not be moved
            pass
        finally:
            os.close(fd)


def is_group(directory: str) -> bool:
    """Whether we may make groups in a directory of a cgroup v2 hierarchy."""
    return os.path.exists(f"{directory}/cgroup.procs") and os.access(directory, os.W_OK)


def delegated() -> str | None:
    """Our own group's directory, where systemd says that it was delegated to us."""
    try:
        with open("/proc/self/cgroup") as groups:
            own = next(line for line in groups if line.startswith("0::"))[3:].rstrip("\n")
        directory = f"{_mount_point()}{own}".rstrip("/")
    except (OSError, StopIteration):
        return None
    return directory if is_group(directory) and _says_delegated(directory) else None


def _mount_point() -> str:
    """Where version 2 is mounted: proc_pid_mountinfo(5)."""
    with open("/proc/self/mountinfo") as mounts:
        for line in mounts:
            fields, _, kind = line.partition(" - ")
            if kind.startswith("cgroup2 "):
                return fields.split()[4]
    raise OSError("no cgroup2 file system is mounted")


def _says_delegated(directory: str) -> bool:
    for name in _DELEGATED:
        try:
            if os.getxattr(directory, name) == b"1":
                return True
        except OSError:
            continue
    return False
