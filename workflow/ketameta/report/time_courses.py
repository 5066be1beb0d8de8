"""The page on how fast an effect comes and how long it lasts: one model over all hours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ketameta.configuration import Configuration
from ketameta.configuration.courses import Course
from ketameta.evidence.timed import FEWEST
from ketameta.figures.axis import AxisScale
from ketameta.figures.bubbles import (
    NARROW,
    WIDE,
    Bubble,
    Mean,
    Panel,
    Words,
    draw_panels,
    hour_label,
)
from ketameta.figures.scene import Scene, to_svg
from ketameta.measures import MEASURES
from ketameta.report.claim_curves import differs
from ketameta.report.naming import capital, listed
from ketameta.report.wording import count, fixed, level_percent, unit_sign, with_interval
from ketameta.report.wording_splits import group as group_words
from ketameta.tables.collection import Tables, by
from ketameta.tables.courses import (
    CourseChangeRow,
    CourseFitRow,
    CourseGroupRow,
    CoursePointRow,
    CourseSpanRow,
)
from ketameta.tables.effects import CourseEffectRow
from ketameta.vocabulary import vocabulary

HOW = (
    "One correlated-hierarchical-effects model of each outcome over all hours, scales and arms of "
    "all trials: variances between trials and between effects of a trial, restricted cubic splines "
    "in log hours, a curve each group, standard errors by CR2 with Satterthwaite's degrees of "
    "freedom (Pustejovsky 2022; Tipton 2015). Sampling errors of the same people are taken to "
    "correlate by {over_time:g} to the power of the hours between them over {lag:g}. No row is "
    "used twice, a pooled report and its parts never together, and no curve goes beyond the hours "
    "of its own trials."
)


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group: its name and conclusion, and a line an hour (none: points alone)."""

    label: str
    sentence: str
    lines: Sequence[tuple[str, str, str, str]]


@dataclass(frozen=True, slots=True)
class CourseView:
    """A time course: what is asked, pictures, groups, how the answer moves, how it is made."""

    name: str
    title: str
    question: str
    wide: str
    narrow: str
    groups: Sequence[GroupView]
    first: str
    last: str
    sweep: Sequence[tuple[str, str, str, str]]
    how: str


def course_views(tables: Tables, configuration: Configuration) -> list[CourseView]:
    """Return the time courses of the configuration that have a fit."""
    fits = {row.course: row for row in tables[CourseFitRow] if row.configured}
    groups = by(tables[CourseGroupRow], lambda row: row.course)
    points = by(tables[CoursePointRow], lambda row: row.course)
    compared = {course.name: course.curve.compared for course in configuration.courses}
    changes = by(
        (row for row in tables[CourseChangeRow] if (row.start, row.end) == compared[row.course]),
        lambda row: row.course,
    )
    spans = {(row.course, row.group): row for row in tables[CourseSpanRow]}
    effects = by(tables[CourseEffectRow], lambda row: row.analysis)
    return [
        _view(course, fits[course.name], groups[course.name], points[course.name],
              changes[course.name], effects[course.name], spans)
        for course in configuration.courses
        if course.name in fits
    ]  # fmt: skip


def _view(
    course: Course,
    fit: CourseFitRow,
    groups: Sequence[CourseGroupRow],
    points: Sequence[CoursePointRow],
    changes: Sequence[CourseChangeRow],
    effects: Sequence[CourseEffectRow],
    spans: Mapping[tuple[str, str], CourseSpanRow],
) -> CourseView:
    of_group = by(points, lambda row: row.group)
    own = {row.group: row for row in changes if row.configured}
    order = sorted(groups, key=lambda row: (not of_group[row.group], -row.trials))
    first, last = (hour_label(hour) for hour in course.curve.compared)
    scenes = [_drawn(course, fit, order, of_group, effects, width) for width in (WIDE, NARROW)]
    measure = course.select.measure
    return CourseView(
        name=course.name,
        title=course.display.title,
        question=course.display.question,
        wide=to_svg(scenes[0], f"course-{course.name}"),
        narrow=to_svg(scenes[1], f"course-{course.name}-narrow"),
        groups=[
            GroupView(
                capital(group_words(course.curve.by, row.group)),
                _sentence(course, row, own.get(row.group), of_group[row.group], spans),
                [*_lines(measure, of_group[row.group])],
            )
            for row in order
        ],
        first=first,
        last=last,
        sweep=[*_sweep(course, changes)],
        how=HOW.format(over_time=course.curve.over_time, lag=course.curve.lag),
    )


def _told(measure: str, estimate: float | None, low: float | None, high: float | None) -> str:
    return with_interval(measure, estimate, low, high) + unit_sign(measure)


def _sentence(
    course: Course,
    group: CourseGroupRow,
    change: CourseChangeRow | None,
    points: Sequence[CoursePointRow],
    spans: Mapping[tuple[str, str], CourseSpanRow],
) -> str:
    measure, trials = course.select.measure, count(group.trials, "trial")
    if not points:
        return f"{capital(trials)}: too few for a curve; their points stand in the picture."
    text = f"{capital(trials)}, from {hour_label(group.start)} to {hour_label(group.end)}. "
    span = spans.get((course.name, group.group))
    text += f"{capital(differs(span, points))}. {_by_enough(span)}"
    if change is None or change.change is None:
        return f"{text}Its trials do not reach both hours that are compared."
    first, last = hour_label(change.start), hour_label(change.end)
    soon = _told(measure, change.first, change.first_low, change.first_high)
    late = _told(measure, change.last, change.last_low, change.last_high)
    text += f"After {first} the effect is {soon}, after {last} {late}"
    none = 1.0 if MEASURES[measure].is_ratio else 0.0
    low, high = change.change_low, change.change_high
    known = low is not None and high is not None and not low <= none <= high
    said = "it changes" if known else "that it changes is not shown"
    what = "ratio" if MEASURES[measure].is_ratio else "difference"
    text += f": {said} ({what} {_told(measure, change.change, low, high)})."
    return text + _few(change, points, what)


def _few(change: CourseChangeRow, points: Sequence[CoursePointRow], what: str) -> str:
    """Say which intervals of a change and its two ends are of too few degrees of freedom."""
    at = {point.hour: point.df for point in points}
    freedom = {
        f"after {hour_label(change.start)}": at.get(change.start),
        f"after {hour_label(change.end)}": at.get(change.end),
        f"of the {what}": change.df,
    }
    few = [(name, df) for name, df in freedom.items() if df is not None and df < FEWEST]
    if not few:
        return ""
    words = [" degrees of freedom", "", ""]
    each = zip(few, words, strict=False)
    told = listed([f"{name} ({fixed(df, 1)}{said})" for (name, df), said in each])
    if len(few) == 1:
        return f" The interval {told} rests on too few trials to be trusted."
    return f" The intervals {told} rest on too few trials to be trusted."


def _by_enough(span: CourseSpanRow | None) -> str:
    """Say whether the whole interval lies beyond the smallest effect worth having; empty: never."""
    if span is None or span.first is None or span.worthwhile_low is None:
        return ""
    if span.first_worthwhile is None or span.last_worthwhile is None:
        return "At no hour it excludes all effects too small to matter. "
    start, end = hour_label(span.first_worthwhile), hour_label(span.last_worthwhile)
    return f"It excludes all effects too small to matter from {start} to {end}. "


def _lines(measure: str, points: Sequence[CoursePointRow]) -> Iterator[tuple[str, str, str, str]]:
    for p in points:
        if p.shown:
            prediction = with_interval(measure, p.estimate, p.pi_low, p.pi_high).partition(" ")[2]
            yield (
                hour_label(p.hour),
                _told(measure, p.estimate, p.ci_low, p.ci_high),
                prediction or "–",
                f"{p.near}{' †' if p.df is not None and p.df < FEWEST else ''}",
            )


def _sweep(
    course: Course, changes: Sequence[CourseChangeRow]
) -> Iterator[tuple[str, str, str, str]]:
    measure = course.select.measure
    for row in sorted(changes, key=lambda row: (row.group, row.over_time)):
        if row.change is not None:
            yield (
                capital(group_words(course.curve.by, row.group)),
                f"{row.over_time:g}{' (as configured)' if row.configured else ''}",
                _told(measure, row.change, row.change_low, row.change_high),
                "–" if row.df is None else fixed(row.df, 1),
            )


def _drawn(
    course: Course,
    fit: CourseFitRow,
    groups: Sequence[CourseGroupRow],
    points: Mapping[str, list[CoursePointRow]],
    effects: Sequence[CourseEffectRow],
    width: float,
) -> Scene:
    measure = MEASURES[course.select.measure]
    back = measure.transform.back
    apart = (fit.tau2_trial or 0.0) + (fit.tau2_effect or 0.0)
    own = by(effects, lambda row: str(getattr(row, course.curve.by)))
    panels = [
        Panel(
            f"{capital(group_words(course.curve.by, row.group))}: {count(row.trials, 'trial')}",
            tuple(
                Bubble(
                    e.hour or 0.0,
                    back(e.yi),
                    1 / (e.vi + apart),
                    f"{e.label}, {hour_label(e.hour or 0.0)}: {fixed(back(e.yi), 2)}",
                )
                for e in own[row.group]
            ),
            tuple(
                Mean(p.hour, p.estimate, p.ci_low, p.ci_high)
                for p in points[row.group]
                if p.estimate is not None and p.ci_low is not None and p.ci_high is not None
            ),
        )
        for row in groups
    ]
    outcome = vocabulary().outcomes[course.select.outcome].label
    words = Words(
        f"{course.display.title}",
        f"{outcome} over time, a panel each of {', '.join(p.label for p in panels)}; the table has "
        "the numbers of the curves.",
        measure.axis,
        "Time after the start of treatment (log scale)",
        (f"Areas by weight; band: {level_percent(course.level)} interval, cut off at the axis.",),
    )
    scale = AxisScale(measure.axis, measure.null, measure.is_ratio, measure.limits)
    return draw_panels(words, panels, scale, course.curve.shown, width)
