"""An axis drawn: its line, its ticks, its words below, or above what stands over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ketameta.figures.axis import Axis, AxisScale, tick_label
from ketameta.figures.columns import MARGIN, SMALL, Above
from ketameta.figures.metrics import text_width, wrap
from ketameta.figures.scene import Group, Line, Shape, Text, flat

_SIDE = 70.0  # how far a label below the axis may stand out of the plot
_APART = 8.0  # between the labels of the two sides
_OVER = 4.0  # how far one above it may
_AIR = 2.0  # between a word and a line that stops for it
_PIECE = 5.0  # the shortest of such a line
_MOST = 4  # lines of a side above the axis


def axis_shapes(scale: AxisScale, axis: Axis, width: float, y: float) -> tuple[Group, float]:
    """Return the axis at height y with its words, and the height below it."""
    shapes = [*ticks(axis, y)]
    y += 18
    if sides := scale.sides:
        null = axis.low if scale.null is None else scale.null
        y += 16
        placed = _sides(sides, axis.place(null), axis, width, y, scale.arrows)
        shapes += placed
        y = placed[-1].y
    middle = (axis.x0 + axis.x1) / 2
    room = min(axis.x1 - axis.x0 + 2 * _SIDE, 2 * min(middle, width - middle) - 2 * MARGIN)
    for line in wrap(scale.title, SMALL, room) if scale.title else []:
        y += 17
        shapes.append(Text(middle, y, line, "middle", "muted", SMALL))
    return Group(tuple(shapes), name="axis"), y + 8


def ticks(axis: Axis, y: float) -> Iterator[Shape]:
    """Draw an axis at a height: its line, its ticks, and labels where one fits beside the last."""
    yield Line(axis.x0, y, axis.x1, y, "ink", 1)
    last = float("-inf")
    for tick in axis.ticks:
        x, label = axis.place(tick), tick_label(tick)
        yield Line(x, y, x, y + 5, "ink", 1)
        half = text_width(label, SMALL) / 2
        if x - half > last + 6:
            yield Text(x, y + 18, label, "middle", size=SMALL)
            last = x + half


def behind_words(line: Line, shapes: Sequence[Shape]) -> list[Line]:
    """Return an upright line in the pieces that the texts of `shapes` leave of it.

    A line through letters and digits makes others of them. Between lines of one text is no piece.
    """
    pieces, top = list[Line](), line.y1
    for start, end in [*sorted(_crossing(line.x1, shapes)), (line.y2, line.y2)]:
        if min(start, line.y2) - top >= _PIECE:
            pieces.append(line._replace(y1=top, y2=min(start, line.y2)))
        top = max(top, end)
    return pieces


def _crossing(x: float, shapes: Sequence[Shape]) -> Iterator[tuple[float, float]]:
    """Yield from where to where texts stand at a place, with a little air."""
    for text in flat(tuple(shapes)):
        if isinstance(text, Text):
            width = text_width(text.text, text.size, text.bold)
            left = text.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor] * width
            if left - _AIR < x < left + width + _AIR:
                yield text.y - 0.78 * text.size, text.y + 0.26 * text.size


def _sides(
    sides: tuple[str, str], null: float, axis: Axis, width: float, y: float, arrows: bool
) -> tuple[Text, ...]:
    """Place what the sides favour away from no effect, or beside each other where they would meet.

    Below each other only where one line has no room for both.
    """
    left, right = (f"← {sides[0]}", f"{sides[1]} →") if arrows else sides
    first, second = text_width(left, SMALL), text_width(right, SMALL)
    lowest, highest = max(axis.x0 - _SIDE, MARGIN), min(axis.x1 + _SIDE, width - MARGIN)
    x_left = max(null - 10 - first, lowest)
    x_right = max(min(null + 10, highest - second), lowest)
    if x_left + first + _APART > x_right and lowest + first + _APART + second <= highest:
        x_left = min(x_left, highest - second - _APART - first)
        x_right = x_left + first + _APART
    below = 16 if x_left + first + _APART > x_right else 0
    return (
        Text(x_left, y, left, size=SMALL),
        Text(x_right, y + below, right, size=SMALL),
    )


def title_above(title: str, axis: Axis) -> Above:
    """Return the title of an axis over it, in as many lines as it takes."""
    room = axis.x1 - axis.x0
    lines = [line for part in title.split("\n") for line in wrap(part, SMALL, room, bold=True)]
    return Above((axis.x0 + axis.x1) / 2, "middle", tuple(lines))


def sides_above(scale: AxisScale, axis: Axis) -> list[Above]:
    """Return what the sides favour over the axis, each on its side of no effect.

    Nothing where one of them has no room there.
    """
    if scale.sides is None or scale.null is None:
        return []
    null = axis.place(scale.null)
    left, right = scale.sides
    found = []
    for words, anchor, x, room in (
        (left, "end", null - _APART / 2, null - axis.x0 + _OVER),
        (right, "start", null + _APART / 2, axis.x1 - null + _OVER),
    ):
        longest = max(text_width(word, SMALL, bold=True) for word in words.split(" "))
        lines = wrap(words, SMALL, room, bold=True) if longest <= room else []
        if not 0 < len(lines) <= _MOST:
            return []
        found.append(Above(x, anchor, tuple(lines)))
    return found
