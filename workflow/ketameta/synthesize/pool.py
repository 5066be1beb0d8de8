"""Pool the effects of one analysis and put the result into the columns of the tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from ketameta.configuration import Model
from ketameta.measures import GLMM, LARGEST, MANTEL_HAENSZEL, MEASURES, PLAIN, SHARE
from ketameta.stats import RandomEffects, glmm, mantel_haenszel, random_effects, three_level
from ketameta.tables.fits import Engine, Failure, Rule

Record = dict[str, Any]
_BOUNDS = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
_TESTED = (
    *("se", "p", "tau2", "tau2_low", "tau2_high"),
    *("i2", "i2_low", "i2_high", "i2_q", "q", "q_p"),
)


def number(value: float | None) -> float | None:
    """Return a finite number, or None: what cannot be estimated is empty, never 0."""
    return None if value is None or not math.isfinite(value) else float(value)


def trials_of(effects: Sequence[Record]) -> int:
    """Count the trials behind effects: several arms of one are one."""
    return len({effect["trial_id"] for effect in effects})


def people_of(effects: Sequence[Record]) -> int:
    """Count the people behind effects; a control that arms share is counted once."""
    total = 0.0
    whole: dict[str, float] = {}
    for effect in effects:
        if effect["shared"] is None:
            total += effect["people"]
        else:
            total += effect["n_t"] or 0
            whole[effect["trial_id"]] = effect["n_c"] or 0
    return round(total + math.fsum(whole.values()))


# variants and narrowed analyses pool the same effects again
_random_effects, _binomial = cache(random_effects), cache(glmm)


def fit(effects: Sequence[Record], model: Model, interval: str | None = None) -> RandomEffects:
    """Fit the configured random-effects model to independent effects."""
    yi, vi = (tuple(e[name] for e in effects) for name in ("yi", "vi"))
    return _random_effects(
        yi, vi, model.tau2, interval or model.interval, model.level, prediction=model.prediction
    )


def pooled(measure: str, effects: Sequence[Record], model: Model) -> Record:
    """Return the columns of a pooled estimate for a list of effects.

    No trial: every estimate empty. One trial: its own effect with a normal interval, and nothing
    that would need a second (tau², I², Q). Two trials: no prediction interval. Fewer than
    `minimum_k`: counts alone.
    """
    k, asked = trials_of(effects), MEASURES[measure]
    record: Record = {"measure": measure, "k": k, "n": people_of(effects)}
    if not effects:
        return record | {"engine": Engine.NONE}
    if len(effects) == 1:
        return record | _single(measure, effects[0], model.level)
    if k < model.minimum_k:
        return record | {"engine": Engine.TOO_FEW, "needed": model.minimum_k}
    if any(effect["shared"] is not None for effect in effects):
        found = _dependent(effects, model)
    elif model.pooling == GLMM and GLMM in asked.pooling:
        found = _glmm(effects, model)
    elif model.pooling == MANTEL_HAENSZEL and MANTEL_HAENSZEL in asked.pooling:
        found = _mantel_haenszel(measure, effects, model)
    else:
        found = _independent(effects, model)
    if k < 3:
        # two trials give one degree of freedom: a range of that width predicts nothing
        found |= {"pi_low": None, "pi_high": None}
    bounds = {name: found.pop(name) for name in _BOUNDS}
    if not asked.compares:
        found["p"] = None
    return record | scales_of(measure, bounds) | found


def _independent(effects: Sequence[Record], model: Model) -> Record:
    result = fit(effects, model)
    found: Record = {name: number(getattr(result, name)) for name in (*_BOUNDS, *_TESTED)}
    found["q_df"] = int(result.q_df)
    found |= {"engine": Engine.INDEPENDENT, "tau2_by": model.tau2, "rule": Rule(str(result.rule))}
    return found | {"converged": bool(result.converged)}


def _glmm(effects: Sequence[Record], model: Model) -> Record:
    """Pool proportions by the binomial-normal model (Stijnen 2010), with its normal interval.

    The prediction interval adds the standard error to tau² and takes t with k - 1 degrees, as
    elsewhere; Q is the likelihood-ratio test against one proportion a trial. Where the likelihood
    has no maximum at finite log odds (nobody has the event, or everybody) nothing is estimated.
    """
    x, n = (tuple(e[name] for e in effects) for name in ("events_t", "n_t"))
    result = _binomial(SHARE.name, xi=x, ni=n, level=model.level)
    estimate, se, tau2 = float(result.estimate), float(result.se), float(result.tau2)
    how: Record = {"engine": Engine.GLMM, "tau2_by": "ML", "rule": Rule.WALD}
    if not math.isfinite(estimate):
        return how | {"failure": _no_maximum(x, n), **dict.fromkeys(_BOUNDS)}
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


def _mantel_haenszel(measure: str, effects: Sequence[Record], model: Model) -> Record:
    """Pool counts under a common effect by Mantel and Haenszel's weights, with a normal interval.

    The tables enter as they are, without a half in an empty cell; those of a crossover as if its
    periods were parallel groups. An effect without counts of both arms (a reported contrast) is
    left out, and k and n count the others. I² is from Q around the estimate; there is no τ².
    """
    names = ("events_t", "n_t", "events_c", "n_c")
    used = [e for e in effects if all(e[name] is not None for name in names)]
    crossed = any(e["people"] < e["n_t"] + e["n_c"] for e in used)
    engine = Engine.AS_PARALLEL if crossed else Engine.MANTEL_HAENSZEL
    found: Record = {"k": trials_of(used), "n": people_of(used), **dict.fromkeys(_BOUNDS)}
    found |= {"engine": engine, "rule": Rule.WALD}
    if found["k"] < max(2, model.minimum_k):
        return found | {"failure": Failure.FEW_COUNTS, "needed": model.minimum_k}
    ai, n1i, ci, n2i = (np.array([e[name] for e in used], float) for name in names)
    result = mantel_haenszel(measure, ai=ai, n1i=n1i, ci=ci, n2i=n2i, level=model.level)
    if not math.isfinite(result.se):
        return found | {"failure": Failure.ONE_SIDE}
    for name in ("estimate", "ci_low", "ci_high", "se", "p", "i2", "q", "q_p"):
        found[name] = number(getattr(result, name))
    return found | {"q_df": int(result.q_df)}


def _no_maximum(events: tuple[float, ...], people: tuple[float, ...]) -> Failure:
    """Say why a binomial model of these counts has no finite estimate."""
    if not any(events):
        return Failure.NO_EVENT
    return Failure.ALL_EVENTS if events == people else Failure.NO_MAXIMUM


def _dependent(effects: Sequence[Record], model: Model) -> Record:
    """Pool effects that share controls: three levels, arms in trials, covariances known."""
    trial = np.array([e["trial_id"] for e in effects])
    shared = np.array([e["shared"] or 0.0 for e in effects])
    same = trial[:, None] == trial
    covariance = np.where(same, np.sqrt(shared[:, None] * shared), 0.0)
    np.fill_diagonal(covariance, [e["vi"] for e in effects])
    yi = np.array([e["yi"] for e in effects], float)
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


def _single(measure: str, effect: Record, level: float) -> Record:
    low, high = normal_interval(effect["yi"], effect["vi"], level)
    bounds = {"estimate": effect["yi"], "ci_low": low, "ci_high": high}
    se = math.sqrt(effect["vi"])
    p = math.erfc(abs(effect["yi"]) / se / math.sqrt(2))
    tests = {"p": p} if MEASURES[measure].compares else {}
    how = {"engine": Engine.SINGLE, "rule": Rule.WALD}
    return scales_of(measure, bounds) | {"se": se} | how | tests


def normal_interval(yi: float, vi: float, level: float) -> tuple[float, float]:
    """Return the normal interval of one effect on its own scale."""
    from scipy.special import ndtri

    half = float(ndtri(0.5 + level / 2)) * math.sqrt(vi)
    return yi - half, yi + half


def _held(value: float | None) -> float | None:
    """Hold a ratio beyond all numbers at one that a table and JSON can write: it is no lack."""
    return None if value is None else number(min(value, LARGEST))


def scales_of(measure: str, bounds: dict[str, float | None]) -> Record:
    """Return ends of intervals on the natural scale, and on the scale of the analysis by `_log`."""
    asked = MEASURES[measure]
    result: Record = {name: _held(asked.natural(value)) for name, value in bounds.items()}
    if asked.transform is not PLAIN:
        result |= {f"{name}_log": value for name, value in bounds.items()}
    return result


def _poolable(effects: Sequence[Record], model: Model) -> bool:
    return trials_of(effects) >= max(2, model.minimum_k)


def intervals(effects: Sequence[Record], model: Model) -> Record:
    """Return the Wald, HKSJ and floored HKSJ intervals side by side, on the analysis scale.

    They belong to the inverse-variance model of independent effects; with shared controls kept
    whole there are none.
    """
    result: Record = {}
    if not _poolable(effects, model) or any(e["shared"] is not None for e in effects):
        return result
    for rule, name in (("wald", "wald"), ("hksj", "hksj"), ("hksj-adhoc", "floored")):
        found = fit(effects, model, rule)
        result[f"{name}_low"], result[f"{name}_high"] = number(found.ci_low), number(found.ci_high)
    return result


def weights(effects: Sequence[Record], model: Model) -> list[float | None]:
    """Return the inverse-variance weight of each effect in per cent; empty where none is pooled."""
    if not _poolable(effects, model):
        return [None] * len(effects)
    return [number(w) for w in np.atleast_1d(fit(effects, model).weights)]
