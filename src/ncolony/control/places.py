"""The directories of a colony, and how the control program finds them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from .errors import RefusedError

#: Names a colony's directory, where neither --colony nor --config and --messages do.
VARIABLE = "NCOLONY_DIR"

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class Places(NamedTuple):
    """Two directories: what should run, and the requests. Status is in MESSAGES/.status."""

    config: Path
    messages: Path


class Colony(NamedTuple):
    """The directories that the control program works with.

    ``logs`` is empty where it isn't known: the monitor says then where they are. ``jobs`` is the
    scheduler's directory; empty, it is MESSAGES/.jobs.
    """

    config: str
    messages: str
    status: str
    logs: str = ""
    jobs: str = ""


AnyPlaces = Places | Colony | tuple[Path, Path]


def colony_of(places: AnyPlaces) -> Colony:
    """The colony of whatever a caller has: a Colony, Places, or any pair of paths."""
    paths = [os.fsdecode(path) for path in places]
    for path in paths:
        if "\0" in path:
            raise RefusedError(f"cannot use the directory {path!r}: a NUL byte in its name")
    if len(paths) == 2:
        paths.append(os.path.join(paths[1], ".status"))
    return Colony(*paths)


def in_folder(folder: Path) -> Colony:
    """The colony in one folder: FOLDER/config, messages, status, logs and jobs in it."""
    base = os.fsdecode(folder)
    return Colony(*[os.path.join(base, part) for part in Colony._fields])


def locate(
    options: Mapping[str, str | None],
    environ: Mapping[str, str],
    needed: tuple[str, ...] = ("config", "messages"),
) -> Colony:
    """The colony that options name: ``colony`` all of it, ``config`` and so on one directory.

    Where ``config`` and ``messages`` are both given, ``$NCOLONY_DIR`` has no say, so that
    the status is looked for where a monitor with the same two options writes it.
    A directory that isn't ``needed`` may be unknown: the empty string. ``jobs`` alone is a
    scheduler without a colony, whose status is in JOBS/.status.
    Raises RefusedError where a needed one isn't known, or isn't there; the directories for
    status and logs may be missing, as they are before the first monitor, and that of the jobs
    where its place follows from others that are there.
    """
    config, messages, status, logs, jobs = (options.get(part) for part in Colony._fields)
    folder = options.get("colony")
    if folder is None and not (config and messages):
        folder = environ.get(VARIABLE) or None
    if folder is not None and needed and not os.path.isdir(folder):
        raise RefusedError(f"cannot use the colony directory {folder}: {_why_not(folder)}")
    base = Colony("", "", "", "") if folder is None else in_folder(folder)
    config, messages = config or base.config, messages or base.messages
    status = status or base.status or _below(messages, ".status") or _below(jobs, ".status")
    colony = Colony(
        config,
        messages,
        status,
        logs or base.logs,
        jobs or base.jobs or _below(messages, ".jobs"),
    )
    for part in needed:
        path = getattr(colony, part)
        if part == "jobs" and path and not jobs and not os.path.lexists(path):
            path = os.path.dirname(path)
        _require(part, path)
    return colony


def _below(folder: str | None, name: str) -> str:
    return os.path.join(folder, name) if folder else ""


def _require(part: str, path: str) -> None:
    if not path:
        two = "--jobs DIR" if part == "jobs" else "--config DIR and --messages DIR"
        raise RefusedError(
            f"cannot find the {part} directory: give --colony DIR, set {VARIABLE}, or give {two}"
        )
    if part not in {"status", "logs"} and not os.path.isdir(path):
        raise RefusedError(f"cannot use the {part} directory {path}: {_why_not(path)}")


def _why_not(path: str) -> str:
    return "it is not a directory" if os.path.lexists(path) else "no such directory"
