"""The HTTP checker as a plugin of Twisted's: its options, and its service."""

from __future__ import annotations

from typing import Any

from twisted.application import service
from twisted.logger import Logger

from .. import httpspec
from ..askedfiles import AskedFiles
from ..checkerservice import CheckerOptions, CheckerService
from ..client.heart import wrapHeart
from ..clock import ClockedDisk
from ..httpspec import HttpCheck
from .checker import Checker
from .fetch import Fetch

__all__ = ["Options", "httpcheck", "makeService"]

_log = Logger(namespace="ncolony.httpcheck")


class Options(CheckerOptions):
    """The plugin's options."""

    synopsis = "[--colony DIR | --config DIR --messages DIR] [options]"
    longdesc = (
        "Restart processes that ask for HTTP checks, by the key ncolony.httpcheck, and answer "
        "badly. Example: twistd -n ncolony-httpcheck --colony /srv/colony"
    )


def httpcheck(options: Options, reactor: Any) -> CheckerService[HttpCheck]:
    """Checks the processes of a colony while it runs."""
    system = ClockedDisk(reactor)
    files = AskedFiles(system, options["config"], httpspec.parse)
    places = options["messages"], options["status"]
    fetch = Fetch(reactor, system.mono)
    checker = Checker(system, *places, options["freq"], fetch, _said)
    return CheckerService("ncolony-httpcheck", options, reactor, files, checker, _said)


def makeService(options: Options) -> service.IService:
    """The service that the options ask for; it beats where our own file asks for that."""
    from twisted.internet import reactor  # not before the user's choice of one is made

    wrapped: service.IService = wrapHeart(httpcheck(options, reactor))
    return wrapped


def _said(line: str) -> None:
    _log.info("{line}", line=line)
