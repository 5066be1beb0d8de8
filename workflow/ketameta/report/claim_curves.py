"""What curves over time say of a claim, in words: a value at an hour or a change, and when.

No certainty is rated of a curve, and what is told of one says so (`NOT_RATED`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.evidence.timed import FEWEST, CourseOnClaim, CurveOnClaim
from ketameta.figures.bubbles import hour_label
from ketameta.measures import MEASURES
from ketameta.report.claim_reasons import BECAUSE
from ketameta.report.wording import fixed, unit_sign, with_interval
from ketameta.synthesize.people import most_people
from ketameta.tables.collection import by
from ketameta.tables.courses import CoursePointRow, CourseSpanRow
from ketameta.vocabulary.narrowing import keys
from ketameta.vocabulary.timed import AT, CHANGE

NOT_RATED = "Of a curve over time no certainty is rated."


def name_of(one: CurveOnClaim) -> str:
    """Name a curve as a sentence does."""
    curve = one.curve
    return str(keys()[curve.course.curve.by].get(curve.group.group) or "not stated")


def text_of(found: CourseOnClaim, one: CurveOnClaim) -> str:
    """Say what a curve is at the hour that was asked, or how it changes, and when it differs."""
    measure = one.curve.course.select.measure
    row = one.change or one.point
    if row is None:
        return BECAUSE[one.verdict.because][0].lower() + BECAUSE[one.verdict.because][1:-1]
    if one.change is not None:
        change = one.change
        value = with_interval(measure, change.change, change.change_low, change.change_high)
        what = "ratio" if MEASURES[measure].is_ratio else "difference"
        start, end = hour_label(change.start), hour_label(change.end)
        text = f"from {start} to {end} it changes by a {what} of {value}{unit_sign(measure)}"
    else:
        assert one.point is not None
        point = one.point
        value = with_interval(measure, point.estimate, point.ci_low, point.ci_high)
        words = f"{MEASURES[measure].words} {value}{unit_sign(measure)}"
        text = f"{words} against control after {hour_label(point.hour)}"
    if row.df is not None and row.df < FEWEST:
        return f"{text}, an interval of {fixed(row.df, 1)} degrees of freedom"
    return (
        text
        if found.asked.asks in (AT, CHANGE)
        else f"{text}; {differs(one.curve.span, one.curve.points)}"
    )


def differs(span: CourseSpanRow | None, points: Sequence[CoursePointRow]) -> str:
    """Say from when to when the interval lies on one side of none, and whether by enough."""
    if span is None or span.first is None or span.last is None:
        return "at no hour the interval lies wholly on one side of no difference"
    start, end = hour_label(span.first), hour_label(span.last)
    text = f"at {start} alone" if start == end else f"from {start} to {end}"
    text += "" if span.throughout else ", not at every hour between,"
    text += " the interval lies wholly on one side of no difference"
    own = [p.df or 0.0 for p in points if span.first <= p.hour <= span.last]
    few = sum(freedom < FEWEST for freedom in own)
    if few:
        part = "" if few == len(own) else " at some of these hours"
        text += f", but rests on too few trials to be trusted{part}"
    return text


def people_of(told: Sequence[CurveOnClaim]) -> list[dict[str, float]]:
    """Return the people by trial of each course that some curves are of."""
    curves = {(one.curve.course.name, one.curve.group.group): one.curve for one in told}
    rows = by((row for curve in curves.values() for row in curve.effects), lambda e: e.analysis)
    return [
        {trial: most_people(own) for trial, own in by(course, lambda e: e.trial_id).items()}
        for course in rows.values()
    ]
