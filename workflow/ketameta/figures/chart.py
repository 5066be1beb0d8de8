"""Charts with two axes, drawn as scenes: funnel, Baujat plot, time course.

As in `forest`, whatever is written comes in as text; positions come in as numbers on the scale on
which they are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ketameta.figures.axis import Axis, AxisScale, make_axis, tick_label
from ketameta.figures.axis_shapes import ticks
from ketameta.figures.columns import MARGIN, MOST_BELOW, SMALL
from ketameta.figures.metrics import text_width, wrap
from ketameta.figures.scene import Circle, Group, Line, Polygon, Rect, Scene, Shape, Text

WIDTH, PLOT_HEIGHT, LEFT = 560.0, 340.0, 66.0
# fields are few and large: as wide as a phone shows without scrolling
FIELDS_WIDTH, FIELDS_HEIGHT = 350.0, 260.0


@dataclass(frozen=True)
class Point:
    """A trial: its place, its name for a reader who hovers, and whether it stands out."""

    x: float
    y: float
    label: str
    stands_out: bool = False


@dataclass(frozen=True)
class Band:
    """A region of a funnel: effects within `z` standard errors of `centre`, and its colour."""

    z: float
    role: str
    label: str


@dataclass(frozen=True)
class Chart:
    """What charts have in common: names, axis titles, notes below."""

    title: str
    description: str
    x_title: str
    y_title: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Funnel:
    """A funnel plot: points are effect and standard error.

    `bands` lie about `band_centre`, widest first; the triangle of `z` standard errors lies about
    `centre`. `line` is the regression: effect at a standard error of 0, and its slope. Where
    `ratio` is true effects are logarithms and the axis is labelled with the ratios.
    """

    chart: Chart
    points: tuple[Point, ...]
    centre: float
    z: float
    bands: tuple[Band, ...] = ()
    band_centre: float = 0.0
    line: tuple[float, float] | None = None
    ratio: bool = False


@dataclass(frozen=True)
class Stop:
    """A point of a time course: hour, window, effect with interval, and lines of text below."""

    hour: float
    name: str
    start: float
    end: float
    estimate: float
    low: float
    high: float
    below: tuple[str, ...]
    tooltip: str = ""


@dataclass(frozen=True)
class CourseChart:
    """A time course: effects at several hours on a logarithmic time axis."""

    chart: Chart
    stops: tuple[Stop, ...]
    rows: tuple[str, ...]
    scale: AxisScale


@dataclass(frozen=True)
class Field:
    """Ranges of y that have one colour: from one place on the x axis to the next."""

    start: float
    end: float
    low: float
    high: float
    role: str


@dataclass(frozen=True)
class Along:
    """An axis of fields: whether it is logarithmic, its ticks (none: chosen), a place to mark."""

    log: bool = False
    ticks: tuple[float, ...] = ()
    mark: float | None = None

    def axis(self, ends: Sequence[float], start: float, stop: float) -> Axis:
        """Return the axis from the least to the largest of `ends`, over start to stop pixels."""
        low, high = min(ends), max(ends)
        if not low < high:
            return make_axis([low], [], AxisScale(log=self.log), start, stop)
        # between 1.2 and 3.5 stands one power of two: then steps as on a plain axis
        inside: tuple[float, ...] = ()
        for log in (self.log, False):
            ticks = self.ticks or make_axis([low, high], [], AxisScale(log=log), start, stop).ticks
            inside = inside if len(inside) > 1 else tuple(t for t in ticks if low <= t <= high)
        return Axis(low, high, start, stop, self.log, inside)


def draw_fields(
    chart: Chart,
    fields: Sequence[Field],
    legend: Sequence[tuple[str, str]],
    along: Along,
    up: Along,
    width: float = FIELDS_WIDTH,
) -> Scene:
    """Draw coloured ranges between two axes, dashes at what these mark, what colours mean below.

    `legend` has role and words of each colour.
    """
    head, top = _heads(chart, width)
    bottom, right = top + FIELDS_HEIGHT, width - MARGIN
    x = along.axis([e for f in fields for e in (f.start, f.end)], LEFT, right)
    y = up.axis([e for f in fields for e in (f.low, f.high)], bottom, top)
    shapes: list[Shape] = []
    for f in fields:
        x0, x1, y0, y1 = x.place(f.start), x.place(f.end), y.place(f.high), y.place(f.low)
        # a hair wider: no seam shows where two of one colour meet
        shapes.append(Rect(x0, y0, min(x1 + 0.5, x.x1) - x0, min(y1 + 0.5, bottom) - y0, f.role))
    if along.mark is not None and x.side(along.mark) == 0:
        at = x.place(along.mark)
        shapes.append(Line(at, top, at, bottom, "pooled", 1.2, "5 3"))
    if up.mark is not None and y.low <= up.mark <= y.high:
        at = y.place(up.mark)
        shapes.append(Line(LEFT, at, right, at, "pooled", 1.2, "5 3"))
    shapes += [*ticks(x, bottom), *vertical(y, x.x0), *head]
    line = bottom + 23
    for words in _in_lines(chart.x_title, width - 2 * MARGIN):
        line += 15
        middle = min((x.x0 + x.x1) / 2, right - text_width(words, SMALL, bold=True) / 2)
        shapes.append(Text(middle, line, words, "middle", size=SMALL, bold=True))
    for role, said in legend:
        line += 4
        for n, words in enumerate(wrap(said, SMALL, right - MARGIN - 24)):
            line += 15
            if not n:
                shapes.append(Rect(MARGIN - 1, line - 11, 18, 13, "rule"))
                shapes.append(Rect(MARGIN, line - 10, 16, 11, role))
            shapes.append(Text(MARGIN + 24, line, words, size=SMALL))
    return _closed(chart, shapes, line, width)


def _in_lines(title: str, room: float) -> list[str]:
    return wrap(title, SMALL, room, bold=True)


def draw_funnel(funnel: Funnel, width: float = WIDTH) -> Scene:
    """Draw a funnel plot, the standard error downwards from 0."""
    top = _heads(funnel.chart, width)[1]
    x0, x1, bottom = LEFT, width - MARGIN, top + PLOT_HEIGHT
    worst = max(point.y for point in funnel.points)
    back = _ratio if funnel.ratio else float
    reach = funnel.z * worst
    inside = [back(p.x) for p in funnel.points] + [back(funnel.centre)]
    edges = [back(funnel.centre - reach), back(funnel.centre + reach)]
    if funnel.bands:
        inside.append(back(funnel.band_centre))
    x = make_axis(inside, edges, AxisScale(log=funnel.ratio), x0, x1)
    ys = make_axis([0.0, worst], [], AxisScale(limits=(0.0, worst * 1.08)), top, bottom)
    shapes: list[Shape] = []
    if funnel.bands:
        shapes.append(Rect(x0, top, x1 - x0, bottom - top, "band"))

    def at(effect: float) -> float:
        return x.open_place(back(effect))

    for band in funnel.bands:
        reach = band.z * ys.high
        corners = [
            (at(funnel.band_centre), top),
            (at(funnel.band_centre + reach), bottom),
            (at(funnel.band_centre - reach), bottom),
        ]
        shapes.append(Polygon(clip(corners, x0, x1), band.role))
    centre = at(funnel.centre)
    shapes.append(Line(centre, top, centre, bottom, "pooled", 1.2, "5 3"))
    for sign in (-1, 1):
        foot = at(funnel.centre + sign * funnel.z * ys.high)
        shapes += _line((centre, top), (foot, bottom), x0, x1, "pooled", "2 3")
    if funnel.line:
        start, slope = funnel.line
        ends = (at(start), top), (at(start + slope * ys.high), bottom)
        shapes += _line(*ends, x0, x1, "ink", "", 1.6)
    shapes += [_dot(p, x.place(back(p.x)), ys.place(p.y)) for p in funnel.points]
    return _framed(funnel.chart, x, ys, shapes, bottom, width)


def _ratio(value: float) -> float:
    """Return a ratio of its logarithm, held within what a number can be; axes end long before."""
    return math.exp(min(max(value, -700.0), 700.0))


def draw_scatter(chart: Chart, points: Sequence[Point], width: float = WIDTH) -> Scene:
    """Draw points on two axes from 0, those that stand out with their names."""
    top = _heads(chart, width)[1]
    bottom = top + PLOT_HEIGHT
    x = _from_zero([p.x for p in points], LEFT, width - MARGIN)
    y = _from_zero([p.y for p in points], bottom, top)
    places = [(x.place(p.x), y.place(p.y)) for p in points]
    shapes: list[Shape] = [_dot(p, *place) for p, place in zip(points, places, strict=True)]
    named = [(p, place) for p, place in zip(points, places, strict=True) if p.stands_out]
    shapes += names(named, places, (LEFT, width - MARGIN), (top, bottom))
    return _framed(chart, x, y, shapes, bottom, width)


def _from_zero(values: Sequence[float], start: float, end: float) -> Axis:
    highest = max(values, default=0.0)
    # nothing but rounding: an axis of 0 to 1 says that all are 0
    highest = 1.0 if highest < 1e-9 else highest
    return make_axis([0.0, highest], [], AxisScale(limits=(0.0, highest * 1.08)), start, end)


def draw_course(course: CourseChart, width: float = WIDTH) -> Scene:
    """Draw effects over time; k and n of each stand below it."""
    head, top = _heads(course.chart, width)
    bottom = top + PLOT_HEIGHT * 0.75
    left = max(LEFT, *(text_width(row, SMALL) + MARGIN + 8 for row in course.rows))
    hours = [h for s in course.stops for h in (s.start, s.end)]
    x = Axis(min(hours) / 1.2, max(hours) * 1.2, left, width - MARGIN, True, ())
    estimates = [value for s in course.stops for value in (s.estimate, s.low, s.high)]
    y = make_axis(estimates, [], course.scale, bottom, top)
    shapes: list[Shape] = []
    if course.scale.null is not None:
        level = y.place(course.scale.null)
        shapes.append(Line(x.x0, level, x.x1, level, "ink", 1))
    for stop in course.stops:
        shapes.append(_stop(stop, x, y))
    shapes.append(Line(x.x0, bottom, x.x1, bottom, "ink", 1))
    shapes += [*vertical(y, left), *head]
    line = bottom
    for n, row in enumerate((course.chart.x_title, *course.rows)):
        line = bottom + 20 + 17 * n
        shapes.append(Text(MARGIN, line, row, role="ink", size=SMALL, bold=n == 0))
        edge = float("-inf")
        for stop in course.stops:
            text = (stop.name, *stop.below)[n]
            half = text_width(text, SMALL, bold=n == 0) / 2
            place = max(x.place(stop.hour), edge + half + 6)
            shapes.append(Text(place, line, text, "middle", size=SMALL, bold=n == 0))
            edge = place + half
    return _closed(course.chart, shapes, line, width)


def _stop(stop: Stop, x: Axis, y: Axis) -> Group:
    """Draw a point with its interval upright and its window lying."""
    place, level = x.place(stop.hour), y.place(stop.estimate)
    shapes: list[Shape] = [
        Line(x.place(stop.start), level, x.place(stop.end), level, "predict", 1),
        Line(place, y.place(stop.low), place, y.place(stop.high), "mark", 2),
        Circle(place, level, 5.5, "mark"),
    ]
    return Group(tuple(shapes), stop.tooltip, name="stop")


def _dot(point: Point, x: float, y: float) -> Group:
    role = "pooled" if point.stands_out else "mark"
    dot: list[Shape] = [Circle(x, y, 4.5, "paper"), Circle(x, y, 3.8, role)]
    return Group(tuple(dot), point.label, name="study")


def names(
    named: Sequence[tuple[Point, tuple[float, float]]],
    dots: Sequence[tuple[float, float]],
    across: tuple[float, float],
    down: tuple[float, float],
) -> list[Shape]:
    """Write names beside points where they meet neither each other nor a point; else not at all."""
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in dots]
    shapes: list[Shape] = []
    for point, (x, y) in named:
        width = text_width(point.label, SMALL)
        for left, base in (
            (x + 8, y + 4),
            (x - 8 - width, y + 4),
            (x - width / 2, y - 9),
            (x - width / 2, y + 17),
        ):
            box = (left, base - 10, left + width, base + 3)
            inside = across[0] <= box[0] and box[2] <= across[1] and down[0] <= box[1]
            if inside and box[3] <= down[1] and not any(meet(box, other) for other in taken):
                taken.append(box)
                shapes.append(Text(left, base, point.label, size=SMALL))
                break
    return shapes


def meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    """Say whether two boxes (left, top, right, bottom) overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def clip(
    corners: Sequence[tuple[float, float]], x0: float, x1: float
) -> tuple[tuple[float, float], ...]:
    """Cut a convex polygon at two upright lines (Sutherland and Hodgman)."""
    points = list(corners)
    for edge, keep in ((x0, 1), (x1, -1)):
        kept: list[tuple[float, float]] = []
        for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
            a_in, b_in = keep * (ax - edge) >= 0, keep * (bx - edge) >= 0
            if a_in:
                kept.append((ax, ay))
            if a_in != b_in:
                kept.append((edge, ay + (by - ay) * (edge - ax) / (bx - ax)))
        points = kept
    return tuple(points)


def _line(
    a: tuple[float, float],
    b: tuple[float, float],
    x0: float,
    x1: float,
    role: str,
    dash: str,
    width: float = 1.0,
) -> list[Shape]:
    """Draw a line as far as it lies between two upright edges; nothing where it does not."""
    ends = clip([a, b], x0, x1)
    if len(ends) < 2:
        return []
    return [Line(*ends[0], *ends[1], role, width, dash)]


def vertical(axis: Axis, x: float) -> Iterable[Shape]:
    """Draw an upright axis at x: its line, its ticks and their labels."""
    yield Line(x, axis.x0, x, axis.x1, "ink", 1)
    for tick in axis.ticks:
        y = axis.place(tick)
        yield Line(x - 5, y, x, y, "ink", 1)
        yield Text(x - 8, y + 4, tick_label(tick), "end", size=SMALL)


def _heads(chart: Chart, width: float) -> tuple[list[Shape], float]:
    """Return the title of the upright axis above it, in lines, and where the plot begins."""
    lines = _in_lines(chart.y_title, width - 2 * MARGIN)
    shapes: list[Shape] = [
        Text(MARGIN, 20 + 15 * n, words, size=SMALL, bold=True) for n, words in enumerate(lines)
    ]
    return shapes, 38.0 + 15.0 * (len(lines) - 1)


def _framed(
    chart: Chart, x: Axis, y: Axis, shapes: list[Shape], bottom: float, width: float
) -> Scene:
    frame: list[Shape] = [*ticks(x, bottom), *vertical(y, x.x0)]
    line = bottom + 23
    for words in _in_lines(chart.x_title, width - 2 * MARGIN):
        line += 15
        half = text_width(words, SMALL, bold=True) / 2
        middle = min(max((x.x0 + x.x1) / 2, MARGIN + half), width - MARGIN - half)
        frame.append(Text(middle, line, words, "middle", "ink", SMALL, bold=True))
    return _closed(chart, [*shapes, *frame, *_heads(chart, width)[0]], line + 2, width)


def _closed(chart: Chart, shapes: list[Shape], y: float, width: float) -> Scene:
    """Add the notes and the size."""
    y += 10
    for note in chart.notes:
        for line in wrap(note, SMALL, width - 2 * MARGIN, most=MOST_BELOW):
            y += 17
            shapes.append(Text(MARGIN, y, line, role="muted", size=SMALL))
    return Scene(width, y + MARGIN, chart.title, chart.description, tuple(shapes))
