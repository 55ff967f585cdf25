"""What the log says of processes."""

from __future__ import annotations

import pytest
from twisted.logger import formatEvent

from builders import POLICY, running
from ncolony.describe import reason
from ncolony.journal import AT_ONCE, SOON_S, Journal
from ncolony.model import Ended, Record, State, StopReason
from ncolony.testing import SimulatedSystem
from reactors import logged, nothing_left

STOPPED = Record("web")


class Log:
    """A logger that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, form: str, **values: object) -> None:
        self.lines.append(form.format(**values))


class Journalled:
    """A journal on a simulated clock."""

    def __init__(self) -> None:
        self.system = SimulatedSystem()
        self.log = Log()
        self.journal = Journal(self.system, self.log, POLICY)

    def lines(self) -> list[str]:
        """What it logs soon; afterwards no timer is armed."""
        self.system.advance(SOON_S)
        assert self.system.armed == 0
        lines, self.log.lines = self.log.lines, []
        return lines


@pytest.fixture
def journalled() -> Journalled:
    return Journalled()


def test_a_line_is_logged_soon_and_once(journalled: Journalled) -> None:
    """What happens at once waits for each other, no longer."""
    journalled.journal.say("one")
    journalled.journal.say("two")
    assert (journalled.log.lines, journalled.system.armed) == ([], 1)
    assert (journalled.lines(), journalled.lines()) == (["one", "two"], [])
    journalled.journal.say("three")
    assert journalled.lines() == ["three"]


@pytest.mark.parametrize("more", [0, 1, 1000])
def test_many_lines_at_once_are_counted(journalled: Journalled, more: int) -> None:
    """A thousand deaths in a moment fill no log."""
    said = [f"line {number}" for number in range(AT_ONCE + more)]
    for line in said:
        journalled.journal.say(line)
    count = [f"and {more} more; the status says which"] if more else []
    assert journalled.lines() == said[:AT_ONCE] + count
    journalled.journal.say("later")
    assert journalled.lines() == ["later"]


BACKOFF = Record("web", State.BACKOFF, note="cannot start: no such file")


@pytest.mark.parametrize(
    "record",
    [
        BACKOFF,
        running(state=State.KILLING, stop_reason=StopReason.STOP),
        running(epoch=2),
        Record("web", State.FAILED, note="gave up"),
        running(state=State.EXITED, last=Ended(0, None, 0.0, 1.0)),
    ],
)
def test_what_somebody_will_ask_about_is_said(journalled: Journalled, record: Record) -> None:
    """Its name, its state, and why."""
    journalled.journal.changed(STOPPED, record)
    assert journalled.lines() == [f"web is {record.state}: {reason(record, POLICY)}"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (STOPPED, Record("web", State.STARTING)),
        (Record("web", State.STARTING, epoch=1), running()),
        (running(), running(state=State.STOPPING, stop_reason=StopReason.STOP)),
        (running(epoch=2), running(epoch=2, note="x")),
        (running(), None),
        (BACKOFF, BACKOFF._replace(delay_s=2.0)),
        (
            Record("web", State.FAILED, refusal="config/web: bad"),
            Record("web", State.FAILED, refusal="config/web: bad", since_at=1.0),
        ),
    ],
)
def test_what_goes_as_it_should_is_not_said(
    journalled: Journalled, old: Record, new: Record | None
) -> None:
    """First starts, stops that were asked for, and states that stay."""
    journalled.journal.changed(old, new)
    assert journalled.lines() == []


def test_a_refusal_is_said_whatever_the_state(journalled: Journalled) -> None:
    """Once for each reason: the process runs on with its older file."""
    refused = running(refusal="config/web: args: found 1; allowed: a list of strings")
    journalled.journal.changed(running(), refused)
    journalled.journal.changed(refused, refused._replace(note="x"))
    assert journalled.lines() == [refused.refusal]


def test_what_cannot_be_killed_is_said_whenever_it_is_somebody_else(
    journalled: Journalled,
) -> None:
    """Not each second."""
    killing = running(state=State.KILLING, stop_reason=StopReason.STOP)
    stuck = killing._replace(stuck="pid 7 (web)")
    journalled.journal.changed(killing, stuck)
    journalled.journal.changed(stuck, stuck._replace(note="x"))
    journalled.journal.changed(stuck, stuck._replace(stuck="pid 8 (web)"))
    journalled.journal.changed(stuck, killing)
    said = "web is KILLING: KILL sent: stop requested; can't be killed: pid"
    assert journalled.lines() == [f"{said} 7 (web)", f"{said} 8 (web)"]


def test_closing_logs_what_still_waits(journalled: Journalled) -> None:
    """The last lines before the end are not lost, and no timer is left."""
    journalled.journal.close()
    journalled.journal.say("last")
    journalled.journal.close()
    assert (journalled.log.lines, journalled.system.armed) == (["last"], 0)
    journalled.journal.close()
    assert journalled.log.lines == ["last"]


def test_braces_in_a_line_are_braces() -> None:
    """With Twisted's own logger as well."""
    from twisted.logger import Logger

    with nothing_left(), logged("ncolony.test") as events:
        system = SimulatedSystem()
        journal = Journal(system, Logger(namespace="ncolony.test"), POLICY)
        journal.say("found {args}")
        journal.close()
        assert [formatEvent(event) for event in events] == ["found {args}"]
