"""All processes: events to the machine, its effects to the system.

One way for everything: something happened -> ``_dispatch`` -> ``machine.step`` -> the new record
is kept, its effects are performed. Nothing recurses: a start is queued, and what it leads to is
dispatched from the queue. An exception in a start is an event like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from . import machine, model, request
from .asked import event_of
from .effects import Effects
from .ending import Ending
from .isystem import Death, IOutput, ISystem
from .lingering import Lingering
from .model import Event, Record, State
from .policy import Policy, in_force
from .processes import Process, Processes, unknown
from .starts import spawn_all
from .strangers import Strangers
from .turns import SLICE_S, Turns

FileChange = model.Configured | model.Refused | model.Removed


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
        self._processes = Processes(system)
        self._by_pid: dict[int, Process] = {}
        self._starts: Turns[tuple[Process, int]] = Turns(system, self._start, self._settle)
        self._lingering: Lingering[Process] = Lingering(system, self._is_gone)
        self._effects = Effects(system, self._rules_of, self._queue, self._forget, self._fire)
        self._strangers = Strangers(system)
        self._ending = Ending(system, self._living, self._strangers.live)
        self._news: list[tuple[Record, Record | None]] = []

    # What others may ask

    def record(self, name: str) -> Record | None:
        """What is known of a process."""
        process = self._processes.get(name)
        return None if process is None else process.record

    def names(self) -> Iterable[str]:
        """All processes."""
        return self._processes.names()

    @property
    def counts(self) -> Mapping[State, int]:
        """How many processes are in each state."""
        return self._processes.counts

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
                process = self._processes.add(name)
            self._dispatch(process, event)
        self._settle()

    def end_leftovers(self, pids: Mapping[str, int]) -> None:
        """Stop what an earlier monitor left running, each known by its name and a pid of it."""
        for name, pid in pids.items():
            process = self._processes.add(name)
            self._dispatch(process, model.LeftoverFound(pid))
            self._lingering.add(process)
        self._settle()

    def carry_out(self, asked: request.Request) -> str | None:
        """Do what a request asks for; the reason where it can't be done."""
        if isinstance(asked, request.Rotation):
            return self._rotate(asked)
        targets = self._processes.targets(asked)
        if isinstance(targets, str):
            return targets
        event = event_of(asked)
        for process in targets:
            self._dispatch(process, event)
        self._settle()
        return None

    def _rotate(self, asked: request.Rotation) -> str | None:
        if isinstance(asked, request.Rotate):
            known = self._processes.get(asked.name) is not None
            return self._output.rotate(asked.name) if known else unknown(asked.name)
        for name in self._processes.names():
            self._output.rotate(name)
        return None

    def children_died(self) -> None:
        """SIGCHLD: bury all who have ended, ours and orphans, and see whose tree is gone."""
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
        process = self._by_pid.pop(death.pid, None)
        if process is None:
            self._output.reaped(death.pid, death.code == 0)
            return
        record = process.record
        self._output.ended(record.name)
        whole = self._rules_of(record).kill_mode == "tree"
        left = whole and self._system.tree_lives(record.name, death.pid)
        if left:
            self._lingering.add(process)
        self._dispatch(process, model.Exited(record.epoch, death.code, death.signal, left))

    def _rules_of(self, record: Record) -> Policy:
        return in_force(record.ran.policy, self._policy) if record.ran else self._policy

    def _is_gone(self, process: Process) -> bool:
        """Whether nothing is left of a run whose process has ended."""
        record = process.record
        if record.tree is None:
            return True
        left = self._system.tree_lives(record.name, record.tree)
        event = model.Remained if left else model.TreeGone
        self._dispatch(process, event(record.epoch))
        self._settle()
        return not left

    def _settle(self) -> None:
        """First the starts, then the news of what happened, then the end if it has come."""
        self._starts.run()
        self._tell()
        self._ending.look()

    def _living(self) -> Iterator[Record]:
        """The runs that aren't over."""
        for process in (*self._by_pid.values(), *self._lingering):
            if process.record.tree is not None:
                yield process.record

    def _tell(self) -> None:
        news, self._news = self._news, []
        for old, new in news:
            self._changed(old, new)

    # The machine

    def _dispatch(self, process: Process, event: Event) -> None:
        old = process.record
        system = self._system
        moment = model.Moment(system.mono(), system.utc(), self._policy, system.chance())
        new, effects = machine.step(old, event, moment)
        if new is not old:
            self._processes.update(process, new)
            self._news.append((old, new))
        for effect in effects:
            self._effects.perform(process, effect)

    def _forget(self, process: Process) -> None:
        record = process.record
        self._processes.forget(process)
        self._output.forget(record.name)
        self._news.append((record, None))

    def _fire(self, process: Process, event: Event) -> None:
        self._dispatch(process, event)
        self._settle()

    def survivors(self, record: Record) -> str:
        """Who is left of a run, for people."""
        return self._effects.survivors(record)

    def _queue(self, process: Process, epoch: int) -> None:
        self._starts.add((process, epoch))

    def _start(self, turns: list[tuple[Process, int]]) -> None:
        starting = [process for process, epoch in turns if self._is_to_start(process, epoch)]
        events = spawn_all(self._system, self._output, [process.record for process in starting])
        for process, event in zip(starting, events, strict=True):
            if isinstance(event, model.Spawned):
                self._by_pid[event.pid] = process
            self._dispatch(process, event)

    def _is_to_start(self, process: Process, epoch: int) -> bool:
        """Whether nothing came between since the start was queued."""
        record = process.record
        forgotten = self._processes.get(record.name) is not process
        return record.state is State.STARTING and record.epoch == epoch and not forgotten

    # The end

    def shut_down(self, stopped: Callable[[list[Record]], None]) -> None:
        """Stop everything; ``stopped`` is called with what could not be killed."""
        for process in self._processes:
            self._dispatch(process, model.ShutdownBegan())
        self._strangers.end(self._policy.killtime_s)
        times_s = [self._rules_of(record).killtime_s for record in self._living()]

        def over(left: list[Record]) -> None:
            self._close()
            stopped(left)

        self._ending.begin(max([*times_s, self._policy.killtime_s]), over)
        self._settle()

    def kill_now(self) -> None:
        """The end can't wait: KILL to all that was sent its stop signal."""
        if not self._ending.begun:
            return
        self._ending.expect(0.0)
        self._strangers.end(0.0)
        for process in self._processes:
            self._dispatch(process, model.KillDue(process.record.epoch))
        self._settle()

    def _close(self) -> None:
        self._lingering.close()
        self._strangers.close()
        self._starts.close()
        self._by_pid.clear()
        for process in self._processes:
            process.disarm()
