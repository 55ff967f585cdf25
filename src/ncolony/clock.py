"""Time and chance of the real machine, as ``isystem.IClock`` describes them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from .disk import Disk
from .isystem import ITimer


class Clock:
    """Time, and timers of a Twisted reactor. Provides IClock."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self.chance = random.random
        self.mono = time.monotonic
        self.utc = time.time

    def call_later(self, delay_s: float, function: Callable[..., None], *args: object) -> ITimer:
        timer: ITimer = self._reactor.callLater(delay_s, function, *args)
        return timer


class ClockedDisk(Clock, Disk):
    """All of a machine that those need who work with a colony's files. Provides IClockedFiles."""

    def __init__(self, reactor: Any) -> None:
        Clock.__init__(self, reactor)
        Disk.__init__(self, alone=False)
