"""When a process starts again."""

from __future__ import annotations

from itertools import accumulate

import pytest

from ncolony.policy import Policy, died_instantly, next_delay


def test_delays_double_up_to_the_limit() -> None:
    """The first, twice that, and so on; an odd limit is kept to."""
    policy = Policy(min_delay_s=1, max_delay_s=10)
    delays = list(accumulate(range(6), lambda previous, _: next_delay(previous, policy), initial=0))
    assert delays == [0, 1, 2, 4, 8, 10, 10]


def test_a_limit_below_the_first_delay_wins() -> None:
    """No pause is longer than allowed."""
    assert next_delay(0, Policy(min_delay_s=5, max_delay_s=2)) == 2


def test_no_delay_stays_none() -> None:
    """Who asks for no pause gets none."""
    assert next_delay(0, Policy(min_delay_s=0)) == 0


@pytest.mark.parametrize(("lived_s", "instantly"), [(0, True), (0.99, True), (1, False)])
def test_a_death_before_the_threshold_is_instant(lived_s: float, instantly: bool) -> None:
    """Who lived the threshold did not die at once."""
    assert died_instantly(lived_s, Policy(threshold_s=1)) is instantly


def test_the_defaults_are_the_command_lines() -> None:
    """Threshold, kill timeout, first and longest pause."""
    assert Policy() == (1.0, 5.0, 1.0, 3600.0)
