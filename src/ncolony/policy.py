"""When a process starts again: arithmetic, nothing else."""

from __future__ import annotations

from typing import NamedTuple


class Policy(NamedTuple):
    """The monitor's numbers, in seconds, none below zero; the defaults are the command line's."""

    threshold_s: float = 1.0
    killtime_s: float = 5.0
    min_delay_s: float = 1.0
    max_delay_s: float = 3600.0


def died_instantly(lived_s: float, policy: Policy) -> bool:
    """Whether a life this short calls for a pause before the next one."""
    return lived_s < policy.threshold_s


def next_delay(previous_s: float, policy: Policy) -> float:
    """The pause after one more instant death in a row; ``previous_s`` is 0 for the first.

    It doubles from ``min_delay_s`` and never exceeds ``max_delay_s``.
    """
    return min(max(previous_s * 2, policy.min_delay_s), policy.max_delay_s)
