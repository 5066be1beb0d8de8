"""What earlier reviews found on the question of an analysis, on its scale and beside its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES, is_ratio, read_as
from ketameta.tables.diagnostics import EarlierRow
from ketameta.tables.effects import EffectRow
from ketameta.tables.parts import Estimate
from ketameta.tables.raw import PublishedRow
from ketameta.tables.syntheses import AbsoluteRow, SensitivityRow, SynthesisRow
from ketameta.tables.table import extended
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.narrowing import Narrow

ANYBODY = "any"
# a key of a narrowing -> the column of `published` that answers it; by another none is told apart
_ANSWERED = {
    "population": "population",
    "treatment": "treatment",
    "drug_route": "drug_route",
    "comparator_class": "comparator_class",
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """An estimate with its interval, where it has one."""

    estimate: float
    low: float | None
    high: float | None

    def map(self, change: Callable[[float], float]) -> Bounds:
        """Return the bounds with each number changed, the ends in order."""
        ends = [change(end) for end in (self.low, self.high) if end is not None]
        low, high = (min(ends), max(ends)) if len(ends) == 2 else (None, None)
        return Bounds(change(self.estimate), low, high)

    def holds(self, other: Bounds) -> bool | None:
        """Say whether the other's estimate lies in this interval; None without one."""
        if self.low is None or self.high is None:
            return None
        return self.low <= other.estimate <= self.high


def agree(one: Bounds, other: Bounds) -> bool | None:
    """Say whether two results are in keeping: one's estimate lies in the other's interval.

    Intervals that merely touch, each far from the other's estimate, do not agree. None where one
    of the results has no interval.
    """
    found = one.holds(other), other.holds(one)
    return None if None in found else any(found)


def earlier(
    analysis: Analysis,
    record: SynthesisRow,
    effects: Sequence[EffectRow],
    sensitivity: Sequence[SensitivityRow],
    absolute: Sequence[AbsoluteRow],
    published: Sequence[PublishedRow],
) -> list[EarlierRow]:
    """Return the results of earlier reviews on the question of an analysis, older reviews first.

    Of a review's results that compare the same, the one at the hours nearest those of the
    analysis is taken, then the one of most trials. `sensitivity` and `absolute` are the
    analysis's own rows of these tables.
    """
    best: dict[tuple[str, str], tuple[tuple[float, ...], PublishedRow]] = {}
    for row in published:
        if not _on_question(analysis, row):
            continue
        key = (row.review_id, row.comparison or "")
        rank = (_away(analysis, row), -(row.k or 0), row.line)
        if key not in best or rank < best[key][0]:
            best[key] = (rank, row)
    found = [
        _beside(analysis, record, effects, sensitivity, absolute, row) for _, row in best.values()
    ]
    return sorted(found, key=lambda r: (r.year or 9999, r.label, r.comparison or ""))


def _on_question(analysis: Analysis, row: PublishedRow) -> bool:
    """Say whether a published result is on the outcome, people, treatment, control and time asked.

    An empty cell restricts nothing, save where the analysis is narrowed by what it would say.
    """
    question = analysis.select
    theirs, ours = read_as(row.measure), MEASURES[question.measure]
    if row.outcome != question.outcome or row.estimate is None:
        return False
    if ours.published:
        if theirs is not ours or (row.ci_low is None and (row.k or 0) < 2):
            return False
    elif question.by_arm or theirs is None or not theirs.compares:
        return False
    people = _words(row, "population", "/")
    if people and ANYBODY not in people and not set(people) & set(question.populations):
        return False
    for column, asked in (
        ("treatment", question.treatments),
        ("comparator_class", () if question.by_arm else question.comparators),
    ):
        told = _words(row, column)
        if told and asked and not set(told) & set(asked):
            return False
    return _in_time(analysis, row) and all(_answers(narrow, row) for narrow in question.narrow)


def _words(row: PublishedRow, column: str, mark: str = ";") -> list[str]:
    return [word.strip() for word in (getattr(row, column) or "").split(mark) if word.strip()]


def _answers(narrow: Narrow, row: PublishedRow) -> bool:
    """Say whether all that a result is about lies in what an analysis is narrowed to."""
    column = _ANSWERED.get(narrow.key)
    if column is None:
        return False
    words = _words(row, column, "/" if column == "population" else ";")
    return bool(words) and set(words) <= set(narrow.values)


def _in_time(analysis: Analysis, row: PublishedRow) -> bool:
    """Say whether hours fit: within the window, or around the hour that it aims at."""
    window = analysis.select.window
    low, high = row.hour_low, row.hour_high
    if window is None:
        return True
    if low is None or high is None:
        return False
    inside = bool(window.start <= low and high <= window.end)
    return inside or bool(low <= window.target <= high)


def _away(analysis: Analysis, row: PublishedRow) -> float:
    """Return how far the hours lie from those aimed at; of no window those that name none first."""
    window = analysis.select.window
    low, high = row.hour_low, row.hour_high
    if window is None or low is None:
        return 0.0 if low is None else 1.0
    return abs((low + (low if high is None else high)) / 2 - window.target)


def _beside(
    analysis: Analysis,
    record: SynthesisRow,
    effects: Sequence[EffectRow],
    sensitivity: Sequence[SensitivityRow],
    absolute: Sequence[AbsoluteRow],
    row: PublishedRow,
) -> EarlierRow:
    """Return a published result as a row of the table `earlier`."""
    measure = row.measure
    printed = _turned(row, record.favours)
    own = _own(record, sensitivity, measure)
    shown, how = _on_scale(record.measure, measure, printed, absolute)
    ours = _bounds(own) if own else None
    n = row.n_total or (row.n_t or 0) + (row.n_c or 0) or None
    turned = "" if printed == _bounds(row) else "turned to the side of our tables"
    return extended(
        EarlierRow,
        row,
        analysis=analysis.name,
        n=n,
        printed=_text(_bounds(row)),
        estimate=shown.estimate if shown else None,
        ci_low=shown.low if shown else None,
        ci_high=shown.high if shown else None,
        converted="; ".join(filter(None, (turned, how))),
        against=_text(ours) if ours and own is not record else None,
        why="; ".join(_reasons(analysis, record, effects, row)),
        agrees=agree(ours, printed) if ours else None,
        rows=[f"{row.file}:{row.line}"],
    )


def _bounds(row: PublishedRow | Estimate) -> Bounds:
    assert row.estimate is not None
    return Bounds(row.estimate, row.ci_low, row.ci_high)


def _turned(row: PublishedRow, favours: str | None) -> Bounds:
    """Return a result with the side that favours treatment where the analysis has it."""
    bounds = _bounds(row)
    if not row.favours or favours is None or row.favours == favours:
        return bounds
    return bounds.map((lambda x: 1 / x) if is_ratio(row.measure) else (lambda x: -x))


def _own(
    record: SynthesisRow, sensitivity: Sequence[SensitivityRow], measure: str
) -> Estimate | None:
    """Return our result in a review's measure: of the analysis, or of its variant in it."""
    theirs = read_as(measure)
    wanted = theirs.name if theirs else measure
    own: list[Estimate] = [record, *sensitivity]
    return next((r for r in own if r.measure == wanted and r.estimate is not None), None)


def _on_scale(
    ours: str, measure: str, printed: Bounds, absolute: Sequence[AbsoluteRow]
) -> tuple[Bounds | None, str]:
    """Return a result on the scale of an analysis, and how; None where there is no way.

    An odds ratio becomes a risk ratio under the control risk p that the analysis assumes first:
    RR = OR / (1 − p + p OR) (Cochrane Handbook 15.4.4.4).
    """
    theirs, asked = read_as(measure), MEASURES[ours]
    if theirs is asked:
        return printed, ""
    if theirs and absolute and (into := asked.from_published.get(measure)):
        risk = absolute[0].control_risk
        how = f"{theirs.words} at our control risk of {100 * risk:.0f}%"
        return printed.map(lambda value: into(value, risk)), how
    return None, "another measure, not on this axis"


def _text(bounds: Bounds) -> str:
    """Write a result with the digits that it has, as ``3.94 [1.54, 10.1]``."""
    values = [f"{value:.3g}".replace("-", "−") for value in (bounds.estimate,)]
    if bounds.low is not None and bounds.high is not None:
        ends = (f"{end:.3g}".replace("-", "−") for end in (bounds.low, bounds.high))
        values.append(f"[{', '.join(ends)}]")
    return " ".join(values)


def _reasons(
    analysis: Analysis, record: SynthesisRow, effects: Sequence[EffectRow], row: PublishedRow
) -> list[str]:
    """Say what differs between a review and the analysis, as far as the data tell."""
    found = []
    if row.k is not None and row.k != record.k:
        size = "fewer" if row.k < record.k else "more"
        found.append(f"{size} trials: {row.k} there, {record.k} here")
    for what, column, mark in (
        ("people", "population", "/"),
        (vocabulary().words("splits")["treatment"], "treatment", ";"),
        ("control", "comparator_class", ";"),
    ):
        theirs = set(_words(row, column, mark))
        ours = {word for e in effects for word in (getattr(e, column) or "").split(", ") if word}
        if theirs and ANYBODY not in theirs and ours and theirs != ours:
            found.append(_told_apart(what, column, theirs, ours))
    window, low, high = analysis.select.window, row.hour_low, row.hour_high
    if window and (low, high) != (window.start, window.end):
        there = f"{low:g} h" if low == high else f"{low:g} to {high:g} h"
        found.append(f"time: {there} there, {window.start:g} to {window.end:g} h here")
    if read_as(row.measure) is not MEASURES[record.measure]:
        found.append(f"measure: {row.measure} there, {record.measure} here")
    return found


def _quoted(label: dict[str, str], word: str) -> str:
    return f"“{label[word]}”" if word in label else word


def _told_apart(what: str, column: str, theirs: set[str], ours: set[str]) -> str:
    """Say of what kind the trials are there and here; where there is only a part of ours, which."""
    label = vocabulary().words("comparator_classes") if column == "comparator_class" else {}
    there, here = (", ".join(sorted(_quoted(label, w) for w in side)) for side in (theirs, ours))
    if theirs < ours:
        return f"{what}: {there} alone"
    return f"{what}: {there} there, {here} here"
