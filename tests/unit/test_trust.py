"""Whom a root monitor takes orders from, with files in memory that belong to all kinds of users."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from pathlib import Path

import pytest
from twisted.python import usage

from ncolony import trust
from ncolony.configdir import ConfigDir
from ncolony.isystem import Untrusted
from ncolony.mailbox import Mailbox
from ncolony.model import Configured, Refused
from ncolony.options import Options
from ncolony.request import Request
from ncolony.request import parse as parse_request
from ncolony.spec import parse
from ncolony.testing_files import DEVICE, SimulatedFiles
from ncolony.trust import Trust, check_directories, make_directories, trusting

ALICE, BOB, STAFF = 1001, 1002, 50
ROOT_ONLY = Trust(frozenset({0}))
TEXT = b'{"args": ["sleep", "1"]}'


class Machine(SimulatedFiles):
    """Files, and a wall clock that stands."""

    def __init__(self) -> None:
        self.now = 1.8e9
        super().__init__(self.utc)

    def utc(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def users(monkeypatch: pytest.MonkeyPatch) -> None:
    """The databases: alice is of group staff by her entry, bob by that of the group."""
    people = {"root": (0, 0), "alice": (ALICE, STAFF), "bob": (BOB, BOB)}
    users = [
        pwd.struct_passwd((name, "x", uid, gid, "", "/", "/bin/sh"))
        for name, (uid, gid) in people.items()
    ]
    groups = [
        grp.struct_group(("root", "x", 0, [])),
        grp.struct_group(("staff", "x", STAFF, ["bob", "nobody-any-more"])),
    ]
    for module, entries, calls in (
        (pwd, users, {"getpwnam": "pw_name", "getpwuid": "pw_uid"}),
        (grp, groups, {"getgrnam": "gr_name", "getgrgid": "gr_gid"}),
    ):
        for call, key in calls.items():
            table = {getattr(entry, key): entry for entry in entries}
            monkeypatch.setattr(module, call, table.__getitem__)
    monkeypatch.setattr(pwd, "getpwall", lambda: users)
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.fixture
def files() -> Machine:
    """A colony of root's, and a home of alice's."""
    files = Machine()
    for directory in ("/c/config", "/c/messages", "/home/alice"):
        files.make_directory(directory)
    files.own("/home/alice", uid=ALICE, gid=STAFF)
    files.obey_only(ROOT_ONLY)
    return files


def found(mode: int, uid: int = 0, gid: int = 0) -> os.stat_result:
    return os.stat_result((mode, 1, 1, 1, uid, gid, 0, 0, 0, 0))


# Whom to trust


@pytest.mark.parametrize(
    ("names", "uids", "gids"),
    [
        ([], {0}, set()),
        (["alice"], {0, ALICE}, set()),
        (["1001", "alice", "77"], {0, ALICE, 77}, set()),
        ([":staff"], {0, ALICE, BOB}, {STAFF}),
        ([":50"], {0, ALICE, BOB}, {STAFF}),
        ([":4711"], {0}, {4711}),
        (["bob", ":root"], {0, BOB}, {0}),
    ],
)
def test_users_and_groups_are_named(names: list[str], uids: set[int], gids: set[int]) -> None:
    """By name or number; a group stands for its members by both databases."""
    assert trusting(names) == Trust(frozenset(uids), frozenset(gids))


def test_the_monitor_s_own_user_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever that is."""
    monkeypatch.setattr(os, "geteuid", lambda: BOB)
    assert trusting([]).uids == {0, BOB}


UNKNOWN = [
    "",
    ":",
    "carol",
    ":carol",
    "-1",
    "4294967295",
    ":4294967295",
    "1" * 5000,
    "\u0661",
    "0x1",
]


@pytest.mark.parametrize("name", UNKNOWN)
def test_who_is_unknown_is_refused(name: str) -> None:
    """With what was found, and what is allowed."""
    with pytest.raises(ValueError) as raised:
        trusting([name])
    said = f"found {name!r}; allowed: a user, or :GROUP, that is known here"
    assert str(raised.value) == said


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Parse options beside two directories."""
    for name in ("config", "messages"):
        (tmp_path / name).mkdir()
    monkeypatch.delenv("NCOLONY_DIR", raising=False)

    def parsed(*argv: str) -> Options:
        made = Options()
        places = ("--config", f"{tmp_path}/config", "--messages", f"{tmp_path}/messages")
        made.parseOptions([*places, *argv])
        return made

    return parsed


def test_the_options_say_whom_to_trust(options) -> None:
    """Nobody but root without any; both may be repeated."""
    assert options().trust == ROOT_ONLY
    named = options("--trust", "alice", "--trust=:4711", "--trust", "77")
    assert named.trust == Trust(frozenset({0, ALICE, 77}), frozenset({4711}))


def test_nobody_is_asked_where_everybody_is_trusted(options) -> None:
    """By an option, and where the monitor isn't root's."""
    assert options("--trust-anyone").trust is None
    assert options("--trust-anyone", "--trust", "alice").trust is None


def test_a_monitor_that_is_not_root_s_asks_nothing(
    options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are its own matter."""
    monkeypatch.setattr(os, "geteuid", lambda: ALICE)
    assert options().trust is None
    assert options("--trust", "bob").trust is None


def test_an_unknown_user_is_a_wrong_option(options) -> None:
    """Whoever runs the monitor."""
    with pytest.raises(usage.UsageError) as raised:
        options("--trust", "carol")
    said = "--trust: found 'carol'; allowed: a user, or :GROUP, that is known here"
    assert str(raised.value) == said


# What is wrong with a file

F, D = stat.S_IFREG, stat.S_IFDIR


@pytest.mark.parametrize(
    ("stats", "said"),
    [
        (found(F | 0o644), None),
        (found(D | 0o755, gid=STAFF), None),
        (found(F | 0o666), "others may write to it (-rw-rw-rw-); chmod go-w"),
        (found(D | 0o1777), "others may write to it (drwxrwxrwt); chmod go-w"),
        (
            found(F | 0o664, gid=STAFF),
            "group staff may write to it (-rw-rw-r--); chmod g-w, or --trust :staff",
        ),
        (
            found(F | 0o664),
            "group root may write to it (-rw-rw-r--); chmod g-w, or --trust :root",
        ),
        (
            found(D | 0o775, gid=4711),
            "group 4711 may write to it (drwxrwxr-x); chmod g-w, or --trust :4711",
        ),
        (
            found(F | 0o666, ALICE),
            "it belongs to user alice (-rw-rw-rw-); chown it, or --trust alice",
        ),
        (found(F | 0o400, 99), "it belongs to user 99 (-r--------); chown it, or --trust 99"),
    ],
)
def test_what_is_wrong_with_a_file(stats: os.stat_result, said: str | None) -> None:
    """The owner first, then whoever may write; numbers where there is no name."""
    assert ROOT_ONLY.fault(stats) == said


@pytest.mark.parametrize(
    ("stats", "right"),
    [
        (found(F | 0o644, ALICE), True),
        (found(F | 0o664, BOB, STAFF), True),
        (found(F | 0o664, 0, 0), False),
        (found(F | 0o646, ALICE, STAFF), False),
        (found(F | 0o644, 1003), False),
    ],
)
def test_who_is_trusted_may_own_and_write(stats: os.stat_result, right: bool) -> None:
    """Each for itself: a group that is named lets nobody else's group write."""
    assert (trusting([":staff"]).fault(stats) is None) is right


# Paths


def line(files: Machine, *paths: str, by: Trust | None = ROOT_ONLY) -> str | None:
    """What is said at the start of a monitor with these directories."""
    return check_directories(paths, by, trust_files(files))


def trust_files(files: Machine) -> trust.Files:
    assert files._guard is not None
    return files._guard._files


def test_a_monitor_starts_on_directories_of_root_s(files: Machine) -> None:
    """Those that aren't there yet are made by the monitor."""
    assert line(files, "/c/config", "/c/messages", "/c/status", "/missing/x", "/") is None


def test_the_first_that_is_wrong_is_named(files: Machine) -> None:
    """With what helps."""
    files.own("/c/messages", mode=0o777)
    assert line(files, "/c/config", "/c/messages", "/home/alice") == (
        "cannot trust /c/messages: others may write to it (drwxrwxrwx); chmod go-w"
        " (or --trust-anyone)"
    )
    assert line(files, "/c/config", "/c/messages", by=None) is None


def test_a_folder_above_is_named(files: Machine) -> None:
    """Even if the directory itself isn't there yet."""
    assert line(files, "/home/alice/colony/config") == (
        "cannot trust /home/alice/colony/config: /home/alice: it belongs to user alice"
        " (drwxr-xr-x); chown it, or --trust alice (or --trust-anyone)"
    )
    assert line(files, "/home/alice/colony/config", by=trusting(["alice"])) is None


def test_the_root_directory_counts(files: Machine) -> None:
    """In a container it may belong to whoever built the image."""
    files._root.mode = stat.S_IFDIR | 0o777
    said = line(files, "/c/config")
    assert said is not None
    assert said.startswith("cannot trust /c/config: /: others may write to it")
    assert (line(files, "/") or "").startswith("cannot trust /: others may write to it")
    files._root.mode = stat.S_IFDIR | 0o1777
    assert line(files, "/c/config") is None
    assert (line(files, "/") or "").startswith("cannot trust /: others may write to it")


def test_what_cannot_be_checked_is_refused(files: Machine) -> None:
    """A way that nobody can know isn't trusted."""
    files.link("/c/circle", "circle")
    said = "cannot check who may write to /c/circle/config: Too many levels of symbolic links"
    assert line(files, "/c/circle/config") == said


def test_a_sticky_directory_of_a_stranger_s(files: Machine) -> None:
    """Its owner may do there what others can't."""
    files.make_directory("/tmp/colony")
    files.own("/tmp", mode=0o1777)
    assert line(files, "/tmp/colony") is None
    files.own("/tmp", uid=ALICE)
    said = line(files, "/tmp/colony")
    assert said is not None
    assert "/tmp: it belongs to user alice (drwxrwxrwt)" in said


def test_a_link_that_a_stranger_put_into_a_sticky_directory(files: Machine) -> None:
    """It may lead to what belongs to root, and somewhere else tomorrow."""
    files.make_directory("/tmp")
    files.own("/tmp", mode=0o1777)
    files.link("/tmp/colony", "/c")
    assert line(files, "/tmp/colony/config") is None
    files.nodes["/tmp/colony"].uid = ALICE
    assert line(files, "/tmp/colony/config") == (
        "cannot trust /tmp/colony/config: /tmp/colony: it belongs to user alice (lrwxrwxrwx);"
        " chown it, or --trust alice (or --trust-anyone)"
    )


def test_a_link_s_owner_means_nothing_where_only_root_could_put_it(files: Machine) -> None:
    """Nobody can change a link, but by putting another in its place."""
    files.link("/colony", "c")
    files.nodes["/colony"].uid = ALICE
    assert line(files, "/colony/config") is None


# While the monitor runs


def test_a_bad_file_is_refused_and_read_once_it_is_right(files: Machine) -> None:
    """As any that is bad; others don't mind."""
    config = ConfigDir(files, "/c/config")
    for name in ("web", "db"):
        files.put(f"/c/config/{name}", TEXT)
    files.own("/c/config/web", uid=ALICE)
    said = "cannot use /c/config/web: it belongs to user alice (-rw-r--r--)"
    assert config.look() == {
        "web": Refused(f"{said}; chown it, or --trust alice"),
        "db": Configured(parse("db", TEXT)),
    }
    assert (config.trouble, config.needs_clock) == (None, True)
    files.own("/c/config/web", uid=0)
    assert config.look(frozenset({"web"})) == {"web": Configured(parse("web", TEXT))}
    assert (config.trouble, config.needs_clock) == (None, False)


def test_a_file_that_turns_bad_is_noticed_by_its_mode_alone(files: Machine) -> None:
    """Its contents and times are what they were."""
    files.put("/c/config/web", TEXT)
    files.now += 60
    config = ConfigDir(files, "/c/config")
    assert list(config.look()) == ["web"]
    assert config.look() == {}
    files.own("/c/config/web", mode=0o666)
    (change,) = config.look().values()
    said = "others may write to it (-rw-rw-rw-); chmod go-w"
    assert change == Refused(f"cannot use /c/config/web: {said}")
    files.own("/c/config/web", mode=0o644)
    assert list(config.look().values()) == [Configured(parse("web", TEXT))]


def test_a_bad_directory_changes_nothing(files: Machine) -> None:
    """Until it is right; then all of it is looked at, whatever was asked for."""
    config = ConfigDir(files, "/c/config")
    files.put("/c/config/web", TEXT)
    assert list(config.look()) == ["web"]
    files.own("/c/config", mode=0o777)
    files.put("/c/config/db", TEXT)
    files.delete("/c/config/web")
    for names in (None, frozenset({"db"}), frozenset({"web"})):
        assert config.look(names) == {}
        assert config.trouble == (
            "cannot look at /c/config: others may write to it (drwxrwxrwx); chmod go-w"
        )
        assert config.needs_clock
    files.own("/c/config", mode=0o755)
    assert set(config.look(frozenset({"other"}))) == {"web", "db"}
    assert (config.trouble, config.needs_clock) == (None, False)


@pytest.fixture
def mailbox(files: Machine):
    """A mailbox, what it carried out, and what it said."""
    files.now += 60
    done: list[Request] = []
    said: list[str] = []

    def carry_out(asked: Request) -> None:
        done.append(asked)

    made = Mailbox(files, "/c/messages", parse_request, carry_out, said.append)
    return made, done, said


MESSAGE = b'{"type": "RESTART-ALL"}'


def test_a_bad_request_is_rejected(files: Machine, mailbox) -> None:
    """With its reason beside it; one of root's is carried out."""
    made, done, said = mailbox
    files.put("/c/messages/a", MESSAGE)
    files.put("/c/messages/b", MESSAGE)
    files.own("/c/messages/a", uid=ALICE)
    assert made.look() is False
    assert (len(done), made.rejected, made.trouble) == (1, 1, None)
    reason = "it belongs to user alice (-rw-r--r--); chown it, or --trust alice"
    assert said == [f"cannot carry out /c/messages/a: {reason}"]
    assert files.contents("/c/messages/.rejected/a.reason") == f"{reason}\n".encode()
    assert files.names("/c/messages") == [".rejected"]


def test_no_request_is_taken_out_of_a_bad_directory(files: Machine, mailbox) -> None:
    """They stay there, and are carried out once it is right."""
    made, done, said = mailbox
    files.put("/c/messages/a", MESSAGE)
    files.own("/c/messages", mode=0o777)
    made.look()
    trouble = "cannot look at /c/messages: others may write to it (drwxrwxrwx); chmod go-w"
    assert (done, made.rejected, made.trouble, said) == ([], 0, trouble, [trouble])
    files.own("/c/messages", mode=0o755)
    made.look()
    assert (len(done), made.trouble) == (1, None)


def test_a_request_by_a_link_to_a_device(files: Machine, mailbox) -> None:
    """What is no file is said to be none, whoever may write to it."""
    made, done, said = mailbox
    files.make_directory("/dev")
    files.special("/dev/null", DEVICE)
    files.own("/dev/null", mode=0o666)
    files.link("/c/messages/a", "/dev/null")
    made.look()
    assert (done, said) == (
        [],
        ["cannot carry out /c/messages/a: found a device; allowed: a regular file"],
    )


def test_what_is_planned_to_fail_does(files: Machine) -> None:
    """A directory whose owner can't be asked for is not looked at."""
    config = ConfigDir(files, "/c/config")
    files.put("/c/config/web", TEXT)
    files.faults.fail("check_directory", errno.EIO)
    assert config.look() == {}
    assert config.trouble == "cannot look at /c/config: Input/output error"


def test_a_link_changed_into_another(files: Machine) -> None:
    """A bad way isn't remembered as a good one."""
    files.link("/c/link", "/home")
    with pytest.raises(Untrusted):
        files.check_directory("/c/link/alice")
    files.make_directory("/opt/alice")
    files.link("/c/link", "/opt")
    files.check_directory("/c/link/alice")
    files.link("/c/link", "/home")
    with pytest.raises(Untrusted):
        files.check_directory("/c/link/alice")


# What the monitor makes


@pytest.mark.parametrize("umask", [0, 0o002, 0o077])
def test_directories_that_are_made_are_nobody_else_s(tmp_path: Path, umask: int) -> None:
    """Also those above, whatever the umask is."""
    old = os.umask(umask)
    try:
        make_directories(f"{tmp_path}/a/b/c")
        make_directories(f"{tmp_path}/a/b/c")
        make_directories(f"{tmp_path}/logs/web", 0o750)
    finally:
        os.umask(old)
    for name in ("a", "a/b", "a/b/c"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o755 & ~umask
    for name in ("logs", "logs/web"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o750 & ~umask


def test_a_directory_is_not_made_over_a_file(tmp_path: Path, monkeypatch) -> None:
    """Nor below one; a name alone is in the working directory."""
    (tmp_path / "file").touch()
    for name in ("file", "file/below"):
        with pytest.raises(OSError):
            make_directories(f"{tmp_path}/{name}")
    monkeypatch.chdir(tmp_path)
    make_directories("here")
    assert (tmp_path / "here").is_dir()
