"""What a request is to the machine: an event."""

from __future__ import annotations

from typing import assert_never

from . import model, request


def event_of(asked: request.Order) -> model.Event:
    """The event that a request is, for each process that it concerns."""
    match asked:
        case request.Start():
            return model.StartAsked(asked.reason)
        case request.Stop():
            return model.StopAsked(asked.reason)
        case request.Restart():
            if asked.pid is None:
                return model.RestartAsked(asked.reason)
            return model.RunRestartAsked(asked.pid, asked.reason)
        case request.Signal():
            return model.SignalAsked(asked.signal)
        case request.RestartAll() | request.RestartGroup():
            return model.RestartAsked(asked.reason, named=False)
        case _:
            assert_never(asked)
