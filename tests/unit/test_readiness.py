"""Which pipes can be read: one epoll for all, or the reactor for each."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator

import pytest

from ncolony.readiness import (
    AT_ONCE,
    BLOCKS,
    EpollReadiness,
    ReactorReadiness,
    Some,
    readiness,
)
from reactors import Reactor, nothing_left


class Pipes:
    """Pipes with or without something to read, and which of them were called."""

    def __init__(self, reactor: Reactor, kind: Callable) -> None:
        self.reactor = reactor
        self.called: list[int] = []
        self.pairs: dict[int, int] = {}
        self.readiness = kind(reactor, self.read)
        self.at_read = lambda: None
        self.more = False

    def read(self, fd: int) -> bool:
        self.called.append(fd)
        os.read(fd, 1)
        self.at_read()
        return self.more

    def add(self, text: bytes = b"") -> int:
        reader, writer = os.pipe()
        self.pairs[reader] = writer
        self.readiness.add(reader)
        os.write(writer, text)
        return reader

    def close(self) -> None:
        for reader, writer in self.pairs.items():
            self.readiness.remove(reader)
            os.close(reader)
            os.close(writer)
        self.readiness.close()


@pytest.fixture(params=[EpollReadiness, ReactorReadiness])
def pipes(request: pytest.FixtureRequest) -> Iterator[Pipes]:
    with nothing_left() as reactor:
        pipes = Pipes(reactor, request.param)
        yield pipes
        pipes.close()


@pytest.fixture
def reactor() -> Iterator[Reactor]:
    with nothing_left() as reactor:
        yield reactor


def test_only_pipes_with_something_to_read_are_called(pipes: Pipes) -> None:
    """A pipe at rest costs nothing."""
    quiet, loud = pipes.add(), pipes.add(b"x")
    pipes.reactor.rest()
    assert pipes.called == [loud]
    assert quiet not in pipes.called


def test_a_pipe_is_called_until_it_is_empty(pipes: Pipes) -> None:
    """What is left after a read brings the next one."""
    reader = pipes.add(b"xyz")
    pipes.reactor.rest()
    assert pipes.called == [reader] * 3


def test_a_removed_pipe_is_not_called(pipes: Pipes) -> None:
    """Its descriptor may be somebody else's by now."""
    reader = pipes.add(b"x")
    pipes.readiness.remove(reader)
    pipes.reactor.rest()
    assert pipes.called == []
    pipes.readiness.add(reader)
    pipes.reactor.rest()
    assert pipes.called == [reader]


def test_nothing_is_called_during_a_pause(pipes: Pipes) -> None:
    """A pause leaves everything in the pipes, and its end loses nothing."""
    reader = pipes.add(b"x")
    pipes.readiness.pause()
    assert (pipes.reactor.readers, pipes.reactor.turn()) == (set(), False)
    pipes.readiness.resume()
    pipes.reactor.rest()
    assert pipes.called == [reader]


def test_a_pause_holds_at_once(reactor: Reactor) -> None:
    """A pause that begins while pipes are read spares the rest of them."""
    pipes = Pipes(reactor, EpollReadiness)
    both = [pipes.add(b"x"), pipes.add(b"x")]
    pipes.at_read = pipes.readiness.pause
    reactor.turn()
    assert len(pipes.called) == 1
    pipes.at_read = lambda: None
    pipes.readiness.resume()
    reactor.rest()
    assert sorted(pipes.called) == both
    pipes.close()


def test_many_pipes_are_read_in_turns(reactor: Reactor) -> None:
    """However many speak, the reactor gets its turn, and nobody is left out."""
    pipes = Pipes(reactor, EpollReadiness)
    readers = [pipes.add(b"x") for _ in range(AT_ONCE + 10)]
    reactor.turn()
    assert len(pipes.called) == AT_ONCE
    reactor.rest()
    assert sorted(pipes.called) == sorted(readers)
    pipes.close()


@pytest.mark.parametrize("pipes_ready", [1, 2, BLOCKS, BLOCKS + 1])
def test_few_pipes_are_read_again_before_the_reactor_has_its_turn(
    reactor: Reactor, pipes_ready: int
) -> None:
    """As long as each gives whole blocks, and not for longer than many would take."""
    pipes = Pipes(reactor, EpollReadiness)
    readers = [pipes.add(b"x" * BLOCKS) for _ in range(pipes_ready)]
    pipes.more = True
    reactor.turn()
    times = max(1, BLOCKS // pipes_ready)
    assert sorted(pipes.called) == sorted(readers * times)
    pipes.more = False
    pipes.called.clear()
    reactor.turn()
    assert len(pipes.called) == len(readers) if times < BLOCKS else pipes.called == []
    pipes.close()


def test_some_pipes_wait_while_others_go_on(pipes: Pipes) -> None:
    """A pause of theirs is no pause of the others, and its end loses nothing."""
    some = Some(pipes.readiness)
    held, added, free = pipes.add(), pipes.add(), pipes.add()
    for fd in (held, added):
        pipes.readiness.remove(fd)
    some.add(held)
    some.pause()
    some.add(added)
    for fd in (held, added, free):
        os.write(pipes.pairs[fd], b"x")
    pipes.reactor.rest()
    assert pipes.called == [free]
    some.resume()
    pipes.reactor.rest()
    assert sorted(pipes.called[1:]) == sorted([held, added])
    some.remove(added)
    os.write(pipes.pairs[added], b"x")
    pipes.reactor.rest()
    assert len(pipes.called) == 3
    pipes.readiness.add(added)
    some.close()


def test_a_pipe_that_waits_says_at_most_once_that_its_writer_has_gone(pipes: Pipes) -> None:
    """Its end is no event that comes again and again while it isn't read."""
    some = Some(pipes.readiness)
    reader, writer = os.pipe()
    pipes.at_read = lambda: None
    some.add(reader)
    some.pause()
    os.close(writer)
    pipes.reactor.rest()
    assert pipes.called in ([], [reader])
    pipes.called.clear()
    pipes.reactor.rest()
    assert pipes.called == []
    some.resume()
    assert pipes.reactor.turn()
    assert pipes.called == [reader]
    some.remove(reader)
    os.close(reader)


def test_one_registration_does_for_all_pipes(reactor: Reactor) -> None:
    """A pipe costs the reactor nothing where there is epoll(7)."""
    pipes = Pipes(reactor, EpollReadiness)
    for _ in range(10):
        pipes.add()
    assert len(reactor.readers) == 1
    pipes.close()


def test_the_reactor_does_it_where_there_is_no_epoll(
    reactor: Reactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Systems other than Linux lose no output."""
    best = readiness(reactor, print)
    assert type(best) is EpollReadiness
    best.close()
    monkeypatch.delattr(select, "epoll")
    fallback = readiness(reactor, print)
    assert type(fallback) is ReactorReadiness
    fallback.close()
