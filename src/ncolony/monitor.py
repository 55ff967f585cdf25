"""The monitor: its parts, put together.

config/   -> Watcher -> ConfigDir -+
                                   +-> Supervisor -> StatusDir -> status/
messages/ -> Watcher -> Mailbox ---+       |
                                      System, Output
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from . import __version__, request
from .configdir import ConfigDir
from .describe import status_of
from .exits import LEFT_BEHIND, ORDERLY, decided
from .journal import Journal
from .lock import Locked, StatusLock
from .looks import Looks
from .mailbox import Mailbox
from .model import Record
from .options import Options
from .output import ISink, Output
from .pidfiles import PidFiles
from .predecessor import leftovers
from .readiness import readiness
from .status import MonitorStatus, StatusRecord, utc_text
from .statusdir import StatusDir
from .supervisor import Supervisor
from .system import System

#: Descriptors that pipes don't get: without them, no directory can be looked at.
RESERVE = 16
#: A colony that ends is mostly gone after this long, and its status files with it.
ENDING_S = 0.25


class Monitor:
    """Keeps a colony, from ``start`` until the Deferred of ``stop`` fires."""

    def __init__(
        self,
        options: Options,
        reactor: Any,
        sink: ISink,
        log: Logger,
        lock: StatusLock,
        give_in: Callable[[], None],
    ) -> None:
        self._options = options
        self._reactor = reactor
        self._give_in = give_in
        self._lock = lock
        self._directories = {role: options[role] for role in ("config", "messages", "status")}
        self._log = log
        self._state = "running"
        system = self._system = System(reactor, lock.base, options.trust, options.cgroup)
        self._started_at = utc_text(system.utc())
        self._boot_id = system.boot_id()
        self._blindness = system.blindness()
        self.exit_code = ORDERLY
        self._journal = Journal(system, log, options.policy)
        say = self._journal.say
        self._sink = sink
        self._output = Output(
            sink,
            partial(readiness, reactor),
            limit=system.descriptor_limit - RESERVE,
            default=options.log,
            logs=options["logs"],
            call_later=system.call_later,
            utc=system.utc,
            changed=self._output_changed,
        )
        self._supervisor = Supervisor(system, self._output, options.policy, self._changed)
        self._observers = [self._journal.changed]
        if options["pid"] is not None:
            self._observers.append(PidFiles(system, options["pid"], say).changed)
        self._status = StatusDir(
            system,
            options["status"],
            self._status_of,
            self._supervisor.names,
            self._monitor_status,
            lambda: self._supervisor.starting,
            self._lock_again,
            say,
        )
        sink.changed = self._status.mark_monitor
        self._config = ConfigDir(system, options["config"])
        self._mailbox = Mailbox(
            system, options["messages"], request.parse, self._supervisor.carry_out, say
        )
        self._looks = Looks(
            reactor,
            self._directories,
            options["frequency"],
            self._config,
            self._mailbox,
            self._status,
            self._supervisor.apply,
        )

    def start(self) -> None:
        """Begin to watch; everything else follows from what is there."""
        self._system.watch_deaths(self._supervisor.children_died)
        self._end_leftovers()
        self._status.begin()
        self._looks.start()

    def _end_leftovers(self) -> None:
        """Before anything starts: an earlier monitor that was killed may have left the same."""
        at = self._directories
        left = leftovers(self._system, at["config"], at["status"], self._lock.inherited)
        for name in left:
            self._journal.say(f"{name} was left running by an earlier monitor, and is ended first")
        self._supervisor.end_leftovers(left)

    def look_again(self) -> None:
        """Look at everything, whether there was notice of a change or not, and reopen files."""
        if self._state == "running":
            self._output.reopen()
            self._looks.look_again()

    def kill_now(self) -> None:
        """Don't wait for the kill timeout any longer."""
        self._supervisor.kill_now()

    def stop(self) -> Deferred[None]:
        """Stop all processes; fires when they are gone, or can't be killed."""
        self._state = "stopping"
        self._looks.stop()
        self._output.compress_no_more()
        self._status.put_off(ENDING_S)
        ended: Deferred[None] = Deferred()
        self._supervisor.shut_down(lambda left: self._end(left, ended))
        return ended

    def _end(self, left: list[Record], ended: Deferred[None]) -> None:
        for record in left:
            who = self._supervisor.survivors(record)
            self._log.error("{name} can't be killed: {who}", name=record.name, who=who)
        for who in self._system.strangers():
            self._log.error("{who}, an orphan, can't be killed", who=who)
        if (left or self._system.strangers()) and self.exit_code == ORDERLY:
            self.exit_code = LEFT_BEHIND
        self._state = "stopped"
        self._output.close()
        self._status.end(self._monitor_status())
        self._journal.close()
        self._system.close()
        ended.callback(None)

    def _lock_again(self) -> None:
        """The directory with the lock has gone, and another monitor must not find one without."""
        try:
            self._lock.take()
        except Locked as error:
            self._journal.say(f"cannot lock the status directory again: {error}")

    # Changes

    def _changed(self, old: Record, new: Record | None) -> None:
        self._status.mark(old.name)
        for observer in self._observers:
            observer(old, new)
        if new is not None and new.state is not old.state and self._state == "running":
            self._obey(new)

    def _obey(self, record: Record) -> None:
        """An essential process that has ended for good takes the colony along."""
        code = decided(record, self._options.policy)
        if code is not None:
            self.exit_code = code
            self._state = "stopping"
            self._looks.stop()
            self._journal.say(f"{record.name} is essential and has ended: so does all")
            self._give_in()

    def _output_changed(self, name: str) -> None:
        self._status.mark(name)

    def _status_of(self, name: str) -> StatusRecord | None:
        record = self._supervisor.record(name)
        if record is None:
            return None
        status = status_of(record, self._options.policy)
        return status._replace(
            pid_started=status.pid and self._system.started_ticks(status.pid),
            boot_id=self._boot_id,
            output=self._output.trouble(name),
        )

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
            directories=self._looks.watched(),
            warnings=tuple(filter(None, [*[part.trouble for part in parts], self._blindness])),
            log=self._options.log_path,
            logs=self._options["logs"],
            log_to=self._options.log.to,
        )
