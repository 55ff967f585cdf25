"""Runs that are waited for."""

from __future__ import annotations

import pytest

from ncolony.lingering import EVERY_S, FIRST_S, Lingering
from ncolony.testing import SimulatedSystem


class Waited:
    """Runs that go when a test says so, and how often each was looked at."""

    def __init__(self) -> None:
        self.system = SimulatedSystem()
        self.gone: set[str] = set()
        self.looks: dict[str, int] = {}
        self.lingering: Lingering[str] = Lingering(self.system, self.look)

    def look(self, run: str) -> bool:
        self.looks[run] = self.looks.get(run, 0) + 1
        return run in self.gone

    def advance(self, seconds: float) -> list[str]:
        """Who is waited for still; a timer is armed for them alone."""
        self.system.advance(seconds)
        left = list(self.lingering)
        assert self.system.armed == (1 if left else 0)
        return left


@pytest.fixture
def waited() -> Waited:
    return Waited()


def test_a_run_is_looked_at_until_it_is_gone(waited: Waited) -> None:
    """Soon for the first time, every so often then, and never again."""
    waited.lingering.add("a")
    assert waited.advance(FIRST_S * 0.9) == ["a"]
    assert waited.looks == {}
    assert waited.advance(FIRST_S * 0.1 + 3 * EVERY_S) == ["a"]
    assert waited.looks == {"a": 4}
    waited.gone.add("a")
    assert waited.advance(EVERY_S) == []
    assert waited.advance(100) == []
    assert waited.looks == {"a": 5}


def test_most_are_gone_at_the_first_look(waited: Waited) -> None:
    """A restart that left something behind is held up by milliseconds."""
    waited.lingering.add("a")
    waited.gone.add("a")
    assert waited.advance(FIRST_S) == []


def test_several_are_looked_at_together(waited: Waited) -> None:
    """One timer for all; each goes by itself."""
    waited.lingering.add("a")
    waited.advance(FIRST_S)
    waited.lingering.add("b")
    waited.lingering.add("b")
    assert waited.advance(EVERY_S) == ["a", "b"]
    waited.gone.add("a")
    assert waited.advance(EVERY_S) == ["b"]
    assert waited.looks == {"a": 3, "b": 2}


def test_a_look_may_come_in_between(waited: Waited) -> None:
    """When the kernel has told of a death, say."""
    waited.lingering.add("a")
    waited.gone.add("a")
    waited.lingering.look()
    assert list(waited.lingering) == []
    assert waited.advance(FIRST_S) == []
    assert waited.looks == {"a": 1}


def test_what_a_look_leads_to_may_be_the_end_of_all(waited: Waited) -> None:
    """Nothing is looked at after that."""
    lingering: Lingering[str] = Lingering(waited.system, lambda run: lingering.close() is None)
    lingering.add("a")
    lingering.add("b")
    waited.system.advance(FIRST_S)
    assert (list(lingering), waited.system.armed) == ([], 0)


def test_a_run_that_comes_during_a_look_is_waited_for(waited: Waited) -> None:
    """With one timer."""

    def look(run: str) -> bool:
        if run == "a":
            lingering.add("b")
        return True

    lingering: Lingering[str] = Lingering(waited.system, look)
    lingering.add("a")
    waited.system.advance(FIRST_S)
    assert (list(lingering), waited.system.armed) == (["b"], 1)
    waited.system.advance(EVERY_S)
    assert (list(lingering), waited.system.armed) == ([], 0)


def test_closing_waits_no_longer(waited: Waited) -> None:
    """Twice is once."""
    waited.lingering.add("a")
    waited.lingering.close()
    waited.lingering.close()
    assert waited.advance(100) == []
    assert waited.looks == {}
