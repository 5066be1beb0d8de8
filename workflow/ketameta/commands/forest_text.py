"""A forest plot in characters, for a terminal: the table of `ketameta pool`, with bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ketameta.commands.pool_text import study_table
from ketameta.figures.axis import Axis, AxisScale, make_axis
from ketameta.measures import MEASURES
from ketameta.report import wording
from ketameta.report.wording_certainty import words
from ketameta.synthesize.prediction import expected
from ketameta.tables.syntheses import StudyRow, SynthesisRow

# characters that the axis takes
WIDTH = 41


class _Line(NamedTuple):
    """What a line shows: low end, estimate and high end as they are drawn, and how."""

    cells: tuple[str, str, str, str]
    ends: tuple[float | None, float | None, float | None]
    mark: str
    bar: str = "─"


def forest_text(
    record: SynthesisRow, studies: Sequence[StudyRow], verdict: str, certainty: tuple[str, str]
) -> str:
    """Return the trials of an analysis, its result and what is said of it, as lines.

    `certainty` is its lower end and its upper one; it and the verdict are empty where none is told.
    """
    measure = MEASURES[record.measure]
    lines = list(_lines(record, studies))
    if not lines:
        return f"{record.analysis}: {measure.words}, no trial with an effect"
    ends = [end for line in lines for end in (line.ends[0], line.ends[2])]
    axis = make_axis(
        [line.ends[1] for line in lines if line.ends[1] is not None],
        [end for end in ends if end is not None],
        AxisScale(null=measure.null, log=measure.is_ratio, limits=measure.limits),
        0,
        WIDTH - 1,
    )
    head, *table = study_table("interval", [line.cells for line in lines])
    drawn = [
        f"{text}  {_drawn(line, axis, measure.null)}".rstrip()
        for text, line in zip(table, lines, strict=True)
    ]
    below = " " * (len(head) + 2) + _ticks(axis)
    said = [
        measure.axis,
        wording.heterogeneity(record),
        f"{verdict}; certainty: {words(*certainty)}" if verdict and all(certainty) else verdict,
    ]
    title = f"{record.analysis}: {measure.words}, trials: {record.k}"
    return "\n".join([title, "", head, *drawn, below, "", *filter(None, said)])


def _lines(record: SynthesisRow, studies: Sequence[StudyRow]) -> Iterator[_Line]:
    """Yield the lines of the trials, of the pool and of the prediction."""
    name, drawn = record.measure, MEASURES[record.measure].drawn
    for study in studies:
        low, effect, high = study.ci_low, study.effect, study.ci_high
        weight = "" if study.weight is None else f"{study.weight:.1f}"
        cells = study.label, wording.quantity(name, effect), wording.interval(name, low, high)
        yield _Line((*cells, weight), (drawn(low), drawn(effect), drawn(high)), "■")
    if record.estimate is not None:
        around = wording.interval(name, record.ci_low, record.ci_high)
        pooled = (drawn(record.ci_low), drawn(record.estimate), drawn(record.ci_high))
        cells = "pooled", wording.quantity(name, record.estimate), around
        yield _Line((*cells, ""), pooled, "◆", "═")
    if further := expected(record):
        around = wording.interval(name, further.low, further.high)
        ends = drawn(further.low), None, drawn(further.high)
        yield _Line(("prediction", "", around, ""), ends, "", "┄")


def _drawn(line: _Line, axis: Axis, null: float | None) -> str:
    """Return an interval on the axis; an arrow where it goes beyond."""
    cells = [" "] * WIDTH
    if null is not None:
        cells[round(axis.place(null))] = "│"
    low, estimate, high = line.ends
    if low is not None and high is not None:
        first, last = round(axis.place(low)), round(axis.place(high))
        cells[first : last + 1] = line.bar * (last + 1 - first)
        for end, at, arrow in ((low, first, "◂"), (high, last, "▸")):
            if axis.side(end):
                cells[at] = arrow
    if estimate is not None:
        cells[round(axis.place(estimate))] = line.mark
    return "".join(cells)


def _ticks(axis: Axis) -> str:
    """Return the numbers below the axis, each below its place, where there is room for it."""
    text = ""
    for tick in axis.ticks:
        number = f"{tick:g}"
        at = max(round(axis.place(tick)) - len(number) // 2, 0)
        if not text or at > len(text):
            text = text.ljust(at) + number
    return text
