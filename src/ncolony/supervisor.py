"""All processes: events to the machine, its effects to the system.

One way for everything: something happened -> ``_dispatch`` -> ``machine.step`` -> the new record
is kept, its effects are performed. Nothing recurses: a start is queued, and what it leads to is
dispatched from the queue. An exception in a start is an event like any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import assert_never

from . import machine, model, request
from .asked import event_of
from .isystem import Death, IOutput, ISystem, ITimer
from .lingering import Lingering
from .model import Effect, Event, Record, State
from .policy import Policy
from .starts import SLICE_S, Starts, spawn_all

#: After this long beyond the kill timeout, what the kernel can't kill is left behind.
GIVE_UP_S = 0.4

FileChange = model.Configured | model.Refused | model.Removed


class Process:
    """A record, and the timer that the shell holds for it."""

    __slots__ = ("record", "timer")

    def __init__(self, name: str) -> None:
        self.record = Record(name)
        self.timer: ITimer | None = None


class Supervisor:
    """Keeps processes as they are wanted. ``changed`` is told of each new record (None: gone).

    ``counts`` has the number of processes in each state.
    """

    def __init__(
        self,
        system: ISystem,
        output: IOutput,
        policy: Policy,
        changed: Callable[[Record, Record | None], None],
    ) -> None:
        self._system = system
        self._output = output
        self._policy = policy
        self._changed = changed
        self._processes: dict[str, Process] = {}
        self._by_pgid: dict[int, Process] = {}
        self._starts: Starts[tuple[Process, int]] = Starts(system, self._start, self._settle)
        self._lingering = Lingering(system, self._group_gone)
        self._stopped: Callable[[list[Record]], None] | None = None
        self._give_up_timer: ITimer | None = None
        self._news: list[tuple[Record, Record | None]] = []
        self.counts: Counter[State] = Counter()

    # What others may ask

    def record(self, name: str) -> Record | None:
        """What is known of a process."""
        process = self._processes.get(name)
        return None if process is None else process.record

    def records(self) -> Iterator[Record]:
        """What is known of all processes."""
        return (process.record for process in self._processes.values())

    @property
    def starting(self) -> bool:
        """Whether starts are waiting for their turn."""
        return len(self._starts) > 0

    # What happens

    def apply(self, changes: Mapping[str, FileChange]) -> None:
        """Files have changed: one look's worth, as a whole."""
        for name, event in changes.items():
            process = self._processes.get(name)
            if process is None:
                if isinstance(event, model.Removed):
                    continue
                process = self._processes[name] = Process(name)
                self.counts[process.record.state] += 1
            self._dispatch(process, event)
        self._settle()

    def carry_out(self, asked: request.Request) -> str | None:
        """Do what a request asks for; the reason where it can't be done."""
        targets = self._targets(asked)
        if isinstance(targets, str):
            return targets
        event = event_of(asked)
        for process in targets:
            self._dispatch(process, event)
        self._settle()
        return None

    def _targets(self, asked: request.Request) -> list[Process] | str:
        if isinstance(asked, request.RestartAll):
            return list(self._processes.values())
        if isinstance(asked, request.RestartGroup):
            found = [p for p in self._processes.values() if _in_group(p.record, asked.group)]
            return found or f"no process is in the group {asked.group!r}"
        process = self._processes.get(asked.name)
        if process is None:
            return f"no process is named {asked.name!r}"
        if isinstance(asked, request.Signal):
            if not self._system.signal_known(asked.signal):
                return f"{asked.signal!r} is no signal"
            if process.record.pid is None:
                return f"{asked.name} is not running"
        return [process]

    def children_died(self) -> None:
        """SIGCHLD: bury all who have ended, ours and orphans, and see whose group is gone."""
        until = self._system.mono() + SLICE_S
        for already, death in enumerate(self._system.deaths()):
            self._bury(death)
            if already == 0:  # to ask for another takes the kernel a search; many are quicker
                self._starts.run()  # buried first, and started then
            if self._system.mono() >= until:
                self._system.call_later(0, self.children_died)
                break
        self._lingering.look()
        self._settle()

    def _bury(self, death: Death) -> None:
        process = self._by_pgid.get(death.pid)
        if process is None or process.record.pid != death.pid:
            return
        self._output.ended(process.record.name)
        left = self._system.group_lives(death.pid)
        if left:
            self._lingering.add(death.pid)
        else:
            del self._by_pgid[death.pid]
        epoch = process.record.epoch
        self._dispatch(process, model.Exited(epoch, death.code, death.signal, left))

    def _group_gone(self, pgid: int) -> None:
        process = self._by_pgid.pop(pgid)
        self._dispatch(process, model.GroupGone(process.record.epoch))
        self._settle()

    def _settle(self) -> None:
        """First the starts, then the news of what happened, then the end if it has come."""
        self._starts.run()
        self._tell()
        if self._stopped is not None and not self._by_pgid:
            self._finish([])

    def _tell(self) -> None:
        news, self._news = self._news, []
        for old, new in news:
            self._changed(old, new)

    # The machine

    def _dispatch(self, process: Process, event: Event) -> None:
        old = process.record
        moment = model.Moment(self._system.mono(), self._system.utc(), self._policy)
        new, effects = machine.step(old, event, moment)
        if new is not old:
            process.record = new
            self.counts[old.state] -= 1
            self.counts[new.state] += 1
            self._news.append((old, new))
        for effect in effects:
            self._perform(process, effect)

    def _perform(self, process: Process, effect: Effect) -> None:
        epoch = process.record.epoch
        match effect:
            case model.Spawn():
                self._starts.add((process, epoch))
            case model.SignalGroup(pgid, signal):
                with suppress(OSError):  # another user's by now: its state says what is tried
                    self._system.signal_group(pgid, signal)
            case model.SignalProcess(pid, signal):
                with suppress(OSError):
                    self._system.signal_process(pid, signal)
            case model.ArmKill(delay_s):
                self._arm(process, delay_s, model.KillDue(epoch))
            case model.ArmRetry(delay_s):
                self._arm(process, delay_s, model.RetryDue(epoch))
            case model.Disarm():
                self._disarm(process)
            case model.Forget():
                self._forget(process)
            case _:
                assert_never(effect)

    def _forget(self, process: Process) -> None:
        record = process.record
        del self._processes[record.name]
        self.counts[record.state] -= 1
        self._output.forget(record.name)
        self._news.append((record, None))

    def _arm(self, process: Process, delay_s: float, event: Event) -> None:
        self._disarm(process)
        process.timer = self._system.call_later(delay_s, self._fire, process, event)

    def _disarm(self, process: Process) -> None:
        if process.timer is not None:
            process.timer.cancel()
            process.timer = None

    def _fire(self, process: Process, event: Event) -> None:
        process.timer = None
        self._dispatch(process, event)
        self._settle()

    def _start(self, turns: list[tuple[Process, int]]) -> None:
        starting = [process for process, epoch in turns if self._is_to_start(process, epoch)]
        events = spawn_all(self._system, self._output, [process.record for process in starting])
        for process, event in zip(starting, events, strict=True):
            if isinstance(event, model.Spawned):
                self._by_pgid[event.pid] = process
            self._dispatch(process, event)

    def _is_to_start(self, process: Process, epoch: int) -> bool:
        """Whether nothing came between since the start was queued."""
        record = process.record
        forgotten = self._processes.get(record.name) is not process
        return record.state is State.STARTING and record.epoch == epoch and not forgotten

    # The end

    def shut_down(self, stopped: Callable[[list[Record]], None]) -> None:
        """Stop everything; ``stopped`` is called with what could not be killed."""
        self._stopped = stopped
        patience_s = self._policy.killtime_s + GIVE_UP_S
        self._give_up_timer = self._system.call_later(patience_s, self._give_up)
        for process in list(self._processes.values()):
            self._dispatch(process, model.ShutdownBegan())
        self._settle()

    def _give_up(self) -> None:
        self._give_up_timer = None
        self._finish([process.record for process in self._by_pgid.values()])

    def _finish(self, left: list[Record]) -> None:
        stopped, self._stopped = self._stopped, None
        if self._give_up_timer is not None:
            self._give_up_timer.cancel()
        self._lingering.close()
        self._starts.close()
        self._by_pgid.clear()
        for process in self._processes.values():
            self._disarm(process)
        if stopped is not None:
            stopped(left)


def _in_group(record: Record, group: str) -> bool:
    return record.spec is not None and group in record.spec.group
