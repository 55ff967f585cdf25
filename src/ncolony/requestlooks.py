"""When a directory of requests is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from .filelooks import AGAIN_S
from .mailbox import Mailbox, is_request_name
from .watcher import Watcher

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
        self._going = False
        self._again_timer: Any = None
        self.watcher = Watcher(reactor, directory, every_s, is_request_name, self._look)

    def start(self) -> None:
        """Watch, and look for the first time."""
        self._going = True
        self.watcher.start()

    def stop(self) -> None:
        """Look no more."""
        self._going = False
        self.watcher.stop()
        if self._again_timer is not None:
            self._again_timer.cancel()
            self._again_timer = None

    def _look(self, names: frozenset[str] | None = None) -> None:
        if not self._going:
            return
        self._before()
        if self._mailbox.look():
            self._reactor.callLater(0, self._look)
        self.watcher.needs_clock = self._mailbox.trouble is not None
        self._looked()
        if self._mailbox.unfinished and self._again_timer is None:
            self._again_timer = self._reactor.callLater(AGAIN_S, self._again)

    def _again(self) -> None:
        """Somebody may have been writing; if nobody was, it has to be said."""
        self._again_timer = None
        self._look()
