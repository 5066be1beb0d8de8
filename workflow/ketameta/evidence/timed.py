"""What time courses say of a claim: whether an effect is there by an hour, as late, or holds.

Each curve is judged by the rules of claims (`claim_rules`) at an hour, or in the change between
two. An interval of fewer than four degrees of freedom is not to be trusted (Tipton 2015, Psychol
Methods 20:375) and gives no verdict. No certainty is rated of a curve: the domains of GRADE are of
one pooled result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ketameta.configuration import Course
from ketameta.evidence.claim_rules import (
    BENEFIT,
    CANNOT,
    NO_WORSE,
    RULES,
    SMALLER,
    SUPPORTED,
    TOO_FEW,
    ClaimEffect,
    Reason,
    Verdict,
    no_worse,
    placed,
)
from ketameta.synthesize.words import favours, group_of
from ketameta.tables.collection import Tables, by
from ketameta.tables.courses import (
    CourseChangeRow,
    CourseGroupRow,
    CoursePointRow,
    CourseSpanRow,
)
from ketameta.tables.effects import CourseEffectRow
from ketameta.tables.syntheses import ClaimTestRow
from ketameta.vocabulary.timed import BY, CHANGE, Timed

# degrees of freedom below which such an interval is not to be trusted
FEWEST = 4.0


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve of a course: its trials, points in order of hours, when it differs, its changes.

    A group of too few trials has no curve: no points, no span. `effects` are those of its trials.
    """

    course: Course
    group: CourseGroupRow
    points: tuple[CoursePointRow, ...] = ()
    span: CourseSpanRow | None = None
    changes: tuple[CourseChangeRow, ...] = ()
    effects: tuple[CourseEffectRow, ...] = ()

    def at(self, hour: float) -> CoursePointRow | None:
        """Return its point at an hour that was asked for; None where it does not reach that."""
        return next((point for point in self.points if point.hour == hour), None)

    def between(self, start: float, end: float) -> CourseChangeRow | None:
        """Return its change from one hour to another; None where it does not reach both."""
        return next((row for row in self.changes if (row.start, row.end) == (start, end)), None)


@dataclass(frozen=True, slots=True)
class CurveOnClaim:
    """What one curve says of a claim, by a point or a change (neither: it tells nothing)."""

    curve: Curve
    verdict: Verdict
    point: CoursePointRow | None = None
    change: CourseChangeRow | None = None


@dataclass(frozen=True, slots=True)
class CourseOnClaim:
    """What a time course says of a claim: the question, and each curve that was asked."""

    test: ClaimTestRow
    asked: Timed
    course: Course | None
    told: tuple[CurveOnClaim, ...]


def curves_of(tables: Tables, courses: Iterable[Course]) -> dict[str, tuple[Curve, ...]]:
    """Return the curves of each course, as the tables of a run have them."""
    groups = by(tables.get(CourseGroupRow), lambda row: row.course)
    points = by(tables.get(CoursePointRow), lambda row: (row.course, row.group))
    spans = {(row.course, row.group): row for row in tables.get(CourseSpanRow)}
    configured = [row for row in tables.get(CourseChangeRow) if row.configured]
    changes = by(configured, lambda row: (row.course, row.group))
    effects = by(tables.get(CourseEffectRow), lambda row: row.analysis)

    def curve(course: Course, row: CourseGroupRow) -> Curve:
        own = row.course, row.group
        drawn, moved = tuple(points.get(own, ())), tuple(changes.get(own, ()))
        rows = (e for e in effects[course.name] if group_of(course.curve.by, e) == row.group)
        return Curve(course, row, drawn, spans.get(own), moved, tuple(rows))

    return {
        course.name: tuple(curve(course, row) for row in groups[course.name])
        for course in courses
        if course.name in groups
    }


def course_on(
    test: ClaimTestRow, asked: Timed, curves: Mapping[str, Sequence[Curve]]
) -> CourseOnClaim:
    """Judge a claim, a row of claim_tests, by the curves of the course that it asks."""
    every = curves.get(asked.course, ())
    own = [curve for curve in every if not asked.curves or curve.group.group in asked.curves]
    course = every[0].course if every else None
    return CourseOnClaim(test, asked, course, tuple(_told(test, asked, curve) for curve in own))


def _told(test: ClaimTestRow, asked: Timed, curve: Curve) -> CurveOnClaim:
    """Judge a claim by one curve."""
    if test.claimed_value is not None:
        return CurveOnClaim(curve, Verdict(TOO_FEW, "other unit"))
    if not curve.points:
        return CurveOnClaim(curve, Verdict(TOO_FEW, "no curve"))
    limits = curve.course.certainty
    if curve.group.trials < limits.heard_trials and curve.group.people < limits.heard_people:
        return CurveOnClaim(curve, Verdict(TOO_FEW, "one small"))
    if test.direction not in RULES:
        return CurveOnClaim(curve, Verdict(CANNOT, "no direction"))
    if asked.asks == CHANGE:
        return _of_change(test, asked, curve)
    return _of_points(test, asked, curve)


def _of_points(test: ClaimTestRow, asked: Timed, curve: Curve) -> CurveOnClaim:
    """Judge a claim by the effect at an hour; one by an hour by the first that bears it out.

    By each of several hours a claim is easier borne out than by one: the first hour is a reading of
    the curve, and no test of its own.
    """
    (hour,) = asked.hours
    found = [
        CurveOnClaim(curve, _at(test, curve, point), point)
        for point in curve.points
        if point.hour == hour or (asked.asks == BY and point.hour < hour)
    ]
    for word in (SUPPORTED, SMALLER):
        for one in found:
            if asked.asks == BY and test.direction == BENEFIT and one.verdict.word == word:
                return one
    last = found[-1] if found else None
    return last if last and last.point and last.point.hour == hour else _beyond(curve)


def _beyond(curve: Curve) -> CurveOnClaim:
    return CurveOnClaim(curve, Verdict(TOO_FEW, "beyond hours"))


def _at(test: ClaimTestRow, curve: Curve, point: CoursePointRow) -> Verdict:
    """Judge a claim by one point of a curve."""
    effect = _effect(curve, point.estimate, point.ci_low, point.ci_high)
    return _judged(RULES[test.direction], effect, point.df)


def _of_change(test: ClaimTestRow, asked: Timed, curve: Curve) -> CurveOnClaim:
    """Judge that what a claim says of an earlier hour holds at a later one: by the rule of no harm.

    That the effect falls by an amount that matters has to be excluded. Who claims that treatment
    makes no difference claims nothing of this.
    """
    change = curve.between(asked.hours[0], asked.hours[-1])
    if change is None:
        return _beyond(curve)
    if test.direction not in (BENEFIT, NO_WORSE):
        return CurveOnClaim(curve, Verdict(CANNOT, "no direction"), None, change)
    effect = _effect(curve, change.change, change.change_low, change.change_high)
    found = _judged(no_worse, effect, change.df)
    verdict = Verdict(found.word, _OVER_TIME.get(found.because, found.because))
    return CurveOnClaim(curve, verdict, None, change)


_OVER_TIME: dict[Reason, Reason] = {
    "better": "grows",
    "no worse": "holds",
    "worse": "fades",
    "little worse": "fades a little",
}


def _effect(
    curve: Curve, estimate: float | None, low: float | None, high: float | None
) -> ClaimEffect | None:
    """Return a value of a curve with more being better; None where there is none."""
    select, span = curve.course.select, curve.span
    if estimate is None or low is None or high is None:
        return None
    below, above = (span.worthwhile_low, span.worthwhile_high) if span else (None, None)
    bounds = None if below is None or above is None else (below, above)
    side = favours(select.measure, select.outcome)
    return placed(select.measure, side, (estimate, low, high), bounds)


def _judged(
    rule: Callable[[ClaimEffect], Verdict], effect: ClaimEffect | None, freedom: float | None
) -> Verdict:
    """Judge by a rule where the interval is one to be trusted."""
    if effect is None or freedom is None or freedom < FEWEST:
        return Verdict(TOO_FEW, "few freedom")
    return rule(effect)
