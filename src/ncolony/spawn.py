"""Start children, and bury them: the only place that does either.

A start goes through posix_spawn(3), which takes 0.3 ms where ``reactor.spawnProcess`` takes 2.5
and leaves the child in the monitor's group (ADR 0004). What a child must not inherit is taken
care of once, by ``Housekeeping``, so that a start has nothing to undo: descriptors close at
exec, and every ignored signal has a handler, which exec resets to the default.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import pwd
import resource
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator

from twisted.internet import process as twisted_process

from .isystem import Death
from .spec import ProcessSpec

#: Where a program is looked up when its environment has no PATH.
DEFAULT_PATH = "/bin:/usr/bin"
#: PR_SET_CHILD_SUBREAPER, prctl(2).
PR_SET_CHILD_SUBREAPER = 36


class Housekeeping:
    """What the monitor changes of itself, once, so that its children inherit none of it.

    ``nofile`` is the descriptor limit, soft and hard, that the monitor was started with and that
    its children get.
    """

    def __init__(self) -> None:
        self.null_fd = _null_above_standard()
        for fd in _open_descriptors():
            if fd > 2:
                os.set_inheritable(fd, False)
        for signum in signal.valid_signals():
            if signal.getsignal(signum) is signal.SIG_IGN:
                signal.signal(signum, _ignored)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        self.nofile = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.own_nofile = (self.nofile[1], self.nofile[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, self.own_nofile)
        become_subreaper()

    def close(self) -> None:
        """Give back what was taken."""
        os.close(self.null_fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, self.nofile)


def _ignored(signum: int, frame: object) -> None:
    """A signal that was ignored; with a handler, a child starts with the default instead."""


def _null_above_standard() -> int:
    fd = os.open(os.devnull, os.O_RDWR)
    while fd <= 2:  # started with a standard descriptor closed: fill the gap, for good
        os.set_inheritable(fd, True)
        fd = os.open(os.devnull, os.O_RDWR)
    return fd


def _open_descriptors() -> list[int]:
    for directory in ("/proc/self/fd", "/dev/fd"):
        try:
            found = [int(name) for name in os.listdir(directory)]
        except OSError:
            continue
        return [fd for fd in found if _is_open(fd)]
    return [fd for fd in range(3, 1024) if _is_open(fd)]


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def become_subreaper() -> None:
    """Have orphans of our children come to us instead of to process 1, where Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Spawner:
    """Starts and reaps children. Errors are OSError; their text is for people."""

    def __init__(self, house: Housekeeping) -> None:
        self._house = house
        self._null = (os.POSIX_SPAWN_DUP2, house.null_fd, 0)

    def spawn(self, spec: ProcessSpec, output_fd: int | None) -> int:
        """Start a process, leader of its own session and group; its pid."""
        env = environment(spec)
        path = find_program(spec.args[0], env)
        out = self._house.null_fd if output_fd is None else output_fd
        if _changes_user(spec):
            return self._spawn_as_user(spec, path, env, out)
        actions = (self._null, (os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, out, 2))
        resource.setrlimit(resource.RLIMIT_NOFILE, self._house.nofile)
        try:
            pid = os.posix_spawn(
                path, spec.args, env, file_actions=actions, setsid=True, setsigmask=()
            )
            os.sched_yield()  # or the child, on the same processor, waits for us to sleep
            return pid
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, self._house.own_nofile)

    def _spawn_as_user(
        self, spec: ProcessSpec, path: str, env: dict[str, str | bytes], out: int
    ) -> int:
        uid, gid, groups = credentials(spec)
        child = subprocess.Popen(
            spec.args,
            executable=path,
            env=env,
            stdin=self._house.null_fd,
            stdout=out,
            stderr=out,
            close_fds=False,
            start_new_session=True,
            user=uid,
            group=gid,
            extra_groups=groups,
            preexec_fn=self._give_back,  # noqa: PLW1509 - the monitor has no threads
        )
        child.returncode = 0  # deaths() reaps it; without this, subprocess would try to as well
        return child.pid

    def _give_back(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        resource.setrlimit(resource.RLIMIT_NOFILE, self._house.nofile)

    def deaths(self, named: Iterable[int] = ()) -> Iterator[Death]:
        """Every child that has ended, ours or an orphan, reaped; each comes once.

        Those that are ``named`` come first: to reap one of them costs the kernel no search.
        What ``reactor.spawnProcess`` started in this process is left to Twisted.
        """
        for name in named:
            if name not in twisted_process.reapProcessHandlers:
                with contextlib.suppress(ChildProcessError):
                    pid, status = os.waitpid(name, os.WNOHANG)
                    if pid != 0:
                        yield _death(pid, status)
        while True:
            try:
                pid, status = _next_death()
            except ChildProcessError:
                return
            if pid == 0:
                return
            yield _death(pid, status)


def _death(pid: int, status: int) -> Death:
    code = os.waitstatus_to_exitcode(status)
    return Death(pid, None, signal_name(-code)) if code < 0 else Death(pid, code, None)


def _next_death() -> tuple[int, int]:
    if not twisted_process.reapProcessHandlers:
        return os.waitpid(-1, os.WNOHANG)
    seen = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if seen is not None and seen.si_pid in twisted_process.reapProcessHandlers:
        twisted_process.reapAllProcesses()
        seen = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if seen is None or seen.si_pid in twisted_process.reapProcessHandlers:
        return 0, 0
    return os.waitpid(seen.si_pid, 0)


def environment(spec: ProcessSpec) -> dict[str, str | bytes]:
    """All of a child's environment: what its file says, its name, and its file."""
    env: dict[str, str | bytes] = dict(spec.env)
    for name in spec.env_inherit:
        env[name] = os.environ.get(name, "")
    env["NCOLONY_NAME"] = spec.name
    env["NCOLONY_CONFIG"] = spec.text
    return env


def find_program(program: str, env: dict[str, str | bytes]) -> str:
    """The file to execute, as execvp(3) would find it in the child's environment."""
    if "/" in program:
        return program
    failure = errno.ENOENT
    for directory in str(env.get("PATH", DEFAULT_PATH)).split(":"):
        path = f"{directory or '.'}/{program}"
        if os.path.isfile(path):
            if os.access(path, os.X_OK):
                return path
            failure = errno.EACCES
    raise OSError(failure, os.strerror(failure), program)


def _changes_user(spec: ProcessSpec) -> bool:
    if spec.uid is None and spec.gid is None:
        return False
    return os.geteuid() == 0 or (spec.uid, spec.gid) != (os.geteuid(), None)


def credentials(spec: ProcessSpec) -> tuple[int | None, int, list[int]]:
    """User, group and supplementary groups: those of that user, none of the monitor's."""
    if os.geteuid() != 0:
        raise PermissionError(errno.EPERM, "uid and gid need a monitor run by root")
    if spec.uid is None:
        return None, spec.gid or 0, []
    try:
        user = pwd.getpwuid(spec.uid)
    except KeyError:
        if spec.gid is None:
            text = f"uid {spec.uid} has no entry in the password database: give its gid as well"
            raise OSError(errno.EINVAL, text) from None
        return spec.uid, spec.gid, []
    gid = user.pw_gid if spec.gid is None else spec.gid
    return spec.uid, gid, os.getgrouplist(user.pw_name, gid)


def _signal_names() -> dict[int, str]:
    names = {number: f"SIGRTMIN{number - signal.SIGRTMIN:+}" for number in range(1, signal.NSIG)}
    return names | {number: signal.Signals(number).name for number in signal.Signals}


_SIGNAL_NAMES = _signal_names()
_SIGNAL_NUMBERS = {
    name: int(number)
    for number in signal.valid_signals()
    for name in (str(int(number)), _SIGNAL_NAMES[number].removeprefix("SIG"))
} | {name.removeprefix("SIG"): known.value for name, known in signal.Signals.__members__.items()}


def signal_name(signum: int) -> str:
    """``SIGKILL`` for 9; ``SIGRTMIN+1`` for what has no name of its own."""
    return _SIGNAL_NAMES[signum]


def signal_number(text: str) -> int:
    """The number of a signal by its name without SIG, or by its digits. Raises ValueError."""
    try:
        return _SIGNAL_NUMBERS[text]
    except KeyError:
        raise ValueError(f"{text} is no signal") from None
