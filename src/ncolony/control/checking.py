"""Check configuration as the monitor reads it, without a monitor."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .. import spec
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
