"""The example's container, as its Dockerfile and its Compose file describe it."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import dockerfile
import yaml
from colony import until
from engine import CHECKOUT, COLONY, EXAMPLE, PROGRAMS, Container

SECRET = "not to be seen anywhere"


def compose() -> dict[str, Any]:
    """The Compose file."""
    found: dict[str, Any] = yaml.safe_load((EXAMPLE / "compose.yaml").read_text())
    return found


def kubernetes() -> dict[str, dict[str, Any]]:
    """The Kubernetes objects by their kinds."""
    documents = yaml.safe_load_all((EXAMPLE / "kubernetes.yaml").read_text())
    return {document["kind"]: document for document in documents}


def image() -> dockerfile.Image:
    return dockerfile.read(EXAMPLE / "Dockerfile")


def as_described(container: Container) -> Container:
    """Make a container that of the example: its files, user, environment, mounts and command."""
    built = image()
    for copy in built.copies:
        if copy.stage is not None:
            assert copy.target == PROGRAMS  # the environment of the tests is in its place
            continue
        (source,) = copy.sources
        if not copy.target.startswith(COLONY):
            container.binds.append((str(CHECKOUT / source), copy.target))
    # Of Debian's package, like the programs.
    container.binds.append(("/etc/nginx/mime.types", "/etc/nginx/mime.types"))
    container.env = dict(built.env)
    container.cwd = built.workdir
    uid, _, gid = built.user.partition(":")
    container.uid, container.gid = int(uid), int(gid)
    container.command = list(built.entrypoint)
    service = compose()["services"]["colony"]
    container.tmpfs = None
    container.more_tmpfs = [tuple(tmpfs.split(":")) for tmpfs in service["tmpfs"]]
    for secret in service["secrets"]:
        path = container.folder / secret["source"]
        path.write_text(f"{SECRET}\n")
        container.mounts.append((str(path), secret["target"]))
    container.take(EXAMPLE / "config")
    return container


def logs(container: Container, name: str, prefix: str = "") -> list[Path]:
    """A process's log files, the oldest first, the current one last.

    One that has just been compressed may be there twice, and is listed once.
    """
    folder = container.colony / "logs" / name
    rotated = {
        path.name.partition(".log")[0]: path
        for path in sorted(folder.iterdir())
        if path.name.startswith(f"{prefix}2") and ".log" in path.name
    }
    return [*(rotated[key] for key in sorted(rotated)), folder / f"{prefix}current"]


def lines_of(container: Container, name: str) -> list[str]:
    """The lines in a process's log files; the last one isn't, until all of it is written."""
    return texts(container, name).split("\n")[:-1]


def texts(container: Container, name: str, prefix: str = "") -> str:
    """All that is in a process's log files."""

    def read() -> str | None:
        try:
            before = logs(container, name, prefix)
            contents = [(path.suffix, path.read_bytes()) for path in before]
        except FileNotFoundError:
            return None
        if logs(container, name, prefix) != before:
            return None  # turned over, or compressed, meanwhile
        return "".join(
            (gzip.decompress(text) if suffix == ".gz" else text).decode()
            for suffix, text in contents
        )

    # An empty text is as good as any.
    return until(lambda: [found] if (found := read()) is not None else None, "its log files")[0]
