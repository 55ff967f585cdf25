"""The end of a colony, as far as it may be put off."""

from __future__ import annotations

from collections.abc import Iterator

from twisted.internet.task import Clock

from ncolony.ending import GIVE_UP_S, MORE_S, Ending
from ncolony.model import Record
from ncolony.testing import SimulatedSystem


class End:
    """An end that waits for these runs, and for others; ``came`` has what was left behind."""

    def __init__(self, *names: str) -> None:
        self.system = SimulatedSystem()
        self.reactor = Clock()
        self.runs = list(names)
        self.others = False
        self.came: list[list[str]] = []
        self.ending = Ending(self.system, self._living, lambda: self.others)

    def _living(self) -> Iterator[Record]:
        return iter([Record(name) for name in self.runs])

    def begin(self, killtime_s: float) -> End:
        self.ending.begin(killtime_s, lambda left: self.came.append([r.name for r in left]))
        return self

    def advance(self, duration_s: float) -> End:
        self.system.advance(duration_s)
        return self


def test_the_end_comes_when_nothing_lives_any_more() -> None:
    """Neither runs nor others, and once."""
    end = End("web").begin(5)
    end.others = True
    end.ending.look()
    end.runs.clear()
    end.ending.look()
    assert (end.came, end.ending.begun) == ([], True)
    end.others = False
    end.ending.look()
    end.ending.look()
    assert (end.came, end.ending.begun) == ([[]], False)
    assert end.system.armed == 0


def test_who_does_not_go_is_left_behind_in_time() -> None:
    """Not before KILL has had its time, and not after it."""
    end = End("web").begin(5).advance(5 + GIVE_UP_S - 0.01)
    assert end.came == []
    end.advance(0.01)
    assert end.came == [["web"]]


def test_as_long_as_some_go_the_others_have_time() -> None:
    """A machine with much else to do buries a hundred later than two."""
    end = End("a", "b", "c").begin(5)
    end.runs.pop()
    end.advance(5 + GIVE_UP_S)
    end.runs.pop()
    end.advance(MORE_S)
    assert (end.came, end.ending.begun) == ([], True)
    end.advance(MORE_S)
    assert end.came == [["a"]]


def test_others_alone_are_not_waited_for_longer() -> None:
    """Whoever they are, nothing is left of any run."""
    end = End("web").begin(5)
    end.others = True
    end.runs.clear()
    end.advance(5 + GIVE_UP_S)
    assert end.came == [[]]


def test_the_end_can_be_brought_forward() -> None:
    """By a signal that can't wait."""
    end = End("web").begin(60)
    end.ending.expect(0)
    end.advance(GIVE_UP_S)
    assert end.came == [["web"]]


def test_a_monitor_that_stood_still_gives_up_nobody_yet() -> None:
    """A machine may be halted for a while: what is overdue then has all come due at once."""
    end = End("web")
    end.system.call_later = end.reactor.callLater  # type: ignore[method-assign,assignment]
    end.begin(5)
    end.reactor.advance(60)
    assert end.came == [], "KILL was sent just now"
    end.reactor.advance(60)
    assert end.came == []
    end.runs.clear()
    end.ending.look()
    assert end.came == [[]]
    assert end.reactor.getDelayedCalls() == []
