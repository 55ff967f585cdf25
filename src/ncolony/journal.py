"""What the log says of processes: a line for each end and each refusal, within reason.

First starts aren't logged, the status has them: a line for each would double the time that a
thousand starts take.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from .describe import reason
from .isystem import ISystem, ITimer
from .model import Record, State
from .policy import Policy

#: More lines than this at once, and the rest is only counted.
AT_ONCE = 20
#: Lines wait this long, so that what happens at once is counted together.
SOON_S = 0.03

_WORTH_SAYING = frozenset((State.BACKOFF, State.EXITED, State.FAILED, State.KILLING))


class Journal:
    """Collects lines, and logs them a little later."""

    def __init__(self, system: ISystem, log: Logger, defaults: Policy) -> None:
        self._system = system
        self._defaults = defaults
        self._log = log
        self._lines: list[str] = []
        self._more = 0
        self._timer: ITimer | None = None

    def changed(self, old: Record, new: Record | None) -> None:
        """A process's record has changed."""
        if new is None:
            return
        if new.refusal is not None and new.refusal != old.refusal:
            self.say(new.refusal)
        elif new.stuck and new.stuck != old.stuck:
            self._add(lambda: f"{new.name} is {new.state}: {reason(new, self._defaults)}")
        elif new.state is old.state:
            return
        elif new.state in _WORTH_SAYING or (new.state is State.RUNNING and new.epoch > 1):
            self._add(lambda: f"{new.name} is {new.state}: {reason(new, self._defaults)}")

    def say(self, line: str) -> None:
        """Log a line soon."""
        self._add(lambda: line)

    def _add(self, line: Callable[[], str]) -> None:
        if len(self._lines) < AT_ONCE:
            self._lines.append(line())
        else:
            self._more += 1
        if self._timer is None:
            self._timer = self._system.call_later(SOON_S, self._flush)

    def _flush(self) -> None:
        self._timer = None
        lines, self._lines = self._lines, []
        more, self._more = self._more, 0
        for line in lines:
            self._log.info("{line}", line=line)
        if more:
            self._log.info("and {more} more; the status says which", more=more)

    def close(self) -> None:
        """Log what still waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._flush()
