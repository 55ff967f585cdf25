"""Examples in Python, run as they stand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from colony import Colony, until

from pages import ROOT, read


def example(page: str, language: str) -> str:
    """The one example of a page in a language."""
    (found,) = [block.text for block in read(page) if block.language == language]
    return found


def test_ctllib(colony: Colony) -> None:
    """It adds a process, waits for it, and prints its name, its state and its pid."""
    colony.start()
    program = example("docs/reference/python.md", "python")
    assert program.count('"/srv/colony"') == 1
    done = subprocess.run(
        [sys.executable, "-c", program.replace("/srv/colony", str(colony.root))],
        env={**os.environ, "NCOLONY_DIR": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == f"web RUNNING {colony.running('web')}\n"


def test_bytes_are_back(colony: Colony) -> None:
    """What is no UTF-8 comes back out of a line of JSON, to the byte."""
    log = {"to": "files", "format": "json"}
    colony.shell("web", r"printf 'a\377b\303\244\n'; sleep 1000", log=log)
    colony.start()
    colony.running("web")
    current = colony.root / "logs" / "web" / "current"
    line = until(lambda: current.exists() and current.read_text(), "the line")
    found = eval(example("docs/reference/output.md", "python"), {"json": json, "line": line})
    assert found == b"a\xffb\xc3\xa4"


def test_logrotate_may_rename(colony: Colony) -> None:
    """After its script, a new file is begun, and no line is lost between the two."""
    colony.shell("web", "while echo $((i += 1)); do sleep 0.01; done", log="files")
    colony.start()
    colony.running("web")
    current = colony.root / "logs" / "web" / "current"
    until(lambda: current.exists() and current.read_text().count("\n") > 3, "some lines")
    current.rename(f"{current}.1")
    rules = example("docs/how-to/log-rotation.md", "text").replace("/srv/colony", str(colony.root))
    script = rules.partition("postrotate\n")[2].partition("endscript")[0]
    subprocess.run(["sh", "-ec", script], check=True, timeout=60)
    until(lambda: current.exists() and current.read_text().count("\n") > 3, "a new file")
    ask = colony.ask("STOP", "web")
    colony.until_state("web", "STOPPED")
    assert colony.rejected(ask) is None
    lines = Path(f"{current}.1").read_text() + current.read_text()
    assert lines.split() == [str(i + 1) for i in range(lines.count("\n"))]


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """Without a word, where the program is where it says."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze here")
    text = (ROOT / "examples" / "systemd" / "ncolony.service").read_text(encoding="utf-8")
    assert text.count("/opt/ncolony/bin/ncolony") == 1
    unit = tmp_path / "ncolony.service"
    program = str(Path(sys.executable).parent / "ncolony")
    unit.write_text(text.replace("/opt/ncolony/bin/ncolony", program))
    done = subprocess.run(
        [analyze, "verify", str(unit)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_shell_takes_the_openrc_script() -> None:
    """As a script, whatever its commands are."""
    script = ROOT / "examples" / "openrc" / "ncolony"
    assert subprocess.run(["sh", "-n", str(script)], check=False, timeout=60).returncode == 0
