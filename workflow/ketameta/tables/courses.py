"""What synthesize finds of time courses: fits, groups, coefficients, points of curves, changes."""

from __future__ import annotations

from ketameta.tables.parts import SCALE
from ketameta.tables.table import Id, Row, col, table

_NATURAL = "as the measure"


@table("course_fits", "Fits of time courses", key=("course", "over_time"))
class CourseFitRow(Row):
    """One fit of a time course: the configured one, or one under another correlation over time."""

    course: Id = col("time course of the configuration")
    over_time: float = col("correlation of sampling errors, one lag apart")
    configured: bool = col("the correlation of the configuration; else one of the sweep")
    k: int = col("effects", unit="effects")
    trials: int = col("trials with an effect", unit="trials")
    tau2_trial: float | None = col("variance between trials", unit="square of the " + SCALE)
    tau2_effect: float | None = col(
        "variance between effects of a trial", unit="square of the " + SCALE
    )
    q: float | None = col("Cochran's Q of the residuals")
    q_df: int = col("degrees of freedom of Q")
    q_p: float | None = col("p of homogeneity")
    log_likelihood: float | None = col("restricted log-likelihood")
    converged: bool = col("the search for the variances came to its end")


@table("course_groups", "Groups of time courses", key=("course", "group"))
class CourseGroupRow(Row):
    """One group of a time course, with a curve or without."""

    course: Id = col("time course of the configuration")
    group: str = col("word of the column that curves are by", blank=True)
    trials: int = col("trials with an effect", unit="trials")
    k: int = col("effects", unit="effects")
    people: float = col("people behind the largest effects of each trial", unit="people")
    start: float = col("first hour with an effect", unit="h")
    end: float = col("last hour with an effect", unit="h")
    knots: list[str] = col(
        "hours of the knots, ends of a straight line; none: no curve", blank=True
    )
    hours: list[str] = col("hours with an effect and trials at each, as hour:trials")


@table("course_coefficients", "Coefficients of time courses", key=("course", "group", "term"))
class CourseCoefficientRow(Row):
    """One coefficient of a curve, by CR2 with Satterthwaite's degrees of freedom."""

    course: Id = col("time course of the configuration")
    group: str = col("word of the column that curves are by", blank=True)
    term: str = col("level, slope, or a bend by its number: columns of the spline in log hours")
    estimate: float | None = col("coefficient", unit=SCALE)
    se: float | None = col("its standard error", unit=SCALE)
    df: float | None = col("its degrees of freedom")
    p: float | None = col("two-sided p of 0")


@table("course_points", "Points of time courses", key=("course", "group", "hour"))
class CoursePointRow(Row):
    """One hour of a curve, between the first and last hour of its own trials."""

    course: Id = col("time course of the configuration")
    group: str = col("word of the column that curves are by", blank=True)
    hour: float = col("hours from the start of treatment", unit="h")
    shown: bool = col("an hour of the table; else only one that the curve is drawn through")
    near: int = col("trials with an effect nearer to it than to another hour shown", unit="trials")
    estimate: float | None = col("effect on the curve, natural scale", unit=_NATURAL)
    ci_low: float | None = col("lower end of its interval", unit=_NATURAL)
    ci_high: float | None = col("upper end of its interval", unit=_NATURAL)
    pi_low: float | None = col("lower end of the prediction interval", unit=_NATURAL)
    pi_high: float | None = col("upper end of the prediction interval", unit=_NATURAL)
    se: float | None = col("standard error (CR2)", unit=SCALE)
    df: float | None = col("degrees of freedom (Satterthwaite)")
    p: float | None = col("two-sided p of no effect")


@table("course_spans", "When time courses differ from no effect", key=("course", "group"))
class CourseSpanRow(Row):
    """From when to when the interval of a curve lies beyond no effect, and none worth having.

    Hour by hour, each by its own interval: nothing is set aside for looking at many.
    """

    course: Id = col("time course of the configuration")
    group: str = col("word of the column that curves are by", blank=True)
    first: float | None = col("first hour with the interval on one side of no effect", unit="h")
    last: float | None = col("last hour at which it does", unit="h")
    throughout: bool = col("it does at every hour between them")
    worthwhile_low: float | None = col("smallest worthwhile effect below none", unit=_NATURAL)
    worthwhile_high: float | None = col("smallest worthwhile effect above none", unit=_NATURAL)
    first_worthwhile: float | None = col(
        "first hour at which the whole interval lies beyond one of them", unit="h"
    )
    last_worthwhile: float | None = col("last hour at which it does", unit="h")


@table("course_changes", "Changes over time", key=("course", "over_time", "group", "start", "end"))
class CourseChangeRow(Row):
    """One change of the effect of a group from one hour to another, under one correlation."""

    course: Id = col("time course of the configuration")
    over_time: float = col("correlation of sampling errors, one lag apart")
    configured: bool = col("the correlation of the configuration; else one of the sweep")
    group: str = col("word of the column that curves are by", blank=True)
    start: float = col("earlier hour", unit="h")
    end: float = col("later hour", unit="h")
    first: float | None = col("effect at the earlier hour, natural scale", unit=_NATURAL)
    first_low: float | None = col("lower end of its interval", unit=_NATURAL)
    first_high: float | None = col("upper end of its interval", unit=_NATURAL)
    last: float | None = col("effect at the later hour, natural scale", unit=_NATURAL)
    last_low: float | None = col("lower end of its interval", unit=_NATURAL)
    last_high: float | None = col("upper end of its interval", unit=_NATURAL)
    change: float | None = col(
        "later less earlier effect; of a ratio later over earlier", unit=_NATURAL
    )
    change_low: float | None = col("lower end of its interval", unit=_NATURAL)
    change_high: float | None = col("upper end of its interval", unit=_NATURAL)
    df: float | None = col("its degrees of freedom (Satterthwaite)")
    p: float | None = col("two-sided p of no change")
