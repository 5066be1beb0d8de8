"""The forest plot: rows of text beside intervals on one axis, laid out from what they hold.

Everything that is written comes in as text: this module knows places, not statistics.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ketameta.figures.axis import Axis, make_axis, tick_label
from ketameta.figures.scene import (
    Group,
    Line,
    Polygon,
    Rect,
    Scene,
    Shape,
    Text,
    fit_text,
    text_width,
)

ROW, GAP, MARGIN, SIZE, SMALL = 22.0, 14.0, 12.0, 13.0, 12.0
PLOT, WIDEST = 320.0, 290.0


@dataclass(frozen=True)
class Heading:
    """A column: its title (lines with a newline between) and where its cells stand."""

    title: str
    anchor: str = "start"


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval on the natural scale; None where there is no end."""

    estimate: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Row:
    """One trial: cells left and right of the plot, its interval and its weight in per cent."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    interval: Interval
    weight: float | None
    tooltip: str = ""
    href: str = ""


@dataclass(frozen=True)
class Total:
    """A pooled result: its label and cells, drawn as a diamond."""

    label: str
    right: tuple[str, ...]
    interval: Interval
    tooltip: str = ""


@dataclass(frozen=True)
class Block:
    """Rows under a subgroup heading (empty: none) with their subtotal (None: none)."""

    heading: str
    rows: tuple[Row, ...]
    subtotal: Total | None = None


@dataclass(frozen=True)
class Forest:
    """All that a forest plot shows."""

    title: str
    description: str
    left: tuple[Heading, ...]
    right: tuple[Heading, ...]
    blocks: tuple[Block, ...]
    total: Total | None
    prediction: Total | None
    axis_title: str
    sides: tuple[str, str] | None
    null: float | None
    log: bool
    limits: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


@dataclass
class _Layout:
    """Places of columns, and the shapes drawn so far."""

    forest: Forest
    left_x: list[tuple[float, float]] = field(default_factory=list)
    right_x: list[tuple[float, float]] = field(default_factory=list)
    plot_x: float = 0.0
    width: float = 0.0
    y: float = 0.0
    shapes: list[Shape] = field(default_factory=list)


def draw(forest: Forest) -> Scene:
    """Lay a forest plot out and return it as a scene; its height follows the number of rows."""
    layout = _columns(forest)
    axis = _axis(forest, layout)
    _head(layout)
    top = layout.y
    ground = len(layout.shapes)
    for block in forest.blocks:
        _block(layout, block, axis)
    if forest.total:
        layout.y += 4
        _diamond_row(layout, forest.total, axis, bold=True)
    if forest.prediction:
        _prediction_row(layout, forest.prediction, axis)
    bottom = layout.y + 4
    layout.shapes[ground:ground] = _guides(forest, axis, top, bottom)
    _axis_shapes(layout, axis, bottom)
    _notes(layout)
    return Scene(
        layout.width, layout.y + MARGIN, forest.title, forest.description, tuple(layout.shapes)
    )


def _rows(forest: Forest) -> list[Row]:
    return [row for block in forest.blocks for row in block.rows]


def _totals(forest: Forest) -> list[Total]:
    found = [block.subtotal for block in forest.blocks] + [forest.total, forest.prediction]
    return [total for total in found if total]


def _columns(forest: Forest) -> _Layout:
    """Give each column the width of its widest cell."""
    layout = _Layout(forest)
    x = MARGIN
    for i, heading in enumerate(forest.left):
        cells = [row.left[i] for row in _rows(forest)]
        width = _column_width(heading, cells, WIDEST)
        if i == 0:
            width = (
                max(width, *(text_width(t.label, SIZE, bold=True) for t in _totals(forest)), 0.0)
                if _totals(forest)
                else width
            )
            width = min(width, WIDEST)
        layout.left_x.append((x, x + width))
        x += width + GAP
    layout.plot_x = x + 4
    x = layout.plot_x + PLOT + GAP + 4
    for i, heading in enumerate(forest.right):
        cells = [row.right[i] for row in _rows(forest)] + [t.right[i] for t in _totals(forest)]
        width = _column_width(heading, cells, math.inf)
        layout.right_x.append((x, x + width))
        x += width + GAP
    layout.width = x - GAP + MARGIN
    return layout


def _column_width(heading: Heading, cells: Sequence[str], most: float) -> float:
    widest = max((text_width(cell, SIZE, bold=most == math.inf) for cell in cells), default=0.0)
    title = max(text_width(line, SMALL, bold=True) for line in heading.title.split("\n"))
    return max(min(widest, most), title)


def _axis(forest: Forest, layout: _Layout) -> Axis:
    intervals = [row.interval for row in _rows(forest)] + [t.interval for t in _totals(forest)]
    pooled = [t.interval for t in (forest.total, forest.prediction) if t]
    estimates = [i.estimate for i in intervals]
    # a pooled interval is never clipped, unless it dwarfs the trials
    for interval in pooled[:1]:
        estimates += [x for x in (interval.low, interval.high) if x is not None]
    bounds = [x for i in intervals for x in (i.low, i.high) if x is not None]
    return make_axis(
        estimates,
        bounds,
        forest.null,
        forest.log,
        layout.plot_x,
        layout.plot_x + PLOT,
        forest.limits,
    )


def _head(layout: _Layout) -> None:
    forest = layout.forest
    lines = max(h.title.count("\n") + 1 for h in (*forest.left, *forest.right))
    base = MARGIN + lines * 15
    for heading, (x0, x1) in zip(
        (*forest.left, *forest.right), (*layout.left_x, *layout.right_x), strict=True
    ):
        parts = heading.title.split("\n")
        for n, part in enumerate(parts):
            y = base - 15 * (len(parts) - 1 - n)
            layout.shapes.append(_cell(part, x0, x1, y, heading.anchor, size=SMALL, bold=True))
    layout.y = base + 8
    layout.shapes.append(Line(MARGIN, layout.y, layout.width - MARGIN, layout.y, "ink", 1))
    layout.y += 6


def _cell(
    text: str,
    x0: float,
    x1: float,
    y: float,
    anchor: str,
    size: float = SIZE,
    bold: bool = False,
    role: str = "ink",
) -> Text:
    x = {"start": x0, "middle": (x0 + x1) / 2, "end": x1}[anchor]
    return Text(x, y, fit_text(text, size, x1 - x0 + 1), anchor, role, size, bold)


def _block(layout: _Layout, block: Block, axis: Axis) -> None:
    if block.heading:
        layout.y += ROW
        layout.shapes.append(Text(MARGIN, layout.y - 6, block.heading, bold=True))
    heaviest = max((row.weight or 0 for row in _rows(layout.forest)), default=0) or 1
    for row in block.rows:
        _study_row(layout, row, axis, heaviest)
    if block.subtotal:
        _diamond_row(layout, block.subtotal, axis, bold=False)
        layout.y += 4


def _study_row(layout: _Layout, row: Row, axis: Axis, heaviest: float) -> None:
    layout.y += ROW
    middle, base = layout.y - ROW / 2, layout.y - 6.5
    cells: list[Shape] = []
    for heading, text, (x0, x1) in zip(layout.forest.left, row.left, layout.left_x, strict=True):
        cells.append(_cell(text, x0, x1, base, heading.anchor))
    for heading, text, (x0, x1) in zip(layout.forest.right, row.right, layout.right_x, strict=True):
        cells.append(_cell(text, x0, x1, base, heading.anchor))
    side = 4 + 10 * math.sqrt((row.weight if row.weight is not None else heaviest / 2) / heaviest)
    x = axis.place(row.interval.estimate)
    mark = Rect(x - side / 2, middle - side / 2, side, side, "mark")
    drawn = (*_whisker(row.interval, axis, middle, "mark", 1.4), mark)
    layout.shapes.append(Group((*cells, *drawn), row.tooltip, row.href, "study"))


def _whisker(
    interval: Interval, axis: Axis, y: float, role: str, width: float, dash: str = ""
) -> list[Shape]:
    """Draw an interval, with an arrow at an end that lies beyond the axis."""
    if interval.low is None or interval.high is None:
        return []
    x0, x1 = axis.place(interval.low), axis.place(interval.high)
    shapes: list[Shape] = [Line(x0, y, x1, y, role, width, dash)]
    for end, x, direction in ((interval.low, x0, 1), (interval.high, x1, -1)):
        if end < axis.low - 1e-12 or end > axis.high * (1 + 1e-12) + 1e-12:
            points = ((x, y), (x + 7 * direction, y - 4), (x + 7 * direction, y + 4))
            shapes.append(Polygon(points, role))
    return shapes


def _diamond_row(layout: _Layout, total: Total, axis: Axis, bold: bool) -> None:
    layout.y += ROW
    middle, base = layout.y - ROW / 2, layout.y - 6.5
    layout.shapes.append(Text(MARGIN, base, total.label, bold=bold, italic=not bold))
    _right_cells(layout, total, base, bold)
    i = total.interval
    if i.low is None or i.high is None:
        return
    x0, x, x1 = axis.place(i.low), axis.place(i.estimate), axis.place(i.high)
    half = 7.0 if bold else 5.5
    points = ((x0, middle), (x, middle - half), (x1, middle), (x, middle + half))
    layout.shapes.append(Group((Polygon(points, "pooled"),), total.tooltip, name="total"))


def _prediction_row(layout: _Layout, total: Total, axis: Axis) -> None:
    layout.y += ROW
    middle, base = layout.y - ROW / 2, layout.y - 6.5
    layout.shapes.append(Text(MARGIN, base, total.label))
    _right_cells(layout, total, base, bold=False)
    shapes = _whisker(total.interval, axis, middle, "predict", 4)
    layout.shapes.append(Group(tuple(shapes), total.tooltip, name="prediction"))


def _right_cells(layout: _Layout, total: Total, base: float, bold: bool) -> None:
    for heading, text, (x0, x1) in zip(
        layout.forest.right, total.right, layout.right_x, strict=True
    ):
        layout.shapes.append(_cell(text, x0, x1, base, heading.anchor, bold=bold))


def _guides(forest: Forest, axis: Axis, top: float, bottom: float) -> list[Shape]:
    """Lines behind the rows: no effect, and the pooled estimate."""
    shapes: list[Shape] = []
    if forest.null is not None and axis.low <= forest.null <= axis.high:
        x = axis.place(forest.null)
        shapes.append(Line(x, top, x, bottom, "ink", 1))
    if forest.total:
        x = axis.place(forest.total.interval.estimate)
        shapes.append(Line(x, top, x, bottom, "pooled", 1, "3 3"))
    return shapes


def _axis_shapes(layout: _Layout, axis: Axis, y: float) -> None:
    forest = layout.forest
    shapes: list[Shape] = [Line(axis.x0, y, axis.x1, y, "ink", 1)]
    last = -math.inf
    for tick in axis.ticks:
        x, label = axis.place(tick), tick_label(tick)
        shapes.append(Line(x, y, x, y + 5, "ink", 1))
        half = text_width(label, SMALL) / 2
        if x - half > last + 6:
            shapes.append(Text(x, y + 18, label, "middle", size=SMALL))
            last = x + half
    y += 18
    if forest.sides:
        null = axis.place(forest.null if forest.null is not None else axis.low)
        left, right = forest.sides
        y += 16
        shapes += _side(f"← {left}", null - 10, "end", axis.x0, layout, y)
        shapes += _side(f"{right} →", null + 10, "start", axis.x1, layout, y)
    y += 17
    middle = (axis.x0 + axis.x1) / 2
    shapes.append(Text(middle, y, forest.axis_title, "middle", "muted", SMALL))
    layout.shapes.append(Group(tuple(shapes), name="axis"))
    layout.y = y + 6


def _side(text: str, x: float, anchor: str, edge: float, layout: _Layout, y: float) -> list[Shape]:
    """Place a label beside no effect; one that does not fit there ends at the plot's edge."""
    width = text_width(text, SMALL)
    room = abs(edge - x)
    if width <= room + 60:
        return [Text(x, y, text, anchor, size=SMALL)]
    other = "start" if anchor == "end" else "end"
    return [Text(edge, y, text, other, size=SMALL)] if room > width / 2 else []


def _notes(layout: _Layout) -> None:
    for note in layout.forest.notes:
        for line in _wrapped(note, layout.width - 2 * MARGIN):
            layout.y += 17
            # a single word may be wider than the plot: it is cut as a cell is
            text = fit_text(line, SMALL, layout.width - 2 * MARGIN + 1)
            layout.shapes.append(Text(MARGIN, layout.y, text, role="muted", size=SMALL))


def _wrapped(text: str, width: float) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, SMALL) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
