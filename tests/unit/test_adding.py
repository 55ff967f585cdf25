"""The options of ``ncolony add`` that are keys of a process's file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from colonies import FakeColony

from ncolony import cli
from ncolony.policy import RESTARTS


@pytest.fixture
def colony(tmp_path: Path) -> FakeColony:
    return FakeColony(tmp_path)


def added(colony: FakeColony, *words: str) -> object:
    """The file that ``ncolony add web WORDS --cmd x`` writes, but for its args."""
    place = ["--colony", str(colony.folder)]
    assert cli.main(["add", "web", *place, *words, "--cmd", "x"]) == 0
    document = json.loads((colony.config / "web").read_bytes())
    assert document.pop("args") == ["x"]
    return document


@pytest.mark.parametrize(
    ("words", "document"),
    [
        ("", {}),
        ("--restart on-failure", {"restart": "on-failure"}),
        ("--essential --disabled", {"essential": True, "enabled": False}),
        ("--stop-signal INT", {"stop_signal": "INT"}),
        ("--stop-signal 15 --killtime 2", {"stop_signal": 15, "killtime": 2}),
        ("--killtime 0.5", {"killtime": 0.5}),
        ("--killtime 2m", {"killtime": "2m"}),
        ("--cwd /srv", {"cwd": "/srv"}),
        ("--env-file /a --env-file /b", {"env_file": ["/a", "/b"]}),
        ("--env-from A=/s/a --env-from B=/s/b=c", {"env_from": {"A": "/s/a", "B": "/s/b=c"}}),
        ("--log files", {"log": "files"}),
        ('--log {"to":"files","keep":3}', {"log": {"to": "files", "keep": 3}}),
        ("--uid www-data --gid 33", {"uid": "www-data", "gid": 33}),
        ("--u daemon --g adm --env- A", {"uid": "daemon", "gid": "adm", "env_inherit": ["A"]}),
    ],
)
def test_options_become_keys(colony: FakeColony, words: str, document: object) -> None:
    """Each is written as the monitor reads it; what isn't said isn't written."""
    assert added(colony, *words.split()) == document


def test_paths_are_made_absolute(colony: FakeColony, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are meant from where the command is typed, not from where the monitor started."""
    monkeypatch.chdir(colony.folder)
    here = os.getcwd()
    words = ["--cwd", ".", "--env-file", "e", "--env-from", "A=../a"]
    assert added(colony, *words) == {
        "cwd": here,
        "env_file": [f"{here}/e"],
        "env_from": {"A": f"{os.path.dirname(here)}/a"},
    }


def test_extras_win(colony: FakeColony) -> None:
    """As they do over every other option."""
    (colony.folder / "extras").write_text('{"restart": "never", "nice": 5}')
    words = ["--restart", "always", "--extras", str(colony.folder / "extras")]
    assert added(colony, *words) == {"restart": "never", "nice": 5}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("--stop-signal FOO", 'stop_signal: found the string "FOO"'),
        ("--killtime soon", 'killtime: found the string "soon"'),
        ("--killtime -1", "killtime: found the number -1"),
        ("--killtime nan", 'killtime: found the string "nan"'),
        ("--env-from A", "--env-from: found 'A'; allowed: NAME=FILE"),
        ("--env-from =/x", "--env-from: found '=/x'; allowed: NAME=FILE"),
        ("--env-from A=", "--env-from: found 'A='; allowed: NAME=FILE"),
        ("--log syslog", 'log: found the string "syslog"'),
        ("--log {", "--log: no JSON: "),
        ('--log {"to":"none","keep":1}', "log.keep: found it"),
        ("--uid -1", "uid: found the number -1"),
    ],
)
def test_what_makes_no_sense_is_not_written(
    colony: FakeColony, words: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, 2, and no file: as the monitor would refuse it, and sooner."""
    place = ["--colony", str(colony.folder)]
    tied = words.replace(" ", "=", 1).split()
    assert cli.main(["add", "web", *place, *tied, "--cmd", "x"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"ncolony: cannot add web: {reason}")
    assert err.count("\n") == 1
    assert colony.tree() == {}


def test_what_restart_takes_is_what_the_monitor_takes(
    colony: FakeColony, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every policy there is, and no other."""
    for policy in RESTARTS:
        assert added(colony, "--restart", policy) == {"restart": policy}
    with pytest.raises(SystemExit) as caught:
        added(colony, "--restart", "sometimes")
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert "argument --restart: found 'sometimes'; allowed: always, on-failure, never" in said
