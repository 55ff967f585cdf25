"""When a directory of requests is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from .directorylooks import DirectoryLooks
from .mailbox import Mailbox, is_request_name

T = TypeVar("T")


class RequestLooks(Generic[T]):
    """Watches, from ``start`` to ``stop``, and has requests taken from ``mailbox``.

    ``before`` is called before each look: a request may be about something that is just new.
    ``looked`` is called after it.
    """

    def __init__(
        self,
        reactor: Any,
        directory: str,
        every_s: float,
        mailbox: Mailbox[T],
        before: Callable[[], None],
        looked: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self._mailbox = mailbox
        self._before = before
        self._looked = looked
        self._looks = DirectoryLooks(reactor, directory, every_s, is_request_name, self._look)
        self.watcher = self._looks.watcher

    def start(self) -> None:
        """Watch, and look for the first time."""
        self._looks.start()

    def stop(self) -> None:
        """Look no more."""
        self._looks.stop()

    def _look(self, names: frozenset[str] | None) -> bool:
        self._before()
        if self._mailbox.look():
            self._reactor.callLater(0, self._looks.look)
        self.watcher.needs_clock = self._mailbox.trouble is not None
        self._looked()
        return self._mailbox.unfinished
