"""When a process starts again, how it is stopped, and when it has ended for good: arithmetic."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import values
from .faults import shown
from .values import Wrong


class GiveUp(NamedTuple):
    """So many failures within so many seconds, and no more starts until asked."""

    failures: int
    within_s: float


class Policy(NamedTuple):
    """The rules for one process; the defaults are the command line's. Seconds, none below zero.

    ``jitter`` lengthens a pause by up to this fraction of it. ``success`` has exit codes and
    signals' names (``SIGTERM``) that are no failure.
    """

    threshold_s: float = 1.0
    killtime_s: float = 5.0
    min_delay_s: float = 1.0
    max_delay_s: float = 3600.0
    jitter: float = 0.0
    restart: str = "always"
    success: frozenset[int | str] = frozenset({0})
    give_up: GiveUp | None = None
    essential: bool = False
    stop_signal: str = "TERM"
    kill_mode: str = "tree"


#: A process's own rules, by the names of Policy's fields; None where it has none.
Overrides = tuple[tuple[str, Any], ...] | None

RESTARTS = ("always", "on-failure", "never")
KILL_MODES = ("tree", "process")


def in_force(overrides: Overrides, defaults: Policy) -> Policy:
    """The monitor's rules, with a process's own in their places."""
    return defaults._replace(**dict(overrides)) if overrides else defaults


def died_instantly(lived_s: float, policy: Policy) -> bool:
    """Whether a life this short calls for a pause before the next one."""
    return lived_s < policy.threshold_s


def next_delay(previous_s: float, policy: Policy) -> float:
    """The pause after one more instant death in a row; ``previous_s`` is 0 for the first.

    It doubles from ``min_delay_s`` and never exceeds ``max_delay_s``.
    """
    longest_s = max(policy.max_delay_s, policy.min_delay_s)
    return min(max(previous_s * 2, policy.min_delay_s), longest_s)


def jittered(delay_s: float, policy: Policy, chance: float) -> float:
    """A pause made longer at random; ``chance`` is from 0 to 1."""
    return delay_s * (1 + policy.jitter * chance)


def is_failure(code: int | None, signal: str | None, policy: Policy) -> bool:
    """Whether an end, by an exit code or a signal's name, is one that shouldn't be."""
    return (signal if code is None else code) not in policy.success


def starts_again(failed: bool, policy: Policy) -> bool:
    """Whether what ended by itself is to run again."""
    return policy.restart == "always" or (policy.restart == "on-failure" and failed)


def recent(failures: tuple[float, ...], now: float, policy: Policy) -> tuple[float, ...]:
    """The times of failures that still count, this one included; few: ``give_up`` bounds them."""
    if policy.give_up is None:
        return ()
    since = now - policy.give_up.within_s
    return (*[at for at in failures if at >= since], now)[-policy.give_up.failures :]


def gives_up(failures: tuple[float, ...], policy: Policy) -> bool:
    """Whether these are too many."""
    return policy.give_up is not None and len(failures) >= policy.give_up.failures


def give_up(value: Any) -> GiveUp | None:
    """``{"failures": 5, "within": 60}``, or null for never. Raises Wrong."""
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"failures", "within"}:
        raise Wrong(shown(value))
    failures = values.whole(value["failures"], 1, 1000, ".failures")
    return GiveUp(failures, values.seconds(value["within"], ".within"))
