"""Time courses once more: a curve of other columns, variances of another search, CR2 anew."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from ketameta.configuration import Course
from ketameta.crosscheck import mixed
from ketameta.crosscheck.moderators import natural_spline
from ketameta.crosscheck.rows import Place
from ketameta.measures import MEASURES
from ketameta.tables.collection import Tables, by
from ketameta.tables.courses import (
    CourseChangeRow,
    CourseFitRow,
    CourseGroupRow,
    CoursePointRow,
)
from ketameta.tables.crosscheck import CrosscheckRow
from ketameta.tables.effects import CourseEffectRow

# the label of results that name no scale
_NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class _Curves:
    """The groups with a curve, each with the knots of its spline in log hours."""

    knots: dict[str, list[float]]

    def rows(self, group: str, hours: Sequence[float]) -> mixed.Floats:
        """Return the columns of a group at some hours, those of the other groups 0."""
        at = np.log(hours)
        return np.hstack(
            [natural_spline(at, own) * (name == group) for name, own in self.knots.items()]
        )


def course_again(
    course: Course, own: Tables, effects: Sequence[CourseEffectRow]
) -> Iterator[CrosscheckRow]:
    """Yield the variances of every fit of a time course, points of its curves, and its changes."""
    curves = _Curves(
        {
            row.group: [math.log(float(knot)) for knot in row.knots]
            for row in own[CourseGroupRow]
            if row.knots
        }
    )
    used = [e for e in effects if str(getattr(e, course.curve.by)) in curves.knots]
    if not used:
        return
    groups = [str(getattr(effect, course.curve.by)) for effect in used]
    x = np.vstack(
        [curves.rows(group, [e.hour or 0.0]) for group, e in zip(groups, used, strict=True)]
    )
    yi = np.array([effect.yi for effect in used])
    trials = [effect.trial_id for effect in used]
    patterns = [mixed.members(trials), np.eye(len(used))]
    changes = by(own[CourseChangeRow], lambda row: row.over_time)
    for row in own[CourseFitRow]:
        place = Place(course.name, "", f"correlation {row.over_time:g}")
        if not row.converged:
            yield place.none("tau2 between trials", row.tau2_trial, "the variances are not found")
            continue
        v = _sampling(course, used, row.over_time)
        fit = mixed.nested(yi, x, v, patterns)
        for number, ours, theirs in (
            ("tau2 between trials", row.tau2_trial, fit.variances[0]),
            ("tau2 within trials", row.tau2_effect, fit.variances[1]),
        ):
            scale = float(np.diag(v).max())
            yield place.row(number, ours, float(theirs), mixed.BY_SCORE, scale=scale)
        yield place.row("q", row.q, fit.q, mixed.BY_GLS)
        yield place.row("log-likelihood", row.log_likelihood, fit.log_likelihood, mixed.BY_SCORE)
        again = _Again(course, place, yi, x, fit, trials)
        if row.configured:
            yield from again.points(curves, own[CoursePointRow])
        yield from again.changes(curves, changes[row.over_time])


def _sampling(course: Course, effects: Sequence[CourseEffectRow], over_time: float) -> mixed.Floats:
    """Return the sampling covariance of effects, cell by cell: see `stats.covariance_over_time`."""
    curve = course.curve
    found = np.zeros((len(effects), len(effects)))
    for i, one in enumerate(effects):
        for j, other in enumerate(effects):
            if one.trial_id != other.trial_id:
                continue
            if i == j:
                found[i, j] = one.vi
                continue
            apart = abs((one.hour or 0.0) - (other.hour or 0.0)) / curve.lag
            alike = over_time**apart if apart else 1.0
            if (one.scale or _NOT_STATED) != (other.scale or _NOT_STATED):
                alike *= curve.between_scales
            (a, s), (b, r) = _parts(one), _parts(other)
            treated = math.sqrt(a * b) * _common(one.arms_t, other.arms_t)
            control = math.sqrt(s * r) * _common(one.arms_c, other.arms_c)
            found[i, j] = alike * (treated + control)
    return found


def _parts(effect: CourseEffectRow) -> tuple[float, float]:
    """Return what of a variance comes of the treated, and of the control side."""
    share = effect.n_t / (effect.n_t + effect.n_c) if effect.n_t and effect.n_c else 0.5
    control = effect.vi * share if effect.shared is None else min(effect.shared, effect.vi)
    return effect.vi - control, control


def _common(one: Sequence[str], other: Sequence[str]) -> float:
    """Return how two sides correlate, arms of a side having the same share."""
    return len({*one} & {*other}) / math.sqrt(len(one) * len(other))


@dataclass(frozen=True, slots=True)
class _Again:
    """One fit, and what its curves say, with standard errors by CR2."""

    course: Course
    place: Place
    yi: mixed.Floats
    x: mixed.Floats
    fit: mixed.Nested
    trials: Sequence[str]

    def _ends(self, contrasts: mixed.Floats) -> tuple[mixed.Floats, mixed.Floats, mixed.Floats]:
        """Return estimates, half the widths of their intervals, and degrees of freedom."""
        se, df = mixed.robust(self.yi, self.x, self.fit.covariance, self.trials, contrasts)
        return contrasts @ self.fit.beta, se * stdtrit(df, 0.5 + self.course.level / 2), df

    def points(self, curves: _Curves, rows: Sequence[CoursePointRow]) -> Iterator[CrosscheckRow]:
        """Yield the effects at the hours of the table."""
        shown = [row for row in rows if row.shown]
        contrasts = np.vstack([curves.rows(row.group, [row.hour]) for row in shown])
        mean, half, df = self._ends(contrasts)
        natural = MEASURES[self.course.select.measure].natural
        for i, row in enumerate(shown):
            place = Place(self.course.name, "", f"{row.group} at {row.hour:g} h")
            told = {"estimate": mean[i], "ci_low": mean[i] - half[i], "ci_high": mean[i] + half[i]}
            for end, value in told.items():
                by_what = mixed.BY_GLS if end == "estimate" else mixed.BY_CR2
                yield place.row(end, getattr(row, end), natural(float(value)), by_what)
            yield place.row("df", row.df, float(df[i]), mixed.BY_CR2)

    def changes(self, curves: _Curves, rows: Sequence[CourseChangeRow]) -> Iterator[CrosscheckRow]:
        """Yield how far each curve changes between the hours compared."""
        if not rows:
            return
        ends = [curves.rows(row.group, [row.start, row.end]) for row in rows]
        mean, half, df = self._ends(np.vstack([end[1:] - end[:1] for end in ends]))
        natural = MEASURES[self.course.select.measure].natural
        for i, row in enumerate(rows):
            what = f"{row.group}, {row.start:g} to {row.end:g} h, {self.place.what}"
            place = Place(self.course.name, "", what)
            told = {"change": mean[i], "change_low": mean[i] - half[i],
                    "change_high": mean[i] + half[i]}  # fmt: skip
            for end, value in told.items():
                by_what = mixed.BY_GLS if end == "change" else mixed.BY_CR2
                yield place.row(end, getattr(row, end), natural(float(value)), by_what)
            yield place.row("df", row.df, float(df[i]), mixed.BY_CR2)
