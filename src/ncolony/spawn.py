"""Start children, and bury them: the only place that does either.

A start goes through posix_spawn(3), which takes 0.3 ms where ``reactor.spawnProcess`` takes 2.5
and leaves the child in the monitor's group (ADR 0004). What a child must not inherit is taken
care of once, by ``Housekeeping``, so that a start has nothing to undo: descriptors close at
exec, and every ignored signal has a handler, which exec resets to the default.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import resource
import signal
import subprocess
from collections.abc import Iterable, Iterator, Sequence

from twisted.internet import process as twisted_process

from .housekeeping import Housekeeping
from .isystem import Death, Start
from .signalnames import signal_name
from .spawnthread import Job, SpawnThread, attempt_all
from .spec import ProcessSpec

Environment = dict[str, str | bytes]

#: Where a program is looked up when its environment has no PATH.
DEFAULT_PATH = "/bin:/usr/bin"


#: A table of this many descriptors costs a start more than the way to a thread without them.
MANY = 2048


class Spawner:
    """Starts and reaps children. Errors are OSError; their text is for people."""

    def __init__(self, house: Housekeeping) -> None:
        self._house = house
        self._thread = SpawnThread()
        self._crowded = False

    def spawn(self, spec: ProcessSpec, output_fd: int | None) -> int:
        """Start a process, leader of its own session and group; its pid."""
        (outcome,) = self.spawn_all([(spec, output_fd)])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def spawn_all(self, starts: Sequence[Start]) -> list[int | Exception]:
        """Start several: for each its pid, or why it couldn't be started."""
        prepared = [self._prepared(spec) for spec, _ in starts]
        outs = [self._house.null_fd if fd is None else fd for _, fd in starts]
        self._crowded = self._crowded or max(outs, default=0) >= MANY
        if self._crowded and self._thread.starts():
            return self._thread.call(prepared, outs)
        outcomes = attempt_all(prepared, self._house.null_fd, outs)
        if len(starts) == 1:
            os.sched_yield()  # or the child, on the same processor, waits for us to sleep
        return outcomes

    def _prepared(self, spec: ProcessSpec) -> Job:
        def job(null: int, out: int) -> int:
            env = environment(spec)
            path = find_program(spec.args[0], env)
            start = self._start_as_user if _changes_user(spec) else self._start
            return start(spec, path, env, null, out)

        return job

    def _start(self, spec: ProcessSpec, path: str, env: Environment, null: int, out: int) -> int:
        actions = [(os.POSIX_SPAWN_DUP2, fd, at) for at, fd in enumerate((null, out, out))]
        resource.setrlimit(resource.RLIMIT_NOFILE, self._house.nofile)
        try:
            return os.posix_spawn(
                path, spec.args, env, file_actions=actions, setsid=True, setsigmask=()
            )
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, self._house.own_nofile)

    def _start_as_user(
        self, spec: ProcessSpec, path: str, env: Environment, null: int, out: int
    ) -> int:
        uid, gid, groups = credentials(spec)
        child = subprocess.Popen(
            spec.args,
            executable=path,
            env=env,
            stdin=null,
            stdout=out,
            stderr=out,
            close_fds=False,
            start_new_session=True,
            user=uid,
            group=gid,
            extra_groups=groups,
            preexec_fn=self._give_back,  # noqa: PLW1509 - it makes two system calls
        )
        child.returncode = 0  # deaths() reaps it; without this, subprocess would try to as well
        return child.pid

    def _give_back(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        resource.setrlimit(resource.RLIMIT_NOFILE, self._house.nofile)

    def close(self) -> None:
        """Start nothing any more."""
        self._thread.close()

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


def environment(spec: ProcessSpec) -> Environment:
    """All of a child's environment: what its file says, its name, and its file."""
    env: Environment = dict(spec.env)
    for name in spec.env_inherit:
        env[name] = os.environ.get(name, "")
    env["NCOLONY_NAME"] = spec.name
    env["NCOLONY_CONFIG"] = spec.text
    return env


def find_program(program: str, env: Environment) -> str:
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
