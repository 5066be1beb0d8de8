"""Pool the effects of one analysis and put the result into the columns of the tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketameta.configuration import Model
from ketameta.measures import (
    BETA_BINOMIAL,
    GLMM,
    INVERSE_VARIANCE,
    LARGEST,
    MEASURES,
    ODDS,
    PETO,
    PLAIN,
    SHARE,
    UM_FS,
)
from ketameta.stats import (
    CommonEffect,
    Glmm,
    RandomEffects,
    beta_binomial,
    glmm,
    mantel_haenszel,
    peto,
    random_effects,
    three_level,
)
from ketameta.stats.univariate.pooling import by_rules
from ketameta.synthesize.people import count_people
from ketameta.tables.fits import Engine, Failure, IntervalRule
from ketameta.tables.parts import Estimate, PoolableEffect
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


def finite_or_none(value: float | None) -> float | None:
    """Return a finite number, or None: what cannot be estimated is empty, never 0."""
    return None if value is None or not math.isfinite(value) else float(value)


def count_trials(effects: Sequence[PoolableEffect]) -> int:
    """Count the trials behind effects: several arms of one are one."""
    return len({effect.trial_id for effect in effects})


def independent(effects: Sequence[PoolableEffect]) -> bool:
    """Say whether no effect shares its control with another."""
    return all(effect.shared is None for effect in effects)


def fit(effects: Sequence[PoolableEffect], model: Model) -> RandomEffects:
    """Fit the configured random-effects model to independent effects."""
    yi, vi = tuple(e.yi for e in effects), tuple(e.vi for e in effects)
    return _fitted(yi, vi, model.tau2, model.interval, model.level, model.prediction)


# variants and narrowed analyses pool the same effects again
@cache
def _fitted(
    yi: Numbers, vi: Numbers, tau2: str, rule: str, level: float, prediction: str
) -> RandomEffects:
    return random_effects(np.array(yi), np.array(vi), tau2, rule, level, prediction=prediction)


@cache
def _mixed(measure: str, way: str | None, level: float, **counts: Numbers) -> Glmm:
    columns: dict[str, Any] = {name: np.array(column) for name, column in counts.items()}
    return glmm(measure, model=way, level=level, **columns)


def way_of(measure: str, model: Model) -> str:
    """Return how effects of a measure are pooled: inverse variance where the other does not fit.

    A GLMM of odds ratios is, where no other is named, the one with a baseline of each trial.
    """
    way = model.pooling if model.pooling in MEASURES[measure].pooling else INVERSE_VARIANCE
    return UM_FS if way == GLMM and measure != SHARE.name else way


def pooled(measure: str, effects: Sequence[PoolableEffect], model: Model) -> Synthesis:
    """Return the pooled estimate of a list of effects.

    No trial: every estimate empty. One trial: its own effect with a normal interval, and nothing
    that would need a second (tau², I², Q). Two trials: no prediction interval. Fewer than
    `minimum_k`: counts alone.
    """
    k, asked = count_trials(effects), MEASURES[measure]
    counted = measure, k, count_people(effects)
    if not effects:
        return scaled(*counted, {}, engine=Engine.NONE)
    if len(effects) == 1:
        return _single(measure, effects[0], model.level)
    if k < model.minimum_k:
        return scaled(*counted, {}, engine=Engine.TOO_FEW, needed=model.minimum_k)
    if not independent(effects):
        found = _dependent(effects, model)
    elif (way := way_of(measure, model)) == INVERSE_VARIANCE:
        found = _independent(effects, model)
    elif way == GLMM:
        found = _shares(effects, model)
    else:
        with_counts = [e for e in effects if None not in _counts(e)]
        counted = measure, count_trials(with_counts), count_people(with_counts)
        found = _of_tables(measure, way, with_counts, model)
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


def _independent(effects: Sequence[PoolableEffect], model: Model) -> dict[str, Any]:
    result = fit(effects, model)
    found = {name: finite_or_none(getattr(result, name)) for name in (*_BOUNDS, *_TESTED)}
    how = {
        "engine": Engine.INDEPENDENT,
        "tau2_by": model.tau2,
        "rule": IntervalRule(str(result.rule)),
    }
    return found | how | {"q_df": int(result.q_df), "converged": bool(result.converged)}


def _shares(effects: Sequence[PoolableEffect], model: Model) -> dict[str, Any]:
    """Pool proportions by the binomial-normal model (Stijnen 2010).

    Where the likelihood has no maximum at finite log odds (nobody has the event, or everybody)
    nothing is estimated.
    """
    x, n = tuple(_told(e.events_t) for e in effects), tuple(_told(e.n_t) for e in effects)
    result = _mixed(SHARE.name, None, model.level, xi=x, ni=n)
    failure = None if math.isfinite(result.estimate) else _no_maximum(x, n)
    return _of_glmm(result, len(effects), model.level, failure) | {"engine": Engine.GLMM}


def _of_glmm(result: Glmm, k: int, level: float, failure: Failure | None) -> dict[str, Any]:
    """Return what a mixed model found, with its normal interval, or why it found nothing.

    The prediction interval adds the standard error to tau² and takes t with k - 1 degrees, as
    elsewhere; Q is the likelihood-ratio test against one effect a trial, where there is one.
    """
    how: dict[str, Any] = {"tau2_by": "ML", "rule": IntervalRule.WALD}
    if failure:
        return how | {"failure": failure}
    from scipy.special import stdtrit

    estimate, se, tau2 = float(result.estimate), float(result.se), float(result.tau2)
    half = float(stdtrit(k - 1, 0.5 + level / 2)) * math.sqrt(tau2 + se**2)
    names = ("ci_low", "ci_high", "p", "i2", "q", "q_p")
    found = {name: finite_or_none(getattr(result, name)) for name in names}
    ends = {
        "estimate": estimate,
        "pi_low": finite_or_none(estimate - half),
        "pi_high": estimate + half,
    }
    q_df = None if found["q"] is None else int(result.q_df)
    told = {"se": se, "tau2": tau2, "q_df": q_df, "converged": bool(result.converged)}
    return how | found | ends | told


def _told(count: float | None) -> float:
    assert count is not None, "a share is of people with an event among people"
    return count


def _counts(effect: PoolableEffect) -> tuple[float | None, ...]:
    return effect.events_t, effect.n_t, effect.events_c, effect.n_c


def _of_tables(
    measure: str, way: str, effects: Sequence[PoolableEffect], model: Model
) -> dict[str, Any]:
    """Pool counts of two arms: by Mantel and Haenszel's weights, by Peto's, or by a mixed model.

    The tables enter as they are, without a half in an empty cell; those of a crossover as if its
    periods were parallel groups. `effects` are those with counts of both arms: another (a reported
    contrast) is left out, and k and n count the others.
    """
    table = np.array([_counts(e) for e in effects], float).reshape(-1, 4)
    counts = dict(zip(("ai", "n1i", "ci", "n2i"), map(tuple, table.T.tolist()), strict=True))
    people = zip(effects, counts["n1i"], counts["n2i"], strict=True)
    crossed = any(effect.people < n1 + n2 for effect, n1, n2 in people)
    how = {"engine": Engine(way), "rule": IntervalRule.WALD, "as_parallel": crossed}
    if count_trials(effects) < max(2, model.minimum_k):
        return how | {"failure": Failure.FEW_COUNTS, "needed": model.minimum_k}
    if Engine(way).mixed:
        return _odds(way, counts, model) | how
    if way == BETA_BINOMIAL:
        return _risks(measure, counts, model) | how
    by_name: dict[str, Any] = {name: np.array(column) for name, column in counts.items()}
    result: CommonEffect = (
        peto(level=model.level, **by_name)
        if way == PETO
        else mantel_haenszel(measure, level=model.level, **by_name)
    )
    if not math.isfinite(result.se):
        return how | {"failure": Failure.ONE_SIDE}
    # I² is from Q around the estimate; there is no τ²
    names = ("estimate", "ci_low", "ci_high", "se", "p", "i2", "q", "q_p")
    found = {name: finite_or_none(getattr(result, name)) for name in names}
    return how | found | {"q_df": int(result.q_df)}


def _odds(way: str, counts: Mapping[str, Numbers], model: Model) -> dict[str, Any]:
    """Pool odds ratios by a mixed model of their counts (Stijnen 2010; Jackson 2018)."""
    if any(count % 1 for column in counts.values() for count in column):
        return {"failure": Failure.IN_PARTS}
    result = _mixed(ODDS.name, way, model.level, **counts)
    failure = None if math.isfinite(result.estimate) else _no_top(counts)
    return _of_glmm(result, len(counts["ai"]), model.level, failure)


def _risks(measure: str, counts: Mapping[str, Numbers], model: Model) -> dict[str, Any]:
    """Pool counts by the beta-binomial model of the risks of both arms (Kuss 2015)."""
    if any(count % 1 for column in counts.values() for count in column):
        return {"failure": Failure.IN_PARTS}
    columns: dict[str, Any] = {name: np.array(column) for name, column in counts.items()}
    result = beta_binomial(measure, level=model.level, **columns)
    if not result.converged:
        return {"failure": _no_top(counts)}
    names = ("estimate", "ci_low", "ci_high", "se", "p")
    found = {name: finite_or_none(getattr(result, name)) for name in names}
    return found | {"converged": True}


def _no_top(counts: Mapping[str, Numbers]) -> Failure:
    """Say why a model of two arms has no finite estimate: an arm without events, or non-events."""
    sides = [sum(counts["ai"]), sum(counts["ci"])]
    rest = [sum(counts[n]) - side for n, side in zip(("n1i", "n2i"), sides, strict=True)]
    return Failure.NOT_FOUND if all((*sides, *rest)) else Failure.ONE_SIDE


def _no_maximum(events: Numbers, people: Numbers) -> Failure:
    """Say why a binomial model of these counts has no finite estimate."""
    if not any(events):
        return Failure.NO_EVENT
    return Failure.ALL_EVENTS if events == people else Failure.NO_MAXIMUM


def covariance_of(effects: Sequence[PoolableEffect]) -> NDArray[np.float64]:
    """Return the sampling covariance of effects, shape (k, k): arms share a trial's control."""
    trial = np.array([e.trial_id for e in effects])
    shared = np.array([e.shared or 0.0 for e in effects])
    same = trial[:, None] == trial
    covariance = np.where(same, np.sqrt(shared[:, None] * shared), 0.0)
    np.fill_diagonal(covariance, [e.vi for e in effects])
    return covariance


def _dependent(effects: Sequence[PoolableEffect], model: Model) -> dict[str, Any]:
    """Pool effects that share controls: three levels, arms in trials, covariances known."""
    trial, covariance = np.array([e.trial_id for e in effects]), covariance_of(effects)
    yi = np.array([e.yi for e in effects], float)
    result = three_level(yi, covariance, trial, test="t", level=model.level)
    return {
        "estimate": finite_or_none(result.beta[0]),
        "ci_low": finite_or_none(result.ci_low[0]),
        "ci_high": finite_or_none(result.ci_high[0]),
        "pi_low": finite_or_none(result.pi_low),
        "pi_high": finite_or_none(result.pi_high),
        "se": finite_or_none(result.se[0]),
        "p": finite_or_none(result.p[0]),
        "tau2": finite_or_none(np.nansum(result.sigma2)),
        "i2": finite_or_none(np.nansum(result.i2)),
        "q": finite_or_none(result.qe),
        "q_df": int(result.qe_df),
        "q_p": finite_or_none(result.qe_p),
        **{"engine": Engine.THREE_LEVEL, "tau2_by": "REML", "rule": IntervalRule.T},
        "converged": bool(result.converged),
    }


def _single(measure: str, effect: PoolableEffect, level: float) -> Synthesis:
    low, high = normal_interval(effect.yi, effect.vi, level)
    bounds = {"estimate": effect.yi, "ci_low": low, "ci_high": high}
    se = math.sqrt(effect.vi)
    p = math.erfc(abs(effect.yi) / se / math.sqrt(2)) if MEASURES[measure].compares else None
    how = {"engine": Engine.SINGLE, "rule": IntervalRule.WALD}
    return scaled(measure, 1, count_people([effect]), bounds, se=se, p=p, **how)


def normal_interval(yi: float, vi: float, level: float) -> tuple[float, float]:
    """Return the normal interval of one effect on its own scale."""
    from scipy.special import ndtri

    half = float(ndtri(0.5 + level / 2)) * math.sqrt(vi)
    return yi - half, yi + half


def _held(value: float | None) -> float | None:
    """Hold a ratio beyond all numbers at one that a table and JSON can write: it is no lack."""
    return None if value is None else finite_or_none(min(value, LARGEST))


def _poolable(effects: Sequence[PoolableEffect], model: Model) -> bool:
    return count_trials(effects) >= max(2, model.minimum_k)


def intervals(effects: Sequence[PoolableEffect], model: Model) -> dict[str, float | None]:
    """Return the Wald, HKSJ and floored HKSJ intervals side by side, on the analysis scale.

    They belong to the inverse-variance model of independent effects; with shared controls kept
    whole there are none.
    """
    result: dict[str, float | None] = {}
    if not _poolable(effects, model) or not independent(effects):
        return result
    told = {"wald": IntervalRule.WALD, "hksj": IntervalRule.HKSJ, "floored": IntervalRule.FLOORED}
    yi, vi = ([getattr(e, end) for e in effects] for end in ("yi", "vi"))
    fits = by_rules(yi, vi, model.tau2, [*told.values()], model.level)
    for name, found in zip(told, fits, strict=True):
        result[f"{name}_low"] = finite_or_none(found.ci_low)
        result[f"{name}_high"] = finite_or_none(found.ci_high)
    return result


def weights(effects: Sequence[PoolableEffect], model: Model) -> list[float | None]:
    """Return the inverse-variance weight of each effect in per cent; empty where none is pooled."""
    if not _poolable(effects, model):
        return [None] * len(effects)
    return [finite_or_none(w) for w in np.atleast_1d(fit(effects, model).weights)]
