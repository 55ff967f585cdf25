"""A descriptor in the reactor."""

from __future__ import annotations

import pytest
from twisted.internet.interfaces import IReadDescriptor, IWriteDescriptor
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from ncolony.descriptors import Ready
from reactors import failures, logged, nothing_left


def test_the_function_is_called_whatever_the_descriptor_is_ready_for() -> None:
    """Reading, writing and the other end's going all lead to the same call."""
    with nothing_left():
        calls: list[int] = []
        ready = Ready(7, lambda: calls.append(1))
        ready.doRead()
        ready.doWrite()
        ready.connectionLost(Failure(ConnectionError()))
        assert (calls, ready.fileno(), ready.logPrefix()) == ([1, 1, 1], 7, "ncolony")


@pytest.mark.parametrize("how", ["doRead", "doWrite"])
def test_an_exception_is_logged_and_goes_no_further(how: str) -> None:
    """A reactor that saw it would never look at the descriptor again."""

    def fail() -> None:
        raise RuntimeError("no luck")

    with nothing_left(), logged() as events:
        getattr(Ready(7, fail), how)()
        assert failures(events) == ["no luck"]


def test_it_is_what_a_reactor_asks_for() -> None:
    """It provides Twisted's interfaces of descriptors."""
    ready = Ready(7, print)
    assert verifyObject(IReadDescriptor, ready)
    assert verifyObject(IWriteDescriptor, ready)
