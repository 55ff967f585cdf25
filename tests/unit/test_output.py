"""Children's output on real pipes, with a sink and a reactor that a test moves."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Iterator
from functools import partial

import pytest
from outputs import NONE, PLENTY, RecordingSink

from builders import a_spec
from ncolony.output import Output
from ncolony.readiness import EpollReadiness, ReactorReadiness
from ncolony.stream import BLOCK, MAX_LINE
from reactors import Reactor, no_descriptor_free, nothing_left, open_descriptors


class Children:
    """Outputs of processes whose writing ends a test holds."""

    def __init__(
        self, reactor: Reactor, readiness: type = EpollReadiness, keep_below: int = PLENTY
    ) -> None:
        self.reactor = reactor
        self.sink = RecordingSink()
        self.output = Output(self.sink, partial(readiness, reactor), keep_below)

    def run(self, name: str) -> int:
        """What one run has of its process's pipe."""
        writers = self.output.writers(a_spec(name=name))
        assert writers.out is not None
        own = os.dup(writers.out)
        self.output.started(name, writers)
        return own

    def say(self, writer: int, text: bytes) -> None:
        """Write all of it, and have the monitor read it."""
        for at in range(0, len(text), BLOCK):
            os.write(writer, text[at : at + BLOCK])
            self.reactor.rest()

    def end(self, name: str, writer: int) -> None:
        """The only holder of the pipe ends."""
        os.close(writer)
        self.output.ended(name)

    def close(self) -> None:
        """The monitor ends."""
        if not self.sink.closed:
            self.output.close()


@pytest.fixture(
    params=[(EpollReadiness, PLENTY), (EpollReadiness, NONE), (ReactorReadiness, PLENTY)],
    ids=["epoll", "short of descriptors", "no epoll"],
)
def children(request: pytest.FixtureRequest) -> Iterator[Children]:
    with nothing_left() as reactor:
        children = Children(reactor, *request.param)
        yield children
        children.close()
        assert children.sink.closed == 1


@pytest.fixture
def reactor() -> Iterator[Reactor]:
    with nothing_left() as reactor:
        yield reactor


@pytest.fixture
def short() -> Iterator[Children]:
    """Where descriptors are short: the monitor keeps no writing end."""
    with nothing_left() as reactor:
        children = Children(reactor, keep_below=NONE)
        yield children
        children.close()


def inode(fd: int) -> int:
    return os.fstat(fd).st_ino


# What a line is


def test_a_line_written_in_pieces_is_passed_on_whole(children: Children) -> None:
    """A line waits for its end, whatever the blocks it comes in."""
    writer = children.run("web")
    children.say(writer, b"one\ntw")
    assert children.sink.text == b"web: one\n"
    children.say(writer, b"o")
    children.say(writer, b"\nthree\n")
    assert children.sink.text == b"web: one\nweb: two\nweb: three\n"
    children.end("web", writer)


def test_text_of_any_size_comes_through_byte_by_byte_or_whole(children: Children) -> None:
    """How a text is cut into writes doesn't show."""
    text = b"one\n\n\ntwo\r\n \xff\nlast"
    for size in (1, 2, 3, len(text)):
        children.sink.blocks.clear()
        writer = children.run("web")
        for at in range(0, len(text), size):
            children.say(writer, text[at : at + size])
        children.end("web", writer)
        said = b"web: one\nweb: \nweb: \nweb: two\r\nweb:  \xff\nweb: last\n"
        assert children.sink.text == said


def test_any_byte_is_kept(children: Children) -> None:
    """NUL, control characters and what isn't UTF-8 are passed on as they are."""
    writer = children.run("web")
    text = bytes(byte for byte in range(256) if byte != 10)
    children.say(writer, text + b"\n")
    assert children.sink.text == b"web: " + text + b"\n"
    children.end("web", writer)


def test_a_name_that_is_not_utf_8_is_said_as_its_file_has_it(children: Children) -> None:
    """The prefix is the file name's bytes, and its pipe is found again under it."""
    name = os.fsdecode(b"w\xff")
    writer = children.run(name)
    children.say(writer, b"one\n")
    again = children.run(name)
    assert inode(again) == inode(writer)
    assert children.sink.text == b"w\xff: one\n"
    os.close(again)
    children.end(name, writer)


def test_a_line_of_three_megabytes_is_kept_to_the_byte_in_pieces(children: Children) -> None:
    """What is too long for memory is written in pieces, none of a size without bound."""
    text = random.Random(1).randbytes(3 << 20).replace(b"\n", b" ")
    writer = children.run("web")
    children.say(writer, text + b"\nnext\n")
    children.end("web", writer)
    *pieces, after, rest = children.sink.text.split(b"\n")
    assert (after, rest) == (b"web: next", b"")
    assert b"".join(piece.removeprefix(b"web: ") for piece in pieces) == text
    assert max(map(len, pieces)) <= len(b"web: ") + MAX_LINE + BLOCK


def test_a_line_without_an_end_is_ended_when_its_process_is(children: Children) -> None:
    """What a process wrote just before it died is passed on, as a line."""
    writer = children.run("web")
    os.write(writer, b"one\nlast wor")
    os.write(writer, b"ds")
    children.end("web", writer)
    assert children.sink.text == b"web: one\nweb: last words\n"


def test_a_line_without_an_end_is_ended_when_its_pipe_is(children: Children) -> None:
    """The end of a pipe that nobody has told of ends its last line as well."""
    writer = children.run("web")
    children.output.forget("web")
    children.say(writer, b"last words")
    os.close(writer)
    children.reactor.rest()
    assert children.sink.text == b"web: last words\n"


def test_lines_of_many_processes_do_not_mix(children: Children) -> None:
    """Each line is one process's, and each process's lines are in order."""
    chance = random.Random(2)
    names = [f"p{number}" for number in range(40)]
    writers = {name: children.run(name) for name in names}
    texts = {
        name: b"".join(b"%s %d\n" % (name.encode(), line) for line in range(50)) for name in names
    }
    left = dict(texts)
    while left:
        name = chance.choice(list(left))
        size = chance.randrange(1, 40)
        os.write(writers[name], left[name][:size])
        left[name] = left[name][size:]
        if not left[name]:
            del left[name]
        if chance.random() < 0.3:
            children.reactor.turn()
    for name, writer in writers.items():
        children.end(name, writer)
    said: dict[str, bytes] = dict.fromkeys(names, b"")
    for line in children.sink.text.splitlines(keepends=True):
        name, _, rest = line.partition(b": ")
        said[name.decode()] += rest
    assert said == texts


# A sink that takes no more


def test_what_a_sink_has_no_room_for_stays_in_the_pipes(children: Children) -> None:
    """While the log takes nothing children wait; afterwards all is there, in order."""
    web, db = children.run("web"), children.run("db")
    children.sink.room = False
    children.say(web, b"1\n")
    os.write(web, b"2\n")
    os.write(db, b"3\n")
    children.reactor.rest()
    assert (children.sink.text, children.reactor.readers) == (b"web: 1\n", set())
    children.sink.room = True
    children.sink.resume()
    children.reactor.rest()
    assert sorted(children.sink.text.splitlines()) == [b"db: 3", b"web: 1", b"web: 2"]
    children.end("web", web)
    children.end("db", db)


def test_last_words_wait_for_the_sink_as_well(children: Children) -> None:
    """A process that ends while the log takes nothing loses nothing, and its last line ends."""
    writer = children.run("web")
    children.sink.room = False
    children.say(writer, b"1\n")
    os.write(writer, b"2\nlast")
    children.end("web", writer)
    assert children.sink.text == b"web: 1\n"
    children.sink.room = True
    children.sink.resume()
    children.reactor.rest()
    assert children.sink.text == b"web: 1\nweb: 2\nweb: last\n"


def test_two_runs_share_no_line_when_the_sink_had_no_room_between(children: Children) -> None:
    """A run's unfinished line is ended before the next run's first, whenever it is written."""
    writer = children.run("web")
    grandchild = os.dup(writer)
    children.say(writer, b"of the first ")
    children.sink.room = False
    other = children.run("db")
    children.say(other, b"full\n")
    os.write(writer, b"run")
    children.end("web", writer)
    writer = children.run("web")
    os.write(writer, b"of the second run")
    children.end("web", writer)
    writer = children.run("web")
    os.write(writer, b"of the third\n")
    children.sink.room = True
    children.sink.resume()
    children.reactor.rest()
    for fd in (writer, grandchild, other):
        os.close(fd)
    assert children.sink.text.splitlines() == [
        b"db: full",
        b"web: of the first run",
        b"web: of the second run",
        b"web: of the third",
    ]


def test_a_whole_last_line_gets_no_second_end(children: Children) -> None:
    """Nothing is added to what a process said, whoever has to wait."""
    children.sink.room = False
    full = children.run("db")
    children.say(full, b"full\n")
    writer = children.run("web")
    os.write(writer, b"whole\n")
    children.end("web", writer)
    children.sink.room = True
    children.sink.resume()
    os.close(full)
    assert children.sink.text == b"db: full\nweb: whole\n"


def test_last_words_of_many_wait_in_turn(children: Children) -> None:
    """A sink that is full again after one process's last words is given no more."""
    children.sink.room = False
    full = children.run("db")
    children.say(full, b"full\n")
    names = ["p1", "p2", "p3"]
    for name in names:
        writer = children.run(name)
        os.write(writer, b"last")
        children.end(name, writer)
    for told in (2, 3, 4):
        children.sink.resume()
        assert (len(children.sink.blocks), children.reactor.readers) == (told, set())
    children.sink.room = True
    children.sink.resume()
    os.close(full)
    lines = [b"db: full", b"p1: last", b"p2: last", b"p3: last"]
    assert sorted(children.sink.text.splitlines()) == lines


def test_dead_runs_fill_no_memory_while_the_sink_is_full(children: Children) -> None:
    """What they said stays in the pipe, and where each ended is known when it is read."""
    first = children.run("web")
    text = b"x" * (3 * BLOCK)
    children.say(first, text)
    children.sink.room = False
    other = children.run("db")
    children.say(other, b"full\n")
    os.write(first, b"first")
    children.output.ended("web")
    assert len(children.output._pipes.of("web")[0].partial) == len(text)
    children.output.ended("web")
    for words in (b"second", b"third\n", b"fourth"):
        writer = children.run("web")
        os.write(writer, words)
        children.end("web", writer)
    writer = children.run("web")
    os.write(writer, b"fifth\n")
    children.sink.room = True
    children.sink.resume()
    assert children.output._ends == {}
    children.reactor.rest()
    for fd in (first, writer, other):
        os.close(fd)
    said = [text + b"first", b"second", b"third", b"fourth", b"fifth"]
    assert children.sink.text == b"db: full\n" + b"".join(b"web: %s\n" % line for line in said)


# Runs, one after the other


def test_the_next_run_uses_the_pipe_that_a_grandchild_still_holds(children: Children) -> None:
    """Nobody waits for a grandchild, and what it goes on to say is passed on."""
    first = children.run("web")
    grandchild = os.dup(first)
    os.write(first, b"last words")
    children.end("web", first)
    second = children.run("web")
    assert inode(second) == inode(grandchild)
    children.say(grandchild, b"still here\n")
    children.say(second, b"again\n")
    assert children.sink.text == b"web: last words\nweb: still here\nweb: again\n"
    os.close(grandchild)
    children.end("web", second)


def test_restarts_open_and_close_nothing(reactor: Reactor) -> None:
    """Each run gets the same pipe, and a thousand of them leave as many descriptors as one."""
    children = Children(reactor)
    first = children.output.writers(a_spec())
    before = open_descriptors()
    for number in range(1000):
        writers = children.output.writers(a_spec())
        children.output.started("web", writers)
        os.write(first.out, b"%d\n" % number)
        children.output.ended("web")
        assert writers == first
    assert open_descriptors() == before
    children.close()
    assert children.sink.text == b"".join(b"web: %d\n" % number for number in range(1000))


def test_a_run_after_the_pipe_has_ended_gets_a_new_one(short: Children) -> None:
    """The end of a pipe is no end of a process's output."""
    for text in (b"1\n", b"2\n"):
        writer = short.run("web")
        short.say(writer, text)
        short.end("web", writer)
        short.reactor.rest()
        assert (short.output._pipes.by_fd, short.output._pipes._by_name) == ({}, {})
    assert short.sink.text == b"web: 1\nweb: 2\n"


def test_a_run_after_an_end_that_nobody_has_seen_yet_gets_the_old_pipe(short: Children) -> None:
    """What waits in it is read first."""
    writer = short.run("web")
    os.write(writer, b"1\n")
    os.close(writer)
    writer = short.run("web")
    short.say(writer, b"2\n")
    short.end("web", writer)
    assert short.sink.text == b"web: 1\nweb: 2\n"


def test_writing_ends_are_kept_while_descriptors_are_plenty() -> None:
    """Beyond the limit a process costs one descriptor, not two."""
    with nothing_left() as reactor:
        spare = os.pipe()  # the numbers of the first process's pipe
        for fd in spare:
            os.close(fd)
        children = Children(reactor, ReactorReadiness, max(spare) + 1)
        one, two = children.run("one"), children.run("two")
        kept = {name: stream.writer for name, stream in children.output._pipes._by_name.items()}
        assert kept == {"one": max(spare), "two": -1}
        os.close(one)
        os.close(two)
        children.close()


def test_children_inherit_no_end_of_a_pipe(children: Children) -> None:
    """Those of others least of all."""
    before = open_descriptors()
    writers = children.output.writers(a_spec())
    assert {fd for fd in open_descriptors() - before if os.get_inheritable(fd)} == set()
    children.output.started("web", writers)
    again = children.output.writers(a_spec())
    assert not os.get_inheritable(again.out)
    children.output.started("web", again)


def test_a_forgotten_process_is_read_until_its_last_holder_lets_go(children: Children) -> None:
    """A process that was removed may leave somebody behind who still speaks."""
    writer = children.run("web")
    children.output.forget("web")
    children.say(writer, b"late\nlater")
    os.close(writer)
    children.reactor.rest()
    assert children.sink.text == b"web: late\nweb: later\n"
    assert children.output._pipes.by_fd == {}


def test_a_process_of_a_forgotten_one_s_name_has_a_pipe_of_its_own(children: Children) -> None:
    """Lines of a removed process and of a new one of the same name don't run together."""
    old = children.run("web")
    children.output.forget("web")
    new = children.run("web")
    children.say(old, b"o")
    children.say(new, b"n")
    children.say(old, b"ld\n")
    os.close(old)
    children.reactor.rest()
    children.say(new, b"ew\n")
    assert children.sink.text == b"web: old\nweb: new\n"
    assert list(children.output._pipes._by_name) == ["web"]
    assert len(children.output._pipes.by_fd) == 1
    children.end("web", new)


def test_the_end_of_an_unknown_process_is_nothing(children: Children) -> None:
    """A process that never got a pipe has nothing to say when it ends."""
    children.output.ended("web")
    children.output.forget("web")
    assert children.sink.blocks == []


def test_last_words_have_an_end_though_somebody_goes_on_writing(children: Children) -> None:
    """A grandchild that fills the pipe as fast as it is read keeps nobody from going on."""
    writer = children.run("web")
    line = b"x" * (BLOCK - 1) + b"\n"
    children.sink.at_write = lambda: os.write(writer, line)
    os.write(writer, line)
    children.output.ended("web")
    assert children.sink.text == b"web: " + line
    children.close()
    assert children.sink.text == 2 * (b"web: " + line)
    os.close(writer)


# Failures


@pytest.mark.parametrize("free", [0, 1])
def test_without_descriptors_there_is_an_error_and_nothing_else(
    children: Children, free: int
) -> None:
    """A pipe that can't be made is the start's failure; the next attempt begins anew."""
    with no_descriptor_free(but=free), pytest.raises(OSError) as raised:
        children.run("web")
    assert raised.value.errno == errno.EMFILE
    assert (children.output._pipes._by_name, children.output._pipes.by_fd) == ({}, {})
    writer = children.run("web")
    children.say(writer, b"1\n")
    children.end("web", writer)
    assert children.sink.text == b"web: 1\n"


def test_a_pipe_that_cannot_be_registered_is_given_up(
    reactor: Reactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """epoll(7) has a limit of its own; beyond it a start fails, and nothing is left of it."""
    children = Children(reactor)
    before = open_descriptors()
    with monkeypatch.context() as patch:
        patch.setattr(EpollReadiness, "add", full)
        with pytest.raises(OSError):
            children.output.writers(a_spec())
    left = open_descriptors() - before
    children.close()
    assert (left, children.output._pipes.by_fd, children.output._pipes._by_name) == (set(), {}, {})


def full(readiness: EpollReadiness, fd: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_without_proc_each_run_has_its_own_pipe(
    short: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a pipe can't be opened again, the old one is read to its end beside the new one."""
    old = short.run("web")

    def no_proc(path: str, flags: int) -> int:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", no_proc)
        new = short.run("web")
    assert inode(new) != inode(old)
    short.say(old, b"old\n")
    os.close(old)
    short.reactor.rest()
    short.say(new, b"new\n")
    short.end("web", new)
    assert short.sink.text == b"web: old\nweb: new\n"


# The end


def test_closing_passes_on_what_is_left_in_every_pipe(children: Children) -> None:
    """The monitor's end loses nothing that was written before it."""
    writers = {name: children.run(name) for name in ("web", "db")}
    for name, writer in writers.items():
        os.write(writer, f"{name}'s last".encode())
    children.close()
    assert sorted(children.sink.text.splitlines()) == [b"db: db's last", b"web: web's last"]
    for writer in writers.values():
        os.close(writer)
    assert children.reactor.readers == set()


def test_closing_waits_for_no_sink(children: Children) -> None:
    """A log that takes nothing doesn't keep the monitor from ending."""
    writer = children.run("web")
    children.sink.room = False
    children.say(writer, b"1\n")
    os.write(writer, b"2\n3")
    children.close()
    os.close(writer)
    assert children.sink.text == b"web: 1\nweb: 2\nweb: 3\n"
