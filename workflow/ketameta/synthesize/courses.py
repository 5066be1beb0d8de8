"""One model of an outcome over all its hours: how fast an effect comes, and how long it lasts.

Effects of all hours, scales and arms of a trial stand in one correlated hierarchical model
(Pustejovsky & Tipton 2022, Prevention Science 23, 425): sampling errors as
`stats.covariance_over_time` has them, a variance between trials and one between the effects of a
trial by REML, standard errors by CR2 with Satterthwaite's degrees of freedom, which hold if the
correlation assumed was wrong. Each group has a curve of its own, a restricted cubic spline in log
hours; nothing is said of it beyond its own first and last hour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketameta.configuration import Course
from ketameta.measures import MEASURES
from ketameta.stats import (
    MultilevelFit,
    RobustFit,
    cluster_robust,
    covariance_over_time,
    restricted_cubic_spline,
    three_level,
)
from ketameta.stats.numerics.distributions import t_quantile
from ketameta.synthesize.pool import finite_or_none
from ketameta.tables.collection import Tables, by
from ketameta.tables.courses import (
    CourseChangeRow,
    CourseCoefficientRow,
    CourseFitRow,
    CourseGroupRow,
    CoursePointRow,
)
from ketameta.tables.effects import CourseEffectRow
from ketameta.tables.table import Row

Array = NDArray[np.float64]
# hours that a curve is drawn through, between its first and its last
_DRAWN = 33
# the label of results that name no scale
NOT_STATED = "not stated"


# the tables of what is found of a course
COURSE_KINDS: tuple[type[Row], ...] = (
    *(CourseGroupRow, CourseFitRow, CourseCoefficientRow, CoursePointRow, CourseChangeRow),
)


@dataclass(frozen=True, slots=True)
class AskedCourse:
    """All that what is found of a time course is made from."""

    course: Course
    effects: Sequence[CourseEffectRow]


@dataclass(frozen=True, slots=True)
class _Group:
    """Effects with one word: their hours, and the knots of their curve (none: it has no curve)."""

    word: str
    effects: Sequence[CourseEffectRow]
    knots: tuple[float, ...]

    @property
    def hours(self) -> list[float]:
        """The hours with an effect, in order, each once."""
        return sorted({_hour(effect) for effect in self.effects})

    @property
    def trials(self) -> list[str]:
        """The trials, each once."""
        return list(dict.fromkeys(effect.trial_id for effect in self.effects))


@dataclass(frozen=True, slots=True)
class _Design:
    """The columns of the model: for each group with a curve a level and those of its spline."""

    groups: Sequence[_Group]

    def rows(self, group: _Group, hours: Sequence[float]) -> Array:
        """Return the coefficients' multipliers for a group at some hours, (hours, p)."""
        parts = [
            _columns(hours, each.knots)
            if each is group
            else np.zeros((len(hours), len(each.knots)))
            for each in self.groups
        ]
        return np.hstack(parts)


def course_of(asked: AskedCourse) -> Tables:
    """Return what one time course finds: all but its groups is empty where none has a curve."""
    course, groups = asked.course, groups_of(asked.course, asked.effects)
    rows = Tables({kind: [] for kind in COURSE_KINDS})
    rows = rows.replaced(CourseGroupRow, [_group_row(course, group) for group in groups])
    design = _Design([group for group in groups if group.knots])
    if not design.groups:
        return rows
    used = [effect for group in design.groups for effect in group.effects]
    X = np.vstack([design.rows(g, [_hour(e) for e in g.effects]) for g in design.groups])
    fits: list[CourseFitRow] = []
    changes: list[CourseChangeRow] = []
    values = (course.curve.over_time, *course.curve.sweep)
    for over_time in sorted(set(values)):
        fit = fit_of(course, used, X, over_time)
        fits.append(_fit_row(course, over_time, fit))
        changes += _changes(course, over_time, design, _Robust(course, used, X, fit))
        if over_time == course.curve.over_time:
            robust = _Robust(course, used, X, fit)
            rows |= Tables(
                {
                    CourseCoefficientRow: _coefficients(course, design, robust),
                    CoursePointRow: _points(course, design, robust, fit),
                }
            )
    return rows | Tables({CourseFitRow: fits, CourseChangeRow: changes})


def groups_of(course: Course, effects: Sequence[CourseEffectRow]) -> list[_Group]:
    """Return the groups of a course, the one of most trials first, each with its knots."""
    own = by(effects, lambda effect: str(getattr(effect, course.curve.by)))
    found = [_Group(word, rows, _knots(course, rows)) for word, rows in own.items()]
    return sorted(found, key=lambda group: (-len(group.trials), group.word))


def _knots(course: Course, effects: Sequence[CourseEffectRow]) -> tuple[float, ...]:
    """Return the knots that a group has trials and hours for; none where fewer than two.

    Of those between its first and last hour as many as there are hours, and one for each so many
    trials; where some have to go, the first and last stay and the others are spread, the earlier
    of two first. Where fewer than two lie between, two hours make a straight line.
    """
    hours = sorted({_hour(effect) for effect in effects})
    if len(hours) < 2:
        return ()
    inside = [knot for knot in course.curve.knots if hours[0] <= knot <= hours[-1]]
    inside = inside if len(inside) > 1 else [hours[0], hours[-1]]
    trials = len({effect.trial_id for effect in effects})
    most = min(len(inside), len(hours), trials // course.curve.trials)
    if most < 2:
        return ()
    return tuple(inside[n * (len(inside) - 1) // (most - 1)] for n in range(most))


def _hour(effect: CourseEffectRow) -> float:
    assert effect.hour is not None, "a course takes results with an hour alone"
    return effect.hour


def _columns(hours: Sequence[float], knots: Sequence[float]) -> Array:
    """Return 1 and the columns of the spline in log hours."""
    spline = restricted_cubic_spline(np.log(hours), np.log(knots))
    return np.column_stack([np.ones(len(hours)), spline])


def sampling(course: Course, effects: Sequence[CourseEffectRow], over_time: float) -> Array:
    """Return the sampling covariance of effects over time.

    The part of the control in a variance is known where arms share one; elsewhere it is that of
    two groups of one SD, n_t of n_t + n_c, and half where their sizes are not known.
    """
    vi = np.array([e.vi for e in effects])
    sizes = [e.n_t / (e.n_t + e.n_c) if e.n_t and e.n_c else 0.5 for e in effects]
    shared = [
        v * size if e.shared is None else min(e.shared, v)
        for e, v, size in zip(effects, vi, sizes, strict=True)
    ]
    return covariance_over_time(
        vi,
        [e.trial_id for e in effects],
        [_hour(e) for e in effects],
        over_time,
        lag=course.curve.lag,
        scale=[e.scale or NOT_STATED for e in effects],
        between=course.curve.between_scales,
        shared=shared,
        treated=_shares([e.arms_t for e in effects]),
        control=_shares([e.arms_c for e in effects]),
    )


def _shares(sides: Sequence[Sequence[str]]) -> Array:
    """Return the share of each arm in each side, arms of a side alike."""
    names = sorted({arm for side in sides for arm in side})
    return np.array([[(arm in side) / len(side) for arm in names] for side in sides])


def fit_of(
    course: Course, effects: Sequence[CourseEffectRow], X: Array, over_time: float
) -> MultilevelFit:
    """Fit the model under one correlation over time."""
    trials = [e.trial_id for e in effects]
    V = sampling(course, effects, over_time)
    return three_level([e.yi for e in effects], V, trials, X=X, level=course.level)


class _Robust:
    """What CR2 says of combinations of the coefficients of one fit."""

    def __init__(
        self, course: Course, effects: Sequence[CourseEffectRow], X: Array, fit: MultilevelFit
    ) -> None:
        self._yi = [e.yi for e in effects]
        self._trials = [e.trial_id for e in effects]
        self._X, self._fit, self._level = X, fit, course.level

    def of(self, contrasts: Array) -> RobustFit:
        """Return estimates, intervals and degrees of freedom, one a row of contrasts."""
        return cluster_robust(
            self._yi,
            self._fit.covariance,
            self._trials,
            self._X,
            contrasts=contrasts,
            level=self._level,
        )


def _group_row(course: Course, group: _Group) -> CourseGroupRow:
    at = by(group.effects, _hour)
    people = by(group.effects, lambda e: e.trial_id)
    return CourseGroupRow(
        course=course.name,
        group=group.word,
        trials=len(group.trials),
        k=len(group.effects),
        people=math.fsum(_most_people(own) for own in people.values()),
        start=group.hours[0],
        end=group.hours[-1],
        knots=[f"{knot:g}" for knot in group.knots],
        hours=[f"{hour:g}:{len({e.trial_id for e in at[hour]})}" for hour in group.hours],
    )


def _most_people(effects: Sequence[CourseEffectRow]) -> float:
    """Return the most people of a trial at one hour and scale; a shared control counts once."""
    places = by(effects, lambda e: (e.hour, e.scale)).values()
    return max(
        own[0].people
        if len(own) == 1
        else math.fsum(e.n_t or 0 for e in own) + max(e.n_c or 0 for e in own)
        for own in places
    )


def _fit_row(course: Course, over_time: float, fit: MultilevelFit) -> CourseFitRow:
    return CourseFitRow(
        course=course.name,
        over_time=over_time,
        configured=over_time == course.curve.over_time,
        k=fit.k,
        trials=fit.clusters,
        tau2_trial=finite_or_none(fit.sigma2[0]),
        tau2_effect=finite_or_none(fit.sigma2[1]),
        q=finite_or_none(fit.qe),
        q_df=fit.qe_df,
        q_p=finite_or_none(fit.qe_p),
        log_likelihood=finite_or_none(fit.log_likelihood),
        converged=fit.converged,
    )


def _coefficients(course: Course, design: _Design, robust: _Robust) -> list[CourseCoefficientRow]:
    names = [
        (group.word, term)
        for group in design.groups
        for term in ("level", "slope", *(f"bend {n}" for n in range(1, len(group.knots) - 1)))
    ]
    found = robust.of(np.eye(len(names)))
    return [
        CourseCoefficientRow(
            course=course.name,
            group=group,
            term=term,
            estimate=finite_or_none(found.beta[n]),
            se=finite_or_none(found.se[n]),
            df=finite_or_none(found.df[n]),
            p=finite_or_none(found.p[n]),
        )
        for n, (group, term) in enumerate(names)
    ]


def _points(
    course: Course, design: _Design, robust: _Robust, fit: MultilevelFit
) -> list[CoursePointRow]:
    """Return the hours of the table and those that curves are drawn through, group by group."""
    at = [(group, hour) for group in design.groups for hour in _hours(course, group)]
    found = robust.of(np.vstack([design.rows(group, [hour]) for group, hour in at]))
    spread = np.sqrt(found.se**2 + np.nansum(fit.sigma2))
    half = t_quantile(found.df, course.level) * spread
    natural = MEASURES[course.select.measure].natural
    shown, rows = set(course.curve.shown), []
    for n, (group, hour) in enumerate(at):
        ends = {
            "estimate": found.beta[n],
            "ci_low": found.ci_low[n],
            "ci_high": found.ci_high[n],
            "pi_low": found.beta[n] - half[n],
            "pi_high": found.beta[n] + half[n],
        }
        rows.append(
            CoursePointRow(
                course=course.name,
                group=group.word,
                hour=hour,
                shown=hour in shown,
                near=_near(course, group, hour) if hour in shown else 0,
                **{name: natural(finite_or_none(value)) for name, value in ends.items()},
                se=finite_or_none(found.se[n]),
                df=finite_or_none(found.df[n]),
                p=finite_or_none(found.p[n]),
            )
        )
    return rows


def _hours(course: Course, group: _Group) -> list[float]:
    first, last = group.hours[0], group.hours[-1]
    drawn = [float(f"{hour:.4g}") for hour in np.geomspace(first, last, _DRAWN)[1:-1]]
    inside = [hour for hour in course.curve.shown if first <= hour <= last]
    return sorted({first, last, *drawn, *inside})


def _near(course: Course, group: _Group, hour: float) -> int:
    """Count the trials with an effect nearer (in log hours) to an hour than to others shown."""

    def nearest(effect: CourseEffectRow) -> float:
        own = _hour(effect)
        return min(course.curve.shown, key=lambda shown: abs(math.log(shown / own)))

    return len({effect.trial_id for effect in group.effects if nearest(effect) == hour})


def _changes(
    course: Course, over_time: float, design: _Design, robust: _Robust
) -> list[CourseChangeRow]:
    """Return how far each curve changes between the hours compared, where it reaches both."""
    start, end = course.curve.compared
    groups = [g for g in design.groups if g.hours[0] <= start and end <= g.hours[-1]]
    if not groups:
        return []
    ends = [design.rows(group, [start, end]) for group in groups]
    found = robust.of(np.vstack([np.vstack([e, e[1:] - e[:1]]) for e in ends]))
    natural = MEASURES[course.select.measure].natural
    rows = []
    for n, group in enumerate(groups):
        told = {}
        for place, name in zip(range(3 * n, 3 * n + 3), ("first", "last", "change"), strict=True):
            told[name] = natural(finite_or_none(found.beta[place]))
            told[f"{name}_low"] = natural(finite_or_none(found.ci_low[place]))
            told[f"{name}_high"] = natural(finite_or_none(found.ci_high[place]))
        rows.append(
            CourseChangeRow(
                course=course.name,
                over_time=over_time,
                configured=over_time == course.curve.over_time,
                group=group.word,
                start=start,
                end=end,
                **told,
                df=finite_or_none(found.df[3 * n + 2]),
                p=finite_or_none(found.p[3 * n + 2]),
            )
        )
    return rows
