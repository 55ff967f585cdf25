"""How a run ended, in words, and whether that was a failure. Pure."""

from __future__ import annotations

from .runs import Run, Why


def is_failure(run: Run) -> bool:
    """Whether a run that is over ended as it shouldn't.

    One that overran is a failure whatever it made of the stop signal; one that was stopped because
    nobody wants it any more is none.
    """
    if run.why in (Why.REMOVED, Why.ENDING):
        return False
    if run.why is Why.TIMEOUT or run.end is None:
        return True
    end = run.end.signal if run.end.code is None else run.end.code
    return end not in run.spec.success


def result(run: Run) -> str:
    """A run's end: ``exit 0``, ``killed by SIGTERM after the timeout of 5 s``."""
    how = "gone"
    if run.end is not None:
        how = f"killed by {run.end.signal}" if run.end.signal else f"exit {run.end.code}"
    match run.why:
        case Why.TIMEOUT:
            return f"{how} after the timeout of {run.spec.timeout_s:g} s"
        case Why.REMOVED:
            return f"{how}, stopped because its file was removed"
        case Why.ENDING:
            return f"{how}, stopped with the scheduler"
        case Why.LEFT:
            return f"{how}; what it left running was ended"
        case _:
            return how
