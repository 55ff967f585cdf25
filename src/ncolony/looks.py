"""When each of the colony's directories is looked at, and what a look leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .configdir import ConfigDir, FileChange
from .filelooks import FileLooks
from .mailbox import Mailbox
from .request import Request
from .requestlooks import RequestLooks
from .status import Watched
from .statusdir import StatusDir
from .watcher import Watcher


class Looks:
    """Watches, from ``start`` to ``stop``; ``apply`` is called with what changed in ``config``."""

    def __init__(
        self,
        reactor: Any,
        directories: Mapping[str, str],
        every_s: float,
        config: ConfigDir,
        mailbox: Mailbox[Request],
        status: StatusDir,
        apply: Callable[[Mapping[str, FileChange]], None],
    ) -> None:
        self._directories = directories
        self._status = status
        at = directories
        looked = status.mark_monitor
        self._config = FileLooks(reactor, at["config"], every_s, config, apply, looked)
        self._requests = RequestLooks(
            reactor, at["messages"], every_s, mailbox, self._config.watcher.catch_up, looked
        )
        self._status_watcher = Watcher(
            reactor, at["status"], every_s, _nobody, lambda names: status.check(), entries=0
        )
        self._watchers = {
            "config": self._config.watcher,
            "messages": self._requests.watcher,
            "status": self._status_watcher,
        }

    def start(self) -> None:
        """Watch, and look for the first time."""
        self._config.start()
        self._requests.start()
        self._status_watcher.start()

    def look_again(self) -> None:
        """Look at everything, whether there was notice of a change or not."""
        for watcher in self._watchers.values():
            watcher.look_again()
        self._status.check()

    def stop(self) -> None:
        """Look no more."""
        self._config.stop()
        self._requests.stop()
        self._status_watcher.stop()

    def watched(self) -> tuple[Watched, ...]:
        """How each directory is watched now."""
        return tuple(
            Watched(role, self._directories[role], watcher.how, watcher.every_s)
            for role, watcher in self._watchers.items()
        )


def _nobody(name: str) -> bool:
    """What is in the status directory concerns nobody: the monitor itself writes it."""
    return False
