"""The forest plot for a phone: each trial's name and numbers above its interval."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.figures.axis_shapes import behind_words
from ketameta.figures.columns import LINE, MARGIN, MOST, SIZE, SMALL
from ketameta.figures.forest import (
    Block,
    Forest,
    finished,
    forest_axis,
    muted,
    null_line,
    small_lines,
)
from ketameta.figures.marks import BELOW, bar, diamond, ring, trial_marks
from ketameta.figures.metrics import text_width, wrap
from ketameta.figures.scene import Group, Rect, Scene, Shape, Text

WIDTH = 350.0
# height of the strip that holds an interval, and the gap between a name and its numbers
_STRIP, _GAP = 20.0, 12.0
# half of the widest label below a tick
_HALF = 14.0


class _Rows:
    """The rows drawn so far, and the height at which the next one starts."""

    def __init__(self, forest: Forest, width: float) -> None:
        self.forest = forest
        self.width = width
        self.axis = forest_axis(forest.whole or forest, MARGIN + _HALF, width - MARGIN - _HALF)
        self.shares = iter(forest.shares)
        self.shapes: list[Shape] = []
        self.y = MARGIN

    def words(
        self, name: str, numbers: str, bold: bool = False, below: Sequence[str] = ()
    ) -> list[Shape]:
        """Write a name on the left, numbers on the right and small print, and go below them."""
        room = self.width - 2 * MARGIN - text_width(numbers, SIZE, bold=bold) - _GAP
        shapes: list[Shape] = [
            Text(self.width - MARGIN, self.y + LINE, numbers, "end", size=SIZE, bold=bold)
        ]
        for line in wrap(name, SIZE, room, bold=bold, most=MOST):
            self.y += LINE
            shapes.append(Text(MARGIN, self.y, line, size=SIZE, bold=bold))
        for line in small_lines(below, self.width - 2 * MARGIN):
            self.y += LINE
            shapes.append(Text(MARGIN, self.y, line, role="muted", size=SMALL))
        self.y += _STRIP
        return shapes

    @property
    def middle(self) -> float:
        """The height at which the interval of the last words stands."""
        return self.y - _STRIP / 2 + 2


def draw_narrow(forest: Forest, width: float = WIDTH) -> Scene:
    """Lay a forest plot out in `width` pixels, with the first and the last of its columns."""
    rows = _Rows(forest, width)
    for line in forest.right[-1].title.split("\n"):
        rows.y += LINE
        rows.shapes.append(Text(width - MARGIN, rows.y, line, "end", size=SMALL, bold=True))
    top = rows.y + _GAP / 2
    for block in forest.blocks:
        _block(rows, block)
    _pooled(rows, forest)
    bottom = rows.y + 4
    null = null_line(forest, rows.axis, top, bottom, "rule")
    pieces = [piece for line in null for piece in behind_words(line, rows.shapes)]
    return finished(forest, rows.axis, width, [*pieces, *rows.shapes], bottom)


def _block(rows: _Rows, block: Block) -> None:
    if block.heading:
        rows.y += 6
        for line in wrap(block.heading, SIZE, rows.width - 2 * MARGIN, bold=True):
            rows.y += LINE
            rows.shapes.append(Text(MARGIN, rows.y, line, bold=True))
        rows.y += 4
    for row in block.rows:
        top = rows.y
        words = rows.words(row.left[0], row.right[-1])
        hit = Rect(MARGIN, top, rows.width - 2 * MARGIN, rows.y - top, "hit")
        ends = row.interval, row.predicted, row.drawn
        marks = trial_marks(*ends, rows.axis, rows.middle, next(rows.shares))
        rows.shapes.append(Group((hit, *words, *marks), row.tooltip, row.href, "study"))
        rows.y += 0 if row.drawn is None else BELOW / 2
    if total := block.subtotal:
        words = rows.words(total.label, total.right[-1], below=total.below)
        marks = diamond(total.interval, rows.axis, rows.middle, 5.5)
        rows.shapes.append(Group((*words, *marks), total.tooltip, name="total"))


def _pooled(rows: _Rows, forest: Forest) -> None:
    if total := forest.total:
        words = rows.words(total.label, total.right[-1], True, total.below)
        marks = diamond(total.interval, rows.axis, rows.middle, 7.5)
        rows.shapes.append(Group((*words, *marks), total.tooltip, name="total"))
    if total := forest.prediction:
        words = rows.words(total.label, total.right[-1], below=total.below)
        marks = bar(total.interval, rows.axis, rows.middle)
        rows.shapes.append(Group((*words, *marks), total.tooltip, name="prediction"))
    if forest.earlier:
        rows.y += 8 + LINE
        rows.shapes.append(Text(MARGIN, rows.y, forest.earlier_heading, role="muted", bold=True))
        rows.y += 4
    for total in forest.earlier:
        words = [muted(word) for word in rows.words(total.label, total.right[-1])]
        marks = ring(total.interval, rows.axis, rows.middle)
        rows.shapes.append(Group((*words, *marks), total.tooltip, name="earlier"))
