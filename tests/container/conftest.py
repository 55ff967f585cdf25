"""Containers without a container engine: namespaces, Debian's servers, and a colony in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# The waiting and looking that the tests with real processes have.
sys.path.append(str(Path(__file__).parents[1] / "real"))

from engine import Container, a_container

from needed import lacking, need


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.container)


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Whether this machine and this user may make them."""
    flags = ["--pid", "--fork", "--mount", "--net", "--mount-proc"]
    flags += [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", *flags, "true"]
    if not shutil.which("unshare") or not shutil.which("nsenter"):
        lacking("unshare and nsenter")
    found = subprocess.run(command, capture_output=True, check=False)
    if found.returncode != 0:
        lacking(f"right to make namespaces: {found.stderr.decode().strip()}")


@pytest.fixture
def container(tmp_path: Path, namespaces: None) -> Iterator[Container]:
    """A container that isn't started yet."""
    with a_container(tmp_path) as found:
        yield found


@pytest.fixture(scope="session")
def servers() -> None:
    """nginx and redis-server, of Debian."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin"
    need("nginx", "redis-server", path=path)
