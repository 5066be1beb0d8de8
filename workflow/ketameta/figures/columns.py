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
    between; those that do not break leave them together) then stand with their decimal point, or
    their stroke, below each other. Neighbours
    of one `group` have its name above them. Where the drawing must be narrower the column with the
    largest `spare` leaves first; one of 0 stays. It is at least as wide as `narrowest`.
    """

    title: str
    anchor: str = "start"
    group: str = ""
    widest: float = 190.0
    spare: int = 0
    narrowest: float = 0.0


@dataclass(frozen=True)
class Above:
    """Lines of text in the head, over the plot: where they stand, and by which of their ends."""

    x: float
    anchor: str
    lines: tuple[str, ...]


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


# as often as a plot is laid out
@lru_cache(maxsize=5_000)
def _sides(cell: str, anchor: str, bold: bool) -> tuple[tuple[float, float], ...]:
    """Return the widths of each number before its point and from there, the last one first."""
    parts = [split(token, anchor) for token in tokens_of(cell, anchor)[::-1]]
    return tuple((text_width(a, SIZE, bold), text_width(b, SIZE, bold)) for a, b in parts)


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
        for n, (left, right) in enumerate(_sides(cell, anchor, bold)):
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

    def head_height(self, above: Sequence[Above] = ()) -> float:
        """Return the height of the head with its rule, and with what stands over the plot."""
        return LINE * self._head_lines(above) + 14

    def _head_lines(self, above: Sequence[Above]) -> int:
        headings = (*self.left_headings, *self.right_headings, *self.light_headings)
        lines = [len(h.title.split("\n")) + _lines_of(h.group) for h in headings]
        return max([*lines, *(len(one.lines) for one in above)])

    def head(self, y: float, above: Sequence[Above] = ()) -> list[Shape]:
        """Place the titles of the columns, with the names of their groups, and a rule below."""
        base = y + LINE * self._head_lines(above)
        shapes: list[Shape] = []
        sides = (*self.left_headings, *self.right_headings)
        headings = (*sides, *self.light_headings)
        places = (*self.left, *self.right, *self.lights)
        for heading, (x0, x1) in zip(headings, places, strict=True):
            parts = heading.title.split("\n")
            anchor = heading.anchor if heading.anchor in ("start", "middle") else "end"
            for n, part in enumerate(parts):
                line = base - LINE * (len(parts) - 1 - n)
                shapes.append(_text(part, x0, x1, line, anchor, SMALL, bold=True))
        for group, x0, x1 in groups(headings, places):
            own = [h for h in headings if h.group == group]
            up = base - LINE * max(len(h.title.split("\n")) for h in own) - 1
            anchor = "middle" if own[0] in sides else "start"
            for n, part in enumerate(reversed(group.split("\n"))):
                shapes.append(_text(part, x0, x1, up - LINE * n, anchor, SMALL, bold=True))
        for one in above:
            for n, part in enumerate(reversed(one.lines)):
                place = one.x, base - LINE * n
                shapes.append(Text(*place, part, one.anchor, size=SMALL, bold=True))
        line = base + 7
        shapes.append(Line(MARGIN, line, self.width - MARGIN, line, "ink", 1))
        return shapes


def _lines_of(group: str) -> int:
    return len(group.split("\n")) if group else 0


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
        # numbers that stand together: a reader searches for them with a plain space between
        text = token.replace("\u00a0", " ")
        shapes.append(Text(place[1] - aligned.points[n] - left, y, text, size=SIZE, bold=bold))
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
    first = len(left) - summed
    cells = [[(row[i], False) for row in left_cells] for i in range(len(left))]
    for i in range(first, len(left)):
        cells[i] += [(row[i - len(left)], True) for row in under if i >= len(left) - len(row)]
    aligned, widths = _measured(left, cells)
    if left:
        names = [word for total in totals for word in total.label.split(" ")]
        widths[0] = max([widths[0], *(text_width(name, SIZE, bold=True) for name in names)])
    places, x = _placed(widths, MARGIN)
    label_width = (places[first - 1][1] if left else x) - MARGIN
    plot_x = x + 4
    cells = [[(row[i], False) for row in right_cells] for i in range(len(right))]
    for i in range(len(right)):
        cells[i] += [(row.right[i], True) for row in totals]
    right_aligned, widths = _measured(right, cells)
    right_places, x = _placed(widths, plot_x + plot + GAP + 4)
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


def _measured(
    headings: Sequence[Heading], cells: Sequence[list[tuple[str, bool]]]
) -> tuple[list[_Aligned | None], list[float]]:
    """Return how the numbers of columns are aligned and how wide each is, as are their groups."""
    aligned = [
        _align(own, heading.anchor) if heading.anchor in _SPLIT else None
        for heading, own in zip(headings, cells, strict=True)
    ]
    widths = [
        max(_content(own, heading, found), _title_width(heading), heading.narrowest)
        for heading, own, found in zip(headings, cells, aligned, strict=True)
    ]
    for group in {heading.group for heading in headings} - {""}:
        own = [i for i, heading in enumerate(headings) if heading.group == group]
        there = sum(widths[i] for i in own) + GAP * (len(own) - 1)
        wanted = max(text_width(line, SMALL, bold=True) for line in group.split("\n"))
        for i in own:
            widths[i] += max(wanted - there, 0.0) / len(own)
    return aligned, widths


def _placed(widths: Sequence[float], x: float) -> tuple[list[tuple[float, float]], float]:
    """Return the places of columns from x on, and where the next would stand."""
    places = []
    for width in widths:
        places.append((x, x + width))
        x += width + GAP
    return places, x


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
