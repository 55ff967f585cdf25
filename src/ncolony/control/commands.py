"""What each command does: from parsed options to an exit code."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable

from .. import ctllib
from . import places
from .known import require_known
from .places import Colony
from .table import printable

AS_WANTED, NOT_SO = 0, 1


def run(options: Namespace) -> int:
    """Carry out a command; its exit code. Raises CtlError."""
    where = {part: getattr(options, part) for part in ("colony", *Colony._fields)}
    needed = _NEEDED.get(options.command.partition(" ")[0], ("config", "messages"))
    if (options.command == "check" and options.file) or (
        options.command == "logs" and where["logs"]
    ):
        needed = ()
    return _RUN[options.command](places.locate(where, os.environ, needed), options)


#: The directories that a command can't do without, where that isn't the usual two.
_NEEDED: dict[str, tuple[str, ...]] = {
    "check": ("config",),
    "logs": ("config",),
    "status": ("status",),
    "wait": ("status",),
    "job": ("jobs",),
}


def _add(colony: Colony, options: Namespace) -> int:
    from . import adding

    ctllib.add(
        colony,
        options.name,
        options.cmd,
        options.args,
        env=options.env,
        uid=options.uid,
        gid=options.gid,
        extras=adding.more(options, options.name),
        env_inherit=options.env_inherit,
        group=options.group,
        wait_s=options.wait_s,
    )
    return AS_WANTED


def _remove(colony: Colony, options: Namespace) -> int:
    ctllib.remove(colony, options.name, wait_s=options.wait_s)
    return AS_WANTED


def _one(colony: Colony, options: Namespace) -> int:
    require_known(options.command, colony, options.name)
    ask: Callable[..., None] = getattr(ctllib, options.command)
    ask(colony, options.name, wait_s=options.wait_s)
    return AS_WANTED


def _rotate(colony: Colony, options: Namespace) -> int:
    for name in options.name:
        require_known("rotate", colony, name)
    if not options.name:
        ctllib.rotate_all(colony, wait_s=options.wait_s)
    for name in options.name:
        ctllib.rotate(colony, name, wait_s=options.wait_s)
    return AS_WANTED


def _logs(colony: Colony, options: Namespace) -> int:
    from .logs.command import run as show

    return show(colony, options)


def _restart_all(colony: Colony, options: Namespace) -> int:
    ctllib.restart_all(colony, wait_s=options.wait_s)
    return AS_WANTED


def _restart_group(colony: Colony, options: Namespace) -> int:
    ctllib.restart_group(colony, options.group, wait_s=options.wait_s)
    return AS_WANTED


def _signal(colony: Colony, options: Namespace) -> int:
    require_known("signal", colony, options.name)
    ctllib.signal(colony, options.name, options.signal, wait_s=options.wait_s)
    return AS_WANTED


def _wait(colony: Colony, options: Namespace) -> int:
    ctllib.wait(colony, options.name, options.for_, options.timeout_s)
    return AS_WANTED


def _check(colony: Colony, options: Namespace) -> int:
    findings = ctllib.check(colony, options.file or None)
    for finding in findings:
        print(printable(str(finding)))
    return NOT_SO if any(not finding.is_warning for finding in findings) else AS_WANTED


def _status(colony: Colony, options: Namespace) -> int:
    from . import observed, showing

    running = observed.monitor_is_running(colony)
    for name in options.name:
        if observed.record(colony, name) is None:
            require_known("show", colony, name)
    records = observed.records(colony, options.name or None)
    if not options.quiet:
        show = showing.as_json if options.json else showing.as_table
        show(sys.stdout, colony, records, running)
    as_wanted = running and all(record.as_wanted for record in records.values())
    return AS_WANTED if as_wanted else NOT_SO


def _add_plugins(colony: Colony, options: Namespace) -> int:
    ctllib.add_plugins(
        colony,
        options.plugin or None,
        trust=options.trust or (),
        replace=options.replace,
        wait_s=options.wait_s,
    )
    return AS_WANTED


def _job(colony: Colony, options: Namespace) -> int:
    from .jobs import command

    return command.RUN[options.command](colony, options)


_RUN: dict[str, Callable[[Colony, Namespace], int]] = {
    "add": _add,
    "remove": _remove,
    "enable": _one,
    "disable": _one,
    "start": _one,
    "stop": _one,
    "restart": _one,
    "restart-all": _restart_all,
    "restart-group": _restart_group,
    "signal": _signal,
    "status": _status,
    "logs": _logs,
    "rotate": _rotate,
    "wait": _wait,
    "job add": _job,
    "job remove": _job,
    "job list": _job,
    "job run": _job,
    "add-plugins": _add_plugins,
    "check": _check,
}
