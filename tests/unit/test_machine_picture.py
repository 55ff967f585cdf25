"""The machine's picture in the documentation is what the machine does, and can be read."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import machine_picture
import pytest
from machine_layout import ARROWS, HEIGHT, WIDTH, Arrow, Box
from machine_moves import Move, moves

from ncolony.model import Event, Exited, KillDue, Spawned, State, StopAsked


def test_every_arrow_is_a_transition_and_every_transition_has_an_arrow() -> None:
    """What is drawn is what running the machine's functions finds, no more and no less."""
    assert machine_picture.faults(moves()) == []


def without(move: Move) -> dict[Move, frozenset[type[Event]]]:
    return {other: events for other, events in moves().items() if other != move}


@pytest.mark.parametrize("move", moves(), ids=str)
def test_an_arrow_that_is_no_transition_is_a_fault(move: Move) -> None:
    """Whichever transition goes, the picture would be wrong."""
    assert (
        f"{move.source} doesn't lead to {move.target}" in machine_picture.faults(without(move))[0]
    )


def test_a_transition_without_an_arrow_is_a_fault() -> None:
    """A new one, and an old one that another event leads to as well."""
    new = {Move(State.EXITED, State.RUNNING): frozenset({Spawned})}
    old = {Move(State.STOPPING, State.KILLING): frozenset({KillDue, Exited})}
    assert machine_picture.faults({**moves(), **new}) == [
        "no arrow from EXITED to RUNNING by Spawned"
    ]
    assert machine_picture.faults({**moves(), **old}) == [
        "no arrow from STOPPING to KILLING by Exited"
    ]


def test_an_event_that_brings_nothing_about_is_a_fault() -> None:
    """Each name beside an arrow is one that counts."""
    move = Move(State.STARTING, State.STOPPED)
    fewer = {move: moves()[move] - {StopAsked}}
    assert machine_picture.faults({**moves(), **fewer}) == [
        "StopAsked has no part in Configured, ShutdownBegan, StopAsked"
    ]


def test_each_line_joins_what_its_arrow_names() -> None:
    """By its ends; and each frame holds the states that it stands for, and no other."""
    assert machine_picture.misplaced() == []


def test_a_line_that_leads_elsewhere_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """To another state, to none, or from a state where it should come from none."""
    elsewhere = [(((90, 92), (385, 92)),), (((90, 92), (170, 92)),), (((180, 100), (180, 92)),)]
    first, *others = ARROWS
    for lines in elsewhere:
        monkeypatch.setattr(machine_picture, "ARROWS", (*others, first._replace(lines=lines)))
        assert machine_picture.misplaced() == [
            "a line of Configured leads from or to something else"
        ]


def test_a_frame_that_holds_other_states_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than it stands for."""
    frame = Box(0, 0, WIDTH, HEIGHT)
    monkeypatch.setattr(machine_picture, "FRAMES", {(State.STOPPING, State.KILLING): frame})
    assert machine_picture.misplaced()[0].startswith("the frame of STOPPING, KILLING holds BACK")


def test_no_text_lies_on_anything() -> None:
    """Neither on another one nor on a line, an edge or a state."""
    assert machine_picture.overlaps() == []


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ((98, 92), "the line of Configured"),
        ((200, 110), "STARTING"),
        ((120, 340), "the edge of a frame"),
        ((270, 200), "SpawnFailed"),
        ((780, 500), "outside"),
    ],
)
def test_a_text_that_lies_on_something_is_found(
    text: tuple[int, int], on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a text is moved to by mistake."""
    first, *others = ARROWS
    monkeypatch.setattr(machine_picture, "ARROWS", (*others, first._replace(text=text)))
    assert any(on in fault for fault in machine_picture.overlaps())


def test_a_wrong_picture_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The build of the pages ends with what is wrong, in a line."""
    arrow = Arrow((State.EXITED,), (State.RUNNING,), (Spawned,), (((0, 0), (9, 0)),), (20, 550))
    monkeypatch.setattr(machine_picture, "ARROWS", (*ARROWS, arrow))
    with pytest.raises(machine_picture.PictureError, match="EXITED doesn't lead to RUNNING"):
        machine_picture.picture()


def test_the_picture_is_one_piece_of_html() -> None:
    """Well-formed, with each state's name, and no empty line, which ends HTML in Markdown."""
    text = machine_picture.picture()
    assert "\n\n" not in text
    assert not re.search(r"#[0-9a-f]{3,6}\b", text), "colours are the page's"
    words = {element.text for element in ElementTree.fromstring(text).iter("text")}
    assert words >= {*State, "Configured", "TreeGone"}
