"""One process that is watched."""

from __future__ import annotations

from .heartfile import HeartFile
from .hearts import Heart


class Entry:
    """A process that is watched, and what was done about it.

    ``look_mono`` is when it is looked at next. ``claimed`` says that a restart is about to be asked
    for; ``claim_ends_mono`` is until when no other checker is to ask for the same.
    """

    def __init__(self, name: str, heart: Heart, file: HeartFile) -> None:
        self.name = name
        self.heart = heart
        self.file = file
        self.look_mono = heart.changed_mono
        self.claimed = False
        self.claim_ends_mono: float | None = None

    @property
    def again_s(self) -> float:
        """For so long after a request there is no other one."""
        return max(self.heart.beat.grace_s, self.heart.beat.period_s)

    def claim_is_over(self, now_mono: float) -> bool:
        """Whether something was claimed of one that is found alive."""
        ends_mono = self.claim_ends_mono
        return self.claimed or (ends_mono is not None and now_mono >= ends_mono)
