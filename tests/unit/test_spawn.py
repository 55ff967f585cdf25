"""Starts and ends of real processes: where output goes, by whom they are started, their marks."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Iterator

import pytest
from spawning import PATH, Machine

from builders import a_spec
from ncolony import housekeeping, spawnthread
from ncolony.isystem import NOWHERE, Start, Writers
from ncolony.spawnthread import SpawnThread
from reactors import nothing_left

#: Fields that posix_spawn can't set.
CONTEXT = {"umask": "022"}


@pytest.fixture(params=["itself", "its thread"])
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A spawner that starts children itself, or has its thread do it."""
    with nothing_left():
        machine = Machine()
        if request.param == "its thread":
            machine.crowd()
        yield machine
        machine.close()


def _said(fd: int) -> str:
    with open(fd) as output:
        return output.read()


@pytest.mark.parametrize("fields", [{}, CONTEXT])
def test_standard_output_and_error_go_where_they_are_sent(
    machine: Machine, fields: dict[str, str]
) -> None:
    """Together, apart, or nowhere; several at once don't get each other's."""
    script = "echo $NCOLONY_NAME; echo error >&2; ls /proc/$$/fd; readlink /proc/$$/fd/0"
    pipes = [os.pipe() for _ in range(4)]
    out, err, both, out_only = (writing for _, writing in pipes)
    writers = {
        "apart": Writers(out, err),
        "both": Writers(both, both),
        "out": Writers(out_only, None),
        "none": NOWHERE,
    }
    pids = machine.spawner.spawn_all(
        [
            Start(a_spec("sh", "-c", script, name=name, env={"PATH": PATH}, **fields), found)
            for name, found in writers.items()
        ]
    )
    for _, writing in pipes:
        os.close(writing)
    descriptors = "0\n1\n2\n/dev/null\n"
    assert [_said(reading) for reading, _ in pipes] == [
        f"apart\n{descriptors}",
        "error\n",
        f"both\nerror\n{descriptors}",
        f"out\n{descriptors}",
    ]
    for pid in pids:
        assert isinstance(pid, int)
        assert os.waitpid(pid, 0) == (pid, 0)


def test_one_that_cannot_be_started_is_not_in_the_way_of_others(machine: Machine) -> None:
    """Each has its own outcome, in order."""
    good, bad = a_spec("true"), a_spec("missing")
    first, second, third, fourth = machine.spawner.spawn_all(
        [
            Start(good),
            Start(bad),
            Start(bad._replace(context=a_spec(**CONTEXT).context)),
            Start(good._replace(context=a_spec(**CONTEXT).context)),
        ]
    )
    assert isinstance(second, FileNotFoundError)
    assert isinstance(third, FileNotFoundError)
    for pid in (first, fourth):
        assert isinstance(pid, int)
        assert os.waitpid(pid, 0) == (pid, 0)


def test_more_at_once_than_one_message_holds() -> None:
    """The kernel passes 253 descriptors in one."""
    given: list[str] = []

    def job(null: int, out: int, err: int) -> int:
        given.extend(os.readlink(f"/proc/thread-self/fd/{fd}") for fd in (out, err))
        return len(given)

    with nothing_left():
        pipes = [os.pipe() for _ in range(2 * spawnthread.MAX_JOBS + 2)]
        thread = SpawnThread()
        assert thread.starts()
        writing = [pipe[1] for pipe in pipes]
        pairs = list(zip(writing[::2], writing[1::2], strict=True))
        assert thread.call([job] * len(pairs), pairs) == list(range(2, len(writing) + 1, 2))
        assert given == [os.readlink(f"/proc/self/fd/{fd}") for fd in writing]
        thread.close()
        for pipe in pipes:
            os.close(pipe[0])
            os.close(pipe[1])


# Marks


def _locks(machine: Machine, **fields: str) -> tuple[str, str]:
    found = machine.outcome("cat", "/proc/self/limits", **fields)
    row = re.search(r"Max file locks +(\S+) +(\S+)", found)
    assert row is not None
    return row[1], row[2]


@pytest.mark.parametrize("fields", [{}, CONTEXT])
@pytest.mark.parametrize("crowded", [False, True])
def test_a_child_carries_the_mark_of_its_name(fields: dict[str, str], crowded: bool) -> None:
    """As a soft limit; the hard one stays, and the monitor's own."""
    own = resource.getrlimit(housekeeping.RLIMIT_LOCKS)
    marks = {"web": 123456789, "db": 987654321}
    machine = Machine(mark=marks.get)
    if crowded:
        machine.crowd()
    soft, hard = ("unlimited" if i == resource.RLIM_INFINITY else str(i) for i in own)
    assert _locks(machine, name="web", **fields) == ("123456789", hard)
    assert _locks(machine, name="db", **fields) == ("987654321", hard)
    assert _locks(machine, name="other", **fields) == (soft, hard)
    assert resource.getrlimit(housekeeping.RLIMIT_LOCKS) == own
    machine.close()


@pytest.mark.parametrize("failure", [OSError, ValueError])
def test_a_system_without_marks_starts_all_the_same(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, failure: type[Exception]
) -> None:
    """It isn't asked again."""
    asked: list[int] = []
    before = resource.setrlimit

    def setrlimit(number: int, bounds: tuple[int, int]) -> None:
        if number == housekeeping.RLIMIT_LOCKS:
            asked.append(bounds[0])
            raise failure
        before(number, bounds)

    monkeypatch.setattr(machine.spawner, "_mark", lambda name: 5)
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    assert machine.shell("echo on") == "on\n"
    assert machine.shell("echo on") == "on\n"
    assert asked == [5]
