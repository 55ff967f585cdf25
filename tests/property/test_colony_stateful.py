"""A whole colony on a simulated machine, in any order of events, held to its promises.

After every step: no two instances of a process (promise 1), nothing left over of what was
removed (4), what is published is the record (7). At rest: what runs is what is configured and
wanted (2). After a shut-down at any moment: nothing left, in time (6).
"""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from lives import (
    BAD,
    ENDS,
    FLEETING,
    KILLTIME_S,
    LEFT,
    LONG_S,
    NAMED,
    NAMES,
    POLICY,
    PROGRAMS,
    RULES,
    SIGNALS,
    STEADY,
    Wanted,
    WatchedSystem,
)

from builders import a_file
from ncolony import status
from ncolony.configdir import ConfigDir
from ncolony.describe import status_of
from ncolony.dirfiles import WRITING_S
from ncolony.ending import GIVE_UP_S
from ncolony.exits import decided
from ncolony.lingering import EVERY_S
from ncolony.mailbox import Mailbox
from ncolony.model import Record, State, Want
from ncolony.policy import in_force, is_failure, starts_again
from ncolony.request import parse as parse_request
from ncolony.status import MonitorStatus, StatusRecord
from ncolony.statusdir import StatusDir
from ncolony.supervisor import Supervisor
from ncolony.testing import SimulatedOutput

CONFIG, MESSAGES, STATUS = "/config", "/messages", "/status"
TIMED = (State.STOPPING, State.KILLING, State.BACKOFF)


class Life(RuleBasedStateMachine):
    """A monitor's life; ``wanted`` is what it ought to come to."""

    steps = 0

    @initialize(
        subreaper=st.booleans(),
        spawn_takes_s=st.sampled_from([0.0, 0.03]),
        random=st.floats(0, 1),
        left=LEFT,
    )
    def begin(
        self, subreaper: bool, spawn_takes_s: float, random: float, left: dict[str, Any]
    ) -> None:
        system = self.system = WatchedSystem(subreaper=subreaper, spawn_takes_s=spawn_takes_s)
        system.random = random
        system.programs.update(STEADY | FLEETING)
        for directory in (CONFIG, MESSAGES, STATUS):
            system.make_directory(directory)
        self.output = SimulatedOutput()
        self.published: dict[str, Record] = {}
        self.supervisor = Supervisor(system, self.output, POLICY, self.changed)
        self.config = ConfigDir(system, CONFIG)
        self.mailbox = Mailbox(
            system, MESSAGES, parse_request, self.supervisor.carry_out, self.said
        )
        self.status = StatusDir(
            system,
            STATUS,
            self.status_of,
            self.supervisor.names,
            lambda: MonitorStatus(1, "0", "running", "", "", {}, 0, ()),
            lambda: self.supervisor.starting,
            lambda: None,
            self.said,
        )
        self.wanted: dict[str, Wanted] = {}
        self.rejected = 0
        self.noticed: set[str] = set()
        self.messages = 0
        self.ends: list[tuple[float, list[Record]]] = []
        self.ends_by: float | None = None
        self.exit_code: int | None = None
        system.watch_deaths(self.supervisor.children_died)
        self.end_leftovers(left)
        self.status.begin()

    def end_leftovers(self, left: dict[str, Any]) -> None:
        """An earlier monitor was killed, and something runs that isn't ours."""
        for name, (program, daemons) in left.items():
            pid = self.system.leave(name, STEADY[program])
            for _ in range(daemons):
                self.system.daemonize(pid)
        found = self.system.leftovers(frozenset("abc"), {})
        assert set(found) == set(left)
        self.supervisor.end_leftovers(found)

    def records(self) -> list[Record]:
        found = map(self.supervisor.record, self.supervisor.names())
        return [record for record in found if record is not None]

    def status_of(self, name: str) -> StatusRecord | None:
        record = self.supervisor.record(name)
        return record and status_of(record, POLICY)

    def changed(self, old: Record, new: Record | None) -> None:
        if new is None:
            del self.published[old.name]
        else:
            self.published[new.name] = new
            self.exit_code = decided(new, POLICY) if self.exit_code is None else self.exit_code
        self.status.mark(old.name)

    def said(self, text: str) -> None:
        assert "\n" not in text

    @property
    def lives(self) -> bool:
        return hasattr(self, "system") and self.ends_by is None

    # Files

    @precondition(lambda self: self.lives)
    @rule(
        name=NAMES,
        program=PROGRAMS,
        rules=st.sampled_from(RULES),
        mark=st.integers(0, 9),
        in_place=st.booleans(),
        look=st.booleans(),
    )
    def good_file(
        self,
        name: str,
        program: str,
        rules: dict[str, Any],
        mark: int,
        in_place: bool,
        look: bool,
    ) -> None:
        """A file appears or changes, by rename or in place."""
        group = ["g"] if mark % 2 else []
        self.write(name, a_file(program, group=group, x_mark=mark, **rules), in_place)
        if look:
            self.look()

    @precondition(lambda self: self.lives)
    @rule(name=NAMES, text=st.sampled_from(BAD), in_place=st.booleans())
    def bad_file(self, name: str, text: bytes, in_place: bool) -> None:
        """A file appears or changes that can't be used."""
        self.write(name, text, in_place)
        self.look()

    @precondition(lambda self: self.lives and self.wanted)
    @rule(choice=st.data(), look=st.booleans())
    def removed_file(self, choice: st.DataObject, look: bool) -> None:
        """A file goes."""
        name = choice.draw(st.sampled_from(sorted(self.wanted)))
        self.system.remove(CONFIG, name)
        self.noticed.add(name)
        if look:
            self.look()

    @precondition(lambda self: self.lives and self.wanted)
    @rule(choice=st.data(), seen=st.booleans())
    def restored_file(self, choice: st.DataObject, seen: bool) -> None:
        """A file goes, and comes back with the contents that are in force."""
        name = choice.draw(st.sampled_from(sorted(self.wanted)))
        text = self.wanted[name].text
        self.system.remove(CONFIG, name)
        self.noticed.add(name)
        if seen:
            self.look()
        if text is not None:
            self.write(name, text, in_place=False)
        self.look()

    @precondition(lambda self: self.lives)
    @rule()
    def directory_vanishes_and_comes_back(self) -> None:
        """Nothing is stopped because the directory can't be read for a while."""
        self.look()
        before = self.records()
        self.system.faults.fail("names", errno.ENOENT, CONFIG)
        self.supervisor.apply(self.config.look())
        assert self.records() == before
        self.system.faults.mend("names")
        self.supervisor.apply(self.config.look())

    def write(self, name: str, text: bytes, in_place: bool) -> None:
        (self.system.put if in_place else self.system.replace)(f"{CONFIG}/{name}", text)
        self.noticed.add(name)

    def look(self, whole: bool = False) -> None:
        """The watcher's notice comes."""
        names = {"a", "b", "c"} if whole else self.noticed
        for name in names:
            self.now_wanted(name)
        self.noticed = set()
        self.supervisor.apply(self.config.look(None if whole else frozenset(names)))

    def now_wanted(self, name: str) -> None:
        node = self.system.nodes.get(f"{CONFIG}/{name}")
        old = self.wanted.get(name, Wanted())
        if node is None:
            self.wanted.pop(name, None)
        elif not node.contents and abs(self.system.utc() - node.mtime_ns / 1e9) < WRITING_S:
            pass  # it is about to be written
        elif node.contents in BAD:
            self.wanted[name] = old._replace(refused=True)
        else:
            self.wanted[name] = old.taken(node.contents)

    # Requests

    @precondition(lambda self: self.lives)
    @rule(kind=NAMED, name=NAMES)
    def named_request(self, kind: str, name: str) -> None:
        """A process is to start, stop or restart; it may not be there."""
        self.look()
        leaving = name not in self.wanted and self.supervisor.record(name) is not None
        if leaving and kind == "STOP":
            return  # the answer is a matter of taste
        self.ask({"type": kind, "name": name, "reason": "asked"})
        if leaving:
            pass
        elif name in self.wanted:
            want = Want.DOWN if kind == "STOP" else Want.UP
            self.wanted[name] = self.wanted[name]._replace(want=want)
        else:
            self.rejected += 1
        self.mailbox.look()

    @precondition(lambda self: self.lives)
    @rule(name=NAMES, others=st.booleans())
    def run_is_to_restart(self, name: str, others: bool) -> None:
        """A run is no good, or was, when somebody looked; nobody's will is changed by that."""
        self.look()
        record = self.supervisor.record(name)
        if record is None or record.pid is None:
            return
        self.ask({"type": "RESTART", "name": name, "pid": record.pid + others})
        self.mailbox.look()
        now = self.supervisor.record(name)
        assert now is not None
        assert others <= (now.pid == record.pid and now.state is record.state)
        assert now.want is record.want

    @precondition(lambda self: self.lives)
    @rule(kind=st.sampled_from(["RESTART-ALL", "RESTART-GROUP"]), times=st.integers(1, 3))
    def request_to_many(self, kind: str, times: int) -> None:
        """All, or a group, are to restart."""
        self.look()
        for _ in range(times):
            self.ask({"type": kind, "group": "g"})
        members = [r for r in self.records() if r.spec and "g" in r.spec.group]
        if kind == "RESTART-GROUP" and not members:
            self.rejected += times
        self.mailbox.look()

    @precondition(lambda self: self.lives)
    @rule(name=st.none() | NAMES)
    def rotation_request(self, name: str | None) -> None:
        """Files are to be rotated, of one or of all; no process is concerned."""
        self.look()
        before = self.records()
        if name is None:
            self.ask({"type": "ROTATE-ALL"})
        else:
            self.ask({"type": "ROTATE", "name": name})
            self.rejected += name not in self.output.kept
        self.mailbox.look()
        assert self.records() == before

    @precondition(lambda self: self.lives)
    @rule(name=NAMES, signal=SIGNALS)
    def signal_request(self, name: str, signal: str) -> None:
        """A process is to get a signal."""
        self.look()
        record = self.supervisor.record(name)
        if record is None or record.pid is None:
            self.rejected += 1
        self.ask({"type": "SIGNAL", "name": name, "signal": signal})
        self.mailbox.look()

    @precondition(lambda self: self.lives)
    @rule(text=st.sampled_from([b"", b"{", b'{"type": "?"}', b'{"type": "SIGNAL", "name": "a"}']))
    def nonsense_request(self, text: bytes) -> None:
        """A message that is no request."""
        self.messages += 1
        self.system.put(f"{MESSAGES}/{self.messages}", text)
        self.system.nodes[f"{MESSAGES}/{self.messages}"].mtime_ns -= 2 * 10**9  # nobody writes it
        self.rejected += 1
        self.mailbox.look()

    def ask(self, document: Mapping[str, object]) -> None:
        self.messages += 1
        self.system.put(f"{MESSAGES}/{self.messages:06}", json.dumps(document).encode())

    # Processes, clocks and faults

    @precondition(lambda self: hasattr(self, "system") and self.system.living())
    @rule(choice=st.data(), how=ENDS, told=st.booleans())
    def somebody_dies(
        self, choice: st.DataObject, how: tuple[int | None, str | None], told: bool
    ) -> None:
        """A process ends by itself, or one that it left behind."""
        self.system.end(self.anybody(choice), *how)
        if told:
            self.system.advance()

    @precondition(lambda self: hasattr(self, "system") and 0 < len(self.system.living()) < 20)
    @rule(choice=st.data(), how=st.sampled_from(["member", "daemon", "daemon", "stranger"]))
    def somebody_forks(self, choice: st.DataObject, how: str) -> None:
        """A tree grows: in its group, outside of it, or out of sight."""
        pid = self.anybody(choice)
        if how == "member":
            self.system.fork(pid)
        else:
            self.system.daemonize(pid, marked=how == "daemon")

    def anybody(self, choice: st.DataObject) -> int:
        return choice.draw(st.sampled_from([process.pid for process in self.system.living()]))

    @precondition(lambda self: hasattr(self, "system"))
    @rule(seconds=st.sampled_from([0.0, 0.001, 0.02, 0.05, 0.5, 1.0, 2.0, 3.0]))
    def time_passes(self, seconds: float) -> None:
        if self.lives:
            self.look()
        self.system.advance(seconds)

    @precondition(lambda self: hasattr(self, "system"))
    @rule(seconds=st.sampled_from([-1e6, -5.0, 5.0, 1e6]))
    def wall_clock_jumps(self, seconds: float) -> None:
        self.system.wall_ahead_s += seconds

    @precondition(lambda self: hasattr(self, "system"))
    @rule(number=st.sampled_from([errno.EAGAIN, errno.ENOMEM, errno.ENOENT]))
    def starts_fail(self, number: int) -> None:
        self.system.faults.fail("spawn", number)

    @precondition(lambda self: hasattr(self, "system"))
    @rule(call=st.sampled_from(["write", "remove"]))
    def disk_is_full(self, call: str) -> None:
        self.system.faults.fail(call, errno.ENOSPC, STATUS)

    @precondition(lambda self: self.lives)
    @rule(name=NAMES)
    def one_status_file_cannot_be_written(self, name: str) -> None:
        """The others are written nevertheless."""
        self.look()
        self.system.faults.mend()
        self.system.faults.fail("write", errno.EISDIR, f"{STATUS}/{name}")
        self.system.advance(2.5)
        for record in self.records():
            lived_s = self.system.mono() - record.started_mono
            if record.name != name and record.state is State.RUNNING and lived_s > 2:
                text = self.system.contents(f"{STATUS}/{record.name}")
                assert status.decode(text) == status_of(record, POLICY)

    @precondition(lambda self: hasattr(self, "system"))
    @rule()
    def faults_are_mended(self) -> None:
        self.system.faults.mend()

    # What must hold

    @precondition(lambda self: self.lives)
    @rule()
    def at_rest_what_runs_is_what_is_wanted(self) -> None:
        """Promises 2 and 7: once all rests, the processes are as configured, and so the files."""
        self.system.faults.mend()
        self.look(whole=True)
        self.system.advance(2 * WRITING_S)
        self.look(whole=True)  # as the monitor does for what may have been half written
        for process in self.system.living():
            process.held = None  # nobody stays stopped for ever
        self.system.advance(LONG_S)
        assert {record.name for record in self.records()} == set(self.wanted)
        for name, wanted in self.wanted.items():
            self.check_rested(name, wanted)
        self.system.faults.mend()
        self.system.advance(0.0)
        self.check_files()

    def check_rested(self, name: str, wanted: Wanted) -> None:
        record = self.supervisor.record(name)
        assert record is not None
        assert record.want is wanted.want
        assert (record.refusal is not None) == wanted.refused
        assert (record.spec and record.spec.text) == wanted.text
        if wanted.text is None:
            assert record.state is State.FAILED
        elif wanted.want is Want.DOWN:
            assert record.state is State.STOPPED
        else:
            self.check_up(record, wanted)

    def check_up(self, record: Record, wanted: Wanted) -> None:
        """It runs, or has ended for good by its own rules."""
        assert record.spec is not None
        rules, program = wanted.rules, record.spec.args[0]
        may_be = {State.RUNNING} if program in STEADY else {State.BACKOFF}
        if program in FLEETING:
            may_be = set(State) - {State.STOPPED, State.EXITED, State.FAILED}
        if rules.restart != "always" and program != "missing":
            may_be.add(State.EXITED)
        if rules.give_up is not None or (rules.restart == "never" and program == "missing"):
            may_be.add(State.FAILED)
        if rules.restart == "never":
            may_be.add(State.FAILED)  # a start may have failed, and another program was there then
        assert record.state in may_be, record
        if record.state is State.RUNNING:
            assert record.pid is not None
            assert self.system.processes[record.pid].spec == record.spec

    def check_files(self) -> None:
        found = {n for n in self.system.names(STATUS) if not n.startswith(".")}
        assert found == {record.name for record in self.records()}
        for record in self.records():
            if record.spec is None or record.spec.args[0] in STEADY:  # others change all the time
                text = self.system.contents(f"{STATUS}/{record.name}")
                assert status.decode(text) == status_of(record, POLICY)

    @precondition(lambda self: self.lives)
    @rule()
    def shut_down(self) -> None:
        """The monitor is told to end, at any moment."""
        self.ends_by = self.system.mono() + KILLTIME_S + GIVE_UP_S
        self.supervisor.shut_down(self.is_over)

    @precondition(lambda self: hasattr(self, "system") and not self.lives and not self.ends)
    @rule()
    def kill_now(self) -> None:
        """The monitor is told again."""
        self.ends_by = self.system.mono() + GIVE_UP_S
        self.supervisor.kill_now()

    def is_over(self, left: list[Record]) -> None:
        self.ends.append((self.system.mono(), left))
        assert left or self.system.remaining() == []
        self.status.end(MonitorStatus(1, "0", "stopped", "", "", {}, 0, ()))

    @invariant()
    def an_essential_end_is_the_end(self) -> None:
        """As the monitor has it."""
        if self.lives and self.exit_code is not None:
            self.shut_down()

    @invariant()
    def what_is_published_is_what_is_known(self) -> None:
        """Promise 7."""
        Life.steps += 1
        if hasattr(self, "system"):
            assert self.published == {record.name: record for record in self.records()}
            assert self.mailbox.rejected == self.rejected
            counts = self.supervisor.counts
            states = [record.state for record in self.records()]
            assert all(counts[state] == states.count(state) for state in State)

    @invariant()
    def what_is_said_is_so(self) -> None:
        """A process that runs is there, one that is stopped is wanted so, and so on."""
        if not hasattr(self, "system"):
            return
        for record in self.records():
            state = record.state
            if record.pid is not None:
                assert self.system.processes[record.pid].name == record.name
            assert (record.tree is not None) == (state in (State.RUNNING, *TIMED[:2])), record
            assert (record.want is Want.DOWN) >= (state is State.STOPPED), record
            assert (state is State.KILLING) >= bool(record.stuck), record
            assert len(record.failures) <= 3
            if state in (State.BACKOFF, State.EXITED):
                self.check_policy(record)
            described = status_of(record, POLICY)
            assert described.reason.isprintable()
            assert described.reason

    def check_policy(self, record: Record) -> None:
        """What starts again is to, and what doesn't isn't."""
        assert record.spec is not None
        rules = in_force(record.spec.policy, POLICY)
        last = record.last
        failed = last is not None and is_failure(last.code, last.signal, rules)
        if record.state is State.EXITED:
            assert last is not None
            assert not starts_again(failed, rules), record
        else:  # where a start has failed, the note says so
            assert starts_again(failed or record.note != "", rules), record

    @invariant()
    def nothing_is_left_over(self) -> None:
        """Promise 4: trees, timers, descriptors and entries are those of known processes."""
        if not hasattr(self, "system"):
            return
        supervisor = self.supervisor
        records = self.records()
        if not self.ends:
            trees = {record.name for record in records if record.tree is not None}
            waited = {process.record.name for process in supervisor._lingering}
            pids = {record.pid for record in records} - {None}
            assert set(supervisor._by_pid) == pids
            assert waited == {r.name for r in records if r.tree is not None and r.pid is None}
            assert {process.name for process in self.system.bound()} <= trees
        assert self.output.open == set()
        assert self.output.kept <= {record.name for record in records}
        others = [supervisor._lingering._timer, supervisor._starts._timer]
        others += [supervisor._ending._timer, supervisor._strangers._timer, self.status._timer]
        timed = [record for record in records if record.state in TIMED]
        known = len(timed) + sum(timer is not None for timer in others)
        assert self.system.armed == known if not self.ends else self.system.armed == 0

    @invariant()
    def the_end_is_in_time(self) -> None:
        """Promise 6: once, when all is gone, at the latest a little after the kill timeout."""
        if not hasattr(self, "system") or self.ends_by is None:
            return
        if not self.system.remaining():
            self.system.advance(EVERY_S + 0.001)
            assert len(self.ends) == 1
        if self.system.mono() > self.ends_by:
            assert len(self.ends) == 1
        assert len(self.ends) <= 1

    def teardown(self) -> None:
        if not hasattr(self, "system"):
            return
        if self.lives:
            self.at_rest_what_runs_is_what_is_wanted()
        if self.lives:
            self.shut_down()
        self.system.faults.mend()
        self.system.advance(KILLTIME_S + GIVE_UP_S)
        assert [left for _, left in self.ends] == [[]]
        assert self.ends_by is not None
        assert self.ends[0][0] <= self.ends_by
        assert self.system.bound() == []
        self.nothing_is_left_over()


TestLife = Life.TestCase


def teardown_module() -> None:
    print(f"{Life.steps} steps", file=sys.stderr)
