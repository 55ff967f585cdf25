"""The checker on a simulated machine: who is watched, found dead and asked for, and when."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator

import pytest

from beatchecks import HEARTS, Watching, a_beat_file
from ncolony import request
from ncolony.testing_nodes import FIFO
from simulatedcolony import CONFIG, MESSAGES, STATUS, pid_of

GRACE_S = 90.0
#: What a timer and a test's own steps may be late.
SURE_S = 0.1


@pytest.fixture
def watching() -> Iterator[Watching]:
    """One checker, which leaves nothing at its end."""
    found = Watching()
    yield found
    found.finish()


@pytest.fixture
def beating(watching: Watching) -> Watching:
    """A process that was well until now, and beats no more unless a test has it beat."""
    watching.put().runs().advance_beating(200)
    assert watching.dead() == []
    return watching


def test_who_beats_is_left_alone(beating: Watching) -> None:
    """For as long as it does."""
    beating.advance_beating(3600)
    assert beating.dead() == []
    assert beating.said == []


def test_who_ceases_to_beat_is_restarted_once(beating: Watching) -> None:
    """No later than a period and an interval after its last heartbeat."""
    assert 30.0 < beating.died_after(60) <= 30 + 10 + SURE_S
    beating.advance(GRACE_S - 1)
    assert beating.dead() == []


def test_the_request_says_why(beating: Watching) -> None:
    """So that it can be seen in the status."""
    beating.advance(45)
    (asked,) = beating.requests()
    assert isinstance(asked, request.Restart)
    assert asked.reason.startswith("no heartbeat for 30 s")
    assert asked.pid == pid_of(1)
    assert len(beating.said) == 1


def test_who_never_beats_is_restarted_when_the_grace_is_over(watching: Watching) -> None:
    """And its file is said to be missing."""
    watching.runs().put().advance(GRACE_S - 0.1)
    assert watching.requests() == []
    watching.advance(SURE_S + 0.1)
    assert watching.requests() == [
        request.Restart("web", f"no heartbeat for 90 s; {HEARTS}/web is missing", pid_of(1))
    ]


def test_a_short_period_is_looked_at_more_often(watching: Watching) -> None:
    """Who beats each half second isn't found dead ten seconds later."""
    watching.put(period=1).runs().advance_beating(20, every_s=0.3)
    assert watching.died_after(10, step_s=0.05) <= 1 + 1 + SURE_S


@pytest.mark.parametrize("jump_s", [-86400.0, -3600.0, 3600.0, 86400.0])
def test_a_wall_clock_that_jumps_restarts_nobody(beating: Watching, jump_s: float) -> None:
    """A heartbeat is a change of the file's times, whichever those are."""
    beating.system.wall_ahead_s += jump_s
    beating.advance_beating(600)
    assert beating.dead() == []


@pytest.mark.parametrize("jump_s", [-86400.0, -3600.0, 3600.0, 86400.0])
def test_a_wall_clock_that_jumps_hides_no_death(beating: Watching, jump_s: float) -> None:
    """A file from the future is as dead as any other that doesn't change."""
    beating.system.wall_ahead_s += jump_s
    assert beating.died_after(60) <= 30 + 10 + SURE_S


def test_a_heartbeat_may_replace_its_file(watching: Watching) -> None:
    """Some programs write aside and rename."""
    watching.put().runs()
    for _ in range(100):
        watching.advance(10)
        watching.system.replace(f"{HEARTS}/web", b"")
    assert watching.dead() == []


def test_a_new_run_has_a_fresh_grace(beating: Watching) -> None:
    """Also where somebody else has restarted it."""
    beating.runs(starts=2).advance(10 + GRACE_S - 1)
    assert beating.dead() == []
    assert beating.died_after(15) <= 11 + SURE_S


@pytest.mark.parametrize("state", ["STOPPED", "STOPPING", "KILLING", "BACKOFF", "FAILED", "EXITED"])
def test_who_does_not_run_is_left_alone(beating: Watching, state: str) -> None:
    """However long it doesn't."""
    beating.runs(state=state).advance(10_000)
    assert beating.dead() == []
    beating.runs(starts=2).advance(10 + GRACE_S - 1)
    assert beating.dead() == []


def test_without_a_status_a_process_is_taken_to_run(watching: Watching) -> None:
    """After a request it has a whole grace, for nobody says when it was restarted."""
    watching.put().advance_beating(200)
    assert watching.died_after(60) <= 30 + 10 + SURE_S
    assert GRACE_S <= watching.died_after(200) <= GRACE_S + SURE_S + 0.1


def test_who_is_still_the_same_run_is_asked_for_again(beating: Watching) -> None:
    """After a whole grace: the request may be lost."""
    beating.died_after(60)
    assert GRACE_S <= beating.died_after(200) <= GRACE_S + SURE_S + 0.1


def test_a_request_that_is_not_taken_stays_the_only_one(beating: Watching) -> None:
    """While the monitor is down they replace each other."""
    beating.advance(2000)
    assert beating.dead() == ["web"]


def test_a_monitor_that_ends_is_no_death(beating: Watching) -> None:
    """It takes the status files away, and whoever ran is gone."""
    beating.system.delete(f"{STATUS}/web")
    beating.advance(2000)
    assert beating.dead() == []
    beating.runs(starts=1).advance(10 + GRACE_S - 1)
    assert beating.dead() == []
    assert beating.died_after(15) <= 11 + SURE_S


@pytest.mark.parametrize("contents", [b"", b"{}", b'{"schema": 99}'])
def test_a_status_that_cannot_be_understood_hides_no_death(
    beating: Watching, contents: bytes
) -> None:
    """As of a newer monitor: it is as if there was none."""
    beating.system.replace(f"{STATUS}/web", contents)
    assert beating.died_after(60) <= 30 + 10 + SURE_S


def test_a_status_that_cannot_be_read_hides_no_death(beating: Watching) -> None:
    """Whoever may not read it judges without it."""
    beating.system.faults.fail("stamp", errno.EACCES, STATUS)
    assert beating.died_after(60) <= 30 + 10 + SURE_S


def test_a_checker_that_was_held_up_accuses_nobody(beating: Watching) -> None:
    """Others may have been as well."""
    beating.system._mono += 3600.0
    beating.advance_beating(600, every_s=9.0)
    assert beating.dead() == []


# Files


def test_a_file_without_the_key_is_not_watched(watching: Watching) -> None:
    """And costs no wake-up."""
    watching.write("web", b'{"args": ["web"]}')
    assert watching.checkers[0].watched == frozenset()
    assert watching.system.armed == 0


def test_a_file_that_is_removed_is_watched_no_more(beating: Watching) -> None:
    """Nor one that no longer asks."""
    beating.put("db").runs("db")
    beating.remove("web")
    beating.write("db", b'{"args": ["db"]}')
    beating.advance(1000)
    assert beating.dead() == []
    assert beating.system.armed == 0


def test_other_contents_bring_a_fresh_grace(beating: Watching) -> None:
    """For they bring a new run; the same contents bring neither."""
    beating.advance(20)
    beating.put().put(also="other")
    beating.advance(GRACE_S - 1)
    assert beating.dead() == []
    beating.put(also="other").advance(2)
    assert beating.dead() == ["web"]


def test_a_broken_file_is_said_once_and_not_watched(beating: Watching) -> None:
    """Until it is mended, which is said as well."""
    for _ in range(3):
        beating.write("web", b'{"ncolony.beatcheck": {"period": 0, "status": "/x"}}')
        beating.advance(1000)
    assert beating.dead() == []
    assert len(beating.said) == 1
    assert beating.said[0].startswith(
        "web is not watched: cannot use /config/web: ncolony.beatcheck.period: found the number 0;"
    )
    beating.put().advance_beating(200)
    assert len(beating.said) == 2
    assert beating.died_after(60) <= 30 + 10 + SURE_S


def test_a_file_that_is_too_long_is_broken(watching: Watching) -> None:
    """As it is for the monitor."""
    watching.write("web", a_beat_file(also="x" * (1 << 20)))
    assert watching.checkers[0].watched == frozenset()
    assert "found more than 1048576 bytes" in watching.said[0]


def test_warnings_are_said_once(beating: Watching) -> None:
    """And the rest is used."""
    for _ in range(3):
        beating.put(perod=3).advance_beating(200)
    assert beating.said == [
        'web: ncolony.beatcheck: unknown key "perod"; did you mean "period"?',
    ]


# Heartbeat files


def test_a_status_may_be_a_file(watching: Watching) -> None:
    """Then it is that, whatever the process is called."""
    watching.put(status="/hearts/other").runs().advance_beating(1000, "other")
    assert watching.dead() == []
    assert watching.died_after(60) <= 30 + 10 + SURE_S


def test_a_fifo_is_as_good_as_a_file(watching: Watching) -> None:
    """It isn't opened."""
    watching.system.special(f"{HEARTS}/web", FIFO)
    watching.system.faults.fail("read", errno.EIO, HEARTS)
    watching.runs().put(grace=1).advance(45)
    assert watching.dead() == ["web"]


def test_a_file_may_become_a_directory_and_back(watching: Watching) -> None:
    """What the path is, is looked at whenever that may have changed."""
    watching.put(status="/hearts/here").runs().advance_beating(200, "here")
    watching.system.delete(f"{HEARTS}/here")
    watching.system.make_directory(f"{HEARTS}/here")
    watching.advance_beating(1000, "here/web")
    watching.system.delete(f"{HEARTS}/here")
    watching.advance_beating(1000, "here")
    assert watching.dead() == []
    assert watching.died_after(60) <= 30 + 10 + SURE_S


def gone(watching: Watching) -> None:
    watching.system.delete(HEARTS)


def forbidden(watching: Watching) -> None:
    watching.system.faults.fail("stamp", errno.EACCES, HEARTS)


@pytest.mark.parametrize("break_it", [gone, forbidden])
def test_where_nobody_can_beat_nobody_is_judged(
    beating: Watching, break_it: Callable[[Watching], None]
) -> None:
    """A directory that is gone doesn't restart everybody: it is said, once, and when it is over."""
    break_it(beating)
    beating.advance(1000)
    assert beating.dead() == []
    assert len(beating.said) == 1
    beating.system.faults.mend("stamp")
    beating.system.make_directory(HEARTS)
    beating.advance(10)
    assert len(beating.said) == 2
    assert GRACE_S - 10 <= beating.died_after(100) <= GRACE_S + SURE_S


def test_a_trouble_of_many_is_said_once(watching: Watching) -> None:
    """A directory that vanishes isn't worth a hundred lines; nor is its return."""
    for at in range(100):
        watching.system.replace(f"{CONFIG}/p{at}", a_beat_file())
    watching.look()
    gone(watching)
    watching.advance(100)
    assert watching.said == [
        "cannot look at the heartbeat of p0, /hearts/p0: the directory /hearts is missing"
    ]
    watching.remove("p0")
    watching.system.make_directory(HEARTS)
    watching.advance(10)
    assert watching.said[1:] == ["heartbeats in /hearts can be looked at again"]


# Requests


def test_messages_that_cannot_be_written_are_said_once(beating: Watching) -> None:
    """It goes on, asks when it can, and says that."""
    beating.system.faults.fail("write", errno.ENOSPC, MESSAGES)
    beating.advance(1000)
    assert len(beating.said) == 1
    beating.system.faults.mend("write")
    beating.advance(10 + SURE_S)
    assert beating.dead() == ["web"]
    assert len(beating.said) == 3


def test_a_fault_of_our_own_stops_nobody_else_from_being_watched(beating: Watching) -> None:
    """The last resort: it is logged, and there is a next look."""
    beating.put("aaa").runs("aaa")

    def broken() -> int:
        raise RuntimeError("a fault")

    beating.checkers[0]._entries["aaa"].file.identity = broken  # type: ignore[method-assign]
    assert beating.died_after(60) <= 30 + 10 + SURE_S


def test_two_checkers_have_it_restarted_once() -> None:
    """Also where the monitor takes a request at once, and the process is back in no time."""
    watching = Watching(checkers=2)
    watching.put().runs()
    for starts in range(2, 30):
        watching.advance_beating(200 + 0.37 * starts)
        restarts = 0
        for _ in range(1200):
            watching.advance(0.05)
            if watching.carried_out() == ["web"]:
                watching.runs(starts=starts)
                restarts += 1
        assert restarts == 1, starts
    watching.finish()


@pytest.mark.parametrize("apart_s", [0.0, 0.005, 0.03, 0.06])
def test_two_checkers_in_step_have_it_restarted_once(apart_s: float) -> None:
    """At nearly the same instant, with the monitor's word 50 ms late."""
    watching = Watching()
    watching.checkers[0]._phase = 0.5
    watching.system.random = 0.5 + apart_s / 10.0
    watching.add_checker()
    watching.put().runs().advance_beating(200)
    restarts = 0
    for _ in range(6000):
        watching.advance(0.01)
        if watching.carried_out() == ["web"]:
            watching.pids["web"] = pid_of(2)
            watching.system.call_later(0.05, watching.runs, "web", 2)
            restarts += 1
    assert restarts == 1
    watching.finish()


def test_who_has_crashed_meanwhile_is_not_restarted_again(beating: Watching) -> None:
    """The request means the run that was judged, and no other one."""
    beating.pids["web"] = pid_of(2)
    beating.advance(45)
    assert beating.carried_out() == []
    assert [line for line in beating.said if line.startswith("asked for a restart of web: ")]


def test_a_long_name_can_be_asked_for(watching: Watching) -> None:
    """As long as a file's name may be."""
    name = "w" * 255
    watching.runs(name).put(name).advance(GRACE_S + SURE_S)
    assert watching.dead() == [name]
