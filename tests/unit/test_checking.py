"""Configuration checked without a monitor."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from colonies import FakeColony

from ncolony import ctllib
from ncolony.control.checking import Finding


@pytest.fixture
def colony(tmp_path: Path) -> FakeColony:
    return FakeColony(tmp_path)


def test_good_files_bring_no_findings(colony: FakeColony) -> None:
    """Where all is well, nothing is said; files the monitor passes over don't count."""
    colony.configure("web", "db")
    colony.configure("web.new", ".x", text="?")
    assert ctllib.check(colony.places) == []


def test_every_fault_is_told_with_file_and_field(colony: FakeColony) -> None:
    """All files are read, and all the faults of each are told."""
    colony.configure("a", text='{"args": [], "uid": -1}')
    colony.configure("b")
    colony.configure("c", text="[]")
    found = ctllib.check(colony.places)
    assert [(Path(f.file).name, f.field, f.is_warning) for f in found] == [
        ("a", "args", False),
        ("a", "uid", False),
        ("c", "", False),
    ]
    assert str(found[1]).startswith(f"{colony.config}/a: uid: found the number -1; allowed: ")


def test_a_warning_is_no_fault(colony: FakeColony) -> None:
    """A key that is probably a slip is told as a warning."""
    colony.configure("a", text='{"args": ["x"], "evn": {}}')
    (found,) = ctllib.check(colony.places)
    assert found.is_warning
    assert str(found) == f'{colony.config}/a: warning: unknown key "evn"; did you mean "env"?'


def test_a_named_file_is_checked_under_any_name(colony: FakeColony) -> None:
    """A file can be checked before it is moved into place."""
    colony.configure("web.new")
    file = str(colony.config / "web.new")
    (found,) = ctllib.check(colony.places, [file])
    assert (found.field, found.is_warning) == ("name", True)


def test_what_cannot_be_read_is_a_fault_and_blocks_nobody(colony: FakeColony) -> None:
    """A FIFO, a folder, a file that isn't there, one that is too long: one fault each."""
    os.mkfifo(colony.config / "fifo")
    (colony.config / "long").write_bytes(b" " * (1 << 20) + b"x")
    files = [str(colony.config / name) for name in ("fifo", "nothing", "long")]
    found = ctllib.check(colony.places, [*files, str(colony.folder)])
    assert [f.message for f in found] == [
        "cannot read it: it is not a regular file",
        "cannot read it: No such file or directory",
        "found more than 1048576 bytes; allowed: at most 1048576",
        "cannot read it: it is not a regular file",
    ]


def test_what_is_not_on_this_machine_is_a_warning(colony: FakeColony) -> None:
    """Accounts, directories and files that a file names may be there only in a container."""
    document = {
        "args": ["x"],
        "uid": "nobody-of-this-name",
        "gid": "no-such-group",
        "supplementary_groups": [0, "no-such-group"],
        "cwd": "/nowhere",
        "env_file": ["/nowhere/e", "/etc/passwd"],
        "env_from": {"A": "/nowhere/s"},
    }
    colony.configure("a", text=json.dumps(document))
    found = ctllib.check(colony.places)
    assert all(f.is_warning for f in found)
    assert [(f.field, f.message) for f in found] == [
        ("uid", "no user is named 'nobody-of-this-name' here"),
        ("gid", "no group is named 'no-such-group' here"),
        ("supplementary_groups", "no group is named 'no-such-group' here"),
        ("cwd", "no directory /nowhere is here"),
        ("env_file", "no file /nowhere/e is here"),
        ("env_from", "no file /nowhere/s is here"),
    ]
    document = {"args": ["x"], "uid": "root", "gid": "root", "cwd": "/", "env_file": "/etc/passwd"}
    colony.configure("a", text=json.dumps(document))
    assert ctllib.check(colony.places) == []


def test_the_checkers_keys_are_checked(colony: FakeColony) -> None:
    """Each fault in a line of its own, beside those of the monitor's keys."""
    document = {
        "args": ["x"],
        "ncolony.beatcheck": {"period": 0, "grase": 1},
        "ncolony.httpcheck": {"url": "ftp://x", "period": 10, "text": "a", "method": "HEAD"},
    }
    colony.configure("a", text=json.dumps(document))
    colony.configure("b", text=json.dumps({"ncolony.httpcheck": {"url": "http://x", "priod": 1}}))
    colony.configure("c", text='{"args": ["x"], "ncolony.beatcheck": 5}')
    found = ctllib.check(colony.places)
    assert [(Path(f.file).name, f.field, f.is_warning) for f in found] == [
        ("a", "ncolony.beatcheck.period", False),
        ("a", "ncolony.beatcheck.status", False),
        ("a", "ncolony.httpcheck.url", False),
        ("b", "args", False),
        ("b", "ncolony.httpcheck.period", False),
        ("c", "ncolony.beatcheck", False),
    ]
    assert found[1].message.startswith("missing; allowed: ")


def test_what_a_checker_would_warn_of_is_a_warning(colony: FakeColony) -> None:
    """An unknown key, a path that depends on where one is, and what isn't on this machine."""
    beat = {"period": 1, "status": "/nowhere/hearts/", "grase": 1}
    http = {"url": "https://x", "period": 1, "ca": "/nowhere/ca"}
    both = {"args": ["x"], "ncolony.beatcheck": beat, "ncolony.httpcheck": http}
    colony.configure("a", text=json.dumps(both))
    beat = {"period": 1, "status": "hearts/web"}
    colony.configure("b", text=json.dumps({"args": ["x"], "ncolony.beatcheck": beat}))
    found = ctllib.check(colony.places)
    assert all(f.is_warning for f in found)
    assert [(Path(f.file).name, f.field, f.message[:47]) for f in found] == [
        ("a", "", 'ncolony.beatcheck: unknown key "grase"; did you'),
        ("a", "ncolony.beatcheck.status", "no directory /nowhere/hearts is here"),
        ("a", "ncolony.httpcheck.ca", "no file /nowhere/ca is here"),
        ("b", "", 'ncolony.beatcheck.status: "hearts/web" is looke'),
    ]


def test_jobs_are_checked_as_the_scheduler_reads_them(colony: FakeColony) -> None:
    """After the processes, where there is a directory of them."""
    colony.configure("a")
    jobs = colony.folder / "jobs"
    jobs.mkdir()
    (jobs / "good").write_text('{"args": ["x"], "schedule": {"every": 5}, "cwd": "/nowhere"}')
    (jobs / "bad").write_text('{"args": ["x"], "restart": "always", "grace": -1}')
    found = ctllib.check(colony.places)
    assert [(f.file, f.field, f.is_warning) for f in found] == [
        (f"{jobs}/bad", "schedule", False),
        (f"{jobs}/bad", "grace", False),
        (f"{jobs}/bad", "restart", False),
        (f"{jobs}/good", "cwd", True),
    ]


def test_jobs_that_cannot_be_listed_hide_no_process(colony: FakeColony) -> None:
    """It is a fault beside the others."""
    colony.configure("a", text="[]")
    (colony.folder / "jobs").touch()
    found = ctllib.check(colony.places)
    assert [Path(f.file).name for f in found] == ["jobs", "a"]
    assert str(found[0]) == f"{colony.folder}/jobs: cannot list it: Not a directory"


def test_which_files_are_jobs(colony: FakeColony, tmp_path: Path) -> None:
    """By where they are; elsewhere by their schedule."""
    process = '{"args": ["x"], "schedule": {"each": 5}}'
    colony.configure("process", text=process)
    for folder in ("jobs", "other", "elsewhere/.jobs"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "scheduled").write_text(process)
        (tmp_path / folder / "not").write_text('{"args": ["x"]}')
    (tmp_path / "other" / "no.json").write_text("[")
    files = sorted(str(path) for path in tmp_path.rglob("*") if path.is_file())
    found = ctllib.check(colony.places, files)
    assert [(os.path.relpath(f.file, tmp_path), f.field, f.is_warning) for f in found] == [
        ("config/process", "", True),
        ("elsewhere/.jobs/not", "schedule", False),
        ("elsewhere/.jobs/scheduled", "schedule", False),
        ("jobs/not", "schedule", False),
        ("jobs/scheduled", "schedule", False),
        ("other/no.json", "", False),
        ("other/scheduled", "schedule", False),
    ]
    jobs = colony.places._replace(jobs=str(tmp_path / "other"))
    not_a_job = str(tmp_path / "other" / "not")
    assert [f.field for f in ctllib.check(jobs, [not_a_job])] == ["schedule"]


def test_a_job_that_the_scheduler_passes_over(colony: FakeColony) -> None:
    """The warning names who does."""
    (colony.folder / "x.new").write_text('{"args": ["x"], "schedule": {"every": 5}}')
    (found,) = ctllib.check(colony.places, [str(colony.folder / "x.new")])
    assert found.message.startswith("the scheduler passes this file over: it ends like")


def test_a_finding_about_a_whole_file_names_no_field() -> None:
    """The line has no empty part."""
    assert str(Finding("f", "", "bad")) == "f: bad"
