"""The monitor's command line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from twisted.python import usage

from ncolony import __version__
from ncolony import options as options_module
from ncolony.logspec import LogSpec
from ncolony.options import Options
from ncolony.policy import GiveUp, Policy
from ncolony.trust import trusting
from reactors import nothing_left


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with directories to name, and no colony in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NCOLONY_DIR", raising=False)
    for name in ("c", "m", "colony"):
        (tmp_path / name).mkdir()
    return tmp_path


def parse(*argv: str) -> Options:
    with nothing_left():
        options = Options()
        options.parseOptions(argv)
        return options


def refusal(*argv: str) -> str:
    """What is said of a command line that can't be used."""
    with nothing_left(), pytest.raises(usage.UsageError) as raised:
        Options().parseOptions(argv)
    text = str(raised.value)
    assert text
    assert "\n" not in text
    return text


def places(options: Options) -> dict[str, str | None]:
    return {name: options[name] for name in ("config", "messages", "status", "pid")}


NAMED = ("--config", "c", "--messages", "m")


def test_the_defaults_are_the_interface_s(folder: Path) -> None:
    """Two directories are all that has to be given; status lies in the messages'."""
    options = parse(*NAMED)
    assert places(options) == {
        "config": f"{folder}/c",
        "messages": f"{folder}/m",
        "status": f"{folder}/m/.status",
        "pid": None,
    }
    assert options["frequency"] == 10
    assert options.policy == Policy(threshold_s=1, killtime_s=5, min_delay_s=1, max_delay_s=3600)


@pytest.mark.parametrize(
    "argv",
    [
        ("-t", "2", "-k", "3", "-m", "4", "-M", "5.5"),
        (
            *("--threshold", "2", "--killtime", "3"),
            *("--minrestartdelay", "4", "--maxrestartdelay", "5.5"),
        ),
    ],
)
def test_the_policy_is_what_the_options_say(argv: tuple[str, ...]) -> None:
    """Each number has a short and a long name."""
    assert parse(*NAMED, *argv).policy == Policy(2, 3, 4, 5.5)


def test_no_pause_at_all_may_be_asked_for() -> None:
    """Zero is a number of seconds like any other."""
    argv = ("-t", "0", "-k", "0", "-m", "0", "-M", "0")
    assert parse(*NAMED, *argv).policy == Policy(0, 0, 0, 0)


def test_each_place_may_be_named(folder: Path) -> None:
    """Paths are made absolute, for a daemon goes elsewhere."""
    (folder / "p").mkdir()
    options = parse(*NAMED, "--status", "s", "--pid", "p", "--frequency", "0.5")
    assert places(options) == {
        "config": f"{folder}/c",
        "messages": f"{folder}/m",
        "status": f"{folder}/s",
        "pid": f"{folder}/p",
    }
    assert options["frequency"] == 0.5


def test_a_colony_gets_the_folders_it_lacks(folder: Path) -> None:
    """An empty directory is enough to begin with; they are only named, ``prepare`` makes them."""
    (folder / "colony" / "config").mkdir()
    options = parse("--colony", "colony")
    colony = folder / "colony"
    assert places(options) == {
        "config": f"{colony}/config",
        "messages": f"{colony}/messages",
        "status": f"{colony}/status",
        "pid": None,
    }
    assert options["logs"] == f"{colony}/logs"
    assert options.missing == [f"{colony}/messages", f"{colony}/status"]
    assert os.listdir(colony) == ["config"]


def test_a_place_that_is_named_wins_over_the_colony(folder: Path) -> None:
    """And is not to be made in it."""
    options = parse("--colony", "colony", "--config", "c", "--status", "s")
    assert places(options) == {
        "config": f"{folder}/c",
        "messages": f"{folder}/colony/messages",
        "status": f"{folder}/s",
        "pid": None,
    }
    assert options.missing == [f"{folder}/colony/messages"]


@pytest.mark.parametrize("argv", [(), ("--config", "c"), ("--messages", "m"), ("--status", "s")])
def test_the_environment_s_colony_is_used_where_a_directory_is_not_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...]
) -> None:
    """It stands for ``--colony``."""
    monkeypatch.setenv("NCOLONY_DIR", "colony")
    assert places(parse(*argv)) == places(parse("--colony", "colony", *argv))


@pytest.mark.parametrize("value", ["colony", "/missing"])
def test_the_environment_s_colony_is_not_looked_at_where_both_are_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """The ancestor's way stays what it is, whatever the environment holds."""
    monkeypatch.setenv("NCOLONY_DIR", value)
    assert places(parse(*NAMED))["status"] == f"{folder}/m/.status"
    assert os.listdir(folder / "colony") == []


def test_an_option_wins_over_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed counts."""
    monkeypatch.setenv("NCOLONY_DIR", "/missing")
    assert places(parse("--colony", "colony"))["config"] == f"{folder}/colony/config"


def test_an_empty_environment_variable_is_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``NCOLONY_DIR= ncolony run`` makes no colony of the working directory."""
    monkeypatch.setenv("NCOLONY_DIR", "")
    assert refusal() == "--config is missing (or give --colony)"


# Policies


def test_the_rules_for_all_are_what_the_options_say() -> None:
    """As a process's file has them, in a form for a command line."""
    argv = (
        *("--restart", "on-failure", "--success", "0,3,TERM", "--give-up", "5/60"),
        *("--jitter", "0.5", "--stop-signal", "INT", "--kill-mode", "process", "--essential"),
    )
    assert parse(*NAMED, *argv).policy == Policy(
        restart="on-failure",
        success=frozenset({0, 3, "SIGTERM"}),
        give_up=GiveUp(5, 60),
        jitter=0.5,
        stop_signal="INT",
        kill_mode="process",
        essential=True,
    )


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("jitter", "2", "found '2'; allowed: a number from 0 to 1"),
        ("jitter", "much", "found 'much'; allowed: a number from 0 to 1"),
        ("jitter", "nan", "found 'nan'; allowed: a number from 0 to 1"),
        ("restart", "x", """found 'x'; allowed: "always", "on-failure", "never\""""),
        ("kill-mode", "x", """found 'x'; allowed: "tree", "process\""""),
        ("success", "0,x", "at [1]"),
        ("success", "", "allowed: exit codes (0 to 255) and signals' names, with commas: 0,3,TERM"),
        ("success", "256", "at [0]"),
        ("give-up", "5", "found '5'; allowed: FAILURES/SECONDS"),
        ("give-up", "/", "found '/'; allowed: FAILURES/SECONDS"),
        ("give-up", "0/60", "allowed: FAILURES/SECONDS"),
        ("give-up", "5/x", "found '5/x'; allowed: FAILURES/SECONDS"),
        ("stop-signal", "NONE", "found 'NONE'; allowed: a signal's name or number"),
        ("log", "nowhere", "found 'nowhere'"),
        ("log", "{", "found '{'"),
        ("log", '{"to": "files", "max_size": -1}', "at .max_size"),
        ("log", '{"to": "files", "max_sizes": 1}', 'the key "max_sizes"'),
        ("cgroup", "/tmp", "found '/tmp'; allowed: a cgroup v2 directory"),
        ("trust", "nobody.here", "nobody.here"),
    ],
)
def test_what_makes_no_policy_is_refused(option: str, value: str, said: str) -> None:
    """What was found, and what is allowed, as a file's fields have it."""
    found = refusal(*NAMED, f"--{option}={value}")
    assert found.startswith(f"--{option}: ")
    assert said in found


# Output


@pytest.mark.parametrize(
    ("value", "spec"),
    [
        ("monitor", LogSpec()),
        ("none", LogSpec(to="none")),
        ("files", LogSpec(to="files")),
        ('{"to": "monitor", "format": "json"}', LogSpec(format="json")),
    ],
)
def test_where_output_goes_is_a_word_or_an_object(value: str, spec: LogSpec) -> None:
    """The same that a process's file may say."""
    assert parse(*NAMED, "--log", value).log == spec


def test_log_files_lie_beside_the_rest(folder: Path) -> None:
    """In the colony, or hidden among the messages, or where they are said to."""
    assert parse(*NAMED)["logs"] == f"{folder}/m/.logs"
    assert parse("--colony", "colony")["logs"] == f"{folder}/colony/logs"
    assert parse("--colony", "colony", "--logs", "l")["logs"] == f"{folder}/l"
    assert not (folder / "l").exists()


# Trust


def test_only_root_s_monitor_needs_to_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others can do no more than those who may write their files."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert parse(*NAMED, "--trust", "0").trust is None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert parse(*NAMED).trust == trusting([])
    assert parse(*NAMED, "--trust", "4711", "--trust", "4712").trust == trusting(["4711", "4712"])
    assert parse(*NAMED, "--trust-anyone").trust is None


# Control groups


def test_a_control_group_is_found_or_named_or_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``auto`` takes what was delegated, and nothing where nothing was."""
    monkeypatch.setattr(options_module, "delegated", lambda: "/group")
    assert parse(*NAMED).cgroup == "/group"
    assert parse(*NAMED, "--cgroup", "none").cgroup is None
    (folder / "c" / "cgroup.procs").touch()
    assert parse(*NAMED, "--cgroup", "c").cgroup == f"{folder}/c"


# What can't be used


@pytest.mark.parametrize("option", ["frequency", "threshold", "killtime", "minrestartdelay"])
@pytest.mark.parametrize("value", ["", "abc", "-1", "nan", "inf", "-inf", "1e999", "1s"])
def test_what_is_no_number_of_seconds_is_refused(option: str, value: str) -> None:
    """Finite, and not below zero; what is said names the option, and what was found."""
    said = f"--{option}: found {value!r}; allowed: a number of seconds, not below 0"
    assert refusal(*NAMED, f"--{option}={value}") == said


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "--config is missing (or give --colony)"),
        (("--config", "c"), "--messages is missing (or give --colony)"),
        (("--messages", "m"), "--config is missing (or give --colony)"),
        ((*NAMED, "--frequency", "0"), "--frequency: found 0; allowed: more than 0 seconds"),
        ((*NAMED, "-m", "2", "-M", "1"), "--maxrestartdelay is below --minrestartdelay"),
        ((*NAMED, "--nope"), "option --nope not recognized"),
        ((*NAMED, "more"), "Wrong number of arguments."),
        ((*NAMED, "--status"), "option --status requires argument"),
    ],
)
def test_a_command_line_that_cannot_be_used_is_refused_in_a_line(
    argv: tuple[str, ...], said: str
) -> None:
    """It says which option, and what is wrong with it."""
    assert refusal(*argv) == said


@pytest.mark.parametrize("option", ["config", "messages", "status", "pid", "colony"])
def test_an_empty_path_is_refused(option: str) -> None:
    """It would be the working directory otherwise."""
    said = f"--{option}: found nothing; allowed: a directory"
    assert refusal(*NAMED, f"--{option}", "") == said


def test_the_version_is_ncolony_s(capsys: pytest.CaptureFixture[str]) -> None:
    """Not Twisted's."""
    with nothing_left(), pytest.raises(SystemExit) as raised:
        Options().parseOptions(["--version"])
    assert (raised.value.code, capsys.readouterr().out) == (0, f"ncolony {__version__}\n")


@pytest.mark.parametrize("option", ["config", "messages", "pid", "colony"])
@pytest.mark.parametrize("value", ["missing", "file"])
def test_a_directory_that_is_none_is_refused(folder: Path, option: str, value: str) -> None:
    """With its path as the monitor understood it; nothing is made in its place."""
    (folder / "file").touch()
    before = sorted(os.listdir(folder))
    said = refusal(*NAMED, f"--{option}", value)
    assert said == f"--{option}: {folder}/{value} is not a directory"
    assert sorted(os.listdir(folder)) == before
