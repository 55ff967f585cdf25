"""enable and disable: one key of a process's file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from colonies import FakeColony, passing, running, stopped

from ncolony import ctllib
from ncolony.control.enabling import with_enabled


@pytest.fixture
def colony(tmp_path: Path) -> FakeColony:
    return FakeColony(tmp_path)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"args": ["x"]}', '{"args": ["x"], "enabled": false}'),
        ('{"args":["x"],"env":{}}\n', '{"args":["x"],"env":{}, "enabled": false}\n'),
        (
            '{\n  "args": ["x"],\n  "a.b": 1.0e3\n}\n',
            '{\n  "args": ["x"],\n  "a.b": 1.0e3,\n  "enabled": false\n}\n',
        ),
        ('{"enabled" : true , "args": ["x"]}', '{"enabled" : false , "args": ["x"]}'),
        (
            '{"args": ["{,\\"}"], "ä.b": "€ü"}',
            '{"args": ["{,\\"}"], "ä.b": "€ü", "enabled": false}',
        ),
        (
            '{"enabled": 1, "args": ["x"], "enabled":true}',
            '{"enabled": 1, "args": ["x"], "enabled":false}',
        ),
        ('\t{\r\n"args": ["x"]\r\n}', '\t{\r\n"args": ["x"],\r\n"enabled": false\r\n}'),
    ],
)
def test_only_the_one_key_changes(before: str, after: str) -> None:
    """Order, unknown keys, numbers as they were written, line ends: all else stays."""
    changed = with_enabled(before.encode(), False)
    assert changed.decode() == after
    assert json.loads(changed)["enabled"] is False
    assert json.loads(with_enabled(changed, True))["enabled"] is True


def test_disable_and_enable(colony: FakeColony) -> None:
    """The file says so, keeps its permissions, and nothing else is left in the directory."""
    colony.configure("web")
    (colony.config / "web").chmod(0o640)
    ctllib.disable(colony.places, "web")
    assert colony.tree() == {"config/web": b'{"args": ["sleep", "1"], "enabled": false}'}
    ctllib.enable(colony.places, "web")
    assert colony.tree() == {"config/web": b'{"args": ["sleep", "1"], "enabled": true}'}
    assert (colony.config / "web").stat().st_mode & 0o777 == 0o640


def test_what_says_so_already_is_left_alone(colony: FakeColony) -> None:
    """No write, and no request where the monitor says nothing, or that it is so."""
    colony.configure("web")
    colony.report(running("web"))
    inode = (colony.config / "web").stat().st_ino
    ctllib.enable(colony.places, "web")
    assert (colony.config / "web").stat().st_ino == inode
    assert colony.requests() == []


def test_a_request_that_had_it_otherwise_is_undone(colony: FakeColony) -> None:
    """Enabled in its file and stopped by request: started. Disabled and started: stopped."""
    colony.configure("web")
    colony.configure("db", text='{"args": ["x"], "enabled": false}')
    colony.report(stopped("web"), running("db"))
    ctllib.enable(colony.places, "web")
    ctllib.disable(colony.places, "db")
    assert [json.loads(text) for text in colony.asked()] == [
        {"type": "START", "name": "web"},
        {"type": "STOP", "name": "db"},
    ]


def test_a_link_stays_one(colony: FakeColony, tmp_path: Path) -> None:
    """What it leads to is changed."""
    (tmp_path / "real").write_text('{"args": ["x"]}')
    (colony.config / "web").symlink_to("../real")
    ctllib.disable(colony.places, "web")
    assert os.readlink(colony.config / "web") == "../real"
    assert json.loads((tmp_path / "real").read_bytes()) == {"args": ["x"], "enabled": False}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("?", "found no valid JSON"),
        ("[]", "found an empty list"),
        ('{"args": []}', "args: found an empty list"),
        ('{"args": ["x"], "enabled": 1}', "enabled: found the number 1"),
    ],
)
def test_a_file_that_cannot_be_used_is_left_alone(
    colony: FakeColony, text: str, reason: str
) -> None:
    """One line says what is wrong with it."""
    colony.configure("web", text=text)
    before = colony.tree()
    with pytest.raises(ctllib.CtlError) as caught:
        ctllib.disable(colony.places, "web")
    assert str(caught.value).startswith(f"cannot disable web: cannot use {colony.config}/web: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert colony.tree() == before


def test_unknown_names_and_what_is_no_file(colony: FakeColony) -> None:
    """The nearest name is told; a FIFO blocks nobody."""
    colony.configure("web")
    with pytest.raises(ctllib.CtlError, match=r"cannot enable wbe: .*did you mean 'web'"):
        ctllib.enable(colony.places, "wbe")
    os.mkfifo(colony.config / "fifo")
    with pytest.raises(ctllib.CtlError, match=r"cannot enable fifo: cannot read .*regular file"):
        ctllib.enable(colony.places, "fifo")


def test_a_directory_that_cannot_be_written_is_told(
    colony: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a ConfigMap is mounted."""

    def read_only(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    colony.configure("web")
    monkeypatch.setattr(os, "rename", read_only)
    with pytest.raises(ctllib.CtlError, match=r"disable web: cannot write .*/web: Read-only"):
        ctllib.disable(colony.places, "web")
    assert [path.name for path in colony.config.iterdir()] == ["web"]


def test_waits_until_it_is_so(colony: FakeColony, monkeypatch: pytest.MonkeyPatch) -> None:
    """disable until nothing runs, enable until it runs; each by the file that it wrote."""
    colony.configure("web")
    colony.report(running("web", fingerprint=colony.fingerprint("web")))

    def down() -> None:
        colony.report(stopped("web", fingerprint=colony.fingerprint("web")))

    def up() -> None:
        colony.report(running("web", fingerprint=colony.fingerprint("web")))

    time = passing(monkeypatch, lambda: None, down, up)
    colony.monitor_starts()
    ctllib.disable(colony.places, "web", wait_s=30)
    assert len(time.steps) == 1
    ctllib.disable(colony.places, "web", wait_s=30)
    ctllib.enable(colony.places, "web", wait_s=30)
    ctllib.enable(colony.places, "web", wait_s=30)
    colony.monitor_ends()
    assert (len(time.pauses_s), colony.requests()) == (3, [])
