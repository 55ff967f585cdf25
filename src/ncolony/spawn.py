"""Start children, and bury them: the only place that does either.

A start goes through posix_spawn(3), which takes 0.3 ms where ``reactor.spawnProcess`` takes 2.5
and leaves the child in the monitor's group (ADR 0004). What a child must not inherit is taken
care of once, by ``Housekeeping``, so that a start has nothing to undo: descriptors close at
exec, and every ignored signal has a handler, which exec resets to the default. What a child has a
context for takes a fork (``contextstart``).
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Callable, Iterable, Iterator, Sequence

from twisted.internet import process as twisted_process

from .environment import Environment, candidates, environment, find_program
from .housekeeping import Housekeeping
from .isystem import Death, Start
from .signalnames import signal_name
from .spawnthread import Job, SpawnThread, attempt_all
from .spec import ProcessSpec

#: A table of this many descriptors costs a start more than the way to a thread without them;
#: several starts go together, and for them it is worth the way sooner.
MANY = 2048
MANY_FOR_SEVERAL = 256


class Spawner:
    """Starts and reaps children. Errors are OSError; their text is for people."""

    def __init__(
        self, house: Housekeeping, mark: Callable[[str], int | None] = lambda name: None
    ) -> None:
        """``mark`` says by which number, if any, a process of this name is to be known."""
        self._house = house
        self._mark = mark
        self._thread = SpawnThread()
        self._highest_fd = 0

    def spawn(self, start: Start) -> int:
        """Start a process, leader of its own session and group; its pid."""
        (outcome,) = self.spawn_all([start])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def spawn_all(self, starts: Sequence[Start]) -> list[int | Exception]:
        """Start several: for each its pid, or why it couldn't be started."""
        null = self._house.null_fd
        prepared = [self._prepared(spec) for spec, _ in starts]
        pairs = [
            (null if out is None else out, null if err is None else err) for _, (out, err) in starts
        ]
        self._highest_fd = max([self._highest_fd, *map(max, pairs)])
        crowded = self._highest_fd >= (MANY if len(starts) == 1 else MANY_FOR_SEVERAL)
        if crowded and self._thread.starts():
            outcomes = self._thread.call(prepared, pairs)
        else:
            outcomes = attempt_all(prepared, null, pairs)
        self._house.unmark()
        if len(starts) == 1:
            os.sched_yield()  # or the child, on the same processor, waits for us to sleep
        return outcomes

    def _prepared(self, spec: ProcessSpec) -> Job:
        def job(null: int, out: int, err: int) -> int:
            env = environment(spec)
            self._house.mark_children(self._mark(spec.name))
            if spec.context is None:
                return self._start(spec, env, (null, out, err))
            from .contextstart import Basics, start_in  # 5 ms, and not all colonies have such

            paths = candidates(spec.args[0], env)
            basics = Basics((null, out, err), self._house.nofile)
            return start_in(spec.context, basics, paths, spec.args, env)

        return job

    def _start(self, spec: ProcessSpec, env: Environment, fds: tuple[int, int, int]) -> int:
        path = find_program(spec.args[0], env)
        actions = [(os.POSIX_SPAWN_DUP2, fd, at) for at, fd in enumerate(fds)]
        resource.setrlimit(resource.RLIMIT_NOFILE, self._house.nofile)
        try:
            return os.posix_spawn(
                path, spec.args, env, file_actions=actions, setsid=True, setsigmask=()
            )
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, self._house.own_nofile)

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
