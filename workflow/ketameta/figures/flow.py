"""A flow diagram: boxes in columns, what goes on downwards, what leaves beside it.

Laid out as the diagram of PRISMA 2020 (Page 2021, BMJ 372:n71): a column a way in, a band a phase.
As in `chart`, whatever is written comes in as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from ketameta.figures.columns import LINE, MARGIN, MOST, MOST_BELOW, SMALL
from ketameta.figures.metrics import wrap
from ketameta.figures.scene import Line, Polygon, Rect, Scene, Shape, Text

_PHASE, _PAD, _DOWN, _ACROSS, _TIP = 94.0, 8.0, 22.0, 22.0, 4.0
_MAIN, _BESIDE, _ALONE = 190.0, 196.0, 150.0  # widths of boxes; of a column with nothing beside
_NARROW, _INDENT = 340.0, 26.0


@dataclass(frozen=True, slots=True)
class Box:
    """Lines of a box, a paragraph each; one whose number is not known is on a grey ground."""

    lines: tuple[str, ...]
    known: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the diagram: for each column what goes on, and what leaves, where there is any."""

    phase: str
    main: tuple[Box | None, ...]
    beside: tuple[Box | None, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """All that a flow diagram shows.

    `joins` is the step in whose box of the `trunk` a column ends, by the place of the column; None
    of the trunk itself, which goes on to the last step.
    """

    title: str
    description: str
    columns: tuple[str, ...]
    steps: tuple[Step, ...]
    trunk: int
    joins: tuple[int | None, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Placed:
    """A box where it stands."""

    box: Box
    x: float
    y: float
    width: float

    @property
    def lines(self) -> list[str]:
        """Its lines as they are set."""
        room = self.width - 2 * _PAD
        return [part for line in self.box.lines for part in wrap(line, SMALL, room, most=MOST)]

    @property
    def height(self) -> float:
        """Height in pixels."""
        return LINE * len(self.lines) + 2 * _PAD

    @property
    def middle(self) -> tuple[float, float]:
        """Its middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    def shapes(self) -> Iterator[Shape]:
        """Yield the box with its frame and text."""
        yield Rect(self.x, self.y, self.width, self.height, "muted")
        inside = "paper" if self.box.known else "band2"
        yield Rect(self.x + 1, self.y + 1, self.width - 2, self.height - 2, inside)
        for n, line in enumerate(self.lines):
            yield Text(self.x + _PAD, self.y + _PAD + LINE * (n + 1) - 4, line, size=SMALL)


def draw_flow(flow: Flow) -> Scene:
    """Draw a flow diagram for a screen or a sheet: phases as bands on the left."""
    lefts, x = [], MARGIN + _PHASE + _ACROSS
    for column, _ in enumerate(flow.columns):
        lefts.append(x)
        x += _width(flow, column) + _ACROSS
    width = x - _ACROSS + MARGIN
    shapes: list[Shape] = []
    wide = [_width(flow, column) for column, _ in enumerate(flow.columns)]
    head = max(map(_bar_height, flow.columns, wide))
    for name, left, own in zip(flow.columns, lefts, wide, strict=True):
        shapes += _bar(name, left, MARGIN, own, head)
    mains: list[list[_Placed | None]] = []
    y = MARGIN + head + _DOWN
    for phase, steps in groupby(flow.steps, lambda step: step.phase):
        top = y
        for step in steps:
            row = [*_row(flow, step, lefts, y)]
            mains.append([main for main, _ in row])
            for main, beside in row:
                shapes += _pair(main, beside)
            y = max(one.bottom for both in row for one in both if one) + _DOWN
        shapes += _bar(phase, MARGIN, top, _PHASE, y - _DOWN - top)
    shapes += _arrows(flow, mains)
    notes, height = _notes(flow, y - _DOWN, width)
    return Scene(width, height, flow.title, flow.description, (*shapes, *notes))


def draw_flow_narrow(flow: Flow) -> Scene:
    """Draw a flow diagram for a phone: column below column, then what they join in."""
    width, y = _NARROW + 2 * MARGIN, MARGIN
    shapes: list[Shape] = []
    joined = min((at for at in flow.joins if at is not None), default=len(flow.steps))
    parts = [(name, flow.steps[:joined], n) for n, name in enumerate(flow.columns)]
    if joined < len(flow.steps):
        parts.append((flow.steps[joined].phase, flow.steps[joined:], flow.trunk))
    for name, steps, column in parts:
        head = _bar_height(name, _NARROW)
        shapes += _bar(name, MARGIN, y, _NARROW, head)
        y += head + _PAD
        last: _Placed | None = None
        for step in steps:
            for box, indent in ((step.main[column], 0.0), (step.beside[column], _INDENT)):
                if box is None:
                    continue
                placed = _Placed(box, MARGIN + indent, y, _NARROW - indent)
                shapes += placed.shapes()
                if indent:
                    turn = MARGIN + _INDENT / 2
                    above = last.bottom if last else y
                    shapes.append(Line(turn, above, turn, placed.middle[1]))
                    shapes += _arrow((turn, placed.middle[1]), (placed.x, placed.middle[1]))
                elif last:
                    at = MARGIN + _INDENT / 2
                    shapes += _arrow((at, last.bottom), (at, y))
                last = placed if not indent else last
                y = placed.bottom + _PAD + 4
        y += _DOWN / 2
    notes, height = _notes(flow, y - _DOWN, width)
    return Scene(width, height, flow.title, flow.description, (*shapes, *notes))


def _width(flow: Flow, column: int) -> float:
    """Return the width of a column: of one box, or two beside each other."""
    two = any(step.beside[column] for step in flow.steps)
    return _MAIN + _ACROSS + _BESIDE if two else _ALONE


def _row(
    flow: Flow, step: Step, lefts: Sequence[float], y: float
) -> Iterator[tuple[_Placed | None, _Placed | None]]:
    """Yield for each column its two boxes of a step, where they stand."""
    for column, x in enumerate(lefts):
        main, beside = step.main[column], step.beside[column]
        wide = _width(flow, column)
        own = min(_MAIN, wide)
        yield (
            _Placed(main, x, y, own) if main else None,
            _Placed(beside, x + own + _ACROSS, y, _BESIDE) if beside else None,
        )


def _pair(main: _Placed | None, beside: _Placed | None) -> Iterator[Shape]:
    """Yield the boxes of a column in a row, and the arrow to what leaves."""
    for one in (main, beside):
        if one:
            yield from one.shapes()
    if main and beside:
        y = min(main.middle[1], beside.middle[1])
        yield from _arrow((main.x + main.width, y), (beside.x, y))


def _arrows(flow: Flow, mains: Sequence[Sequence[_Placed | None]]) -> Iterator[Shape]:
    """Yield the arrows from box to box of each column, and from its last one into the trunk."""
    for column, joins in enumerate(flow.joins):
        chain = [row[column] for row in mains if row[column]]
        for above, below in pairwise(chain):
            if above and below:
                x = min(above.middle[0], below.middle[0])
                yield from _arrow((x, above.bottom), (x, below.y))
        target = mains[joins][flow.trunk] if joins is not None else None
        if target and chain and (last := chain[-1]):
            x, y = last.middle[0], target.middle[1]
            yield Line(x, last.bottom, x, y)
            right = x > target.x
            yield from _arrow((x, y), (target.x + target.width if right else target.x, y))


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> Iterator[Shape]:
    """Yield an arrow, upright or level."""
    (x1, y1), (x2, y2) = start, end
    yield Line(x1, y1, x2, y2)
    dx, dy = (x2 > x1) - (x2 < x1), (y2 > y1) - (y2 < y1)
    base = x2 - 2 * _TIP * dx, y2 - 2 * _TIP * dy
    sides = [(base[0] + s * _TIP * dy, base[1] + s * _TIP * dx) for s in (1, -1)]
    yield Polygon(((x2, y2), *sides), "ink")


def _bar_lines(text: str, width: float) -> list[str]:
    return wrap(text, SMALL, width - _PAD, bold=True, most=MOST)


def _bar_height(text: str, width: float) -> float:
    """Return the height that a bar with a heading needs."""
    return LINE * len(_bar_lines(text, width)) + 13


def _bar(text: str, x: float, y: float, width: float, height: float) -> Iterator[Shape]:
    """Yield a bar with a heading in its middle."""
    lines = _bar_lines(text, width)
    yield Rect(x, y, width, height, "band3")
    first = y + height / 2 - LINE * (len(lines) - 1) / 2 + 4
    for n, line in enumerate(lines):
        yield Text(x + width / 2, first + LINE * n, line, "middle", size=SMALL, bold=True)


def _notes(flow: Flow, y: float, width: float) -> tuple[list[Shape], float]:
    """Return what stands below the diagram, and its height with them."""
    shapes: list[Shape] = []
    for note in flow.notes:
        for text in wrap(note, SMALL, width - 2 * MARGIN, most=MOST_BELOW):
            y += 16
            shapes.append(Text(MARGIN, y + 6, text, role="muted", size=SMALL))
    return shapes, y + 6 + MARGIN
