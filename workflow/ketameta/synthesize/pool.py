"""Pool the effects of one analysis and put the result into the columns of the tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ketameta.configuration import Model
from ketameta.measures import GLMM, LARGEST, MANTEL_HAENSZEL, MEASURES, PLAIN, SHARE
from ketameta.stats import Glmm, RandomEffects, glmm, mantel_haenszel, random_effects, three_level
from ketameta.tables.fits import Engine, Failure, Rule
from ketameta.tables.parts import EffectSize, Estimate
from ketameta.tables.table import table

Numbers = tuple[float, ...]
_BOUNDS = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
_TESTED = (
    *("se", "p", "tau2", "tau2_low", "tau2_high"),
    *("i2", "i2_low", "i2_high", "i2_q", "q", "q_p"),
)


@table("fit", "A synthesis")
class Synthesis(Estimate):
    """A list of effects, pooled.

    It is what the tables of syntheses, groups and choices hold of it.
    """


def number(value: float | None) -> float | None:
    """Return a finite number, or None: what cannot be estimated is empty, never 0."""
    return None if value is None or not math.isfinite(value) else float(value)


def trials_of(effects: Sequence[EffectSize]) -> int:
    """Count the trials behind effects: several arms of one are one."""
    return len({effect.trial_id for effect in effects})


def people_of(effects: Sequence[EffectSize]) -> int:
    """Count the people behind effects; a control that arms share is counted once."""
    total = 0.0
    whole: dict[str, float] = {}
    for effect in effects:
        if effect.shared is None:
            total += effect.people
        else:
            total += effect.n_t or 0
            whole[effect.trial_id] = effect.n_c or 0
    return round(total + math.fsum(whole.values()))


def independent(effects: Sequence[EffectSize]) -> bool:
    """Say whether no effect shares its control with another."""
    return all(effect.shared is None for effect in effects)


def fit(effects: Sequence[EffectSize], model: Model, interval: str | None = None) -> RandomEffects:
    """Fit the configured random-effects model to independent effects."""
    yi, vi = tuple(e.yi for e in effects), tuple(e.vi for e in effects)
    rule = interval or model.interval
    return _fitted(yi, vi, model.tau2, rule, model.level, model.prediction)


# variants and narrowed analyses pool the same effects again
@cache
def _fitted(
    yi: Numbers, vi: Numbers, tau2: str, rule: str, level: float, prediction: str
) -> RandomEffects:
    return random_effects(np.array(yi), np.array(vi), tau2, rule, level, prediction=prediction)


@cache
def _binomial(events: Numbers, people: Numbers, level: float) -> Glmm:
    return glmm(SHARE.name, xi=np.array(events), ni=np.array(people), level=level)


def pooled(measure: str, effects: Sequence[EffectSize], model: Model) -> Synthesis:
    """Return the pooled estimate of a list of effects.

    No trial: every estimate empty. One trial: its own effect with a normal interval, and nothing
    that would need a second (tau², I², Q). Two trials: no prediction interval. Fewer than
    `minimum_k`: counts alone.
    """
    k, asked = trials_of(effects), MEASURES[measure]
    counted = measure, k, people_of(effects)
    if not effects:
        return scaled(*counted, {}, engine=Engine.NONE)
    if len(effects) == 1:
        return _single(measure, effects[0], model.level)
    if k < model.minimum_k:
        return scaled(*counted, {}, engine=Engine.TOO_FEW, needed=model.minimum_k)
    if not independent(effects):
        found = _dependent(effects, model)
    elif model.pooling == GLMM and GLMM in asked.pooling:
        found = _glmm(effects, model)
    elif model.pooling == MANTEL_HAENSZEL and MANTEL_HAENSZEL in asked.pooling:
        with_counts = [e for e in effects if None not in _counts(e)]
        counted = measure, trials_of(with_counts), people_of(with_counts)
        found = _mantel_haenszel(measure, with_counts, model)
    else:
        found = _independent(effects, model)
    bounds = {name: found.pop(name, None) for name in _BOUNDS}
    if k < 3:
        # two trials give one degree of freedom: a range of that width predicts nothing
        bounds |= {"pi_low": None, "pi_high": None}
    if not asked.compares:
        found["p"] = None
    return scaled(*counted, bounds, **found)


def scaled(
    measure: str, k: int, n: int, bounds: Mapping[str, float | None], **facts: Any
) -> Synthesis:
    """Return a synthesis from its ends on the scale of the analysis, and what else is known of it.

    The ends are put on the natural scale, and stand by `_log` where that is another.
    """
    asked = MEASURES[measure]
    ends: dict[str, Any] = {n: _held(asked.natural(value)) for n, value in bounds.items()}
    if asked.transform is not PLAIN:
        ends |= {f"{name}_log": value for name, value in bounds.items()}
    return Synthesis(measure=measure, k=k, n=n, **ends, **facts)


def _independent(effects: Sequence[EffectSize], model: Model) -> dict[str, Any]:
    result = fit(effects, model)
    found = {name: number(getattr(result, name)) for name in (*_BOUNDS, *_TESTED)}
    how = {"engine": Engine.INDEPENDENT, "tau2_by": model.tau2, "rule": Rule(str(result.rule))}
    return found | how | {"q_df": int(result.q_df), "converged": bool(result.converged)}


def _glmm(effects: Sequence[EffectSize], model: Model) -> dict[str, Any]:
    """Pool proportions by the binomial-normal model (Stijnen 2010), with its normal interval.

    The prediction interval adds the standard error to tau² and takes t with k - 1 degrees, as
    elsewhere; Q is the likelihood-ratio test against one proportion a trial. Where the likelihood
    has no maximum at finite log odds (nobody has the event, or everybody) nothing is estimated.
    """
    x, n = tuple(_told(e.events_t) for e in effects), tuple(_told(e.n_t) for e in effects)
    result = _binomial(x, n, model.level)
    estimate, se, tau2 = float(result.estimate), float(result.se), float(result.tau2)
    how = {"engine": Engine.GLMM, "tau2_by": "ML", "rule": Rule.WALD}
    if not math.isfinite(estimate):
        return how | {"failure": _no_maximum(x, n)}
    from scipy.special import stdtrit

    half = float(stdtrit(len(effects) - 1, 0.5 + model.level / 2)) * math.sqrt(tau2 + se**2)
    return how | {
        "estimate": estimate,
        "ci_low": number(result.ci_low),
        "ci_high": number(result.ci_high),
        "pi_low": number(estimate - half),
        "pi_high": number(estimate + half),
        "se": se,
        "tau2": tau2,
        "i2": number(result.i2),
        "q": number(result.q),
        "q_df": int(result.q_df),
        "q_p": number(result.q_p),
        "converged": bool(result.converged),
    }


def _told(count: float | None) -> float:
    assert count is not None, "a share is of people with an event among people"
    return count


def _counts(effect: EffectSize) -> tuple[float | None, ...]:
    return effect.events_t, effect.n_t, effect.events_c, effect.n_c


def _mantel_haenszel(measure: str, effects: Sequence[EffectSize], model: Model) -> dict[str, Any]:
    """Pool counts under a common effect by Mantel and Haenszel's weights, with a normal interval.

    The tables enter as they are, without a half in an empty cell; those of a crossover as if its
    periods were parallel groups. `effects` are those with counts of both arms: another (a reported
    contrast) is left out, and k and n count the others. I² is from Q around the estimate; there is
    no τ².
    """
    table = np.array([_counts(e) for e in effects], float).reshape(-1, 4)
    ai, n1i, ci, n2i = table.T
    crossed = any(e.people < n1 + n2 for e, n1, n2 in zip(effects, n1i, n2i, strict=True))
    engine = Engine.AS_PARALLEL if crossed else Engine.MANTEL_HAENSZEL
    how = {"engine": engine, "rule": Rule.WALD}
    if trials_of(effects) < max(2, model.minimum_k):
        return how | {"failure": Failure.FEW_COUNTS, "needed": model.minimum_k}
    result = mantel_haenszel(measure, ai=ai, n1i=n1i, ci=ci, n2i=n2i, level=model.level)
    if not math.isfinite(result.se):
        return how | {"failure": Failure.ONE_SIDE}
    names = ("estimate", "ci_low", "ci_high", "se", "p", "i2", "q", "q_p")
    found = {name: number(getattr(result, name)) for name in names}
    return how | found | {"q_df": int(result.q_df)}


def _no_maximum(events: Numbers, people: Numbers) -> Failure:
    """Say why a binomial model of these counts has no finite estimate."""
    if not any(events):
        return Failure.NO_EVENT
    return Failure.ALL_EVENTS if events == people else Failure.NO_MAXIMUM


def _dependent(effects: Sequence[EffectSize], model: Model) -> dict[str, Any]:
    """Pool effects that share controls: three levels, arms in trials, covariances known."""
    trial = np.array([e.trial_id for e in effects])
    shared = np.array([e.shared or 0.0 for e in effects])
    same = trial[:, None] == trial
    covariance = np.where(same, np.sqrt(shared[:, None] * shared), 0.0)
    np.fill_diagonal(covariance, [e.vi for e in effects])
    yi = np.array([e.yi for e in effects], float)
    result = three_level(yi, covariance, trial, test="t", level=model.level)
    return {
        "estimate": number(result.beta[0]),
        "ci_low": number(result.ci_low[0]),
        "ci_high": number(result.ci_high[0]),
        "pi_low": number(result.pi_low),
        "pi_high": number(result.pi_high),
        "se": number(result.se[0]),
        "p": number(result.p[0]),
        "tau2": number(np.nansum(result.sigma2)),
        "i2": number(np.nansum(result.i2)),
        "q": number(result.qe),
        "q_df": int(result.qe_df),
        "q_p": number(result.qe_p),
        **{"engine": Engine.THREE_LEVEL, "tau2_by": "REML", "rule": Rule.T},
        "converged": bool(result.converged),
    }


def _single(measure: str, effect: EffectSize, level: float) -> Synthesis:
    low, high = normal_interval(effect.yi, effect.vi, level)
    bounds = {"estimate": effect.yi, "ci_low": low, "ci_high": high}
    se = math.sqrt(effect.vi)
    p = math.erfc(abs(effect.yi) / se / math.sqrt(2)) if MEASURES[measure].compares else None
    how = {"engine": Engine.SINGLE, "rule": Rule.WALD}
    return scaled(measure, 1, people_of([effect]), bounds, se=se, p=p, **how)


def normal_interval(yi: float, vi: float, level: float) -> tuple[float, float]:
    """Return the normal interval of one effect on its own scale."""
    from scipy.special import ndtri

    half = float(ndtri(0.5 + level / 2)) * math.sqrt(vi)
    return yi - half, yi + half


def _held(value: float | None) -> float | None:
    """Hold a ratio beyond all numbers at one that a table and JSON can write: it is no lack."""
    return None if value is None else number(min(value, LARGEST))


def _poolable(effects: Sequence[EffectSize], model: Model) -> bool:
    return trials_of(effects) >= max(2, model.minimum_k)


def intervals(effects: Sequence[EffectSize], model: Model) -> dict[str, float | None]:
    """Return the Wald, HKSJ and floored HKSJ intervals side by side, on the analysis scale.

    They belong to the inverse-variance model of independent effects; with shared controls kept
    whole there are none.
    """
    result: dict[str, float | None] = {}
    if not _poolable(effects, model) or not independent(effects):
        return result
    for rule, name in ((Rule.WALD, "wald"), (Rule.HKSJ, "hksj"), (Rule.FLOORED, "floored")):
        found = fit(effects, model, rule)
        result[f"{name}_low"], result[f"{name}_high"] = number(found.ci_low), number(found.ci_high)
    return result


def weights(effects: Sequence[EffectSize], model: Model) -> list[float | None]:
    """Return the inverse-variance weight of each effect in per cent; empty where none is pooled."""
    if not _poolable(effects, model):
        return [None] * len(effects)
    return [number(w) for w in np.atleast_1d(fit(effects, model).weights)]
