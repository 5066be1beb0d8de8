"""A network: what is compared as discs round a circle, what was compared directly as lines.

As in `chart`, whatever is written comes in as text.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

from ketameta.figures.bubbles import WIDE
from ketameta.figures.columns import LINE, MARGIN, MOST, MOST_BELOW, SMALL
from ketameta.figures.metrics import text_width, wrap
from ketameta.figures.scene import Circle, Group, Line, Scene, Shape, Text

_SMALLEST, _LARGEST = 5.0, 20.0
_THIN, _THICK = 1.5, 9.0
_ROOM = 108.0  # of a label
_LOW, _MOST_DOWN = 130.0, 2000.0  # half of the height of the ring
_AT = (0.5, 0.4, 0.6, 0.33, 0.67, 0.25, 0.75)  # of a line, where its number may stand
_FREE = 24.0  # of other lines and numbers round a number


@dataclass(frozen=True, slots=True)
class Disc:
    """What is compared: its label, people, and a tooltip; one of another part is drawn apart."""

    label: str
    people: float
    tooltip: str
    reference: bool = False
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """Two discs by their places, the trials that compare them, and a tooltip."""

    first: int
    second: int
    trials: int
    tooltip: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a picture of a network shows."""

    title: str
    description: str
    discs: tuple[Disc, ...]
    joined: tuple[Joined, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a disc stands, how large it is, and on which side its label stands (-1: above)."""

    x: float
    y: float
    radius: float
    side: int


def draw_network(plan: Plan, width: float = WIDE) -> Scene:
    """Draw a network: areas of discs by people, widths of lines by trials, told at their middle.

    The first disc stands at the top, the others follow clockwise. The reference has a ring; what is
    not joined with it has broken lines and grey discs.
    """
    spots, bottom = _placed(plan.discs, width)
    shapes: list[Shape] = []
    most = max((line.trials for line in plan.joined), default=1)
    for line in plan.joined:
        shapes.append(_line(line, spots, most, plan.discs[line.first].apart))
    shapes += _numbers(plan, spots)
    for disc, spot in zip(plan.discs, spots, strict=True):
        shapes.append(Group(tuple(_disc(disc, spot)), disc.tooltip, name="node"))
    y = bottom
    for note in plan.notes:
        for text in wrap(note, SMALL, width - 2 * MARGIN, most=MOST_BELOW):
            y += 16
            shapes.append(Text(MARGIN, y, text, role="muted", size=SMALL))
    return Scene(width, y + MARGIN, plan.title, plan.description, tuple(shapes))


def _placed(discs: Sequence[Disc], width: float) -> tuple[list[_Spot], float]:
    """Return where the discs stand, and the height below them and their labels.

    As high as it has to be for no label to meet another, or a disc of another.
    """
    down = min((width - 2 * MARGIN - _ROOM) / 2, _LOW)
    spots = _ring(discs, width, down)
    while down < _MOST_DOWN and _meet(discs, spots):
        down *= 1.1
        spots = _ring(discs, width, down)
    return spots, max(box[3] for box in map(_box, discs, spots)) if discs else 0.0


def _ring(discs: Sequence[Disc], width: float, down: float) -> list[_Spot]:
    """Return discs on an ellipse, the first at the top; labels stand outside of it."""
    across = (width - 2 * MARGIN - _ROOM) / 2
    most = max((disc.people for disc in discs), default=1.0) or 1.0
    spots = []
    for n, disc in enumerate(discs):
        angle = 2 * math.pi * n / len(discs)
        radius = max(_SMALLEST, _LARGEST * math.sqrt(disc.people / most))
        side = -1 if math.cos(angle) > 1e-9 else 1
        x, y = across * math.sin(angle), -down * math.cos(angle)
        spots.append(_Spot(width / 2 + x, y, radius, side))
    top = min((box[1] for box in map(_box, discs, spots)), default=0.0)
    return [replace(spot, y=spot.y - top + MARGIN) for spot in spots]


def _box(disc: Disc, spot: _Spot) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a disc with its label."""
    lines = _label(disc)
    half = max(spot.radius + 5, *(text_width(line, SMALL, bold=True) / 2 for line in lines))
    tall, away = LINE * len(lines) + 8, spot.radius + 5
    above, below = (away + tall, away) if spot.side < 0 else (away, away + tall)
    return spot.x - half, spot.y - above, spot.x + half, spot.y + below


def _meet(discs: Sequence[Disc], spots: Sequence[_Spot]) -> bool:
    boxes = [*map(_box, discs, spots)]
    return any(
        a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
        for a, b in combinations(boxes, 2)
    )


def _label(disc: Disc) -> list[str]:
    return wrap(disc.label, SMALL, _ROOM, bold=True, most=MOST)


def _disc(disc: Disc, spot: _Spot) -> Iterator[Shape]:
    role = "predict" if disc.apart else "mark"
    yield Circle(spot.x, spot.y, spot.radius + 1.5, "paper")
    yield Circle(spot.x, spot.y, spot.radius, role)
    if disc.reference:
        yield Circle(spot.x, spot.y, spot.radius + 4, "ink", ring=True)
    lines = _label(disc)
    away = spot.radius + 8
    first = spot.y + away + LINE - 4 if spot.side > 0 else spot.y - away - LINE * (len(lines) - 1)
    for n, text in enumerate(lines):
        yield Text(spot.x, first + n * LINE, text, "middle", size=SMALL, bold=True)


def _line(line: Joined, spots: Sequence[_Spot], most: int, apart: bool) -> Line:
    a, b = spots[line.first], spots[line.second]
    width = _THIN + (_THICK - _THIN) * (line.trials - 1) / max(most - 1, 1)
    return Line(a.x, a.y, b.x, b.y, "rule", width, "6 4" if apart else "")


def _numbers(plan: Plan, spots: Sequence[_Spot]) -> Iterator[Group]:
    """Tell the trials on each line, where it is most free of names, lines and other numbers."""
    ends = [(spots[line.first], spots[line.second]) for line in plan.joined]
    boxes = [*map(_box, plan.discs, spots)]
    taken: list[tuple[float, float]] = []

    def free(place: tuple[float, float], own: tuple[_Spot, _Spot]) -> float:
        numbers = [math.dist(place, other) for other in taken]
        lines = [1.5 * _from_line(place, *pair) for pair in ends if pair != own]
        return min([_FREE, *numbers, *lines, *(_from_box(place, box) for box in boxes)])

    for line, own in zip(plan.joined, ends, strict=True):
        a, b = own
        places = [(a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)) for t in _AT]
        x, y = max(places, key=partial(free, own=own))
        taken.append((x, y))
        text = f"{line.trials:,}"
        half = max(8.0, text_width(text, SMALL) / 2 + 3)
        shapes = Circle(x, y, half, "paper"), Text(x, y + 4.2, text, "middle", size=SMALL)
        yield Group(shapes, line.tooltip, name="joined")


def _from_box(place: tuple[float, float], box: tuple[float, float, float, float]) -> float:
    """Return how far a place is outside of a box."""
    x, y = place
    return math.hypot(max(box[0] - x, 0.0, x - box[2]), max(box[1] - y, 0.0, y - box[3]))


def _from_line(place: tuple[float, float], a: _Spot, b: _Spot) -> float:
    """Return how far a place is from the line between two spots."""
    x, y, dx, dy = place[0] - a.x, place[1] - a.y, b.x - a.x, b.y - a.y
    t = min(max((x * dx + y * dy) / (dx * dx + dy * dy), 0.0), 1.0)
    return math.hypot(x - t * dx, y - t * dy)
