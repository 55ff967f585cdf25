"""The core acts on nothing, and the control program doesn't pay for what it doesn't use."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ncolony

SOURCE = Path(ncolony.__file__).parent
CORE = [
    "asked",
    "beatspec",
    "checkkeys",
    "context",
    "describe",
    "faults",
    "fields",
    "forms",
    "httpspec",
    "httptarget",
    "isystem",
    "logspec",
    "machine",
    "model",
    "names",
    "policy",
    "request",
    "runs",
    "spec",
    "status",
    "statusdocument",
    "transitions",
    "values",
]
ACTS = {"asyncio", "ctypes", "io", "os", "pathlib", "random", "select", "shutil", "signal"}
ACTS |= {"socket", "subprocess", "sys", "threading", "time", "twisted", "zope"}
CALLS = {"open", "print", "input", "exec", "eval", "__import__"}


def imported(tree: ast.AST) -> set[str]:
    """What a module imports, inside of functions too; its own package's modules with a dot."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(str(node.module).partition(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(f".{node.module}")
        elif isinstance(node, ast.ImportFrom):
            found |= {f".{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("name", CORE)
def test_a_core_module_only_computes(name: str) -> None:
    """It imports nothing that acts, nothing but the core, and opens nothing."""
    tree = ast.parse((SOURCE / f"{name}.py").read_text())
    modules = imported(tree)
    assert modules & ACTS == set()
    assert {m for m in modules if m.startswith(".")} <= {f".{core}" for core in CORE}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call)
              and isinstance(node.func, ast.Name)}  # fmt: skip
    assert called & CALLS == set()


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh Python has after a statement."""
    program = f"import sys; {statement}; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    environment = {"PYTHONPATH": str(SOURCE.parent)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement", ["import ncolony.testing", "import ncolony.ctllib", "import ncolony.cli"]
)
def test_no_twisted_is_imported(statement: str) -> None:
    """The control program starts in the time of Python; tests need no reactor."""
    assert {m for m in loaded_by(statement) if m.startswith(("twisted", "zope"))} == set()
