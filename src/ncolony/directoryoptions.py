"""The options that say where a colony is, and others that all plugins have in common."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any, NoReturn

from twisted.python import usage

from . import __version__
from .trust import Trust, trusting


def seconds(option: str, found: object, *, above_zero: bool = False) -> float:
    """An option's number of seconds. Raises UsageError."""
    try:
        value = float(str(found))
    except ValueError:
        value = -1.0
    if not (math.isfinite(value) and value >= 0):
        allowed = "a number of seconds, not below 0"
        raise usage.UsageError(f"--{option}: found {str(found)!r}; allowed: {allowed}")
    if above_zero and value == 0:
        raise usage.UsageError(f"--{option}: found 0; allowed: more than 0 seconds")
    return value


class DirectoryOptions(usage.Options):
    """Finds a colony's directories, by ``--colony``, ``$NCOLONY_DIR``, or one by one.

    ``missing`` are those of a colony that aren't there yet.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.missing: list[str] = []

    def find_directories(self, roles: Sequence[str]) -> None:
        """Make each option that is named an absolute path. Raises UsageError for an unknown one."""
        for name in ("colony", *roles):
            if self.get(name) == "":
                raise usage.UsageError(f"--{name}: found nothing; allowed: a directory")
        colony = self["colony"]
        if colony is None and (self["config"] is None or self["messages"] is None):
            colony = os.environ.get("NCOLONY_DIR") or None
        if colony is not None:
            self._from_colony(os.path.abspath(colony))
        for name in ("config", "messages"):
            if self[name] is None:
                raise usage.UsageError(f"--{name} is missing (or give --colony)")
        for name in roles:
            if self[name] is None and name in ("status", "logs"):
                self[name] = _beside(colony, self["messages"], name)
            if self[name] is not None:
                self[name] = os.path.abspath(self[name])

    def _from_colony(self, colony: str) -> None:
        if not os.path.isdir(colony):
            raise usage.UsageError(f"--colony: {colony} is not a directory")
        for name in ("config", "messages", "status"):
            if self[name] is None:
                self[name] = os.path.join(colony, name)
                if not os.path.isdir(self[name]):
                    self.missing.append(self[name])

    def require(self, roles: Sequence[str]) -> None:
        """Raise UsageError for a directory that was named, and isn't there."""
        for name in roles:
            path: Any = self[name]
            if path is not None and path not in self.missing and not os.path.isdir(path):
                raise usage.UsageError(f"--{name}: {path} is not a directory")

    def opt_version(self) -> NoReturn:
        """Print the version and exit."""
        print(f"ncolony {__version__}")
        raise SystemExit(0)


class TrustOptions(DirectoryOptions):
    """For those who obey files as root, with ``--trust-anyone`` among their flags."""

    def opt_trust(self, name: str) -> None:
        """USER whose files root obeys, or :GROUP and its members; may be repeated"""
        try:
            trusting([name])
        except ValueError as error:
            raise usage.UsageError(f"--trust: {error}") from None
        self["trust"] = [*self.get("trust", ()), name]

    @property
    def trust(self) -> Trust | None:
        """Whose files are obeyed; None for everybody's, which is root's business alone."""
        if os.geteuid() != 0 or self["trust-anyone"]:
            return None
        return trusting(self.get("trust", ()))


def _beside(colony: str | None, messages: str, role: str) -> str:
    return os.path.join(messages, f".{role}") if colony is None else os.path.join(colony, role)
