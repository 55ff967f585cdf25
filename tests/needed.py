"""What a test needs of the machine, beyond Python."""

from __future__ import annotations

import os
import shutil

import pytest


def lacking(what: str) -> None:
    """Skip, but not where CI promises that it is there."""
    if os.environ.get("NCOLONY_CI"):
        pytest.fail(f"CI has to have {what}")
    pytest.skip(f"there is no {what}")


def need(*programs: str, path: str = "/usr/bin:/bin") -> None:
    """Go on only where there are these programs, in one of the directories of ``path``."""
    for program in programs:
        if shutil.which(program, path=path) is None:
            lacking(f"{program} in {path}")
