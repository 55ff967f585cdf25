"""Jobs on a simulated machine: due, run, ended at their timeouts, changed, removed, asked for."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from ncolony.isystem import Writers
from ncolony.scheduler.plan import LATE_S, LEAP_S, LOOK_S
from ncolony.scheduler.runs import FIRST_LOOK_S, KILL_AGAIN_S
from ncolony.spec import ProcessSpec
from ncolony.testing import Program
from schedulers import Machine, Scheduling, a_job, seconds


@pytest.fixture
def scheduling() -> Any:
    found = Scheduling()
    yield found
    found.stop()


def test_a_job_runs_each_period_after_it_was_first_seen(scheduling: Scheduling) -> None:
    """Not at the start; how each run ended is known."""
    scheduling.put(a_job())
    assert scheduling.told().next == "2026-06-01T12:01:00.000Z"
    scheduling.advance(180)
    assert scheduling.starts() == [60, 120, 180]
    found = scheduling.told()
    assert (found.state, found.runs, found.failures, found.last_result) == (
        "waiting", 3, 0, "exit 0"
    )  # fmt: skip
    assert found.success is True
    assert found.last_start == "2026-06-01T12:03:00.000Z"


def test_at_start_is_a_run_beside_the_schedule(scheduling: Scheduling) -> None:
    """The next one comes a period after it."""
    scheduling.put(a_job(at_start=True))
    scheduling.advance(60)
    assert scheduling.starts() == [0, 60]


def test_jitter_delays_each_start_and_moves_no_schedule(scheduling: Scheduling) -> None:
    """Half of it, by this machine's dice."""
    scheduling.put(a_job(jitter=20))
    assert scheduling.told().next == "2026-06-01T12:01:10.000Z"
    scheduling.advance(131)
    assert scheduling.starts() == [70, 130]


def test_jitter_above_the_distance_loses_no_run(scheduling: Scheduling) -> None:
    """Each has its own delay."""
    scheduling.put(a_job(schedule={"cron": "* * * * *"}, jitter=300))
    scheduling.advance(500)
    assert scheduling.starts() == [210, 270, 330, 390, 450]


def test_a_disabled_job_runs_only_when_asked(scheduling: Scheduling) -> None:
    """It is known, and says so."""
    scheduling.put(a_job(enabled=False, at_start=True))
    scheduling.advance(600)
    found = scheduling.told()
    assert (scheduling.starts(), found.state, found.next) == ([], "disabled", None)
    assert scheduling.run() is None
    scheduling.advance(1)
    assert len(scheduling.starts()) == 1
    scheduling.put(a_job())
    scheduling.advance(60)
    assert len(scheduling.starts()) == 2


# Ends


def test_a_run_that_overruns_is_asked_to_end(scheduling: Scheduling) -> None:
    """That is a failure, and says why."""
    scheduling.put(a_job("long", timeout=5))
    scheduling.advance(64)
    assert scheduling.told().state == "running"
    scheduling.advance(2)
    found = scheduling.told()
    assert (found.last_result, found.failures, found.pid) == (
        "killed by SIGTERM after the timeout of 5 s", 1, None
    )  # fmt: skip


def test_a_run_that_is_deaf_is_killed_after_its_grace(scheduling: Scheduling) -> None:
    """With all that it started."""
    scheduling.machine.programs["deaf"] = Program(obeys_term=False, members=2, daemons=1)
    scheduling.put(a_job("deaf", timeout=5, grace=2))
    scheduling.advance(66)
    assert scheduling.told().reason == "TERM sent: the timeout of 5 s is over"
    scheduling.advance(1.1)
    assert scheduling.machine.living() == []
    assert "SIGKILL after the timeout" in str(scheduling.told().last_result)


def test_what_can_t_be_killed_is_killed_again_and_blocks_its_next_run(
    scheduling: Scheduling,
) -> None:
    """Until it is gone, it runs."""
    scheduling.machine.programs["stuck"] = Program(obeys_term=False, killable=False)
    scheduling.put(a_job("stuck", timeout=5, grace=1))
    scheduling.advance(130)
    found = scheduling.told()
    assert (found.reason, found.skipped) == ("KILL sent: the timeout of 5 s is over", 1)
    (process,) = scheduling.machine.living()
    assert process.received.count("KILL") == pytest.approx(64 / KILL_AGAIN_S, abs=2)
    scheduling.machine.end(process.pid)
    scheduling.advance(1)


def test_what_a_job_leaves_running_is_ended_before_its_next_run(scheduling: Scheduling) -> None:
    """A run is over when nobody of it is left; its own end counts."""
    scheduling.put(a_job("leaves"))
    scheduling.advance(62 + FIRST_LOOK_S)
    found = scheduling.told()
    assert (found.last_result, found.failures) == ("exit 0; what it left running was ended", 0)
    assert found.last_duration == 1.0


def test_what_is_left_and_deaf_is_killed(scheduling: Scheduling) -> None:
    """After the same grace; meanwhile the job runs."""
    scheduling.machine.programs["leaves"] = Program(lives_s=1.0, members=1, members_obey_term=False)
    scheduling.put(a_job("leaves", grace=3))
    scheduling.advance(63)
    assert scheduling.told().reason.startswith("TERM sent: its process has ended")
    scheduling.advance(2)
    assert scheduling.told().state == "waiting"


def test_ends_that_are_no_failures_are_named_by_the_file(scheduling: Scheduling) -> None:
    """Codes and signals."""
    scheduling.machine.programs["quick"] = Program(lives_s=0.1, code=3)
    scheduling.put(a_job(name="a", success=[3]), a_job(name="b"))
    scheduling.advance(61)
    assert (scheduling.told("a").failures, scheduling.told("b").failures) == (0, 1)
    assert (scheduling.told("a").success, scheduling.told("b").success) == (True, False)


def test_a_program_that_isn_t_there_is_a_failure_with_its_reason(scheduling: Scheduling) -> None:
    """And the next run is tried."""
    scheduling.put(a_job("missing"))
    scheduling.advance(121)
    found = scheduling.told()
    assert (found.runs, found.failures, found.last_exit, found.state) == (2, 2, None, "waiting")
    assert found.last_result == "cannot start missing: No such file or directory"


def test_output_that_can_t_be_had_is_a_failure_with_its_reason(scheduling: Scheduling) -> None:
    """Nothing is started."""
    scheduling.output.failure = OSError(errno.EMFILE, "Too many open files")
    scheduling.put(a_job())
    scheduling.advance(61)
    assert scheduling.told().last_result == "cannot start quick: Too many open files"


def test_a_signal_that_may_not_be_sent_is_said(scheduling: Scheduling) -> None:
    """And changes nothing else: KILL comes in its time."""
    scheduling.put(a_job("long", timeout=5))
    scheduling.advance(61)
    scheduling.machine.faults.fail("signal_tree", errno.EPERM)
    scheduling.advance(5)
    assert scheduling.said == ["cannot signal job: Operation not permitted"]
    scheduling.machine.faults.mend()
    scheduling.advance(6)
    assert scheduling.told().state == "waiting"


# Overlap


def test_a_run_that_is_due_during_another_is_left_out(scheduling: Scheduling) -> None:
    """And counted."""
    scheduling.machine.programs["slow"] = Program(lives_s=90.0)
    scheduling.put(a_job("slow"))
    scheduling.advance(250)
    assert scheduling.starts() == [60, 180]
    assert scheduling.told().skipped == 2


def test_a_run_may_wait_for_the_other_s_end(scheduling: Scheduling) -> None:
    """One does; more are left out."""
    scheduling.machine.programs["slow"] = Program(lives_s=150.0)
    scheduling.put(a_job("slow", overlap="wait"))
    scheduling.advance(221)
    assert scheduling.starts() == [60, 210]
    assert scheduling.told().skipped == 1


def test_a_run_may_run_beside_the_other(scheduling: Scheduling) -> None:
    """As many as there are."""
    scheduling.put(a_job("long", overlap="allow"))
    scheduling.advance(181)
    assert scheduling.starts() == [60, 120, 180]
    assert len(scheduling.machine.living()) == 3


def test_who_is_removed_before_its_next_run_begins_leaves_no_pipe(scheduling: Scheduling) -> None:
    """A busy machine: its run has ended, while the next one waits for its turn to start."""
    names = [f"j{at}" for at in range(40)]
    scheduling.machine.programs["slow"] = Program(lives_s=62.0)
    scheduling.put(*[a_job("slow", name=name, overlap="allow") for name in names])
    scheduling.advance(61)
    scheduling.machine.spawn_takes_s = 1.0  # from here on a turn takes some of them longer
    scheduling.machine.call_later(63, scheduling.remove, *names)
    scheduling.advance(60)
    assert len(scheduling.machine.started) < 2 * len(names)
    scheduling.advance(60)
    assert scheduling.machine.living() == []
    assert scheduling.output.kept == set()


def test_a_run_keeps_its_pipe_where_another_one_can_t_start(scheduling: Scheduling) -> None:
    """Also where both have their turn at the same time."""
    names = [f"j{at}" for at in range(40)]
    scheduling.put(*[a_job("long", name=name, overlap="allow") for name in names])
    scheduling.machine.spawn_takes_s = 1.0
    writers, asked = scheduling.output.writers, []

    def failing_once(spec: ProcessSpec) -> Writers:
        if spec.name == names[-1]:
            asked.append(spec.name)
            if len(asked) == 1:
                raise OSError(errno.EMFILE, "Too many open files")
        return writers(spec)

    scheduling.output.writers = failing_once  # type: ignore[method-assign]
    scheduling.machine.call_later(62, scheduling.run, names[-1])  # while it waits for its turn
    scheduling.advance(61)
    assert len(asked) == 2
    assert scheduling.output.kept == set(names)


# Files


def test_a_run_goes_on_when_its_file_changes(scheduling: Scheduling) -> None:
    """With the file that it was started by; the new schedule begins now."""
    scheduling.put(a_job("long", timeout=30))
    scheduling.advance(70)
    scheduling.put(a_job("quick", schedule={"every": 100}))
    scheduling.advance(19)
    assert [process.name for process in scheduling.machine.living()] == ["job"]
    scheduling.advance(2)
    assert scheduling.told().last_result == "killed by SIGTERM after the timeout of 30 s"
    scheduling.advance(80)
    assert scheduling.starts() == [60, 170]


def test_a_change_that_isn_t_one_of_the_schedule_keeps_it(scheduling: Scheduling) -> None:
    """The next run is due when it was."""
    scheduling.put(a_job())
    scheduling.advance(30)
    scheduling.put(a_job(timeout=5))
    scheduling.advance(31)
    assert scheduling.starts() == [60]


def test_a_removed_job_is_stopped_and_forgotten(scheduling: Scheduling) -> None:
    """Its status goes when its run is over, and says so until then."""
    scheduling.put(a_job("deaf", grace=2))
    scheduling.advance(61)
    scheduling.remove("job")
    assert scheduling.told().reason == "TERM sent: its file was removed"
    scheduling.advance(2)
    assert scheduling.status() is None
    scheduling.advance(600)
    assert scheduling.starts() == [60]
    scheduling.remove("never was")


def test_a_job_that_is_back_before_its_run_is_over_is_a_new_one(scheduling: Scheduling) -> None:
    """It runs no second time at once."""
    scheduling.put(a_job("deaf", grace=100))
    scheduling.advance(61)
    scheduling.remove("job")
    scheduling.put(a_job("quick"))
    scheduling.advance(61)
    assert (scheduling.told().skipped, scheduling.starts()) == (1, [60])
    scheduling.advance(60)
    assert scheduling.told().runs == 1


def test_a_file_that_can_t_be_used_leaves_the_last_good_one_in_force(
    scheduling: Scheduling,
) -> None:
    """The status says what is wrong, and so does the log, once."""
    scheduling.put(a_job())
    scheduling.refuse("job", "cannot use it")
    scheduling.refuse("job", "cannot use it")
    scheduling.refuse("other", "cannot use this")
    scheduling.advance(61)
    assert scheduling.starts() == [60]
    assert (scheduling.told().state, scheduling.told().refused) == ("waiting", "cannot use it")
    other = scheduling.told("other")
    assert (other.state, other.reason) == ("refused", "cannot use this")
    assert scheduling.said[:2] == ["cannot use it", "cannot use this"]
    assert scheduling.run("other") == "cannot use this"
    scheduling.put(a_job())
    assert scheduling.told().refused is None


# Requests


def test_a_run_that_is_asked_for_begins_at_once(scheduling: Scheduling) -> None:
    """And moves no schedule."""
    scheduling.put(a_job())
    scheduling.advance(30)
    assert scheduling.run() is None
    scheduling.advance(30)
    assert scheduling.starts() == [30, 60]


def test_a_run_that_can_t_be_is_refused_with_a_reason(scheduling: Scheduling) -> None:
    """Nobody has that name; it runs already."""
    assert scheduling.run("nobody") == "no job is named 'nobody'"
    scheduling.put(a_job("long"), a_job("long", name="waits", overlap="wait"))
    assert (scheduling.run(), scheduling.run("waits"), scheduling.run("waits")) == (None,) * 3
    assert scheduling.run() == "job is running, and its overlap is skip"
    assert scheduling.run("waits") == "waits is running, and its next run waits for that already"
    scheduling.remove("job")
    assert scheduling.run() == "no job is named 'job'"


# The wall clock


def cron(**others: Any) -> Any:
    """A job that runs at each full hour."""
    return a_job(schedule={"cron": "0 * * * *", "timezone": "UTC"}, **others)


def test_a_clock_that_goes_forward_over_a_time_has_it_made_up_for(scheduling: Scheduling) -> None:
    """Once, however many there were; the next comes in its time."""
    scheduling.put(cron())
    scheduling.advance(600)
    scheduling.jump(3 * 3600)
    scheduling.advance(LOOK_S + 0.1)
    assert len(scheduling.starts()) == 1
    scheduling.advance(3000)
    assert scheduling.starts()[1:] == [3600]


def test_a_clock_that_goes_forward_leaves_it_out_where_the_file_says_so(
    scheduling: Scheduling,
) -> None:
    """Without ``catch_up``."""
    scheduling.put(cron(catch_up=False))
    scheduling.advance(600)
    scheduling.jump(3 * 3600)
    scheduling.advance(3100)
    assert scheduling.starts() == [3600]


def test_a_clock_that_goes_back_a_little_repeats_nothing(scheduling: Scheduling) -> None:
    """What has run has run; it goes on after that."""
    scheduling.put(cron())
    scheduling.advance(3610)
    scheduling.jump(-LEAP_S)
    scheduling.advance(3 * 3600)
    assert scheduling.starts() == [3600]
    scheduling.advance(3600)
    assert scheduling.starts() == [3600, 3600 + 4 * 3600]


def test_a_clock_that_is_set_to_another_day_goes_on_from_there(scheduling: Scheduling) -> None:
    """What the new day asks for runs, though this job has run at a later date."""
    scheduling.put(cron())
    scheduling.advance(3610)
    scheduling.jump(-86400)
    scheduling.advance(3600)
    assert scheduling.starts() == [3600, 7200]


def test_what_is_due_before_the_jump_was_noticed_isn_t_lost(scheduling: Scheduling) -> None:
    """The clock is looked at each 10 s."""
    scheduling.put(cron())
    scheduling.advance(3600 + LOOK_S / 2)
    scheduling.jump(-86400 - LOOK_S)  # five seconds to the hour
    scheduling.advance(LOOK_S + 0.1)
    assert len(scheduling.starts()) == 2


def test_a_clock_that_is_put_right_bit_by_bit_keeps_jobs_on_time(scheduling: Scheduling) -> None:
    """NTP makes it go slower or faster by up to 500 ppm: 2 s an hour."""
    scheduling.put(cron())
    for _ in range(360):
        scheduling.jump(-0.005)
        scheduling.advance(10)
    assert scheduling.starts() == []
    scheduling.advance(3)
    (mono,) = [mono for _, mono in scheduling.machine.started]
    due_utc = seconds("2026-06-01T13:00:00")
    assert abs(mono + scheduling.machine.wall_ahead_s - due_utc) < 0.05


def test_every_isn_t_concerned_by_the_wall_clock(scheduling: Scheduling) -> None:
    """It goes by the other one."""
    scheduling.put(a_job())
    for by_s in (3600, -3600, 86400, -86400):
        scheduling.advance(30)
        scheduling.jump(by_s)
    scheduling.advance(70)
    assert scheduling.starts() == [60, 120, 180]


def test_at_rest_the_clock_is_looked_at_only_for_those_that_go_by_it(
    scheduling: Scheduling,
) -> None:
    """One timer for all that is due; another while there is a cron expression."""
    scheduling.put(*[a_job(name=f"j{i}") for i in range(50)])
    scheduling.advance(1)
    assert scheduling.machine.armed == 1
    scheduling.put(cron())
    scheduling.advance(1)
    assert scheduling.machine.armed == 2
    scheduling.remove("job")
    scheduling.advance(1)
    assert scheduling.machine.armed == 1


# Another scheduler


def restarted(scheduling: Scheduling, down_s: float, *specs: Any, by_s: float = 0.0) -> None:
    """Stop the scheduler, wait, and begin another one."""
    scheduling.stop()
    scheduling.machine.advance(down_s)
    scheduling.jump(by_s)
    scheduling.begin()
    scheduling.put(*specs)
    scheduling.machine.advance(0.1)


def test_results_are_kept(scheduling: Scheduling) -> None:
    """And the schedule goes on as if nothing had been."""
    scheduling.put(a_job())
    scheduling.advance(61)
    restarted(scheduling, 20, a_job())
    found = scheduling.told()
    assert (found.runs, found.last_result) == (1, "exit 0")
    scheduling.advance(60)
    assert scheduling.starts() == [60, pytest.approx(120, abs=0.01)]


@pytest.mark.parametrize("schedule", [{"every": 60}, {"cron": "* * * * *"}])
@pytest.mark.parametrize("catch_up", [True, False])
def test_what_was_missed_is_made_up_for_once_or_not(
    scheduling: Scheduling, schedule: dict[str, Any], catch_up: bool
) -> None:
    """As the file says; then it goes on in its own rhythm."""
    job = a_job(schedule=schedule, catch_up=catch_up)
    scheduling.put(job)
    scheduling.advance(30)
    restarted(scheduling, 600, job)
    assert len(scheduling.starts()) == catch_up
    scheduling.advance(60)
    assert scheduling.starts()[-1] == pytest.approx(660, abs=0.01)


def test_who_is_hardly_late_has_missed_nothing(scheduling: Scheduling) -> None:
    """A restart of the scheduler takes a second."""
    job = a_job(catch_up=False)
    scheduling.put(job)
    scheduling.advance(59)
    restarted(scheduling, LATE_S - 1, job)
    assert len(scheduling.starts()) == 1


def test_a_schedule_that_changed_meanwhile_begins_anew(scheduling: Scheduling) -> None:
    """Nobody missed a run of a schedule that wasn't."""
    scheduling.put(a_job())
    scheduling.advance(30)
    restarted(scheduling, 600, a_job(schedule={"every": "2m"}))
    assert scheduling.starts() == []
    scheduling.advance(120)
    assert scheduling.starts() == [pytest.approx(750, abs=0.2)]


def test_a_date_ahead_of_the_clock_counts_as_now(scheduling: Scheduling) -> None:
    """The clock was set back while nobody looked: it isn't silent until that date."""
    jobs = (a_job(), a_job(name="cron", schedule={"cron": "* * * * *"}))
    scheduling.put(*jobs)
    scheduling.advance(61)
    restarted(scheduling, 1, *jobs, by_s=-86400)
    scheduling.advance(61)
    assert (len(scheduling.starts()), len(scheduling.starts("cron"))) == (2, 2)


def test_at_start_and_what_was_missed_are_one_run(scheduling: Scheduling) -> None:
    """Also where what was missed wouldn't be made up for."""
    job = a_job(at_start=True, catch_up=False)
    scheduling.put(job)
    scheduling.advance(1)
    restarted(scheduling, 600, job)
    assert len(scheduling.starts()) == 2


# The end


def test_a_run_is_stopped_with_the_scheduler() -> None:
    """TERM, then KILL after its own grace; that is no failure."""
    scheduling = Scheduling(Machine())
    scheduling.put(a_job("deaf", grace=2), a_job("long", name="other", overlap="wait"))
    scheduling.advance(121)
    scheduling.stop(within_s=2.2)
    found = scheduling.told()
    assert (found.last_result, found.failures) == (
        "killed by SIGKILL, stopped with the scheduler", 0
    )  # fmt: skip
    assert scheduling.told("other").last_result == "killed by SIGTERM, stopped with the scheduler"


def test_who_can_t_wait_has_them_killed_at_once() -> None:
    """A second request to stop."""
    scheduling = Scheduling()
    scheduling.put(a_job("deaf", grace=100))
    scheduling.advance(61)
    scheduling.jobs.stop(lambda: None)
    scheduling.jobs.kill_now()
    scheduling.machine.advance(0.1)
    assert scheduling.machine.living() == []


def test_a_thousand_at_once_leave_the_reactor_its_turn() -> None:
    """Starts go in slices, and status files wait for them."""
    scheduling = Scheduling()
    scheduling.machine.spawn_takes_s = 0.0005
    scheduling.put(*[a_job(name=f"j{i}") for i in range(1000)])
    gaps: list[float] = []
    last = scheduling.machine.mono()

    def tick() -> None:
        nonlocal last
        gaps.append(scheduling.machine.mono() - last)
        last = scheduling.machine.mono()
        if len(gaps) < 200:
            scheduling.machine.call_later(0.01, tick)

    scheduling.advance(59.9)
    last = scheduling.machine.mono()
    scheduling.machine.call_later(0.01, tick)
    scheduling.advance(3)
    assert len(scheduling.machine.started) == 1000
    assert max(gaps) < 0.06
    scheduling.stop()
