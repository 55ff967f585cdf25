"""Where the states and the arrows of the machine's picture are, in units of its own.

An arrow stands for each pair of one of its sources and one of its targets; one that begins or
ends at a frame, for all the states in it. ``machine_picture`` checks that the arrows are what the
machine does, that their lines join what they name, and that no text lies on anything else.
"""

from __future__ import annotations

from typing import NamedTuple

from ncolony.model import (
    Configured,
    Event,
    Exited,
    KillDue,
    LeftoverFound,
    Refused,
    Removed,
    RestartAsked,
    RetryDue,
    RunRestartAsked,
    ShutdownBegan,
    Spawned,
    SpawnFailed,
    StartAsked,
    State,
    StopAsked,
    TreeGone,
)

STOPPED, STARTING, RUNNING, STOPPING, KILLING, BACKOFF, EXITED, FAILED = State
#: Not known: a dot where an arrow begins, a ring where one ends.
UNKNOWN = None
ENDED = (BACKOFF, FAILED, EXITED)
AT_REST = (*ENDED, STOPPED)
STOPS = (STOPPING, KILLING)

Point = tuple[int, int]
States = tuple[State | None, ...]

WIDTH, HEIGHT = 800, 570
FONT_PX, LINE_PX = 13, 15
#: A letter's width on average; in DejaVu Sans, which is a wide one.
LETTER_PX = 8.1


class Box(NamedTuple):
    """A rectangle: a state's, a frame's, or a text's."""

    left: float
    top: float
    right: float
    bottom: float


class Arrow(NamedTuple):
    """From each source to each target by these events, one a line; ``text`` is the first's place.

    ``anchor`` is the side of the text that stands there: start, middle or end.
    """

    sources: States
    targets: States
    events: tuple[type[Event], ...]
    lines: tuple[tuple[Point, ...], ...]
    text: Point
    anchor: str = "start"


def _node(x: int, y: int, half_height: int = 18) -> Box:
    return Box(x - 55, y - half_height, x + 55, y + half_height)


NODES: dict[State, Box] = {
    STARTING: _node(235, 110, 28),
    RUNNING: _node(440, 110, 28),
    STOPPING: _node(690, 110),
    KILLING: _node(690, 200),
    BACKOFF: _node(235, 410),
    FAILED: _node(355, 410),
    EXITED: _node(475, 410),
    STOPPED: _node(690, 410),
}
FRAMES: dict[tuple[State, ...], Box] = {
    STOPS: Box(615, 72, 765, 232),
    ENDED: Box(172, 372, 538, 440),
    AT_REST: Box(110, 335, 765, 490),
}
ARROWS: tuple[Arrow, ...] = (
    Arrow((UNKNOWN,), (STARTING,), (Configured,), (((90, 92), (180, 92)),), (98, 86)),
    Arrow((UNKNOWN,), (FAILED,), (Refused,), (((375, 305), (375, 392)),), (383, 309)),
    Arrow((UNKNOWN,), (STOPPED,), (Configured,), (((705, 520), (705, 428)),), (713, 524)),
    Arrow((UNKNOWN,), (STOPPING,), (LeftoverFound,), (((655, 40), (655, 92)),), (663, 44)),
    Arrow((STARTING,), (RUNNING,), (Spawned,), (((290, 98), (385, 98)),), (337, 91), "middle"),
    Arrow((STARTING,), (UNKNOWN,), (Removed,), (((255, 82), (255, 56)),), (265, 66)),
    Arrow(
        (STARTING,),
        (BACKOFF, FAILED),
        (SpawnFailed,),
        (((265, 138), (265, 392)), ((265, 250), (345, 300), (345, 392))),
        (272, 200),
    ),
    Arrow(
        (STARTING,),
        (STOPPED,),
        (StopAsked, ShutdownBegan, Configured),
        (((180, 110), (30, 110), (30, 545), (655, 545), (655, 428)),),
        (38, 300),
    ),
    Arrow((RUNNING,), (STARTING,), (Exited,), (((385, 122), (290, 122)),), (337, 138), "middle"),
    Arrow((RUNNING,), ENDED, (Exited,), (((455, 138), (455, 372)),), (462, 230)),
    Arrow(
        (RUNNING,),
        (STOPPING,),
        (StopAsked, RestartAsked, ShutdownBegan, Configured, Removed, Exited),
        (((495, 110), (635, 110)),),
        (503, 29),
    ),
    Arrow(
        (RUNNING,), (STOPPING,), (RunRestartAsked,), (((495, 122), (635, 122)),), (612, 153), "end"
    ),
    Arrow((STOPPING,), (KILLING,), (KillDue,), (((690, 128), (690, 182)),), (697, 160)),
    Arrow(
        STOPS,
        (STARTING,),
        (Exited, TreeGone),
        (((625, 72), (625, 8), (225, 8), (225, 82)),),
        (425, 24),
        "middle",
    ),
    Arrow(STOPS, AT_REST, (Exited, TreeGone), (((640, 232), (640, 335)),), (632, 275), "end"),
    Arrow(STOPS, (UNKNOWN,), (Exited, TreeGone), (((745, 232), (745, 290)),), (737, 262), "end"),
    Arrow(
        AT_REST,
        (STARTING,),
        (Configured, StartAsked, RestartAsked),
        (((150, 335), (150, 126), (180, 126)),),
        (142, 190),
        "end",
    ),
    Arrow((BACKOFF,), (STARTING,), (RetryDue,), (((226, 392), (226, 138)),), (219, 250), "end"),
    Arrow(ENDED, (STOPPED,), (StopAsked, Configured), (((538, 410), (635, 410)),), (545, 388)),
    Arrow(
        (BACKOFF,),
        (STOPPED,),
        (ShutdownBegan,),
        (((235, 428), (235, 468), (680, 468), (680, 428)),),
        (445, 462),
        "middle",
    ),
    Arrow(AT_REST, (UNKNOWN,), (Removed,), (((140, 490), (140, 516)),), (152, 512)),
)
