"""The control program as a process of its own: what only a process can show."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from colonies import FakeColony, running

pytestmark = pytest.mark.real


@pytest.fixture
def colony(tmp_path: Path) -> FakeColony:
    return FakeColony(tmp_path)


CTL = (sys.executable, "-m", "ncolony", "ctl")


def start(*words: str, **more: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*CTL, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,  # type: ignore[call-overload]
    )


def finished(*words: str, **more: object) -> tuple[int, bytes, bytes]:
    process = start(*words, **more)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_the_ancestors_command_line(colony: FakeColony) -> None:
    """python -m ncolony ctl --messages DIR --config DIR add: silent, 0, and the file is there."""
    where = ["--messages", str(colony.messages), "--config", str(colony.config)]
    assert finished(*where, "add", "web", "--cmd", "sleep", "--arg", "1") == (0, b"", b"")
    assert colony.tree() == {"config/web": b'{"args": ["sleep", "1"]}'}


def test_a_failure_is_one_line_and_no_traceback(colony: FakeColony) -> None:
    """The exit code and the line come through."""
    code, out, err = finished("restart", "web", "--colony", str(colony.folder))
    assert (code, out) == (1, b"")
    assert err == b"ncolony: cannot restart web: no process of this name is configured\n"


def test_a_reader_that_goes_away_is_no_traceback(colony: FakeColony) -> None:
    """As in ``ncolony status | head -1``."""
    colony.report(*(running(f"p{i:04d}") for i in range(2000)))
    process = start("status", "--colony", str(colony.folder))
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 141
    process.stderr.close()


@pytest.mark.parametrize(
    ("where", "code", "said"),
    [
        (">/dev/full", 1, "ncolony: cannot write the output: No space left on device\n"),
        (">&-", 0, ""),
    ],
)
@pytest.mark.parametrize("command", ["status", "status --json", "check"])
def test_output_that_goes_nowhere_is_no_traceback(
    command: str, where: str, code: int, said: str, colony: FakeColony
) -> None:
    """A line where the disk is full; who closes it wants the exit code alone."""
    colony.configure("web", text='{"args": ["x"], "slip": 1}')
    colony.report(running("web", fingerprint=colony.fingerprint("web")))
    colony.monitor_starts()
    shell = ["sh", "-c", f'"$@" {where}', "sh", *CTL, *command.split()]
    environ = {**os.environ, "NCOLONY_DIR": str(colony.folder), "LC_ALL": "C"}
    done = subprocess.run(
        shell, stderr=subprocess.PIPE, env=environ, text=True, check=False, timeout=60
    )
    colony.monitor_ends()
    assert (done.returncode, done.stderr) == (code, said)


def test_any_name_can_be_shown(colony: FakeColony) -> None:
    """Any script, and an ASCII standard output, are no traceback."""
    Path(os.fsdecode(os.fsencode(colony.config) + b"/a\xc3\xa4")).write_text("{}")
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    code, out, err = finished("status", "--colony", str(colony.folder), env=environ)
    assert (code, err) == (1, b"")
    assert rb"a\xe4" in out


def test_an_interrupt_ends_a_wait_quietly(colony: FakeColony) -> None:
    """Ctrl-C: 130, no output."""
    colony.configure("web")
    colony.monitor_starts()
    process = start("restart", "web", "--wait", "60", "--colony", str(colony.folder))
    while not colony.requests() and process.poll() is None:
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    colony.monitor_ends()
    assert (process.returncode, out, err) == (130, b"", b"")


def test_start_up_imports_nothing_heavy(colony: FakeColony) -> None:
    """Starting Python is most of what a command costs, and stays so."""
    colony.configure("web")
    for command in ("restart web", "status web"):
        code = (
            "import sys; from ncolony import cli; "
            f"cli.main({[*command.split(), '--colony', str(colony.folder)]!r}); "
            "print(*sys.modules)"
        )
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        loaded = set(run.stdout.split()[-400:])
        heavy = b"twisted dataclasses pathlib inspect shutil subprocess hashlib difflib tempfile"
        assert loaded & set(heavy.split()) <= {b"pathlib"} & site_modules()


def site_modules() -> set[bytes]:
    """What the interpreter loads before any of ours, for an editable installation, say."""
    code = "import sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return set(run.stdout.split())
