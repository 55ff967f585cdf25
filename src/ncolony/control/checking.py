"""Check configuration as the monitor reads it, without a monitor.

What a file names outside of itself, accounts and paths, is looked for here as well. It may be
there only where the monitor runs, in a container say: what isn't found is a warning.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from grp import getgrnam
from pwd import getpwnam
from typing import NamedTuple

from .. import spec
from ..context import PLAIN
from ..names import name_fault
from .errors import because
from .regular import read_regular


class Finding(NamedTuple):
    """Something about a file; a warning leaves it usable. ``field`` is empty for all of it."""

    file: str
    field: str
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        where = f"{self.file}: {self.field}: " if self.field else f"{self.file}: "
        return where + ("warning: " if self.is_warning else "") + self.message


def check(files: Iterable[str]) -> Iterator[Finding]:
    """Every fault of the files, and every warning, in the order of the files.

    Never blocks, never raises for what is in a file or for a file that isn't there.
    """
    for file in files:
        yield from _check_file(file)


def _check_file(file: str) -> Iterator[Finding]:
    name = os.path.basename(file)
    fault = name_fault(name)
    if fault is not None:
        yield Finding(file, "name", f"the monitor passes this file over: {fault}", is_warning=True)
    try:
        parsed = spec.parse(name, read_regular(file, spec.MAX_BYTES))
    except OSError as error:
        yield Finding(file, "", f"cannot read it: {because(error)}")
    except spec.SpecError as error:
        for found in error.faults:
            yield Finding(file, found.field, found.message)
    else:
        for warning in parsed.warnings:
            yield Finding(file, "", warning, is_warning=True)
        for field, missing in _missing(parsed):
            yield Finding(file, field, missing, is_warning=True)


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
