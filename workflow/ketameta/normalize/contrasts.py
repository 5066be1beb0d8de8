"""From a reported contrast to an effect: standard errors, conversions, shared controls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ketameta.measures import MEASURES, STANDARDISED, in_points, is_ratio, read_as
from ketameta.normalize import conversions
from ketameta.normalize.measures import ELBOURNE, EffectEstimate, one_effect, refuse_turned
from ketameta.normalize.people import People
from ketameta.normalize.records import Arm, NotUsable, Step, Trial
from ketameta.normalize.results import Contrast, filled
from ketameta.normalize.words import listed, number_text
from ketameta.vocabulary import vocabulary

HANDBOOK = "Cochrane Handbook 6.3, 6.5.2.3"


class ContrastEffect(NamedTuple):
    """A reported contrast as an effect, with the people behind it where they are known."""

    estimate: EffectEstimate
    steps: tuple[Step, ...]
    n_t: int | None
    n_c: int | None


class _Reported(NamedTuple):
    """An estimate (logged for ratios) with its standard error, and the step that gave it."""

    value: float
    se: float
    step: Step


def is_paired(trial: Trial, row: Contrast) -> bool:
    """Say whether a contrast compares the periods of the same people."""
    words = ("period 1", "first period", "first phase")
    return trial.design == "crossover" and not any(w in (row.model or "") for w in words)


def from_contrasts(
    measure: str,
    trial: Trial,
    rows: Sequence[Contrast],
    people: People,
    correlation: float,
    sign: int,
) -> ContrastEffect:
    """Return the effect of reported contrasts of one trial against one control arm.

    Several rows are several treated arms against the same control: they are averaged, with the
    covariance that the shared control gives. Raises `NotUsable`.
    """
    single = [_one(measure, trial, row, people, correlation, sign) for row in rows]
    if len(single) == 1:
        return single[0]
    yi, vi = shared_control_mean([(s.estimate.yi, s.estimate.vi) for s in single])
    said = "; ".join(
        f"{number_text(s.estimate.yi)} (variance {number_text(s.estimate.vi)})" for s in single
    )
    step = Step(
        "contrasts with a shared control averaged",
        f"covariance half of √(v1 v2): {said}",
        f"{number_text(yi)} (variance {number_text(vi)})",
        "Gleser & Olkin 2009",
        tuple(row.key for row in rows),
        "shared control",
    )
    n_t = None if any(s.n_t is None for s in single) else sum(s.n_t or 0 for s in single)
    steps = tuple(s for one in single for s in (*one.steps, one.estimate.step))
    return ContrastEffect(EffectEstimate(yi, vi, step), steps, n_t, single[0].n_c)


def shared_control_mean(effects: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Average effects (yi, vi) that share a control arm of about the size of each treated arm.

    Generalised least squares with covariances √(vi vj)/2.
    """
    import numpy as np

    y = np.array([e[0] for e in effects])
    s = np.sqrt([e[1] for e in effects])
    inverse = np.linalg.inv(np.outer(s, s) * (0.5 + 0.5 * np.eye(len(s))))
    weights = inverse.sum(axis=1) / inverse.sum()
    return float(weights @ y), float(1 / inverse.sum())


def _one(
    measure: str, trial: Trial, row: Contrast, people: People, correlation: float, sign: int
) -> ContrastEffect:
    _refuse_unusable(row)
    paired, asked, told = is_paired(trial, row), MEASURES[measure], read_as(row.measure)
    assert told is not None
    refuse_turned(asked, sign)
    if paired and told.is_standardised:
        return _crossover_smd(trial, row, people, correlation, sign)
    n_t, n_c, size_steps = _people(trial.arms[row.arm_t], trial.arms[row.arm_c], row, people)
    reported = _value_and_se(row, _degrees(n_t, n_c, paired))
    if told.is_ratio and asked.compares_events and asked is not told:
        estimate, step = _other_ratio(measure, n_t, n_c, row)
        steps = (*size_steps, reported.step, step)
        return ContrastEffect(estimate, steps, n_t, n_c)
    if told.in_points and asked.is_standardised:
        if n_t is None or n_c is None:
            raise NotUsable(
                f"no n {_of_whom(row, n_t, n_c)} to standardise the mean difference with"
            )
        if paired and n_t != n_c:
            raise NotUsable("the number of people in both periods is not known")
        r = correlation if paired else None
        estimate, step = _standardised(reported, n_t, n_c, r, sign, row)
        steps = (*size_steps, reported.step, step)
        return ContrastEffect(estimate, steps, n_t, n_c)
    yi = sign * reported.value
    turned = ", turned because the scale runs the other way" if sign < 0 else ""
    result = f"{number_text(yi)} (variance {number_text(reported.se**2)})"
    last = Step(f"reported {row.measure}{turned}", "estimate, SE²", result, rows=(row.key,))
    return ContrastEffect(EffectEstimate(yi, reported.se**2, last), (reported.step,), n_t, n_c)


def _crossover_smd(
    trial: Trial, row: Contrast, people: People, correlation: float, sign: int
) -> ContrastEffect:
    """Take a standardised difference of a crossover trial as one by the SD of the scores.

    Papers seldom say which SD they divided by, so the step counts as an assumption. The variance
    is that of so many people in both periods with the correlation (Elbourne and others 2002), not
    that of a printed interval: it may come from a model of every hour measured, which takes a
    person for many. Of different numbers of people in the periods the smaller counts.
    """
    arm_t, arm_c = trial.arms[row.arm_t], trial.arms[row.arm_c]
    n_t, n_c, size_steps = _people(arm_t, arm_c, row, people.of_both_periods())
    if n_t is None or n_c is None:
        raise NotUsable(f"no n {_of_whom(row, n_t, n_c)}")
    n, d = min(n_t, n_c), filled(row.estimate)
    numbers = dict(m1i=d, sd1i=1.0, m2i=0.0, sd2i=1.0, ni=n, ri=correlation)
    g, vi = one_effect(STANDARDISED.paired, numbers)
    taken = Step(
        "standardised difference of a crossover trial",
        "taken as the difference over the SD of the scores",
        number_text(d),
        rows=(row.key,),
        assumption="SD not stated",
    )
    last = Step(
        f"Hedges' g, within people with correlation {number_text(correlation, 3)}",
        f"J × {number_text(d)}, n {n} in both periods",
        f"{number_text(sign * g)} (variance {number_text(vi)})",
        ELBOURNE,
        (row.key,),
        "correlation",
    )
    return ContrastEffect(EffectEstimate(sign * g, vi, last), (*size_steps, taken), n, n)


def _refuse_unusable(row: Contrast) -> None:
    if row.estimate is None:
        only = ", only a p-value" if row.p_value else ""
        raise NotUsable(f"no estimate{only}: estimate is empty")
    for words, why in vocabulary().unusable_models.items():
        if words.lower() in (row.model or "").lower():
            raise NotUsable(why)


def _people(
    arm_t: Arm, arm_c: Arm, row: Contrast, people: People
) -> tuple[int | None, int | None, tuple[Step, ...]]:
    found: list[int | None] = []
    steps = []
    for arm in (arm_t, arm_c):
        try:
            n, step = people.borrowed(arm, row)
        except NotUsable:
            found.append(None)
        else:
            found.append(n)
            steps.append(step)
    return found[0], found[1], tuple(steps)


def _degrees(n_t: int | None, n_c: int | None, paired: bool) -> int | None:
    """Return the degrees of freedom behind a reported interval; None where n is not known."""
    if paired and n_t and n_t > 1:
        return n_t - 1
    return n_t + n_c - 2 if n_t and n_c and n_t + n_c > 2 else None


def _value_and_se(row: Contrast, df: int | None) -> _Reported:
    """Return a reported estimate with its standard error: as reported, from interval, or from p.

    An interval of a mean difference is read as a t interval where `df` is known, every other one
    as normal. A p-value serves only where it is printed as a number, not as a bound.
    """
    measure, estimate = row.measure, filled(row.estimate)
    logged = is_ratio(measure)
    if logged and estimate <= 0:
        raise NotUsable("a ratio of 0 or below")
    df = df if in_points(measure) else None
    shown = f"{measure} {number_text(estimate)}"
    value = math.log(estimate) if logged else estimate
    if row.se:
        step = Step("standard error as reported", shown, number_text(row.se), rows=(row.key,))
        return _Reported(value, row.se, step)
    low, high = row.ci_low, row.ci_high
    if low is None or high is None:
        return _from_test(row, value, df, shown)
    if not low <= estimate <= high:
        raise NotUsable("the interval does not hold its estimate")
    if "Dunnett" in (row.model or ""):
        raise NotUsable("an interval adjusted for several comparisons gives no standard error")
    level = (row.ci_level or 95) / 100
    shown += f" ({number_text(low)} to {number_text(high)})"
    if logged:
        se = conversions.log_interval_se(low, high, level)
    else:
        se = conversions.se_from_interval(low, high, level, df)
    factor = f"t with {df} df" if df else "z"
    formula = f"SE = (high − low) / 2 {factor}" + (", of the logs" if logged else "")
    step = Step(
        "standard error from the interval",
        f"{formula}: {shown}",
        number_text(se),
        HANDBOOK,
        (row.key,),
    )
    return _Reported(value, se, step)


def _from_test(row: Contrast, value: float, df: int | None, shown: str) -> _Reported:
    """Return the standard error behind a reported t, F (of two groups) or exact p-value."""
    assumption = ""
    if row.t_value:
        se, of = conversions.se_from_t(value, row.t_value), "t"
        how = f"|estimate / t|, t = {number_text(row.t_value)}"
    elif row.f_value:
        se, of = conversions.se_from_f(value, row.f_value), "F"
        how = f"|estimate| / √F, F = {number_text(row.f_value)}"
    else:
        p, relation = conversions.parse_p(row.p_value or "")
        if relation != "=" or p is None or not 0 < p < 1 or value == 0:
            raise NotUsable(_without_se(row, relation == "=" and value == 0))
        se, of, assumption = conversions.se_from_p(value, p, df), "the p-value", "p-value"
        how = f"|estimate| / {'t' if df else 'z'} of p = {p:g}"
    what, formula = f"standard error from {of}", f"SE = {how}: {shown}"
    step = Step(what, formula, number_text(se), HANDBOOK, (row.key,), assumption)
    return _Reported(value, se, step)


def _without_se(row: Contrast, of_no_difference: bool) -> str:
    """Say why an estimate has no standard error: what is missing, or serves for none."""
    said = "an estimate without standard error, interval, t, F or exact p-value"
    ends, p = row.empty("ci_low", "ci_high"), row.p_value
    if " is " in ends:
        return f"{said}: only one end of the interval is there, {ends}"
    if of_no_difference:
        return f"{said}: an estimate of no difference has none behind its p-value"
    if p:
        return f"{said}: p_value is {p}, no number that a test printed exactly"
    return said


def _of_whom(row: Contrast, n_t: int | None, n_c: int | None) -> str:
    """Name the arms for which no outcome row and no n_randomised gives a number of people."""
    arms = [arm_id for arm_id, n in zip(row.arms, (n_t, n_c), strict=True) if n is None]
    return f"of {listed(arms)}"


def _other_ratio(
    measure: str, n_t: int | None, n_c: int | None, row: Contrast
) -> tuple[EffectEstimate, Step]:
    """Recover the 2 × 2 table behind a reported ratio, and take another measure from it."""
    if n_t is None or n_c is None:
        raise NotUsable(f"no n {_of_whom(row, n_t, n_c)} to recover the counts with")
    if cells := row.empty("ci_low", "ci_high"):
        raise NotUsable(f"no interval to recover the counts with: {cells}")
    a, c = conversions.counts_from_ratio(
        row.measure,
        filled(row.estimate),
        filled(row.ci_low),
        filled(row.ci_high),
        n_t,
        n_c,
        decimals=max(row.decimals(name) for name in ("estimate", "ci_low", "ci_high")),
        level=(row.ci_level or 95) / 100,
    )
    table = f"{a}/{n_t} against {c}/{n_c}"
    step = Step(
        "counts from the reported ratio",
        f"the counts whose {row.measure} and interval print so",
        table,
        "Di Pietrantonj 2006",
        (row.key,),
        "counts from ratio",
    )
    yi, vi = one_effect(measure, dict(ai=a, n1i=n_t, ci=c, n2i=n_c))
    result = f"{number_text(yi)} (variance {number_text(vi)})"
    return EffectEstimate(
        yi, vi, Step(f"{measure} of these counts", table, result, rows=(row.key,))
    ), step


def difference_sd(trial: Trial, row: Contrast, people: People) -> tuple[float, tuple[Step, ...]]:
    """Return the SD within arms that a reported mean difference of separate people implies.

    SD = SE / √(1/n1 + 1/n2), Cochrane Handbook 6.5.2.3. Raises `NotUsable` where the row gives
    no standard error, or a number of people is not known.
    """
    _refuse_unusable(row)
    n_t, n_c, steps = _people(trial.arms[row.arm_t], trial.arms[row.arm_c], row, people)
    if n_t is None or n_c is None:
        raise NotUsable(f"no n {_of_whom(row, n_t, n_c)}")
    reported = _value_and_se(row, _degrees(n_t, n_c, paired=False))
    sd, step = _implied_sd(reported.se, n_t, n_c, None, row)
    return sd, (*steps, reported.step, step)


def _implied_sd(
    se: float, n_t: int, n_c: int, r: float | None, row: Contrast
) -> tuple[float, Step]:
    """Return the SD behind the SE of a mean difference, paired where `r` is given."""
    if r is not None:
        sd = conversions.sd_from_paired_se(se, n_t, r)
        formula = f"SD = SE √n / √(2 (1 − r)), r = {number_text(r)}"
    else:
        sd = conversions.sd_from_se_of_difference(se, n_t, n_c)
        formula = "SD = SE / √(1/n1 + 1/n2)"
    return sd, Step(
        "SD from the standard error of the difference",
        f"{formula}, n {n_t} and {n_c}",
        number_text(sd),
        HANDBOOK,
        (row.key,),
        "SD from a difference" if r is None else "correlation",
    )


def _standardised(
    reported: _Reported, n_t: int, n_c: int, r: float | None, sign: int, row: Contrast
) -> tuple[EffectEstimate, Step]:
    """Turn a mean difference with its SE into Hedges' g by the SD that the SE implies.

    `r` is the within-person correlation of a paired comparison, else None.
    """
    value = reported.value
    sd, sd_step = _implied_sd(reported.se, n_t, n_c, r, row)
    if r is not None:
        g, vi = one_effect(
            STANDARDISED.paired, dict(m1i=value, sd1i=sd, m2i=0, sd2i=sd, ni=n_t, ri=r)
        )
    else:
        arms = dict(m1i=value, sd1i=sd, n1i=n_t, m2i=0, sd2i=sd, n2i=n_c)
        g, vi = one_effect(STANDARDISED.name, arms)
    yi = sign * g
    said = f"J × {number_text(value)} / {number_text(sd)}"
    last = Step(
        "Hedges' g", said, f"{number_text(yi)} (variance {number_text(vi)})", rows=(row.key,)
    )
    return EffectEstimate(yi, vi, last), sd_step
