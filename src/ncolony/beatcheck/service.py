"""The heartbeat checker as a plugin of Twisted's: its options, and a service.

config/ -> FileLooks -> Checker -> messages/
                           ^
           heartbeats, status/
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

from twisted.application import service
from twisted.logger import Logger

from ..client.heart import wrapHeart
from ..clock import ClockedDisk
from ..directoryoptions import DirectoryOptions, seconds
from ..filelooks import FileLooks
from .beatfiles import BeatFiles
from .checker import Checker

__all__ = ["BeatcheckService", "Options", "makeService"]

_log = Logger(namespace="ncolony.beatcheck")


class Options(DirectoryOptions):
    """The plugin's options."""

    synopsis = "[--colony DIR | --config DIR --messages DIR] [options]"
    longdesc = (
        "Restart processes that ask for their heartbeats to be watched, by the key "
        "ncolony.beatcheck, and have none. Example: twistd -n ncolony-beatcheck --colony "
        "/srv/colony"
    )
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


class BeatcheckService(service.Service):
    """Watches over the heartbeats of a colony while it runs."""

    name = "ncolony-beatcheck"

    def __init__(self, options: Options, reactor: Any) -> None:
        system = ClockedDisk(reactor)
        who = f"{os.getpid()}-{os.urandom(8).hex()}"
        self._files = BeatFiles(system, options["config"])
        self._checker = Checker(
            system, options["messages"], options["status"], options["freq"], who, self._said
        )
        self._looks = FileLooks(
            reactor,
            options["config"],
            options["freq"],
            self._files,
            self._checker.apply,
            self._looked,
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
        self._checker.stop()

    def _looked(self) -> None:
        trouble = self._files.trouble
        if trouble != self._trouble:
            self._said(trouble or "the directory of processes' files can be looked at again")
        self._trouble = trouble

    def _said(self, line: str) -> None:
        _log.info("{line}", line=line)


def makeService(options: Options) -> service.IService:
    """The service that the options ask for; it beats where our own file asks for that."""
    from twisted.internet import reactor  # not before the user's choice of one is made

    wrapped: service.IService = wrapHeart(BeatcheckService(options, reactor))
    return wrapped
