"""Signals by name and number."""

from __future__ import annotations

from signal import Signals

from .errors import RefusedError, nearest


def signal_name(process: str, asked: str | int) -> str:
    """ "HUP" for "HUP", "sighup" and 1; digits for a number without a name. Raises RefusedError.

    Numbers end at 64, SIGRTMAX, signal(7).
    """
    text = str(asked).upper().removeprefix("SIG")
    names = Signals.__members__
    if "SIG" + text in names:
        return text
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 64:
        number = int(text)
        return next((name[3:] for name, known in names.items() if known == number), str(number))
    near = nearest(text, [name[3:] for name in names])
    allowed = "allowed: a signal's name, or a number from 1 to 64"
    raise RefusedError(f"cannot signal {process}: found {asked!r}; {allowed}{near}")
