"""What a child is started with: its environment, its program, its user, its signals' names."""

from __future__ import annotations

import errno
import os
import pwd
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from builders import a_file, a_spec
from ncolony.signalnames import signal_name, signal_number
from ncolony.spawn import (
    _changes_user,
    credentials,
    environment,
    find_program,
)
from reactors import nothing_left

# Environment


def test_a_child_s_environment_is_what_its_file_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it names, what it inherits by name, its own name and file, and nothing else."""
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("SECRET", "of the monitor")
    monkeypatch.delenv("UNSET", raising=False)
    asked = {"env": {"A": "1", "B": ""}, "env_inherit": ["LANG", "UNSET"]}
    assert environment(a_spec(**asked)) == {
        "A": "1",
        "B": "",
        "LANG": "C.UTF-8",
        "UNSET": "",
        "NCOLONY_NAME": "web",
        "NCOLONY_CONFIG": a_file(**asked),
    }


def test_name_and_file_cannot_be_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the monitor says of itself wins over the file and over what is inherited."""
    monkeypatch.setenv("NCOLONY_CONFIG", "of another monitor")
    asked = {"env": {"NCOLONY_NAME": "db"}, "env_inherit": ["NCOLONY_CONFIG"]}
    assert environment(a_spec(**asked)) == {
        "NCOLONY_NAME": "web",
        "NCOLONY_CONFIG": a_file(**asked),
    }


def test_bytes_that_are_not_utf_8_are_inherited_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The environment is bytes."""
    monkeypatch.setitem(os.environb, b"RAW", b"\xff")
    assert environment(a_spec(env_inherit=["RAW"]))["RAW"] == os.fsdecode(b"\xff")


# Programs


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of programs: ``a`` has one that can't be executed, ``b`` one that can."""
    monkeypatch.chdir(tmp_path)
    for folder, mode in (("a", 0o644), ("b", 0o755), ("c", 0o755)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "web").touch()
        (tmp_path / folder / "web").chmod(mode)
    (tmp_path / "b" / "folder").mkdir()
    (tmp_path / "here").touch()
    (tmp_path / "here").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("b", "b/web"),
        ("b:c", "b/web"),
        ("c:b", "c/web"),
        ("a:missing:b", "b/web"),
        ("a:b/folder:c", "c/web"),
    ],
)
def test_the_first_program_in_the_child_s_own_path_is_taken(
    programs: Path, monkeypatch: pytest.MonkeyPatch, path: str, found: str
) -> None:
    """Not in the monitor's; what can't be executed is passed over."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_program("web", {"PATH": path}) == found


@pytest.mark.parametrize("path", ["", ":b", "b::c"])
def test_an_empty_part_of_path_is_the_working_directory(programs: Path, path: str) -> None:
    """As execvp(3) has it."""
    assert find_program("here", {"PATH": path}) == "./here"


def test_without_path_the_usual_places_are_searched() -> None:
    """/bin and /usr/bin, as the interface says."""
    assert find_program("sh", {}) == "/bin/sh"


@pytest.mark.parametrize("program", ["/bin/sh", "./missing", "a/web"])
def test_a_program_with_a_slash_is_taken_as_it_is(programs: Path, program: str) -> None:
    """Whether it can be executed is the kernel's to say."""
    assert find_program(program, {"PATH": "b"}) == program


@pytest.mark.parametrize(
    ("program", "path", "number"),
    [
        ("missing", "a:b", errno.ENOENT),
        ("folder", "b", errno.ENOENT),
        ("web", "a", errno.EACCES),
        ("web", "a:missing", errno.EACCES),
        ("", "b", errno.ENOENT),
    ],
)
def test_a_program_that_is_not_found_is_an_error(
    programs: Path, program: str, path: str, number: int
) -> None:
    """It says whether there is none, or none that may be executed."""
    with nothing_left(), pytest.raises(OSError) as raised:
        find_program(program, {"PATH": path})
    assert (raised.value.errno, raised.value.filename) == (number, program)


# Users


@pytest.fixture
def users(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine whose password database has user 7 ``web``, group 70, also in 71."""
    machine = SimpleNamespace(euid=0)

    def getpwuid(uid: int) -> SimpleNamespace:
        if uid != 7:
            raise KeyError(f"getpwuid(): uid not found: {uid}")
        return SimpleNamespace(pw_name="web", pw_gid=70)

    monkeypatch.setattr(os, "geteuid", lambda: machine.euid)
    monkeypatch.setattr(pwd, "getpwuid", getpwuid)
    monkeypatch.setattr(os, "getgrouplist", lambda name, gid: [gid, {"web": 71}[name]])
    return machine


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ({"uid": 7}, (7, 70, [70, 71])),
        ({"uid": 7, "gid": 5}, (7, 5, [5, 71])),
        ({"uid": 8, "gid": 5}, (8, 5, [])),
        ({"gid": 5}, (None, 5, [])),
        ({"gid": 0}, (None, 0, [])),
    ],
)
def test_a_child_has_its_user_s_groups_and_none_of_the_monitor_s(
    users: SimpleNamespace, asked: dict[str, int], given: tuple
) -> None:
    """User, group, and supplementary groups."""
    assert credentials(a_spec(**asked)) == given


def test_a_user_that_nobody_knows_needs_a_group(users: SimpleNamespace) -> None:
    """It would run with the monitor's otherwise."""
    with pytest.raises(OSError) as raised:
        credentials(a_spec(uid=8))
    text = "uid 8 has no entry in the password database: give its gid as well"
    assert (raised.value.errno, raised.value.strerror) == (errno.EINVAL, text)


@pytest.mark.parametrize("asked", [{"uid": 7}, {"gid": 70}, {"uid": 0}])
def test_only_root_s_monitor_changes_users(users: SimpleNamespace, asked: dict[str, int]) -> None:
    """Another one says so, instead of starting it as somebody else."""
    users.euid = 1000
    with pytest.raises(PermissionError) as raised:
        credentials(a_spec(**asked))
    assert raised.value.strerror == "uid and gid need a monitor run by root"


@pytest.mark.parametrize(
    ("euid", "asked", "changes"),
    [
        (0, {}, False),
        (0, {"uid": 0}, True),
        (0, {"gid": 5}, True),
        (1000, {}, False),
        (1000, {"uid": 1000}, False),
        (1000, {"uid": 1001}, True),
        (1000, {"uid": 1000, "gid": 1000}, True),
    ],
)
def test_a_monitor_may_start_what_asks_for_its_own_user(
    users: SimpleNamespace, euid: int, asked: dict[str, int], changes: bool
) -> None:
    """Nothing has to change then, and root is not needed."""
    users.euid = euid
    assert _changes_user(a_spec(**asked)) is changes


# Signals


@pytest.mark.parametrize("signum", sorted(signal.Signals))
def test_a_signal_s_name_leads_back_to_it(signum: signal.Signals) -> None:
    """With SIG where it is said, without where it is asked for."""
    name = signal_name(signum)
    assert name == signum.name
    assert signal_number(name.removeprefix("SIG")) == signum
    assert signal_number(str(signum.value)) == signum


def test_real_time_signals_count_from_the_first() -> None:
    """Those have no name of their own."""
    for number in range(signal.SIGRTMIN + 1, signal.SIGRTMAX):
        name = signal_name(number)
        assert name == f"SIGRTMIN+{number - signal.SIGRTMIN}"
        assert signal_number(name.removeprefix("SIG")) == number
        assert signal_number(str(number)) == number


@pytest.mark.parametrize(
    "text", ["", "NOPE", "SIGTERM", "RTMIN-1", "term", "0", "33", "65", "-1", "1.0", "\u0661"]
)
def test_what_is_no_signal_is_refused(text: str) -> None:
    """By name without SIG, or by a number that the system has."""
    with pytest.raises(ValueError) as raised:
        signal_number(text)
    assert str(raised.value) == f"{text} is no signal"
