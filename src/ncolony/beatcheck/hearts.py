"""Who has a heartbeat and who hasn't, and when to look again: pure judgement by monotonic time.

A heartbeat is a change that is seen of the file's times, inode, size or owner. When it happened is
not to be known, for the file's own times are the wall clock's; it counts from when it is seen. So
nobody is found dead too soon, and whoever is dead is found at most one interval late, because there
is a look on the dot of the period after the last change.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from ..beatspec import Beat
from ..observing import Run

#: "Longer than" a period, for timers and beats that are on the dot.
MARGIN_S = 0.01


class Verdict(Enum):
    """What is to be said of a process at a look."""

    RESTING = "it doesn't run, or its grace isn't over"
    WELL = "its last heartbeat is no older than a period"
    DEAD = "there was none for longer than a period"


class Look(NamedTuple):
    """What is found at an instant. ``file`` is the heartbeat file's identity, None where missing.

    ``run`` is None where nobody says anything. ``held_up_s`` is how much later the look is than
    it was due.
    """

    now_mono: float
    file: int | None
    run: Run | None
    held_up_s: float = 0.0


class Heart(NamedTuple):
    """A process that is watched, as the looks so far have found it."""

    beat: Beat
    judged_from_mono: float
    changed_mono: float
    file: int | None = None
    run: Run | None = None

    @property
    def runs(self) -> bool:
        """Whether it runs; where nobody says, it is taken to."""
        return self.run is None or self.run.running

    @property
    def due_mono(self) -> float:
        """When it is dead unless it beats."""
        return max(self.judged_from_mono, self.changed_mono + self.beat.period_s + MARGIN_S)


def begin(beat: Beat, now_mono: float) -> Heart:
    """A process that is watched from now on, with a whole grace before it."""
    return Heart(beat, now_mono + beat.grace_s, now_mono)


def anew(heart: Heart, now_mono: float) -> Heart:
    """The same process with a fresh grace: it has been started, or somebody has asked for that."""
    return heart._replace(judged_from_mono=now_mono + heart.beat.grace_s, changed_mono=now_mono)


def look(heart: Heart, found: Look) -> Heart:
    """The same process after another look.

    Time in which the checker itself was held up, as by a machine that was frozen, doesn't count:
    whoever is watched may have been held up as well.
    """
    if found.held_up_s > MARGIN_S:
        heart = heart._replace(
            judged_from_mono=heart.judged_from_mono + found.held_up_s,
            changed_mono=heart.changed_mono + found.held_up_s,
        )
    if found.run != heart.run:
        heart = heart._replace(run=found.run)
        if found.run is not None and found.run.running:
            heart = anew(heart, found.now_mono)
    if found.file != heart.file:
        beaten = found.file is not None
        changed_mono = found.now_mono if beaten else heart.changed_mono
        heart = heart._replace(file=found.file, changed_mono=changed_mono)
    return heart


def verdict(heart: Heart, now_mono: float) -> Verdict:
    """What is to be said of a process now."""
    if not heart.runs or now_mono < heart.judged_from_mono:
        return Verdict.RESTING
    return Verdict.DEAD if now_mono >= heart.due_mono else Verdict.WELL


def next_look(heart: Heart, now_mono: float, freq_s: float, phase: float) -> float:
    """When to look at it again, by the monotonic clock.

    Those with the same interval are looked at together: at its multiples, shifted by ``phase`` of
    it, from 0 to 1, so that two checkers don't act in the same instant. An interval is ``freq_s``,
    or the period where that is shorter.
    """
    every_s = min(freq_s, heart.beat.period_s)
    shift_s = phase * every_s
    regular = ((now_mono - shift_s) // every_s + 1) * every_s + shift_s
    if regular <= now_mono:  # by a rounding
        regular += every_s
    due_mono = heart.due_mono if heart.runs else regular
    return min(regular, due_mono) if due_mono > now_mono else regular


def reason(heart: Heart, now_mono: float) -> str:
    """Why a dead process is to be restarted, for people."""
    silent_s = now_mono - heart.changed_mono
    digits = 0 if silent_s >= 10 or silent_s == round(silent_s) else 1
    return f"no heartbeat for {silent_s:.{digits}f} s"
