"""Signals by name and number, as this system has them."""

from __future__ import annotations

import signal


def _signal_names() -> dict[int, str]:
    names = {number: f"SIGRTMIN{number - signal.SIGRTMIN:+}" for number in range(1, signal.NSIG)}
    return names | {number: signal.Signals(number).name for number in signal.Signals}


_SIGNAL_NAMES = _signal_names()
_SIGNAL_NUMBERS = {
    name: int(number)
    for number in signal.valid_signals()
    for name in (str(int(number)), _SIGNAL_NAMES[number].removeprefix("SIG"))
} | {name.removeprefix("SIG"): known.value for name, known in signal.Signals.__members__.items()}


def signal_name(signum: int) -> str:
    """``SIGKILL`` for 9; ``SIGRTMIN+1`` for what has no name of its own."""
    return _SIGNAL_NAMES[signum]


def signal_number(text: str) -> int:
    """The number of a signal by its name without SIG, or by its digits. Raises ValueError."""
    try:
        return _SIGNAL_NUMBERS[text]
    except KeyError:
        raise ValueError(f"{text} is no signal") from None
