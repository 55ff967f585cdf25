"""The exit codes of the monitor."""

from __future__ import annotations

import pytest

from builders import POLICY, a_spec, running
from ncolony import exits
from ncolony.exits import CannotStart, decided
from ncolony.model import Ended, Record, State, StopReason


def ended(
    code: int | None = 0,
    signal: str | None = None,
    state: State = State.EXITED,
    **rules: object,
) -> Record:
    """An essential process that has ended for good."""
    spec = a_spec(**{"essential": True, "restart": "never", **rules})
    last = Ended(code, signal, 0.0, 1.0)
    return running(state=state, spec=spec, pid=None, tree=None, last=last)


@pytest.mark.parametrize(
    ("code", "signal", "exit_code"),
    [
        (0, None, 0),
        (3, None, 3),
        (255, None, 255),
        (None, "SIGTERM", 143),
        (None, "SIGKILL", 137),
        (None, "SIGSEGV", 139),
        (None, "SIGRTMIN+1", 163),
    ],
)
@pytest.mark.parametrize("state", [State.EXITED, State.FAILED])
def test_an_essential_process_decides_on_the_code(
    code: int | None, signal: str | None, exit_code: int, state: State
) -> None:
    """Its own, or 128 and its signal's number, whether it has ended or was given up."""
    record = ended(code, signal, state)
    assert decided(record, POLICY) == exit_code
    assert decided(record, POLICY._replace(success=frozenset({3, "SIGTERM"}))) == exit_code


def test_what_could_not_be_started_has_a_code_of_its_own() -> None:
    """Whether it never ran, or did at an earlier time: that end is not what decides."""
    never = ended(state=State.FAILED)._replace(ran=None, last=None, note="no such file")
    assert decided(never, POLICY) == exits.NOT_STARTED == 127
    before = ended(0, state=State.FAILED)._replace(ran=None, note="no such file")
    assert decided(before, POLICY) == exits.NOT_STARTED


@pytest.mark.parametrize("state", set(State) - {State.EXITED, State.FAILED})
def test_what_may_run_again_decides_nothing(state: State) -> None:
    """It hasn't ended for good; neither has what was asked to stop, or disabled."""
    assert decided(ended(3, state=state)._replace(stop_reason=StopReason.STOP), POLICY) is None


def test_what_is_not_essential_decides_nothing() -> None:
    """By its own rules, or the monitor's."""
    essential = POLICY._replace(essential=True)
    spec = a_spec(restart="never")
    record = ended(3)._replace(spec=spec)
    assert decided(record, POLICY) is None
    assert decided(record, essential) == 3
    assert decided(ended(3, essential=False), essential) is None


def test_a_file_that_cannot_be_used_decides_nothing() -> None:
    """Nobody knows whether it is essential."""
    essential = POLICY._replace(essential=True)
    assert decided(Record("web", State.FAILED, refusal="bad"), essential) is None


def test_every_way_of_not_starting_has_its_code() -> None:
    """No two of them the same, and none that a process's end could be taken for at a glance."""
    codes = [exits.USAGE, exits.LEFT_BEHIND, exits.CANNOT_CREATE, exits.ANOTHER_RUNS]
    codes += [exits.NOT_TRUSTED]
    assert codes == [2, 71, 73, 75, 77]
    error = CannotStart(exits.ANOTHER_RUNS, "another monitor runs on /status")
    assert (error.exit_code, str(error)) == (
        75,
        "cannot start: another monitor runs on /status",
    )
