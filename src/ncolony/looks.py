"""When each of the colony's directories is looked at, and what a look leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .configdir import ConfigDir, FileChange
from .mailbox import Mailbox, is_request_name
from .names import is_process_name
from .status import Watched
from .statusdir import StatusDir
from .watcher import Watcher

#: A directory that was moved away or replaced has this long to be filled before what isn't in
#: it counts as removed.
RETURN_S = 2.0
#: What may be half written is looked at again after this long.
AGAIN_S = 1.1


class Looks:
    """Watches, from ``start`` to ``stop``; ``apply`` is called with what changed in ``config``."""

    def __init__(
        self,
        reactor: Any,
        directories: Mapping[str, str],
        every_s: float,
        config: ConfigDir,
        mailbox: Mailbox,
        status: StatusDir,
        apply: Callable[[Mapping[str, FileChange]], None],
    ) -> None:
        self._reactor = reactor
        self._directories = directories
        self._config = config
        self._mailbox = mailbox
        self._status = status
        self._apply = apply
        self._going = False
        self._return_timer: Any = None
        self._again: dict[str, Any] = {}
        at = directories
        self._watchers = {
            "config": Watcher(reactor, at["config"], every_s, is_process_name, self._at_config),
            "messages": Watcher(
                reactor, at["messages"], every_s, is_request_name, self._at_messages
            ),
            "status": Watcher(reactor, at["status"], every_s, _nobody, self._at_status, entries=0),
        }

    def start(self) -> None:
        """Watch, and look for the first time."""
        self._going = True
        for watcher in self._watchers.values():
            watcher.start()

    def look_again(self) -> None:
        """Look at everything, whether there was notice of a change or not."""
        for watcher in self._watchers.values():
            watcher.look_again()
        self._status.check()

    def stop(self) -> None:
        """Look no more."""
        self._going = False
        for watcher in self._watchers.values():
            watcher.stop()
        for timer in (self._return_timer, *self._again.values()):
            if timer is not None:
                timer.cancel()
        self._return_timer = None
        self._again.clear()

    def watched(self) -> tuple[Watched, ...]:
        """How each directory is watched now."""
        return tuple(
            Watched(role, self._directories[role], watcher.how, watcher.every_s)
            for role, watcher in self._watchers.items()
        )

    def _at_config(self, names: frozenset[str] | None) -> None:
        if not self._going:
            return
        watcher = self._watchers["config"]
        returned = watcher.anew or self._config.trouble is not None
        changes = self._config.look(names, keep_missing=returned)
        watcher.needs_clock = self._config.needs_clock
        if returned and self._return_timer is None:
            self._return_timer = self._reactor.callLater(RETURN_S, self._returned)
        self._apply(changes)
        self._status.mark_monitor()
        if self._config.unfinished:
            self._look_again("config")

    def _returned(self) -> None:
        self._return_timer = None
        if self._config.trouble is None:
            self._apply(self._config.look())
        self._status.mark_monitor()

    def _at_messages(self, names: frozenset[str] | None) -> None:
        if not self._going:
            return
        self._watchers["config"].catch_up()  # a request may be about a file that is just new
        if self._mailbox.look():
            self._reactor.callLater(0, self._at_messages, None)
        self._watchers["messages"].needs_clock = self._mailbox.trouble is not None
        self._status.mark_monitor()
        if self._mailbox.unfinished:
            self._look_again("messages")

    def _at_status(self, names: frozenset[str] | None) -> None:
        self._status.check()

    def _look_again(self, role: str) -> None:
        """Somebody may be writing; if nobody is, it has to be said after a while."""
        if role not in self._again:
            self._again[role] = self._reactor.callLater(AGAIN_S, self._again_now, role)

    def _again_now(self, role: str) -> None:
        del self._again[role]
        if role == "config":
            self._at_config(None)
        else:
            self._at_messages(None)


def _nobody(name: str) -> bool:
    """What is in the status directory concerns nobody: the monitor itself writes it."""
    return False
