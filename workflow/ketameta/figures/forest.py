"""The forest plot: rows of text beside intervals on one axis, laid out from what they hold.

Everything that is written comes in as text: this module knows places, not statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from ketameta.figures.axis import Axis, AxisScale, make_axis
from ketameta.figures.axis_shapes import axis_shapes, sides_above, title_above
from ketameta.figures.columns import (
    GAP,
    LINE,
    MARGIN,
    MOST_BELOW,
    ROW,
    SIZE,
    SMALL,
    Above,
    Columns,
    Heading,
    place_columns,
)
from ketameta.figures.marks import (
    BELOW,
    Interval,
    bar,
    diamond,
    light,
    ring,
    trial_marks,
)
from ketameta.figures.metrics import wrap
from ketameta.figures.scene import Group, Line, Rect, Scene, Shape, Text

PLOT = 280.0
EARLIER = "Earlier reviews, not pooled here"


class Light(NamedTuple):
    """A judgement: its letter, the role of its colour, and what a reader hovering is told.

    An empty letter is a domain that nobody judged: a ring.
    """

    letter: str
    role: str = "rule"
    title: str = ""


@dataclass(frozen=True)
class ForestRow:
    """One trial: cells left and right of the plot, its interval and its weight in per cent.

    `drawn` is its effect drawn to the mean, where that is shown.
    Of a pooled result in a row of its own, `predicted` is its prediction interval.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    interval: Interval
    weight: float | None
    tooltip: str = ""
    href: str = ""
    lights: tuple[Light, ...] = ()
    drawn: Interval | None = None
    predicted: Interval | None = None


@dataclass(frozen=True)
class Total:
    """A pooled result: its label and cells. `left` are cells below the last columns of the left.

    `below` are lines in small print under it.
    """

    label: str
    right: tuple[str, ...]
    interval: Interval
    tooltip: str = ""
    left: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """Rows under a subgroup heading (empty: none) with their subtotal (None: none)."""

    heading: str
    rows: tuple[ForestRow, ...]
    subtotal: Total | None = None


@dataclass(frozen=True)
class LeftOut:
    """A trial that is listed without a weight, and why."""

    label: str
    reason: str


@dataclass(frozen=True)
class Forest:
    """All that a forest plot shows.

    `guide` draws a line down from the pooled effect. `above` is what stands over the axis and not
    below it: its title, its sides, or nothing. A part of a plot that is cut in several has columns,
    axis and squares of the `whole`, and knows its `first` row there.
    """

    title: str
    description: str
    left: tuple[Heading, ...]
    right: tuple[Heading, ...]
    blocks: tuple[Block, ...]
    total: Total | None
    prediction: Total | None
    scale: AxisScale
    statistics: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    left_out_heading: str = ""
    notes: tuple[str, ...] = ()
    lights: tuple[Heading, ...] = ()
    earlier: tuple[Total, ...] = ()
    earlier_heading: str = EARLIER
    legend: tuple[str, ...] = ()
    plot: float = PLOT
    guide: bool = True
    above: Literal["", "title", "sides"] = ""
    whole: Forest | None = None
    first: int = 0

    @property
    def rows(self) -> list[ForestRow]:
        """Every trial's row, blocks in order."""
        return [row for block in self.blocks for row in block.rows]

    @property
    def shares(self) -> list[float]:
        """Each row's weight as a part of the heaviest; without weights all are middling."""
        if self.whole:
            return self.whole.shares[self.first :]
        heaviest = max((row.weight or 0.0 for row in self.rows), default=0.0)
        return [0.4 if r.weight is None or not heaviest else r.weight / heaviest for r in self.rows]

    @property
    def totals(self) -> list[Total]:
        """Every pooled row: subtotals, total, prediction."""
        found = [block.subtotal for block in self.blocks] + [self.total, self.prediction]
        return [total for total in found if total]


class _Drawing:
    """The shapes drawn so far, and the height at which the next row starts."""

    def __init__(self, forest: Forest, with_trials: bool = True) -> None:
        self.forest, self.with_trials = forest, with_trials
        self.columns = column_places(forest.whole or forest)
        self.axis = forest_axis(forest.whole or forest, *self.columns.plot)
        self.shares = iter(forest.shares)
        self.shapes: list[Shape] = []
        self.y = MARGIN


def draw(forest: Forest) -> Scene:
    """Lay a forest plot out and return it as a scene; its height follows the number of rows."""
    return _drawn(_Drawing(forest))


def size_of(forest: Forest) -> tuple[float, float]:
    """Return width and height of a forest plot in pixels, without drawing its trials."""
    scene = _drawn(_Drawing(forest, with_trials=False))
    return scene.width, scene.height


def _drawn(drawing: _Drawing) -> Scene:
    forest = drawing.forest
    above, forest = _above(forest, drawing.axis)
    drawing.shapes += drawing.columns.head(drawing.y, above)
    drawing.y += drawing.columns.head_height(above)
    top, ground = drawing.y, len(drawing.shapes)
    for block in forest.blocks:
        _block(drawing, block)
    if forest.total:
        drawing.y += 4
        _total_row(drawing, forest.total, bold=True)
    if forest.prediction:
        _total_row(drawing, forest.prediction, bold=False, predicts=True)
    bottom = drawing.y + 4
    if forest.earlier:
        bottom = _earlier_rows(drawing)
    drawing.shapes[ground:ground] = guides(forest, drawing.axis, top, bottom)
    width = drawing.columns.width
    return finished(forest, drawing.axis, width, drawing.shapes, bottom)


def _above(forest: Forest, axis: Axis) -> tuple[list[Above], Forest]:
    """Return what stands over the axis, and the forest with the rest below it."""
    if forest.above == "title":
        below = replace(forest, scale=replace(forest.scale, title=""))
        return [title_above(forest.scale.title, axis)], below
    if forest.above == "sides" and (placed := sides_above(forest.scale, axis)):
        return placed, replace(forest, scale=replace(forest.scale, sides=None))
    return [], forest


def finished(forest: Forest, axis: Axis, width: float, shapes: list[Shape], y: float) -> Scene:
    """Return the scene of these rows, with the axis at height y and what stands below it."""
    group, y = axis_shapes(forest.scale, axis, width, y)
    texts, y = _below(forest, width, y)
    shapes = [*shapes, group, *texts]
    return Scene(width, y + MARGIN, forest.title, forest.description, tuple(shapes))


def column_places(forest: Forest) -> Columns:
    """Return where the columns of a forest plot stand, and how wide it is."""
    return place_columns(
        forest.left,
        forest.right,
        forest.lights,
        [row.left for row in forest.rows],
        [row.right for row in forest.rows],
        [*forest.totals, *forest.earlier],
        forest.plot,
    )


def forest_axis(forest: Forest, x0: float, x1: float) -> Axis:
    """Return the axis of a forest plot from x0 to x1."""
    intervals = [row.interval for row in forest.rows] + [t.interval for t in forest.totals]
    estimates = [i.estimate for i in intervals]
    # the pooled interval is never clipped
    for interval in [forest.total.interval] if forest.total else []:
        estimates += [x for x in (interval.low, interval.high) if x is not None]
    intervals += [row.predicted for row in forest.rows if row.predicted]
    bounds = [x for i in intervals for x in (i.low, i.high) if x is not None]
    # results of others widen the axis as far as ends of intervals do
    others = [t.interval for t in forest.earlier]
    bounds += [x for i in others for x in (i.estimate, i.low, i.high) if x is not None]
    return make_axis(estimates, bounds, forest.scale, x0, x1)


def _block(drawing: _Drawing, block: Block) -> None:
    if block.heading:
        for line in wrap(block.heading, SIZE, drawing.columns.plot[0] - MARGIN - 12, bold=True):
            drawing.y += LINE + 4
            drawing.shapes.append(Text(MARGIN, drawing.y, line, bold=True))
        drawing.y += 4
    for row in block.rows:
        _study_row(drawing, row)
    if block.subtotal:
        _total_row(drawing, block.subtotal, bold=False)
        drawing.y += 6


def _study_row(drawing: _Drawing, row: ForestRow) -> None:
    lines = drawing.columns.wrapped(row.left)
    height = ROW + LINE * (max(len(cell) for cell in lines) - 1)
    if drawing.with_trials:
        drawing.shapes.append(_trial(drawing, row, lines, height))
    drawing.y += height


def _trial(drawing: _Drawing, row: ForestRow, lines: list[list[str]], height: float) -> Group:
    columns, middle = drawing.columns, drawing.y + height / 2
    shapes: list[Shape] = [Rect(MARGIN, drawing.y, columns.width - 2 * MARGIN, height, "hit")]
    shapes += columns.left_cells(lines, middle)
    shapes += columns.right_cells(row.right, middle)
    own = middle if row.drawn is None else middle - BELOW / 3
    marks = row.interval, row.predicted, row.drawn
    shapes += trial_marks(*marks, drawing.axis, own, next(drawing.shares))
    for judged, (x0, x1) in zip(row.lights, columns.lights, strict=True):
        shapes += light(judged.letter, judged.role, judged.title, (x0 + x1) / 2, middle)
    return Group(tuple(shapes), row.tooltip, row.href, "study")


def _total_row(drawing: _Drawing, total: Total, bold: bool, predicts: bool = False) -> None:
    columns = drawing.columns
    lines = wrap(total.label, SIZE, columns.label_width, bold=bold)
    height = ROW + LINE * (len(lines) - 1)
    middle = drawing.y + height / 2
    shapes: list[Shape] = [
        Text(MARGIN, y, line, bold=bold, italic=not bold)
        for line, y in zip(lines, columns.baselines(len(lines), middle), strict=True)
    ]
    shapes += columns.under_cells(total.left, middle, bold)
    shapes += columns.right_cells(total.right, middle, bold)
    if predicts:
        shapes += bar(total.interval, drawing.axis, middle)
    else:
        shapes += diamond(total.interval, drawing.axis, middle, 7.5 if bold else 5.5)
    drawing.y += height
    room = columns.plot[0] - MARGIN - GAP
    for line in small_lines(total.below, room):
        shapes.append(Text(MARGIN, drawing.y + 8, line, role="muted", size=SMALL))
        drawing.y += LINE
    name = "prediction" if predicts else "total"
    drawing.shapes.append(Group(tuple(shapes), total.tooltip, name=name))


def small_lines(texts: Sequence[str], room: float) -> list[str]:
    """Break small print into lines, between words that stand together nowhere."""
    lines = [line for text in texts for line in wrap(text, SMALL, room)]
    return [line.replace("\u00a0", " ") for line in lines]


def _earlier_rows(drawing: _Drawing) -> float:
    """Draw what earlier reviews found, in grey under a heading, and return the height below it."""
    columns = drawing.columns
    drawing.y += 8 + LINE
    drawing.shapes.append(
        Text(MARGIN, drawing.y, drawing.forest.earlier_heading, role="muted", bold=True)
    )
    drawing.y += 4
    for total in drawing.forest.earlier:
        lines = wrap(total.label, SIZE, columns.label_width)
        height = ROW + LINE * (len(lines) - 1)
        middle = drawing.y + height / 2
        texts = [
            Text(MARGIN, y, line, role="muted")
            for line, y in zip(lines, columns.baselines(len(lines), middle), strict=True)
        ]
        cells = [muted(cell) for cell in columns.right_cells(total.right, middle)]
        marks = ring(total.interval, drawing.axis, middle)
        drawing.shapes.append(Group((*texts, *cells, *marks), total.tooltip, name="earlier"))
        drawing.y += height
    return drawing.y + 4


def muted(shape: Shape) -> Shape:
    """Return a text in grey."""
    return shape._replace(role="muted") if isinstance(shape, Text) else shape


def guides(forest: Forest, axis: Axis, top: float, bottom: float) -> list[Shape]:
    """Return the lines behind the rows: no effect, and the pooled estimate."""
    shapes: list[Shape] = [*null_line(forest, axis, top, bottom)]
    total = (forest.whole or forest).total
    if forest.guide and total and not axis.side(total.interval.estimate):
        x = axis.place(total.interval.estimate)
        shapes.append(Line(x, top, x, bottom, "pooled", 1, "3 3"))
    return shapes


def null_line(
    forest: Forest, axis: Axis, top: float, bottom: float, role: str = "ink"
) -> list[Line]:
    """Return the line of no effect; nothing where the axis or the measure has none."""
    if (null := forest.scale.null) is None or axis.side(null):
        return []
    x = axis.place(null)
    return [Line(x, top, x, bottom, role, 1)]


def _below(forest: Forest, width: float, y: float) -> tuple[list[Shape], float]:
    """Write what stands below the plot: statistics, trials left out, notes."""
    shapes, y = _lines(forest.statistics, "ink", width, y)
    if forest.left_out:
        y += 24
        shapes.append(Text(MARGIN, y, forest.left_out_heading, size=SMALL, bold=True))
        told = [f"{trial.label}: {trial.reason}" for trial in forest.left_out]
        texts, y = _lines(told, "ink", width, y, 10)
        shapes += texts
        y += 4
    if notes := (*forest.notes, *forest.legend):
        texts, y = _lines(notes, "muted", width, y + 6)
        shapes += texts
    return shapes, y


def _lines(
    texts: Sequence[str], role: str, width: float, y: float, indent: float = 0.0
) -> tuple[list[Shape], float]:
    shapes: list[Shape] = []
    for text in texts:
        for n, line in enumerate(
            wrap(text, SMALL, width - 2 * MARGIN - 2 * indent, most=MOST_BELOW)
        ):
            y += 17
            x = MARGIN + indent + (indent if n else 0)
            shapes.append(Text(x, y, line, role=role, size=SMALL))
    return shapes, y
