"""What the checkers' plugins have in common: their options, and a service.

config/ -> FileLooks -> checker -> messages/
                           ^
                        status/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from twisted.application import service

from .askedfiles import AskedChange, AskedFiles
from .directoryoptions import DirectoryOptions, seconds
from .filelooks import FileLooks

T = TypeVar("T")


class CheckerOptions(DirectoryOptions):
    """The options of a plugin that watches over processes whose files ask for it."""

    optParameters: ClassVar[list[list[object]]] = [
        ["colony", None, None, "Directory that holds config, messages and status [$NCOLONY_DIR]"],
        ["config", None, None, "Directory with one file a process [COLONY/config]"],
        ["messages", None, None, "Directory for requests [COLONY/messages]"],
        ["status", None, None, "Directory for status [COLONY/status or MESSAGES/.status]"],
        ["freq", None, 10.0, "Seconds between looks, at the most"],
    ]

    def postOptions(self) -> None:
        """Find the directories. Raises UsageError for what isn't there, or makes no sense."""
        self["freq"] = seconds("freq", self["freq"], above_zero=True)
        self.find_directories(("config", "messages", "status"))
        self.require(("config", "messages"))


class IChecker(Protocol[T]):
    """Watches over those that ask for it."""

    @property
    def watched(self) -> frozenset[str]:
        """The names of those that are watched."""

    def apply(self, changes: Mapping[str, AskedChange[T]]) -> None:
        """Files have changed."""

    def stop(self) -> None:
        """Watch no more."""


class CheckerService(service.Service, Generic[T]):
    """Has a checker watch over a colony while it runs. ``said`` is given lines for people."""

    def __init__(
        self,
        name: str,
        options: CheckerOptions,
        reactor: Any,
        files: AskedFiles[T],
        checker: IChecker[T],
        said: Callable[[str], None],
    ) -> None:
        self.name = name
        self.checker = checker
        self._files = files
        self._said = said
        self._looks = FileLooks(
            reactor, options["config"], options["freq"], files, checker.apply, self._looked
        )
        self._trouble: str | None = None

    def startService(self) -> None:
        """Look for the first time."""
        super().startService()  # type: ignore[no-untyped-call]
        self._looks.start()

    def stopService(self) -> None:
        """Look no more."""
        super().stopService()  # type: ignore[no-untyped-call]
        self._looks.stop()
        self.checker.stop()

    def _looked(self) -> None:
        trouble = self._files.trouble
        if trouble != self._trouble:
            self._said(trouble or "the directory of processes' files can be looked at again")
        self._trouble = trouble
