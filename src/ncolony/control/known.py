"""Names that are refused before anything is written."""

from __future__ import annotations

from ..names import name_fault
from . import configured
from .errors import CtlError, RefusedError, nearest
from .places import Colony


def refuse_bad(verb: str, name: str, whose: str = "process") -> None:
    """Raise RefusedError for what can't be a process's name, nor a job's."""
    fault = name_fault(name)
    if fault is not None:
        raise RefusedError(f"cannot {verb} {name!r}: not a {whose}'s name: {fault}")


def require_known(verb: str, colony: Colony, name: str) -> None:
    """Raise CtlError unless a process of this name is configured."""
    refuse_bad(verb, name)
    if not configured.has(colony, name):
        raise unknown_name(verb, colony, name)


def unknown_name(verb: str, colony: Colony, name: str) -> CtlError:
    """The error for a name that no process has: a job has it, or which is near."""
    from .jobs import where  # which needs what is here

    near = nearest(name, configured.names(colony))
    more = "; it is a job's (see 'ncolony job')" if where.has(colony, name) else near
    return CtlError(f"cannot {verb} {name}: no process of this name is configured{more}")
