"""Heartbeats of Twisted programs: a service that beats as the process's configuration asks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from twisted.application import service
from twisted.logger import Logger
from twisted.python.filepath import FilePath

from .asked import BEATS, CheckKeyError, asked, touch

__all__ = ["Heart", "makeService", "maybeAddHeart", "wrapHeart"]

_log = Logger(namespace="ncolony.client.heart")


class Heart:
    """Says that a program is well by touching a file. ``path`` is a FilePath, or a path."""

    def __init__(self, path: Any) -> None:
        self._file = path
        self._path: str = os.fspath(getattr(path, "path", path))  # a FilePath is no PathLike
        self._failing = False

    def getFile(self) -> Any:
        """The file that is touched, as it was given."""
        return self._file

    def beat(self) -> None:
        """Change the file's times, and make it where it isn't there.

        Where that can't be done, the log says so, once, and once more when it can again.
        """
        try:
            touch(self._path)
        except OSError as error:
            if not self._failing:
                _log.error("cannot touch {path}: {reason}", path=self._path, reason=error.strerror)
            self._failing = True
            return
        if self._failing:
            _log.info("{path} can be touched again", path=self._path)
        self._failing = False


class HeartService(service.Service):
    """Has a heart beat at once, and then each ``every_s``, for as long as it runs.

    ``heart`` is that. A timer of its own, for Twisted's TimerService takes 30 ms to import.
    """

    name = "heart"

    def __init__(self, heart: Heart, every_s: float, reactor: Any) -> None:
        self.heart = heart
        self._every_s = every_s
        self._reactor = reactor
        self._timer: Any = None

    def startService(self) -> None:
        """Beat for the first time."""
        super().startService()  # type: ignore[no-untyped-call]
        self._beat()

    def stopService(self) -> None:
        """Beat no more."""
        super().stopService()  # type: ignore[no-untyped-call]
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        self._timer = self._reactor.callLater(self._every_s, self._beat)
        self.heart.beat()


def makeService(
    reactor: Any = None, environ: Mapping[str, str] | None = None
) -> HeartService | None:
    """A service that beats three times a period, as ``NCOLONY_CONFIG`` asks.

    None where it doesn't ask, and where it asks wrongly, which the log says.
    """
    try:
        wanted = asked(os.environ if environ is None else environ)
    except CheckKeyError as error:
        _log.error("cannot beat: {reason}", reason=error)
        return None
    if wanted is None:
        return None
    if reactor is None:
        from twisted.internet import reactor  # not before the user's choice of one is made
    heart = Heart(FilePath(wanted.path))
    return HeartService(heart, wanted.period_s / BEATS, reactor)


def maybeAddHeart(master: Any) -> None:
    """Have a service collection beat, where this process is asked to."""
    heart = makeService()
    if heart is not None:
        heart.setServiceParent(master)  # type: ignore[no-untyped-call]


def wrapHeart(wrapped: Any) -> service.MultiService:
    """A service of both: the one that is given, and one that beats where this process is asked."""
    master = service.MultiService()  # type: ignore[no-untyped-call]
    wrapped.setServiceParent(master)
    maybeAddHeart(master)
    return master
