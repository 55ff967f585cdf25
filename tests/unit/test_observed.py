"""What the status directory says, as the control program reads it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from colonies import FakeColony, monitor, running

from ncolony import status
from ncolony.control import observed
from ncolony.control.errors import CtlError


@pytest.fixture
def colony(tmp_path: Path) -> FakeColony:
    return FakeColony(tmp_path)


def test_reads_what_the_monitor_writes(colony: FakeColony) -> None:
    """Records come by name, sorted, also of processes whose file has just been removed."""
    colony.configure("web")
    colony.report(running("web"), running("db"))
    found = observed.records(colony.places)
    assert list(found.items()) == [("db", running("db")), ("web", running("web"))]


def test_names_that_are_no_process_are_passed_over(colony: FakeColony) -> None:
    """Writes in progress, hidden files and folders aren't processes."""
    colony.configure("web.new", "web~", ".web", "#web#")
    (colony.config / "folder").mkdir()
    os.mkfifo(colony.config / "fifo")
    assert observed.records(colony.places) == {}


@pytest.mark.parametrize("to", ["odd", "nowhere", "web/below"])
def test_a_link_that_leads_nowhere_hides_no_process(colony: FakeColony, to: str) -> None:
    """Nor does one that leads to itself, or through a file: the monitor passes it over, too."""
    colony.configure("web")
    (colony.config / "odd").symlink_to(colony.config / to)
    assert list(observed.records(colony.places)) == ["web"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_what_cannot_be_looked_at_hides_no_other(
    colony: FakeColony, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a process's file, and is told of as one."""
    colony.configure("web")
    (colony.config / "db").symlink_to(colony.config / "web")
    real = os.scandir

    class Entry:
        def __init__(self, entry: os.DirEntry[str]) -> None:
            self.name = entry.name
            self.is_link = entry.is_symlink()

        def is_file(self) -> bool:
            if self.is_link:
                raise OSError(number, os.strerror(number))
            return True

    @contextlib.contextmanager
    def scandir(path: str) -> Iterator[list[Entry]]:
        with real(path) as entries:
            yield list(map(Entry, entries))

    monkeypatch.setattr(os, "scandir", scandir)
    assert list(observed.records(colony.places)) == ["db", "web"]


def test_a_process_not_seen_yet_is_unknown(colony: FakeColony) -> None:
    """Configured, and nothing said: the reason tells whether anybody looks."""
    colony.configure("web")
    dead = observed.records(colony.places)
    colony.monitor_starts()
    live = observed.records(colony.places, ["web"])
    colony.monitor_ends()
    assert dead == {"web": observed.unknown("web", "the monitor is not running")}
    assert live == {"web": observed.unknown("web", "not seen yet")}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "found no valid JSON"),
        (b"[]", "found an empty list; allowed: a JSON object"),
        (b'{"schema": 99}', "schema: found 99"),
        (b'{"schema": 1}', "no field 'last_exit'"),
        (b"\xff", "found no valid JSON"),
        (b"[" * 100000, "found no valid JSON"),
        (json.dumps({**json.loads(status.encode(running("web"))), "state": []}).encode(), "state"),
        (json.dumps({**json.loads(status.encode(running("web"))), "pid": "1"}).encode(), "pid"),
        (json.dumps({**json.loads(status.encode(running("web"))), "output": 1}).encode(), "output"),
        (
            json.dumps({**json.loads(status.encode(running("web"))), "success": 1}).encode(),
            "success",
        ),
    ],
)
def test_a_broken_status_file_is_told(colony: FakeColony, text: bytes, reason: str) -> None:
    """A status file that nobody can understand becomes a record that says so."""
    (colony.status / "web").write_bytes(text)
    found = observed.record(colony.places, "web")
    assert found is not None
    assert (found.state, found.as_wanted) == ("UNKNOWN", False)
    assert found.reason.startswith("cannot read its status: ")
    assert reason in found.reason


def test_a_fifo_for_a_status_blocks_nobody(colony: FakeColony) -> None:
    """A status file of another kind is told, not read."""
    os.mkfifo(colony.status / "web")
    found = observed.record(colony.places, "web")
    assert found == observed.unknown("web", "cannot read its status: it is not a regular file")


def test_no_status_directory_is_no_status(colony: FakeColony) -> None:
    """Before the first monitor there is nothing, and no error either."""
    colony.status.rmdir()
    places = colony.places
    assert observed.records(places) == {}
    assert observed.monitor(places) is None
    assert observed.monitor_is_running(places) is False


def test_the_lock_says_whether_a_monitor_lives(colony: FakeColony) -> None:
    """A monitor lives as long as it holds its lock, whatever it wrote before it died."""
    (colony.status / ".monitor").write_bytes(status.encode_monitor(monitor()))
    before = observed.monitor_is_running(colony.places)
    colony.monitor_starts()
    during = observed.monitor_is_running(colony.places)
    colony.monitor_ends()
    after = observed.monitor_is_running(colony.places)
    assert (before, during, after) == (False, True, False)
    assert observed.monitor(colony.places) == monitor()


def test_a_broken_monitor_file_is_an_error(colony: FakeColony) -> None:
    """What can't be understood is said with its path."""
    (colony.status / ".monitor").write_bytes(b"?")
    with pytest.raises(CtlError, match=r"cannot read .*/\.monitor: found no valid JSON"):
        observed.monitor(colony.places)


def test_what_runs_is_shown_while_the_configuration_directory_is_missing(
    colony: FakeColony,
) -> None:
    """That is just when somebody wants to see it."""
    colony.report(running("web"))
    colony.config.rename(colony.folder / "away")
    assert list(observed.records(colony.places)) == ["web"]
