"""A spawner with real processes, each of which is waited for."""

from __future__ import annotations

import ctypes
import os
import pickle
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest

from builders import a_spec
from ncolony.housekeeping import Housekeeping
from ncolony.isystem import Start, Writers
from ncolony.spawn import Spawner

T = TypeVar("T")

NOBODY = 65534
PR_SET_DUMPABLE = 4
PATH = "/usr/bin:/bin"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give that up")


class Machine:
    """Starts processes as a monitor does; ``close`` finds that nothing is left of any."""

    def __init__(self, mark: Callable[[str], int | None] = lambda name: None) -> None:
        self.house = Housekeeping()
        self.spawner = Spawner(self.house, mark)
        self.started: set[int] = set()
        spawn_all = self.spawner.spawn_all

        def noted(starts: Sequence[Start]) -> list[int | Exception]:
            outcomes = spawn_all(starts)
            self.started |= {outcome for outcome in outcomes if isinstance(outcome, int)}
            return outcomes

        self.spawner.spawn_all = noted  # type: ignore[method-assign]

    def outcome(
        self,
        *args: str,
        env: dict[str, str] | None = None,
        path: str | None = PATH,
        **fields: Any,
    ) -> str:
        """All that a process writes to its end, or why it couldn't be started.

        Its exit code or signal is before it, where it isn't 0.
        """
        variables = {} if path is None else {"PATH": path}
        spec = a_spec(*args, env=variables | (env or {}), **fields)
        reading, writing = os.pipe()
        try:
            pid = self.spawner.spawn(Start(spec, Writers(writing, writing)))
        except OSError as error:
            os.close(reading)
            return error.strerror or str(error)
        finally:
            os.close(writing)
        with open(reading, errors="surrogateescape") as output:
            said = output.read()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return f"{code}: {said}" if code else said

    def shell(self, script: str, **fields: Any) -> str:
        """The outcome of a shell script."""
        return self.outcome("sh", "-c", script, **fields)

    def crowd(self) -> None:
        """Have the thread with a table of its own start everything from now on."""
        self.spawner._crowded = True

    def close(self) -> None:
        """None of its own is left; orphans of tests before are handed to this process, too."""
        left = {death.pid for death in self.spawner.deaths()}
        assert left & self.started == set()
        self.spawner.close()
        self.house.close()


def as_nobody(function: Callable[[], T]) -> T:
    """What a function returns in a process of an ordinary user's; whatever it imports is there."""
    if os.geteuid() != 0:
        return function()
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which end as they like
        pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # as after an exec
            with open(writing, "wb") as pipe:
                pickle.dump(function(), pipe)
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        result = pipe.read()
    os.waitpid(pid, 0)
    found: T = pickle.loads(result)
    return found
