"""Start what posix_spawn can't: what a context asks for, as the steps of a forked child.

All that can be looked up, or can fail without forking, does so before (``forking``, ADR 14).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import stat
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .accounts import Change, change
from .context import ExecContext, Limit
from .environment import Environment
from .forking import ALL_SIGNALS, Step, run

#: PR_SET_NO_NEW_PRIVS, prctl(2).
PR_SET_NO_NEW_PRIVS = 38


class Basics(NamedTuple):
    """What every child gets: descriptors for 0, 1 and 2, and limits for descriptors."""

    fds: tuple[int, int, int]
    nofile: tuple[int, int]


def start_in(
    context: ExecContext,
    basics: Basics,
    paths: Sequence[str],
    args: Sequence[str],
    env: Environment,
) -> int:
    """Start the first of ``paths`` that can be executed; its pid.

    Raises OSError, whose text says what of the context couldn't be had.
    """
    become = change(context)
    if become.uid is not None:
        give_pipes(become.uid, basics.fds[1:])
    steps = [
        *_as_any(basics),
        *_resources(context, basics.nofile),
        *_identity(context, become),
        *_place(context),
        Step("", _execute, _encoded(paths, args, env)),
    ]
    return run(steps)


def _encoded(
    paths: Sequence[str], args: Sequence[str], env: Environment
) -> tuple[list[bytes], list[bytes], dict[bytes, bytes]]:
    encode = os.fsencode
    variables = {encode(name): encode(value) for name, value in env.items()}
    return list(map(encode, paths)), list(map(encode, args)), variables


# The steps, in their order


def _as_any(basics: Basics) -> list[Step]:
    handled = [s for s in ALL_SIGNALS if signal.getsignal(s) not in (signal.SIG_DFL, None)]
    return [
        Step("begin a session", os.setsid),
        Step("set descriptors 0, 1 and 2", _set_descriptors, (basics.fds,)),
        Step("reset signals", _reset_signals, (handled,)),
    ]


def _set_descriptors(fds: Sequence[int]) -> None:
    for at, fd in enumerate(fds):
        os.dup2(fd, at)


def _reset_signals(handled: Iterable[int]) -> None:
    for signum in handled:
        signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _resources(context: ExecContext, nofile: tuple[int, int]) -> list[Step]:
    """What needs the monitor's rights; limits after what they could be in the way of."""
    steps = []
    if context.umask is not None:
        steps.append(Step("set umask", os.umask, (context.umask,)))
    if context.oom_score_adj is not None:
        what = f"set oom_score_adj to {context.oom_score_adj}"
        reasons = {errno.ENOENT: "that needs /proc, which isn't there"}
        steps.append(Step(what, _set_oom_score_adj, (b"%d" % context.oom_score_adj,), reasons))
    if "nofile" not in dict(context.limits):
        steps.append(Step("set the descriptor limit", _set_limit, (resource.RLIMIT_NOFILE, nofile)))
    steps += [_limit(name, limit) for name, limit in context.limits]
    if context.nice is not None:  # after limits.nice, which can allow it
        args = (os.PRIO_PROCESS, 0, context.nice)
        steps.append(Step(f"set nice to {context.nice}", os.setpriority, args))
    return steps


def _limit(name: str, limit: Limit) -> Step:
    soft, hard = map(_bound, limit)
    what = f"set limits.{name} to {soft if soft == hard else f'{soft}, {hard}'}"
    number = getattr(resource, f"RLIMIT_{name.upper()}", None)
    if number is None:
        raise OSError(errno.ENOTSUP, f"cannot {what}: this system has no such limit")
    most = _bound(resource.getrlimit(number)[1])
    denied = f"{os.strerror(errno.EPERM)} (the monitor's hard limit is {most})"
    bounds = tuple([resource.RLIM_INFINITY if bound is None else bound for bound in limit])
    return Step(what, _set_limit, (number, bounds), {errno.EPERM: denied})


def _bound(bound: int | None) -> str:
    return "unlimited" if bound in (None, resource.RLIM_INFINITY) else str(bound)


def _set_limit(number: int, bounds: tuple[int, int]) -> None:
    try:
        resource.setrlimit(number, bounds)
    except ValueError:  # what Python makes of EPERM
        raise PermissionError(errno.EPERM, "") from None


def _set_oom_score_adj(text: bytes) -> None:
    fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(fd, text)
    os.close(fd)


def _identity(context: ExecContext, become: Change) -> list[Step]:
    reasons = {} if os.geteuid() == 0 else {errno.EPERM: "that needs a monitor run by root"}
    steps = []
    if become.groups is not None:
        what = "set supplementary groups"
        steps.append(Step(what, os.setgroups, (become.groups,), reasons))
    if become.gid is not None:
        what = f"run as group {become.gid if context.gid is None else context.gid}"
        steps.append(Step(what, os.setresgid, (become.gid,) * 3, reasons))
    if become.uid is not None:
        what = f"run as user {context.uid}"
        steps.append(Step(what, os.setresuid, (become.uid,) * 3, reasons))
    return steps


def _place(context: ExecContext) -> list[Step]:
    steps = []
    if context.cwd is not None:  # as the user, whose rights count
        steps.append(Step(f"change to {context.cwd}", os.chdir, (context.cwd,)))
    if context.no_new_privs:
        if sys.platform != "linux":
            raise OSError(errno.ENOTSUP, "cannot set no_new_privs: that needs Linux")
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        steps.append(Step("set no_new_privs", _set_no_new_privs, (prctl,)))
    return steps


def _set_no_new_privs(prctl: Callable[..., int]) -> None:
    if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "")


def _execute(paths: list[bytes], args: list[bytes], env: dict[bytes, bytes]) -> None:
    """Execute the first that can be, as execvp(3) does."""
    denied: OSError | None = None
    for path in paths:
        try:
            os.execve(path, args, env)
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            if denied is None or error.errno == errno.EACCES:
                denied = error
    if denied is not None:
        raise denied


def give_pipes(uid: int, fds: Iterable[int]) -> None:
    """Let a user open /dev/stdout: its pipes, which nobody else writes to, become its own.

    Not so the monitor's own standard output and error, by which others could be read.
    """
    shared = [_inode(os.fstat(fd)) for fd in (0, 1, 2)]
    for fd in fds:
        found = os.fstat(fd)
        if stat.S_ISFIFO(found.st_mode) and _inode(found) not in shared:
            with contextlib.suppress(OSError):  # without it, only such an open fails
                os.fchown(fd, uid, -1)


def _inode(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
