"""The README's first colony, as a reader would type it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from colony import alive, until

README = Path(__file__).parents[2] / "README.md"
#: A process without a PATH of its own finds its program in these.
PLACES = (Path("/bin/python3"), Path("/usr/bin/python3"))


def section(title: str) -> list[str]:
    """The first block of commands below a heading."""
    below = README.read_text(encoding="utf-8").partition(f"\n## {title}\n")[2]
    block = below.strip("\n").partition("\n\n")[0]
    return [line.removeprefix("    ") for line in block.splitlines()]


def free_port() -> int:
    """A port of the loopback interface that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def ended(colony: Path) -> Iterator[None]:
    """Ends the monitor that was started meanwhile, and waits until it is gone."""
    try:
        yield
    finally:
        said = colony / "status" / ".monitor"
        if said.exists():
            pid = json.loads(said.read_text())["pid"]
            if alive(pid):
                os.kill(pid, signal.SIGTERM)
            until(lambda: not alive(pid), "the monitor ends")


@pytest.mark.skipif(not any(map(Path.exists, PLACES)), reason="no python3 of the system's")
def test_first_colony_works_as_written(tmp_path: Path) -> None:
    """The five lines, but for the installation and the port, lead to a server that answers."""
    lines = section("A first colony")
    assert lines[0] == "pip install ncolony"
    port = free_port()
    script = "\n".join(lines[1:]).replace("8080", str(port))
    environ = {
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
    }
    said = tmp_path / "said"
    with ended(tmp_path / "colony"), said.open("wb") as out:
        run = subprocess.run(
            ["sh", "-euc", script],
            cwd=tmp_path,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )
        assert run.returncode == 0, said.read_text()
        web = until(
            lambda: next((i for i in said.read_text().splitlines() if i.startswith("web ")), None),
            "the table has the server",
        )
        assert web.split()[1] == "RUNNING"
        pid = int(web.split()[2])

        def answers() -> bool:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                return False
            return True

        until(answers, "the server answers")
    assert not alive(pid)


def test_the_file_is_what_the_readme_says(tmp_path: Path) -> None:
    """``ncolony add`` writes what is shown, to the byte."""
    add = next(line for line in section("A first colony") if line.startswith("ncolony add "))
    _, _, shown = README.read_text(encoding="utf-8").partition("$ cat colony/config/web\n    ")
    for folder in ("config", "messages"):
        (tmp_path / "colony" / folder).mkdir(parents=True)
    environ = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "NCOLONY_DIR": str(tmp_path / "colony"),
    }
    subprocess.run(["sh", "-euc", add], env=environ, check=True)
    written = (tmp_path / "colony/config/web").read_text()
    assert written == shown.partition("\n")[0]
