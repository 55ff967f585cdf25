"""Who answers well and who doesn't, and when to ask again: pure judgement by monotonic time."""

from __future__ import annotations

from typing import NamedTuple

from ..httpspec import HttpCheck
from ..observing import Run
from .outcome import Outcome, Verdict


class Health(NamedTuple):
    """A process that is checked, as the checks so far have found it.

    ``due_mono`` is when it is asked next. ``failures`` is the number of bad answers one after the
    other; ``checks`` and ``restarts`` are all of them so far. ``outcome`` is the last one, None
    where nothing was asked of this run.
    """

    check: HttpCheck
    due_mono: float
    run: Run | None = None
    failures: int = 0
    checks: int = 0
    restarts: int = 0
    outcome: Outcome | None = None

    @property
    def runs(self) -> bool:
        """Whether it runs; where nobody says, it is taken to."""
        return self.run is None or self.run.running

    @property
    def state(self) -> str:
        """``waiting`` where nothing is known of it, or ``healthy`` or ``unhealthy``."""
        if not self.runs or self.outcome is None or self.outcome.verdict is Verdict.NONE:
            return "waiting"
        return "healthy" if self.outcome.verdict is Verdict.GOOD else "unhealthy"

    @property
    def is_bad(self) -> bool:
        """Whether it is to be restarted."""
        return self.runs and self.failures > self.check.max_bad

    @property
    def reason(self) -> str:
        """Why it is to be restarted, for people."""
        result = "" if self.outcome is None else f": {self.outcome.result}"
        times = "once" if self.failures == 1 else f"{self.failures} times in a row"
        return f"the HTTP check failed {times}{result}"


def begin(check: HttpCheck, now_mono: float, chance: float) -> Health:
    """A process that is checked from now on, with a whole grace before it.

    ``chance``, from 0 to 1, is where in a period its checks fall: many that begin at once are
    spread over the period, and stay so.
    """
    return Health(check, _first(check, now_mono, chance))


def anew(health: Health, now_mono: float, chance: float) -> Health:
    """The same process with a fresh grace: it was started, or somebody has asked for that."""
    due_mono = _first(health.check, now_mono, chance)
    return health._replace(due_mono=due_mono, failures=0, outcome=None)


def seen(health: Health, run: Run | None, now_mono: float, chance: float) -> Health:
    """The same process after another look at what the monitor says of it."""
    if run == health.run:
        return health
    health = health._replace(run=run)
    if run is not None and not run.running:
        return health._replace(failures=0, outcome=None)
    return anew(health, now_mono, chance)


def judged(health: Health, outcome: Outcome) -> Health:
    """The same process after a check; one that could not be made changes no count of failures."""
    failures = {
        Verdict.GOOD: 0,
        Verdict.BAD: health.failures + 1,
        Verdict.NONE: health.failures,
    }[outcome.verdict]
    return health._replace(outcome=outcome, failures=failures, checks=health.checks + 1)


def rescheduled(health: Health, now_mono: float) -> Health:
    """The same process with its next time: the rhythm stays, and what was missed is left out."""
    period_s = health.check.period_s
    missed = max((now_mono - health.due_mono) // period_s, 0.0)
    due_mono = health.due_mono + (missed + 1) * period_s
    return health._replace(due_mono=due_mono if due_mono > now_mono else due_mono + period_s)


def _first(check: HttpCheck, now_mono: float, chance: float) -> float:
    return now_mono + check.grace_s + chance * check.period_s
