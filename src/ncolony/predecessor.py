"""What an earlier monitor of the colony left behind, as far as the status directory tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .isystem import ISystem
from .model import State
from .names import is_process_name
from .status import MONITOR_FILE, StatusError, decode, decode_monitor

#: No status file is longer: a reason and some warnings have at most some kilobytes.
MAX_BYTES = 1 << 20
#: What is in these states when a monitor ends couldn't be killed, and may live.
_NOT_GONE = {State.STOPPING.value, State.KILLING.value}


class Predecessor(NamedTuple):
    """``orderly``: it stopped everything at its end. ``reported`` has pids and their starts."""

    orderly: bool
    names: frozenset[str]
    reported: Mapping[str, tuple[int, int]]


def predecessor(system: ISystem, directory: str) -> Predecessor:
    """What the files say that it left. What can't be read, says nothing."""
    reported = {}
    boot_id = system.boot_id()
    names = _names(system, directory)
    for name in names:
        try:
            record = decode(system.read(directory, name, MAX_BYTES))
        except (OSError, StatusError):
            continue
        if record.pid and record.pid_started and boot_id and record.boot_id == boot_id:
            reported[name] = (record.pid, record.pid_started)
    return Predecessor(_ended_orderly(system, directory), names, reported)


def _names(system: ISystem, directory: str) -> frozenset[str]:
    try:
        return frozenset(filter(is_process_name, system.names(directory)))
    except OSError:
        return frozenset()


def _ended_orderly(system: ISystem, directory: str) -> bool:
    try:
        last = decode_monitor(system.read(directory, MONITOR_FILE, MAX_BYTES))
    except (OSError, StatusError):
        return False
    return last.state == "stopped" and not _NOT_GONE & last.counts.keys()


def leftovers(system: ISystem, config: str, status: str, inherited: bool) -> dict[str, int]:
    """The processes that an earlier monitor left running, if it was killed: a pid of each name.

    ``inherited``: the status directory is the very one that it wrote to. What a copy of that tells
    of are another colony's processes, which may live and be well.
    """
    before = predecessor(system, status)
    if before.orderly or not inherited:
        return {}
    return system.leftovers(_names(system, config) | before.names, before.reported)
