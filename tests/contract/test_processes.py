"""Clocks and processes, as ``isystem`` promises them."""

from __future__ import annotations

import errno

import pytest
from grounds import Both

from ncolony.isystem import Death


def test_timers_fire_once_in_the_order_of_their_times(ground: Both) -> None:
    """Not before their time, not before the call returns, with their arguments."""
    fired: list[object] = []
    begun = ground.system.mono()
    for delay_s in (0.03, 0.0, 0.02, 0.01):
        ground.system.call_later(delay_s, fired.append, delay_s)
    ground.system.call_later(0.04, lambda *args: fired.extend(args), "end", 1)
    assert fired == []
    ground.wait_until(lambda: "end" in fired)
    assert ground.system.mono() >= begun + 0.04
    assert fired == [0.0, 0.01, 0.02, 0.03, "end", 1]


def test_a_cancelled_timer_never_fires(ground: Both) -> None:
    """Cancelled before its time, it is gone."""
    fired: list[int] = []
    timer = ground.system.call_later(0.01, fired.append, 1)
    ground.system.call_later(0.03, fired.append, 2)
    timer.cancel()
    ground.wait_until(lambda: bool(fired))
    assert fired == [2]


def test_a_timer_that_fired_cannot_be_cancelled(ground: Both) -> None:
    """That is a fault of the caller, and told."""
    fired: list[int] = []
    timer = ground.system.call_later(0, fired.append, 1)
    ground.wait_until(lambda: bool(fired))
    with pytest.raises(Exception):  # noqa: B017 each machine has its own
        timer.cancel()


def test_a_process_leads_a_group_of_its_own(ground: Both) -> None:
    """Its pid is the group's; the group lives as long as somebody is in it."""
    pid = ground.start("stays")
    assert pid > 1
    assert ground.lives(pid)
    assert list(ground.system.deaths()) == []
    ground.signal(pid, "KILL")
    assert ground.wait_for_deaths(1) == [Death(pid, None, "SIGKILL")]
    assert not ground.lives(pid)


def test_a_process_that_ends_by_itself_has_a_code(ground: Both) -> None:
    """Each death comes once."""
    pid = ground.start("exits-3")
    assert ground.wait_for_deaths(1) == [Death(pid, 3, None)]
    assert list(ground.system.deaths()) == []


def test_every_death_is_told(ground: Both) -> None:
    """Many at once: each once."""
    pids = [ground.start("exits-3") for _ in range(20)]
    deaths = ground.wait_for_deaths(20)
    assert sorted(deaths) == [Death(pid, 3, None) for pid in sorted(pids)]


def test_the_news_of_a_death_comes_by_itself(ground: Both) -> None:
    """Whoever watches is called, not from the call that caused it."""
    news: list[Death] = []
    ground.system.watch_deaths(lambda: news.extend(ground.system.deaths()))
    pid = ground.start("stays")
    ground.system.signal_process(pid, "TERM")
    assert news == []
    ground.wait_until(lambda: bool(news))
    assert news == [Death(pid, None, "SIGTERM")]


def test_a_group_lives_until_its_last_member_is_reaped(ground: Both) -> None:
    """The leader's end isn't the group's; orphans are reaped as well."""
    pid = ground.start("leaves-one")
    assert ground.wait_for_deaths(1) == [Death(pid, 0, None)]
    assert ground.lives(pid)
    ground.signal(pid, "KILL")
    [orphan] = ground.wait_for_deaths(1)
    assert (orphan.code, orphan.signal) == (None, "SIGKILL")
    assert orphan.pid != pid
    assert not ground.lives(pid)


def test_term_may_be_ignored_and_kill_may_not(ground: Both) -> None:
    """A whole group ignores TERM; KILL ends it."""
    pid = ground.start("ignores-term")
    ground.signal(pid, "TERM")
    fired: list[int] = []
    ground.system.call_later(0.05, fired.append, 1)
    ground.wait_until(lambda: bool(fired))
    assert list(ground.system.deaths()) == []
    ground.signal(pid, "KILL")
    deaths = ground.wait_for_deaths(2)
    assert {death.signal for death in deaths} == {"SIGKILL"}
    assert not ground.lives(pid)


def test_who_obeys_term_may_say_a_code(ground: Both) -> None:
    """The leader's own code; the member dies of the signal."""
    pid = ground.start("obeys-with-4")
    ground.signal(pid, "TERM")
    deaths: list[Death] = []

    def gone() -> bool:
        deaths.extend(ground.system.deaths())
        return not ground.lives(pid)

    ground.wait_until(gone)
    assert Death(pid, 4, None) in deaths


def test_a_signal_to_a_process_spares_its_group(ground: Both) -> None:
    """Only the one dies."""
    pid = ground.start("ignores-term")
    ground.system.signal_process(pid, "9")
    assert ground.wait_for_deaths(1) == [Death(pid, None, "SIGKILL")]
    assert ground.lives(pid)


def test_a_stopped_process_keeps_its_signals_for_later(ground: Both) -> None:
    """TERM waits for CONT."""
    pid = ground.start("stays")
    ground.signal(pid, "STOP")
    ground.wait_until(lambda: ground.is_stopped(pid))
    ground.signal(pid, "TERM")
    fired: list[int] = []
    ground.system.call_later(0.05, fired.append, 1)
    ground.wait_until(lambda: bool(fired))
    assert list(ground.system.deaths()) == []
    ground.signal(pid, "CONT")
    assert ground.wait_for_deaths(1) == [Death(pid, None, "SIGTERM")]


def test_what_has_ended_can_still_be_signalled_until_it_is_reaped(ground: Both) -> None:
    """Nothing happens by that, nor by a signal to a group that is gone."""
    pid = ground.start("stays")
    ground.system.signal_process(pid, "KILL")
    ground.system.signal_process(pid, "TERM")
    assert ground.wait_for_deaths(1) == [Death(pid, None, "SIGKILL")]
    ground.signal(pid, "TERM")
    assert not ground.lives(pid)


def test_a_program_that_is_missing_is_an_oserror(ground: Both) -> None:
    """And leaves nothing."""
    with pytest.raises(OSError) as caught:
        ground.start("no-such-program")
    assert caught.value.errno == errno.ENOENT
    assert caught.value.strerror == "No such file or directory"
    assert list(ground.system.deaths()) == []


@pytest.mark.parametrize("name", ["TERM", "KILL", "HUP", "USR1", "STOP", "9", "15"])
def test_signals_have_names_and_numbers(ground: Both, name: str) -> None:
    """Without SIG."""
    assert ground.system.signal_known(name)


@pytest.mark.parametrize("name", ["", "SIGTERM", "term", "NONE", "0", "-9", "999", "9.0", "٩"])
def test_what_is_no_signal_is_not_known(ground: Both, name: str) -> None:
    """And can't be sent."""
    assert not ground.system.signal_known(name)
    pid = ground.start("stays")
    with pytest.raises(ValueError):
        ground.system.signal_process(pid, name)
    with pytest.raises(ValueError):
        ground.signal(pid, name)


def test_the_wall_clock_is_not_the_other_one(ground: Both) -> None:
    """One counts since 1970; neither stands."""
    assert ground.system.utc() > 1_700_000_000
    mono, utc = ground.system.mono(), ground.system.utc()
    ground.wait_until(lambda: ground.system.mono() > mono and ground.system.utc() > utc)
