"""Programs without Twisted, and shell scripts, say that they are well."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from timing import took_s

from ncolony.beatspec import FIELDS
from ncolony.client.pulse import Pulse
from ncolony.control import beating
from ncolony.control.errors import CtlError

LONG_AGO = 1e9
PERIOD = FIELDS["period"].allowed
#: A comparison and a call of C's clock: 60 ns; a slow machine gets ten times that.
MAX_CALL_S = 600e-9
#: So few calls that some of them have the processor to themselves.
CALLS = 1000


def environ(**key: Any) -> dict[str, str]:
    """The environment of a process whose file has this key."""
    text = json.dumps({"args": ["web"], **({"ncolony.beatcheck": key} if key else {})})
    return {"NCOLONY_CONFIG": text, "NCOLONY_NAME": "web"}


class Beating:
    """A pulse with a clock that a test advances."""

    def __init__(self, found: dict[str, str]) -> None:
        self.now = 50.0
        self.said: list[str] = []
        self.pulse = Pulse(found, lambda: self.now, self.said.append)

    def beats_in(self, seconds: float, step_s: float = 0.01) -> int:
        """How many beats there are, at a call each ``step_s``."""
        count = 0
        for _ in range(round(seconds / step_s)):
            count += self.pulse.beat()
            self.now += step_s
        return count


def test_it_touches_three_times_a_period(tmp_path: Path) -> None:
    """However often it is called."""
    beating = Beating(environ(period=3, status=str(tmp_path / "web")))
    assert beating.beats_in(9.0) == 9
    assert (tmp_path / "web").exists()


def test_the_first_call_touches(tmp_path: Path) -> None:
    """At once, in a directory the file of the process's name."""
    assert Beating(environ(period=3600, status=str(tmp_path))).pulse.beat()
    os.utime(tmp_path / "web", (LONG_AGO, LONG_AGO))
    assert Beating(environ(period=3600, status=str(tmp_path))).pulse.beat()
    assert (tmp_path / "web").stat().st_mtime > LONG_AGO


@pytest.mark.parametrize("found", [{}, environ()])
def test_nothing_is_done_where_nobody_asks(found: dict[str, str]) -> None:
    """A program can be run by hand."""
    beating = Beating(found)
    assert beating.beats_in(10, 1) == 0
    assert beating.said == []


def test_the_configuration_is_read_once(tmp_path: Path) -> None:
    """What changes in the environment later doesn't matter."""
    found: dict[str, str] = {}
    beating = Beating(found)
    assert not beating.pulse.beat()
    found.update(environ(period=3, status=str(tmp_path)))
    assert beating.beats_in(10, 1) == 0


def test_a_program_outlives_its_heartbeat_s_disk(tmp_path: Path) -> None:
    """Trouble is said once, it is tried again, and new trouble is said again."""
    hearts = tmp_path / "run" / "hearts"
    beating = Beating(environ(period=3, status=f"{hearts}/"))
    assert beating.beats_in(9.0) == 0
    assert len(beating.said) == 1
    hearts.parent.mkdir()
    assert beating.beats_in(3.0) == 3
    shutil.rmtree(hearts.parent)
    assert beating.beats_in(3.0) == 0
    assert len(beating.said) == 2


def test_who_is_asked_wrongly_says_so_once() -> None:
    """And does nothing."""
    beating = Beating(environ(period="often", status="/x"))
    assert beating.beats_in(10, 1) == 0
    assert len(beating.said) == 1


def test_without_anybody_to_tell_it_goes_to_standard_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And to nowhere where there is none."""
    found = environ(period=3, status="/nonexistent/hearts/web")
    assert not Pulse(found, lambda: 0.0).beat()
    complaint = "ncolony: cannot touch /nonexistent/hearts/web: No such file or directory\n"
    assert capsys.readouterr().err == complaint
    monkeypatch.setattr(sys, "stderr", None)
    assert not Pulse(found, lambda: 0.0).beat()


@pytest.mark.parametrize("closing", ["", "sys.stderr.close(); ", "sys.stderr = None; "])
def test_the_function_never_raises(closing: str) -> None:
    """With standard error closed neither; the environment is the process's own."""
    code = f"import sys; {closing}from ncolony.client import beat; print(beat(), beat())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environ(period=3, status="/nonexistent/hearts/web")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "False False\n"
    complaint = "ncolony: cannot touch /nonexistent/hearts/web: No such file or directory\n"
    assert done.stderr == ("" if closing else complaint)


def test_importing_it_costs_next_to_nothing() -> None:
    """No Twisted, no JSON, nothing that Python hasn't loaded itself by then, but for itself."""
    code = (
        "import sys, time, os; before = set(sys.modules); import ncolony.client;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    found = {name for name in done.stdout.split() if name != "__future__"}
    assert found == {"ncolony", "ncolony.client", "ncolony.client.pulse"}


@pytest.mark.parametrize("asked", [True, False])
def test_a_call_that_touches_nothing_is_cheap(asked: bool, tmp_path: Path) -> None:
    """Cheap enough for a loop."""
    found = environ(period=3600, status=str(tmp_path / "web")) if asked else {}
    beat = Pulse(found, time.monotonic).beat
    beat()

    def loop() -> None:
        for _ in range(CALLS):
            beat()

    call_s = min(took_s(loop) for _ in range(100)) / CALLS
    print(f"{call_s * 1e9:.0f} ns")
    assert call_s < MAX_CALL_S


# ncolony beat


def test_a_script_s_beat_touches(tmp_path: Path) -> None:
    """Each call does, for whoever calls decides how often."""
    path = tmp_path / "web"
    for _ in range(2):
        assert beating.run(environ(period=3600, status=str(path))) == 0
        assert path.stat().st_mtime > LONG_AGO
        os.utime(path, (LONG_AGO, LONG_AGO))


@pytest.mark.parametrize("found", [{}, environ()])
def test_a_script_that_nobody_asks_does_well(found: dict[str, str]) -> None:
    """So that it can be run by hand."""
    assert beating.run(found) == 0


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (
            environ(period=3, status="/nonexistent/hearts/web"),
            "cannot touch /nonexistent/hearts/web: No such file or directory",
        ),
        (
            environ(status="/x"),
            f"cannot beat: NCOLONY_CONFIG: ncolony.beatcheck.period: missing; allowed: {PERIOD}",
        ),
    ],
)
def test_a_script_s_beat_that_fails_says_why(found: dict[str, str], line: str) -> None:
    """In one line, and with exit code 1."""
    with pytest.raises(CtlError) as caught:
        beating.run(found)
    assert str(caught.value) == line
    assert caught.value.exit_code == 1
