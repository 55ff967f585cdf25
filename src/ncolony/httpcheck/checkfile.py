"""What a check says of a process: the files of STATUS/.checks, from bytes and to bytes.

Shared by the checker, which writes them, and the control program, which reads them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import statusdocument
from ..faults import shown

#: Raised when a field changes its meaning or goes; a new field doesn't raise it.
SCHEMA = 1
#: The directory of these files, in the status directory.
CHECKS_DIRECTORY = ".checks"
STATES = ("healthy", "unhealthy", "waiting")


class CheckFileError(ValueError):
    """A check's file that can't be understood; ``str()`` says in a line what was found."""


class CheckStatus(NamedTuple):
    """A process as its check sees it; times are UTC, RFC 3339, to the millisecond.

    ``kind`` is ``http``. ``state`` is of ``STATES``, since ``since``; it is ``waiting`` in the
    grace, where the process doesn't run, and where checks can't be made. ``last`` is when it was
    last checked, and ``result`` what came of it. ``failures`` is the number of bad answers one
    after the other, ``checks`` and ``restarts`` are those made and asked for by this checker.
    """

    name: str
    kind: str
    state: str
    since: str
    last: str | None = None
    result: str | None = None
    failures: int = 0
    checks: int = 0
    restarts: int = 0


def encode(status: CheckStatus) -> bytes:
    """The contents of STATUS/.checks/NAME."""
    return statusdocument.dump(SCHEMA, status._asdict())


def decode(text: bytes) -> CheckStatus:
    """Read STATUS/.checks/NAME. Raises CheckFileError."""
    document = statusdocument.load(text, SCHEMA, CheckFileError)
    return CheckStatus(**{name: _value(document, name) for name in CheckStatus._fields})


def _value(document: dict[str, Any], name: str) -> Any:
    default = CheckStatus._field_defaults.get(name, "")
    value = document.get(name, default)
    right = isinstance(value, type(default)) or (default is None and isinstance(value, str))
    if not right or value == "" or isinstance(value, bool):
        found = "missing" if name not in document else f"found {shown(value)}"
        raise CheckFileError(f"{name}: {found}")
    return value
