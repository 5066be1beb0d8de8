"""The specification curve: sorted estimates with their intervals, and the choices below each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from ketameta.figures.axis import Axis, AxisScale, make_axis
from ketameta.figures.chart import vertical
from ketameta.figures.columns import MARGIN, SMALL
from ketameta.figures.metrics import text_width, wrap
from ketameta.figures.scene import Line, Outline, Scene, Shape, Text, coordinate

WIDE, NARROW = 720.0, 350.0
_HEIGHT, _ROW, _MOST = 210.0, 13.0, 12


@dataclass(frozen=True, slots=True)
class Specification:
    """An estimate with its interval, and whether it is the analysis itself.

    `chosen` is the place of its option in each dimension that is drawn.
    """

    estimate: float
    low: float
    high: float
    configured: bool
    chosen: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A dimension, and the options of it that have a row."""

    name: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpecificationCurve:
    """What is written on a specification curve, and what it draws."""

    title: str
    description: str
    effect: str
    notes: tuple[str, ...]
    specifications: tuple[Specification, ...]
    choices: tuple[Choice, ...]
    scale: AxisScale


def draw_specifications(curve: SpecificationCurve, width: float = WIDE) -> Scene:
    """Draw the curve, and below it a row an option with a mark where a specification has it."""
    shapes: list[Shape] = []
    y = 4.0
    for text in wrap(curve.effect, SMALL, width - 2 * MARGIN, bold=True):
        y += 16
        shapes.append(Text(MARGIN, y, text, size=SMALL, bold=True))
    labels = [option for choice in curve.choices for option in choice.options]
    widest = max((text_width(label, SMALL) for label in labels), default=0.0)
    left = min(MARGIN + max(widest, 40.0) + 10, width * 0.45)
    right, top = width - MARGIN, y + 14
    bottom = top + _HEIGHT
    estimates = [s.estimate for s in curve.specifications]
    ends = [end for s in curve.specifications for end in (s.low, s.high)]
    down = make_axis(estimates, ends, curve.scale, bottom, top)
    step = (right - left) / max(len(curve.specifications), 1)
    if curve.scale.null is not None:
        level = down.place(curve.scale.null)
        shapes.append(Line(left, level, right, level, "ink", 1, "5 3"))
    shapes += _bars(curve.specifications, left, step, down)
    shapes += vertical(down, left)
    y = bottom + 10
    for place, choice in enumerate(curve.choices):
        y += 18
        shapes.append(Text(MARGIN, y, choice.name, size=SMALL, bold=True))
        for option, label in enumerate(choice.options):
            has = [one.chosen[place] == option for one in curve.specifications]
            shapes += _marks(has, curve.specifications, left, step, y + _ROW - 8)
            for text in wrap(label, SMALL, left - MARGIN - 8):
                y += _ROW
                shapes.append(Text(MARGIN, y, text, size=SMALL))
    for note in curve.notes:
        for text in wrap(note, SMALL, width - 2 * MARGIN):
            y += 16
            shapes.append(Text(MARGIN, y + 4, text, role="muted", size=SMALL))
    return Scene(width, y + 16, curve.title, curve.description, tuple(shapes))


def _marks(
    has: list[bool], specifications: tuple[Specification, ...], left: float, step: float, y: float
) -> Iterator[Shape]:
    """Draw a mark for each run of neighbours that have an option, all of a colour in one path."""
    keys = [(h, one.configured) for h, one in zip(has, specifications, strict=True)]
    at = 0
    marks: dict[str, list[str]] = {}
    for (here, configured), run in groupby(keys):
        length = len([*run])
        if here:
            wide = max(length * step - 0.4, 0.8)
            marks.setdefault(_role(configured), []).append(_box(left + at * step, y, wide, 7))
        at += length
    yield from (Outline("".join(paths), role) for role, paths in marks.items())


def _role(configured: bool) -> str:
    return "pooled" if configured else "mark"


def _box(x: float, y: float, width: float, height: float) -> str:
    """Return a filled rectangle as a part of a path."""
    wide = coordinate(width)
    return f"M{coordinate(x)} {coordinate(y)}h{wide}v{coordinate(height)}h-{wide}z"


def _bars(
    specifications: tuple[Specification, ...], left: float, step: float, down: Axis
) -> Iterator[Shape]:
    """Draw the intervals, and on them the estimates: two paths a colour, the analysis on top."""
    thick = max(min(step * 0.6, 2.5), 0.8)
    for configured in (False, True):
        intervals, estimates = [], []
        for n, one in enumerate(specifications):
            if one.configured == configured:
                x = left + (n + 0.5) * step
                low, high = (
                    down.place(min(max(end, down.low), down.high)) for end in (one.low, one.high)
                )
                intervals.append(f"M{coordinate(x)} {coordinate(low)}V{coordinate(high)}")
                level = down.place(one.estimate)
                estimates.append(_box(x - step / 2, level - 1.5, max(step, 2.0), 3.0))
        if intervals:
            yield Outline("".join(intervals), "pooled" if configured else "band3", thick)
            yield Outline("".join(estimates), _role(configured))
