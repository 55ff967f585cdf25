"""One process that is watched."""

from __future__ import annotations

from .heartfile import HeartFile
from .hearts import Heart


class Entry:
    """A process that is watched; ``look_mono`` is when it is looked at next."""

    def __init__(self, name: str, heart: Heart, file: HeartFile) -> None:
        self.name = name
        self.heart = heart
        self.file = file
        self.look_mono = heart.changed_mono
