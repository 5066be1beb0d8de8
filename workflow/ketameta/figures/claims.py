"""Pictures of claims: results on the axis of what is claimed, and people of 100 beside each other.

Both are drawn for a phone and are as readable beside a text on a wide page. What is written comes
in as text: this module knows places, not statistics.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ketameta.figures.axis import Axis, AxisScale, make_axis, tick_label
from ketameta.figures.columns import LINE, SIZE, SMALL
from ketameta.figures.marks import Interval, whisker
from ketameta.figures.metrics import text_width, wrap
from ketameta.figures.scene import Circle, Group, Line, Outline, Polygon, Scene, Shape, Text

WIDTH, NARROW = 350.0, 240.0
_EDGE = 16.0  # room at both ends of an axis, for the half of a label
_STRIP = 26.0  # height in which a result and its trials stand
_TALLEST, _SHORTEST = 15.0, 5.0  # trials as ticks


@dataclass(frozen=True, slots=True)
class Tick:
    """A trial on the axis: its place, its people, what a reader hovering is told."""

    value: float
    people: float
    title: str


@dataclass(frozen=True, slots=True)
class PictureRow:
    """A row of the picture: pooled value, interval and trials.

    `control` says that it is of control arms; `beside` is what control arms did on the same row;
    `below` is the result in another unit, in small print.
    """

    label: str
    text: str
    interval: Interval
    ticks: tuple[Tick, ...] = ()
    control: bool = False
    beside: float | None = None
    below: str = ""


@dataclass(frozen=True, slots=True)
class ClaimPicture:
    """Results on one axis, with an open mark where the claim has its number."""

    title: str
    description: str
    rows: tuple[PictureRow, ...]
    scale: AxisScale
    claimed: float | None = None
    claimed_text: str = ""


@dataclass(frozen=True, slots=True)
class HundredPeople:
    """Of 100 people: how many under control and under treatment, each with what stands below.

    `gains` says that the difference is good for them; `key` is what the persons stand for: with the
    event either way, the difference, and without it.
    """

    title: str
    description: str
    control: int
    treated: int
    texts: tuple[str, str]  # a line in bold, and one below it
    gains: bool
    key: tuple[str, str, str]


def draw_axis(picture: ClaimPicture, small: bool = False) -> Scene:
    """Lay results out over an axis; the small form leaves out the trials and the axis title."""
    width = NARROW if small else WIDTH
    axis = _axis(picture, width)
    shapes: list[Shape] = []
    y = 4.0
    if picture.claimed is not None:
        y += LINE
        shapes += _claimed_text(picture, axis, y)
        y += 10
    for row in picture.rows:
        drawn, y = _row(row, axis, y, width, _most(picture), small)
        # the lines of no effect and of the claim stop for words
        shapes += [*_guides(picture, axis, y - _STRIP + 6, y), *drawn]
    bottom = y
    shapes.append(Line(axis.x0, bottom, axis.x1, bottom, "ink"))
    for tick in axis.ticks:
        x = axis.place(tick)
        shapes.append(Line(x, bottom, x, bottom + 4, "ink"))
        shapes.append(Text(x, bottom + 16, tick_label(tick), "middle", "muted", SMALL))
    y = bottom + 20
    if not small:
        for line in wrap(picture.scale.title, SMALL, width):
            y += LINE
            shapes.append(Text(width / 2, y, line, "middle", "muted", SMALL))
    return Scene(width, y + 6, picture.title, picture.description, tuple(shapes))


def _axis(picture: ClaimPicture, width: float) -> Axis:
    intervals = [row.interval for row in picture.rows]
    # a pooled interval is never clipped, and what is counted of 100 is drawn from none
    estimates = [x for i in intervals for x in (i.estimate, i.low, i.high) if x is not None]
    estimates += [0.0] if picture.scale.limits and picture.scale.limits[0] == 0 else []
    estimates += [row.beside for row in picture.rows if row.beside is not None]
    estimates += (
        [t.value for row in picture.rows for t in row.ticks] if not picture.scale.log else []
    )
    estimates += [] if picture.claimed is None else [picture.claimed]
    return make_axis(estimates, [], picture.scale, _EDGE, width - _EDGE)


def _most(picture: ClaimPicture) -> float:
    return max((t.people for row in picture.rows for t in row.ticks), default=1.0) or 1.0


def _row(
    row: PictureRow, axis: Axis, y: float, width: float, most: float, small: bool
) -> tuple[list[Shape], float]:
    """Draw a result: name and numbers in words, below them trials, interval and dot."""
    shapes: list[Shape] = []
    room = width - text_width(row.text, SIZE) - 12
    # numbers that leave no room for a word of the name stand below it
    beside = room >= max(text_width(word, SIZE, bold=True) for word in row.label.split(" "))
    lines = wrap(row.label, SIZE, room if beside else width, bold=True, most=3)
    numbers = y + LINE * (1 if beside else len(lines) + 1)
    shapes.append(Text(width, numbers, row.text, "end", size=SIZE, bold=not row.control))
    for line in lines:
        y += LINE
        shapes.append(Text(0, y, line, size=SIZE, bold=not row.control))
    y = y if beside else numbers
    for line in wrap(row.below, SMALL, width) if row.below else []:
        y += LINE
        shapes.append(Text(0, y, line, role="muted", size=SMALL))
    middle = y + _STRIP / 2 + 2
    role = "predict" if row.control else "pooled"
    marks: list[Shape] = []
    if not small:
        for tick in row.ticks:
            half = (_SHORTEST + (_TALLEST - _SHORTEST) * math.sqrt(tick.people / most)) / 2
            x = axis.place(tick.value)
            mark = Line(x, middle - half, x, middle + half, "muted" if row.control else "mark", 1.5)
            marks.append(Group((mark,), tick.title))
    marks += whisker(row.interval, axis, middle, role, 2.5)
    if row.beside is not None:
        marks.append(_square(axis.place(row.beside), middle, "predict"))
    x = axis.place(row.interval.estimate)
    marks.append(_square(x, middle, role) if row.control else Circle(x, middle, 5.5, role))
    shapes.append(Group(tuple(marks), f"{row.label}: {row.text}"))
    return shapes, y + _STRIP


def _square(x: float, y: float, role: str) -> Polygon:
    """Draw the control's mark: another form than the treated's, not another colour alone."""
    return Polygon(((x - 5, y - 5), (x + 5, y - 5), (x + 5, y + 5), (x - 5, y + 5)), role)


def _guides(picture: ClaimPicture, axis: Axis, top: float, bottom: float) -> list[Shape]:
    shapes: list[Shape] = []
    if picture.scale.null is not None:
        x = axis.place(picture.scale.null)
        shapes.append(Line(x, top, x, bottom, "muted", 1.2))
    if picture.claimed is not None:
        x = axis.place(picture.claimed)
        shapes.append(Line(x, top, x, bottom, "ink", 1.2, "4 3"))
    return shapes


def _claimed_text(picture: ClaimPicture, axis: Axis, y: float) -> list[Shape]:
    assert picture.claimed is not None
    x = axis.place(picture.claimed)
    half = text_width(picture.claimed_text, SMALL, bold=True) / 2
    place = min(max(x, half), axis.x1 + _EDGE - half)
    return [
        Text(place, y - 2, picture.claimed_text, "middle", size=SMALL, bold=True),
        Circle(x, y + 5, 4.5, "ink", ring=True),
    ]


# a person of 10 by 15 pixels, from the middle of the head: head and shoulders in one line
_PERSON = "m-2.4 0a2.4 2.4 0 1 0 4.8 0a2.4 2.4 0 1 0-4.8 0zm-1.4 10v-3.6q0-3.2 3.8-3.2t3.8 3.2v3.6z"
_HATCH = ("m-3.4 6.4l2.6-2.8", "m-3.4 9.4l5.4-5.8", "m-.8 9.6l4-4.2")
# of a harm crossed as well, so that it is told from a benefit in grey too
_CROSS = (*_HATCH, "m3.4 6.4l-2.6-2.8", "m3.4 9.4l-5.4-5.8", "m.8 9.6l-4-4.2")


def draw_people(people: HundredPeople) -> Scene:
    """Draw 100 people under control and 100 under treatment, the difference hatched.

    Dark: with the event in both; hatched: the difference that treatment makes, of a benefit in one
    ink and of a harm in another and crossed; pale: without. A key below says so.
    """
    step_x, step_y = 15.8, 16.4
    gap = WIDTH - 20 * step_x
    shapes: list[Shape] = []
    both = min(people.control, people.treated)
    most = max(people.control, people.treated)
    blocks = ((0.0, people.control, people.control), (10 * step_x + gap, both, most))
    for left, dark, hatched in blocks:
        places = [(left + (n % 10 + 0.5) * step_x, 5 + (n // 10) * step_y) for n in range(100)]
        shapes.append(Outline(_people(places[hatched:]), "band3"))
        shapes.append(Outline(_people(places[:dark]), "predict"))
        if hatched > dark:
            shapes += _difference(places[dark:hatched], people.gains)
    y = 10 * step_y + 4
    room = 10 * step_x
    height = 0.0
    for left, text in zip((0.0, room + gap), people.texts, strict=True):
        place = y
        for bold, part in zip((True, False), text.split("\n", 1), strict=True):
            for line in wrap(part, SIZE, room, bold=bold, most=3):
                place += LINE
                shapes.append(Text(left, place, line, size=SIZE, bold=bold))
        height = max(height, place + 8)
    key, height = _key(people, height)
    return Scene(WIDTH, height + 4, people.title, people.description, (*shapes, *key))


def _difference(places: Sequence[tuple[float, float]], gains: bool) -> list[Shape]:
    role = "mark" if gains else "pooled"
    hatch = _HATCH if gains else _CROSS
    return [Outline(_people(places), role, 1.0), Outline(_hatches(places, hatch), role, 1.0)]


def _key(people: HundredPeople, y: float) -> tuple[list[Shape], float]:
    """Say below the persons what each kind of them stands for; return it and where it ends."""
    shapes: list[Shape] = []
    both, difference, neither = people.key
    for left, role, text in ((0.0, "predict", both), (WIDTH / 2, "band3", neither)):
        shapes.append(Outline(_people([(left + 6, y + 4)]), role))
        shapes.append(Text(left + 18, y + LINE - 2, text, role="muted", size=SMALL))
    y += LINE
    if people.control != people.treated:
        shapes += _difference([(6.0, y + 4)], people.gains)
        for line in wrap(difference, SMALL, WIDTH - 18, most=2):
            y += LINE
            shapes.append(Text(18, y - 2, line, role="muted", size=SMALL))
    return shapes, y


def _people(places: Iterable[tuple[float, float]]) -> str:
    return "".join(f"M{x:.4g} {y:.4g}{_PERSON}" for x, y in places)


def _hatches(places: Iterable[tuple[float, float]], strokes: Sequence[str]) -> str:
    return "".join(f"M{x:.4g} {y:.4g}{hatch}" for x, y in places for hatch in strokes)
