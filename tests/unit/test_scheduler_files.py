"""The scheduler's directories on a simulated machine: jobs' files, and what became of them."""

from __future__ import annotations

import errno

import pytest

from ncolony.reserve import RESERVE_FILE
from ncolony.scheduler.job import Unusable
from ncolony.scheduler.jobs import Gone, Loaded
from ncolony.scheduler.jobsdir import JobsDir
from ncolony.statusfiles import RETRY_S
from ncolony.testing import SimulatedSystem
from schedulers import STATUS, Scheduling, a_job, a_job_file

JOBS = "/jobs"


def test_a_directory_of_files_is_one_of_jobs() -> None:
    """Loaded, refused with every reason and a fingerprint, gone."""
    system = SimulatedSystem()
    system.make_directory(JOBS)
    system.put(f"{JOBS}/good", a_job_file())
    system.put(f"{JOBS}/bad", b"{}")
    system.advance(10)
    jobs = JobsDir(system, JOBS)
    found = jobs.look()
    assert found["good"] == Loaded(a_job(name="good"))
    bad = found["bad"]
    assert isinstance(bad, Unusable)
    assert bad.reason.startswith("cannot use /jobs/bad: schedule: missing")
    assert bad.fingerprint is not None
    system.remove(JOBS, "good")
    system.faults.fail("read", errno.EACCES)
    system.put(f"{JOBS}/bad", a_job_file())
    system.advance(10)
    assert jobs.look() == {
        "good": Gone(),
        "bad": Unusable("cannot read /jobs/bad: Permission denied"),
    }


@pytest.fixture
def scheduling() -> Scheduling:
    return Scheduling()


def test_files_of_jobs_that_are_no_more_go_at_the_start(scheduling: Scheduling) -> None:
    """Their files were removed while no scheduler ran."""
    scheduling.put(a_job(), a_job(name="old"))
    scheduling.advance(1)
    scheduling.stop()
    scheduling.begin()
    scheduling.put(a_job())
    assert scheduling.told().state == "waiting"
    assert scheduling.status("old") is None
    scheduling.stop()


@pytest.mark.parametrize("text", [b"", b"{}", b'{"schema": 1, "name": "job", "last_due": "never"}'])
def test_a_status_that_can_t_be_understood_is_said_and_begun_anew(
    scheduling: Scheduling, text: bytes
) -> None:
    """It stops nobody."""
    scheduling.machine.make_directory(STATUS)
    scheduling.machine.put(f"{STATUS}/job", text)
    scheduling.put(a_job())
    assert scheduling.said[0].startswith(f"cannot go on from {STATUS}/job: ")
    assert scheduling.told().runs == 0
    scheduling.stop()


def test_a_status_that_can_t_be_written_is_said_once_and_tried_again(
    scheduling: Scheduling,
) -> None:
    """Jobs run all the same; when there is room again, all is written."""
    scheduling.machine.make_directory(STATUS)
    scheduling.machine.faults.fail("write", errno.EROFS)
    scheduling.put(a_job())
    scheduling.advance(61)
    assert scheduling.starts() == [60]
    assert [line for line in scheduling.said if "cannot write" in line] == [
        f"cannot write {STATUS}/job: Read-only file system"
    ]
    scheduling.machine.faults.mend()
    scheduling.advance(RETRY_S)
    assert scheduling.told().runs == 1
    assert scheduling.said[-1] == f"{STATUS} can be written to again"
    scheduling.stop()


def test_a_directory_that_was_removed_is_made_and_filled_again(scheduling: Scheduling) -> None:
    """At the next change of any job."""
    scheduling.put(a_job(), a_job(name="other", schedule={"every": "1h"}))
    scheduling.advance(1)
    scheduling.machine.delete("/status")
    scheduling.machine.make_directory("/status")
    scheduling.advance(60)
    assert scheduling.told("other").runs == 0
    assert scheduling.told().runs == 1
    assert RESERVE_FILE in scheduling.machine.names(STATUS)
    scheduling.stop()


def test_what_can_t_be_written_at_the_end_holds_up_nothing(scheduling: Scheduling) -> None:
    """It is said, and that was it."""
    scheduling.put(a_job())
    scheduling.machine.faults.fail("write", errno.ENOSPC)
    scheduling.stop()
    assert scheduling.status() is None
