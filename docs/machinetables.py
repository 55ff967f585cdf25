"""Tables of the machine: what it does, and what that leads to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from machine_moves import moves
from markdowntable import table

from ncolony import machine
from ncolony.model import State


def transitions() -> str:
    """The machine's table: what each event does in each state."""
    rows = (
        (f"**{event.__name__}**", *[_cell(cells[state]) for state in State])
        for event, cells in machine.TABLE.items()
    )
    return table(("event", *State), rows)


def possible_moves() -> str:
    """Which state leads to which, and by what: what the picture shows."""
    targets: dict[tuple[str, str], list[str]] = {}
    order = (None, *State)
    for move, events in sorted(moves().items(), key=lambda item: order.index(item[0].target)):
        names = ", ".join(sorted(event.__name__ for event in events))
        target = f"`{move.target}`" if move.target else "not known any more"
        targets.setdefault((move.source or "", names), []).append(target)
    rows = (
        (f"`{source}`" if source else "not known yet", names, ", ".join(to))
        for (source, names), to in sorted(
            targets.items(), key=lambda item: ["", *State].index(item[0][0])
        )
    )
    return table(("in state", "this event", "can lead to"), rows)


def _cell(cell: Callable[..., Any]) -> str:
    name = cell.__name__
    return "·" if name == "ignore" else name.replace("_", " ")
