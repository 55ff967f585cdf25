"""Waiting, by a clock that moves when the waiting pauses."""

from __future__ import annotations

from collections.abc import Callable

from colonies import FakeTime

from ncolony.control.outcome import Failed, Happened, Pending, Verdict
from ncolony.control.waiting import ABSENT_S, Patience, each, until


def scripted(*verdicts: Verdict) -> Callable[[], Verdict]:
    """A look that sees these, and the last for ever."""
    rest = list(verdicts)
    return lambda: rest.pop(0) if len(rest) > 1 else rest[0]


def patience(time: FakeTime, timeout_s: float, *, for_monitor: bool = False) -> Patience:
    return Patience(timeout_s, for_monitor, time.monotonic, time.sleep)


def test_what_has_happened_needs_no_pause() -> None:
    """A condition that holds is seen at the first look."""
    time = FakeTime()
    assert until(scripted(Happened()), lambda: True, patience(time, 30)) == Happened()
    assert time.pauses_s == []


def test_looks_again_until_it_has_happened() -> None:
    """A condition that comes to hold is seen within 10 ms."""
    time = FakeTime()
    look = scripted(Pending("a"), Pending("b"), Happened())
    assert until(look, lambda: True, patience(time, 30)) == Happened()
    assert time.pauses_s == [0.01, 0.01]


def test_a_failure_ends_the_wait() -> None:
    """What can't come to hold any more is said at once."""
    time = FakeTime()
    look = scripted(Pending("a"), Failed("it died"))
    assert until(look, lambda: True, patience(time, 30)) == Failed("it died")


def test_time_is_up_says_how_it_is() -> None:
    """At the deadline, the last look is what is told."""
    time = FakeTime()
    verdict = until(scripted(Pending("it is STOPPING")), lambda: True, patience(time, 0.025))
    assert verdict == Failed("not within 0.025 s; it is STOPPING")
    assert round(time.now - 1000, 6) == 0.025


def test_no_time_at_all_is_one_look() -> None:
    """A timeout of 0 looks once, and doesn't pause."""
    time = FakeTime()
    verdict = until(scripted(Pending("x")), lambda: True, patience(time, 0))
    assert (verdict, time.pauses_s) == (Failed("not within 0 s; x"), [])


def test_a_monitor_that_just_starts_is_waited_for() -> None:
    """Who starts a monitor and asks it for something at once need not know how long it takes."""
    time = FakeTime()
    verdict = until(scripted(Happened()), lambda: time.now > 1000.08, patience(time, 30))
    assert (verdict, time.pauses_s) == (Happened(), [0.05, 0.05])


def test_without_a_monitor_nothing_is_waited_for() -> None:
    """Where none runs or comes, that is said after 2 s, and not only when all time is up."""
    time = FakeTime()
    verdict = until(scripted(Pending("x")), lambda: False, patience(time, 30))
    assert verdict == Failed("the monitor is not running")
    assert ABSENT_S <= time.now - 1000 < ABSENT_S + 0.1


def test_without_a_monitor_a_short_wait_is_no_longer() -> None:
    """At the deadline at the latest."""
    for timeout_s in (0, 0.5):
        time = FakeTime()
        verdict = until(scripted(Pending("x")), lambda: False, patience(time, timeout_s))
        assert verdict == Failed("the monitor is not running")
        assert round(time.now - 1000, 6) == timeout_s


def test_a_monitor_that_is_replaced_does_not_end_the_wait() -> None:
    """It isn't there for a moment, in which what the old one left behind counts for nothing."""
    time = FakeTime()
    verdict = until(
        lambda: Happened() if time.now > 1001 else Pending("x"),
        lambda: not 1000.1 < time.now < 1000.9,
        patience(time, 30),
    )
    assert verdict == Happened()
    assert time.now - 1000 < 1.03


def test_a_monitor_that_ends_ends_the_wait() -> None:
    """One that ends meanwhile and doesn't come again is given 2 s, and a quarter to notice."""
    time = FakeTime()
    verdict = until(scripted(Pending("x")), lambda: time.now < 1000.1, patience(time, 30))
    assert verdict == Failed("the monitor is not running")
    assert time.now - 1000 < ABSENT_S + 0.27


def test_can_wait_for_the_monitor_all_the_time() -> None:
    """Where its coming is what is waited for."""
    time = FakeTime()
    verdict = until(
        scripted(Happened()), lambda: time.now > 1020, patience(time, 30, for_monitor=True)
    )
    assert verdict == Happened()


def test_a_monitor_that_never_comes_is_told() -> None:
    """Waiting for a monitor has its deadline, too."""
    time = FakeTime()
    verdict = until(scripted(Happened()), lambda: False, patience(time, 1, for_monitor=True))
    assert verdict == Failed("not within 1 s; the monitor is not running")


def test_each_has_happened_when_all_have() -> None:
    """Several are waited for together; one that has happened isn't looked at again."""
    look = each(
        {"a": scripted(Happened(), Failed("again")), "b": scripted(Pending("x"), Happened())}
    )
    assert [look(), look()] == [Pending("b: x"), Happened()]


def test_each_names_all_that_failed_once_none_is_pending() -> None:
    """A failure doesn't end the wait for the others; three are named, the rest counted."""
    looks = {name: scripted(Failed("died")) for name in "abcd"}
    look = each({**looks, "e": scripted(Pending("x"), Happened())})
    assert look() == Pending("a: died; b: died; c: died; and 2 more")
    assert look() == Failed("a: died; b: died; c: died; and 1 more")


def test_each_ends_with_the_first_failure_where_all_must_succeed() -> None:
    """Where one can't any more, there is no use in waiting for the others."""
    looks = {"a": scripted(Pending("x"), Failed("died")), "b": scripted(Pending("x"))}
    look = each(looks, to_the_end=False)
    assert look() == Pending("a: x; b: x")
    assert look() == Failed("a: died; b: x")


def test_each_of_none_has_happened() -> None:
    """Where there is nothing to wait for, there is no wait."""
    assert each({})() == Happened()
