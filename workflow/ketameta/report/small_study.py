"""The section of a page on small-study effects: a panel of adjusted estimates, and its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis
from ketameta.figures.columns import Heading
from ketameta.figures.forest import Block, Forest, ForestRow, Total
from ketameta.measures import MEASURES
from ketameta.report import wording
from ketameta.report.forest_data import axis_scale, interval_of
from ketameta.tables.small_study import (
    LEAST,
    LEAST_TESTED,
    LIMIT,
    PEESE,
    PET,
    STEPS,
    THREE,
    TRIM,
    AdjustedRow,
)
from ketameta.tables.syntheses import SynthesisRow

# method -> its label, what it assumes, and whose it is
_WORDS = {
    "Egger": (
        "Egger's line at a standard error of 0",
        "The effect changes in proportion to the standard error, for whatever reason; a trial of "
        "infinite size shows the true one.",
        "Egger 1997",
    ),
    "Peters": (
        "Peters' line at infinite size",
        "The effect changes in proportion to one over the number of people; a trial of infinite "
        "size shows the true one.",
        "Peters 2006",
    ),
    "Harbord": (
        "Harbord's line at infinite size",
        "The effect changes in proportion to the standard error of a score of the events, which "
        "does not hold the effect; a trial of infinite size shows the true one.",
        "Harbord 2006",
    ),
    "Pustejovsky and Rodgers": (
        "Pustejovsky and Rodgers' line at infinite size",
        "The effect changes with the part of the standard error that follows from the numbers of "
        "people alone; a trial of infinite size shows the true one.",
        "Pustejovsky 2019",
    ),
    TRIM: (
        "Trim and fill",
        "The funnel would be symmetric; the trials with the most extreme results on one side are "
        "missing on the other.",
        "Duval 2000",
    ),
    PET: (
        "PET-PEESE (here PET)",
        "The effect changes in proportion to the standard error; PET, as its own test does not "
        "show an effect.",
        "Stanley 2014",
    ),
    PEESE: (
        "PET-PEESE (here PEESE)",
        "The effect changes in proportion to the variance; PEESE, as the test of PET shows an "
        "effect.",
        "Stanley 2014",
    ),
    LIMIT: (
        "Limit meta-analysis",
        "The effect changes with the standard error and the spread between trials stays; "
        "extrapolated to infinite size.",
        "Rücker 2011",
    ),
    THREE: (
        "Three-parameter selection model",
        "A trial whose one-sided p favours treatment below 0.025 is published with another "
        "probability than the others; size as such plays no part.",
        "Vevea 1995",
    ),
    STEPS: (
        "Step selection model",
        "As before, and the probability changes once more where the effect changes its side "
        "(p of 0.5).",
        "Vevea 1995",
    ),
}


@dataclass(frozen=True, slots=True)
class MethodLine:
    """One method in words: its estimate, what it assumes, and what else is to be said of it."""

    method: str
    estimate: str
    assumes: str
    beside: str


@dataclass(frozen=True, slots=True)
class SmallStudyView:
    """What the page shows: a conclusion, a line a method, and texts that name the sources."""

    sentence: str
    lines: Sequence[MethodLine]
    cited: list[str]


def small_study_view(
    analysis: Analysis, record: SynthesisRow, rows: Sequence[AdjustedRow]
) -> SmallStudyView | None:
    """Return the section; None where no method was asked, and of few trials a sentence alone."""
    if not rows:
        few = MEASURES[analysis.select.measure].compares and 1 < record.k < LEAST
        if analysis.narrow or record.estimate is None or not few:
            return None
        text = (
            f"With {wording.count(record.k, 'trial')} nothing can be said of small-study effects: "
            f"the methods that allow for them are tried from {LEAST} on, and say little below "
            f"{LEAST_TESTED}."
        )
        return SmallStudyView(text, [], [])
    lines = [
        MethodLine(
            "Unadjusted", _told(analysis, record), "Small and large trials show the same.", ""
        )
    ]
    for row in rows:
        label, assumes, _ = _WORDS[row.method]
        lines.append(MethodLine(label, _of(analysis, row), assumes, _beside(row)))
    sources = [_WORDS[row.method][2] for row in rows]
    return SmallStudyView(_sentence(analysis, record, rows), lines, [*sources, "Sterne 2011"])


def _told(analysis: Analysis, record: SynthesisRow) -> str:
    measure = analysis.select.measure
    return wording.estimate_interval(measure, record) + wording.unit_sign(measure)


def _of(analysis: Analysis, row: AdjustedRow) -> str:
    measure = analysis.select.measure
    if row.estimate is None:
        return "–"
    text = wording.with_interval(measure, row.estimate, row.low, row.high)
    return text + wording.unit_sign(measure)


def _few(row: AdjustedRow) -> bool:
    return row.k < row.needed


def _beside(row: AdjustedRow) -> str:
    few = f"{row.k} effects where {row.needed} are wanted" if _few(row) else ""
    why = f"no estimate: {row.why}" if row.why else ""
    return "; ".join(filter(None, (why or row.detail, few)))


def _kept(kept: int, number: int) -> str:
    if not kept or kept == number > 1:
        return f"{'no' if not kept else 'every'} interval of theirs lies"
    return f"{kept} of {number} intervals {'lies' if kept == 1 else 'lie'}"


def _sentence(analysis: Analysis, record: SynthesisRow, rows: Sequence[AdjustedRow]) -> str:
    measure = analysis.select.measure
    found = [row for row in rows if row.estimate is not None]
    words, own = MEASURES[measure].words, wording.quantity(measure, record.estimate)
    if not found:
        return f"No method that allows for small-study effects gives a {words} of these trials."
    values = [row.estimate for row in found if row.estimate is not None]
    ends = [wording.quantity(measure, end) for end in (min(values), max(values))]
    span = ends[0] if ends[0] == ends[1] else f"between {ends[0]} and {ends[1]}"
    methods = wording.count(len(found), "method that allows", "methods that allow")
    puts = "puts" if len(found) == 1 else "put"
    text = f"{methods} for small trials showing other effects {puts} the {words} {span}"
    text += f"{wording.unit_sign(measure)} (unadjusted {own}{wording.unit_sign(measure)})"
    null = MEASURES[measure].no_effect
    apart = [r for r in found if r.low is not None and r.high is not None]
    kept = sum(
        not r.low <= null <= r.high for r in apart if r.low is not None and r.high is not None
    )
    text += f"; {_kept(kept, len(found))} wholly on one side of no difference."
    if all(map(_few, found)):
        k, needed = max(row.k for row in found), found[0].needed
        text += f" With {k} effects none of them says much: {needed} are wanted."
    return text[:1].upper() + text[1:]


def adjusted_of(analysis: Analysis, record: SynthesisRow, rows: Sequence[AdjustedRow]) -> Forest:
    """Return the panel: a row a method that has an estimate, grey of too few effects."""
    measure = analysis.select.measure
    found = [row for row in rows if row.estimate is not None]
    enough = [row for row in found if not _few(row)]
    grey = [row for row in found if _few(row)]
    lost = [f"{_WORDS[r.method][0]}: {r.why}" for r in rows if r.estimate is None]
    notes = [f"Not drawn: {'; '.join(lost)}."] if lost else []
    level = wording.level_percent(analysis.model.level)
    needed = rows[0].needed
    return Forest(
        f"{analysis.display.title}: small-study effects",
        _sentence(analysis, record, rows),
        (Heading("Method", widest=230, narrowest=180),),
        (Heading(f"{MEASURES[measure].heading}\n[{level} CI]", "."),),
        (Block("", tuple(_row(analysis, row) for row in enough)),),
        Total(
            "Unadjusted",
            (wording.estimate_interval(measure, record),),
            interval_of(measure, record.estimate, record.ci_low, record.ci_high),
        ),
        None,
        axis_scale(analysis),
        notes=tuple(notes),
        earlier=tuple(_total(analysis, row) for row in grey),
        earlier_heading=f"Of fewer than {needed} effects",
        plot=200.0,
    )


def _row(analysis: Analysis, row: AdjustedRow) -> ForestRow:
    measure, label = analysis.select.measure, _WORDS[row.method][0]
    told = f"{label}. {_WORDS[row.method][1]}"
    text = wording.with_interval(measure, row.estimate, row.low, row.high)
    return ForestRow(
        (label,), (text,), interval_of(measure, row.estimate or 0.0, row.low, row.high), None, told
    )


def _total(analysis: Analysis, row: AdjustedRow) -> Total:
    measure, label = analysis.select.measure, _WORDS[row.method][0]
    told = f"{label}. {_WORDS[row.method][1]} {_beside(row)}."
    text = wording.with_interval(measure, row.estimate, row.low, row.high)
    return Total(label, (text,), interval_of(measure, row.estimate or 0.0, row.low, row.high), told)
