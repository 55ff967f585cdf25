"""The HTTP checker on a simulated machine: who is asked, judged and asked for, and when."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest

from httpchecks import BAD, GOOD, NONE, Checking
from ncolony import request
from ncolony.httpcheck.outcome import Outcome
from reactors import failures, logged
from simulatedcolony import MESSAGES, pid_of

#: A grace of three periods, and half a period because of the chance of one half.
FIRST_S = 35.0
PERIOD_S = 10.0
WHY = f"the HTTP check failed 3 times in a row: {BAD.result}"


@pytest.fixture
def checking() -> Iterator[Checking]:
    """A process that is checked and runs; the checker leaves nothing at its end."""
    found = Checking().runs().put()
    yield found
    found.finish()


def test_who_answers_is_left_alone(checking: Checking) -> None:
    """And asked in a fixed rhythm, first after its grace and a part of a period."""
    checking.advance(FIRST_S + 20 * PERIOD_S + 1)
    assert checking.servers.asked == [
        (pytest.approx(FIRST_S + at * PERIOD_S), 80) for at in range(21)
    ]
    assert checking.requests() == []
    assert checking.said == []


def test_who_answers_badly_too_often_is_restarted_once(checking: Checking) -> None:
    """With the third bad answer in a row, and says why; then a fresh grace begins."""
    checking.answers(BAD).advance(FIRST_S + 2 * PERIOD_S - 1)
    assert checking.requests() == []
    checking.advance(1.5)
    assert checking.requests() == [request.Restart("web", WHY, pid_of(1))]
    assert checking.said == [f"asked for a restart of web: {WHY}"]
    asked = len(checking.servers.asked)
    checking.advance(3 * PERIOD_S - 1)
    assert len(checking.servers.asked) == asked
    assert checking.requests() == []


def test_a_good_answer_begins_the_count_anew(checking: Checking) -> None:
    """Bad ones count only in a row."""
    for answer in (BAD, BAD, GOOD) * 10:
        checking.answers(answer).advance(PERIOD_S)
    assert checking.requests() == []


def test_no_answer_in_time_is_a_bad_one(checking: Checking) -> None:
    """The time-out covers all of a check, which is ended then."""
    checking.answers(None).advance(FIRST_S + 4)
    assert checking.servers.under_way
    checking.advance(2)
    assert checking.servers.under_way == {}
    checking.advance(2 * PERIOD_S)
    (asked,) = checking.requests()
    assert isinstance(asked, request.Restart)
    assert asked.reason == "the HTTP check failed 3 times in a row: timed out after 5 s"


def test_a_check_longer_than_a_period_leaves_the_next_ones_out(checking: Checking) -> None:
    """Never two at once of one process."""
    checking.put(timeout=25).answers(None).advance(FIRST_S + 24)
    assert len(checking.servers.asked) == 1
    checking.advance(7)
    assert len(checking.servers.asked) == 2


def test_what_cannot_be_checked_is_not_judged(checking: Checking) -> None:
    """It is said once, and once more when it is over."""
    checking.answers(NONE).advance(FIRST_S + 10 * PERIOD_S)
    assert checking.requests() == []
    assert checking.said == [f"web: {NONE.result}"]
    status = checking.status()
    assert status is not None
    assert (status.state, status.failures, status.result) == ("waiting", 0, NONE.result)
    checking.answers(GOOD).advance(PERIOD_S)
    assert len(checking.said) == 2
    assert "web can be checked again" in checking.said[1]


def test_what_cannot_be_checked_does_not_forgive(checking: Checking) -> None:
    """It counts neither way."""
    for answer in (NONE, NONE, NONE, BAD, BAD, NONE, NONE, BAD):
        checking.answers(answer).advance(PERIOD_S)
    checking.advance(1)
    assert len(checking.requests()) == 1


@pytest.mark.parametrize("state", ["BACKOFF", "STOPPED", "STOPPING"])
def test_who_does_not_run_is_not_asked(checking: Checking, state: str) -> None:
    """Nobody would be there to answer."""
    checking.answers(BAD).runs(state=state).advance(200)
    assert checking.servers.asked == []
    assert checking.requests() == []


def test_a_start_brings_a_fresh_grace_whoever_caused_it(checking: Checking) -> None:
    """Bad answers of the run before count no more."""
    checking.answers(BAD).advance(FIRST_S + PERIOD_S + 1)
    checking.runs(starts=2).advance(3 * PERIOD_S - 1)
    assert checking.requests() == []
    asked = len(checking.servers.asked)
    assert asked <= 3
    checking.advance(4 * PERIOD_S)
    assert len(checking.requests()) == 1


def test_an_answer_of_a_run_that_is_over_does_not_count(checking: Checking) -> None:
    """Somebody restarted it while it was asked."""
    checking.put(maxBad=0).answers(None).advance(FIRST_S + 1)
    (done,) = checking.servers.under_way.values()
    checking.runs(starts=2)
    done(BAD)
    checking.advance(1)
    assert checking.requests() == []
    status = checking.status()
    assert status is not None
    assert (status.failures, status.checks) == (0, 0)


def test_who_dies_after_its_last_bad_answer_is_not_restarted(checking: Checking) -> None:
    """The monitor starts it anyway; what is asked for is of the run that was checked."""
    checking.pids["web"] = pid_of(2)
    checking.put(maxBad=0).answers(BAD).advance(FIRST_S + 0.05)
    assert checking.carried_out() == []
    assert [line for line in checking.said if line.startswith("asked for a restart of web: ")]


def test_a_checker_that_was_held_up_blames_nobody(checking: Checking) -> None:
    """A time-out that is seen too late says nothing of who was asked."""
    checking.answers(None).advance(FIRST_S + 1)
    checking.system._mono += 60
    checking.advance(0)
    status = checking.status()
    assert status is not None
    assert status.failures == 0
    assert len(checking.said) == 1
    assert "held up" in checking.said[0]


def test_a_failure_of_ours_ends_no_watch(checking: Checking) -> None:
    """What can't be read for a while is tried again with the next check, and no sooner."""
    runs, looks = checking.checker._runs.run, []

    def fails(name: str) -> None:
        looks.append(checking.system.mono())
        raise RuntimeError("a test's")

    checking.checker._runs.run = fails  # type: ignore[method-assign]
    with logged() as events:
        checking.advance(FIRST_S + 10)
    assert set(failures(events)) == {"a test's"}
    assert len(looks) == len(failures(events)) <= 5
    checking.checker._runs.run = runs  # type: ignore[method-assign]
    checking.answers(BAD).advance(10 * PERIOD_S)
    assert len(checking.requests()) >= 1


def test_requests_that_cannot_be_written_are_tried_again(checking: Checking) -> None:
    """With the next bad answer; it is said once, and once more when it is over."""
    checking.answers(BAD)
    checking.system.faults.fail("write", errno.ENOSPC, MESSAGES)
    checking.advance(FIRST_S + 4 * PERIOD_S)
    assert len(checking.said) == 1
    assert checking.said[0].startswith("cannot ask for a restart of web: cannot write to /messages")
    checking.system.faults.mend("write")
    checking.advance(PERIOD_S)
    assert len(checking.requests()) == 1
    assert "restarts can be asked for again" in checking.said[1]


def test_other_contents_of_a_file_begin_anew(checking: Checking) -> None:
    """A fresh grace, by the new key; the same contents again change nothing."""
    checking.answers(BAD).advance(FIRST_S + PERIOD_S + 1)
    checking.put(period=5).advance(14)
    asked = len(checking.servers.asked)
    checking.advance(5)
    assert len(checking.servers.asked) == asked + 1


def test_who_is_not_asked_for_any_more_is_forgotten(checking: Checking) -> None:
    """Also while it is asked; its status goes as well."""
    checking.answers(None).advance(FIRST_S + 1)
    assert checking.status() is not None
    checking.remove()
    checking.advance(1)
    assert checking.servers.under_way == {}
    assert checking.status() is None
    assert checking.checker.watched == frozenset()


def test_many_are_spread_over_a_period() -> None:
    """By chance, so that they don't fall together; each keeps its place."""
    checking = Checking()
    for at in range(10):
        checking.system.random = at / 10
        checking.runs(f"p{at}").put(f"p{at}", url=f"http://127.0.0.1:{at + 1}/")
    checking.advance(30 + 9.5)
    times = [at for at, _ in checking.servers.asked]
    assert times == [pytest.approx(30 + at) for at in range(10)]
    checking.finish()


@pytest.mark.parametrize(
    ("answer", "state", "failures"), [(GOOD, "healthy", 0), (BAD, "unhealthy", 1)]
)
def test_the_status_says_how_it_is(
    checking: Checking, answer: Outcome, state: str, failures: int
) -> None:
    """Before the first answer nothing is known."""
    checking.advance(1)
    status = checking.status()
    assert status is not None
    assert (status.state, status.last, status.result) == ("waiting", None, None)
    checking.answers(answer).advance(FIRST_S)
    status = checking.status()
    assert status is not None
    assert (status.state, status.failures, status.checks) == (state, failures, 1)
    assert status.result == answer.result
    assert status.last is not None


def test_an_orderly_end_takes_the_status_away() -> None:
    """Nobody keeps it true any more."""
    checking = Checking().runs().put().advance(FIRST_S + 1)
    assert checking.status() is not None
    checking.finish()
    assert checking.status() is None


def test_a_wall_clock_that_jumps_changes_nothing(checking: Checking) -> None:
    """Neither a check nor a restart more or less."""
    for jump_s in (3600.0, -3600.0, 86400.0, -86400.0):
        checking.system.wall_ahead_s += jump_s
        checking.advance(10 * PERIOD_S)
    assert len(checking.servers.asked) == 37
    assert checking.requests() == []
