"""Each test of this folder runs on the simulated machine and on this one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from grounds import Ground, Real, Simulated


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real)])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """A machine with an empty directory."""
    kind = Simulated if request.param == "simulated" else Real
    made = kind(str(tmp_path / "d"))
    yield made
    made.close()
