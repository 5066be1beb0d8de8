"""Pairs of dots: what changed in one group beside what changed in the other, a line a trial."""

from __future__ import annotations

from dataclasses import dataclass

from ketameta.figures.axis import Axis, AxisScale, make_axis
from ketameta.figures.axis_shapes import ticks
from ketameta.figures.columns import LINE, MARGIN, MOST, MOST_BELOW, SIZE, SMALL
from ketameta.figures.metrics import text_width, wrap
from ketameta.figures.scene import Circle, Group, Line, Polygon, Rect, Scene, Shape, Text

WIDE, NARROW = 640.0, 350.0
_STRIP, _GAP, _RADIUS = 22.0, 12.0, 5.5


@dataclass(frozen=True, slots=True)
class Dots:
    """One line: its name, both values on the axis, the numbers in words, and a tooltip.

    `bold` is the average of the lines above; `faint` a line that is not in it.
    """

    label: str
    treated: float
    control: float
    numbers: str
    tooltip: str = ""
    bold: bool = False
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Paired:
    """The whole picture; `sides` are the names of the filled and of the open dot."""

    title: str
    description: str
    axis_title: str
    sides: tuple[str, str]
    heading: str
    lines: tuple[Dots, ...]
    notes: tuple[str, ...] = ()


def draw_paired(paired: Paired, width: float = WIDE) -> Scene:
    """Draw a filled dot for the treated and a ring for the control, joined, a line a trial."""
    values = [v for line in paired.lines for v in (line.treated, line.control)]
    half = 16.0
    x0, x1 = MARGIN + half, width - MARGIN - half
    axis = make_axis(values, [], AxisScale(null=0.0), x0, x1)
    shapes, y = _legend(paired, width)
    rows: list[Shape] = []
    for line in paired.lines:
        row, y = _line(line, axis, width, y)
        rows.append(row)
    shapes += [*rows, *ticks(axis, y + 4)]
    y += 22
    for text in wrap(paired.axis_title, SMALL, width - 2 * MARGIN):
        y += 17
        shapes.append(Text(width / 2, y, text, "middle", "muted", SMALL))
    for note in paired.notes:
        y += 4
        for text in wrap(note, SMALL, width - 2 * MARGIN, most=MOST_BELOW):
            y += 17
            shapes.append(Text(MARGIN, y, text, role="muted", size=SMALL))
    return Scene(width, y + MARGIN, paired.title, paired.description, tuple(shapes))


def _legend(paired: Paired, width: float) -> tuple[list[Shape], float]:
    """Return the key of the dots, and above the numbers what they are."""
    y = MARGIN + LINE
    shapes: list[Shape] = []
    x = MARGIN + _RADIUS
    for ring, name in enumerate(paired.sides):
        shapes += _dot(x, y - 4, "mark", bool(ring))
        shapes.append(Text(x + 11, y, name, size=SMALL))
        x += 11 + text_width(name, SMALL) + 22
    if x + text_width(paired.heading, SMALL, bold=True) > width - MARGIN:
        y += LINE
    shapes.append(Text(width - MARGIN, y, paired.heading, "end", size=SMALL, bold=True))
    return shapes, y + 8


def _line(line: Dots, axis: Axis, width: float, y: float) -> tuple[Group, float]:
    role = "pooled" if line.bold else "predict" if line.faint else "mark"
    top = y
    shapes: list[Shape] = []
    room = width - 2 * MARGIN - text_width(line.numbers, SIZE, bold=line.bold) - _GAP
    y += LINE
    shapes.append(Text(width - MARGIN, y, line.numbers, "end", size=SIZE, bold=line.bold))
    for n, text in enumerate(wrap(line.label, SIZE, room, bold=line.bold, most=MOST)):
        y += LINE * (n > 0)
        shapes.append(Text(MARGIN, y, text, size=SIZE, bold=line.bold))
    middle = y + _STRIP / 2 + 1
    zero, a, b = (axis.place(value) for value in (0.0, line.control, line.treated))
    # the line of no change stops for words
    shapes.append(Line(zero, middle - _STRIP / 2, zero, middle + _STRIP / 2, "rule", 1))
    inside = _RADIUS * (1 if b > a else -1)
    if abs(b - a) > 2 * _RADIUS:
        dash = "4 3" if line.faint else ""
        shapes.append(Line(a + inside, middle, b - inside, middle, role, 2.2, dash))
    shapes += _dot(a, middle, role, ring=True) + _mark(b, middle, role, line.bold)
    y += _STRIP + 6
    hit = Rect(MARGIN, top + 2, width - 2 * MARGIN, y - top - 2, "hit")
    return Group((hit, *shapes), line.tooltip, name="total" if line.bold else "study"), y


def _dot(x: float, y: float, role: str, ring: bool) -> list[Shape]:
    return [Circle(x, y, _RADIUS, role, ring=ring)]


def _mark(x: float, y: float, role: str, bold: bool) -> list[Shape]:
    """Return the filled mark: a dot, or for the average a diamond."""
    if not bold:
        return _dot(x, y, role, ring=False)
    half = _RADIUS + 1.5
    return [Polygon(((x - half, y), (x, y - half), (x + half, y), (x, y + half)), role)]
