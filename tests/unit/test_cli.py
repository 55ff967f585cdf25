"""The command line of the control program, in this process."""

from __future__ import annotations

import json
import shlex
import sys
import types
from pathlib import Path

import pytest
from colonies import FakeColony, failing, passing, running

from ncolony import __version__, cli
from ncolony.control.arguments import COMMANDS
from ncolony.control.arguments.words import find_command, split

#: By their whole names, with those that others are made of.
EVERY_COMMAND = COMMANDS | {
    f"{name} {below}": made
    for name, command in COMMANDS.items()
    for below, made in command.commands.items()
}


@pytest.fixture
def colony(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeColony:
    monkeypatch.delenv("NCOLONY_DIR", raising=False)
    (tmp_path / "colony").mkdir()
    return FakeColony(tmp_path / "colony")


def ctl(colony: FakeColony, *words: str) -> int:
    """As ``python -m ncolony ctl --messages DIR --config DIR WORDS``."""
    where = ["--messages", str(colony.messages), "--config", str(colony.config)]
    return cli.main(["ctl", *where, *words])


def ncolony(colony: FakeColony, *words: str) -> int:
    """As ``ncolony WORDS --colony DIR``."""
    return cli.main([*words[:1], "--colony", str(colony.folder), *words[1:]])


def usage_error(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(list(words))
    assert isinstance(caught.value.code, int)
    return caught.value.code


def configured(colony: FakeColony, name: str) -> object:
    return json.loads((colony.config / name).read_bytes())


# The ancestor's command lines.


def test_add_as_the_ancestor_takes_it(colony: FakeColony, tmp_path: Path) -> None:
    """All of its options, dashes in values included; extras win."""
    extras = tmp_path / "extras"
    extras.write_text('{"ncolony.beatcheck": {"period": 1}}')
    words = "add web --cmd /bin/echo --arg hello --arg=--foo --env A=B=C --env S= --uid 5 --gid 6"
    more = ["--extras", str(extras), "--env-inherit", "PATH", "--arg", "-x y", "--arg", "-5"]
    assert ctl(colony, *words.split(), *more) == 0
    assert configured(colony, "web") == {
        "args": ["/bin/echo", "hello", "--foo", "-x y", "-5"],
        "env": {"A": "B=C", "S": ""},
        "uid": 5,
        "gid": 6,
        "env_inherit": ["PATH"],
        "ncolony.beatcheck": {"period": 1},
    }


def test_an_argument_may_look_like_an_option(colony: FakeColony) -> None:
    """Whatever follows --arg is the argument."""
    assert ctl(colony, "add", "web", "--cmd", "x", "--arg", "--env", "--arg", "-h") == 0
    assert configured(colony, "web") == {"args": ["x", "--env", "-h"]}


def test_the_ancestors_abbreviations(colony: FakeColony, tmp_path: Path) -> None:
    """What was the beginning of one option there still is."""
    (tmp_path / "e").write_text("{}")
    where = ["--mess", str(colony.messages), "--co", str(colony.config)]
    words = [
        "add",
        "web",
        "--c",
        "x",
        "--a",
        "y",
        "--u",
        "1",
        "--g",
        "2",
        "--ex",
        str(tmp_path / "e"),
    ]
    assert cli.main([*where, *words]) == 0
    assert configured(colony, "web") == {"args": ["x", "y"], "uid": 1, "gid": 2}


def test_remove_restart_and_restart_all(colony: FakeColony) -> None:
    """The other three commands of the ancestor."""
    colony.configure("web", "db")
    assert [
        ctl(colony, "restart", "web"),
        ctl(colony, "restart-all"),
        ctl(colony, "remove", "web"),
    ] == [0] * 3
    assert colony.asked() == [b'{"type": "RESTART", "name": "web"}', b'{"type": "RESTART-ALL"}']
    assert [p.name for p in colony.config.iterdir()] == ["db"]


# What is ours.


def test_the_place_options_stand_before_or_after(
    colony: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the command, after it, from the environment; what stands after wins."""
    folder = str(colony.folder)
    assert cli.main(["--colony", folder, "restart-all"]) == 0
    assert cli.main(["restart-all", f"--colony={folder}"]) == 0
    assert cli.main(["--colony", "/nowhere", "restart-all", "--colony", folder]) == 0
    monkeypatch.setenv("NCOLONY_DIR", folder)
    assert cli.main(["restart-all"]) == 0
    assert len(colony.requests()) == 4


def test_add_with_a_command_line(colony: FakeColony) -> None:
    """What follows -- is the process's, options and another -- included."""
    assert (
        ncolony(
            colony, "add", "web", "--env", "A=1", "--group", "g", "--", "x", "--env", "--", "-h"
        )
        == 0
    )
    expected = {"args": ["x", "--env", "--", "-h"], "env": {"A": "1"}, "group": ["g"]}
    assert configured(colony, "web") == expected


@pytest.mark.parametrize(
    "words",
    [
        ["add", "web"],
        ["add", "web", "--"],
        ["add", "web", "--cmd", "x", "--", "y"],
        ["add", "web", "--arg", "x", "--", "y"],
        ["add", "--cmd", "x"],
        ["logs", "web", "--lines", "few"],
        ["logs", "web", "-n", "-1"],
        ["logs", "web", "-n", "-5"],
        ["restart"],
        ["restart", "web", "--wait=-1"],
        ["restart", "web", "--wait=nan"],
        ["restart", "web", "--wait=inf"],
        ["restart", "web", "--what"],
        ["wait"],
        ["wait", "web", "--for", "ever"],
        ["restart-group"],
        ["signal", "web"],
        ["completion", "fish"],
        ["restrat", "web"],
        [],
    ],
)
def test_usage_errors_write_nothing(
    colony: FakeColony, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A command line that makes no sense ends with 2, and a line that says why."""
    colony.configure("web")
    before = colony.tree()
    assert usage_error("--colony", str(colony.folder), *words) == 2
    assert ": error: " in capsys.readouterr().err.splitlines()[-1]
    assert colony.tree() == before


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (
            "restart wbe",
            1,
            "cannot restart wbe: no process of this name is configured; did you mean",
        ),
        ("start wbe", 1, "cannot start wbe: "),
        ("stop wbe", 1, "cannot stop wbe: "),
        ("remove wbe", 1, "cannot remove wbe: "),
        ("signal wbe HUP", 1, "cannot signal wbe: "),
        ("status wbe", 1, "cannot show wbe: "),
        ("wait wbe", 1, "cannot wait for wbe: "),
        ("restart-group g", 1, "cannot restart group g: no process is in it"),
        ("signal web FOO", 2, "cannot signal web: found 'FOO'"),
        ("restart ../web", 2, "cannot restart '../web': not a process's name"),
        ("status ../web", 2, "cannot show '../web': not a process's name"),
        ("add web.new --cmd x", 2, "cannot add 'web.new': not a process's name"),
        ("add web --cmd x --env A", 2, "cannot add web: --env: found 'A'"),
        ("add web --cmd x --extras /nowhere", 2, "cannot add web: --extras /nowhere: No such file"),
        ("add web --cmd x --extras /dev/null", 2, "cannot add web: --extras /dev/null: no JSON"),
        (
            "add web --cmd x --extras LIST",
            2,
            "cannot add web: --extras LIST: it is not a JSON object",
        ),
        ("restart web --config /nowhere", 2, "cannot use the config directory /nowhere: no such"),
        ("restart web --wait", 1, "cannot restart web: the monitor is not running"),
        ("enable wbe", 1, "cannot enable wbe: no process of this name is configured; did you mean"),
        ("disable wbe --wait", 1, "cannot disable wbe: "),
        ("disable web --wait", 1, "cannot disable web: the monitor is not running; what was"),
        ("rotate web wbe", 1, "cannot rotate wbe: "),
        ("rotate web --wait", 1, "cannot rotate web: the monitor is not running"),
        ("rotate --wait 5", 1, "cannot rotate all: the monitor is not running"),
        ("logs wbe -f", 1, "cannot show the logs of wbe: "),
    ],
)
def test_what_fails_is_one_line(
    colony: FakeColony,
    words: str,
    code: int,
    line: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """One line on standard error, its exit code, and nothing written but where it says so."""
    passing(monkeypatch)
    colony.configure("web")
    before = colony.tree()
    extras = tmp_path / "list"
    extras.write_text("[]")
    replaced = words.replace("LIST", str(extras)).split()
    assert ncolony(colony, *replaced) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("ncolony: " + line.replace("LIST", str(extras)))
    if "--wait" not in words:
        assert colony.tree() == before


def test_every_request_has_a_command(colony: FakeColony) -> None:
    """start, stop, signal, rotate and restart-group write what the monitor reads."""
    colony.configure("web", "db", text='{"args": ["x"], "group": ["g"]}')
    for words in ("start web", "stop web", "signal web SIGUSR1", "restart-group g"):
        assert ncolony(colony, *words.split()) == 0
    for words in ("rotate web db", "rotate"):
        assert ncolony(colony, *words.split()) == 0
    assert [json.loads(text) for text in colony.asked()] == [
        {"type": "START", "name": "web"},
        {"type": "STOP", "name": "web"},
        {"type": "SIGNAL", "name": "web", "signal": "USR1"},
        {"type": "RESTART-GROUP", "group": "g"},
        {"type": "ROTATE", "name": "web"},
        {"type": "ROTATE", "name": "db"},
        {"type": "ROTATE-ALL"},
    ]


def test_enable_and_disable_change_the_file(colony: FakeColony) -> None:
    """And send nothing: what is remembered lies in the configuration."""
    colony.configure("web")
    assert ncolony(colony, "disable", "web") == 0
    assert configured(colony, "web") == {"args": ["sleep", "1"], "enabled": False}
    assert ncolony(colony, "enable", "web") == 0
    assert configured(colony, "web") == {"args": ["sleep", "1"], "enabled": True}
    assert colony.requests() == []


def test_wait_as_a_command(colony: FakeColony, capsys: pytest.CaptureFixture[str]) -> None:
    """What holds is no wait at all; what doesn't is told when the time is up."""
    colony.configure("web")
    colony.report(running("web"))
    colony.monitor_starts()
    codes = [
        ncolony(colony, "wait", "web", "--for", f, "--timeout", "0") for f in ("running", "stopped")
    ]
    colony.monitor_ends()
    assert codes == [0, 1]
    reason = "not within 0 s; web: it is RUNNING: it was started"
    assert capsys.readouterr().err == f"ncolony: cannot wait for web: {reason}\n"


def test_status_needs_no_messages_directory(
    colony: FakeColony, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who only looks must say where to look, and no more."""
    where = ["--config", str(colony.config)]
    assert cli.main(["status", *where, "--status", str(colony.status)]) == 1
    assert capsys.readouterr() == ("the monitor is not running\nno processes\n", "")
    assert cli.main(["status", *where]) == 2
    assert "cannot find the status directory" in capsys.readouterr().err


def test_no_colony_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing says which colony, the line says how to."""
    monkeypatch.delenv("NCOLONY_DIR", raising=False)
    assert cli.main(["restart-all"]) == 2
    assert "give --colony DIR, set NCOLONY_DIR, or" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["restart", "--wait", "web"], ["restart", "web", "--wait", "0"]])
def test_wait_takes_a_number_or_none(
    colony: FakeColony, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that follows --wait is not taken for its seconds."""
    passing(monkeypatch)
    colony.configure("web")
    assert ncolony(colony, *words) == 1
    assert colony.asked() == [b'{"type": "RESTART", "name": "web"}']


def test_status_exit_codes(colony: FakeColony, capsys: pytest.CaptureFixture[str]) -> None:
    """0 where all that is asked about is as wanted and the monitor runs, otherwise 1."""
    colony.configure("web", "bad")
    colony.report(running("web"), failing("bad"))
    dead = ncolony(colony, "status", "web")
    colony.monitor_starts()
    codes = [ncolony(colony, "status", *names) for names in (["web"], ["web", "bad"], [])]
    colony.configure("new")
    codes.append(ncolony(colony, "status", "new"))
    colony.monitor_ends()
    assert (dead, codes) == (1, [0, 1, 1, 1])
    assert capsys.readouterr().out.startswith("the monitor is not running\nNAME")


def test_status_quiet_and_json(colony: FakeColony, capsys: pytest.CaptureFixture[str]) -> None:
    """--quiet is the exit code alone; --json has what was asked for."""
    colony.configure("web", "db")
    colony.report(running("web"))
    assert ncolony(colony, "status", "--quiet") == 1
    assert capsys.readouterr().out == ""
    assert ncolony(colony, "status", "web", "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert (list(document["processes"]), document["running"]) == (["web"], False)


def test_ten_thousand_processes(colony: FakeColony, capsys: pytest.CaptureFixture[str]) -> None:
    """A large colony is shown whole."""
    colony.report(*(running(f"p{i:05d}") for i in range(10_000)))
    colony.monitor_starts()
    assert ncolony(colony, "status") == 0
    colony.monitor_ends()
    assert capsys.readouterr().out.count("RUNNING") == 10_000


def test_check(colony: FakeColony, capsys: pytest.CaptureFixture[str]) -> None:
    """Faults are lines on standard output and exit code 1; warnings alone are not."""
    colony.configure("a", text='{"args": ["x"], "arg": 1}')
    assert cli.main(["check", "--config", str(colony.config)]) == 0
    colony.configure("b", text='{"uid": 1}')
    assert cli.main(["check", "--config", str(colony.config)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == lines[1]
    assert lines[0].startswith(f"{colony.config}/a: warning: unknown key")
    assert lines[2].startswith(f"{colony.config}/b: args: missing")
    assert cli.main(["check", str(colony.config / "a")]) == 0


def test_run_is_passed_on_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The monitor's own command line is the monitor's to read, wherever its options stand."""
    calls: list[list[str]] = []
    fake = types.ModuleType("ncolony.run")
    fake.main = lambda words, _: calls.append(words) or 7  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ncolony.run", fake)
    signals = types.ModuleType("ncolony.signals")
    signals.Signals = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ncolony.signals", signals)
    assert cli.main(["run", "--killtime", "3", "--", "--wait"]) == 7
    assert cli.main(["--colony", "x", "run", "--help"]) == 7
    assert calls == [["--killtime", "3", "--", "--wait"], ["--colony", "x", "--help"]]


@pytest.mark.parametrize("command", [None, *(name for name in EVERY_COMMAND if name != "run")])
@pytest.mark.parametrize("prog", [cli.PROGRAM, cli.CTL])
def test_help_has_an_example_and_fits(
    command: str | None, prog: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each help ends with an example, and fits 80 columns."""
    words = ["--help"] if command is None else [*command.split(), "--help"]
    with pytest.raises(SystemExit) as caught:
        cli.main(words, prog)
    text = capsys.readouterr().out
    assert caught.value.code == 0
    assert f"example:\n  {prog} " in text
    assert [line for line in text.splitlines() if len(line) > 80] == []
    if command is None:
        assert [name for name in COMMANDS if f"\n    {name} " not in text] == []


def test_every_example_is_a_command_line() -> None:
    """What the help shows can be typed: argparse takes it."""
    for name, command in EVERY_COMMAND.items():
        words = shlex.split(command.example.split(" > ")[0])
        found = find_command(words, COMMANDS)
        assert found is not None
        assert found[1].startswith(name)
        if name != "run":
            tied, _program = split(words, *found)
            cli.build("ncolony", [name])[0].parse_args(tied)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version says which it is."""
    assert usage_error("--version") == 0
    assert capsys.readouterr().out == f"ncolony {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The shell gets every command; bash and zsh the processes' names as well."""
    assert cli.main(["completion", shell]) == 0
    text = capsys.readouterr().out
    for word in [
        "restart-group",
        "disable",
        "rotate",
        "since",
        "stop-signal",
        "catch-up",
        "httpcheck",
    ]:
        assert word in text
    assert ("_ncolony_processes" in text) == (shell != "tcsh")


def test_interrupted(
    colony: FakeColony, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C during a wait ends it with 130, and says nothing."""
    from ncolony.control import following

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(following, "until", interrupted)
    colony.configure("web")
    assert ncolony(colony, "restart", "web", "--wait") == 130
    assert capsys.readouterr() == ("", "")
