"""Each way to start the monitor: what it logs to, how it ends, what it says of wrong options."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from colony import LAUNCHES, Colony, alive, assert_no_traceback, until

TWISTD = LAUNCHES["twistd"][0]
COUNTING = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done"


@pytest.mark.parametrize("launch", LAUNCHES)
def test_it_runs_a_colony(colony: Colony, launch: str) -> None:
    """Start, output, restart, end: the same whoever starts it."""
    colony.shell("web", "echo hello; exec sleep infinity")
    colony.start(launch=launch)
    pid = colony.running("web")
    colony.said(b"web: hello\n")
    colony.ask("RESTART", "web")
    colony.running("web", other_than=pid)
    until(lambda: len(colony.lines("web")) == 2, "it says it again")
    assert colony.stop() in (0, -signal.SIGTERM)
    assert (colony.monitor_status() or {})["state"] == "stopped"


@pytest.mark.parametrize("launch", LAUNCHES)
def test_two_directories_as_of_old(colony: Colony, launch: str) -> None:
    """``--config`` and ``--messages`` alone: the status is in a hidden directory of the latter."""
    colony.configure("web")
    colony.status.joinpath(".").rmdir()
    colony.status = colony.messages / ".status"
    directories = ["--config", str(colony.config), "--messages", str(colony.messages)]
    options = ["--frequency", "5", "--threshold", "1", "-k", "2", "-m", "1", "-M", "60"]
    colony.start_as([*LAUNCHES[launch], *directories, *options])
    pid = colony.running("web")
    colony.ask("RESTART", "web")
    colony.running("web", other_than=pid)


def test_the_colony_can_come_from_the_environment(colony: Colony) -> None:
    """``NCOLONY_DIR`` instead of ``--colony``; missing folders are made."""
    for directory in (colony.config, colony.messages, colony.status):
        directory.rmdir()
    command = ["sh", "-c", f"NCOLONY_DIR={colony.root} exec {' '.join(LAUNCHES['run'])}"]
    colony.start_as(command)
    colony.configure("web")
    colony.running("web")


@pytest.mark.parametrize("reactor", ["select", "poll", "epoll", "asyncio"])
def test_any_reactor_will_do(colony: Colony, reactor: str) -> None:
    """The choice of one stays the user's."""
    colony.shell("web", "echo hello; exec sleep infinity")
    colony.start_as(
        [
            *(TWISTD, "-n", "--pidfile=", f"--reactor={reactor}"),
            *("ncolony", "--colony", str(colony.root)),
        ]
    )
    pid = colony.running("web")
    os.kill(pid, signal.SIGKILL)
    colony.until_state("web", "BACKOFF", "RUNNING")
    colony.running("web", other_than=pid)
    until(lambda: colony.lines("web") == [b"hello"] * 2, "it says it twice")


# Logs


@contextlib.contextmanager
def _daemon(colony: Colony, *options: str) -> Iterator[int]:
    """twistd in the background; its pid. It is ended, and gone, at the end."""
    pid_file = colony.root / "twistd.pid"
    command = [TWISTD, "--pidfile", str(pid_file), *options, "ncolony", "--colony"]
    started = subprocess.run(
        [*command, str(colony.root)],
        cwd=colony.root,
        capture_output=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert started.returncode == 0, started
    pid = int(until(lambda: pid_file.exists() and pid_file.read_text(), "the pid file is there"))
    try:
        assert colony.wait_for_monitor()["pid"] == pid
        yield pid
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    os.kill(pid, signal.SIGTERM)
    until(lambda: not alive(pid), "the daemon has ended")
    assert not pid_file.exists()
    assert (colony.monitor_status() or {})["state"] == "stopped"


def test_a_daemon_whose_log_is_rotated(colony: Colony) -> None:
    """SIGUSR1 in the midst of a child's output: it goes on in the new file, without a gap."""
    colony.log_path = colony.root / "twistd.log"
    colony.shell("web", COUNTING)
    with _daemon(colony, "--logfile", str(colony.log_path)) as pid:
        for number in (1, 2):
            said = len(_all_lines(colony))
            until(lambda n=said: len(_all_lines(colony)) > n + 20, "it counts")
            os.kill(pid, signal.SIGUSR1)
            until((colony.root / f"twistd.log.{number}").exists, "the log is rotated")
        until(lambda: len(colony.lines("web")) > 20, "it counts in the new file")
    lines = _all_lines(colony)
    assert lines[:1] == [b"1"]
    numbers = [int(line) for line in lines if line.isdigit()]
    assert numbers == list(range(1, len(numbers) + 1))


def _all_lines(colony: Colony) -> list[bytes]:
    """The lines of ``web`` in all of the rotated log's files, the oldest first."""
    found = []
    current, *older = (colony.log_path, *colony.root.glob("twistd.log.*"))
    for path in (*sorted(older, key=lambda p: -int(p.suffix[1:])), current):
        with contextlib.suppress(FileNotFoundError):
            found += [i[5:] for i in path.read_bytes().splitlines() if i.startswith(b"web: ")]
    return found


def test_a_daemon_without_options_logs_where_twistd_does(colony: Colony) -> None:
    """``twistd.log`` in the directory where it was started."""
    colony.log_path = colony.root / "twistd.log"
    colony.shell("web", "echo hello; exec sleep infinity")
    with _daemon(colony):
        colony.running("web")
        colony.said(b"web: hello\n")


def test_a_log_file_in_the_foreground(colony: Colony) -> None:
    """``twistd -n --logfile``: the children's lines are in it, between the monitor's."""
    colony.log_path = colony.root / "foreground.log"
    colony.shell("web", "echo hello; exec sleep infinity")
    logfile = f"--logfile={colony.log_path}"
    command = [TWISTD, "-n", "--pidfile=", logfile, "ncolony", "--colony", str(colony.root)]
    colony.start_as(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    colony.running("web")
    colony.said(b"web: hello\n")


def test_twists_log_file(colony: Colony) -> None:
    """``twist --log-file``."""
    colony.log_path = colony.root / "twist.log"
    colony.shell("web", "echo hello; exec sleep infinity")
    options = ["--log-format=text", f"--log-file={colony.log_path}"]
    command = [sys.executable, "-m", "twisted", *options, "ncolony"]
    colony.start_as(
        [*command, "--colony", str(colony.root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    colony.running("web")
    colony.said(b"web: hello\n")


@pytest.mark.parametrize("options", [["--log-format=json"], []], ids=["asked for", "by default"])
def test_a_log_in_json_is_json_only(colony: Colony, options: list[str]) -> None:
    """``twist --log-format json``: each line is an event, a child's lines are among them.

    It is twist's default where it doesn't log to a terminal.
    """
    colony.shell("web", r"printf 'hello \377 {x}\n'; exec sleep infinity")
    command = [sys.executable, "-m", "twisted", *options, "ncolony"]
    log = colony.root / "events.json"
    with open(log, "wb") as events:
        colony.start_as([*command, "--colony", str(colony.root)], stdout=events)
    colony.running("web")
    until(lambda: b"hello" in log.read_bytes(), "the child's line")
    colony.stop()
    events_found = [json.loads(line.strip("\x1e")) for line in log.read_text().splitlines() if line]
    said = [event for event in events_found if "hello" in json.dumps(event)]
    assert len(said) == 1
    assert_no_traceback(log.read_bytes())


def test_a_logger_of_ones_own(colony: Colony) -> None:
    """``twistd --logger``: the children's lines come as events."""
    colony.root.joinpath("own_logger.py").write_text(
        "from twisted.logger import textFileLogObserver\n"
        "def observer():\n"
        f"    return textFileLogObserver(open({str(colony.root / 'own.log')!r}, 'a'))\n"
    )
    colony.shell("web", r"printf 'hello \377 {x} %%s\n'; exec sleep infinity")
    colony.log_path = colony.root / "own.log"
    colony.start_as(
        [
            *(TWISTD, "-n", "--pidfile=", "--logger=own_logger.observer"),
            *("ncolony", "--colony", str(colony.root)),
        ],
        env={"PYTHONPATH": str(colony.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    colony.running("web")
    colony.said(b"hello \\xff {x} %s")


def test_syslog(colony: Colony) -> None:
    """``twistd --syslog``: whether anybody listens or not, the colony runs."""
    command = [TWISTD, "-n", "--pidfile=", "--syslog", "ncolony", "--colony", str(colony.root)]
    colony.shell("web", "echo hello; exec sleep infinity")
    colony.start_as(command)
    pid = colony.running("web")
    colony.ask("RESTART", "web")
    colony.running("web", other_than=pid)


# Wrong options

Options = Callable[[Path], list[str]]


def _both(root: Path) -> list[str]:
    return ["--config", str(root), "--messages", str(root)]


WRONG: dict[str, tuple[Options, str]] = {
    "no directory": (lambda root: [], "config"),
    "colony missing": (lambda root: ["--colony", f"{root}/nowhere"], "nowhere"),
    "colony a file": (lambda root: ["--colony", f"{root}/file"], "file"),
    "config only": (lambda root: ["--config", str(root)], "messages"),
    "messages only": (lambda root: ["--messages", str(root)], "config"),
    "config missing": (
        lambda root: ["--config", f"{root}/nowhere", "--messages", str(root)],
        "nowhere",
    ),
    "messages a file": (
        lambda root: ["--config", str(root), "--messages", f"{root}/file"],
        "file",
    ),
    "status in a file": (lambda root: [*_both(root), "--status", f"{root}/file/status"], "status"),
    "pid missing": (lambda root: [*_both(root), "--pid", f"{root}/nowhere"], "nowhere"),
    "unknown option": (lambda root: [*_both(root), "--bogus"], "bogus"),
    "option without value": (lambda root: [*_both(root), "--killtime"], "killtime"),
    "not a number": (lambda root: [*_both(root), "--killtime", "soon"], "killtime"),
    "below 0": (lambda root: [*_both(root), "--threshold", "-1"], "threshold"),
    "NaN": (lambda root: [*_both(root), "--minrestartdelay", "nan"], "minrestartdelay"),
    "infinite": (lambda root: [*_both(root), "-M", "inf"], "maxrestartdelay"),
    "frequency 0": (lambda root: [*_both(root), "--frequency", "0"], "frequency"),
    "jitter beyond 1": (lambda root: [*_both(root), "--jitter", "2"], "jitter"),
    "restart of another kind": (lambda root: [*_both(root), "--restart", "x"], "restart"),
    "success no code": (lambda root: [*_both(root), "--success", "0,x"], "success"),
    "give-up without a time": (lambda root: [*_both(root), "--give-up", "3"], "give-up"),
    "stop-signal no signal": (lambda root: [*_both(root), "--stop-signal", "X"], "stop-signal"),
    "kill-mode of another kind": (lambda root: [*_both(root), "--kill-mode", "x"], "kill-mode"),
    "cgroup no group": (lambda root: [*_both(root), "--cgroup", f"{root}/file"], "cgroup"),
    "log to nowhere": (lambda root: [*_both(root), "--log", "nowhere"], "log"),
    "log no JSON": (lambda root: [*_both(root), "--log", "{"], "log"),
    "logs without a name": (lambda root: [*_both(root), "--logs", ""], "logs"),
    "trust of nobody": (lambda root: [*_both(root), "--trust", "nobody.here"], "nobody.here"),
    "max below min": (lambda root: [*_both(root), "-m", "9", "-M", "3"], "maxrestartdelay"),
    "an argument too many": (lambda root: [*_both(root), "surplus"], ""),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_usage_error_is_a_line_and_an_exit_code(tmp_path: Path, case: str) -> None:
    """What is wrong with which option; no traceback, no monitor; with Twisted its usage."""
    options, named = WRONG[case]
    (tmp_path / "file").touch()
    environment = {key: value for key, value in os.environ.items() if key != "NCOLONY_DIR"}
    begun = [
        (
            launch,
            subprocess.Popen(
                [*command, *options(tmp_path)],
                env=environment,
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ),
        )
        for launch, command in LAUNCHES.items()
    ]
    try:
        for launch, process in begun:
            out, err = process.communicate(timeout=60)
            assert process.returncode not in (0, None), (launch, out, err)
            assert process.returncode > 0, (launch, out, err)
            assert "Traceback" not in out + err, (launch, out, err)
            assert named in out + err, (launch, out, err)
            if launch == "run":
                assert len(err.splitlines()) == 1, err
                assert err.startswith("ncolony"), err
    finally:
        for _, process in begun:
            process.kill()
            process.wait()


def test_help_goes_to_standard_output(tmp_path: Path) -> None:
    """``--help`` is no error, and names every option."""
    for command in LAUNCHES.values():
        found = subprocess.run(
            [*command, "--help"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=tmp_path,
        )
        assert found.returncode == 0, found
        for option in ("colony", "config", "messages", "status", "frequency", "pid", "killtime"):
            assert f"--{option}" in found.stdout, (command, option)


def test_the_table_of_wrong_options_holds_each_option() -> None:
    """So that one that is added is not forgotten here."""
    from ncolony.options import Options as Known

    said = " ".join(itertools.chain(*(options(Path("x")) for options, _ in WRONG.values())))
    short = {"maxrestartdelay": "-M"}
    missing = [
        name
        for name, *_ in Known.optParameters
        if f"--{name}" not in said and f"{short.get(str(name), '--?')} " not in said
    ]
    assert missing == []
