"""What becomes of output whose files can't be written."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from outputs import NO_SPACE, WAYS, Logs, a_monitor

from ncolony.logfiles import RETRY_S
from reactors import open_descriptors


@pytest.fixture(params=WAYS)
def logs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Logs]:
    with a_monitor(tmp_path, request.param) as found:
        yield found


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Logs]:
    """Where it makes no difference how pipes are watched."""
    with a_monitor(tmp_path) as found:
        yield found


# A disk that is full, and other refusals


def test_on_a_full_disk_a_process_waits_and_goes_on_by_itself(logs: Logs) -> None:
    """Nothing is lost, nothing is there twice, though a part of a block had room."""
    run = logs.start()
    logs.disk.room = 5
    run.say(b"0123456789\n")
    assert logs.text() == b"01234"
    trouble = f"output waits: {NO_SPACE} ({logs.path}/web/current)"
    assert (logs.output.trouble("web"), logs.changed) == (trouble, ["web"])
    run.only_write(b"next\n")
    for _ in range(3):
        logs.advance(RETRY_S)
    assert logs.changed == ["web"] * len(logs.changed)
    logs.disk.room = None
    logs.advance(RETRY_S)
    assert logs.text() == b"0123456789\nnext\n"
    assert (logs.output.trouble("web"), logs.reactor.delays_s) == (None, [])
    run.end()


def test_a_full_disk_holds_up_nobody_else(logs: Logs) -> None:
    """Those whose output goes elsewhere are read on."""
    held, free = logs.start("held"), logs.start("free")
    other = logs.start_as("other", "monitor")
    logs.disk.room = 0
    held.say(b"1\n")
    held.only_write(b"2\n")
    turns = logs.disk.writes
    logs.rest()
    assert logs.disk.writes == turns  # it isn't asked again and again
    logs.disk.room = None
    free.say(b"free\n")
    other.say(b"other\n")
    assert (logs.text(name="free"), logs.sink.text) == (b"free\n", b"other: other\n")
    assert logs.text(name="held") == b""
    logs.advance(RETRY_S)
    assert logs.text(name="held") == b"1\n2\n"
    for run in (held, free, other):
        run.end()


def test_a_pipe_that_waits_fills_up(plain: Logs) -> None:
    """So that its process waits as well, and costs no memory here."""
    run = plain.start()
    plain.disk.room = 0
    run.say(b"x\n")
    text = run.fill()
    plain.rest()
    assert run.fill() == b""
    plain.disk.room = None
    plain.advance(RETRY_S)
    run.end()
    assert plain.text() == b"x\n" + text


def test_runs_that_end_while_the_disk_is_full_are_told_apart(logs: Logs) -> None:
    """Each one's last line is ended, once it can be written."""
    run = logs.start()
    logs.disk.room = 2
    run.say(b"fir")
    run.only_write(b"st")
    run.end()
    for words in (b"second", b"", b"third\n", b"fourth"):
        run = logs.start()
        run.only_write(words)
        run.end()
    logs.disk.room = None
    logs.advance(RETRY_S)
    assert logs.text() == b"first\nsecond\nthird\nfourth\n"


def test_lines_that_are_framed_wait_as_well(logs: Logs) -> None:
    """Both streams of a process, for they go to the same file."""
    run = logs.start(stream=True)
    logs.disk.room = 4
    run.say(b"one\n")
    run.only_write(b"two\n", stream=2)
    logs.rest()
    logs.disk.room = None
    logs.advance(RETRY_S)
    run.end()
    assert logs.text() == b"stdout: one\nstderr: two\n"


def test_a_process_that_is_removed_while_it_waits_is_not_forgotten(logs: Logs) -> None:
    """What it said is written all the same."""
    run = logs.start()
    logs.disk.room = 0
    run.say(b"one\n")
    run.only_write(b"two")
    run.end()
    logs.output.forget("web")
    logs.disk.room = None
    logs.advance(RETRY_S)
    assert logs.text() == b"one\ntwo\n"
    assert logs.output._log_files()._places == {}


def test_output_can_be_dropped_on_a_full_disk(logs: Logs) -> None:
    """It is counted, and the file says so where it is missing; it goes on with a whole line."""
    run = logs.start(full="drop")
    run.say(b"one\n")
    logs.disk.room = 3
    run.say(b"two, torn\nthree\n")
    assert logs.text() == b"one\n"
    run.say(b"four\nfi")
    waiting = f"output is dropped: {NO_SPACE} ({logs.path}/web/current)"
    logs.advance(RETRY_S)
    assert logs.output.trouble("web") == f"{waiting}; 4 lines (23 bytes)"
    logs.disk.room = None
    logs.advance(RETRY_S)
    run.say(b"ve\nsix\n")
    assert logs.text() == b"one\nncolony: 4 lines (26 bytes) were dropped\nsix\n"
    logs.advance(RETRY_S)
    assert (logs.output.trouble("web"), logs.reactor.delays_s) == (None, [])
    run.end()


def test_what_was_dropped_is_said_though_nothing_follows(logs: Logs) -> None:
    """Where the last line was whole there is nothing to wait for."""
    run = logs.start(full="drop")
    logs.disk.room = 0
    run.say(b"one\n")
    run.say(b"no end")
    run.end()
    logs.disk.room = None
    logs.advance(RETRY_S)
    assert logs.text() == b"ncolony: 2 lines (11 bytes) were dropped\n"


def test_the_beginning_of_a_line_whose_end_was_dropped_is_taken_back(plain: Logs) -> None:
    """Also where it was written long before: no line in a file is half a line."""
    run = plain.start(full="drop")
    run.say(b"whole\nbegun ")
    run.say(b"long ago")
    plain.disk.room = 0
    run.say(b", never ended")
    plain.disk.room = None
    plain.advance(RETRY_S)
    assert plain.text() == b"whole\n"
    run.say(b"\nnext\n")
    assert plain.text() == b"whole\nncolony: 1 line (28 bytes) was dropped\nnext\n"
    run.end()


def test_a_notice_is_written_whole_or_not_at_all(plain: Logs) -> None:
    """A disk that has room for half of it is still full; a file has room for it or is rotated."""
    run = plain.start(full="drop", max_size=4096)
    run.say(b"x" * 4080 + b"\n")
    plain.disk.room = 0
    run.say(b"lost\n")
    plain.disk.room = 10
    plain.advance(RETRY_S)
    assert plain.texts()[-1] == b""
    plain.disk.room = None
    plain.advance(RETRY_S)
    run.say(b"next\n")
    run.end()
    assert plain.texts()[1:] == [b"ncolony: 1 line (5 bytes) was dropped\nnext\n"]


def test_a_notice_among_objects_is_an_object(plain: Logs) -> None:
    """No line of such a file is anything else."""
    run = plain.start(full="drop", format="json")
    plain.disk.room = 10
    run.say(b"lost\n")
    plain.disk.room = None
    plain.advance(RETRY_S)
    run.say(b"next\n")
    run.end()
    said = [json.loads(line) for line in plain.text().splitlines()]
    assert [(each["stream"], each["message"]) for each in said] == [
        ("ncolony", f"ncolony: 1 line ({len(plain.text().splitlines()[1]) + 1} bytes) was dropped"),
        ("stdout", "next"),
    ]


def test_a_disk_that_is_full_again_at_once_drops_on(plain: Logs) -> None:
    """The count begins anew after it was said."""
    run = plain.start(full="drop")
    plain.disk.room = 0
    run.say(b"one\nunfinished")
    plain.disk.room = 50
    plain.advance(RETRY_S)
    run.say(b"\n" + b"y" * 99 + b"\n")
    assert plain.text() == b"ncolony: 2 lines (15 bytes) were dropped\n"
    plain.disk.room = None
    plain.advance(RETRY_S)
    run.end()
    said = b"ncolony: 2 lines (15 bytes) were dropped\nncolony: 1 line (100 bytes) was dropped\n"
    assert plain.text() == said


def test_waiting_can_be_changed_to_dropping(logs: Logs) -> None:
    """By a new file, with the next start; what waited is dropped, and counted."""
    run = logs.start()
    logs.disk.room = 0
    run.say(b"one\n")
    run.only_write(b"two\n")
    run.end()
    run = logs.start(full="drop")
    run.say(b"three\n")
    logs.disk.room = None
    logs.advance(RETRY_S)
    run.say(b"four\n")
    run.end()
    assert logs.text() == b"ncolony: 3 lines (14 bytes) were dropped\nfour\n"


@pytest.mark.parametrize("full", ["wait", "drop"])
def test_a_rotation_that_has_no_room_is_made_up_for(
    logs: Logs, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    """The request is answered with the reason, and carried out once that is gone."""
    run = logs.start(full=full)
    run.say(b"one\n")

    def fails(*args: object, **others: object) -> None:
        raise OSError(errno.ENOSPC, NO_SPACE)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", fails)
        assert NO_SPACE in str(logs.output.rotate("web"))
        assert NO_SPACE in str(logs.output.rotate("web"))
    logs.advance(RETRY_S)
    run.say(b"two\n")
    run.end()
    assert (logs.texts(), logs.output.trouble("web")) == ([b"one\n", b"two\n"], None)


@pytest.mark.parametrize("split", [False, True])
def test_a_directory_that_cannot_be_made_holds_output_and_no_start(logs: Logs, split: bool) -> None:
    """The process runs; its status says what its output waits for."""
    logs.path.write_bytes(b"a file")
    run = logs.start(split=split)
    run.say(b"one\n", stream=2)
    reason = "waits: Not a directory ("
    assert reason in str(logs.output.trouble("web"))
    logs.path.unlink()
    logs.advance(RETRY_S)
    assert logs.output.trouble("web") is None
    run.end()
    assert logs.text("stderr-current" if split else "current") == b"one\n"


def test_a_link_in_the_file_s_place_is_not_followed(logs: Logs) -> None:
    """Output waits until somebody takes it away."""
    folder = logs.path / "web"
    folder.mkdir(parents=True)
    (logs.path / "precious").write_bytes(b"precious")
    (folder / "current").symlink_to("../precious")
    run = logs.start()
    run.say(b"one\n")
    assert "it is a symbolic link" in str(logs.output.trouble("web"))
    (folder / "current").unlink()
    logs.advance(RETRY_S)
    run.end()
    assert (logs.text(), (logs.path / "precious").read_bytes()) == (b"one\n", b"precious")


def test_descriptors_that_are_reserved_are_not_taken_by_files(plain: Logs) -> None:
    """Beyond the limit a file waits for a number that is free."""
    run = plain.start()
    run.say(b"one\n")
    file = plain.output._log_files()._places["web"][""].file
    around = file._around
    file._around = around._replace(limit=min(open_descriptors()))
    assert "Too many open files" in str(plain.output.rotate("web"))
    run.say(b"two\n")
    file._around = around
    plain.advance(RETRY_S)
    run.end()
    assert plain.texts() == [b"one\n", b"two\n"]


def test_closing_tries_once_more(logs: Logs) -> None:
    """What waited is written where there is room by then; otherwise nobody waits for it."""
    run = logs.start()
    logs.disk.room = 0
    run.say(b"one\n")
    run.only_write(b"two")
    logs.disk.room = None
    logs.close()
    run.let_go()
    assert logs.text() == b"one\ntwo\n"
    logs.begin()
    run = logs.start()
    logs.disk.room = 0
    run.say(b"three\n")
    logs.close()
    run.let_go()
    assert logs.text() == b"one\ntwo\n"


# Files that somebody takes away meanwhile


@pytest.mark.parametrize("full", ["wait", "drop"])
def test_the_removal_of_a_file_makes_room(logs: Logs, full: str) -> None:
    """Who removes the file that fills a disk gets its room back: it isn't held open."""
    run = logs.start(full=full)
    run.say(b"old\n")
    logs.disk.room = 0
    run.say(b"new\n")
    current = logs.path / "web" / "current"
    current.unlink()
    logs.advance(RETRY_S)
    assert [path for path in open_files() if str(logs.path) in path] == [str(current)]
    logs.disk.room = None
    logs.advance(RETRY_S)
    dropped = b"ncolony: 1 line (4 bytes) was dropped\n"
    assert logs.text() == (b"new\n" if full == "wait" else dropped)
    run.end()


def open_files() -> list[str]:
    """The paths of this process's open files."""
    found = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
    return [os.readlink(path) for path in found if os.path.lexists(path)]


def test_a_file_that_is_moved_while_it_is_full_gets_the_rest_of_its_line(logs: Logs) -> None:
    """Said by HUP meanwhile, a new one is begun after that."""
    run = logs.start()
    logs.disk.room = 2
    run.say(b"1234\n5678\n")
    os.rename(logs.path / "web" / "current", logs.path / "web" / "moved")
    logs.output.reopen()
    logs.disk.room = None
    logs.advance(RETRY_S)
    assert (logs.text("moved"), logs.text()) == (b"1234\n", b"5678\n")
    run.end()


def test_a_file_that_grows_old_while_it_is_full_is_rotated_after(logs: Logs) -> None:
    """Its age isn't forgotten: the rest of its line comes, then a new file."""
    run = logs.start(max_age=5)
    run.say(b"1\n")
    logs.disk.room = 2
    run.say(b"2345\n6789\n")
    logs.advance(6)
    logs.disk.room = None
    logs.advance(RETRY_S)
    assert logs.texts() == [b"1\n2345\n", b"6789\n"]
    run.end()


def test_a_file_that_was_emptied_is_not_filled_with_nothing(plain: Logs) -> None:
    """Emptied by hand in the middle of a line, it isn't made as long as before with NULs."""
    run = plain.start(full="drop")
    run.say(b"1\n23")
    os.truncate(plain.path / "web" / "current", 0)
    plain.disk.room = 0
    run.say(b"4\n")
    assert plain.text() == b""
    plain.disk.room = None
    plain.advance(RETRY_S)
    assert plain.text() == b"ncolony: 1 line (4 bytes) was dropped\n"
    run.end()
