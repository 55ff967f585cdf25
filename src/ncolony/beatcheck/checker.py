"""Looks at heartbeats when it is time, and asks for restarts.

Theory of operation. Each process that is watched has an entry with the time of its next look; one
timer, for the earliest of them, serves all. A look is two calls of stat(2): of the heartbeat file,
which is never opened, and of the status file, which is read when it has changed. Who is found dead
is claimed, and looked at again a moment later; if it is still dead, and no other checker has
claimed it, a restart is asked for. With that a fresh grace begins, in which nothing is asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

from twisted.logger import Logger

from ..dirfiles import IClockedFiles
from ..isystem import ITimer
from ..observing import Runs, ask_restart
from . import hearts
from .beatfiles import Asked, AskedWrongly, BeatChange, Gone, NotAsked
from .claims import Claims
from .heartfile import HeartFile
from .hearts import Heart, Look, Verdict

_log = Logger(namespace="ncolony.beatcheck")

#: Whose requests these are.
ASKER = "ncolony-beatcheck"
#: From a claim to the request: longer than the monitor takes to publish what it does, 50 ms.
SETTLE_S = 0.1
#: No timer is set for longer: the reactor can't wait forever.
_MAX_WAIT_S = 86400.0
#: What a sum of times may be wrong by.
_ROUNDING_S = 1e-6


class Entry:
    """A process that is watched, and what was done about it."""

    def __init__(self, name: str, fingerprint: str, heart: Heart, file: HeartFile) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.heart = heart
        self.file = file
        self.look_mono = heart.changed_mono
        self.claimed = False
        self.claim_ends_mono: float | None = None
        self.trouble: str | None = None

    @property
    def again_s(self) -> float:
        """For so long after a request there is no other one."""
        return max(self.heart.beat.grace_s, self.heart.beat.period_s)


class Checker:
    """Watches over processes' heartbeats, from the first ``apply`` to ``stop``.

    ``who`` is a word that no other checker has, ``phase`` a number from 0 to 1 that is another one
    in each. ``said`` is given a line for people: of each restart that is asked for, and of each
    trouble when it begins and when it is over.
    """

    def __init__(
        self,
        system: IClockedFiles,
        messages: str,
        runs: Runs,
        freq_s: float,
        who: str,
        said: Callable[[str], None],
    ) -> None:
        self._system = system
        self._messages = messages
        self._runs = runs
        self._freq_s = freq_s
        self._said = said
        self._phase = system.chance()
        self._claims = Claims(system, messages, who)
        self._entries: dict[str, Entry] = {}
        self._wrong: dict[str, str] = {}
        self._trouble: str | None = None
        self._timer: ITimer | None = None

    @property
    def watched(self) -> frozenset[str]:
        """The names of those that are watched."""
        return frozenset(self._entries)

    def apply(self, changes: Mapping[str, BeatChange]) -> None:
        """Files have changed; those that ask for it are watched from now on, with a grace."""
        for name, change in changes.items():
            self._apply(name, change)
        self._arm()

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for name in list(self._entries):
            self._forget(name)

    # Files

    def _apply(self, name: str, change: BeatChange) -> None:
        match change:
            case Asked():
                self._mended(name)
                self._watch(name, change)
            case AskedWrongly(reason):
                self._forget(name)
                if self._wrong.get(name) != reason:
                    self._said(f"{name} is not watched: {reason}")
                self._wrong[name] = reason
            case NotAsked():
                self._mended(name)
                self._forget(name)
            case Gone():
                self._wrong.pop(name, None)
                self._forget(name)
            case _:
                assert_never(change)

    def _mended(self, name: str) -> None:
        if self._wrong.pop(name, None) is not None:
            self._said(f"the file of {name} can be used again")

    def _watch(self, name: str, asked: Asked) -> None:
        """The same contents written again change nothing."""
        known = self._entries.get(name)
        if known is not None and known.fingerprint == asked.fingerprint:
            return
        for warning in asked.beat.warnings:
            self._said(f"{name}: {warning}")
        heart = hearts.begin(asked.beat, self._system.mono())
        file = HeartFile(self._system, asked.beat.status, name)
        entry = self._entries[name] = Entry(name, asked.fingerprint, heart, file)
        self._look(entry)

    def _forget(self, name: str) -> None:
        entry = self._entries.pop(name, None)
        if entry is not None:
            self._release(entry)
            self._runs.forget(name)

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
            entry.claimed = False
        if not entry.claimed:
            next_mono = hearts.next_look(entry.heart, now_mono, self._freq_s, self._phase)
            entry.look_mono = next_mono

    def _find(self, entry: Entry, now_mono: float) -> None:
        try:
            file = entry.file.identity()
        except OSError as error:
            self._cannot_look(entry, error, now_mono)
            return
        if entry.trouble is not None:
            entry.trouble = None
            self._said(f"the heartbeat of {entry.name} can be looked at again")
        run = self._runs.run(entry.name)
        held_up_s = now_mono - entry.look_mono
        entry.heart = hearts.look(entry.heart, Look(now_mono, file, run, held_up_s))
        if hearts.verdict(entry.heart, now_mono) is Verdict.DEAD:
            self._dead(entry, now_mono)
        elif entry.claimed or now_mono >= (entry.claim_ends_mono or now_mono + 1):
            self._release(entry)

    def _cannot_look(self, entry: Entry, error: OSError, now_mono: float) -> None:
        """Where nobody can beat, or nobody see it, nobody is judged; the grace begins after it."""
        self._release(entry)
        entry.heart = hearts.anew(entry.heart, now_mono)
        trouble = f"cannot look at the heartbeat of {entry.name}, {entry.file.path}"
        trouble = f"{trouble}: {error.strerror}"
        if trouble != entry.trouble:
            self._said(trouble)
        entry.trouble = trouble

    # Restarts

    def _dead(self, entry: Entry, now_mono: float) -> None:
        try:
            if not entry.claimed:
                entry.claimed = self._claims.take(entry.name, now_mono, entry.again_s)
                entry.look_mono = now_mono + SETTLE_S
            else:
                entry.claimed = False
                if self._claims.holds(entry.name):
                    self._ask(entry, now_mono)
        except OSError as error:
            entry.claimed = False
            self._cannot_ask(entry, error)
            return
        if not entry.claimed:  # asked for, by us or by another one
            entry.heart = hearts.anew(entry.heart, now_mono)
        if self._trouble is not None:
            self._trouble = None
            self._said("restarts can be asked for again")

    def _ask(self, entry: Entry, now_mono: float) -> None:
        why = hearts.reason(entry.heart, now_mono)
        if entry.heart.file is None:
            why += f"; {entry.file.path} is missing"
        ask_restart(self._system, self._messages, ASKER, entry.name, why)
        entry.claim_ends_mono = now_mono + entry.again_s
        self._said(f"asked for a restart of {entry.name}: {why}")

    def _cannot_ask(self, entry: Entry, error: OSError) -> None:
        trouble = f"cannot write to {self._messages}: {error.strerror}"
        if trouble != self._trouble:
            self._said(f"cannot ask for a restart of {entry.name}: {trouble}")
        self._trouble = trouble

    def _release(self, entry: Entry) -> None:
        """What was claimed is over."""
        if entry.claimed or entry.claim_ends_mono is not None:
            self._claims.drop(entry.name)
        entry.claimed, entry.claim_ends_mono = False, None
