"""Judgement of heartbeats: pure, by monotonic time alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncolony.beatcheck import hearts
from ncolony.beatcheck.hearts import MARGIN_S, Heart, Look, Verdict
from ncolony.beatspec import Beat
from ncolony.observing import Run

BEAT = Beat(30.0, 3.0, "/hearts")
START = 1000.0
GRACE_S = 90.0


def seen(heart: Heart, after_s: float, file: int | None, run: Run | None = None) -> Heart:
    """The heart after a look so long after the start."""
    return hearts.look(heart, Look(START + after_s, file, run))


def verdict(heart: Heart, after_s: float) -> Verdict:
    return hearts.verdict(heart, START + after_s)


def test_nobody_is_judged_before_the_grace_is_over() -> None:
    """Not even who never beats; then at once."""
    heart = seen(hearts.begin(BEAT, START), 0, None)
    assert verdict(heart, GRACE_S - 0.001) is Verdict.RESTING
    assert verdict(heart, GRACE_S) is Verdict.DEAD


def test_who_beats_is_well_for_a_period() -> None:
    """And dead when there was nothing for longer."""
    heart = seen(seen(hearts.begin(BEAT, START), 0, 1), 100, 2)
    assert verdict(heart, 130) is Verdict.WELL
    assert verdict(heart, 130 + MARGIN_S) is Verdict.DEAD


def test_a_file_that_vanishes_is_no_heartbeat() -> None:
    """It may be made again by the next one; until then the last one counts."""
    heart = seen(seen(seen(hearts.begin(BEAT, START), 0, 1), 100, 2), 120, None)
    assert verdict(heart, 129) is Verdict.WELL
    assert verdict(heart, 131) is Verdict.DEAD
    assert verdict(seen(heart, 129, 2), 150) is Verdict.WELL


def test_a_new_run_has_a_fresh_grace() -> None:
    """Whoever started it."""
    heart = seen(hearts.begin(BEAT, START), 0, 1, Run(True, 1, 8))
    heart = seen(heart, 200, 1, Run(True, 2, 9))
    assert verdict(heart, 200 + GRACE_S - 1) is Verdict.RESTING
    assert verdict(heart, 200 + GRACE_S) is Verdict.DEAD


def test_who_does_not_run_is_not_judged() -> None:
    """Stopped, waiting for its next start, or failed for good."""
    heart = seen(hearts.begin(BEAT, START), 0, 1, Run(False, 1, None))
    assert verdict(heart, 1000) is Verdict.RESTING


def test_who_is_said_nothing_of_is_taken_to_run() -> None:
    """Without a status directory there is no other way."""
    heart = seen(hearts.begin(BEAT, START), 0, 1, None)
    assert verdict(heart, 1000) is Verdict.DEAD


def test_time_in_which_the_checker_was_held_up_does_not_count() -> None:
    """A machine that was frozen for an hour froze the processes as well."""
    heart = seen(hearts.begin(BEAT, START), 100, 1)
    heart = hearts.look(heart, Look(START + 3710, 1, None, held_up_s=3600))
    assert verdict(heart, 3729) is Verdict.WELL
    assert verdict(heart, 3731) is Verdict.DEAD


@pytest.mark.parametrize(
    ("silent_s", "text"), [(1.5, "1.5 s"), (2.0, "2 s"), (31.04, "31 s"), (3600.0, "3600 s")]
)
def test_a_reason_says_how_long_there_was_none(silent_s: float, text: str) -> None:
    """As it is found in the status of the next run."""
    heart = hearts.begin(BEAT, START)
    assert hearts.reason(heart, START + silent_s) == f"no heartbeat for {text}"


@given(
    st.floats(0.1, 1e5), st.floats(0.01, 1e5), st.floats(0, 1e9), st.floats(0, 1, exclude_max=True)
)
def test_the_next_look_is_later_and_no_later_than_an_interval(
    period_s: float, freq_s: float, now: float, phase: float
) -> None:
    """Whatever the numbers: no loop that never lets time pass, and nobody forgotten."""
    heart = hearts.begin(Beat(period_s, 1.0, "/x"), now)
    every_s = min(period_s, freq_s)
    at = hearts.next_look(heart, now, freq_s, phase)
    assert now < at <= now + every_s + 1e-6


def test_those_with_the_same_interval_are_looked_at_together() -> None:
    """Whenever they began: one wake-up serves all."""
    beats = [hearts.begin(Beat(30.0 + i, 3.0, "/x"), START + i / 7) for i in range(20)]
    looks = {hearts.next_look(b, START + 3 + i / 7, 10.0, 0.75) for i, b in enumerate(beats)}
    assert looks == {START + 7.5}


def test_there_is_a_look_on_the_dot() -> None:
    """When the period after the last change is over, between two regular ones."""
    heart = seen(hearts.begin(BEAT, START), 200, 1)
    looked = hearts.next_look(heart, START + 225, 10.0, 0.0)
    assert looked == START + 230
    late = heart._replace(changed_mono=START + 197)
    assert hearts.next_look(late, START + 225, 10.0, 0.0) == START + 227 + MARGIN_S
