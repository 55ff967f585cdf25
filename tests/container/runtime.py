"""A container runtime of the size that the tests need: namespaces, mounts, and process 1.

Usage: runtime.py FILE. The file is JSON, ``engine.Description``. It does what runc does for a
container of one network interface, loopback: new namespaces, a root file system of its own that
can't be written, with what is mounted into it, and a user of its own; then it becomes the command.
The process that was started waits for that one and ends with its code, 128 + N for a signal; it
writes the pid that the outer world knows it by into ``pid_file``. Killed, it takes process 1 along,
and with it everything. As with runc, a container is created first, and started then: process 1
begins when a line comes on standard input, so that one that ends soon can be got hold of before.

As root it works as runtimes do. As another user it needs user namespaces, and then that user is
the container's.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
#: What a mount in a user namespace may not lose: statvfs(3) and mount(2) number them alike,
#: but for the last two.
KEPT = {1: 1, 2: 2, 4: 4, 8: 8, 1024: 1024, 2048: 2048, 4096: 1 << 21}

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
#: A container has these devices (the OCI runtime specification), and no more.
DEVICES = ("null", "zero", "full", "random", "urandom")

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    """Raise OSError where a call of libc's failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: Path, kind: str, flags: int, options: str = "") -> None:
    words = [os.fsencode(word) for word in (source, target, kind)]
    check(libc.mount(*words, ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def bind(source: str, target: Path, *, writable: bool = False) -> None:
    """Let a file or a directory appear elsewhere, as it is, or read-only."""
    if os.path.isdir(source):
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(source, target, "", MS_BIND | MS_REC)
    if not writable:
        had = os.statvfs(target).f_flag
        kept = sum(flag for bit, flag in KEPT.items() if had & bit)
        mount("", target, "", MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def below(root: Path, path: str) -> Path:
    """Where a path of the container's is before the container has its root."""
    return root / path.lstrip("/")


def become(root: Path) -> None:
    """Make this directory the root, and let go of the other one."""
    old = root / ".old"
    old.mkdir()
    check(libc.pivot_root(os.fsencode(root), os.fsencode(old)), "pivot_root")
    os.chdir("/")
    check(libc.umount2(b"/.old", MNT_DETACH), "umount")
    os.rmdir("/.old")


def build(root: Path, wanted: dict[str, Any]) -> None:
    """Mount a root file system, and everything in it."""
    mount("none", Path("/"), "", MS_REC | MS_PRIVATE)
    mount("root", root, "tmpfs", 0, "mode=0755")
    for source, path in wanted["binds"]:
        bind(source, below(root, path))
    for path, target in wanted["links"]:
        below(root, path).parent.mkdir(parents=True, exist_ok=True)
        below(root, path).symlink_to(target)
    for path, contents in wanted["files"]:
        below(root, path).parent.mkdir(parents=True, exist_ok=True)
        below(root, path).write_text(contents)
    device = below(root, "/dev")
    device.mkdir()
    for name in DEVICES:
        bind(f"/dev/{name}", device / name, writable=True)
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (device / name).symlink_to(f"/proc/self/{target}")
    proc = below(root, "/proc")
    proc.mkdir()
    if wanted["proc"] is not None:
        flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
        mount("proc", proc, "proc", flags, wanted["proc"])
    for path, options in wanted["tmpfs"]:
        below(root, path).mkdir(parents=True, exist_ok=True)
        mount("tmpfs", below(root, path), "tmpfs", MS_NOSUID | MS_NODEV, options)
    # The outer ones first, and the inner ones into them: as runtimes sort them.
    for source, path in wanted["mounts"]:
        bind(source, below(root, path))
    become(root)
    mount("", Path("/"), "", MS_REMOUNT | MS_BIND | MS_RDONLY)


def loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def await_start() -> None:
    """Wait for the line on standard input, which is nobody's then. Raises OSError at its end."""
    if not os.read(0, 1):
        raise OSError(0, "nobody started it")
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def first(wanted: dict[str, Any]) -> None:
    """Be process 1. Doesn't return."""
    check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    await_start()
    # Not before: pivot_root(2) moves everyone in the namespace, and the parent is to stay.
    check(libc.unshare(CLONE_NEWNS), "unshare")
    build(Path(wanted["root"]), wanted)
    loopback_up()
    socket.sethostname("container")
    uid, gid = wanted["uid"], wanted["gid"]
    if wanted["rootful"]:
        # As runc does: else /dev/stdout couldn't be opened by the container's user.
        for fd in (1, 2):
            with contextlib.suppress(OSError):
                os.fchown(fd, uid, gid)
        os.setgroups(wanted["groups"])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    os.setsid()
    os.umask(0o022)
    # A change of user took it away.
    check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    os.chdir(wanted["cwd"])
    for signum in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(signum, signal.SIG_DFL)  # Python ignores them
    os.execvpe(wanted["command"][0], wanted["command"], wanted["env"])


def main(file: str) -> int:
    """Run the container; its exit code."""
    wanted: dict[str, Any] = json.loads(Path(file).read_text())
    flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
    outer_uid, outer_gid = os.getuid(), os.getgid()
    if not wanted["rootful"]:
        flags |= CLONE_NEWUSER
    check(libc.unshare(flags), "unshare")
    if not wanted["rootful"]:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{wanted['uid']} {outer_uid} 1")
        Path("/proc/self/gid_map").write_text(f"{wanted['gid']} {outer_gid} 1")
    os.environ["PATH"] = wanted["env"].get("PATH", os.defpath)  # for execvpe
    pid = os.fork()
    if pid == 0:
        try:
            first(wanted)
        except BaseException as error:
            os.write(2, f"runtime: {error!r}\n".encode())
        os._exit(125)
    for signum in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)  # they are for process 1, by its pid
    os.close(1)  # the end of its output is the end of the container's
    aside = Path(wanted["pid_file"] + ".new")
    aside.write_text(str(pid))
    aside.rename(wanted["pid_file"])
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
