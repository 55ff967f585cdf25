"""What the machine decided, done: signals are sent, timers armed, starts put into their queue.

Nothing here fails: what the system can't do, the state says, and a timer leads on.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import assert_never

from . import model
from .describe import first_few
from .isystem import ISystem
from .model import Effect, Event, Record
from .policy import Policy
from .processes import Process


class Effects:
    """Performs effects. ``start`` queues a start, ``forget`` drops a process.

    ``fire`` is called with an event when the time for it has come. ``rules_of`` are those by
    which a run is stopped.
    """

    def __init__(
        self,
        system: ISystem,
        rules_of: Callable[[Record], Policy],
        start: Callable[[Process, int], None],
        forget: Callable[[Process], None],
        fire: Callable[[Process, Event], None],
    ) -> None:
        self._system = system
        self._rules_of = rules_of
        self._start = start
        self._forget = forget
        self._fire = fire

    def perform(self, process: Process, effect: Effect) -> None:
        """Do what the machine asks for."""
        epoch = process.record.epoch
        match effect:
            case model.Spawn():
                self._start(process, epoch)
            case model.SignalTree(pid, signal):
                # Another user's by now, or a signal that isn't one here: KILL follows.
                with suppress(OSError, ValueError):
                    self._system.signal_tree(process.record.name, pid, signal)
            case model.SignalProcess(pid, signal):
                with suppress(OSError, ValueError):
                    self._system.signal_process(pid, signal)
            case model.ArmKill(delay_s):
                self._arm(process, delay_s, model.KillDue(epoch))
            case model.ArmReport(delay_s):
                process.disarm()
                process.timer = self._system.call_later(delay_s, self._report, process)
            case model.ArmRetry(delay_s):
                self._arm(process, delay_s, model.RetryDue(epoch))
            case model.Disarm():
                process.disarm()
            case model.Forget():
                self._forget(process)
            case _:
                assert_never(effect)

    def survivors(self, record: Record) -> str:
        """Who is left of a run, for people."""
        if record.tree is None:
            return ""
        alone = self._rules_of(record).kill_mode == "process"
        found = self._system.survivors(record.name, record.tree)
        return first_few(found[:1] if alone else found)

    def _arm(self, process: Process, delay_s: float, event: Event) -> None:
        process.disarm()
        process.timer = self._system.call_later(delay_s, self._due, process, event)

    def _due(self, process: Process, event: Event) -> None:
        process.timer = None
        self._fire(process, event)

    def _report(self, process: Process) -> None:
        """KILL was sent a while ago: who is left?"""
        record = process.record
        self._due(process, model.ReportDue(record.epoch, self.survivors(record)))
