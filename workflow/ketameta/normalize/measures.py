"""From summaries of arms to an effect: yi and vi by `ketameta.stats.effect_size`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ketameta.normalize.records import ArmSummary, NotUsable, Step, number
from ketameta.stats import effect_size

ELBOURNE = "Elbourne and others 2002; Cochrane Handbook 23.2"
_NAMES = {
    "RR": "log risk ratio",
    "OR": "log odds ratio",
    "RD": "risk difference",
    "MD": "mean difference",
    "SMD": "Hedges' g",
    "PLO": "log odds of the proportion",
    "PCTRED": "per cent reduction",
}
_PAIRED = {"RR": "MPRRM", "OR": "MPORM", "RD": "MPRDM", "MD": "MC", "SMD": "SMDX"}


Numbers = dict[str, Any]


@dataclass(frozen=True)
class Estimate:
    """An effect and its variance, with the step that made them."""

    yi: float
    vi: float
    step: Step


def two_arms(
    measure: str, t: ArmSummary, c: ArmSummary, paired: bool, correlation: float, sign: int
) -> Estimate:
    """Return the effect of treated against control arm.

    `paired` says that the same people stand in both (crossover, both periods); `sign` is -1 where
    a scale runs the other way. Raises `NotUsable` where there is nothing to estimate.
    """
    unequal = (
        "; periods with unequal n, treated as separate groups" if paired and t.n != c.n else ""
    )
    if measure in ("RR", "OR", "RD"):
        numbers: Numbers = dict(ai=t.events, n1i=t.n, ci=c.events, n2i=c.n)
        said = f"{t.events}/{t.n} against {c.events}/{c.n}{unequal}"
        if measure != "RD" and (t.events == c.events == 0):
            raise NotUsable("no events in either arm: a ratio cannot be estimated")
        if measure != "RD" and t.events == t.n and c.events == c.n:
            raise NotUsable("events in everybody in both arms: no variance to estimate")
        if paired and t.n == c.n:
            r = _feasible(correlation, t, c)
            return _estimate(measure, _PAIRED[measure], numbers | {"ri": r}, said, sign, r)
    elif t.basis != c.basis:
        raise NotUsable(f"treated arms report {t.basis}, control arms {c.basis}")
    elif paired and t.n == c.n:
        numbers = dict(m1i=t.mean, sd1i=t.sd, m2i=c.mean, sd2i=c.sd, ni=t.n, ri=correlation)
        return _estimate(measure, _PAIRED[measure], numbers, _means(t, c), sign, correlation)
    else:
        numbers = dict(m1i=t.mean, sd1i=t.sd, n1i=t.n, m2i=c.mean, sd2i=c.sd, n2i=c.n)
        said = _means(t, c) + unequal
    return _estimate(measure, measure, numbers, said, sign)


def one_arm(measure: str, arm: ArmSummary, correlation: float) -> Estimate:
    """Return the effect of treated arms alone: the logit of a proportion, or a reduction.

    Raises `NotUsable`, also where a reduction has no baseline mean.
    """
    if measure == "PLO":
        said = f"{arm.events}/{arm.n}"
        return _estimate(measure, measure, dict(xi=arm.events, ni=arm.n), said, 1)
    return _reduction(arm, correlation)


def _reduction(arm: ArmSummary, r: float) -> Estimate:
    """Per cent reduction from baseline, 100 (1 - end / baseline), variance by the delta method.

    The SDs of baseline and end, and the correlation r between them, give the variance. Where a
    change is reported, the SD of the end follows from SD² (change) = sb² + se² - 2 r sb se; where
    no SD of the baseline is reported, the baseline mean is taken as known.
    """
    if arm.mean is None or arm.sd is None or arm.baseline_mean is None:
        raise NotUsable("no baseline mean")
    base, sb = arm.baseline_mean, arm.baseline_sd
    end = base + arm.mean if arm.basis == "change" else arm.mean
    said = f"baseline {number(base)}, end {number(end)}, n {arm.n}"
    if sb is None:
        vi = 1e4 * arm.sd**2 / (arm.n * base**2)
        yi = 100 * (1 - end / base)
        step = Step(
            "per cent reduction, baseline mean taken as known",
            f"100 (1 - end / baseline), variance (100 SD / baseline)² / n: {said}",
            f"{number(yi)} (variance {number(vi)})",
            "delta method",
            assumed=True,
        )
        return Estimate(yi, vi, step)
    se = arm.sd
    if arm.basis == "change":
        root = arm.sd**2 - (1 - r**2) * sb**2
        if root < 0:
            raise NotUsable(f"SD of change and of baseline do not fit a correlation of {r}")
        se = r * sb + math.sqrt(root)
    numbers = dict(m1i=end, sd1i=se, m2i=base, sd2i=sb, ni=arm.n, ri=r)
    return _estimate(
        "PCTRED",
        "PCTRED",
        numbers,
        f"{said}, SD of baseline {number(sb)}, of end {number(se)}",
        1,
        r,
    )


def one_effect(kind: str, numbers: Numbers) -> tuple[float, float]:
    """Return yi and vi of one trial; `NotUsable` where there is no estimate with a variance."""
    effect = effect_size(kind, **numbers)
    yi, vi = float(effect.yi), float(effect.vi)
    if math.isnan(yi) or math.isnan(vi) or vi <= 0:
        raise NotUsable("the numbers give no estimate with a variance")
    return yi, vi


def _estimate(
    measure: str,
    kind: str,
    numbers: Numbers,
    said: str,
    sign: int,
    correlation: float | None = None,
) -> Estimate:
    value, vi = one_effect(kind, numbers)
    yi = sign * value
    what = _NAMES[measure]
    if correlation is not None:
        what += f", within people with correlation {number(correlation, 3)}"
    if sign < 0:
        what += ", turned because the scale runs the other way"
    cells = {"RR", "OR", "PLO"}
    zero = measure in cells and 0 in _cells(numbers)
    step = Step(
        what,
        said + ("; 1/2 added to each cell, one being 0" if zero else ""),
        f"{number(yi)} (variance {number(vi)})",
        ELBOURNE if correlation is not None and measure != "PCTRED" else "",
        assumed=correlation is not None,
    )
    return Estimate(yi, vi, step)


def _cells(numbers: Numbers) -> list[float]:
    value = {name: x or 0 for name, x in numbers.items()}
    if "xi" in value:
        return [value["xi"], value["ni"] - value["xi"]]
    return [value["ai"], value["n1i"] - value["ai"], value["ci"], value["n2i"] - value["ci"]]


def _means(t: ArmSummary, c: ArmSummary) -> str:
    return " against ".join(
        f"{number(s.mean or 0)} (SD {number(s.sd or 0)}, n {s.n})" for s in (t, c)
    )


def _feasible(correlation: float, t: ArmSummary, c: ArmSummary) -> float:
    """Return the correlation, or the largest that the margins of the paired table allow.

    Two binary outcomes with shares p and q cannot correlate by more than
    √(p (1-q) / (q (1-p))) for p ≤ q (the largest φ of a 2 × 2 table).
    """
    add = 0.5 if 0 in _cells(dict(ai=t.events, n1i=t.n, ci=c.events, n2i=c.n)) else 0.0
    low, high = sorted(((s.events or 0) + add) / (s.n + 2 * add) for s in (t, c))
    largest = math.sqrt(low * (1 - high) / (high * (1 - low)))
    return min(correlation, largest)
