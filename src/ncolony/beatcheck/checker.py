"""Looks at heartbeats when it is time, and asks for restarts.

Theory of operation. Each process that is watched has an entry with the time of its next look; one
timer, for the earliest of them, serves all. A look is two calls of stat(2): of the heartbeat file,
which is never opened, and of the status file, which is read when it has changed. For a run that is
found dead a restart is asked for. With that a fresh grace begins, in which nothing is asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted.logger import Logger

from ..askedfiles import AskedChange, Asking
from ..beatspec import Beat
from ..dirfiles import IClockedFiles
from ..isystem import ITimer
from ..observing import Runs
from ..restarts import Restarts
from ..troubles import Trouble, Troubles
from . import hearts
from .entry import Entry
from .heartfile import HeartFile
from .hearts import Look, Verdict

_log = Logger(namespace="ncolony.beatcheck")

#: Whose requests these are.
ASKER = "ncolony-beatcheck"
#: No timer is set for longer: the reactor can't wait forever.
_MAX_WAIT_S = 86400.0
#: What a sum of times may be wrong by.
_ROUNDING_S = 1e-6


class Checker:
    """Watches over processes' heartbeats, from the first ``apply`` to ``stop``.

    ``messages`` and ``status`` are the colony's directories, ``freq_s`` is between two looks at the
    same process, at the most. ``said`` is given a line for people: of each restart that is asked
    for, and of each trouble when it begins and ends.
    """

    def __init__(
        self,
        system: IClockedFiles,
        messages: str,
        status: str,
        freq_s: float,
        said: Callable[[str], None],
    ) -> None:
        self._system = system
        self._runs = Runs(system, status)
        self._freq_s = freq_s
        self._said = said
        self._phase = system.chance()
        self._entries: dict[str, Entry] = {}
        self._troubles = Troubles(said)
        self._asking = Asking("watched", self._troubles, self._watch, self._forget)
        self._restarts = Restarts(system, messages, ASKER, self._troubles, said)
        self._timer: ITimer | None = None

    @property
    def watched(self) -> frozenset[str]:
        """The names of those that are watched."""
        return self._asking.names

    def apply(self, changes: Mapping[str, AskedChange[Beat]]) -> None:
        """Files have changed; those that ask for it are watched from now on, with a grace."""
        self._asking.apply(changes)
        self._arm()

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._asking.end_all()

    # Who is watched

    def _watch(self, name: str, beat: Beat) -> None:
        for warning in beat.warnings:
            self._said(f"{name}: {warning}")
        heart = hearts.begin(beat, self._system.mono())
        file = HeartFile(self._system, beat.status, name)
        entry = self._entries[name] = Entry(name, heart, file)
        self._look(entry)

    def _forget(self, name: str) -> None:
        del self._entries[name]
        self._runs.forget(name)
        self._troubles.forget(f"heart {name}")

    # Looks

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._entries:
            next_mono = min([entry.look_mono for entry in self._entries.values()])
            wait_s = min(max(next_mono - self._system.mono(), 0.0), _MAX_WAIT_S)
            self._timer = self._system.call_later(wait_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        now_mono = self._system.mono() + _ROUNDING_S
        for entry in [e for e in self._entries.values() if e.look_mono <= now_mono]:
            self._look(entry)
        self._arm()

    def _look(self, entry: Entry) -> None:
        now_mono = self._system.mono()
        try:
            self._find(entry, now_mono)
        except Exception:  # noqa: BLE001 - the last resort: the others are watched all the same
            _log.failure("a look at the heartbeat of {name} failed", name=entry.name)
        entry.look_mono = hearts.next_look(entry.heart, now_mono, self._freq_s, self._phase)

    def _find(self, entry: Entry, now_mono: float) -> None:
        try:
            file = entry.file.identity()
        except OSError as error:
            self._cannot_look(entry, error, now_mono)
            return
        self._troubles.end(f"heart {entry.name}")
        run = self._runs.run(entry.name)
        held_up_s = now_mono - entry.look_mono
        entry.heart = hearts.look(entry.heart, Look(now_mono, file, run, held_up_s))
        if hearts.verdict(entry.heart, now_mono) is Verdict.DEAD:
            why = hearts.reason(entry.heart, now_mono)
            if file is None:
                why += f"; {entry.file.path} is missing"
            if self._restarts.ask(entry.name, run, why):
                entry.heart = hearts.anew(entry.heart, now_mono)

    def _cannot_look(self, entry: Entry, error: OSError, now_mono: float) -> None:
        """Where nobody can beat, or nobody see it, nobody is judged; the grace begins after it."""
        entry.heart = hearts.anew(entry.heart, now_mono)
        where = entry.file.directory
        over = f"heartbeats in {where} can be looked at again"
        trouble = Trouble(f"{where}: {error.errno}", over)
        line = f"cannot look at the heartbeat of {entry.name}, {entry.file.path}: {error.strerror}"
        self._troubles.begin(f"heart {entry.name}", trouble, line)
