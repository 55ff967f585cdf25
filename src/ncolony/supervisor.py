"""All processes: events to the machine, its effects to the system.

One way for everything: something happened -> ``dispatch`` -> ``machine.step`` -> the new record
is kept, its effects are performed. Nothing recurses: a start is queued, and what it leads to is
dispatched from the queue. An exception in a start is an event like any other.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from . import machine, request
from .isystem import ISystem, ITimer
from .model import (
    ArmKill,
    ArmRetry,
    Configured,
    Disarm,
    Effect,
    Event,
    Exited,
    Forget,
    GroupGone,
    KillDue,
    Moment,
    Record,
    Refused,
    Removed,
    RestartAsked,
    RetryDue,
    ShutdownBegan,
    SignalAsked,
    SignalGroup,
    SignalProcess,
    Spawn,
    Spawned,
    SpawnFailed,
    StartAsked,
    State,
    StopAsked,
)
from .policy import Policy

#: How long starts go on before the reactor gets its turn: a thousand take 0.3 s in all.
SLICE_S = 0.02
#: How often groups are looked at whose leader is gone, where no SIGCHLD tells of their end.
LINGER_S = 0.05
#: After this long beyond the kill timeout, what the kernel can't kill is left behind.
GIVE_UP_S = 0.4

FileChange = Configured | Refused | Removed


class IOutput(Protocol):
    """Where children's output goes; ``ncolony.output`` moves it to the monitor's log."""

    def writer(self, name: str) -> int | None:
        """A descriptor for one run's standard output and error; raises OSError."""

    def started(self, name: str, writer: int | None) -> None:
        """The run has its own copy now, or never came to be."""

    def ended(self, name: str) -> None:
        """The process has ended: pass on what it still had to say, and end its last line."""

    def forget(self, name: str) -> None:
        """The process is no more; what others of it still say is passed on."""


class Process:
    """A record, and what the shell holds for it."""

    __slots__ = ("record", "timer")

    def __init__(self, name: str) -> None:
        self.record = Record(name)
        self.timer: ITimer | None = None


class Supervisor:
    """Keeps processes as they are wanted. ``changed`` is told of each new record (None: gone)."""

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
        self.counts: Counter[State] = Counter()
        self._by_pgid: dict[int, Process] = {}
        self._lingering: set[int] = set()
        self._linger_timer: ITimer | None = None
        self._starts: deque[tuple[Process, int]] = deque()
        self._starts_timer: ITimer | None = None
        self._stopped: Callable[[list[Record]], None] | None = None
        self._give_up_timer: ITimer | None = None

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
        return bool(self._starts)

    # What happens

    def apply(self, changes: Mapping[str, FileChange]) -> None:
        """Files have changed: one look's worth, as a whole."""
        for name, event in changes.items():
            process = self._processes.get(name)
            if process is None:
                if isinstance(event, Removed):
                    continue
                process = self._processes[name] = Process(name)
                self.counts[process.record.state] += 1
            self._dispatch(process, event)
        self._run_starts()

    def carry_out(self, asked: request.Request) -> str | None:
        """Do what a request asks for; the reason where it can't be done."""
        match asked:
            case request.RestartAll(reason):
                targets = list(self._processes.values())
                event: Event = RestartAsked(reason, named=False)
            case request.RestartGroup(group, reason):
                targets = [p for p in self._processes.values() if _in_group(p.record, group)]
                event = RestartAsked(reason, named=False)
                if not targets:
                    return f"no process is in the group {group!r}"
            case _:
                process = self._processes.get(asked.name)
                if process is None:
                    return f"no process is named {asked.name!r}"
                targets = [process]
                if isinstance(asked, request.Signal):
                    if not self._system.signal_known(asked.signal):
                        return f"{asked.signal!r} is no signal"
                    if process.record.pid is None:
                        return f"{asked.name} is not running"
                event = _EVENTS[type(asked)](asked)
        for process in targets:
            self._dispatch(process, event)
        self._run_starts()
        return None

    def children_died(self) -> None:
        """SIGCHLD: bury all who have ended, ours and orphans, and see whose group is gone."""
        for death in self._system.deaths():
            process = self._by_pgid.get(death.pid)
            if process is None or process.record.pid != death.pid:
                continue
            left = self._system.group_lives(death.pid)
            epoch = process.record.epoch
            self._output.ended(process.record.name)
            if left:
                self._lingering.add(death.pid)
            else:
                del self._by_pgid[death.pid]
            self._dispatch(process, Exited(epoch, death.code, death.signal, left))
        if self._lingering:
            self._look_at_lingering()
        self._run_starts()

    def shut_down(self, stopped: Callable[[list[Record]], None]) -> None:
        """Stop everything; ``stopped`` is called with what could not be killed."""
        self._stopped = stopped
        self._give_up_timer = self._system.call_later(
            self._policy.killtime_s + GIVE_UP_S, self._give_up
        )
        for process in list(self._processes.values()):
            self._dispatch(process, ShutdownBegan())
        self._see_whether_stopped()

    # The machine

    def _dispatch(self, process: Process, event: Event) -> None:
        old = process.record
        moment = Moment(self._system.mono(), self._system.utc(), self._policy)
        new, effects = machine.step(old, event, moment)
        if new is not old:
            process.record = new
            self.counts[old.state] -= 1
            self.counts[new.state] += 1
            self._changed(old, new)
        for effect in effects:
            self._perform(process, effect)

    def _perform(self, process: Process, effect: Effect) -> None:
        epoch = process.record.epoch
        match effect:
            case Spawn():
                self._starts.append((process, epoch))
            case SignalGroup(pgid, signal):
                self._system.signal_group(pgid, signal)
            case SignalProcess(pid, signal):
                self._system.signal_process(pid, signal)
            case ArmKill(delay_s):
                self._arm(process, delay_s, KillDue(epoch))
            case ArmRetry(delay_s):
                self._arm(process, delay_s, RetryDue(epoch))
            case Disarm():
                self._disarm(process)
            case Forget():
                self._forget(process)

    def _forget(self, process: Process) -> None:
        name = process.record.name
        del self._processes[name]
        self.counts[process.record.state] -= 1
        self._output.forget(name)
        self._changed(process.record, None)

    # Timers

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
        self._run_starts()

    # Starts

    def _run_starts(self) -> None:
        if self._starts_timer is None:
            self._next_starts()
        self._see_whether_stopped()

    def _next_starts(self) -> None:
        self._starts_timer = None
        until = self._system.mono() + SLICE_S
        while self._starts:
            process, epoch = self._starts.popleft()
            if process.record.state is State.STARTING and process.record.epoch == epoch:
                self._dispatch(process, self._spawn(process))
            if self._starts and self._system.mono() >= until:
                self._starts_timer = self._system.call_later(0, self._next_starts)
                return

    def _spawn(self, process: Process) -> Event:
        record = process.record
        spec = record.spec
        assert spec is not None, "the machine starts nothing without a configuration"
        writer = None
        try:
            writer = self._output.writer(record.name)
            pid = self._system.spawn(spec, writer)
        except Exception as error:
            return SpawnFailed(record.epoch, f"cannot start {spec.args[0]}: {_why(error)}")
        finally:
            self._output.started(record.name, writer)
        self._by_pgid[pid] = process
        return Spawned(record.epoch, pid)

    # Groups whose leader is gone

    def _look_at_lingering(self) -> None:
        for pgid in [pgid for pgid in self._lingering if not self._system.group_lives(pgid)]:
            self._lingering.discard(pgid)
            process = self._by_pgid.pop(pgid)
            self._dispatch(process, GroupGone(process.record.epoch))
        if self._lingering and self._linger_timer is None:
            self._linger_timer = self._system.call_later(LINGER_S, self._linger)

    def _linger(self) -> None:
        self._linger_timer = None
        self._look_at_lingering()
        self._run_starts()

    # The end

    def _see_whether_stopped(self) -> None:
        if self._stopped is not None and not self._by_pgid and not self._starts:
            self._finish([])

    def _give_up(self) -> None:
        self._give_up_timer = None
        self._finish([process.record for process in self._by_pgid.values()])

    def _finish(self, left: list[Record]) -> None:
        stopped, self._stopped = self._stopped, None
        for timer in (self._give_up_timer, self._linger_timer):
            if timer is not None:
                timer.cancel()
        self._give_up_timer = self._linger_timer = None
        for process in self._processes.values():
            self._disarm(process)
        if stopped is not None:
            stopped(left)


_EVENTS: dict[type, Callable[..., Event]] = {
    request.Start: lambda asked: StartAsked(asked.reason),
    request.Stop: lambda asked: StopAsked(asked.reason),
    request.Restart: lambda asked: RestartAsked(asked.reason),
    request.Signal: lambda asked: SignalAsked(asked.signal),
}


def _in_group(record: Record, group: str) -> bool:
    return record.spec is not None and group in record.spec.group


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}"
