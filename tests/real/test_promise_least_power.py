"""Least power: a child gets nothing that it wasn't given."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import resource
import signal
from pathlib import Path
from typing import Any

import pytest
from colony import (
    LAUNCHES,
    NOBODY,
    Colony,
    children_of,
    descriptors_of,
    environ_of,
    place,
    proc_status,
    until,
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give that up")
#: How a child is started decides how it is kept from inheriting: all ways are held to the same.
USERS = pytest.mark.parametrize(
    "user",
    [
        pytest.param({}, id="as it is"),
        pytest.param({"umask": "027"}, id="with a context"),
        pytest.param({"uid": NOBODY}, id="nobody", marks=as_root),
    ],
)


def _started_badly() -> None:
    """A parent that leaves much behind: an ignored signal, blocked ones, a low soft limit."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGTERM})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(300, hard), hard))


@USERS
def test_the_environment_is_exactly_as_specified(colony: Colony, user: dict[str, Any]) -> None:
    """``env``, the inherited names, the name and the file: nothing else, to the byte."""
    colony.start(env={"INHERITED": "from the monitor", "SECRET": "not for children"})
    contents = colony.configure(
        "web", env={"A": "1 = é", "EMPTY": ""}, env_inherit=["INHERITED", "UNSET"], **user
    )
    found = environ_of(colony.running("web"))
    assert sorted(found) == sorted(
        [
            "A=1 = é".encode(),
            b"EMPTY=",
            b"INHERITED=from the monitor",
            b"UNSET=",
            b"NCOLONY_NAME=web",
            b"NCOLONY_CONFIG=" + contents,
        ]
    )


def _assert_standard_descriptors_only(pid: int) -> None:
    """What a program opens while it is loaded is closed again; what it inherits stays."""

    def loaded() -> bool:
        return sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2"]

    until(loaded, f"{pid} has descriptors 0, 1 and 2 alone")
    null, *pipes = descriptors_of(pid)
    assert null == "/dev/null"
    assert len(pipes) == 2
    assert pipes[0] == pipes[1]
    assert pipes[0].startswith("pipe:")


@USERS
def test_no_descriptor_above_2(colony: Colony, user: dict[str, Any]) -> None:
    """Whatever the monitor was started with: /dev/null and one pipe, twice."""
    extra = os.open("/etc/hostname", os.O_RDONLY)
    colony.configure("first", **user)
    colony.start(pass_fds=[extra])
    os.close(extra)
    colony.running("first")
    colony.configure("web", **user)
    pid = colony.running("web")
    for _ in range(2):
        _assert_standard_descriptors_only(pid)
        colony.ask("RESTART", "web")
        pid = colony.running("web", other_than=pid)


@USERS
def test_default_signals(colony: Colony, user: dict[str, Any]) -> None:
    """Nothing ignored, nothing blocked, although the monitor's parent did both."""
    colony.configure("web", **user)
    colony.start(preexec_fn=_started_badly)
    pid = colony.running("web")
    environ_of(pid)  # exec has come through, which sets some of them
    found = proc_status(pid)
    masks = {key: int(found[key], 16) for key in ("SigIgn", "SigBlk", "SigCgt", "SigPnd")}
    masks["SigIgn"] &= ~0x1_8000_0000  # 32 and 33 are glibc's own; its posix_spawn ignores them
    assert masks == {"SigIgn": 0, "SigBlk": 0, "SigCgt": 0, "SigPnd": 0}


@USERS
def test_own_session_and_group(colony: Colony, user: dict[str, Any]) -> None:
    """Each child leads its own; no terminal comes with that."""
    colony.configure("web", **user)
    colony.start()
    pid = colony.running("web")
    assert (os.getsid(pid), os.getpgid(pid)) == (pid, pid)


@USERS
def test_the_descriptor_limit_is_given_back(colony: Colony, user: dict[str, Any]) -> None:
    """The monitor raises its soft limit to the hard one; a child gets what the monitor got."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    colony.configure("web", **user)
    colony.start(preexec_fn=_started_badly)
    pid = colony.running("web")
    assert _descriptor_limits(pid) == [str(min(300, hard)), str(hard)]
    assert _descriptor_limits(colony.pid) == [str(hard), str(hard)]


def _descriptor_limits(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/limits").read_text()
    return text.partition("Max open files")[2].split()[:2]


def test_standard_descriptors_that_are_closed(colony: Colony) -> None:
    """A monitor started without them doesn't give its children something else in their place."""
    colony.configure("web")
    command = " ".join([*LAUNCHES["run"], "--colony", str(colony.root)])
    command = f"exec {command} <&- >&- 2>&-"
    colony.start_as(["sh", "-c", command])
    pid = colony.running("web")
    _assert_standard_descriptors_only(pid)
    colony.ask("RESTART", "web")
    colony.running("web", other_than=pid)


def _ids(pid: int) -> tuple[list[int], list[int], list[int]]:
    found = proc_status(pid)
    uid, gid, groups = ([int(i) for i in found[key].split()] for key in ("Uid", "Gid", "Groups"))
    return uid, gid, sorted(groups)


@as_root
def test_uid_drops_everything_else(colony: Colony) -> None:
    """All four ids, that user's group and its supplementary groups; none of the monitor's."""
    user = pwd.getpwuid(NOBODY)
    colony.configure("web", uid=NOBODY)
    colony.start(extra_groups=[0, 1, 2, 3, 6])
    found = _ids(colony.running("web"))
    groups = sorted(os.getgrouplist(user.pw_name, user.pw_gid))
    assert found == ([NOBODY] * 4, [user.pw_gid] * 4, groups)
    environ_of(colony.running("web"))  # exec has come through, which sets them
    capabilities = proc_status(colony.running("web"))
    assert [int(capabilities[key], 16) for key in ("CapEff", "CapPrm", "CapInh")] == [0, 0, 0]


@as_root
def test_uid_with_gid_and_without_an_entry(colony: Colony) -> None:
    """A gid of its own wins; a uid that nobody knows is fine with a gid."""
    colony.configure("both", uid=NOBODY, gid=1234)
    colony.configure("unknown", uid=54321, gid=1234)
    colony.configure("group", gid=1234)
    colony.start(extra_groups=[0, 1, 2, 3, 6])
    assert _ids(colony.running("unknown")) == ([54321] * 4, [1234] * 4, [])
    uid, gid, groups = _ids(colony.running("both"))
    assert (uid, gid) == ([NOBODY] * 4, [1234] * 4)
    assert not set(groups) & {0, 1, 2, 3, 6}
    assert _ids(colony.running("group")) == ([0] * 4, [1234] * 4, [])


@as_root
def test_a_user_may_not_run_what_it_may_not_execute(colony: Colony) -> None:
    """A program that only root may run is a state with a reason; what works next works."""
    path = colony.root / "program"
    path.write_text("#!/bin/sh\nexec sleep infinity\n")
    path.chmod(0o700)
    colony.root.chmod(0o700)
    colony.configure("web", str(path), uid=NOBODY)
    colony.start()
    now = colony.until_state("web", "BACKOFF")
    assert "Permission denied" in now["reason"]
    colony.configure("web", uid=NOBODY)
    colony.running("web")


@as_root
def test_a_restart_as_another_user(colony: Colony) -> None:
    """Root first, then nobody: the group that is stopped is the old one's."""
    colony.configure("web")
    colony.start()
    pid = colony.running("web")
    colony.configure("web", uid=NOBODY)
    pid = colony.running("web", other_than=pid)
    assert _ids(pid)[0] == [NOBODY] * 4
    colony.ask("RESTART", "web")
    colony.running("web", other_than=pid)


def test_the_program_is_looked_up_in_the_childs_path(colony: Colony) -> None:
    """Not in the monitor's; without one in ``/bin:/usr/bin``."""
    directory = colony.root / "bin"
    directory.mkdir()
    program = directory / "sleep"
    program.write_text("#!/bin/sh\necho mine; exec /bin/sleep infinity\n")
    program.chmod(0o755)
    colony.configure("own", "sleep", "9", env={"PATH": str(directory)})
    colony.configure("default")
    colony.start()
    colony.running("own")
    colony.said(b"own: mine")
    colony.running("default")


def test_the_files_name_is_the_childs(colony: Colony) -> None:
    """A child finds its own name and its own file in its environment."""
    colony.configure(
        "web", "sh", "-c", 'echo "$NCOLONY_NAME"; echo "$NCOLONY_CONFIG"; exec sleep 99'
    )
    colony.start()
    colony.running("web")
    until(lambda: len(colony.lines("web")) == 2, "two lines")
    name, contents = colony.lines("web")
    assert name == b"web"
    assert json.loads(contents)["test.mark"] == colony.mark


def test_a_context_is_set_and_changed(colony: Colony) -> None:
    """All of it at once; a new file is a new start with what that says."""
    colony.configure(
        "web",
        cwd=str(colony.root),
        umask="027",
        limits={"nofile": [50, 60], "core": 0},
        nice=12,
        oom_score_adj=700,
        no_new_privs=True,
    )
    colony.start()
    pid = colony.running("web")
    found = proc_status(pid)
    assert (found["Umask"], found["NoNewPrivs"]) == ("0027", "1")
    assert _descriptor_limits(pid) == ["50", "60"]
    assert os.getpriority(os.PRIO_PROCESS, pid) == 12
    assert Path(f"/proc/{pid}/oom_score_adj").read_text() == "700\n"
    assert os.readlink(f"/proc/{pid}/cwd") == str(colony.root)
    colony.configure("web", umask="077")
    pid = colony.running("web", other_than=pid)
    found = proc_status(pid)
    assert (found["Umask"], found["NoNewPrivs"]) == ("0077", "0")
    assert os.readlink(f"/proc/{pid}/cwd") == os.readlink(f"/proc/{colony.pid}/cwd")


def test_a_context_that_cannot_be_had_is_a_state_with_a_reason(colony: Colony) -> None:
    """Tried again as any start; the monitor keeps no child and no descriptor of it."""
    directory = colony.root / "later"
    colony.configure("web", "sleep", "99", cwd=str(directory))
    colony.start("--minrestartdelay", "0.01", "--maxrestartdelay", "0.01")
    now = colony.until_state("web", "BACKOFF")
    why = f"cannot change to {directory}: No such file or directory"
    assert now["reason"] == f"cannot start sleep: {why}"
    before = len(descriptors_of(colony.pid))

    def tried() -> bool:
        status = colony.of("web")
        return status is not None and status["starts"] >= now["starts"] + 20

    until(tried, "20 more tries")
    # A try has some of its own, for a moment.
    until(lambda: len(descriptors_of(colony.pid)) <= before + 2, "no descriptor of a try is left")
    directory.mkdir()
    pid = colony.running("web")
    assert [child for child, _ in children_of(colony.pid)] == [pid]


@as_root
def test_a_user_can_write_to_dev_stdout(colony: Colony) -> None:
    """As programs do that know no descriptors, and it comes to the same place."""
    colony.shell("web", "echo hi > /dev/stdout; exec sleep 99", uid=NOBODY)
    colony.start()
    colony.running("web")
    colony.said(b"web: hi")


def test_a_secret_is_nowhere_but_in_the_environment(colony: Colony) -> None:
    """Not in NCOLONY_CONFIG, the status or the log; and each start has it anew."""
    secret = colony.root / "secret"
    variables = colony.root / "variables"
    secret.write_bytes(b"first-password\n")
    variables.write_text("# of the deployment\nMORE='other-password'\n")
    colony.configure("web", env_from={"TOKEN": str(secret)}, env_file=[str(variables)])
    colony.start()
    pid = colony.running("web")
    found = environ_of(pid)
    assert {b"TOKEN=first-password", b"MORE=other-password"} <= set(found)
    assert b"".join(found).count(b"password") == 2
    place(secret, b"second-password")
    colony.ask("RESTART", "web")
    pid = colony.running("web", other_than=pid)
    assert b"TOKEN=second-password" in environ_of(pid)
    place(variables, b"MORE=1\nthird-password\n")
    colony.ask("RESTART", "web")
    now = colony.until_state("web", "BACKOFF")
    why = f"cannot use env_file {variables}: line 2: found no assignment; allowed: NAME=VALUE"
    assert now["reason"] == f"cannot start sleep: {why}"
    place(variables, b"MORE=1\n")
    place(secret, b"fourth-pass\0word")
    colony.ask("RESTART", "web")
    why = f"cannot use {secret} for TOKEN in env_from: found a NUL byte"
    colony.until_state("web", "BACKOFF", reason=f"cannot start sleep: {why}")
    for path in [*filter(Path.is_file, colony.status.iterdir()), colony.log_path]:
        with contextlib.suppress(FileNotFoundError):  # it was a new file until now
            assert b"pass" not in path.read_bytes()


def test_a_secret_in_a_fifo_holds_nobody_up(colony: Colony) -> None:
    """What isn't a file is refused, and others start meanwhile."""
    os.mkfifo(colony.root / "fifo")
    colony.configure("web", env_from={"TOKEN": str(colony.root / "fifo")})
    colony.configure("other")
    colony.start()
    now = colony.until_state("web", "BACKOFF")
    assert "found no regular file" in now["reason"]
    colony.running("other")
