"""The model of a time course: groups with their knots, the design, errors that correlate, the fit.

Effects of all hours, scales and arms of a trial stand in one correlated hierarchical model
(Pustejovsky & Tipton 2022, Prevention Science 23, 425): sampling errors as
`stats.covariance_over_time` has them, a variance between trials and one between the effects of a
trial by REML, standard errors by CR2 with Satterthwaite's degrees of freedom, which hold if the
correlation assumed was wrong. Each group has a curve of its own, a restricted cubic spline in log
hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketameta.configuration import Course
from ketameta.stats import (
    MultilevelFit,
    RobustFit,
    cluster_robust,
    covariance_over_time,
    restricted_cubic_spline,
    three_level,
)
from ketameta.tables.collection import by
from ketameta.tables.effects import CourseEffectRow

Array = NDArray[np.float64]
# the label of results that name no scale
NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Group:
    """Effects with one word: their hours, and the knots of their curve (none: it has no curve)."""

    word: str
    effects: Sequence[CourseEffectRow]
    knots: tuple[float, ...]

    @property
    def hours(self) -> list[float]:
        """The hours with an effect, in order, each once."""
        return sorted({hour_of(effect) for effect in self.effects})

    @property
    def trials(self) -> list[str]:
        """The trials, each once."""
        return list(dict.fromkeys(effect.trial_id for effect in self.effects))


@dataclass(frozen=True, slots=True)
class Design:
    """The columns of the model: for each group with a curve a level and those of its spline."""

    groups: Sequence[Group]

    def rows(self, group: Group, hours: Sequence[float]) -> Array:
        """Return the coefficients' multipliers for a group at some hours, (hours, p)."""
        parts = [
            _columns(hours, each.knots)
            if each is group
            else np.zeros((len(hours), len(each.knots)))
            for each in self.groups
        ]
        return np.hstack(parts)


def groups_of(course: Course, effects: Sequence[CourseEffectRow]) -> list[Group]:
    """Return the groups of a course, the one of most trials first, each with its knots."""
    own = by(effects, lambda effect: str(getattr(effect, course.curve.by)))
    found = [Group(word, rows, _knots(course, rows)) for word, rows in own.items()]
    return sorted(found, key=lambda group: (-len(group.trials), group.word))


def _knots(course: Course, effects: Sequence[CourseEffectRow]) -> tuple[float, ...]:
    """Return the knots that a group has trials and hours for; none where fewer than two.

    Of those between its first and last hour as many as there are hours, and one for each so many
    trials; where some have to go, the first and last stay and the others are spread, the earlier
    of two first. Where fewer than two lie between, two hours make a straight line.
    """
    hours = sorted({hour_of(effect) for effect in effects})
    if len(hours) < 2:
        return ()
    inside = [knot for knot in course.curve.knots if hours[0] <= knot <= hours[-1]]
    inside = inside if len(inside) > 1 else [hours[0], hours[-1]]
    trials = len({effect.trial_id for effect in effects})
    most = min(len(inside), len(hours), trials // course.curve.trials)
    if most < 2:
        return ()
    return tuple(inside[n * (len(inside) - 1) // (most - 1)] for n in range(most))


def hour_of(effect: CourseEffectRow) -> float:
    """Return the hour of an effect, in hours from the start of treatment."""
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
        [hour_of(e) for e in effects],
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
    place = {arm: i for i, arm in enumerate(names)}
    shares = np.zeros((len(sides), len(names)))
    for row, side in zip(shares, sides, strict=True):
        row[[place[arm] for arm in side]] = 1 / len(side)
    return shares


def fit_of(
    course: Course, effects: Sequence[CourseEffectRow], X: Array, over_time: float
) -> MultilevelFit:
    """Fit the model under one correlation over time."""
    trials = [e.trial_id for e in effects]
    V = sampling(course, effects, over_time)
    return three_level([e.yi for e in effects], V, trials, X=X, level=course.level)


class Robust:
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
