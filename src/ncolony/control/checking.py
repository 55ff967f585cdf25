"""Check configuration as the monitor reads it, without a monitor.

What a file names outside of itself, accounts and paths, is looked for here as well. It may be
there only where the monitor runs, in a container say: what isn't found is a warning.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from grp import getgrnam
from pwd import getpwnam
from typing import NamedTuple

from .. import beatspec, httpspec, spec
from ..beatspec import Beat
from ..checkkeys import CheckKeyError
from ..context import PLAIN
from ..httpspec import HttpCheck
from ..names import name_fault
from ..scheduler import jobspec
from . import configured
from .errors import because
from .jobs.where import directory as jobs_directory
from .places import Colony
from .regular import read_regular

#: What directories of jobs are called where nobody says otherwise.
_JOBS = ("jobs", ".jobs")


class Finding(NamedTuple):
    """Something about a file; a warning leaves it usable. ``field`` is empty for all of it."""

    file: str
    field: str
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        where = f"{self.file}: {self.field}: " if self.field else f"{self.file}: "
        return where + ("warning: " if self.is_warning else "") + self.message


def check(colony: Colony, files: Iterable[str] | None = None) -> Iterator[Finding]:
    """Every fault of the files, and every warning, in the order of the files.

    Without files, of all processes and jobs of the colony. Never blocks, never raises for what is
    in a file or for a file that isn't there.
    """
    jobs = jobs_directory(colony) if colony.jobs or colony.messages else ""
    if files is None:
        files = []
        for directory in filter(None, (colony.config, jobs)):
            try:
                files += [os.path.join(directory, n) for n in configured.files_in(directory)]
            except OSError as error:
                yield Finding(directory, "", f"cannot list it: {because(error)}")
    for file in files:
        yield from _check_file(file, colony.config, jobs)


def _check_file(file: str, config: str, jobs: str) -> Iterator[Finding]:
    name = os.path.basename(file)
    fault = name_fault(name)
    try:
        text = read_regular(file, spec.MAX_BYTES)
    except OSError as error:
        yield Finding(file, "", f"cannot read it: {because(error)}")
        return
    is_job = _is_job(file, text, config, jobs)
    if fault is not None:
        who = "scheduler" if is_job else "monitor"
        yield Finding(file, "name", f"the {who} passes this file over: {fault}", is_warning=True)
    try:
        parsed = jobspec.parse(name, text).process if is_job else spec.parse(name, text)
    except spec.SpecError as error:
        for found in error.faults:
            yield Finding(file, found.field, found.message)
    else:
        for warning in parsed.warnings:
            yield Finding(file, "", warning, is_warning=True)
        for field, missing in _missing(parsed):
            yield Finding(file, field, missing, is_warning=True)
    if not is_job:
        yield from _check_keys(file, text)


def _is_job(file: str, text: bytes, config: str, jobs: str) -> bool:
    """Whether a file is a job's: by where it is, or else by its having ``schedule``.

    A process's file may have that for the process itself.
    """
    folder = os.path.realpath(os.path.dirname(file))
    if config and folder == os.path.realpath(config):
        return False
    if (jobs and folder == os.path.realpath(jobs)) or os.path.basename(folder) in _JOBS:
        return True
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "schedule" in document


def _check_keys(file: str, text: bytes) -> Iterator[Finding]:
    """What is wrong with the keys of the checkers; of all else, others have told."""
    for parse in (beatspec.parse, httpspec.parse):
        try:
            asked = parse(text)
        except CheckKeyError as error:
            for found in error.faults:
                if found.field:
                    yield Finding(file, found.field, found.message)
            continue
        for warning in asked.warnings if asked is not None else ():
            yield Finding(file, "", warning, is_warning=True)
        for field, missing in _missing_of(asked):
            yield Finding(file, field, missing, is_warning=True)


def _missing_of(asked: Beat | HttpCheck | None) -> Iterator[tuple[str, str]]:
    """What a checker needs and this machine doesn't have."""
    if isinstance(asked, Beat) and asked.status.startswith("/"):
        directory = os.path.dirname(asked.status)
        if not os.path.isdir(directory):
            yield f"{beatspec.KEY}.status", f"no directory {directory} is here"
    if isinstance(asked, HttpCheck) and asked.ca and not os.path.isfile(asked.ca):
        yield f"{httpspec.KEY}.ca", f"no file {asked.ca} is here"


def _missing(parsed: spec.ProcessSpec) -> Iterator[tuple[str, str]]:
    """What the file names and this machine doesn't have: the field, and what is missing."""
    context = parsed.context or PLAIN
    if isinstance(context.uid, str) and not _is_known(getpwnam, context.uid):
        yield "uid", f"no user is named {context.uid!r} here"
    groups = [("supplementary_groups", group) for group in context.supplementary_groups or ()]
    for field, group in [("gid", context.gid), *groups]:
        if isinstance(group, str) and not _is_known(getgrnam, group):
            yield field, f"no group is named {group!r} here"
    if context.cwd is not None and not os.path.isdir(context.cwd):
        yield "cwd", f"no directory {context.cwd} is here"
    secrets = [("env_from", path) for _, path in parsed.env_from]
    for field, path in [*(("env_file", path) for path in parsed.env_file), *secrets]:
        if not os.path.isfile(path):
            yield field, f"no file {path} is here"


def _is_known(look_up: Callable[[str], object], name: str) -> bool:
    try:
        look_up(name)
    except KeyError:
        return False
    return True
