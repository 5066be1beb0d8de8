"""Effects by something that trials differ in: bubbles along a number, strips a level of a factor.

As in `chart`, whatever is written comes in as text; effects come on the natural scale, of a ratio
on a log axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ketameta.figures.axis import Axis, AxisScale, make_axis
from ketameta.figures.axis_shapes import behind_words, ticks
from ketameta.figures.chart import vertical
from ketameta.figures.columns import LINE, MARGIN, MOST, MOST_BELOW, SIZE, SMALL
from ketameta.figures.metrics import text_width, wrap
from ketameta.figures.scene import Circle, Group, Line, Polygon, Rect, Scene, Shape, Text

WIDE, NARROW = 560.0, 350.0
_HEIGHT, _LEFT = 300.0, 52.0
_SMALLEST, _LARGEST = 3.0, 11.0
_STRIP = 34.0
_PANEL = 170.0


@dataclass(frozen=True, slots=True)
class Bubble:
    """A trial: its value on the axis below (none of a strip), effect, weight, and tooltip."""

    at: float
    effect: float
    weight: float
    tooltip: str


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean effect at a value, with its interval."""

    at: float
    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Strip:
    """A level of a factor: its name, its mean effect in words and as a mark, its trials."""

    label: str
    numbers: str
    mean: Mean
    bubbles: tuple[Bubble, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What is written on a picture besides numbers."""

    title: str
    description: str
    effect: str
    value: str = ""
    notes: tuple[str, ...] = ()


def draw_bubbles(
    words: Words,
    bubbles: Sequence[Bubble],
    curve: Sequence[Mean],
    scale: AxisScale,
    width: float = WIDE,
    *,
    dates: bool = False,
) -> Scene:
    """Draw trials by a number, with the curve of the mean effect and the band of its interval.

    `dates` are years: whole, and without a mark of thousands.
    """
    shapes: list[Shape] = []
    y = 4.0
    for text in wrap(words.effect, SMALL, width - 2 * MARGIN, bold=True):
        y += 16
        shapes.append(Text(MARGIN, y, text, size=SMALL, bold=True))
    x0, x1, top = _LEFT, width - MARGIN - _LARGEST, y + 16
    bottom = top + _HEIGHT * min(1.0, width / WIDE + 0.1)
    x = make_axis([b.at for b in bubbles], [], AxisScale(), x0 + _LARGEST, x1)
    ends = [end for mean in curve for end in (mean.low, mean.high)]
    effects = [*(b.effect for b in bubbles), *(mean.estimate for mean in curve)]
    down = make_axis(effects, ends, scale, bottom, top)
    shapes += _curve(curve, x, down)
    if scale.null is not None:
        level = down.place(scale.null)
        shapes.append(Line(x0, level, x1, level, "ink", 1, "5 3"))
    shapes += _dots(bubbles, lambda b: (x.place(b.at), down.place(b.effect)))
    shapes += [*_below(x, x0, bottom, dates), *vertical(down, x0)]
    y = bottom + 22
    for text in wrap(words.value, SMALL, width - 2 * MARGIN, bold=True):
        y += 16
        shapes.append(Text((x0 + x1) / 2, y, text, "middle", size=SMALL, bold=True))
    return _closed(words, shapes, y, width)


def _curve(curve: Sequence[Mean], x: Axis, y: Axis) -> Iterator[Shape]:
    upper = [(x.place(mean.at), y.place(mean.high)) for mean in curve]
    lower = [(x.place(mean.at), y.place(mean.low)) for mean in reversed(curve)]
    yield Polygon((*upper, *lower), "band2")
    places = [(x.place(mean.at), y.place(mean.estimate)) for mean in curve]
    for (ax, ay), (bx, by) in pairwise(places):
        yield Line(ax, ay, bx, by, "pooled", 2)


def _below(axis: Axis, start: float, y: float, dates: bool) -> Iterator[Shape]:
    """Draw the axis of the values; of years only whole ones are told."""
    if not dates:
        yield Line(start, y, axis.x0, y, "ink", 1)
        yield from ticks(axis, y)
        return
    yield Line(start, y, axis.x1, y, "ink", 1)
    last = -math.inf
    for tick in axis.ticks:
        place, label = axis.place(tick), f"{tick:.0f}"
        half = text_width(label, SMALL) / 2
        if tick == round(tick) and place - half > last + 6:
            yield Line(place, y, place, y + 5, "ink", 1)
            yield Text(place, y + 18, label, "middle", size=SMALL)
            last = place + half


def _dots(
    bubbles: Sequence[Bubble], at: Callable[[Bubble], tuple[float, float]]
) -> Iterator[Shape]:
    """Draw trials by weight, the heaviest first, so that none covers a smaller one."""
    most = max((b.weight for b in bubbles), default=1.0)
    for bubble in sorted(bubbles, key=lambda b: -b.weight):
        x, y = at(bubble)
        radius = max(_SMALLEST, _LARGEST * math.sqrt(bubble.weight / most))
        ring = Circle(x, y, radius + 0.8, "paper"), Circle(x, y, radius, "mark")
        yield Group(ring, bubble.tooltip, name="study")


def draw_strips(
    words: Words, strips: Sequence[Strip], scale: AxisScale, width: float = WIDE
) -> Scene:
    """Draw the trials of each level of a factor on a strip, with the mean effect below them."""
    x0, x1 = MARGIN + _LARGEST, width - MARGIN - _LARGEST
    effects = [b.effect for strip in strips for b in strip.bubbles]
    effects += [strip.mean.estimate for strip in strips]
    ends = [end for strip in strips for end in (strip.mean.low, strip.mean.high)]
    axis = make_axis(effects, ends, scale, x0, x1)
    most = max(b.weight for strip in strips for b in strip.bubbles)
    rows: list[Shape] = []
    y = MARGIN
    for strip in strips:
        room = width - 2 * MARGIN - text_width(strip.numbers, SIZE) - 12
        y += LINE
        rows.append(Text(width - MARGIN, y, strip.numbers, "end", size=SIZE))
        for n, text in enumerate(wrap(strip.label, SIZE, room, bold=True, most=MOST)):
            y += LINE * (n > 0)
            rows.append(Text(MARGIN, y, text, size=SIZE, bold=True))
        y += 6
        rows.append(Rect(x0 - _LARGEST, y, x1 - x0 + 2 * _LARGEST, _STRIP + 12, "band"))
        rows += _strip(strip, axis, y, most)
        y += _STRIP + 18
    null = [] if scale.null is None else behind_words(_null(axis, scale.null, y), rows)
    y += 2
    shapes = [*rows, *null, *ticks(axis, y)]
    y += 22
    for text in wrap(words.effect, SMALL, width - 2 * MARGIN, bold=True):
        y += 16
        shapes.append(Text(width / 2, y, text, "middle", size=SMALL, bold=True))
    return _closed(words, shapes, y, width)


def _null(axis: Axis, value: float, bottom: float) -> Line:
    x = axis.place(value)
    return Line(x, MARGIN + LINE, x, bottom, "ink", 1, "5 3")


def _strip(strip: Strip, axis: Axis, top: float, most: float) -> Iterator[Shape]:
    """Draw the trials of a level beside each other, those that would meet on two lines."""
    middle = top + _STRIP / 2 - 2
    order = sorted(strip.bubbles, key=lambda b: b.effect)
    for n, bubble in enumerate(order):
        x, y = axis.place(bubble.effect), middle + (-5 if n % 2 else 5)
        radius = max(_SMALLEST, _LARGEST * math.sqrt(bubble.weight / most))
        yield Group(
            (Circle(x, y, radius + 0.8, "paper"), Circle(x, y, radius, "mark")),
            bubble.tooltip,
            name="study",
        )
    below = top + _STRIP + 4
    low, at, high = (axis.place(v) for v in (strip.mean.low, strip.mean.estimate, strip.mean.high))
    yield Line(low, below, high, below, "pooled", 2)
    corners = ((at - 6, below), (at, below - 6), (at + 6, below), (at, below + 6))
    yield Polygon(corners, "pooled")


def _closed(words: Words, shapes: Sequence[Shape], y: float, width: float) -> Scene:
    """Add the notes and the size."""
    drawn = [*shapes]
    y += 6
    for note in words.notes:
        for line in wrap(note, SMALL, width - 2 * MARGIN, most=MOST_BELOW):
            y += 16
            drawn.append(Text(MARGIN, y, line, role="muted", size=SMALL))
    return Scene(width, y + MARGIN, words.title, words.description, tuple(drawn))


@dataclass(frozen=True, slots=True)
class Panel:
    """A group over time: its name, its trials by hour, and its curve (none: points alone)."""

    label: str
    bubbles: tuple[Bubble, ...]
    curve: tuple[Mean, ...]


def draw_panels(
    words: Words,
    panels: Sequence[Panel],
    scale: AxisScale,
    hours: Sequence[float],
    width: float = WIDE,
) -> Scene:
    """Draw groups over hours on a log axis, a panel each, all with the same axes.

    `hours` are those that the axis names. What a band reaches beyond the effects is cut off.
    """
    shapes: list[Shape] = []
    y = 4.0
    for text in wrap(words.effect, SMALL, width - 2 * MARGIN, bold=True):
        y += 16
        shapes.append(Text(MARGIN, y, text, size=SMALL, bold=True))
    effects = [b.effect for panel in panels for b in panel.bubbles]
    effects += [mean.estimate for panel in panels for mean in panel.curve]
    times = [*hours, *(b.at for panel in panels for b in panel.bubbles)]
    across = Axis(
        min(times) / 1.2, max(times) * 1.2, _LEFT + _LARGEST, width - MARGIN - _LARGEST, True, ()
    )
    for panel in panels:
        y += LINE + 8
        for text in wrap(panel.label, SIZE, width - 2 * MARGIN, bold=True):
            shapes.append(Text(MARGIN, y, text, size=SIZE, bold=True))
            y += LINE
        top, bottom = y, y + _PANEL
        down = make_axis(effects, [], scale, bottom, top)
        shapes += _curve([_cut(mean, down) for mean in panel.curve], across, down)
        if scale.null is not None:
            level = down.place(scale.null)
            shapes.append(Line(_LEFT, level, across.x1, level, "ink", 1, "5 3"))
        shapes += _dots(panel.bubbles, _places(across, down))
        shapes += [*_hours(hours, across, bottom), *vertical(down, _LEFT)]
        y = bottom + 24
    shapes.append(
        Text((_LEFT + across.x1) / 2, y + 14, words.value, "middle", size=SMALL, bold=True)
    )
    return _closed(words, shapes, y + 14, width)


def _places(across: Axis, down: Axis) -> Callable[[Bubble], tuple[float, float]]:
    return lambda bubble: (across.place(bubble.at), down.place(bubble.effect))


def _cut(mean: Mean, axis: Axis) -> Mean:
    """Return a mean with the ends of its interval held within an axis."""
    low, high = (min(max(end, axis.low), axis.high) for end in (mean.low, mean.high))
    return Mean(mean.at, mean.estimate, low, high)


def _hours(hours: Sequence[float], axis: Axis, y: float) -> Iterator[Shape]:
    yield Line(_LEFT, y, axis.x1, y, "ink", 1)
    last = -math.inf
    for hour in hours:
        place, label = axis.place(hour), hour_label(hour)
        half = text_width(label, SMALL) / 2
        yield Line(place, y, place, y + 5, "ink", 1)
        if place - half > last + 6:
            yield Text(place, y + 18, label, "middle", size=SMALL)
            last = place + half


def hour_label(hour: float) -> str:
    """Write hours, from three days on as days."""
    return f"{hour:.2g} h" if hour < 72 else f"{hour / 24:.2g} d"
