"""The monitor: its parts, put together.

config/   -> Watcher -> ConfigDir -+
                                   +-> Supervisor -> StatusDir -> status/
messages/ -> Watcher -> Mailbox ---+       |
                                      System, Output
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from . import __version__
from .configdir import ConfigDir
from .journal import Journal
from .lock import Locked, StatusLock
from .mailbox import Mailbox, is_request_name
from .model import Record
from .names import is_process_name
from .options import Options
from .output import ISink, Output
from .pidfiles import PidFiles
from .readiness import readiness
from .status import MonitorStatus, Watched, utc_text
from .statusdir import StatusDir
from .supervisor import Supervisor
from .system import System
from .watcher import Watcher

#: A directory that was moved away or replaced has this long to be filled before what isn't in
#: it counts as removed.
RETURN_S = 2.0
#: Descriptors that pipes don't get: without them, no directory can be looked at.
RESERVE = 16
#: What may be half written is looked at again after this long.
AGAIN_S = 1.1


class Monitor:
    """Keeps a colony, from ``start`` until the Deferred of ``stop`` fires."""

    def __init__(
        self, options: Options, reactor: Any, sink: ISink, log: Logger, lock: StatusLock
    ) -> None:
        self._reactor = reactor
        self._lock = lock
        self._directories = {role: options[role] for role in ("config", "messages", "status")}
        self._log = log
        self._state = "running"
        self._return_timer: Any = None
        self._again: dict[str, Any] = {}
        system = self._system = System(reactor)
        self._started_at = utc_text(system.utc())
        self._journal = Journal(system, log)
        say = self._journal.say
        self._sink = sink
        self._output = Output(
            sink, partial(readiness, reactor), limit=system.descriptor_limit - RESERVE
        )
        self._supervisor = Supervisor(system, self._output, options.policy, self._changed)
        self._observers = [self._journal.changed]
        if options["pid"] is not None:
            self._observers.append(PidFiles(system, options["pid"], say).changed)
        self._status = StatusDir(
            system,
            options["status"],
            self._supervisor.record,
            self._supervisor.records,
            self._monitor_status,
            lambda: self._supervisor.starting,
            self._lock_again,
            say,
        )
        sink.changed = self._status.mark_monitor
        self._config = ConfigDir(system, options["config"])
        self._mailbox = Mailbox(system, options["messages"], self._supervisor.carry_out, say)
        self._watchers = self._watched(options["frequency"])

    def _watched(self, every_s: float) -> dict[str, Watcher]:
        reactor, at = self._reactor, self._directories
        return {
            "config": Watcher(
                reactor, at["config"], every_s, is_process_name, self._look_at_config
            ),
            "messages": Watcher(
                reactor, at["messages"], every_s, is_request_name, self._look_at_messages
            ),
            "status": Watcher(
                reactor, at["status"], every_s, _nobody, self._look_at_status, entries=0
            ),
        }

    def start(self) -> None:
        """Begin to watch; everything else follows from what is there."""
        self._system.watch_deaths(self._supervisor.children_died)
        self._status.begin()
        for watcher in self._watchers.values():
            watcher.start()

    def stop(self) -> Deferred[None]:
        """Stop all processes; fires when they are gone, or can't be killed."""
        self._state = "stopping"
        for watcher in self._watchers.values():
            watcher.stop()
        for timer in (self._return_timer, *self._again.values()):
            if timer is not None:
                timer.cancel()
        ended: Deferred[None] = Deferred()
        self._supervisor.shut_down(lambda left: self._end(left, ended))
        return ended

    def _end(self, left: list[Record], ended: Deferred[None]) -> None:
        for record in left:
            self._log.error("{name} (pid {pid}) can't be killed", name=record.name, pid=record.pgid)
        self._state = "stopped"
        self._output.close()
        self._status.end(self._monitor_status())
        self._journal.close()
        self._system.close()
        ended.callback(None)

    # Looks

    def _look_at_config(self, names: frozenset[str] | None) -> None:
        if self._state != "running":
            return
        watcher = self._watchers["config"]
        returned = watcher.anew or self._config.trouble is not None
        changes = self._config.look(names, keep_missing=returned)
        watcher.needs_clock = self._config.needs_clock
        if returned and self._return_timer is None:
            self._return_timer = self._reactor.callLater(RETURN_S, self._returned)
        self._supervisor.apply(changes)
        self._status.mark_monitor()
        if self._config.unfinished:
            self._look_again("config")

    def _returned(self) -> None:
        self._return_timer = None
        if self._config.trouble is None:
            self._supervisor.apply(self._config.look())
        self._status.mark_monitor()

    def _look_at_messages(self, names: frozenset[str] | None) -> None:
        if self._state != "running":
            return
        self._watchers["config"].catch_up()  # a request may be about a file that is just new
        if self._mailbox.look():
            self._reactor.callLater(0, self._look_at_messages, None)
        self._watchers["messages"].needs_clock = self._mailbox.trouble is not None
        self._status.mark_monitor()
        if self._mailbox.unfinished:
            self._look_again("messages")

    def _look_at_status(self, names: frozenset[str] | None) -> None:
        self._status.check()

    def _lock_again(self) -> None:
        """The directory with the lock has gone, and another monitor must not find one without."""
        try:
            self._lock.take()
        except Locked as error:
            self._journal.say(f"cannot lock the status directory again: {error}")

    def _look_again(self, role: str) -> None:
        """Somebody may be writing; if nobody is, it has to be said after a while."""
        if role not in self._again:
            self._again[role] = self._reactor.callLater(AGAIN_S, self._again_now, role)

    def _again_now(self, role: str) -> None:
        del self._again[role]
        if role == "config":
            self._look_at_config(None)
        else:
            self._look_at_messages(None)

    # Changes

    def _changed(self, old: Record, new: Record | None) -> None:
        self._status.mark(old.name)
        for observer in self._observers:
            observer(old, new)

    def _monitor_status(self) -> MonitorStatus:
        parts = (self._config, self._mailbox, self._status, self._sink)
        counts = self._supervisor.counts
        return MonitorStatus(
            pid=os.getpid(),
            version=__version__,
            state=self._state,
            started_at=self._started_at,
            updated_at=utc_text(self._system.utc()),
            counts={state.value: n for state, n in sorted(counts.items()) if n > 0},
            rejected=self._mailbox.rejected,
            directories=tuple(
                Watched(role, self._directories[role], watcher.how, watcher.every_s)
                for role, watcher in self._watchers.items()
            ),
            warnings=tuple(part.trouble for part in parts if part.trouble),
        )


def _nobody(name: str) -> bool:
    """What is in the status directory concerns nobody: the monitor itself writes it."""
    return False
