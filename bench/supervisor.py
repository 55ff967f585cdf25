"""What the benchmark asks of a supervisor: to be configured, started, changed and stopped."""

import os
import shlex
import shutil
import signal
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, NamedTuple

TOOL_LIMIT_S = 60.0


class Service(NamedTuple):
    """One process to supervise."""

    name: str
    argv: tuple[str, ...]

    @property
    def command_line(self) -> str:
        """The command, quoted for a shell."""
        return shlex.join(self.argv)


class Tools(NamedTuple):
    """Where programs are found."""

    python: str  # the one that has this project
    peers: Path  # virtual environments of peers, as --install-peers makes them
    floor: Path  # the compiled floor.c
    child: Path  # the compiled child.c

    def program(self, name: str) -> str:
        """Another of the benchmark's C programs, compiled."""
        return str(self.child.with_name(name))


def write_aside(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file whole: aside, then renamed into place, its folder made where it's missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".new")
    aside.write_text(text)
    aside.chmod(mode)
    aside.rename(path)


class Supervisor(ABC):
    """One supervisor in a folder of its own; it runs in the foreground, below us."""

    key: ClassVar[str]
    title: ClassVar[str]
    install: ClassVar[str]  # how a reader gets it
    note: ClassVar[str] = ""  # how it is set up, where that isn't as it comes
    most: ClassVar[int] = 1_000_000  # services it can hold
    stop_signal: ClassVar[int] = signal.SIGTERM
    changes: ClassVar[bool] = True  # whether services can be added while it runs
    passes_output: ClassVar[bool] = False  # whether its standard output carries its children's

    def __init__(self, folder: Path, tools: Tools) -> None:
        self.folder = folder
        self.tools = tools
        self.output = folder / "output"
        folder.mkdir()

    @classmethod
    @abstractmethod
    def version(cls, tools: Tools) -> str | None:
        """What is installed, or None where nothing is."""

    @abstractmethod
    def write(self, service: Service) -> None:
        """Write one service's configuration, before the start or while running."""

    @abstractmethod
    def command(self) -> list[str]:
        """The supervisor's command line."""

    @abstractmethod
    def prepare(self) -> None:
        """Write what the supervisor itself needs."""

    def add(self, service: Service) -> None:
        """Add a service to the running supervisor, as its manual says."""
        self.write(service)

    def change(self, service: Service) -> None:
        """Give a running service another command line."""
        self.add(service)

    def environment(self) -> dict[str, str]:
        """All that a supervisor and its tools get of ours."""
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder)}

    def launch(self) -> "subprocess.Popen[bytes]":
        """Start it, its output in a file."""
        with open(self.output, "wb") as output:
            return subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.environment(),
            )

    def tool(self, *argv: object) -> None:
        """Run one of its tools to the end; what it prints is kept, its exit code isn't judged:
        the records say whether it has worked."""
        with open(self.folder / "tool.output", "ab") as output:
            subprocess.Popen(
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.environment(),
            ).wait(TOOL_LIMIT_S)


def found(program: str | Path) -> str | None:
    """The program's path, or None: a path is tried, a name is looked up on PATH."""
    return shutil.which(str(program))


def asked(*argv: str) -> str | None:
    """The first line that a command prints, or None where it fails."""
    try:
        ended = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    lines = (ended.stdout + ended.stderr).split("\n")
    return lines[0].strip()
