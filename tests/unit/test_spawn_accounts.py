"""As whom a child runs: users and groups by name and number, and what has to change for that."""

from __future__ import annotations

import errno
import grp
import os
import pwd
from types import SimpleNamespace
from typing import Any

import pytest

from ncolony.accounts import AS_IT_IS, Change, change
from ncolony.context import ExecContext

USERS = {"root": (0, 0, [0, 1]), "web": (7, 70, [70, 71]), "own": (1000, 1000, [1000, 27])}
GROUPS = {"root": 0, "web": 70, "audio": 29, "own": 1000}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine with these accounts, and a monitor that root runs, with root's groups."""
    now = SimpleNamespace(uid=0, gid=0, groups=[0, 1], asked=[])

    def getpwnam(name: str) -> SimpleNamespace:
        now.asked.append(name)
        uid, gid, _ = USERS[name]
        return SimpleNamespace(pw_name=name, pw_uid=uid, pw_gid=gid)

    def getpwuid(uid: int) -> SimpleNamespace:
        return getpwnam({found[0]: name for name, found in USERS.items()}[uid])

    monkeypatch.setattr(os, "geteuid", lambda: now.uid)
    monkeypatch.setattr(os, "getegid", lambda: now.gid)
    monkeypatch.setattr(os, "getresuid", lambda: (now.uid,) * 3)
    monkeypatch.setattr(os, "getresgid", lambda: (now.gid,) * 3)
    monkeypatch.setattr(os, "getgroups", lambda: now.groups)
    monkeypatch.setattr(pwd, "getpwnam", getpwnam)
    monkeypatch.setattr(pwd, "getpwuid", getpwuid)
    monkeypatch.setattr(grp, "getgrnam", lambda name: SimpleNamespace(gr_gid=GROUPS[name]))
    monkeypatch.setattr(os, "getgrouplist", lambda name, gid: [gid, *USERS[name][2][1:]])
    return now


def _change(**asked: Any) -> Change:
    return change(ExecContext(**asked))


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ({}, AS_IT_IS),
        ({"uid": 7}, Change(7, 70, [70, 71])),
        ({"uid": "web"}, Change(7, 70, [70, 71])),
        ({"uid": "web", "gid": 5}, Change(7, 5, [5, 71])),
        ({"uid": 7, "gid": "audio"}, Change(7, 29, [29, 71])),
        ({"uid": 8, "gid": 5}, Change(8, 5, [])),
        ({"uid": 8, "gid": 5, "supplementary_groups": (9,)}, Change(8, 5, [9])),
        ({"uid": "web", "supplementary_groups": ()}, Change(7, 70, [])),
        ({"uid": "web", "supplementary_groups": ("audio", 5)}, Change(7, 70, [29, 5])),
        ({"uid": "web", "gid": 0}, Change(7, None, [0, 71])),
        ({"gid": 5}, Change(None, 5, [])),
        ({"gid": "audio", "supplementary_groups": (5,)}, Change(None, 29, [5])),
        ({"supplementary_groups": ("audio",)}, Change(None, None, [29])),
        ({"supplementary_groups": ()}, Change(None, None, [])),
    ],
)
def test_a_child_has_its_user_s_groups_and_none_of_the_monitor_s(
    machine: SimpleNamespace, asked: dict[str, Any], given: Change
) -> None:
    """User, group, and supplementary groups: the user's, unless others are listed."""
    assert _change(**asked) == given


@pytest.mark.parametrize(
    "asked",
    [
        {"uid": 0},
        {"uid": "root"},
        {"uid": 0, "gid": 0},
        {"supplementary_groups": (1,)},
        {"supplementary_groups": (0, 1)},
        {"uid": 0, "supplementary_groups": ("root", 1)},
    ],
)
def test_what_is_so_already_is_not_set(machine: SimpleNamespace, asked: dict[str, Any]) -> None:
    """Root without the right to change users, as in a container, may still run as root."""
    assert _change(**asked) == AS_IT_IS


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ({"uid": 1000}, AS_IT_IS),
        ({"uid": "own"}, AS_IT_IS),
        ({"uid": 1000, "gid": 1000}, AS_IT_IS),
        ({"uid": "own", "supplementary_groups": (27, 5)}, AS_IT_IS),
        ({"uid": "own", "supplementary_groups": (27,)}, Change(None, None, [27])),
        ({"uid": "own", "gid": "audio"}, Change(None, 29, None)),
        ({"gid": 1000}, Change(None, None, [])),
        ({"uid": 0}, Change(0, 0, [0, 1])),
    ],
)
def test_an_ordinary_user_s_monitor(
    machine: SimpleNamespace, asked: dict[str, Any], given: Change
) -> None:
    """Nothing changes for its own ids, with such groups as it has; the rest the kernel refuses."""
    machine.uid, machine.gid, machine.groups = 1000, 1000, [27, 5]
    assert _change(**asked) == given


def test_a_monitor_that_nobody_knows(machine: SimpleNamespace) -> None:
    """One with a user that a cluster made up starts what names that user's number."""
    machine.uid, machine.gid, machine.groups = 1000650000, 0, [1000650000]
    assert _change(uid=1000650000) == AS_IT_IS
    assert _change(uid=1000650000, gid=0) == AS_IT_IS
    assert _change(gid=0, supplementary_groups=(1000650000,)) == AS_IT_IS


def test_a_group_alone_is_kept_without_others(machine: SimpleNamespace) -> None:
    """Where an ordinary user's monitor has no others, nothing changes."""
    machine.uid, machine.gid, machine.groups = 1000, 1000, [1000]
    assert _change(gid="own") == AS_IT_IS


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"uid": 8}, "uid 8 has no entry in the password database: give its gid as well"),
        ({"uid": "nemo"}, "cannot run as user nemo: there is no such user"),
        ({"uid": "nemo", "gid": 5}, "cannot run as user nemo: there is no such user"),
        ({"gid": "nemo"}, "cannot run as group nemo: there is no such group"),
        ({"supplementary_groups": ("nemo",)}, "cannot run as group nemo: there is no such group"),
    ],
)
def test_whom_nobody_knows_is_refused(
    machine: SimpleNamespace, asked: dict[str, Any], why: str
) -> None:
    """It would run as somebody else otherwise."""
    with pytest.raises(OSError) as raised:
        _change(**asked)
    assert (raised.value.errno, raised.value.strerror) == (errno.EINVAL, why)


def test_names_are_looked_up_at_each_start(
    machine: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account that was made since is there."""
    with pytest.raises(OSError):
        _change(uid="new")
    monkeypatch.setitem(USERS, "new", (9, 90, [90]))
    assert _change(uid="new") == Change(9, 90, [90])
