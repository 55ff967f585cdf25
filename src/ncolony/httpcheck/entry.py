"""One process that is checked."""

from __future__ import annotations

from collections.abc import Callable

from ..isystem import ITimer
from ..status import utc_text
from .checkfile import CheckStatus
from .health import Health


class Entry:
    """A process that is checked, and what is under way.

    ``timer`` is for what comes next. While a check is made, ``cancel`` ends it, and ``deadline``
    is the timer of its time-out, at ``deadline_mono``. ``since`` and ``last`` are dates: of its
    state, and of its last check. ``written_mono`` is when its status file was last written, or is
    about to be.
    """

    def __init__(self, name: str, health: Health, since: float) -> None:
        self.name = name
        self.health = health
        self.since = since
        self.last: float | None = None
        self.result: str | None = None
        self.written_mono = 0.0
        self.timer: ITimer | None = None
        self.cancel: Callable[[], None] | None = None
        self.deadline: ITimer | None = None
        self.deadline_mono = 0.0

    def end_check(self) -> None:
        """No check is under way any more."""
        if self.cancel is not None:
            self.cancel()
        if self.deadline is not None:
            self.deadline.cancel()
        self.cancel = self.deadline = None

    def stop(self) -> None:
        """Nothing is under way any more."""
        self.end_check()
        if self.timer is not None:
            self.timer.cancel()
        self.timer = None

    def status(self) -> CheckStatus:
        """What is published of it."""
        health = self.health
        return CheckStatus(
            self.name,
            "http",
            health.state,
            utc_text(self.since),
            None if self.last is None else utc_text(self.last),
            self.result,
            health.failures,
            health.checks,
            health.restarts,
        )
