"""Lying bars with their names and numbers: how many of each kind, how large each share.

Drawn for a phone and as readable beside others on a wide page. What is written comes in as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ketameta.figures.columns import MARGIN, SMALL
from ketameta.figures.metrics import text_width, wrap
from ketameta.figures.scene import Line, Rect, Scene, Shape, Text

WIDTH, _ROW, _THICK = 350.0, 22.0, 12.0
# of the width, the most that names take
_NAMES = 0.42


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from `start` to `end`, both 0 or more, with its name and the text of its number.

    `mark` is a place on it that is drawn across, such as the middle of a range.
    """

    name: str
    end: float
    text: str
    start: float = 0.0
    mark: float | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars below each other: their title in the picture, and what is said below it.

    `expected` is where the bars would end if there were nothing to find.
    """

    title: str
    description: str
    heading: str
    bars: tuple[Bar, ...]
    notes: tuple[str, ...] = ()
    expected: float | None = None


def draw_bars(told: Bars) -> Scene:
    """Draw bars, names to the left and numbers to the right, dashes at what is expected."""
    shapes: list[Shape] = []
    y = 4.0
    for line in wrap(told.heading, SMALL, WIDTH - 2 * MARGIN, bold=True):
        y += 16
        shapes.append(Text(MARGIN, y, line, size=SMALL, bold=True))
    names = [[*wrap(bar.name, SMALL, WIDTH * _NAMES)] for bar in told.bars]
    left = MARGIN + max((text_width(t, SMALL) for own in names for t in own), default=0.0) + 8
    numbers = max((text_width(bar.text, SMALL) for bar in told.bars), default=0.0)
    right = WIDTH - MARGIN - numbers - 8
    ends = [bar.end for bar in told.bars] + [told.expected or 0.0]
    scale = (right - left) / (max(ends, default=0.0) or 1.0)
    y = top = y + 12
    for bar, lines in zip(told.bars, names, strict=True):
        shapes += _bar(bar, lines, (left, right), y, scale)
        y += _ROW + 14 * (len(lines) - 1)
    shapes.append(Line(left, top, left, y, "ink", 1))
    if told.expected is not None:
        x = left + told.expected * scale
        shapes.append(Line(x, top, x, y, "pooled", 1.4, "5 3"))
    for note in told.notes:
        for text in wrap(note, SMALL, WIDTH - 2 * MARGIN):
            y += 16
            shapes.append(Text(MARGIN, y, text, role="muted", size=SMALL))
    return Scene(WIDTH, y + MARGIN, told.title, told.description, tuple(shapes))


def _bar(
    bar: Bar, lines: Sequence[str], across: tuple[float, float], y: float, scale: float
) -> Iterator[Shape]:
    left, right = across
    middle = y + (_ROW + 14 * (len(lines) - 1)) / 2
    for i, line in enumerate(lines):
        at = middle + 4 + 14 * (i - (len(lines) - 1) / 2)
        yield Text(left - 8, at, line, "end", size=SMALL)
    start, end = left + bar.start * scale, left + bar.end * scale
    if end > start:
        yield Rect(start, middle - _THICK / 2, end - start, _THICK, "mark")
    if bar.mark is not None:
        x = left + bar.mark * scale
        yield Line(x, middle - _THICK / 2 - 2, x, middle + _THICK / 2 + 2, "pooled", 2.5)
    yield Text(right + 8, middle + 4, bar.text, size=SMALL)
