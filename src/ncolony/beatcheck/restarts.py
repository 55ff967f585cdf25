"""How a restart is asked for: once, whoever else has found the same process dead."""

from __future__ import annotations

from collections.abc import Callable

from ..isystem import IFiles
from ..observing import ask_restart
from ..troubles import Trouble, Troubles
from . import hearts
from .claims import Claims
from .entry import Entry

#: Whose requests these are.
ASKER = "ncolony-beatcheck"
#: From a claim to the request: longer than the monitor takes to publish what it does, 50 ms.
SETTLE_S = 0.1


class Restarts:
    """Asks the monitor, by a file in ``messages``; ``who`` is a word that no other checker has.

    ``said`` is given a line for people of each restart that is asked for.
    """

    def __init__(
        self,
        files: IFiles,
        messages: str,
        who: str,
        troubles: Troubles,
        said: Callable[[str], None],
    ) -> None:
        self._files = files
        self._messages = messages
        self._claims = Claims(files, messages, who)
        self._troubles = troubles
        self._said = said

    def deal_with(self, entry: Entry, now_mono: float) -> None:
        """Claim a dead process, or ask for what was claimed; it has a fresh grace after that."""
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
        self._troubles.end("messages")

    def release(self, entry: Entry) -> None:
        """What was claimed is over."""
        if entry.claimed or entry.claim_ends_mono is not None:
            self._claims.drop(entry.name)
        entry.claimed, entry.claim_ends_mono = False, None

    def _ask(self, entry: Entry, now_mono: float) -> None:
        why = hearts.reason(entry.heart, now_mono)
        if entry.heart.file is None:
            why += f"; {entry.file.path} is missing"
        ask_restart(self._files, self._messages, ASKER, entry.name, why)
        entry.claim_ends_mono = now_mono + entry.again_s
        self._said(f"asked for a restart of {entry.name}: {why}")

    def _cannot_ask(self, entry: Entry, error: OSError) -> None:
        why = f"cannot write to {self._messages}: {error.strerror}"
        trouble = Trouble(why, "restarts can be asked for again")
        line = f"cannot ask for a restart of {entry.name}: {why}"
        self._troubles.begin("messages", trouble, line)
