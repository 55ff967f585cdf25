"""Starts that set more than posix_spawn can: what a child then is, and what couldn't be had."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from spawning import NOBODY, Machine, as_nobody, as_root

from ncolony import forking
from ncolony.context import LIMITS
from ncolony.contextstart import give_pipes
from ncolony.forking import Step
from reactors import nothing_left

NOT_PERMITTED = r"Operation not permitted \(the monitor's hard limit is \d+\)"
#: Each of the two ways of a start: posix_spawn, and a fork.
CONTEXTS = pytest.mark.parametrize(
    "fields", [pytest.param({}, id="plain"), pytest.param({"umask": "027"}, id="context")]
)


@pytest.fixture(params=["itself", "its thread"])
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A spawner that starts children itself, or has its thread do it."""
    with nothing_left():
        machine = Machine()
        if request.param == "its thread":
            machine.crowd()
        yield machine
        machine.close()


# What a child is


def test_everything_that_a_context_has_is_set(machine: Machine, tmp_path: Path) -> None:
    """Each where the child can see it."""
    script = """
        umask; pwd; ulimit -Sn; ulimit -Hn; ulimit -c; nice
        cat /proc/self/oom_score_adj; grep NoNewPrivs /proc/self/status
    """
    found = machine.shell(
        script,
        umask="027",
        cwd=str(tmp_path),
        limits={"nofile": [50, 60], "core": 0},
        nice=10,
        oom_score_adj=500,
        no_new_privs=True,
    )
    *others, no_new_privs = found.splitlines()
    assert others == ["0027", str(tmp_path), "50", "60", "0", "10", "500"]
    assert no_new_privs == "NoNewPrivs:\t1"


@pytest.mark.parametrize("name", LIMITS)
def test_each_limit_is_set_by_its_name(machine: Machine, name: str) -> None:
    """To what the test's own are, which nobody is refused; as the child's own /proc has them."""
    soft, hard = resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))
    soft = hard if hard != resource.RLIM_INFINITY else soft
    limit = ["unlimited" if bound == resource.RLIM_INFINITY else bound for bound in (soft, hard)]
    title = {
        "as": "address space",
        "core": "core file size",
        "cpu": "cpu time",
        "data": "data size",
        "fsize": "file size",
        "memlock": "locked memory",
        "msgqueue": "msgqueue size",
        "nice": "nice priority",
        "nofile": "open files",
        "nproc": "processes",
        "rss": "resident set",
        "rtprio": "realtime priority",
        "rttime": "realtime timeout",
        "sigpending": "pending signals",
        "stack": "stack size",
    }[name]
    found = machine.shell("cat /proc/self/limits", limits={name: limit})
    row = re.search(rf"Max {title} +(\S+) +(\S+)", found)
    assert row is not None
    assert list(row.groups()) == [str(bound) for bound in limit]


def test_other_descriptor_limits_are_as_the_monitor_got_them(machine: Machine) -> None:
    """Its own is raised, a child's not."""
    soft, hard = machine.house.nofile
    found = machine.shell("ulimit -Sn; ulimit -Hn", umask="022").split()
    assert found == [str(soft), str(hard)]
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == machine.house.own_nofile


@CONTEXTS
def test_a_child_has_three_descriptors_and_they_are_its_own(
    machine: Machine, fields: dict[str, Any]
) -> None:
    """The pipe by which a failed start is reported isn't one of them."""
    with open("/etc/passwd"):
        found = machine.shell("ls /proc/$$/fd", **fields)
    assert found.split() == ["0", "1", "2"]


@CONTEXTS
def test_a_child_leads_its_session_with_default_signals(
    machine: Machine, fields: dict[str, Any]
) -> None:
    """Nothing ignored, blocked or caught, though the monitor does all that."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    caught = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        # A shell may set what it likes of itself: what it executes shows it.
        script = "echo $$; exec cat /proc/self/stat /proc/self/status"
        if not fields:  # posix_spawn can't undo what was ignored after the monitor's beginning
            signal.signal(signal.SIGUSR1, signal.SIG_DFL)
        found = machine.outcome("sh", "-c", script, **fields)
    finally:
        signal.signal(signal.SIGTERM, caught)
        signal.signal(signal.SIGUSR1, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    pid, fields_of_stat = found.split("\n")[:2]
    assert fields_of_stat.rpartition(")")[2].split()[2:4] == [pid, pid]
    masks = {
        key: int(value, 16) for key, value in re.findall(r"(Sig(?:Blk|Ign|Cgt)):\t(\w+)", found)
    }
    masks["SigIgn"] &= ~0x1_8000_0000  # 32 and 33 are glibc's own; its posix_spawn ignores them
    assert masks == {"SigBlk": 0, "SigIgn": 0, "SigCgt": 0}


@as_root
@pytest.mark.parametrize(
    ("fields", "ids"),
    [
        ({"uid": "nobody"}, ([NOBODY] * 4, [NOBODY] * 4, [NOBODY])),
        ({"uid": NOBODY, "gid": "daemon"}, ([NOBODY] * 4, [1] * 4, [1])),
        ({"uid": 54321, "gid": 54322}, ([54321] * 4, [54322] * 4, [])),
        ({"gid": "daemon"}, ([0] * 4, [1] * 4, [])),
        (
            {"uid": "nobody", "supplementary_groups": ["daemon", 7]},
            ([NOBODY] * 4, [NOBODY] * 4, [1, 7]),
        ),
        ({"uid": "nobody", "supplementary_groups": []}, ([NOBODY] * 4, [NOBODY] * 4, [])),
        ({"supplementary_groups": [7]}, ([0] * 4, [0] * 4, [7])),
    ],
)
def test_a_child_runs_as_whom_its_context_names(
    machine: Machine, fields: dict[str, Any], ids: tuple[list[int], list[int], list[int]]
) -> None:
    """All four of its ids; the groups of that user, or the listed ones, and none of root's."""
    found = machine.outcome("cat", "/proc/self/status", **fields)
    uid, gid, groups = (
        [int(number) for number in re.findall(rf"{key}:(.*)", found)[0].split()]
        for key in ("Uid", "Gid", "Groups")
    )
    assert (uid, gid, groups) == ids


@as_root
def test_a_user_can_open_its_standard_output(machine: Machine) -> None:
    """Programs that know no descriptors write to /dev/stdout."""
    script = "echo hi > /dev/stdout; echo there > /proc/self/fd/2"
    assert machine.shell(script, uid="nobody") == "hi\nthere\n"


@as_root
def test_the_monitor_s_own_output_is_given_to_nobody(tmp_path: Path) -> None:
    """Whoever owns a pipe can read from it what others say."""
    reading, writing = os.pipe()
    kept = os.dup(2)
    os.dup2(writing, 2)
    try:
        give_pipes(NOBODY, [writing])
        assert os.fstat(writing).st_uid == 0
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    give_pipes(NOBODY, [writing])
    assert os.fstat(writing).st_uid == NOBODY
    os.close(reading)
    os.close(writing)
    with open(tmp_path / "log", "wb") as log:
        give_pipes(NOBODY, [log.fileno()])
        assert os.fstat(log.fileno()).st_uid == 0


def test_a_program_is_looked_up_in_the_child_s_directory(machine: Machine, tmp_path: Path) -> None:
    """Where its PATH, or its name, is relative, as after a ``cd``."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "prog"
    program.write_text("#!/bin/sh\necho found\n")
    program.chmod(0o755)
    (tmp_path / "locked").mkdir(mode=0o755)
    (tmp_path / "locked" / "prog").touch(mode=0o644)
    env = {"PATH": "/missing:locked:bin/prog:bin"}
    assert machine.outcome("prog", cwd=str(tmp_path), env=env) == "found\n"
    assert machine.outcome("bin/prog", cwd=str(tmp_path)) == "found\n"


# What couldn't be had


def test_a_program_that_is_not_there(machine: Machine, tmp_path: Path) -> None:
    """The same text as without a context; the caller has the program's name."""
    (tmp_path / "locked").touch(mode=0o644)
    for fields in ({}, {"umask": "077"}):
        assert machine.outcome("missing", **fields) == "No such file or directory"
        assert machine.outcome("./missing", **fields) == "No such file or directory"
        assert machine.outcome("/etc/passwd/x", **fields) == "Not a directory"
        assert machine.outcome(str(tmp_path / "locked"), **fields) == "Permission denied"
        path = {"PATH": f"{tmp_path}:/missing"}
        assert machine.outcome("locked", env=path, **fields) == "Permission denied"
        large = {"env": {"A": "a" * 200_000}}
        assert machine.outcome("true", **large, **fields) == "Argument list too long"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"cwd": "/missing"}, "cannot change to /missing: No such file or directory"),
        ({"cwd": "/etc/passwd"}, "cannot change to /etc/passwd: Not a directory"),
        (
            {"limits": {"nofile": 1 << 40}},
            f"cannot set limits.nofile to 1099511627776: {NOT_PERMITTED}",
        ),
        (
            {"limits": {"nofile": [100, "unlimited"]}},
            f"cannot set limits.nofile to 100, unlimited: {NOT_PERMITTED}",
        ),
        ({"uid": "nemo"}, "cannot run as user nemo: there is no such user"),
        ({"gid": "nemo"}, "cannot run as group nemo: there is no such group"),
        (
            {"supplementary_groups": [1, "nemo"]},
            "cannot run as group nemo: there is no such group",
        ),
        (
            {"uid": 54321},
            "uid 54321 has no entry in the password database: give its gid as well",
        ),
    ],
)
def test_what_could_not_be_had_is_said(machine: Machine, fields: dict[str, Any], why: str) -> None:
    """The step that failed, with what it was asked for, and the reason; the child is reaped."""
    assert re.fullmatch(why, machine.outcome("true", **fields))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"nice": -5}, "cannot set nice to -5: Permission denied"),
        ({"oom_score_adj": -999}, "cannot set oom_score_adj to -999: Permission denied"),
        ({"uid": 0}, "cannot set supplementary groups: that needs a monitor run by root"),
        (
            {"uid": 0, "supplementary_groups": [], "gid": NOBODY},
            "cannot run as user 0: that needs a monitor run by root",
        ),
        (
            {"uid": NOBODY, "gid": 0},
            "cannot run as group 0: that needs a monitor run by root",
        ),
        ({"gid": "daemon"}, "cannot run as group daemon: that needs a monitor run by root"),
        (
            {"supplementary_groups": ["daemon"]},
            "cannot set supplementary groups: that needs a monitor run by root",
        ),
    ],
)
@as_root
def test_what_takes_root_is_refused_to_others(fields: dict[str, Any], why: str) -> None:
    """With the reason, and nothing runs."""

    def outcome() -> str:
        machine = Machine()
        found = machine.outcome("true", **fields)
        machine.close()
        return found

    assert as_nobody(outcome) == why


def test_any_monitor_may_start_what_runs_as_itself() -> None:
    """Its own ids need no right, and no entry in a database."""

    def outcome() -> list[str]:
        machine = Machine()
        own = {"uid": os.getuid(), "gid": os.getgid()}
        found = [
            machine.shell("id -u; id -g", **own),
            machine.shell("id -u", uid=os.getuid()),
            machine.shell("id -u", supplementary_groups=os.getgroups()),
            machine.shell("cat /proc/self/oom_score_adj", oom_score_adj=1000),
        ]
        machine.close()
        return found

    uid, gid = (NOBODY, NOBODY) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    assert as_nobody(outcome) == [f"{uid}\n{gid}\n", f"{uid}\n", f"{uid}\n", "1000\n"]


@as_root
def test_a_directory_is_entered_with_the_user_s_rights(machine: Machine, tmp_path: Path) -> None:
    """Not with root's."""
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o700)
    why = f"cannot change to {locked}: Permission denied"
    assert machine.outcome("true", uid="nobody", cwd=str(locked)) == why


def test_a_limit_that_leaves_no_memory_is_no_harm(machine: Machine) -> None:
    """Either it couldn't be executed, or the kernel ended it; the monitor goes on."""
    for name in ("as", "data", "stack"):
        assert machine.outcome("true", limits={name: 0})
    assert machine.shell("echo on", umask="022") == "on\n"


# The fork


def test_nothing_warns_of_threads() -> None:
    """Python does, of any fork beside them."""
    machine = Machine()
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            assert machine.shell("echo hi", umask="022") == "hi\n"
    finally:
        over.set()
        thread.join()
    assert said == []
    machine.close()


def _forked(*steps: Step, **others: Any) -> tuple[int, int]:
    """A child that does these steps and ends: its pid and exit code, or a signal below 0."""
    pid = forking.run([*steps, Step("end", os._exit, (7,))], **others)
    return pid, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_signal_before_exec_is_not_the_monitor_s() -> None:
    """Its handlers never run in a child, however early the signal comes."""
    handled: list[int] = []
    reading, writing = os.pipe()

    def handler(signum: int, frame: object) -> None:
        os.write(writing, b"handled in %d" % os.getpid())
        handled.append(signum)

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        early = Step("", lambda: os.kill(os.getpid(), signal.SIGUSR1))
        reset = Step("", signal.signal, (signal.SIGUSR1, signal.SIG_DFL))
        through = Step("", signal.pthread_sigmask, (signal.SIG_SETMASK, ()))
        assert _forked(early, reset, through)[1] == -signal.SIGUSR1
    finally:
        signal.signal(signal.SIGUSR1, before)
        os.close(writing)
    with open(reading, "rb") as said:
        assert said.read() == b""
    assert handled == []


@pytest.mark.parametrize(
    ("raised", "text"),
    [
        (OSError(errno.EROFS, "x"), "cannot try: Read-only file system"),
        (OSError("no number"), "cannot try: State not recoverable"),
        (MemoryError(), "cannot try: Cannot allocate memory"),
        (KeyError("x"), "cannot try: State not recoverable"),
        (SystemExit(3), "cannot try: State not recoverable"),
    ],
)
def test_no_exception_leaves_the_child(raised: BaseException, text: str) -> None:
    """Whatever it is, the parent has one of its own for it."""

    def fail() -> None:
        raise raised

    with nothing_left(), pytest.raises(OSError) as error:
        _forked(Step("begin", int), Step("try", fail))
    assert error.value.strerror == text


def test_a_child_that_returns_from_exec_is_a_failure() -> None:
    """There is no second monitor."""
    with pytest.raises(OSError) as raised:
        forking.run([Step("do nothing", int)])
    assert raised.value.errno == errno.ENOTRECOVERABLE


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The monitor can't wait for a file system that doesn't answer."""
    forked: list[int] = []
    fork = os.fork

    def noted() -> int:
        forked.append(fork())
        return forked[-1]

    monkeypatch.setattr(os, "fork", noted)
    with nothing_left():
        with pytest.raises(TimeoutError) as raised:
            _forked(Step("wait", time.sleep, (1000,)), patience_s=0.05)
        assert raised.value.strerror == "not within 0.05 s: a file system doesn't answer"
        (pid,) = forked
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def test_a_fork_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No descriptor, no signal blocked; the reason is the kernel's."""

    def fork() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", fork)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with nothing_left(), pytest.raises(OSError) as raised:
        _forked()
    assert raised.value.strerror == "Resource temporarily unavailable"
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mask


def test_proc_that_is_missing_is_said(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A niceness towards the kernel is set there alone."""
    opened: Callable[..., int] = os.open

    def without_proc(path: str, *others: Any) -> int:
        return opened(path.replace("/proc/self", "/missing"), *others)

    monkeypatch.setattr(os, "open", without_proc)
    why = "cannot set oom_score_adj to 1: that needs /proc, which isn't there"
    assert machine.outcome("true", oom_score_adj=1) == why


def test_a_limit_that_a_system_lacks_is_said(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not all have the same."""
    monkeypatch.delattr(resource, "RLIMIT_RTTIME")
    why = "cannot set limits.rttime to 5: this system has no such limit"
    assert machine.outcome("true", limits={"rttime": 5}) == why
