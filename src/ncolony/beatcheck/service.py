"""The heartbeat checker as a plugin of Twisted's: its options, and its service."""

from __future__ import annotations

from typing import Any

from twisted.application import service
from twisted.logger import Logger

from .. import beatspec
from ..askedfiles import AskedFiles
from ..beatspec import Beat
from ..checkerservice import CheckerOptions, CheckerService
from ..client.heart import wrapHeart
from ..clock import ClockedDisk
from .checker import Checker

__all__ = ["Options", "beatcheck", "makeService"]

_log = Logger(namespace="ncolony.beatcheck")


class Options(CheckerOptions):
    """The plugin's options."""

    synopsis = "[--colony DIR | --config DIR --messages DIR] [options]"
    longdesc = (
        "Restart processes that ask for their heartbeats to be watched, by the key "
        "ncolony.beatcheck, and have none. Example: twistd -n ncolony-beatcheck --colony "
        "/srv/colony"
    )


def beatcheck(options: Options, reactor: Any) -> CheckerService[Beat]:
    """Watches over the heartbeats of a colony while it runs."""
    system = ClockedDisk(reactor)
    files = AskedFiles(system, options["config"], beatspec.parse)
    places = options["messages"], options["status"]
    checker = Checker(system, *places, options["freq"], _said)
    return CheckerService("ncolony-beatcheck", options, reactor, files, checker, _said)


def makeService(options: Options) -> service.IService:
    """The service that the options ask for; it beats where our own file asks for that."""
    from twisted.internet import reactor  # not before the user's choice of one is made

    wrapped: service.IService = wrapHeart(beatcheck(options, reactor))
    return wrapped


def _said(line: str) -> None:
    _log.info("{line}", line=line)
