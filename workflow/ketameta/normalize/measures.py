"""From summaries of arms to an effect: yi and vi by `ketameta.stats.effects.effect_size`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from ketameta.measures import FALL, MEASURES, Measure
from ketameta.normalize import conversions, effect_sizes
from ketameta.normalize.effect_sizes import Numbers
from ketameta.normalize.records import ArmSummary, NotUsable, Step
from ketameta.normalize.results import AnyResult
from ketameta.normalize.words import number_text

ELBOURNE = "Elbourne and others 2002; Cochrane Handbook 23.2"


class EffectEstimate(NamedTuple):
    """An effect and its variance, with the step that made them."""

    yi: float
    vi: float
    step: Step


@dataclass(frozen=True)
class Correlation:
    """A within-person correlation; `source` and `row` are empty where it is assumed."""

    value: float
    source: str = ""
    row: AnyResult | None = None


def two_arms(
    measure: str, t: ArmSummary, c: ArmSummary, paired: Correlation | None, sign: int
) -> EffectEstimate:
    """Return the effect of treated against control arm.

    `paired` is the correlation where the same people stand in both (crossover, both periods);
    `sign` is -1 where a scale runs the other way. Raises `NotUsable` where there is nothing to
    estimate.
    """
    if paired and t.n != c.n:
        paired, unequal = None, "; periods with unequal n, treated as separate groups"
    else:
        unequal = ""
    asked = MEASURES[measure]
    if not asked.effect:
        raise NotUsable(f"arms give no {asked.words}: it is taken as reported")
    if paired and not asked.paired:
        raise NotUsable(f"people who stand in both arms give no {asked.words}")
    refuse_turned(asked, sign)
    if asked.counts:
        _refuse_without_contrast(measure, t, c)
        numbers: Numbers = dict(ai=t.events, n1i=t.n, ci=c.events, n2i=c.n)
        said = " against ".join(f"{number_text(s.events or 0)}/{number_text(s.n)}" for s in (t, c))
        if paired:
            return _paired_events(measure, t, c, numbers, said, paired)
    else:
        if t.basis != c.basis:
            raise NotUsable(f"treated arms report {t.basis}, control arms {c.basis}")
        if asked.of_means and t.basis == "change":
            raise NotUsable(f"changes have no {asked.words}")
        said = _means(t, c)
        if paired:
            numbers = dict(m1i=t.mean, sd1i=t.sd, m2i=c.mean, sd2i=c.sd, ni=t.n, ri=paired.value)
            return _estimate(measure, asked.paired, numbers, said, sign, paired)
        numbers = dict(m1i=t.mean, sd1i=t.sd, n1i=t.n, m2i=c.mean, sd2i=c.sd, n2i=c.n)
    return _estimate(measure, measure, numbers, said + unequal, sign)


def refuse_turned(asked: Measure, sign: int) -> None:
    """Refuse to turn a ratio of means round: its inverse is not that of the turned scores."""
    if asked.of_means and sign < 0:
        raise NotUsable(f"a scale that runs the other way has no {asked.words}")


def _refuse_without_contrast(measure: str, t: ArmSummary, c: ArmSummary) -> None:
    if not MEASURES[measure].is_ratio:
        return
    if t.events == c.events == 0:
        raise NotUsable("no events in either arm: a ratio cannot be estimated")
    if t.events == t.n and c.events == c.n:
        raise NotUsable("events in everybody in both arms: no variance to estimate")


def _paired_events(
    measure: str, t: ArmSummary, c: ArmSummary, numbers: Numbers, said: str, r: Correlation
) -> EffectEstimate:
    """Return the paired effect; the correlation is held to what the margins allow."""
    add = 0.5 if 0 in _cells(numbers) else 0.0
    shares = [((s.events or 0) + add) / (s.n + 2 * add) for s in (t, c)]
    most = conversions.feasible_phi(*shares)
    if r.value > most:
        said += f"; the margins allow a correlation of {number_text(most, 3)} at most"
        r = replace(r, value=most)
    return _estimate(measure, MEASURES[measure].paired, numbers | {"ri": r.value}, said, 1, r)


def one_arm(measure: str, arm: ArmSummary, correlation: float) -> EffectEstimate:
    """Return the effect of treated arms alone: the logit of a proportion, or a reduction.

    Raises `NotUsable`, also where a reduction has no baseline mean.
    """
    if MEASURES[measure].counts:
        said = f"{arm.events}/{arm.n}"
        return _estimate(measure, measure, dict(xi=arm.events, ni=arm.n), said, 1)
    return _reduction(arm, correlation)


def _reduction(arm: ArmSummary, r: float) -> EffectEstimate:
    """Per cent reduction from baseline, 100 (1 - end / baseline), variance by the delta method.

    The SDs of baseline and end, and the correlation r between them, give the variance. Where a
    change is reported, the SD of the end follows from SD² (change) = sb² + se² - 2 r sb se; where
    no SD of the baseline is reported, the baseline mean is taken as known.
    """
    if arm.mean is None or arm.sd is None or arm.baseline_mean is None:
        raise NotUsable("no baseline mean")
    base, sb = arm.baseline_mean, arm.baseline_sd
    if base <= 0:
        raise NotUsable("a baseline mean of 0 or below has no per cent reduction")
    end = base + arm.mean if arm.basis == "change" else arm.mean
    said = f"baseline {number_text(base)}, end {number_text(end)}, n {number_text(arm.n)}"
    if sb is None:
        vi = 1e4 * arm.sd**2 / (arm.n * base**2)
        yi = 100 * (1 - end / base)
        step = Step(
            "per cent reduction, baseline mean taken as known",
            f"100 (1 − end / baseline), variance (100 SD / baseline)² / n: {said}",
            f"{number_text(yi)} (variance {number_text(vi)})",
            "delta method",
            assumption="baseline taken as known",
        )
        return EffectEstimate(yi, vi, step)
    se = arm.sd
    if arm.basis == "change":
        root = arm.sd**2 - (1 - r**2) * sb**2
        if root < 0:
            raise NotUsable(f"SD of change and of baseline do not fit a correlation of {r}")
        se = r * sb + math.sqrt(root)
    numbers = dict(m1i=end, sd1i=se, m2i=base, sd2i=sb, ni=arm.n, ri=r)
    said += f", SD of baseline {number_text(sb)}, of end {number_text(se)}"
    return _estimate(FALL.name, FALL.name, numbers, said, 1, Correlation(r))


def one_effect(kind: str, numbers: Numbers) -> tuple[float, float]:
    """Return yi and vi of one trial; `NotUsable` where there is no estimate with a variance."""
    yi, vi = effect_sizes.yi_and_vi(kind, numbers)
    if math.isnan(yi) or math.isnan(vi) or vi <= 0:
        raise NotUsable("the numbers give no estimate with a variance")
    return yi, vi


def _estimate(
    measure: str,
    kind: str,
    numbers: Numbers,
    said: str,
    sign: int,
    correlation: Correlation | None = None,
) -> EffectEstimate:
    value, vi = one_effect(kind, numbers)
    yi = sign * value
    asked = MEASURES[measure]
    what, source, assumption = asked.effect, "", ""
    if correlation is not None:
        what += f", within people with correlation {number_text(correlation.value, 3)}"
        source = correlation.source or ("" if asked.falls else ELBOURNE)
        assumption = "" if correlation.source else "correlation"
    if sign < 0:
        what += ", turned because the scale runs the other way"
    if asked.counts and 0 in _cells(numbers):
        said += "; 1/2 added to each cell, one being 0"
    result = f"{number_text(yi)} (variance {number_text(vi)})"
    return EffectEstimate(yi, vi, Step(what, said, result, source, assumption=assumption))


def _cells(numbers: Numbers) -> list[float]:
    if "xi" in numbers:
        return [numbers["xi"], numbers["ni"] - numbers["xi"]]
    a, n1, c, n2 = (numbers[name] for name in ("ai", "n1i", "ci", "n2i"))
    return [a, n1 - a, c, n2 - c]


def _means(t: ArmSummary, c: ArmSummary) -> str:
    return " against ".join(
        f"{number_text(s.mean or 0)} (SD {number_text(s.sd or 0)}, n {number_text(s.n)})"
        for s in (t, c)
    )


def shared_variance(measure: str, c: ArmSummary, effects: list[float]) -> float | None:
    """Return the sampling covariance of effects that share the control arm `c` whole.

    The part of the variance that the control contributes (Gleser & Olkin 2009; Cochrane
    Handbook 23.3.4). None for a single effect.
    """
    asked = MEASURES[measure]
    if len(effects) < 2 or asked.control_variance is None:
        return None
    if not asked.counts:
        return asked.control_variance(c.mean, c.sd or 0.0, c.n)
    if c.events is None:
        return None
    add = 0.5 if asked.is_ratio and c.events in (0, c.n) else 0.0
    return asked.control_variance(c.events + add, c.n + 2 * add)
