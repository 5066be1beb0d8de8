"""The marks of a forest plot: squares with whiskers, diamonds, bars, lights."""

from __future__ import annotations

import math
from typing import NamedTuple

from ketameta.figures.axis import Axis
from ketameta.figures.metrics import text_width
from ketameta.figures.scene import Circle, Group, Line, Polygon, Rect, Shape, Text

SMALLEST, LARGEST = 4.0, 14.0  # sides of the squares in pixels
BELOW = 9.0  # from a trial's own mark to the one drawn to the mean
RADIUS, LETTER = 7.5, 12.0  # of a light, and the size of its letter


class Interval(NamedTuple):
    """An estimate with its interval on the natural scale; None where there is no end."""

    estimate: float
    low: float | None
    high: float | None


def square(interval: Interval, axis: Axis, y: float, share: float) -> list[Shape]:
    """Draw a trial: a square whose area follows `share` (0 to 1), on its interval.

    An estimate beyond the axis has no square: an arrow at the edge shows where it went.
    """
    shapes = whisker(interval, axis, y, "mark", 1.4)
    side = math.sqrt(SMALLEST**2 + (LARGEST**2 - SMALLEST**2) * min(max(share, 0.0), 1.0))
    beyond = axis.side(interval.estimate)
    if beyond:
        return list(dict.fromkeys([*shapes, _arrow(axis, y, beyond, "mark")]))
    x = axis.place(interval.estimate)
    return [*shapes, Rect(x - side / 2, y - side / 2, side, side, "mark")]


def whisker(interval: Interval, axis: Axis, y: float, role: str, width: float) -> list[Shape]:
    """Draw an interval, with an arrow at an end that lies beyond the axis."""
    if interval.low is None or interval.high is None:
        return []
    shapes: list[Shape] = [
        Line(axis.place(interval.low), y, axis.place(interval.high), y, role, width)
    ]
    for end in (interval.low, interval.high):
        if beyond := axis.side(end):
            shapes.append(_arrow(axis, y, beyond, role))
    return list(dict.fromkeys(shapes))


def bar(interval: Interval, axis: Axis, y: float) -> list[Shape]:
    """Draw a prediction interval: a thick bar with an end mark, or an arrow where it is clipped."""
    shapes = whisker(interval, axis, y, "predict", 4)
    for end in (interval.low, interval.high):
        if end is not None and not axis.side(end):
            x = axis.place(end)
            shapes.append(Line(x, y - 5, x, y + 5, "predict", 1.5))
    return shapes


def _arrow(axis: Axis, y: float, beyond: int, role: str) -> Polygon:
    tip = axis.x0 if beyond < 0 else axis.x1
    back = tip - 8 * beyond
    return Polygon(((tip, y), (back, y - 4.5), (back, y + 4.5)), role)


def diamond(interval: Interval, axis: Axis, y: float, half: float) -> list[Shape]:
    """Draw a pooled result; where the diamond is wider than the axis it is cut flat, with an arrow.

    Without an interval there is nothing to draw.
    """
    if interval.low is None or interval.high is None:
        return []
    x0, x, x1 = (
        axis.open_place(value) for value in (interval.low, interval.estimate, interval.high)
    )

    def height(at: float) -> float:
        edge = x0 if at < x else x1
        return half if edge == x else half * (edge - at) / (edge - x)

    left, right = max(x0, axis.x0), min(x1, axis.x1)
    if left > right:
        return [_arrow(axis, y, axis.side(interval.estimate), "pooled")]
    points = [(left, y - height(left))]
    if left < x < right:
        points.append((x, y - half))
    points += [(right, y - height(right)), (right, y + height(right))]
    if left < x < right:
        points.append((x, y + half))
    points.append((left, y + height(left)))
    shapes: list[Shape] = [Polygon(tuple(dict.fromkeys(points)), "pooled")]
    for end in (interval.low, interval.high):
        if beyond := axis.side(end):
            shapes.append(_arrow(axis, y, beyond, "pooled"))
    return shapes


def ring(interval: Interval, axis: Axis, y: float) -> list[Shape]:
    """Draw a result that is not pooled: a ring on its interval; beyond the axis an arrow alone."""
    shapes = whisker(interval, axis, y, "predict", 1.4)
    if beyond := axis.side(interval.estimate):
        return list(dict.fromkeys([*shapes, _arrow(axis, y, beyond, "predict")]))
    x = axis.place(interval.estimate)
    return [*shapes, Circle(x, y, 4.5, "paper"), Circle(x, y, 4.5, "predict", ring=True)]


def trial_marks(
    own: Interval,
    predicted: Interval | None,
    drawn: Interval | None,
    axis: Axis,
    y: float,
    share: float,
) -> list[Shape]:
    """Draw a trial on its prediction interval, and `BELOW` it its effect drawn to the mean."""
    marks = whisker(predicted, axis, y, "rule", 5) if predicted else []
    marks += square(own, axis, y, share)
    return marks if drawn is None else [*marks, *drawn_in(drawn, axis, y + BELOW)]


def drawn_in(interval: Interval, axis: Axis, y: float) -> list[Shape]:
    """Draw a trial's effect as its fellows make it: a small grey dot on a thin line."""
    shapes = whisker(interval, axis, y, "predict", 1)
    if axis.side(interval.estimate):
        return shapes
    return [*shapes, Circle(axis.place(interval.estimate), y, 2.6, "predict")]


def light(letter: str, role: str, title: str, x: float, y: float) -> list[Shape]:
    """Draw a judgement as a letter on a disc, or a ring where nobody judged."""
    if not letter:
        return [Group((Circle(x, y, RADIUS - 3.5, "predict", ring=True),), title)]
    on = "on-high" if role == "high" else "on-low"
    assert text_width(letter, LETTER, bold=True) <= 2 * RADIUS
    return [
        Group(
            (
                Circle(x, y, RADIUS, role),
                Text(x, y + 4.2, letter, "middle", on, LETTER, bold=True),
            ),
            title,
        )
    ]
