"""Output that goes to files: what is in them, and who else may touch them."""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from outputs import WAYS, Logs, Run, a_monitor

from builders import a_spec
from ncolony.isystem import Writers
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


# What is in the files


def test_bytes_are_in_the_file_as_they_come(logs: Logs) -> None:
    """Whoever follows the file sees them before their line has its end."""
    run = logs.start()
    run.say(b"one\ntw")
    assert logs.text() == b"one\ntw"
    run.say(b"o\n\xff\0\n", stream=2)
    assert logs.text() == b"one\ntwo\n\xff\0\n"
    run.end()
    assert (logs.names(), logs.sink.blocks) == (["current"], [])


def test_standard_error_can_have_files_of_its_own(logs: Logs) -> None:
    """Each in its order, each rotated for itself."""
    run = logs.start(split=True)
    run.say(b"out\n")
    run.say(b"err\n", stream=2)
    assert logs.output.rotate("web") is None
    run.say(b"more\n", stream=2)
    run.end()
    assert logs.texts() == [b"out\n", b""]
    assert logs.texts(beginning="stderr-") == [b"err\n", b"more\n"]


def test_lines_of_both_streams_can_be_told_apart_in_one_file(logs: Logs) -> None:
    """Then each line is written whole."""
    run = logs.start(stream=True)
    run.say(b"on")
    run.say(b"two\n", stream=2)
    run.say(b"e\n")
    run.end()
    assert logs.text() == b"stderr: two\nstdout: one\n"


def test_lines_can_have_their_times(logs: Logs) -> None:
    """The prefix of a file's line has no name: its directory says whose it is."""
    run = logs.start(time=True)
    run.say(b"one\ntwo\n")
    run.end()
    moment = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
    assert re.fullmatch(moment + b"one\n" + moment + b"two\n", logs.text())


def test_lines_can_be_objects(logs: Logs) -> None:
    """With the stream that each came through."""
    run = logs.start(format="json")
    run.say(b"one\n")
    run.say(b"two", stream=2)
    run.end()
    found = [json.loads(line) for line in logs.text().splitlines()]
    assert [(each["process"], each["stream"], each["message"]) for each in found] == [
        ("web", "stdout", "one"),
        ("web", "stderr", "two"),
    ]


def test_a_line_of_any_length_is_one_line(logs: Logs) -> None:
    """Nothing is cut, and nothing of it waits in memory."""
    run = logs.start(max_size=None)
    line = b"x" * (5 << 20)
    run.say(line)
    assert len(logs.text()) == len(line)
    run.say(b"\n")
    run.end()
    assert logs.text() == line + b"\n"


def test_a_line_without_an_end_is_ended_with_its_process(logs: Logs) -> None:
    """Before the next run's first byte; a whole one gets no second end."""
    for words in (b"one", b"two\n", b"three"):
        run = logs.start()
        run.only_write(words)
        run.end()
    assert logs.text() == b"one\ntwo\nthree\n"


def test_a_grandchild_goes_on_writing_to_the_file(logs: Logs) -> None:
    """Also after its process was removed; then the file is closed with the pipe."""
    before = open_descriptors()
    run = logs.start()
    run.say(b"one\n")
    logs.output.forget("web")
    run.say(b"late\nlast words")
    run.let_go()
    logs.rest()
    assert logs.text() == b"one\nlate\nlast words\n"
    assert len(open_descriptors() - before) <= 1  # the epoll that stays


def test_the_monitor_s_end_ends_what_is_there(logs: Logs) -> None:
    """What is in the pipe is written, and its last line ended."""
    run = logs.start()
    run.only_write(b"one\ntwo")
    logs.close()
    run.let_go()
    assert logs.text() == b"one\ntwo\n"


def test_an_earlier_monitor_s_file_is_gone_on_with(logs: Logs) -> None:
    """Where that was killed within a line, the line is ended first."""
    (logs.path / "web").mkdir(parents=True)
    (logs.path / "web" / "current").write_bytes(b"old\nunfin")
    run = logs.start()
    run.say(b"new\n")
    run.end()
    assert (logs.text(), logs.rotated()) == (b"old\nunfin\nnew\n", [])


def test_restarts_open_and_close_nothing(plain: Logs) -> None:
    """Neither pipes nor files."""
    first = plain.writers()
    assert first.out is not None
    plain.output.started("web", first)
    before = open_descriptors()
    for number in range(100):
        assert plain.writers() == first
        plain.output.started("web", first)
        os.write(first.out, b"%d\n" % number)
        plain.output.ended("web")
    assert open_descriptors() == before
    assert plain.text() == b"".join(b"%d\n" % number for number in range(100))


def test_files_stay_open_between_runs_where_no_pipe_does(tmp_path: Path) -> None:
    """A restart doesn't list the directory again; a removal closes all."""
    with a_monitor(tmp_path, "short of descriptors") as logs:
        run = logs.start()
        run.end()
        logs.rest()
        assert logs.output._pipes.by_fd == {}
        before = open_descriptors()
        file = logs.output._log_files()._places["web"][""].file
        again = logs.start()
        assert logs.output._log_files()._places["web"][""].file is file
        again.end()
        logs.rest()
        assert open_descriptors() == before
        logs.output.forget("web")
        assert logs.output._log_files()._places == {}
        assert len(before - open_descriptors()) == 1


def test_children_inherit_no_file(plain: Logs) -> None:
    """A log of others least of all."""
    before = open_descriptors()
    run = plain.start()
    fds = open_descriptors() - before - set(run.fds)
    assert {fd for fd in fds if os.get_inheritable(fd)} == set()
    run.end()


# Files that somebody takes away


@pytest.mark.parametrize("how", ["moved", "removed", "replaced", "directory moved"])
def test_a_file_that_was_taken_away_is_noticed(logs: Logs, how: str) -> None:
    """With HUP: the next line is in a file of that name again."""
    run = logs.start()
    run.say(b"one\n")
    take_away(logs, how)
    run.say(b"two\n")
    logs.output.reopen()
    run.say(b"three\n")
    logs.output.reopen()
    run.end()
    assert logs.text() == (b"theirs\nthree\n" if how == "replaced" else b"three\n")
    assert logs.rotated() == []
    if how in ("moved", "directory moved"):
        assert (logs.path / "moved").read_bytes() == b"one\ntwo\n"


def take_away(logs: Logs, how: str) -> None:
    folder = logs.path / "web"
    if how == "removed":
        (folder / "current").unlink()
        return
    (folder / "current").rename(logs.path / "moved")
    if how == "replaced":
        (folder / "current").write_bytes(b"theirs\n")
    if how == "directory moved":
        folder.rename(logs.path / "elsewhere")


@pytest.mark.parametrize("then", ["rotate", "start"])
def test_it_is_noticed_by_a_rotation_and_a_start_as_well(logs: Logs, then: str) -> None:
    """No file of somebody else's is renamed for that."""
    run = logs.start()
    run.say(b"one\n")
    take_away(logs, "replaced")
    if then == "rotate":
        logs.output.rotate("web")
    else:
        run.end()
        run = logs.start()
    run.say(b"two\n")
    run.end()
    assert (logs.texts(), (logs.path / "moved").read_bytes()) == ([b"theirs\ntwo\n"], b"one\n")


def test_a_moved_file_gets_the_rest_of_its_line(logs: Logs) -> None:
    """A line is torn neither by a rotation nor by somebody else's."""
    run = logs.start()
    run.say(b"one\ntw")
    take_away(logs, "moved")
    logs.output.reopen()
    run.say(b"o\nthree\n")
    run.end()
    assert (logs.path / "moved").read_bytes() == b"one\ntwo\n"
    assert logs.text() == b"three\n"


# Other destinations, and changes between them


def test_without_a_pipe_nothing_is_opened(plain: Logs) -> None:
    """The monitor's own descriptors, or none; the next start may ask for something else."""
    before = open_descriptors()
    assert plain.output.writers(a_spec(log="inherit")) == Writers(1, 2)
    plain.output.started("web", Writers(1, 2))
    assert plain.output.writers(a_spec(log="none")) == Writers(None, None)
    plain.output.started("web", Writers(None, None))
    plain.output.ended("web")
    assert open_descriptors() == before
    run = plain.start_as("web", "monitor")
    run.say(b"one\n")
    run.end()
    assert plain.output.writers(a_spec(log="none")) == Writers(None, None)
    plain.rest()
    assert open_descriptors() == before
    assert plain.sink.text == b"web: one\n"


def test_the_default_holds_where_a_file_says_nothing(plain: Logs) -> None:
    """And only there."""
    plain.close()
    plain.begin()
    plain.output._default = a_spec(log="none").log
    assert plain.output.writers(a_spec()) == Writers(None, None)
    run = plain.start_as("web", "monitor")
    run.end()


def test_the_monitor_s_log_can_tell_streams_apart(logs: Logs) -> None:
    """Then a process has two pipes; each one's last line is ended with its process."""
    run = logs.start_as("web", {"to": "monitor", "stream": True})
    run.say(b"one\n")
    run.say(b"two\n", stream=2)
    again = logs.start_as("web", {"to": "monitor", "stream": True})
    for fd, other in zip(run.fds, again.fds, strict=True):
        assert os.fstat(fd).st_ino == os.fstat(other).st_ino
    again.let_go()
    run.only_write(b"three")
    run.only_write(b"four", stream=2)
    run.end()
    said = b"web stdout: one\nweb stderr: two\nweb stdout: three\nweb stderr: four\n"
    assert logs.sink.text == said


def test_the_monitor_s_log_can_be_lines_of_json(logs: Logs) -> None:
    """One object a line, whatever the blocks."""
    run = logs.start_as("web", {"to": "monitor", "format": "json"})
    run.say(b"one\ntw")
    run.say(b"o\n")
    run.end()
    messages = [json.loads(line)["message"] for line in logs.sink.text.splitlines()]
    assert messages == ["one", "two"]


def test_a_stream_that_is_closed_takes_the_other_along(tmp_path: Path) -> None:
    """The next run gets two new pipes; what holds an old one is read on."""
    with a_monitor(tmp_path, "short of descriptors") as logs:
        run = logs.start_as("web", {"to": "monitor", "stream": True})
        os.close(run.fds[0])
        logs.rest()
        run.say(b"alone\n", stream=2)
        again = logs.start_as("web", {"to": "monitor", "stream": True})
        again.say(b"one\n")
        again.say(b"two\n", stream=2)
        run.say(b"still alone\n", stream=2)
        os.close(run.fds[1])
        again.end()
        logs.rest()
        assert logs.output._pipes.by_fd == {}
        said = [b"stderr: alone", b"stdout: one", b"stderr: two", b"stderr: still alone"]
        assert logs.sink.text.splitlines() == [b"web " + line for line in said]


def test_an_old_pipe_goes_where_it_went(logs: Logs) -> None:
    """A new file changes where the next run's output goes; a grandchild keeps its way."""
    held: list[Run] = []
    for log in ("monitor", {"to": "files"}, {"to": "monitor", "time": True}, "none"):
        run = logs.start_as("web", log) if log != "none" else None
        if run is None:
            logs.output.writers(a_spec(log=log))
            break
        run.say(b"one\n")
        held.append(Run(logs, "web", [os.dup(fd) for fd in run.fds]))
        run.end()
    for run in held:
        run.say(b"two\n")
        run.let_go()
    logs.rest()
    assert logs.text() == b"one\ntwo\n"
    assert [line[-8:] for line in logs.sink.text.splitlines()] == [b"web: one"] * 2 + [
        b"web: two"
    ] * 2
    assert (logs.output._pipes.by_fd, logs.output._log_files()._places) == ({}, {})


@pytest.mark.parametrize("log", [{}, {"format": "json"}, {"split": True}])
def test_two_pipes_to_one_file_tear_no_line(logs: Logs, log: dict[str, Any]) -> None:
    """A grandchild with the old pipe beside a run with the new one: whole lines of each."""
    old = logs.start(time=True) if log.get("split") else logs.start()
    old.say(b"un")
    if not log:
        logs.output.forget("web")  # removed, and there again
    new = logs.start(**log)
    old.say(b"finished ")
    new.say(b"new ")
    old.say(b"line\nold ")
    new.say(b"line\n")
    old.say(b"one\n")
    old.let_go()
    new.end()
    logs.rest()
    lines = [re.sub(rb"^\S+Z ", b"", line) for line in logs.text().splitlines()]
    own = json.loads(lines.pop(-2))["message"].encode() if log.get("format") else b"new line"
    if not log.get("format"):
        lines.remove(own)
    begin = [b"unfinished line"] if log.get("split") else [b"un", b"finished line"]
    assert (lines, own) == ([*begin, b"old one"], b"new line")


def test_a_file_has_the_owner_s_and_the_group_s_rights_only(plain: Logs) -> None:
    """0750 and 0640."""
    run = plain.start()
    run.say(b"one\n")
    plain.output.rotate("web")
    run.end()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (plain.path / "web").iterdir()}
    assert (modes, stat.S_IMODE((plain.path / "web").stat().st_mode)) == ({0o640}, 0o750)


# Much at once


@pytest.mark.parametrize("size", [4096, 33_000, 64_000, 65_536])
def test_a_flood_gets_a_larger_pipe(plain: Logs, size: int) -> None:
    """One that is found full again and again, also where its last page is hardly begun."""
    run = plain.start(max_size=None)
    before = fcntl.fcntl(run.fds[0], fcntl.F_GETPIPE_SZ)
    text = b""
    for _ in range(20):
        text += run.fill(size)
        plain.rest()
    assert fcntl.fcntl(run.fds[0], fcntl.F_GETPIPE_SZ) > before
    run.end()
    assert plain.text() in (text, text + b"\n")


def test_a_chatterbox_keeps_its_pipe(plain: Logs) -> None:
    """Many small writes that are read at once fill nothing."""
    run = plain.start(max_size=None)
    before = fcntl.fcntl(run.fds[0], fcntl.F_GETPIPE_SZ)
    for _ in range(100):
        run.say(b"x" * 30_000 + b"\n")
    assert fcntl.fcntl(run.fds[0], fcntl.F_GETPIPE_SZ) == before
    run.end()
