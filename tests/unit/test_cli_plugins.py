"""``ncolony add-plugins``: the files of the plugins' processes, without a monitor."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from colonies import FakeColony, passing, running

from ncolony import beatspec, cli, ctllib
from ncolony.control import directories, plugins
from ncolony.control.errors import CtlError
from ncolony.control.places import Colony, in_folder

PROCESSES = ["ncolony-beatcheck", "ncolony-beatcheck-2", "ncolony-httpcheck", "ncolony-scheduler"]


@pytest.fixture
def colony(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeColony:
    monkeypatch.delenv("NCOLONY_DIR", raising=False)
    return FakeColony(tmp_path)


def add(colony: FakeColony, *words: str) -> int:
    return cli.main(["add-plugins", "--colony", str(colony.folder), *words])


def configured(colony: FakeColony) -> dict[str, dict[str, Any]]:
    return {path.name: json.loads(path.read_bytes()) for path in sorted(colony.config.iterdir())}


def test_all_of_them(colony: FakeColony) -> None:
    """Each with this Python, this colony and a heart of its own, whose directory is there."""
    assert add(colony) == 0
    found = configured(colony)
    assert list(found) == PROCESSES
    for name, document in found.items():
        plugin = name.removesuffix("-2")
        command = [sys.executable, "-m", "twisted", "--log-format=text", plugin]
        assert document["args"] == [*command, "--colony", str(colony.folder)]
        asked = beatspec.parse((colony.config / name).read_bytes())
        assert asked is not None
        assert asked.status == f"{colony.status}/.hearts/"
    assert (found["ncolony-scheduler"]["kill_mode"], (colony.folder / "jobs").is_dir()) == (
        "process",
        True,
    )
    assert (colony.status / ".hearts").is_dir()
    assert ctllib.check(colony.places) == []


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["scheduler"], PROCESSES[3:]),
        (["beatcheck"], PROCESSES[:2]),
        (["httpcheck", "scheduler", "httpcheck"], PROCESSES[2:]),
    ],
)
def test_some_of_them(colony: FakeColony, words: list[str], names: list[str]) -> None:
    """Those that are named, and no others."""
    assert add(colony, *words) == 0
    assert list(configured(colony)) == names
    assert (colony.folder / "jobs").exists() == ("scheduler" in words)


def test_twice_is_once(colony: FakeColony) -> None:
    """A file that says the same is left alone, however that is written."""
    assert add(colony, "httpcheck") == 0
    path = colony.config / PROCESSES[2]
    document = json.loads(path.read_bytes())
    path.write_text(json.dumps(dict(reversed(document.items())), indent=2))
    before = written(path)
    assert add(colony) == 0
    assert written(path) == before


def written(path: Path) -> tuple[int, int, int]:
    """Which file it is, and when it was changed; when it was read is no matter."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def test_the_same_python_by_another_name_is_no_change(colony: FakeColony, tmp_path: Path) -> None:
    """An environment has several names of it; another environment's is another one."""
    (tmp_path / "other").mkdir()
    for name in ("python3", "other/python"):
        (tmp_path / name).symlink_to(sys.executable)
    (tmp_path / "python").symlink_to("python3")
    first, second, other = (str(tmp_path / n) for n in ("python", "python3", "other/python"))
    file = plugins.files(colony.places, ["httpcheck"], first)[PROCESSES[2]]
    text = json.dumps(file).encode()
    same = plugins.files(colony.places, ["httpcheck"], second)[PROCESSES[2]]
    another = plugins.files(colony.places, ["httpcheck"], other)[PROCESSES[2]]
    assert plugins.differences(text, same) == []
    assert plugins.differences(text, another) == ["args"]


@pytest.mark.parametrize(
    ("text", "different"),
    [
        ('{"args": ["x"]}', "args, cwd, killtime, kill_mode, ncolony.beatcheck"),
        ("[]", "no JSON object"),
        ("{", "no JSON object"),
    ],
)
def test_another_file_is_not_overwritten(
    colony: FakeColony, text: str, different: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written, and the line says what is different; --replace overwrites it."""
    colony.configure(PROCESSES[3], text=text)
    before = colony.tree()
    assert add(colony) == 1
    assert capsys.readouterr().err == (
        "ncolony: cannot add ncolony-scheduler: a process of this name is there, and its file is "
        f"another one ({different}); --replace overwrites it\n"
    )
    assert colony.tree() == before
    assert not (colony.status / ".hearts").exists()
    assert add(colony, "--replace") == 0
    assert list(configured(colony)) == PROCESSES


def test_what_is_disabled_stays_so(colony: FakeColony, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody wanted that."""
    assert add(colony) == 0
    assert cli.main(["disable", PROCESSES[2], "--colony", str(colony.folder)]) == 0
    assert add(colony) == 1
    assert "(enabled)" in capsys.readouterr().err


def test_an_unknown_plugin_is_refused_with_the_nearest(
    colony: FakeColony, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and nothing is written."""
    assert add(colony, "httpcheck", "beatchek") == 2
    assert capsys.readouterr().err == (
        "ncolony: cannot add plugin 'beatchek': allowed: beatcheck, httpcheck, scheduler; "
        "did you mean 'beatcheck'?\n"
    )
    assert colony.tree() == {}


def test_directories_that_are_not_in_one_folder(colony: FakeColony, tmp_path: Path) -> None:
    """Each is named, and made absolute, as the plugins run elsewhere."""
    words = ["--config", str(colony.config), "--messages", os.path.relpath(colony.messages)]
    assert cli.main(["add-plugins", *words]) == 0
    found = configured(colony)
    messages = str(colony.messages)
    pair = ["--config", str(colony.config), "--messages", messages]
    status = ["--status", f"{messages}/.status"]
    assert found[PROCESSES[0]]["args"][5:] == [*pair, *status]
    jobs = ["--jobs", f"{messages}/.jobs"]
    assert found[PROCESSES[3]]["args"][5:] == [*pair, *status, *jobs]
    assert (colony.messages / ".jobs").is_dir()
    elsewhere = in_folder(tmp_path)._replace(logs="/l")
    file = plugins.files(elsewhere, ["scheduler"], "python")[PROCESSES[3]]
    assert file["args"][-4:] == ["--jobs", f"{tmp_path}/jobs", "--logs", "/l"]


def test_whom_the_scheduler_trusts(colony: FakeColony) -> None:
    """As root's monitor is told; the checkers obey nobody."""
    assert add(colony, "--trust", "root", "--trust", ":0") == 0
    found = configured(colony)
    trust = ["--trust", "root", "--trust", ":0"]
    assert found[PROCESSES[3]]["args"][-4:] == trust
    assert [name for name in PROCESSES if "--trust" in found[name]["args"]] == PROCESSES[3:]
    assert add(colony, "--trust", "no-such-user", "--replace") == 2
    assert configured(colony) == found


def test_trust_without_the_scheduler_is_refused(
    colony: FakeColony, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would do nothing."""
    assert add(colony, "beatcheck", "httpcheck", "--trust", "root") == 2
    assert capsys.readouterr().err == (
        "ncolony: cannot add beatcheck, httpcheck: --trust is for the scheduler, which isn't "
        "among them\n"
    )
    assert colony.tree() == {}


def test_waits_until_they_have_begun(colony: FakeColony) -> None:
    """A Python that has been started isn't a plugin yet: its heart beats when it is."""
    ctllib.add_plugins(colony.places, ["httpcheck"])
    name = PROCESSES[2]
    colony.report(running(name, fingerprint=colony.fingerprint(name)))
    colony.monitor_starts()
    heart = colony.status / ".hearts" / name
    for since in (None, "2026-11-24T22:42:18+00:00"):
        if since is not None:
            heart.touch()
            os.utime(heart, (0, datetime.fromisoformat(since).timestamp()))
        with pytest.raises(CtlError, match="not within 0 s; ncolony-httpcheck: it has not begun"):
            ctllib.add_plugins(colony.places, ["httpcheck"], wait_s=0)
    heart.touch()
    os.utime(heart, (0, datetime.fromisoformat("2026-11-24T22:42:19+00:00").timestamp()))
    ctllib.add_plugins(colony.places, ["httpcheck"], wait_s=0)
    colony.monitor_ends()


def test_a_beat_is_known_though_the_clock_was_set_back(
    colony: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All beats are then dated before the start; one that is seen counts, if it is that run's."""
    ctllib.add_plugins(colony.places, ["httpcheck"])
    name = PROCESSES[2]
    heart = colony.status / ".hearts" / name
    started = running(name, fingerprint=colony.fingerprint(name))

    def beats(at: int, pid: int | None = started.pid) -> None:
        colony.report(started._replace(pid=pid))
        heart.touch()
        os.utime(heart, (0, at))

    beats(1000)
    colony.monitor_starts()
    steps = (partial(beats, 1001, 4711), partial(beats, 1001, 4711), partial(beats, 1002, 4711))
    time = passing(monkeypatch, *steps)
    ctllib.add_plugins(colony.places, ["httpcheck"], wait_s=30)
    assert len(time.pauses_s) == 3
    colony.monitor_ends()


def test_a_colony_of_a_program(colony: FakeColony) -> None:
    """``ctllib`` takes a pair of directories as well."""
    ctllib.add_plugins((colony.config, colony.messages), ["scheduler"])
    assert list(configured(colony)) == [PROCESSES[3]]
    with pytest.raises(CtlError, match="the monitor is not running"):
        ctllib.add_plugins(Colony(*colony.places[:4]), ["httpcheck"], wait_s=0)


class GivenAway:
    """Root's hand, without being root: which inode it gives to whom."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.given: list[tuple[int, int, int]] = []
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(os, "chown", lambda path, *to: self._give(os.stat(path), to))
        monkeypatch.setattr(os, "fchown", lambda fd, *to: self._give(os.fstat(fd), to))

    def _give(self, what: os.stat_result, to: tuple[int, int]) -> None:
        self.given.append((what.st_ino, *to))


def test_what_root_makes_belongs_to_the_owner_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each directory, also one that is in another that was made."""
    given_away = GivenAway(monkeypatch)
    directories.make(str(tmp_path / "a" / "b"))
    owner = tmp_path.stat()
    made = [(tmp_path / name).stat().st_ino for name in ("a", "a/b")]
    assert given_away.given == [(inode, owner.st_uid, owner.st_gid) for inode in made]


@pytest.mark.parametrize(
    "replace",
    [Path.symlink_to, lambda path, other: other.rename(path)],
    ids=["link", "directory"],
)
def test_root_gives_away_nothing_but_what_it_made(
    replace: Callable[[Path, Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who owns a folder puts a link, or a directory of root's, where root has just made one."""
    given_away = GivenAway(monkeypatch)
    made, secrets = tmp_path / "made", tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "key").touch()
    mkdir = os.mkdir

    def replaced(path: str, mode: int, **more: Any) -> None:
        mkdir(path, mode, **more)
        made.rmdir()
        replace(made, secrets)

    monkeypatch.setattr(os, "mkdir", replaced)
    with contextlib.suppress(CtlError):
        directories.make(str(made))
    assert given_away.given == []


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """One line; what is in the way is left alone."""
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(CtlError, match=r"cannot make .*/file: it is there, and is not a dir"):
            directories.make(str(path))
    directories.make(str(tmp_path / "a" / "b"))
    directories.make(str(tmp_path / "a" / "b"))
    assert (tmp_path / "a" / "b").stat().st_mode & 0o022 == 0
