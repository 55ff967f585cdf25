"""The plugins that watch over processes or run jobs are clients of the colony's files."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: What only the monitor knows of.
INSIDE = [
    "asked", "colony", "configdir", "effects", "ending", "journal", "leftovers", "lingering",
    "looks", "machine", "model", "monitor", "pidfiles", "predecessor", "processes", "run",
    "runs", "service", "starts", "statusdir", "strangers", "supervisor", "transitions",
]  # fmt: skip
PLUGINS = ["beatcheck", "httpcheck", "scheduler"]


def loaded(statement: str) -> set[str]:
    """The modules that a Python has once it has done this."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(said.stdout.split())


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_knows_nothing_of_the_monitor_s_inside(plugin: str) -> None:
    """It reads and writes files as anybody may, and imports none of what keeps processes."""
    inside = {f"ncolony.{module}" for module in INSIDE}
    assert loaded(f"import ncolony.{plugin}.service") & inside == set()


@pytest.mark.parametrize("plugin", PLUGINS)
def test_no_plugin_imports_another(plugin: str) -> None:
    """Each has its own reason to exist; what they share has a name of its own."""
    others = {f"ncolony.{other}.service" for other in PLUGINS if other != plugin}
    assert loaded(f"import ncolony.{plugin}.service") & others == set()


def test_a_program_that_beats_pays_for_nothing_else() -> None:
    """``ncolony.client`` imports nothing of Twisted, and nothing of the monitor."""
    found = loaded("import ncolony.client")
    assert {name for name in found if name.startswith(("twisted", "zope"))} == set()
    assert {f"ncolony.{module}" for module in INSIDE} & found == set()
