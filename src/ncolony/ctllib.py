"""The control program's commands as functions, for programs that run a colony.

``places`` is a ``Places(config, messages)``, or a ``Colony(config, messages, status, logs)``
where the status directory isn't MESSAGES/.status; paths may be str, bytes or os.PathLike.

Every function that changes something takes ``wait_s``: None returns once the file is
written; otherwise the seconds to wait until it has happened, and CtlError says what has
where it hasn't. All raise CtlError with one line of text, RefusedError (a CtlError) where
the request itself makes no sense; then nothing has been written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import request as requests
from .control.asking import ask, ask_many
from .control.errors import CtlError, RefusedError, because
from .control.known import refuse_bad, require_known, unknown_name
from .control.places import AnyPlaces, Colony, Places, colony_of, in_folder
from .control.pluginlib import (
    add_plugins,
    job_add,
    job_remove,
    job_run,
    jobs,
    scheduler_is_running,
)

if TYPE_CHECKING:
    from .control.checking import Finding
    from .status import MonitorStatus, StatusRecord

__all__ = [
    "Colony", "CtlError", "Places", "RefusedError",
    "add", "add_plugins", "check", "disable", "enable", "in_folder", "job_add", "job_remove",
    "job_run", "jobs", "main", "monitor", "monitor_is_running", "remove", "restart", "restartAll",
    "restartGroup", "restart_all", "restart_group", "rotate", "rotate_all",
    "scheduler_is_running", "signal", "start", "status", "stop", "wait",
]  # fmt: skip


def add(
    places: AnyPlaces,
    name: str,
    cmd: str,
    args: Sequence[str] | None,
    env: Iterable[str] | Mapping[str, str] | None = None,
    uid: int | str | None = None,
    gid: int | str | None = None,
    extras: Mapping[str, Any] | None = None,
    env_inherit: Sequence[str] | None = None,
    *,
    group: Sequence[str] | None = None,
    wait_s: float | None = None,
) -> None:
    """Add a process, or give one that is there a new configuration. On disk when it returns.

    ``args`` excludes the program, ``env`` is a list of NAME=VALUE or a mapping, ``uid`` and
    ``gid`` are numbers or names, ``extras`` is merged into the file last: any of its keys. Waits
    until the process runs with this configuration, or is down where that isn't enabled.
    """
    from .control import configuring

    colony = colony_of(places)
    refuse_bad("add", name)
    lists: dict[str, Any] = {"env_inherit": _list(env_inherit), "group": _list(group)}
    text = configuring.content(name, [cmd, *(args or ())], env, extras, uid=uid, gid=gid, **lists)
    configuring.put("add", colony, name, text, wait_s)


def enable(places: AnyPlaces, name: str, *, wait_s: float | None = None) -> None:
    """Let a process's file say that it is enabled. Waits until it runs.

    Raises CtlError where the file can't be used as it is.
    """
    from .control.enabling import set_enabled

    set_enabled(colony_of(places), name, True, wait_s)


def disable(places: AnyPlaces, name: str, *, wait_s: float | None = None) -> None:
    """Let a process's file say that it is not enabled: it is down until that changes.

    Waits until nothing of it runs. Raises CtlError where the file can't be used as it is.
    """
    from .control.enabling import set_enabled

    set_enabled(colony_of(places), name, False, wait_s)


def remove(places: AnyPlaces, name: str, *, wait_s: float | None = None) -> None:
    """Remove a process: it is stopped. Waits until nothing of it is left."""
    colony = colony_of(places)
    refuse_bad("remove", name)
    try:
        os.unlink(os.path.join(colony.config, name))
    except FileNotFoundError:
        raise unknown_name("remove", colony, name) from None
    except OSError as error:
        raise CtlError(f"cannot remove {name}: {because(error)}") from None
    if wait_s is not None:
        from .control.following import wait_removed

        wait_removed(colony, name, wait_s)


def start(places: AnyPlaces, name: str, *, wait_s: float | None = None, reason: str = "") -> None:
    """Ask for a process to be up. Waits until it runs, or has done what it was to do."""
    ask("start", places, requests.Start(name, reason), wait_s)


def stop(places: AnyPlaces, name: str, *, wait_s: float | None = None, reason: str = "") -> None:
    """Ask for a process to be down, until it is started. Waits until nothing of it runs."""
    ask("stop", places, requests.Stop(name, reason), wait_s)


def restart(places: AnyPlaces, name: str, *, wait_s: float | None = None, reason: str = "") -> None:
    """Ask for a process to be stopped and started. Waits until it runs again.

    As for ``start``, ``stop``, ``signal`` and ``rotate``, the name need not be configured yet:
    the monitor judges when it takes the request up.
    """
    ask("restart", places, requests.Restart(name, reason), wait_s)


def signal(
    places: AnyPlaces,
    name: str,
    signal: str | int,
    *,
    wait_s: float | None = None,
    reason: str = "",
) -> None:
    """Send a signal, "HUP", "SIGHUP" or 1, to the process itself. Waits until it was sent."""
    from .control.signals import signal_name

    asked = requests.Signal(name, signal_name(name, signal), reason)
    ask("signal", places, asked, wait_s)


def rotate(places: AnyPlaces, name: str, *, wait_s: float | None = None, reason: str = "") -> None:
    """Ask for new log files for a process. Waits until it has them."""
    ask("rotate", places, requests.Rotate(name, reason), wait_s)


def rotate_all(places: AnyPlaces, *, wait_s: float | None = None, reason: str = "") -> None:
    """Ask for new log files for every process that has any. Waits until they have them."""
    ask_many("rotate all", places, requests.RotateAll(reason), wait_s, [])


def restart_all(places: AnyPlaces, *, wait_s: float | None = None, reason: str = "") -> None:
    """Restart every process that isn't stopped. Waits until all that ran run again."""
    ask_many("restart all", places, requests.RestartAll(reason), wait_s)


def restart_group(
    places: AnyPlaces, group: str, *, wait_s: float | None = None, reason: str = ""
) -> None:
    """Restart every process of a group that isn't stopped. Waits until all that ran run again."""
    from .control.groups import members

    if not group:
        raise RefusedError("cannot restart group '': it is empty")
    names = members(colony_of(places), group)
    asked = requests.RestartGroup(group, reason)
    ask_many(f"restart group {group}", places, asked, wait_s, names)


def restartAll(places: AnyPlaces) -> None:
    """The ancestor's name for ``restart_all``."""
    restart_all(places)


def restartGroup(places: AnyPlaces, group: str) -> None:
    """``restart_group``, named as ``restartAll`` is."""
    restart_group(places, group)


def status(places: AnyPlaces, names: Iterable[str] | None = None) -> dict[str, StatusRecord]:
    """What is known about the named processes, or all, by name.

    The state is UNKNOWN where the monitor says nothing (yet), or nothing that can be read;
    the reason says which. Named processes that are nowhere to be found are left out.
    """
    from .control import observed

    return observed.records(colony_of(places), names)


def monitor(places: AnyPlaces) -> MonitorStatus | None:
    """What the monitor said last about itself; None where there never was one."""
    from .control import observed

    return observed.monitor(colony_of(places))


def monitor_is_running(places: AnyPlaces) -> bool:
    """Whether a monitor lives now, whatever it said last."""
    from .control import observed

    return observed.monitor_is_running(colony_of(places))


def wait(
    places: AnyPlaces, names: Sequence[str], for_: str = "running", timeout_s: float = 30.0
) -> None:
    """Wait until all named processes are "running" or "stopped"; a removed one is stopped.

    Where no monitor runs, waits for one. ``timeout_s``: seconds, 0 looks once.
    Raises CtlError where it doesn't come to that, as soon as one has ended for good that
    should run.
    """
    from .control import observed, outcome
    from .control.following import wait_until

    colony = colony_of(places)
    judge = {"running": outcome.runs, "stopped": outcome.is_down}[for_]
    for name in names:
        refuse_bad("wait for", name)
        if for_ == "running" and observed.record(colony, name) is None:
            require_known("wait for", colony, name)
    wait_until(colony, list(names), judge, timeout_s)


def check(places: AnyPlaces, files: Iterable[str] | None = None) -> list[Finding]:
    """Every fault and warning of the files, or of all processes and jobs, without a monitor."""
    from .control import checking

    return list(checking.check(colony_of(places), files))


def main(argv: Sequence[str]) -> None:
    """Run a command line, without the program's name; a leading "ctl" is passed over.

    Raises SystemExit where the exit code isn't 0.
    """
    from . import cli

    code = cli.main(argv, prog=cli.CTL)
    if code:
        raise SystemExit(code)


def _list(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)
