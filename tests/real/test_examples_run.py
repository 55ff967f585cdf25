"""Examples in Python, run as they stand."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from colony import DEADLINE_S, Colony, until
from jsonschema import Draft202012Validator

from examples import commands
from ncolony import ctllib, schemas
from pages import ROOT, read


def example(page: str, language: str) -> str:
    """The one example of a page in a language."""
    (found,) = [block.text for block in read(page) if block.language == language]
    return found


def test_ctllib(colony: Colony) -> None:
    """It adds a process and prints how it is; it adds a job, and runs it."""
    colony.start()
    ctllib.add_plugins(ctllib.in_folder(str(colony.root)), ["scheduler"], wait_s=DEADLINE_S)
    program = example("docs/reference/python.md", "python")
    for shown, here in (("/srv/colony", str(colony.root)), ('["backup", ', '["true", ')):
        assert program.count(shown) == 1
        program = program.replace(shown, here)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "NCOLONY_DIR": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    pids = {name: colony.running(name) for name in ("ncolony-scheduler", "web")}
    assert done.stdout == "".join(f"{name} RUNNING {pid}\n" for name, pid in pids.items())
    assert ctllib.jobs(ctllib.in_folder(str(colony.root)))["backup"].success


def test_the_job_that_is_added_is_the_one_shown(tmp_path: Path) -> None:
    """The command of the page writes the file that stands below it."""
    (tmp_path / "config").mkdir()
    (tmp_path / "messages").mkdir()
    page = read("docs/how-to/cron-jobs.md")
    add = next(block for block in page if block.text.startswith("$ ncolony job add"))
    shown = next(block for block in page if block.language == "json" and block.line > add.line)
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    environ = {"PATH": path, "NCOLONY_DIR": str(tmp_path)}
    subprocess.run(["sh", "-ec", commands(add)], env=environ, check=True, timeout=60)
    assert json.loads((tmp_path / "jobs" / "backup").read_text()) == json.loads(shown.text)


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
    """Without a word about it, where the program is where it says; this machine has others."""
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
    said = (done.stdout + done.stderr).splitlines()
    assert [line for line in said if unit.name in line] == []


def test_a_shell_takes_the_openrc_script() -> None:
    """As a script, whatever its commands are."""
    script = ROOT / "examples" / "openrc" / "ncolony"
    assert subprocess.run(["sh", "-n", str(script)], check=False, timeout=60).returncode == 0


def test_a_schema_says_what_the_page_shows() -> None:
    """Any program that reads schemas finds these faults, in these words."""
    block = next(
        block
        for block in read("docs/reference/schemas.md")
        if block.text.startswith("$ check-jsonschema")
    )
    shown = re.findall(r"web::\$(\S*): (.*)", block.text)
    document = {"args": ["sleep", "9"], "restart": "sometimes", "kiltime": 10}
    found = Draft202012Validator(json.loads(schemas.text("process"))).iter_errors(document)
    assert sorted(shown) == sorted(
        ("".join(f".{part}" for part in fault.path), fault.message) for fault in found
    )
