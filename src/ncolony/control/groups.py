"""Which processes are in a group, as the configuration directory says."""

from __future__ import annotations

import json
import os

from ..spec import MAX_BYTES
from . import configured
from .errors import CtlError, nearest
from .places import Colony
from .regular import read_regular


def members(colony: Colony, group: str) -> list[str]:
    """The names of a group's processes, sorted; at least one. Raises CtlError.

    Files that can't be read are passed over: the monitor says what is wrong with them.
    """
    found: list[str] = []
    others: set[str] = set()
    for name in configured.names(colony):
        groups = _groups(os.path.join(colony.config, name))
        if group in groups:
            found.append(name)
        others.update(groups)
    if not found:
        near = nearest(group, sorted(others))
        raise CtlError(f"cannot restart group {group}: no process is in it{near}")
    return found


def _groups(path: str) -> list[str]:
    try:
        document = json.loads(read_regular(path, MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return []
    groups = document.get("group") if isinstance(document, dict) else None
    return [group for group in groups if isinstance(group, str)] if isinstance(groups, list) else []
