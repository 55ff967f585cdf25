"""Orphans of unknown origin: they are buried when they end, and ended when the colony does.

Whoever left its parent and took off its mark has been handed to the monitor all the same. It
belongs to no run, so that no run's end is its; but a monitor leaves nothing behind.
"""

from __future__ import annotations

from contextlib import suppress

from .isystem import ISystem, ITimer

#: Those who turn up later, because their parent has just been ended, are killed so soon.
AGAIN_S = 0.1


class Strangers:
    """Ends them: TERM first, and KILL at the same time as everybody else."""

    def __init__(self, system: ISystem) -> None:
        self._system = system
        self._timer: ITimer | None = None

    def live(self) -> bool:
        """Whether there are any."""
        return bool(self._system.strangers())

    def end(self, killtime_s: float) -> None:
        """Begin to end them; with 0, at once."""
        self.close()
        if killtime_s > 0:
            self._signal("TERM")
            self._timer = self._system.call_later(killtime_s, self._kill)
        else:
            self._kill()

    def _kill(self) -> None:
        self._timer = self._system.call_later(AGAIN_S, self._kill)
        self._signal("KILL")

    def _signal(self, signal: str) -> None:
        with suppress(OSError):  # another user's
            self._system.signal_strangers(signal)

    def close(self) -> None:
        """Wait no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
