"""Examples in Python, run as they stand."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from colony import Colony, until

from pages import ROOT, blocks


def python(page: str) -> str:
    """The one example in Python of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    (found,) = [block.text for block in blocks(text) if block.language == "python"]
    return found


def test_ctllib(colony: Colony) -> None:
    """It adds a process, waits for it, and prints its name, its state and its pid."""
    colony.start()
    example = python("docs/reference/python.md")
    assert example.count('"/srv/colony"') == 1
    done = subprocess.run(
        [sys.executable, "-c", example.replace("/srv/colony", str(colony.root))],
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
    found = eval(python("docs/reference/output.md"), {"json": json, "line": line})
    assert found == b"a\xffb\xc3\xa4"
