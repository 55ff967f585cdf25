"""When a directory is looked at: when it changed, and again where something was half written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .watcher import Watcher

#: What may be half written is looked at again after this long.
AGAIN_S = 1.1


class DirectoryLooks:
    """Watches, from ``start`` to ``stop``, for files whose names ``concerns`` finds of interest.

    ``look`` is called with the names that may have changed, None for any, and returns whether
    something may be half written.
    """

    def __init__(
        self,
        reactor: Any,
        directory: str,
        every_s: float,
        concerns: Callable[[str], bool],
        look: Callable[[frozenset[str] | None], bool],
    ) -> None:
        self._reactor = reactor
        self._look_once = look
        self._going = False
        self._again_timer: Any = None
        self.watcher = Watcher(reactor, directory, every_s, concerns, self.look)

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

    def look(self, names: frozenset[str] | None = None) -> None:
        """Look now, unless this is stopped."""
        if self._going and self._look_once(names) and self._again_timer is None:
            self._again_timer = self._reactor.callLater(AGAIN_S, self._again)

    def _again(self) -> None:
        """Somebody may have been writing; if nobody was, it has to be said."""
        self._again_timer = None
        self.look()
