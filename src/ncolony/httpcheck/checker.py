"""Asks when it is time, and has those restarted that answer badly.

Theory of operation. Each process that is checked has an entry with one timer, for the next look at
it: at its next check, or before that, each ``freq_s``, to see whether the monitor has started it
anew. While a check is made there is a second timer, for its time-out. What comes of a check counts
only where the run that it was made of still runs. More bad answers in a row than are allowed bring
a request for a restart of that run; with it a fresh grace begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted.logger import Logger

from ..askedfiles import AskedChange, Asking
from ..dirfiles import IClockedFiles
from ..httpspec import HttpCheck
from ..observing import Runs
from ..restarts import Restarts
from ..statusfiles import StatusFiles
from ..troubles import Trouble, Troubles
from . import health as healths
from .checkfile import CHECKS_DIRECTORY, encode
from .entry import Entry
from .health import Health
from .outcome import Outcome, Verdict

_log = Logger(namespace="ncolony.httpcheck")

#: Whose requests these are.
ASKER = "ncolony-httpcheck"
#: A timer that is later than this was held up with all of us, and maybe all of the machine.
HELD_UP_S = 0.25
#: A status in which nothing but the date is new is written no more often.
REFRESH_S = 10.0
#: No timer is set for longer: the reactor can't wait forever.
_MAX_WAIT_S = 86400.0
#: What a sum of times may be wrong by.
_ROUNDING_S = 1e-6

#: Begins a check, and returns what cancels it; see ``fetch.Fetch``.
Begin = Callable[[HttpCheck, Callable[[Outcome], None]], Callable[[], None]]


class Checker:
    """Checks processes from the first ``apply`` to ``stop``.

    ``messages`` and ``status`` are the colony's directories, ``freq_s`` is between two looks at
    what the monitor says of a process, at the most. ``said`` is given a line for people: of each
    restart that is asked for, and of each trouble when it begins and ends.
    """

    def __init__(
        self,
        system: IClockedFiles,
        messages: str,
        status: str,
        freq_s: float,
        fetch: Begin,
        said: Callable[[str], None],
    ) -> None:
        self._system = system
        self._runs = Runs(system, status)
        self._freq_s = freq_s
        self._fetch = fetch
        self._said = said
        self._entries: dict[str, Entry] = {}
        self._troubles = Troubles(said)
        self._restarts = Restarts(system, messages, ASKER, self._troubles, said)
        self._asking = Asking("checked", self._troubles, self._watch, self._forget)
        self._files = StatusFiles(
            system,
            f"{status}/{CHECKS_DIRECTORY}",
            self._contents_of,
            lambda: self._entries,
            lambda: False,
            said,
        )

    @property
    def watched(self) -> frozenset[str]:
        """The names of those that are checked."""
        return self._asking.names

    def apply(self, changes: Mapping[str, AskedChange[HttpCheck]]) -> None:
        """Files have changed; those that ask for it are checked from now on, after a grace."""
        self._asking.apply(changes)
        self._files.remove_others(self._entries)

    def stop(self) -> None:
        """Check no more; what the checks said goes, for nobody keeps it true."""
        self._asking.end_all()
        self._files.end()

    # Who is checked

    def _watch(self, name: str, check: HttpCheck) -> None:
        for warning in check.warnings:
            self._said(f"{name}: {warning}")
        now_mono, chance = self._system.mono(), self._system.chance()
        health = healths.begin(check, now_mono, chance)
        health = healths.seen(health, self._runs.run(name), now_mono, chance)
        entry = self._entries[name] = Entry(name, health, self._system.utc())
        self._mark(entry)
        self._arm(entry)

    def _forget(self, name: str) -> None:
        self._entries.pop(name).stop()
        self._runs.forget(name)
        self._troubles.forget(f"check {name}")
        self._files.mark(name)

    # Looks

    def _arm(self, entry: Entry) -> None:
        now_mono = self._system.mono()
        next_mono = min(entry.health.due_mono, now_mono + self._freq_s, now_mono + _MAX_WAIT_S)
        wait_s = max(next_mono - now_mono, 0.0)
        entry.timer = self._system.call_later(wait_s, self._wake, entry)

    def _wake(self, entry: Entry) -> None:
        entry.timer = None
        try:
            self._look(entry)
            self._check_if_due(entry)
        except Exception:  # noqa: BLE001 - the last resort: all are checked on, this one as well
            _log.failure("a check of {name} failed", name=entry.name)
            entry.end_check()
            entry.health = healths.rescheduled(entry.health, self._system.mono())
        self._arm(entry)

    def _look(self, entry: Entry) -> bool:
        """See whether it runs, and since when; whether that is another run than before."""
        run = self._runs.run(entry.name)
        if run == entry.health.run:
            return False
        entry.end_check()
        now_mono, chance = self._system.mono(), self._system.chance()
        self._change(entry, healths.seen(entry.health, run, now_mono, chance))
        return True

    def _check_if_due(self, entry: Entry) -> None:
        """Ask, unless the last time isn't over, or nobody is there."""
        if entry.health.due_mono > self._system.mono() + _ROUNDING_S:
            return
        entry.health = healths.rescheduled(entry.health, self._system.mono())
        if entry.cancel is not None or not entry.health.runs:
            return
        check = entry.health.check
        entry.deadline_mono = self._system.mono() + check.timeout_s
        entry.deadline = self._system.call_later(check.timeout_s, self._time_is_up, entry)
        entry.last = self._system.utc()
        cancel = self._fetch(check, lambda outcome: self._done(entry, outcome))
        if entry.deadline is not None:  # it isn't over already
            entry.cancel = cancel

    # What comes of it

    def _time_is_up(self, entry: Entry) -> None:
        entry.deadline = None
        late_s = self._system.mono() - entry.deadline_mono
        if late_s > HELD_UP_S:
            outcome = Outcome(Verdict.NONE, f"cannot check: we were held up for {late_s:.1f} s")
        else:
            timeout_s = entry.health.check.timeout_s
            outcome = Outcome(Verdict.BAD, f"timed out after {timeout_s:g} s")
        self._done(entry, outcome)

    def _done(self, entry: Entry, outcome: Outcome) -> None:
        entry.end_check()
        if self._look(entry):
            return  # it was asked of a run that is over
        self._say_whether_it_could(entry, outcome)
        entry.result = outcome.result
        self._change(entry, healths.judged(entry.health, outcome))
        if entry.health.is_bad:
            self._restart(entry)

    def _restart(self, entry: Entry) -> None:
        health = entry.health
        if not self._restarts.ask(entry.name, health.run, health.reason):
            return  # the next bad answer brings another try
        health = healths.anew(health, self._system.mono(), self._system.chance())
        self._change(entry, health._replace(restarts=health.restarts + 1))

    def _say_whether_it_could(self, entry: Entry, outcome: Outcome) -> None:
        if outcome.verdict is Verdict.NONE:
            what, over = f"{entry.name}: {outcome.result}", f"{entry.name} can be checked again"
            self._troubles.begin(f"check {entry.name}", Trouble(what, over), what)
        else:
            self._troubles.end(f"check {entry.name}")

    # Status

    def _change(self, entry: Entry, health: Health) -> None:
        """What is known of it is another thing now."""
        before, entry.health = entry.health, health
        if health.state != before.state:
            entry.since = self._system.utc()
        is_old = self._system.mono() - entry.written_mono >= REFRESH_S
        if is_old or _news(health) != _news(before):
            self._mark(entry)

    def _mark(self, entry: Entry) -> None:
        entry.written_mono = self._system.mono()
        self._files.mark(entry.name)

    def _contents_of(self, name: str) -> bytes | None:
        entry = self._entries.get(name)
        if entry is None:
            return None
        return encode(entry.status())


def _news(health: Health) -> tuple[object, ...]:
    """What is written at once."""
    verdict = None if health.outcome is None else health.outcome.verdict
    return health.state, verdict, health.failures, health.restarts
