"""How far two readings of the same things differ, over their size: the plot of Bland and Altman.

Drawn for a phone and as readable beside others on a wide page. What is written comes in as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ketameta.figures.axis import Axis, AxisScale, make_axis
from ketameta.figures.axis_shapes import ticks
from ketameta.figures.chart import vertical
from ketameta.figures.columns import MARGIN, SMALL
from ketameta.figures.metrics import text_width
from ketameta.figures.scene import Circle, Group, Line, Polygon, Rect, Scene, Shape, Text

WIDTH, _TOP, _BOTTOM, _GAP = 350.0, 34.0, 234.0, 14.0


@dataclass(frozen=True, slots=True)
class Apart:
    """Two readings that differ: the middle of both, how far apart, and a tooltip."""

    middle: float
    apart: float
    title: str


@dataclass(frozen=True, slots=True)
class Level:
    """An upright place with its interval, if any, and its name: the mean difference or a limit."""

    value: float
    text: str
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Differences:
    """The whole picture: readings that differ, the sizes of those alike, limits, mean difference.

    Where `ratio` is true both axes are logarithmic, and 1 is no difference.
    """

    title: str
    description: str
    x_title: str
    y_title: str
    differing: tuple[Apart, ...]
    alike: tuple[float, ...]
    low: Level
    mean: Level
    high: Level
    ratio: bool = False


def draw_differences(told: Differences) -> Scene:
    """Draw those that differ as dots, outside the limits as diamonds; rings are alike."""
    levels = (told.high, told.mean, told.low)
    beside = max(text_width(level.text, SMALL) for level in levels) + 8
    none = 1.0 if told.ratio else 0.0
    sizes = [*told.alike, *(point.middle for point in told.differing)]
    heights = [point.apart for point in told.differing] + [level.value for level in levels]
    bounds = [end for level in levels for end in level.interval or ()]
    y = make_axis(heights, bounds, AxisScale(null=none, log=told.ratio), _BOTTOM, _TOP)
    left = (
        MARGIN + 8 + max(text_width(s.text, SMALL) for s in vertical(y, 0) if isinstance(s, Text))
    )
    right = WIDTH - MARGIN - beside
    x = make_axis(sizes, [], AxisScale(log=told.ratio), left, right)
    shapes: list[Shape] = [
        *(_band(level, x, y) for level in levels if level.interval),
        Line(left, y.place(none), right, y.place(none), "ink", 1),
        *(_line(level, x, y, "" if level is told.mean else "5 3") for level in levels),
        *_names(levels, right + 8, y),
        *_rings(told.alike, x, y.place(none)),
        *(_dot(point, x, y, told) for point in told.differing),
        *ticks(x, _BOTTOM),
        *vertical(y, left),
        Text(MARGIN, 18, told.y_title, size=SMALL, bold=True),
        Text((left + right) / 2, _BOTTOM + 36, told.x_title, "middle", size=SMALL, bold=True),
    ]
    return Scene(WIDTH, _BOTTOM + 48, told.title, told.description, tuple(shapes))


def _band(level: Level, x: Axis, y: Axis) -> Rect:
    assert level.interval
    top, bottom = y.place(level.interval[1]), y.place(level.interval[0])
    return Rect(x.x0, top, x.x1 - x.x0, max(bottom - top, 1), "band2")


def _line(level: Level, x: Axis, y: Axis, dash: str) -> Line:
    return Line(x.x0, y.place(level.value), x.x1, y.place(level.value), "pooled", 1.4, dash)


def _names(levels: Sequence[Level], x: float, y: Axis) -> Iterator[Text]:
    """Write the levels beside the plot, from the top, apart from each other."""
    middle = y.place(levels[1].value) + 4
    places = (
        min(y.place(levels[0].value) + 4, middle - _GAP),
        middle,
        max(y.place(levels[2].value) + 4, middle + _GAP),
    )
    for level, place in zip(levels, places, strict=True):
        yield Text(x, place, level.text, size=SMALL)


def _rings(alike: Sequence[float], x: Axis, y: float) -> Iterator[Circle]:
    """Draw those alike, once for each place that the eye can tell."""
    for place in sorted({round(x.place(size)) for size in alike}):
        yield Circle(float(place), y, 3, "predict", ring=True)


def _dot(point: Apart, x: Axis, y: Axis, told: Differences) -> Group:
    across, up = x.place(point.middle), y.place(point.apart)
    if told.low.value <= point.apart <= told.high.value:
        return Group((Circle(across, up, 3.8, "mark"),), point.title, name="study")
    corners = ((across - 5, up), (across, up - 5), (across + 5, up), (across, up + 5))
    return Group((Polygon(corners, "pooled"),), point.title, name="study")
