"""A client that puts load on a container, and what became of its requests."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from colony import DEADLINE_S, until
from engine import HERE, Container


class Load:
    """A running ``load.py``."""

    def __init__(self, container: Container, port: int, wanted: dict[str, int]) -> None:
        self._file = container.folder / f"load-{uuid.uuid4().hex}.json"
        words = [str(word) for pair in wanted.items() for word in pair]
        self._process = subprocess.Popen(
            [
                *container.entering_network(),
                *(sys.executable, "-I", str(HERE / "load.py"), str(self._file), str(port)),
                *words,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=open(container.folder / "load.log", "ab"),  # noqa: SIM115
            start_new_session=True,
        )

    def _now(self) -> dict[str, Any]:
        with contextlib.suppress(FileNotFoundError):
            found: dict[str, Any] = json.loads(self._file.read_bytes())
            return found
        assert self._process.poll() is None, "the client ended"
        return {"at": 0.0, "answers": {}, "failures": [], "visits": []}

    @property
    def failures(self) -> list[str]:
        """What went wrong until now."""
        found: list[str] = self._now()["failures"]
        return found

    @property
    def visits(self) -> list[int]:
        """The numbers of the visits that were counted until now."""
        found: list[int] = self._now()["visits"]
        return found

    def answered(self, what: str) -> int:
        """How often a page was had until now, or a server has answered."""
        count: int = self._now()["answers"].get(what, 0)
        return count

    def goes_on(self, *what: str, count: int = 20) -> None:
        """Wait until so many further requests for, or by, each of these have been answered."""
        now = time.monotonic()
        until(lambda: self._now()["at"] >= now, "news of the client")
        wanted = {each: self.answered(each) + count for each in what}
        until(
            lambda: all(self.answered(each) >= enough for each, enough in wanted.items()),
            f"{count} further answers, {what}; the last that failed were {self.failures[-3:]}",
        )

    def end(self) -> None:
        """Ask no more, and have an answer to each that was asked."""
        if self._process.poll() is None:
            # nsenter has become the client: no namespace of pids was entered.
            os.kill(self._process.pid, signal.SIGTERM)
            self._process.wait(DEADLINE_S)

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def load(container: Container, wanted: dict[str, int], port: int = 8080) -> Iterator[Load]:
    """Requests for these paths, each by so many threads, until the end."""
    found = Load(container, port, wanted)
    try:
        yield found
        found.end()
    finally:
        found.kill()


def fetch(container: Container, path: str) -> str:
    """The page at a path, by a request from within."""
    script = (
        "import sys, urllib.request as r;"
        "o = r.build_opener(r.ProxyHandler({}));"
        f"page = o.open('http://127.0.0.1:8080{path}', timeout={DEADLINE_S});"
        "sys.stdout.write(page.read().decode())"
    )
    return container.exec("python3", "-I", "-c", script).stdout


def wait_until_served(container: Container) -> None:
    """Wait until the application answers."""

    def served() -> bool:
        try:
            return fetch(container, "/ready") == "ready\n"
        except AssertionError:
            return False

    until(served, f"an answer; {Path(container.log_path)}")
