"""From a reported contrast to an effect: standard errors, conversions, shared controls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ketameta.normalize.measures import Estimate, one_effect
from ketameta.normalize.records import Arm, NotUsable, Row, Step, Trial, number
from ketameta.normalize.sizes import Sizes
from ketameta.vocabulary import vocabulary

HANDBOOK = "Cochrane Handbook 6.3, 6.5.2.3"
_LOGGED = ("RR", "OR", "HR")


@dataclass(frozen=True)
class ContrastEffect:
    """A reported contrast as an effect, with the people behind it where they are known."""

    estimate: Estimate
    steps: tuple[Step, ...]
    n_t: int | None
    n_c: int | None
    borrowed: bool


def from_contrasts(
    measure: str, trial: Trial, rows: Sequence[Row], sizes: Sizes, correlation: float, sign: int
) -> ContrastEffect:
    """Return the effect of reported contrasts of one trial against one control arm.

    Several rows are several treated arms against the same control: they are averaged, with the
    covariance that the shared control gives. Raises `NotUsable`.
    """
    single = [_one(measure, trial, row, sizes, correlation, sign) for row in rows]
    if len(single) == 1:
        return single[0]
    yi, vi = shared_control_mean([(s.estimate.yi, s.estimate.vi) for s in single])
    said = "; ".join(f"{number(s.estimate.yi)} (variance {number(s.estimate.vi)})" for s in single)
    step = Step(
        "contrasts with a shared control averaged",
        f"covariance half of √(v1 v2): {said}",
        f"{number(yi)} (variance {number(vi)})",
        "Gleser & Olkin 2009",
        tuple(row.key for row in rows),
        assumed=True,
    )
    n_t = None if any(s.n_t is None for s in single) else sum(s.n_t or 0 for s in single)
    steps = tuple(s for one in single for s in (*one.steps, one.estimate.step))
    return ContrastEffect(
        Estimate(yi, vi, step), steps, n_t, single[0].n_c, any(s.borrowed for s in single)
    )


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
    measure: str, trial: Trial, row: Row, sizes: Sizes, correlation: float, sign: int
) -> ContrastEffect:
    if row["estimate"] is None:
        raise NotUsable("no estimate, only a p-value" if row["p_value"] else "no estimate")
    model = row["model"] or ""
    for words, why in vocabulary().unusable_models.items():
        if words.lower() in model.lower():
            raise NotUsable(why)
    paired = trial.design == "crossover" and any(w in model for w in ("crossover", "paired"))
    if paired and row["measure"] == "SMD":
        raise NotUsable("a standardised difference of a crossover model has another standardiser")
    n_t, n_c, size_steps = _people(trial.arms[row["arm_t"]], trial.arms[row["arm_c"]], row, sizes)
    value, se, step = _value_and_se(row, _degrees(n_t, n_c, paired))
    if row["measure"] == "MD" and measure == "SMD":
        if n_t is None or n_c is None:
            raise NotUsable("no n to standardise the mean difference with")
        estimate, sd_step = _standardised(value, se, n_t, n_c, paired, correlation, sign, row)
        return ContrastEffect(estimate, (*size_steps, step, sd_step), n_t, n_c, bool(size_steps))
    yi = sign * value
    last = Step(
        f"reported {row['measure']}"
        + (" turned: the scale runs the other way" if sign < 0 else ""),
        "estimate, SE²",
        f"{number(yi)} (variance {number(se**2)})",
        rows=(row.key,),
    )
    return ContrastEffect(Estimate(yi, se**2, last), (step,), n_t, n_c, False)


def _people(
    arm_t: Arm, arm_c: Arm, row: Row, sizes: Sizes
) -> tuple[int | None, int | None, tuple[Step, ...]]:
    found: list[int | None] = []
    steps = []
    for arm in (arm_t, arm_c):
        try:
            n, step = sizes.borrowed(arm, row["timepoint_h"])
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


def _value_and_se(row: Row, df: int | None) -> tuple[float, float, Step]:
    """Return the estimate (logged for ratios) and its standard error.

    An interval of a mean difference is read as a t interval where `df` is known, every other one
    as normal.
    """
    measure, value = row["measure"], row["estimate"]
    logged = measure in _LOGGED
    shown = f"{measure} {number(value)}"
    value = math.log(value) if logged else value
    if row["se"]:
        step = Step("standard error as reported", shown, number(row["se"]), rows=(row.key,))
        return value, row["se"], step
    low, high = row["ci_low"], row["ci_high"]
    if low is None or high is None:
        raise NotUsable("an estimate without standard error or interval")
    if not low <= row["estimate"] <= high:
        raise NotUsable("the interval does not hold its estimate")
    if "Dunnett" in (row["model"] or ""):
        raise NotUsable("an interval adjusted for several comparisons gives no standard error")
    from scipy.special import ndtri, stdtrit

    tail = 0.5 + (row["ci_level"] or 95) / 200
    by_t = measure == "MD" and df is not None
    factor = float(stdtrit(df, tail)) if by_t else float(ndtri(tail))
    shown += f" ({number(low)} to {number(high)})"
    if logged:
        low, high = math.log(low), math.log(high)
    se = (high - low) / (2 * factor)
    formula = f"SE = (high − low) / 2{'t' if by_t else 'z'}" + (", of the logs" if logged else "")
    return (
        value,
        se,
        Step(
            "standard error from the interval",
            f"{formula}: {shown}",
            number(se),
            HANDBOOK,
            (row.key,),
        ),
    )


def _standardised(
    value: float, se: float, n_t: int, n_c: int, paired: bool, r: float, sign: int, row: Row
) -> tuple[Estimate, Step]:
    """Turn a mean difference with its SE into Hedges' g by the SD that the SE implies."""
    if paired:
        sd = se * math.sqrt(n_t) / math.sqrt(2 * (1 - r))
        formula = f"SD = SE √n / √(2 (1 − r)), r = {number(r)}"
        g, vi = one_effect("SMDX", dict(m1i=value, sd1i=sd, m2i=0, sd2i=sd, ni=n_t, ri=r))
    else:
        sd = se / math.sqrt(1 / n_t + 1 / n_c)
        formula = "SD = SE / √(1/n1 + 1/n2)"
        arms = dict(m1i=value, sd1i=sd, n1i=n_t, m2i=0, sd2i=sd, n2i=n_c)
        g, vi = one_effect("SMD", arms)
    sd_step = Step(
        "SD from the standard error of the difference",
        f"{formula}, n {n_t} and {n_c}",
        number(sd),
        HANDBOOK,
        (row.key,),
        assumed=True,
    )
    yi = sign * g
    said = f"J × {number(value)} / {number(sd)}"
    last = Step("Hedges' g", said, f"{number(yi)} (variance {number(vi)})", rows=(row.key,))
    return Estimate(yi, vi, last), sd_step
