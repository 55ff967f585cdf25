"""A whole colony on a simulated machine, in any order of events, held to its promises.

After every step: no two instances of a process (promise 1), nothing left over of what was
removed (4), what is published is the record (7). At rest: what runs is what is configured and
wanted (2). After a shut-down at any moment: nothing left, in time (6).
"""

from __future__ import annotations

import errno
import json
import sys
from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from builders import a_file
from ncolony import status
from ncolony.configdir import WRITING_S, ConfigDir
from ncolony.describe import status_of
from ncolony.lingering import EVERY_S
from ncolony.mailbox import Mailbox
from ncolony.model import Record, State, Want
from ncolony.policy import Policy
from ncolony.spec import ProcessSpec
from ncolony.status import MonitorStatus
from ncolony.statusdir import StatusDir
from ncolony.supervisor import GIVE_UP_S, Supervisor
from ncolony.testing import Program, SimulatedOutput, SimulatedSystem

POLICY = Policy(threshold_s=1.0, killtime_s=2.0, min_delay_s=0.5, max_delay_s=4.0)
#: Longer than any pause, kill and pause again.
LONG_S = 3 * (POLICY.killtime_s + POLICY.max_delay_s)
CONFIG, MESSAGES, STATUS = "/config", "/messages", "/status"
STEADY = {
    "web": Program(),
    "graceful": Program(term_takes_s=1.0, term_code=0),
    "stubborn": Program(obeys_term=False, handles=frozenset({"HUP"})),
    "leaves": Program(members=2),
    "leaves-stubborn": Program(members=1, members_obey_term=False),
    "forks-at-term": Program(forks_on_term=1),
}
FLEETING = {
    "flash": Program(code=1, lives_s=0.0),
    "brief": Program(lives_s=0.3),
    "hour": Program(lives_s=3.0),
    "flash-leaves": Program(lives_s=0.0, members=1, members_obey_term=False),
}
PROGRAMS = [*STEADY, *FLEETING, "missing"]
BAD = [b"", b"{", b'{"args": []}', b'{"args": "web"}', b"\xff", b'["args"]']
NAMES = st.sampled_from(["a", "b", "c"])
NAMED = st.sampled_from(["RESTART", "START", "STOP"])
SIGNALS = st.sampled_from(["HUP", "TERM", "KILL", "STOP", "CONT", "USR1"])


class Wanted(NamedTuple):
    """What ought to be of a process: which file is in force, whether a newer one was refused."""

    text: bytes | None = None
    refused: bool = False
    want: Want = Want.UP


class WatchedSystem(SimulatedSystem):
    """Sees to promise 1 in the moment of a start."""

    def spawn(self, spec: ProcessSpec, output_fd: int | None) -> int:
        owners = self.owners
        old = [p.pid for p in self.living() if owners.get(p.pgid) == spec.name]
        assert old == [], f"{spec.name} starts while {old} of it live"
        pid = super().spawn(spec, output_fd)
        owners[pid] = spec.name
        return pid

    owners: dict[int, str]


class Life(RuleBasedStateMachine):
    """A monitor's life; ``wanted`` is what it ought to come to."""

    steps = 0

    @initialize(subreaper=st.booleans(), spawn_takes_s=st.sampled_from([0.0, 0.03]))
    def begin(self, subreaper: bool, spawn_takes_s: float) -> None:
        system = self.system = WatchedSystem(subreaper=subreaper, spawn_takes_s=spawn_takes_s)
        system.owners = {}
        system.programs.update(STEADY | FLEETING)
        for directory in (CONFIG, MESSAGES, STATUS):
            system.make_directory(directory)
        self.output = SimulatedOutput()
        self.published: dict[str, Record] = {}
        self.supervisor = Supervisor(system, self.output, POLICY, self.changed)
        self.config = ConfigDir(system, CONFIG)
        self.mailbox = Mailbox(system, MESSAGES, self.supervisor.carry_out, self.said)
        self.status = StatusDir(
            system,
            STATUS,
            self.supervisor.record,
            self.supervisor.records,
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
        self.ending_since: float | None = None
        system.watch_deaths(self.supervisor.children_died)
        self.status.begin()

    def changed(self, old: Record, new: Record | None) -> None:
        if new is None:
            del self.published[old.name]
        else:
            self.published[new.name] = new
        self.status.mark(old.name)

    def said(self, text: str) -> None:
        assert "\n" not in text

    @property
    def lives(self) -> bool:
        return hasattr(self, "system") and self.ending_since is None

    # Files

    @precondition(lambda self: self.lives)
    @rule(
        name=NAMES,
        program=st.sampled_from(PROGRAMS),
        mark=st.integers(0, 9),
        in_place=st.booleans(),
        look=st.booleans(),
    )
    def good_file(self, name: str, program: str, mark: int, in_place: bool, look: bool) -> None:
        """A file appears or changes, by rename or in place."""
        self.write(name, a_file(program, group=["g"] if mark % 2 else [], x_mark=mark), in_place)
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
        before = list(self.supervisor.records())
        self.system.faults.fail("names", errno.ENOENT, CONFIG)
        self.supervisor.apply(self.config.look())
        assert list(self.supervisor.records()) == before
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
            self.wanted[name] = old._replace(text=node.contents, refused=False)

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
    @rule(kind=st.sampled_from(["RESTART-ALL", "RESTART-GROUP"]), times=st.integers(1, 3))
    def request_to_many(self, kind: str, times: int) -> None:
        """All, or a group, are to restart."""
        self.look()
        for _ in range(times):
            self.ask({"type": kind, "group": "g"})
        members = [r for r in self.supervisor.records() if r.spec and "g" in r.spec.group]
        if kind == "RESTART-GROUP" and not members:
            self.rejected += times
        self.mailbox.look()

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

    def ask(self, document: dict[str, str]) -> None:
        self.messages += 1
        self.system.put(f"{MESSAGES}/{self.messages:06}", json.dumps(document).encode())

    # Processes, clocks and faults

    @precondition(lambda self: hasattr(self, "system") and self.system.living())
    @rule(
        choice=st.data(),
        how=st.sampled_from([(0, None), (3, None), (None, "SIGSEGV"), (None, "SIGKILL")]),
        told=st.booleans(),
    )
    def somebody_dies(
        self, choice: st.DataObject, how: tuple[int | None, str | None], told: bool
    ) -> None:
        """A process ends by itself, or one that it left behind."""
        process = choice.draw(st.sampled_from([p.pid for p in self.system.living()]))
        self.system.end(process, *how)
        if told:
            self.system.advance()

    @precondition(lambda self: hasattr(self, "system") and self.system.living())
    @rule(choice=st.data())
    def somebody_forks(self, choice: st.DataObject) -> None:
        """A group grows."""
        if len(self.system.living()) < 20:
            self.system.fork(choice.draw(st.sampled_from([p.pid for p in self.system.living()])))

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
        for record in self.supervisor.records():
            lived_s = self.system.mono() - record.started_mono
            if record.name != name and record.state is State.RUNNING and lived_s > 2:
                text = self.system.contents(f"{STATUS}/{record.name}")
                assert status.decode(text) == status_of(record)

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
        assert {record.name for record in self.supervisor.records()} == set(self.wanted)
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
        elif record.spec and record.spec.args[0] in STEADY:
            assert record.state is State.RUNNING, record
            process = self.system.processes[record.pid]
            assert process.spec == record.spec
        elif record.spec and record.spec.args[0] == "missing":
            assert record.state is State.BACKOFF
        else:
            assert record.state is not State.STOPPED

    def check_files(self) -> None:
        found = {n for n in self.system.names(STATUS) if not n.startswith(".")}
        assert found == {record.name for record in self.supervisor.records()}
        for record in self.supervisor.records():
            if record.spec is None or record.spec.args[0] in STEADY:  # others change all the time
                text = self.system.contents(f"{STATUS}/{record.name}")
                assert status.decode(text) == status_of(record)

    @precondition(lambda self: self.lives)
    @rule()
    def shut_down(self) -> None:
        """The monitor is told to end, at any moment."""
        self.ending_since = self.system.mono()
        self.supervisor.shut_down(self.is_over)

    def is_over(self, left: list[Record]) -> None:
        self.ends.append((self.system.mono(), left))
        self.status.end(MonitorStatus(1, "0", "stopped", "", "", {}, 0, ()))

    @invariant()
    def what_is_published_is_what_is_known(self) -> None:
        """Promise 7."""
        Life.steps += 1
        if hasattr(self, "system"):
            records = {record.name: record for record in self.supervisor.records()}
            assert self.published == records
            assert self.mailbox.rejected == self.rejected

    @invariant()
    def nothing_is_left_over(self) -> None:
        """Promise 4: groups, timers, descriptors and entries are those of known processes."""
        if not hasattr(self, "system"):
            return
        supervisor = self.supervisor
        records = list(supervisor.records())
        groups = {record.pgid for record in records} - {None}
        assert set(supervisor._by_pgid) == groups
        assert supervisor._lingering._pgids <= groups
        assert {p.pgid for p in self.system.living()} <= groups
        assert self.output.writers == set()
        assert self.output.kept <= {record.name for record in records}
        others = [supervisor._lingering._timer, supervisor._starts._timer]
        others += [supervisor._give_up_timer, self.status._timer]
        timed = [r for r in records if r.state in (State.STOPPING, State.BACKOFF)]
        known = len(timed) + sum(timer is not None for timer in others)
        assert self.system.armed == known if not self.ends else self.system.armed == 0

    @invariant()
    def the_end_is_in_time(self) -> None:
        """Promise 6: once, when all is gone, at the latest a little after the kill timeout."""
        if not hasattr(self, "system") or self.ending_since is None:
            return
        if not self.system.living():
            self.system.advance(EVERY_S + 0.001)
            assert len(self.ends) == 1
        if self.system.mono() > self.ending_since + POLICY.killtime_s + GIVE_UP_S:
            assert len(self.ends) == 1
        assert len(self.ends) <= 1

    def teardown(self) -> None:
        if not hasattr(self, "system"):
            return
        if self.lives:
            self.at_rest_what_runs_is_what_is_wanted()
            self.shut_down()
        self.system.faults.mend()
        self.system.advance(POLICY.killtime_s + GIVE_UP_S)
        assert [left for _, left in self.ends] == [[]]
        assert self.ends[0][0] <= self.ending_since + POLICY.killtime_s + GIVE_UP_S
        assert self.system.living() == []
        self.nothing_is_left_over()


TestLife = Life.TestCase


def teardown_module() -> None:
    print(f"{Life.steps} steps", file=sys.stderr)
