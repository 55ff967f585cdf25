"""The machine's picture: an SVG of ``machine_layout``, held against what the machine does.

It is put into a page of HTML, whose colours and fonts it takes, so that it is light where the page
is light, and dark where that is dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from machine_layout import (
    ARROWS,
    FONT_PX,
    FRAMES,
    HEIGHT,
    LETTER_PX,
    LINE_PX,
    NODES,
    UNKNOWN,
    WIDTH,
    Arrow,
    Box,
    Point,
    States,
)
from machine_moves import Move, moves

from ncolony.model import Event


class PictureError(Exception):
    """The picture isn't what the machine does, or can't be read."""


_HEAD = """<figure>
<svg viewBox="0 0 {width} {height}" width="100%" font-size="{font}" fill="currentColor" role="img"
aria-label="The states of a process and the events that lead from one to another, as in the table">
<defs>
<marker id="machine-tip" viewBox="0 0 10 10" refX="9.5" refY="5" orient="auto"
markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse"><path d="M0,1 L10,5 L0,9 z"/></marker>
</defs>"""
_MIDDLE = 'text-anchor="middle"'


def picture() -> str:
    """The picture as HTML, without an empty line. Raises PictureError."""
    wrong = [*faults(moves()), *misplaced(), *overlaps()]
    if wrong:
        raise PictureError("cannot draw the machine: " + "; ".join(wrong))
    return _svg()


def faults(found: Mapping[Move, frozenset[type[Event]]]) -> list[str]:
    """Where the picture and the machine differ, in words."""
    wrong, drawn = [], set()
    for arrow in ARROWS:
        real: set[type[Event]] = set()
        for move in _moves_of(arrow):
            events = found.get(move, frozenset()).intersection(arrow.events)
            drawn |= {(move, event) for event in events}
            real |= events
            if not events:
                said = f"{move.source} doesn't lead to {move.target}"
                wrong.append(f"{said} by {_names(arrow.events)}")
        if len(real) < len(arrow.events):
            wrong.append(
                f"{_names(set(arrow.events) - real)} has no part in {_names(arrow.events)}"
            )
    for move, events in found.items():
        missing = [event for event in events if (move, event) not in drawn]
        if missing:
            wrong.append(f"no arrow from {move.source} to {move.target} by {_names(missing)}")
    return wrong


def _moves_of(arrow: Arrow) -> Iterator[Move]:
    for source in arrow.sources:
        for target in arrow.targets:
            if source is not target:
                yield Move(source, target)


def _names(events: Iterable[type[Event]]) -> str:
    return ", ".join(sorted(event.__name__ for event in events))


def misplaced() -> list[str]:
    """Which frames don't hold their states, and which lines don't join what they are to join."""
    wrong = []
    for states, frame in FRAMES.items():
        inside = {state for state, node in NODES.items() if _inside(node, frame)}
        if inside != set(states):
            wrong.append(f"the frame of {', '.join(states)} holds {', '.join(sorted(inside))}")
    for arrow in ARROWS:
        begins = {_box_at(arrow.lines[0][0])}
        ends = {_box_at(line[-1]) for line in arrow.lines}
        if begins != _boxes(arrow.sources) or ends != _boxes(arrow.targets):
            wrong.append(f"a line of {_names(arrow.events)} leads from or to something else")
    return wrong


def _boxes(states: States) -> set[Box | None]:
    """The frame of these states where there is one, else the box of each."""
    for framed, frame in FRAMES.items():
        if set(framed) == set(states):
            return {frame}
    return {NODES[state] if state else None for state in states}


def _box_at(point: Point) -> Box | None:
    """What a line begins or ends at: the innermost box that has the point on its edge."""
    for box in (*NODES.values(), *FRAMES.values()):
        if any(_meet(Box(*point, *point), edge) for edge in _edges(box)):
            return box
    return None


def overlaps() -> list[str]:
    """Which texts lie on each other, on a line, on the edge of a frame or on a state."""
    texts = [(arrow, text, box) for arrow in ARROWS for text, box in _texts(arrow)]
    wrong = []
    for number, (_, text, box) in enumerate(texts):
        if not _inside(box, Box(0, 0, WIDTH, HEIGHT)):
            wrong.append(f"{text} is outside")
        wrong += [f"{text} lies on {other}" for _, other, at in texts[:number] if _meet(box, at)]
        wrong += [f"{text} lies on {state}" for state, at in NODES.items() if _meet(box, at)]
        lines = [(line, arrow.events) for arrow in ARROWS for line in _segments(arrow.lines)]
        wrong += [f"{text} lies on the line of {_names(of)}" for at, of in lines if _meet(box, at)]
        for edge in (edge for frame in FRAMES.values() for edge in _edges(frame)):
            if _meet(box, edge):
                wrong.append(f"{text} lies on the edge of a frame")
    return wrong


def _inside(box: Box, outer: Box) -> bool:
    return (
        outer.left <= box.left
        and outer.top <= box.top
        and box.right <= outer.right
        and box.bottom <= outer.bottom
    )


def _meet(one: Box, other: Box) -> bool:
    return (
        one.left < other.right
        and other.left < one.right
        and one.top < other.bottom
        and other.top < one.bottom
    )


def _segments(lines: Iterable[tuple[Point, ...]]) -> Iterator[Box]:
    """What each straight piece takes up; a slanted one, the rectangle around it."""
    for line in lines:
        for (x, y), (to_x, to_y) in pairwise(line):
            yield Box(min(x, to_x) - 1, min(y, to_y) - 1, max(x, to_x) + 1, max(y, to_y) + 1)


def _edges(frame: Box) -> Iterator[Box]:
    left, top, right, bottom = (int(value) for value in frame)
    corners = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
    return _segments([corners])


def _texts(arrow: Arrow) -> Iterator[tuple[str, Box]]:
    """Each line of an arrow's text, and what it takes up."""
    x, y = arrow.text
    for number, event in enumerate(arrow.events):
        text = event.__name__
        width = len(text) * LETTER_PX
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[arrow.anchor]
        base = y + number * LINE_PX
        yield text, Box(left, base - FONT_PX * 0.8, left + width, base + FONT_PX * 0.25)


def _svg() -> str:
    parts = [_HEAD.format(width=WIDTH, height=HEIGHT, font=FONT_PX)]
    dashed = 'stroke-dasharray="5 4" stroke-opacity="0.55"'
    parts += [_rectangle(frame, dashed) for frame in FRAMES.values()]
    for arrow in ARROWS:
        parts += _drawn(arrow)
    for state, node in NODES.items():
        parts.append(_rectangle(node, 'stroke-width="1.5"'))
        x, y = (node.left + node.right) / 2, (node.top + node.bottom) / 2 + FONT_PX * 0.36
        parts.append(f'<text x="{x:g}" y="{y:g}" {_MIDDLE} font-weight="bold">{state}</text>')
    return "\n".join([*parts, "</svg>", "</figure>"])


def _rectangle(box: Box, style: str) -> str:
    size = f'width="{box.right - box.left:g}" height="{box.bottom - box.top:g}"'
    place = f'x="{box.left:g}" y="{box.top:g}"'
    return f'<rect {place} {size} rx="8" fill="none" stroke="currentColor" {style}/>'


def _drawn(arrow: Arrow) -> Iterator[str]:
    for line in arrow.lines:
        path = " L".join(f"{x},{y}" for x, y in line)
        yield (
            f'<path d="M{path}" fill="none" stroke="currentColor" stroke-opacity="0.8" '
            'marker-end="url(#machine-tip)"/>'
        )
    (x, y), (end_x, end_y) = arrow.lines[0][0], arrow.lines[0][-1]
    if UNKNOWN in arrow.sources:
        yield f'<circle cx="{x}" cy="{y}" r="5"/>'
    if UNKNOWN in arrow.targets:
        down = 7 if end_y > y else -7
        ring = f'<circle cx="{end_x}" cy="{end_y + down}"'
        yield f'{ring} r="7" fill="none" stroke="currentColor"/>{ring} r="4"/>'
    x, y = arrow.text
    for number, event in enumerate(arrow.events):
        place = f'x="{x}" y="{y + number * LINE_PX}" text-anchor="{arrow.anchor}"'
        yield f"<text {place}>{event.__name__}</text>"
