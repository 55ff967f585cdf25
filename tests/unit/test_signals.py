"""The monitor's signals, from the first moment on."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ncolony.signals import ENDS, LOOKS_AGAIN, Signals

ALL = (*ENDS, *LOOKS_AGAIN)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Whatever was there is there again."""
    before = {signum: signal.getsignal(signum) for signum in (*ALL, signal.SIGUSR1)}
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)


def send(*signums: int) -> None:
    for signum in signums:
        signal.raise_signal(signum)


def test_what_comes_early_is_passed_on_later() -> None:
    """In order, each once, before what comes after."""
    came: list[int] = []
    signals = Signals()
    send(signal.SIGHUP, signal.SIGTERM, signal.SIGTERM)
    signals.pass_to(came.append)
    assert came == [signal.SIGHUP, signal.SIGTERM, signal.SIGTERM]
    send(signal.SIGINT, signal.SIGQUIT)
    assert came[3:] == [signal.SIGINT, signal.SIGQUIT]


def test_what_comes_while_the_early_ones_are_passed_on_is_not_lost() -> None:
    """A handler may run between any two instructions."""
    came: list[int] = []

    def act(signum: int) -> None:
        came.append(signum)
        if signum == signal.SIGHUP:
            send(signal.SIGTERM)

    signals = Signals()
    send(signal.SIGHUP, signal.SIGINT)
    signals.pass_to(act)
    assert sorted(came) == sorted([signal.SIGHUP, signal.SIGTERM, signal.SIGINT])


def test_only_these_are_taken() -> None:
    """Others stay what they are."""
    before = {signum: signal.getsignal(signum) for signum in ALL}
    came: list[int] = []
    Signals((signal.SIGUSR1,)).pass_to(came.append)
    assert {signum: signal.getsignal(signum) for signum in ALL} == before
    send(signal.SIGUSR1)
    assert came == [signal.SIGUSR1]


def test_when_it_is_over_they_mean_nothing() -> None:
    """Ignored by the kernel: Python gives back handlers, at its own end, before it is over."""
    came: list[int] = []
    signals = Signals()
    signals.pass_to(came.append)
    signals.ignore()
    send(*ALL)
    assert came == []
    assert {signal.getsignal(signum) for signum in ALL} == {signal.SIG_IGN}


def test_it_imports_nothing_slow() -> None:
    """It is there before the 0.1 s that Twisted takes."""
    script = "import sys, ncolony.signals; print('twisted' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert said.stdout == b"False\n"
