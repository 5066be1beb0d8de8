"""What a time course finds: how fast an effect comes, and how long it lasts.

The model is that of `curves`; nothing is said of a curve beyond its own first and last hour.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ketameta.configuration import Course
from ketameta.measures import MEASURES
from ketameta.stats import MultilevelFit
from ketameta.stats.numerics.distributions import t_quantile
from ketameta.synthesize.curves import Design, Group, Robust, fit_of, groups_of, hour_of
from ketameta.synthesize.people import most_people
from ketameta.synthesize.pool import finite_or_none
from ketameta.synthesize.worthwhile import smallest
from ketameta.tables.collection import Tables, by
from ketameta.tables.courses import (
    CourseChangeRow,
    CourseCoefficientRow,
    CourseFitRow,
    CourseGroupRow,
    CoursePointRow,
    CourseSpanRow,
)
from ketameta.tables.effects import CourseEffectRow
from ketameta.tables.table import Row
from ketameta.vocabulary.timed import CHANGE, Timed

# hours that a curve is drawn through, and those looked at for when it differs from no effect,
# between its first and its last
_DRAWN, _LOOKED = 33, 129
# the tables of what is found of a course
COURSE_KINDS: tuple[type[Row], ...] = (
    *(CourseGroupRow, CourseFitRow, CourseCoefficientRow, CoursePointRow),
    *(CourseSpanRow, CourseChangeRow),
)


@dataclass(frozen=True, slots=True)
class AskedCourse:
    """All that what is found of a time course is made from.

    `hours` and `pairs` of hours are those that somebody asks about besides the configuration.
    """

    course: Course
    effects: Sequence[CourseEffectRow]
    hours: tuple[float, ...] = ()
    pairs: tuple[tuple[float, float], ...] = ()


def asked_courses(
    courses: Iterable[Course],
    effects: Mapping[str, Sequence[CourseEffectRow]],
    questions: Sequence[Timed],
) -> dict[str, AskedCourse]:
    """Return what each course is made from, by its name: the hours of questions to it too."""
    found = {}
    for course in courses:
        own = [one for one in questions if one.course == course.name]
        hours = {hour for one in own if one.asks != CHANGE for hour in one.hours}
        pairs = {(one.hours[0], one.hours[-1]) for one in own if one.asks == CHANGE}
        pairs.discard((course.curve.compared[0], course.curve.compared[1]))
        asked = tuple(sorted(hours)), tuple(sorted(pairs))
        found[course.name] = AskedCourse(course, effects[course.name], *asked)
    return found


def course_of(asked: AskedCourse) -> Tables:
    """Return what one time course finds: all but its groups is empty where none has a curve."""
    course, groups = asked.course, groups_of(asked.course, asked.effects)
    rows = Tables({kind: [] for kind in COURSE_KINDS})
    rows = rows.replaced(CourseGroupRow, [_group_row(course, group) for group in groups])
    design = Design([group for group in groups if group.knots])
    if not design.groups:
        return rows
    used = [effect for group in design.groups for effect in group.effects]
    X = np.vstack([design.rows(g, [hour_of(e) for e in g.effects]) for g in design.groups])
    fits: list[CourseFitRow] = []
    changes: list[CourseChangeRow] = []
    values = (course.curve.over_time, *course.curve.sweep)
    for over_time in sorted(set(values)):
        fit = fit_of(course, used, X, over_time)
        fits.append(_fit_row(course, over_time, fit))
        robust = Robust(course, used, X, fit)
        changes += _changes(asked, over_time, design, robust)
        if over_time == course.curve.over_time:
            rows |= Tables(
                {
                    CourseCoefficientRow: _coefficients(course, design, robust),
                    CoursePointRow: _points(asked, design, robust, fit),
                    CourseSpanRow: _spans(course, design, robust),
                }
            )
    return rows | Tables({CourseFitRow: fits, CourseChangeRow: changes})


def _group_row(course: Course, group: Group) -> CourseGroupRow:
    at = by(group.effects, hour_of)
    people = by(group.effects, lambda e: e.trial_id)
    return CourseGroupRow(
        course=course.name,
        group=group.word,
        trials=len(group.trials),
        k=len(group.effects),
        people=math.fsum(most_people(own) for own in people.values()),
        start=group.hours[0],
        end=group.hours[-1],
        knots=[f"{knot:g}" for knot in group.knots],
        hours=[f"{hour:g}:{len({e.trial_id for e in at[hour]})}" for hour in group.hours],
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


def _coefficients(course: Course, design: Design, robust: Robust) -> list[CourseCoefficientRow]:
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
    asked: AskedCourse, design: Design, robust: Robust, fit: MultilevelFit
) -> list[CoursePointRow]:
    """Return the hours of the table, those asked and those drawn through, group by group."""
    course = asked.course
    at = [(group, hour) for group in design.groups for hour in _hours(asked, group)]
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


def _hours(asked: AskedCourse, group: Group) -> list[float]:
    first, last = group.hours[0], group.hours[-1]
    told = {*asked.course.curve.shown, *asked.hours}
    return sorted({*_along(group, _DRAWN), *(hour for hour in told if first <= hour <= last)})


def _along(group: Group, number: int) -> list[float]:
    """Return so many hours from the first to the last of a group, their logs evenly apart."""
    first, last = group.hours[0], group.hours[-1]
    inside = {float(f"{hour:.4g}") for hour in np.geomspace(first, last, number)}
    return [first, *sorted(hour for hour in inside if first < hour < last), last]


def _spans(course: Course, design: Design, robust: Robust) -> list[CourseSpanRow]:
    """Return from when to when each curve differs from no effect, and by enough to matter."""
    measure = MEASURES[course.select.measure]
    rows = []
    for group in design.groups:
        hours = _along(group, _LOOKED)
        found = robust.of(design.rows(group, hours))
        lows, highs = (
            [measure.natural(finite_or_none(end)) for end in ends]
            for ends in (found.ci_low, found.ci_high)
        )
        differs = _beyond(hours, lows, highs, (measure.no_effect, measure.no_effect))
        least = smallest(measure.name, course.certainty, group.effects)
        matters = _beyond(hours, lows, highs, least) if least else []
        rows.append(
            CourseSpanRow(
                course=course.name,
                group=group.word,
                first=min(differs, default=None),
                last=max(differs, default=None),
                throughout=_without_gap(differs, hours),
                worthwhile_low=least[0] if least else None,
                worthwhile_high=least[1] if least else None,
                first_worthwhile=min(matters, default=None),
                last_worthwhile=max(matters, default=None),
            )
        )
    return rows


def _without_gap(some: Sequence[float], hours: Sequence[float]) -> bool:
    """Say whether some hours are all from the first to the last of them, and there are any."""
    return bool(some) and list(some) == [h for h in hours if some[0] <= h <= some[-1]]


def _beyond(
    hours: Sequence[float],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
    bounds: tuple[float, float],
) -> list[float]:
    """Return the hours at which the whole interval lies below the first or above the last bound."""
    return [
        hour
        for hour, low, high in zip(hours, lows, highs, strict=True)
        if low is not None and high is not None and (low > bounds[1] or high < bounds[0])
    ]


def _near(course: Course, group: Group, hour: float) -> int:
    """Count the trials with an effect nearer (in log hours) to an hour than to others shown."""

    def nearest(effect: CourseEffectRow) -> float:
        own = hour_of(effect)
        return min(course.curve.shown, key=lambda shown: abs(math.log(shown / own)))

    return len({effect.trial_id for effect in group.effects if nearest(effect) == hour})


def _changes(
    asked: AskedCourse, over_time: float, design: Design, robust: Robust
) -> list[CourseChangeRow]:
    """Return how far each curve changes between two hours, where it reaches both."""
    curve = asked.course.curve
    places = [
        (group, start, end)
        for start, end in ((curve.compared[0], curve.compared[1]), *asked.pairs)
        for group in design.groups
        if group.hours[0] <= start and end <= group.hours[-1]
    ]
    if not places:
        return []
    ends = [design.rows(group, [start, end]) for group, start, end in places]
    found = robust.of(np.vstack([np.vstack([e, e[1:] - e[:1]]) for e in ends]))
    natural = MEASURES[asked.course.select.measure].natural
    rows = []
    for n, (group, start, end) in enumerate(places):
        told = {}
        for place, name in zip(range(3 * n, 3 * n + 3), ("first", "last", "change"), strict=True):
            told[name] = natural(finite_or_none(found.beta[place]))
            told[f"{name}_low"] = natural(finite_or_none(found.ci_low[place]))
            told[f"{name}_high"] = natural(finite_or_none(found.ci_high[place]))
        rows.append(
            CourseChangeRow(
                course=asked.course.name,
                over_time=over_time,
                configured=over_time == curve.over_time,
                group=group.word,
                start=start,
                end=end,
                **told,
                df=finite_or_none(found.df[3 * n + 2]),
                p=finite_or_none(found.p[3 * n + 2]),
            )
        )
    return rows
