"""The plugins as processes of a colony: what their files say, and putting them there.

Each beats. There are two heartbeat checkers, for the one that hangs is restarted by the other.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from .. import beatspec
from ..spec import MAX_BYTES
from . import configuring, directories, observed
from .errors import CtlError, RefusedError, because, nearest
from .outcome import Happened, Pending, Verdict
from .places import Colony, in_folder
from .regular import read_regular

#: The processes that each plugin is.
PLUGINS: dict[str, tuple[str, ...]] = {
    "beatcheck": ("ncolony-beatcheck", "ncolony-beatcheck-2"),
    "httpcheck": ("ncolony-httpcheck",),
    "scheduler": ("ncolony-scheduler",),
}
#: What the scheduler needs beside what each of them has. Its jobs have 5 seconds of grace unless
#: they say more; it sends them their signals itself.
_SCHEDULER: dict[str, Any] = {"killtime": 30, "kill_mode": "process"}
_PERIOD_S = 30
_GRACE = 3


def add(
    colony: Colony,
    plugins: Iterable[str] | None,
    trust: Iterable[str],
    *,
    replace: bool,
    wait_s: float | None,
) -> None:
    """Add the plugins' processes, or some of them. See ``ncolony.ctllib.add_plugins``."""
    colony = Colony(*[path and os.path.abspath(path) for path in colony])
    if not colony.jobs:
        colony = colony._replace(jobs=os.path.join(colony.messages, ".jobs"))
    chosen = _chosen(plugins)
    wanted = files(colony, chosen, sys.executable, _trusted(trust, chosen))
    texts = {name: _text(colony, name, document, replace) for name, document in wanted.items()}
    directories.make(_hearts(colony))
    if "ncolony-scheduler" in wanted:
        directories.make(colony.jobs)
    wait = None if wait_s is None else _waiting(colony, texts, wait_s)
    for name, text in texts.items():
        if text != _there(colony, name):
            configuring.put("add", colony, name, text, None)
    if wait is not None:
        wait()


def files(
    colony: Colony, plugins: Iterable[str], python: str, trust: Sequence[str] = ()
) -> dict[str, dict[str, Any]]:
    """The file of each process that these plugins are; all paths are absolute.

    ``trust`` are those whose files root's scheduler obeys.
    """
    found: dict[str, dict[str, Any]] = {}
    for plugin in plugins:
        command = [python, "-m", "twisted", "--log-format=text", f"ncolony-{plugin}"]
        command += _where(colony, plugin)
        more: dict[str, Any] = {}
        if plugin == "scheduler":
            more = _SCHEDULER
            command += [word for name in trust for word in ("--trust", name)]
        for name in PLUGINS[plugin]:
            found[name] = {
                "args": list(command),
                # Python looks for modules in the directory that it starts in.
                "cwd": "/",
                **more,
                beatspec.KEY: {
                    "period": _PERIOD_S,
                    "grace": _GRACE,
                    "status": f"{_hearts(colony)}/",
                },
            }
    return found


def _where(colony: Colony, plugin: str) -> list[str]:
    """The options that say where the colony is, which is in one folder in most cases."""
    folder = os.path.dirname(colony.config)
    if colony == in_folder(folder):
        return ["--colony", folder]
    parts = ["config", "messages", "status"]
    if plugin == "scheduler":
        parts += ["jobs", "logs"] if colony.logs else ["jobs"]
    return [word for part in parts for word in (f"--{part}", getattr(colony, part))]


def _hearts(colony: Colony) -> str:
    return os.path.join(colony.status, ".hearts")


def _chosen(plugins: Iterable[str] | None) -> list[str]:
    chosen = list(PLUGINS) if plugins is None else list(dict.fromkeys(plugins))
    for plugin in chosen:
        if plugin not in PLUGINS:
            near = nearest(plugin, list(PLUGINS))
            allowed = ", ".join(PLUGINS)
            raise RefusedError(f"cannot add plugin {plugin!r}: allowed: {allowed}{near}")
    return chosen


def _trusted(names: Iterable[str], plugins: Sequence[str]) -> list[str]:
    found = list(names)
    if found and "scheduler" not in plugins:
        raise RefusedError(
            f"cannot add {', '.join(plugins)}: --trust is for the scheduler, which isn't among them"
        )
    if found:
        from ..trust import trusting

        try:
            trusting(found)
        except ValueError as error:
            raise RefusedError(f"cannot add ncolony-scheduler: --trust: {error}") from None
    return found


def _text(colony: Colony, name: str, document: dict[str, Any], replace: bool) -> bytes:
    """What is to be in a process's file: what is there where that says the same."""
    others = {key: value for key, value in document.items() if key != "args"}
    text = configuring.content(name, document["args"], extras=others)
    there = _there(colony, name)
    if there is None or there == text:
        return text
    different = differences(there, document)
    if not different:
        return there
    if not replace:
        raise CtlError(
            f"cannot add {name}: a process of this name is there, and its file is another one "
            f"({', '.join(different)}); --replace overwrites it"
        )
    return text


def _there(colony: Colony, name: str) -> bytes | None:
    path = os.path.join(colony.config, name)
    try:
        return read_regular(path, MAX_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CtlError(f"cannot add {name}: cannot read {path}: {because(error)}") from None


def differences(text: bytes, document: Mapping[str, Any]) -> list[str]:
    """The keys in which a file that is there says something else than it should."""
    try:
        there = json.loads(text)
    except (ValueError, RecursionError):
        there = None
    if not isinstance(there, dict):
        return ["no JSON object"]
    keys = dict.fromkeys([*document, *there])
    different = [key for key in keys if there.get(key) != document.get(key)]
    if "args" in different and _is_same_command(there.get("args"), document["args"]):
        different.remove("args")
    return different


def _is_same_command(there: object, wanted: list[str]) -> bool:
    """Whether two command lines differ only in which name of the same Python they use.

    An environment has several, and which one it is depends on how we were started.
    """
    if not isinstance(there, list) or there[1:] != wanted[1:] or not isinstance(there[0], str):
        return False
    if os.path.dirname(there[0]) != os.path.dirname(wanted[0]):
        return False
    try:
        return os.path.samefile(there[0], wanted[0])
    except OSError:
        return False


def _waiting(colony: Colony, texts: Mapping[str, bytes], wait_s: float) -> Callable[[], None]:
    """What waits, once the files are written, until all of their processes do their work."""
    from .following import look_at_change, wait_for
    from .waiting import each

    def looking(name: str, text: bytes) -> Callable[[], Verdict]:
        runs, has_beaten = look_at_change(colony, name, text), _beating(colony, name)

        def look() -> Verdict:
            verdict = runs()
            if isinstance(verdict, Happened) and not has_beaten():
                return Pending("it has not begun yet")
            return verdict

        return look

    looks = {name: looking(name, text) for name, text in texts.items()}
    return lambda: wait_for("add the plugins", colony, each(looks), wait_s)


def _beating(colony: Colony, name: str) -> Callable[[], bool]:
    """What says whether a process's heart has beaten since it was started: that takes it 0.5 s.

    By the file's date, or by that of a beat that is seen here: the wall clock may have been set
    back since the start, and all beats be dated before it.
    """
    seen: tuple[int | None, float] | None = None

    def has_beaten() -> bool:
        nonlocal seen
        record = observed.record(colony, name)
        if record is None:
            return False
        try:
            beaten_at = os.stat(os.path.join(_hearts(colony), name)).st_mtime
            since = datetime.fromisoformat(record.since).timestamp()
        except (OSError, ValueError):
            return False
        if seen is None or seen[0] != record.pid:
            seen = record.pid, beaten_at
        return since <= beaten_at or seen[1] != beaten_at

    return has_beaten
