"""What starts the monitor on a machine, or writes its files, says what the monitor needs."""

from __future__ import annotations

import configparser
import json
import re
import shlex
from typing import Any

import yaml

import commandlines
from ncolony import exits, spec
from ncolony.names import is_process_name
from ncolony.options import Options
from pages import ROOT

OPENRC = ROOT / "examples" / "openrc" / "ncolony"
#: From the end of the longest killtime to the end of the monitor, and some more.
MARGIN_S = 2


def unit() -> configparser.ConfigParser:
    """systemd's unit; a setting that is there twice raises."""
    found = configparser.ConfigParser(interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(ROOT / "examples" / "systemd" / "ncolony.service")
    return found


def killtime_s() -> float:
    """What the monitor takes, where no file says otherwise."""
    (default,) = [default for long, _, default, *_ in Options.optParameters if long == "killtime"]
    return float(default)


def test_systemd_waits_longer_than_the_monitor() -> None:
    """The KILL of a process is the monitor's, and TERM goes to the monitor alone."""
    service = unit()["Service"]
    assert float(service["TimeoutStopSec"]) >= killtime_s() + MARGIN_S
    assert service["KillMode"] == "mixed"


def test_the_commands_are_right() -> None:
    """The monitor's command line, and the colony of which systemd makes the directory."""
    service = unit()["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert program.endswith("/bin/ncolony")
    assert commandlines.fault(["ncolony", *words]) == ""
    colony, *directories = service["StateDirectory"].split()
    assert words[words.index("--colony") + 1] == f"/var/lib/{colony}"
    assert directories == [f"{colony}/config", f"{colony}/messages"]
    assert "-HUP $MAINPID" in service["ExecReload"]


def test_what_another_start_mends_is_started_again() -> None:
    """Not wrong usage, and not what isn't trusted."""
    service = unit()["Service"]
    never = {int(code) for code in service["RestartPreventExitStatus"].split()}
    assert service["Restart"] == "always"
    assert never == {exits.USAGE, exits.NOT_TRUSTED}


def test_openrc_does_the_same() -> None:
    """The same command line, and as much patience."""
    text = OPENRC.read_text(encoding="utf-8")
    said = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
    command = [said["command"], *shlex.split(said["command_args"].strip('"'))]
    assert command == shlex.split(unit()["Service"]["ExecStart"])
    assert said["retry"].startswith(f"TERM/{unit()['Service']['TimeoutStopSec']}/KILL/")


def playbook() -> dict[str, Any]:
    """Ansible's playbook: its one play."""
    (play,) = yaml.safe_load((ROOT / "examples/ansible/processes.yml").read_text(encoding="utf-8"))
    found: dict[str, Any] = play
    return found


def test_the_playbook_s_processes_can_be_used() -> None:
    """Each, written as JSON, is a process's file without a warning."""
    processes = playbook()["vars"]["processes"]
    assert processes
    for name, process in processes.items():
        assert spec.parse(name, json.dumps(process).encode()).warnings == ()


def test_the_playbook_s_commands_are_right() -> None:
    """Each command line of ours in it, with a name in the place of what Ansible fills in."""
    tasks = playbook()["tasks"]
    argvs = [
        task["ansible.builtin.command"]["argv"]
        for task in tasks
        if "ansible.builtin.command" in task
    ]
    assert len(argvs) == 3
    for argv in argvs:
        words = re.findall(r"'([^']+)'", argv)
        assert commandlines.fault(["ncolony", *words, "D", "web"]) == ""
    (copy,) = [task["ansible.builtin.copy"] for task in tasks if "ansible.builtin.copy" in task]
    assert commandlines.fault(["ncolony", *copy["validate"].split()[3:]]) == ""
    assert int(copy["mode"], 8) & 0o022 == 0


def test_what_ansible_writes_aside_is_passed_over() -> None:
    """Both names that it has for a file that isn't whole."""
    for name in (".source", ".ansible_tmp5p5y6rjdweb"):
        assert not is_process_name(name)
