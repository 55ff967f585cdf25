"""When a process starts again, and when it doesn't."""

from __future__ import annotations

from itertools import accumulate

import pytest

from ncolony.policy import (
    GiveUp,
    Policy,
    died_instantly,
    give_up,
    gives_up,
    in_force,
    is_failure,
    jittered,
    next_delay,
    recent,
    starts_again,
)
from ncolony.values import MAX_SECONDS, Wrong

THREE = Policy(give_up=GiveUp(3, 10.0))


def test_delays_double_up_to_the_limit() -> None:
    """The first, twice that, and so on; an odd limit is kept to."""
    policy = Policy(min_delay_s=1, max_delay_s=10)
    delays = list(accumulate(range(6), lambda previous, _: next_delay(previous, policy), initial=0))
    assert delays == [0, 1, 2, 4, 8, 10, 10]


def test_a_limit_below_the_first_delay_gives_way() -> None:
    """A file may say one of them alone, and the other is the monitor's."""
    assert next_delay(0, Policy(min_delay_s=5, max_delay_s=2)) == 5
    assert next_delay(5, Policy(min_delay_s=5, max_delay_s=2)) == 5


def test_no_delay_stays_none() -> None:
    """Who asks for no pause gets none."""
    assert next_delay(0, Policy(min_delay_s=0)) == 0


@pytest.mark.parametrize(("lived_s", "instantly"), [(0, True), (0.99, True), (1, False)])
def test_a_death_before_the_threshold_is_instant(lived_s: float, instantly: bool) -> None:
    """Who lived the threshold did not die at once."""
    assert died_instantly(lived_s, Policy(threshold_s=1)) is instantly


def test_the_defaults_are_the_command_lines() -> None:
    """Threshold, kill timeout, first and longest pause; it starts again, whatever happens."""
    assert Policy() == (
        *(1.0, 5.0, 1.0, 3600.0, 0.0),
        *("always", frozenset({0}), None, False, "TERM", "tree"),
    )


def test_a_file_has_its_own_rules_in_the_places_of_the_monitors() -> None:
    """One by one; a file without any has the monitor's very own."""
    defaults = Policy(killtime_s=9.0)
    assert in_force(None, defaults) is defaults
    overrides = (("restart", "never"), ("threshold_s", 0.0))
    assert in_force(overrides, defaults) == Policy(0.0, 9.0, restart="never")


@pytest.mark.parametrize(
    ("jitter", "chance", "pause_s"), [(0, 1, 8), (0.5, 0, 8), (0.5, 0.5, 10), (1, 1, 16)]
)
def test_a_pause_is_longer_by_chance(jitter: float, chance: float, pause_s: float) -> None:
    """Never shorter, and by no more than the fraction that is allowed."""
    assert jittered(8, Policy(jitter=jitter), chance) == pause_s


@pytest.mark.parametrize(
    ("code", "signal", "failed"),
    [
        (0, None, False),
        (3, None, False),
        (4, None, True),
        (None, "SIGTERM", False),
        (None, "SIGKILL", True),
        (15, None, True),
    ],
)
def test_a_failure_is_what_is_not_said_to_be_none(
    code: int | None, signal: str | None, failed: bool
) -> None:
    """Codes are codes and signals are signals, whatever their numbers."""
    policy = Policy(success=frozenset({0, 3, "SIGTERM"}))
    assert is_failure(code, signal, policy) is failed


def test_nothing_is_a_success_where_nothing_is_said_to_be() -> None:
    """An empty list is a list."""
    assert is_failure(0, None, Policy(success=frozenset()))


@pytest.mark.parametrize(
    ("restart", "after_failure", "after_success"),
    [("always", True, True), ("on-failure", True, False), ("never", False, False)],
)
def test_what_starts_again(restart: str, after_failure: bool, after_success: bool) -> None:
    """Three words, two kinds of ends."""
    policy = Policy(restart=restart)
    assert (starts_again(True, policy), starts_again(False, policy)) == (
        after_failure,
        after_success,
    )


def test_failures_within_the_window_count() -> None:
    """With this one, and those at its very edge."""
    assert recent((), 100.0, THREE) == (100.0,)
    assert recent((89.0, 90.0, 95.0), 100.0, THREE) == (90.0, 95.0, 100.0)
    assert not gives_up((90.0, 95.0), THREE)
    assert gives_up((90.0, 95.0, 100.0), THREE)


def test_no_more_failures_are_kept_than_count() -> None:
    """Nor any where none does."""
    assert recent((99.0,) * 9, 100.0, THREE) == (99.0, 99.0, 100.0)
    assert recent((99.0,), 100.0, Policy()) == ()
    assert not gives_up((99.0,) * 1000, Policy())


def test_how_many_failures_are_too_many_is_read() -> None:
    """So many within so many seconds, or never."""
    assert give_up(None) is None
    assert give_up({"failures": 5, "within": "1m"}) == GiveUp(5, 60.0)
    assert give_up({"within": 0, "failures": 1000}) == GiveUp(1000, 0.0)


@pytest.mark.parametrize(
    ("value", "found", "where"),
    [
        (5, "the number 5", ""),
        ([], "an empty list", ""),
        ({"failures": 5}, "an object", ""),
        ({"failures": 5, "within": 1, "x": 1}, "an object", ""),
        ({"failures": 0, "within": 1}, "the number 0", ".failures"),
        ({"failures": 1001, "within": 1}, "the number 1001", ".failures"),
        ({"failures": 1.5, "within": 1}, "the number 1.5", ".failures"),
        ({"failures": True, "within": 1}, "true", ".failures"),
        ({"failures": 1, "within": -1}, "the number -1", ".within"),
        ({"failures": 1, "within": "1y"}, 'the string "1y"', ".within"),
        ({"failures": 1, "within": MAX_SECONDS + 1}, f"the number {MAX_SECONDS + 1}", ".within"),
    ],
)
def test_what_says_nothing_of_too_many_failures_is_wrong(
    value: object, found: str, where: str
) -> None:
    """What was found, and where."""
    with pytest.raises(Wrong) as caught:
        give_up(value)
    assert (caught.value.found, caught.value.where) == (found, where)
