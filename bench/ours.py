"""This project's monitor in its two ways of starting, its ancestor, and the floor."""

import json
from pathlib import Path
from typing import ClassVar

from supervisor import Service, Supervisor, Tools, asked, write_aside

FIND = "import ncolony.{module}; from importlib.metadata import version; print(version('ncolony'))"


class Floor(Supervisor):
    """A C program that starts its children with posix_spawn and replaces what dies."""

    key = "floor"
    title = "C posix_spawn"
    install = "a C compiler builds it"
    changes = False

    def __init__(self, folder: Path, tools: Tools) -> None:
        super().__init__(folder, tools)
        self.services: list[Service] = []

    @classmethod
    def version(cls, tools: Tools) -> str | None:
        return "bench/floor.c"

    def prepare(self) -> None:
        """It needs nothing."""

    def write(self, service: Service) -> None:
        self.services.append(service)

    def command(self) -> list[str]:
        records = self.services[0].argv[1]
        return [str(self.tools.floor), str(len(self.services)), str(self.tools.child), records]


class Run(Supervisor):
    """`ncolony run --colony DIR`."""

    key = "run"
    title = "ncolony run"
    install = "pip install . into the environment of --python"
    passes_output = True

    @classmethod
    def version(cls, tools: Tools) -> str | None:
        return asked(tools.python, "-c", FIND.format(module="spec"))

    def prepare(self) -> None:
        for name in ("config", "messages", "status", "logs"):
            (self.folder / name).mkdir()

    def write(self, service: Service) -> None:
        text = json.dumps({"args": service.argv})
        write_aside(self.folder / "config" / service.name, text)

    def command(self) -> list[str]:
        return [self.tools.python, "-m", "ncolony", "run", "--colony", str(self.folder)]


class Twist(Run):
    """`python -m twisted ncolony`."""

    key = "twist"
    title = "ncolony, twist"
    options: ClassVar[tuple[str, ...]] = ()

    def python(self) -> str:
        """The Python that has it."""
        return self.tools.python

    def command(self) -> list[str]:
        places = [f"--{name}={self.folder / name}" for name in ("config", "messages")]
        twist = [self.python(), "-m", "twisted", "--log-format=text"]
        return [*twist, "ncolony", *places, *self.options]


class Ancestor(Twist):
    """The ncolony of PyPI that this project descends from."""

    key = "ancestor"
    title = "ncolony 2024.1"
    install = "bench/run.py --install-peers"
    note = "looks for changes every 0.1 s (--frequency 0.1; as it comes: 10 s)"
    options = ("--frequency=0.1",)
    passes_output = False

    @classmethod
    def version(cls, tools: Tools) -> str | None:
        return asked(cls.python_of(tools), "-c", FIND.format(module="ctllib"))

    @classmethod
    def python_of(cls, tools: Tools) -> str:
        """The Python of its virtual environment."""
        return str(tools.peers / "venv-ncolony" / "bin" / "python")

    def python(self) -> str:
        return self.python_of(self.tools)
