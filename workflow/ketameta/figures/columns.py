"""Columns of text beside a plot: as wide as what they hold, numbers on their decimal point."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from ketameta.figures.metrics import text_width, wrap
from ketameta.figures.scene import Line, Shape, Text

ROW, LINE, GAP, MARGIN, SIZE, SMALL = 24.0, 15.0, 13.0, 12.0, 13.0, 12.0
MOST, MOST_BELOW = 12, 60  # lines of a cell, and of a text below the plot
_SPACE = 5.0  # between the numbers of one cell
_PITCH = 18.0  # of the lights

# what stands before the decimal point or the stroke, and the rest with it
_SPLIT = {
    ".": re.compile(r"^([^\d∞–]*[\d,]*\d|[^\d∞–]*[∞–])?(.*)$"),
    "/": re.compile(r"^([^/]*)(.*)$"),
}


@dataclass(frozen=True)
class Heading:
    """A column: its title (lines with a newline between), where its cells stand, and its group.

    `anchor` is start, middle or end, or ``.`` or ``/``: the numbers of a cell (with spaces
    between) then stand with their decimal point, or their stroke, below each other. Neighbours
    of one `group` have its name above them. Where the drawing must be narrower the column with the
    largest `spare` leaves first; one of 0 stays. It is at least as wide as `narrowest`.
    """

    title: str
    anchor: str = "start"
    group: str = ""
    widest: float = 190.0
    spare: int = 0
    narrowest: float = 0.0


class PooledCells(Protocol):
    """What the layout must know of a pooled row."""

    @property
    def label(self) -> str:
        """Return its label."""

    @property
    def left(self) -> tuple[str, ...]:
        """Return its cells below the last columns of the left."""

    @property
    def right(self) -> tuple[str, ...]:
        """Return its cells right of the plot."""


# numbers come again: in a plot, in its forms for a phone and for paper, in plots of other trials
@lru_cache(maxsize=20_000)
def split(token: str, anchor: str) -> tuple[str, str]:
    """Return the part of a number before its point, and the rest."""
    found = _SPLIT[anchor].match(token)
    assert found is not None
    return found[1] or "", found[2]


def tokens_of(cell: str, anchor: str) -> list[str]:
    """Return the numbers of a cell; words (a cell that starts with a letter) are one piece."""
    if cell[:1].isalpha() or anchor == "/":
        return [cell]
    return cell.split(" ") if cell else []


@dataclass(frozen=True)
class _Aligned:
    """Places of the decimal points of a column, counted from the right, and its width."""

    points: tuple[float, ...]
    width: float


def _align(cells: Sequence[tuple[str, bool]], anchor: str) -> _Aligned:
    """Give each position, from the right, room for its widest part on either side of the point."""
    before: list[float] = []
    after: list[float] = []
    words = 0.0
    for cell, bold in cells:
        if cell[:1].isalpha():
            words = max(words, text_width(cell, SIZE, bold))
            continue
        for n, token in enumerate(reversed(tokens_of(cell, anchor))):
            left, right = (text_width(part, SIZE, bold) for part in split(token, anchor))
            if n == len(before):
                before.append(0.0)
                after.append(0.0)
            before[n], after[n] = max(before[n], left), max(after[n], right)
    points = []
    edge = 0.0
    for left, right in zip(before, after, strict=True):
        points.append(edge + right)
        edge += right + left + _SPACE
    return _Aligned(tuple(points), max(edge - _SPACE, words, 0.0))


@dataclass(frozen=True)
class Columns:
    """Where everything stands, in pixels."""

    left_headings: tuple[Heading, ...]
    right_headings: tuple[Heading, ...]
    light_headings: tuple[Heading, ...]
    left: tuple[tuple[float, float], ...]
    right: tuple[tuple[float, float], ...]
    lights: tuple[tuple[float, float], ...]
    left_aligned: tuple[_Aligned | None, ...]
    right_aligned: tuple[_Aligned | None, ...]
    plot: tuple[float, float]
    width: float
    label_width: float

    def wrapped(self, cells: Sequence[str]) -> list[list[str]]:
        """Break the cells left of the plot into lines."""
        return [
            wrap(cell, SIZE, x1 - x0 + 0.01, most=MOST) if heading.anchor == "start" else [cell]
            for cell, heading, (x0, x1) in zip(cells, self.left_headings, self.left, strict=True)
        ]

    def baselines(self, lines: int, middle: float) -> list[float]:
        """Return the baselines of so many lines about a middle."""
        first = middle + 4.5 - LINE * (lines - 1) / 2
        return [first + LINE * n for n in range(lines)]

    def left_cells(self, cells: Sequence[Sequence[str]], middle: float) -> list[Shape]:
        """Place the cells of a trial left of the plot."""
        shapes: list[Shape] = []
        for cell, heading, place, aligned in zip(
            cells, self.left_headings, self.left, self.left_aligned, strict=True
        ):
            for line, y in zip(cell, self.baselines(len(cell), middle), strict=True):
                shapes += _cell(line, heading, place, aligned, y, bold=False)
        return shapes

    def right_cells(self, cells: Sequence[str], middle: float, bold: bool = False) -> list[Shape]:
        """Place the cells right of the plot."""
        shapes: list[Shape] = []
        for cell, heading, place, aligned in zip(
            cells, self.right_headings, self.right, self.right_aligned, strict=True
        ):
            shapes += _cell(cell, heading, place, aligned, middle + 4.5, bold)
        return shapes

    def under_cells(self, cells: Sequence[str], middle: float, bold: bool) -> list[Shape]:
        """Place sums below the last columns left of the plot."""
        start = len(self.left) - len(cells)
        shapes: list[Shape] = []
        for n, cell in enumerate(cells, start):
            heading, place, aligned = self.left_headings[n], self.left[n], self.left_aligned[n]
            shapes += _cell(cell, heading, place, aligned, middle + 4.5, bold)
        return shapes

    @property
    def head_height(self) -> float:
        """Height of the head with its rule."""
        return LINE * self._head_lines + 14

    @property
    def _head_lines(self) -> int:
        return max(
            len(h.title.split("\n")) + bool(h.group)
            for h in (*self.left_headings, *self.right_headings, *self.light_headings)
        )

    def head(self, y: float) -> list[Shape]:
        """Place the titles of the columns, with the names of their groups, and a rule below."""
        base = y + LINE * self._head_lines
        shapes: list[Shape] = []
        headings = (*self.left_headings, *self.right_headings, *self.light_headings)
        places = (*self.left, *self.right, *self.lights)
        for heading, (x0, x1) in zip(headings, places, strict=True):
            parts = heading.title.split("\n")
            anchor = heading.anchor if heading.anchor in ("start", "middle") else "end"
            for n, part in enumerate(parts):
                line = base - LINE * (len(parts) - 1 - n)
                shapes.append(_text(part, x0, x1, line, anchor, SMALL, bold=True))
        for group, x0, _ in groups(headings, places):
            lines = max(len(h.title.split("\n")) for h in headings if h.group == group)
            shapes.append(Text(x0, base - LINE * lines - 1, group, size=SMALL, bold=True))
        line = base + 7
        shapes.append(Line(MARGIN, line, self.width - MARGIN, line, "ink", 1))
        return shapes


def groups(
    headings: Sequence[Heading], places: Sequence[tuple[float, float]]
) -> list[tuple[str, float, float]]:
    """Return each group with its left and right edge."""
    found: dict[str, tuple[float, float]] = {}
    for heading, (x0, x1) in zip(headings, places, strict=True):
        if heading.group:
            low, high = found.get(heading.group, (x0, x1))
            found[heading.group] = (min(low, x0), max(high, x1))
    return [(group, x0, x1) for group, (x0, x1) in found.items()]


def _text(text: str, x0: float, x1: float, y: float, anchor: str, size: float, bold: bool) -> Text:
    x = {"start": x0, "middle": (x0 + x1) / 2, "end": x1}[anchor]
    return Text(x, y, text, anchor, size=size, bold=bold)


def _cell(
    text: str,
    heading: Heading,
    place: tuple[float, float],
    aligned: _Aligned | None,
    y: float,
    bold: bool,
) -> list[Shape]:
    """Place one line of a cell; the numbers of an aligned column each on their point."""
    if not text:
        return []
    if aligned is None:
        return [_text(text, *place, y, heading.anchor, SIZE, bold)]
    if text[:1].isalpha():
        return [_text(text, *place, y, "end", SIZE, bold)]
    shapes: list[Shape] = []
    for n, token in enumerate(reversed(tokens_of(text, heading.anchor))):
        left = text_width(split(token, heading.anchor)[0], SIZE, bold)
        shapes.append(Text(place[1] - aligned.points[n] - left, y, token, size=SIZE, bold=bold))
    return shapes[::-1]


def _title_width(heading: Heading) -> float:
    return max(text_width(line, SMALL, bold=True) for line in heading.title.split("\n"))


def place_columns(
    left: tuple[Heading, ...],
    right: tuple[Heading, ...],
    lights: tuple[Heading, ...],
    left_cells: Sequence[Sequence[str]],
    right_cells: Sequence[Sequence[str]],
    totals: Sequence[PooledCells],
    plot: float,
) -> Columns:
    """Lay out the columns: text wrapped beyond a width, numbers as wide as they are.

    The labels of pooled rows run over the columns in which no pooled row has a cell, and the
    first column grows where even that would break a word.
    """
    under = [total.left for total in totals]
    summed = max((len(cells) for cells in under), default=0)
    x, places, aligned = MARGIN, [], []
    for i, heading in enumerate(left):
        cells = [(row[i], False) for row in left_cells]
        first = len(left) - summed
        cells += [(row[i - len(left)], True) for row in under if i >= len(left) - len(row)]
        found = _align(cells, heading.anchor) if heading.anchor in _SPLIT else None
        width = max(_content(cells, heading, found), _title_width(heading), heading.narrowest)
        if i == 0:
            names = [word for total in totals for word in total.label.split(" ")]
            words = [text_width(name, SIZE, bold=True) for name in names]
            width = max([width, *words])
        places.append((x, x + width))
        aligned.append(found)
        x += width + GAP
    label_width = (places[first - 1][1] if left else x) - MARGIN
    plot_x = x + 4
    x = plot_x + plot + GAP + 4
    right_places, right_aligned = [], []
    for i, heading in enumerate(right):
        cells = [(row[i], False) for row in right_cells] + [(row.right[i], True) for row in totals]
        found = _align(cells, heading.anchor) if heading.anchor in _SPLIT else None
        width = max(_content(cells, heading, found), _title_width(heading))
        right_places.append((x, x + width))
        right_aligned.append(found)
        x += width + GAP
    light_places, x = _light_places(lights, x)
    return Columns(
        left,
        right,
        lights,
        tuple(places),
        tuple(right_places),
        tuple(light_places),
        tuple(aligned),
        tuple(right_aligned),
        (plot_x, plot_x + plot),
        x - GAP + MARGIN,
        label_width,
    )


def _light_places(lights: tuple[Heading, ...], x: float) -> tuple[list[tuple[float, float]], float]:
    """Return the places of the lights and where they end; a group is as wide as its name."""
    places: list[tuple[float, float]] = []
    start, group = x, ""
    for heading in lights:
        if heading.group != group:
            if group:
                x = max(x, start + text_width(group, SMALL, bold=True)) + GAP
            start, group = x, heading.group
        width = max(_PITCH, _title_width(heading) + 5)
        places.append((x, x + width))
        x += width
    if lights:
        x = max(x, start + text_width(group, SMALL, bold=True)) + GAP
    return places, x


def _content(cells: list[tuple[str, bool]], heading: Heading, aligned: _Aligned | None) -> float:
    if aligned is not None:
        return aligned.width
    widest = max((text_width(cell, SIZE, bold) for cell, bold in cells), default=0.0)
    return min(widest, heading.widest) if heading.anchor == "start" else widest
