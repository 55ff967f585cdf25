"""The monitor as process 1 of a container: orphans, the end, exit codes, users, /proc."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from pathlib import Path

import pytest
from colony import until
from engine import COLONY, Container, fill
from stopwatch import Stopwatch

KILLTIME_S = 5.0
#: What the end may need beyond the longest killtime, on a machine whose disk is busy, too. What is
#: promised, half a second, is tested where that can be tried again.
SLACK_S = 2.0
#: Longer than anything is waited for.
FOR_EVER_S = 3600
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 1000; done"
#: A daemon of the old kind: two forks and a session of its own; its pid goes to the file.
DAEMON = """
import os, sys, time
def daemon(path):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            with open(path + ".new", "w") as file:
                file.write(str(os.getpid()))
            os.rename(path + ".new", path)
            time.sleep(1000)
        os._exit(0)
    os.wait()
"""


def python(container: Container, name: str, script: str, **others: object) -> None:
    """A process that runs a Python script."""
    container.configure(name, "/opt/ncolony/bin/python", "-I", "-S", "-c", script, **others)


def pid_in(path: Path) -> int:
    return int(until(lambda: path.exists() and path.read_text(), f"{path} is written"))


def inner_pids(container: Container) -> set[int]:
    return {seen.inner for seen in container.processes()}


# Orphans


def test_orphans_are_buried(container: Container) -> None:
    """A thousand processes that were left by their parents and end: soon there is no zombie."""
    script = (
        "import os, time\n"
        "for _ in range(1000):\n"
        "    if os.fork() == 0:\n"
        "        if os.fork() == 0:\n"
        "            os.setsid()\n"
        "            time.sleep(0.01)\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
        "print('all born', flush=True)\n"
        "time.sleep(1000)\n"
    )
    python(container, "parent", script)
    container.configure("other", "sleep", "infinity")
    container.start()
    other = container.running("other")
    until(lambda: "all born" in container.log(), "a thousand were left", 60)
    until(lambda: len(container.processes()) == 3, "the three that should run are all there is")
    assert container.running("other") == other
    container.kill(other)
    container.running("other", other_than=other)


def test_orphans_of_docker_exec_are_buried(container: Container) -> None:
    """What somebody's ``docker exec`` leaves behind comes to process 1, and is no zombie."""
    container.configure("web", "sleep", "infinity")
    container.start()
    container.exec("sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do (sleep 0.2 &) ; done")
    until(lambda: len(container.processes()) == 2, "they have ended, and are buried")
    assert container.zombies() == []


@pytest.mark.parametrize("request_kind", ["STOP", "RESTART"])
def test_a_stop_takes_daemons_along(container: Container, request_kind: str) -> None:
    """A daemon that double-forked into a session of its own is gone before the next start."""
    script = DAEMON + (
        f"daemon('{COLONY}/daemon.' + str(os.getpid()))\n"
        f"beside = [i for i in os.listdir('{COLONY}') if i.startswith('daemon.')]\n"
        "time.sleep(1000)\n"
    )
    python(container, "web", script)
    container.start()
    pid = container.running("web")
    daemon = pid_in(container.colony / f"daemon.{pid}")
    assert daemon in inner_pids(container)
    container.ask(request_kind, "web")
    if request_kind == "STOP":
        container.state("web", "STOPPED")
    else:
        container.running("web", other_than=pid)
    assert {pid, daemon} & inner_pids(container) == set()


def test_what_a_dead_process_leaves_goes_first(container: Container) -> None:
    """A daemon holds a port, and its process is killed: the next one finds the port free."""
    script = DAEMON + (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 7000))\n"
        "os.set_inheritable(server.fileno(), True)\n"
        f"daemon('{COLONY}/daemon.' + str(os.getpid()))\n"
        "print('bound', flush=True)\n"
        "time.sleep(1000)\n"
    )
    python(container, "web", script, threshold=0)
    container.start()
    for count in range(1, 4):
        pid = container.running("web")
        until(lambda count=count: container.log().count("web: bound") == count, "it has the port")
        daemon = pid_in(container.colony / f"daemon.{pid}")
        container.kill(pid)
        container.running("web", other_than=pid)
        assert daemon not in inner_pids(container)
    assert "Address already in use" not in container.log()


# The end


def test_term_ends_it(container: Container) -> None:
    """Exit code 0, at once where everybody obeys."""
    for number in range(10):
        container.configure(f"sleep-{number}", "sleep", "infinity", killtime=FOR_EVER_S)
    container.start()
    for number in range(10):
        container.running(f"sleep-{number}")
    assert container.stop() == 0
    assert container.processes() == []


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGQUIT])
def test_int_and_quit_end_it_as_well(container: Container, signum: int) -> None:
    """``docker kill --signal``, or Ctrl-C: the same orderly end."""
    container.configure("web", "sleep", "infinity")
    container.start()
    container.running("web")
    container.send(signum)
    assert container.wait() == 0
    assert container.processes() == []


def stubborn(container: Container, killtime_s: float) -> None:
    """Start it with some that ignore TERM."""
    container.shell("obeys", "echo ready; exec sleep infinity")
    container.shell("stubborn", STUBBORN)
    script = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + DAEMON
    script += f"daemon('{COLONY}/daemon')\nprint('ready', flush=True)\ntime.sleep(1000)\n"
    python(container, "daemons", script)
    container.start("--killtime", str(killtime_s))
    for name in ("obeys", "stubborn", "daemons"):
        until(lambda name=name: f"{name}: ready" in container.log(), f"{name} is ready")


def test_docker_stop_with_ten_seconds_to_live(container: Container) -> None:
    """Those that ignore TERM, a daemon among them, are killed after killtime; all is gone."""
    stubborn(container, KILLTIME_S)
    watch = Stopwatch()
    assert container.stop(10) == 0
    assert watch.needed_s < KILLTIME_S + SLACK_S
    assert watch.took_s >= KILLTIME_S
    assert container.processes() == []


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_second_term_kills_now(container: Container, second: int) -> None:
    """Who is in a hurry says it again: KILL to all that is left."""
    stubborn(container, FOR_EVER_S)
    container.send(signal.SIGTERM)
    until(lambda: container.status("obeys") is None or _is(container, "obeys", "STOPPED"), "TERM")
    container.state("stubborn", "STOPPING")
    container.send(second)
    assert container.wait() == 0
    assert container.processes() == []


def _is(container: Container, name: str, state: str) -> bool:
    return (container.status(name) or {}).get("state") == state


def test_hup_ends_nothing(container: Container) -> None:
    """It looks at everything again; who runs goes on."""
    container.configure("web", "sleep", "infinity")
    container.start()
    pid = container.running("web")
    for _ in range(10):
        container.send(signal.SIGHUP)
    container.configure("new", "sleep", "infinity")
    container.swap()
    container.running("new")
    assert container.running("web") == pid


@pytest.mark.parametrize("moment", [".lock", ".monitor", "sleep-0", "sleep-19"])
def test_term_while_it_starts(container: Container, moment: str) -> None:
    """TERM when the first files of its status appear: one is enough, and all ends in order."""
    for number in range(20):
        container.configure(f"sleep-{number}", "sleep", "infinity")
    container.start(wait=False)
    until((container.colony / "status" / moment).exists, f"{moment} is there")
    assert container.stop() == 0
    assert container.processes() == []


def test_term_before_it_can_hear(container: Container) -> None:
    """To process 1 the kernel passes no signal that has no handler: said again, it is heard."""
    container.configure("web", "sleep", "infinity")
    container.start(wait=False)

    def ended() -> bool:
        with contextlib.suppress(ProcessLookupError):
            container.send(signal.SIGTERM)
        return container.processes() == []

    until(ended, "it ends")
    assert container.wait() == 0


# Its exit code


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 0", 0),
        ("exit 3", 3),
        ("kill -KILL $$", 137),
        ("kill -SEGV $$", 139),
    ],
)
def test_the_essential_process_s_end_is_the_container_s(
    container: Container, script: str, code: int
) -> None:
    """Its code, or 128 and the signal; the others are stopped first."""
    awaits = f"until [ -e {COLONY}/go ]; do sleep 0.05; done"
    container.shell("main", f"{awaits}; {script}", restart="never", essential=True)
    other = "trap 'echo ended; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    container.shell("other", other)
    container.start()
    until(lambda: "other: ready" in container.log(), "the other one is ready")
    (container.colony / "go").touch()
    assert container.wait() == code
    assert "other: ended" in container.log()
    assert container.processes() == []


def test_an_essential_process_that_can_t_be_started(container: Container) -> None:
    """127, as shells have it."""
    container.configure("main", "no-such-program", restart="never", essential=True)
    container.start(wait=False)
    assert container.wait() == 127


def test_a_read_only_colony_is_no_start(container: Container) -> None:
    """Nothing can be written: 73, in a line that says what."""
    container.tmpfs = None
    container.start(wait=False)
    assert container.wait() == 73
    (line,) = container.log().splitlines()
    assert line.startswith("ncolony: cannot start: ")
    assert COLONY in line


def test_a_second_monitor_is_refused(container: Container) -> None:
    """``docker exec`` of the entry point: 75, and the first goes on."""
    container.configure("web", "sleep", "infinity")
    container.start()
    pid = container.running("web")
    refused = container.exec("ncolony", "run", "--colony", COLONY, check=False)
    assert refused.returncode == 75
    assert len(refused.stderr.splitlines()) == 1
    assert container.running("web") == pid


# Where it is


@pytest.mark.parametrize(
    "proc", ["", "hidepid=1", "hidepid=2", None], ids=["proc", "hidepid=1", "hidepid=2", "none"]
)
def test_it_needs_no_proc(container: Container, proc: str | None) -> None:
    """With /proc hidden, or none at all: starts, restarts, output, orphans, and the end."""
    container.proc = proc
    script = DAEMON + "print('hello', flush=True)\ndaemon('/srv/colony/daemon')\ntime.sleep(1000)\n"
    python(container, "web", script, threshold=0)
    container.shell("left", "(sleep 0.1 &) ; exec sleep infinity")
    container.start()
    pid = container.running("web")
    daemon = pid_in(container.colony / "daemon")
    until(lambda: container.log().count("web: hello") == 1, "it says hello")
    container.kill(pid)
    second = container.running("web", other_than=pid)
    until(lambda: container.log().count("web: hello") == 2, "it says hello again")
    if proc is not None:
        assert daemon not in inner_pids(container)
    container.ask("RESTART", "web")
    container.running("web", other_than=second)
    until(lambda: container.zombies() == [], "no zombies")
    assert container.stop() == 0
    assert container.processes() == []


@pytest.mark.parametrize("uid", [1000730000, 65534, 0])
def test_any_user_will_do(container: Container, uid: int) -> None:
    """OpenShift's, without an entry in passwd, of group 0; nobody; root."""
    container.uid, container.gid = uid, 0
    container.tmpfs = "mode=0750" if uid == 0 else f"mode=0770,uid={uid},gid=0"
    container.shell("web", "id -u; id -G; pwd; exec sleep infinity")
    container.start()
    container.running("web")
    until(lambda: "web: /\n" in container.log(), "it says who it is")
    said = [line for line in container.log().splitlines() if line.startswith("web: ")]
    assert said[:3] == [f"web: {uid}", "web: 0", "web: /"]
    container.exec("ncolony", "restart", "web", "--wait")
    assert container.exec("ncolony", "status", "--quiet").returncode == 0
    assert container.stop() == 0
    assert "Traceback" not in container.log()


def test_dev_stdout_can_be_opened(container: Container) -> None:
    """``/dev/stdout`` and ``/dev/stderr``, whatever the output is."""
    script = "echo one >/dev/stdout; echo two >/dev/stderr; exec sleep infinity"
    container.shell("monitor", script)
    container.shell("inherit", script, log="inherit")
    container.shell("files", script, log={"to": "files", "split": True})
    container.start()
    for name in ("monitor", "inherit", "files"):
        container.running(name)
    until(lambda: "monitor: one" in container.log() and "monitor: two" in container.log(), "both")
    until(lambda: {"one", "two"} <= set(container.log().splitlines()), "inherited")
    folder = container.colony / "logs" / "files"
    until(lambda: text_of(folder / "current") == "one\n", "its output")
    until(lambda: text_of(folder / "stderr-current") == "two\n", "its errors")


def text_of(path: Path) -> str:
    """What is in a file, nothing where it isn't there yet."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_text()
    return ""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can have children of another user")
def test_a_root_monitor_s_children_can_open_dev_stdout(container: Container) -> None:
    """Of another user than the monitor's: what supervisors are asked for most in containers."""
    container.uid = 0
    container.tmpfs = "mode=0755"
    script = "echo one >/dev/stdout; echo two >/dev/stderr; exec sleep infinity"
    container.shell("monitor", script, uid=10001, gid=0)
    container.shell("files", script, uid="colony", log="files")
    container.start()
    until(lambda: "monitor: one" in container.log() and "monitor: two" in container.log(), "both")
    current = container.colony / "logs" / "files" / "current"
    until(lambda: text_of(current) == "one\ntwo\n", "its output")


def test_a_reader_that_goes_away_ends_nothing(container: Container) -> None:
    """Nobody takes the container's output any more: everything goes on."""
    container.shell("web", "while :; do echo hello; sleep 0.01; done")
    container.start()
    pid = container.running("web")
    container.lose_reader()
    container.configure("new", "sleep", "infinity")
    container.swap()
    container.running("new")
    until(lambda: any("log" in warning for warning in _warnings(container)), "it is said")
    assert container.running("web") == pid
    assert container.stop() == 0


def _warnings(container: Container) -> list[str]:
    found: list[str] = (container.monitor_status() or {})["warnings"]
    return found


def test_one_full_directory_holds_up_the_writer_alone(container: Container) -> None:
    """Logs, status and requests share it: others run on, and are started again when they die."""
    container.tmpfs = "mode=0777,size=4m"
    script = "for i in range(10**9): print(f'{i:07} ' + 'x' * 91, flush=True)"
    files = {"to": "files", "max_size": "512K", "keep": 2}
    python(container, "writer", script, log=files)
    container.shell("other", "while :; do sleep 0.02; echo alive; done")
    container.start()
    writer, other = container.running("writer"), container.running("other")
    folder = container.colony / "logs" / "writer"
    until(lambda: folder.is_dir() and len(list(folder.iterdir())) == 3, "it is rotated")
    filler = fill(container.colony)
    until(lambda: filled_again(container) and waits(container, "writer"), "nothing fits any more")
    container.kill(other)
    hear(container, 20)
    so_far = (folder / "current").stat().st_size
    hear(container, 20)
    assert (folder / "current").stat().st_size == so_far, "the writer waits"
    assert container.outer(writer)
    filler.unlink()
    until(lambda: not waits(container, "writer"), "it goes on by itself")
    until(lambda: size_of(folder / "current") not in (so_far, 0), "it writes")
    assert container.running("other") != other
    assert container.running("writer") == writer
    assert container.stop() == 0


def hear(container: Container, count: int) -> None:
    """Wait until the other one has said so many further lines."""
    said = container.log().count("other: alive")
    until(lambda: container.log().count("other: alive") >= said + count, "the other one speaks")


def filled_again(container: Container) -> bool:
    """Take the room that the writer makes by removing its oldest file.

    What the monitor itself makes for a status file is less.
    """
    found = os.statvfs(container.colony)
    if found.f_bavail * found.f_frsize >= 1 << 16:
        fill(container.colony)
    return True


def waits(container: Container, name: str) -> bool:
    """Whether the status says that a process's output waits for room."""
    return "output waits" in ((container.status(name) or {})["output"] or "")


def size_of(path: Path) -> int:
    """A file's size, 0 where there is none: it is just turned over."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def test_it_costs_little(container: Container) -> None:
    """Process 1 has less than 60 MB."""
    container.configure("web", "sleep", "infinity")
    container.start()
    container.running("web")
    status = Path(f"/proc/{container.pid}/status").read_text()
    rss = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert rss is not None
    assert int(rss[1]) < 60_000
