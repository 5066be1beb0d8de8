"""Pool the effects of one analysis and put the result into the columns of the tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ketameta.configuration import Model
from ketameta.stats import RandomEffects, random_effects
from ketameta.synthesize.scales import TRANSFORMED, natural

Record = dict[str, Any]
_RULES = {"wald": "Wald", "hksj": "HKSJ", "hksj-adhoc": "floored HKSJ"}
_BOUNDS = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")


def number(value: float | None) -> float | None:
    """Return a finite number, or None: what cannot be estimated is empty, never 0."""
    return None if value is None or not math.isfinite(value) else float(value)


def fit(effects: Sequence[Record], model: Model, interval: str | None = None) -> RandomEffects:
    """Fit the configured random-effects model to the effects of one analysis."""
    yi = np.array([e["yi"] for e in effects], float)
    vi = np.array([e["vi"] for e in effects], float)
    return random_effects(
        yi, vi, model.tau2, interval or model.interval, model.level, prediction=model.prediction
    )


def pooled(measure: str, effects: Sequence[Record], model: Model) -> Record:
    """Return the columns of a pooled estimate for a list of effects.

    No trial: every estimate empty. One trial: its own effect with a normal interval, and nothing
    that would need a second (tau², I², Q). Two trials: no prediction interval. Fewer than
    `minimum_k`: counts alone.
    """
    record: Record = {
        "measure": measure,
        "k": len(effects),
        "n": sum((e["n_t"] or 0) + (e["n_c"] or 0) for e in effects),
    }
    if not effects:
        return record | {"model": "no trial"}
    if len(effects) == 1:
        return record | _single(measure, effects[0], model.level)
    if len(effects) < model.minimum_k:
        return record | {"model": f"not pooled: fewer than {model.minimum_k} trials"}
    result = fit(effects, model)
    record |= _scales(measure, {name: number(getattr(result, name)) for name in _BOUNDS})
    for name in ("se", "p", "tau2", "tau2_low", "tau2_high", "i2", "i2_low", "i2_high", "q", "q_p"):
        record[name] = number(getattr(result, name))
    if len(effects) < 3:
        # two trials give one degree of freedom: a range of that width predicts nothing
        record |= dict.fromkeys(("pi_low", "pi_high", "pi_low_log", "pi_high_log"))
    record["q_df"] = int(result.q_df)
    record["model"] = f"{model.tau2}, {_RULES[str(result.rule)]}"
    if not bool(result.converged):
        record["model"] += ", not converged"
    return record


def _single(measure: str, effect: Record, level: float) -> Record:
    low, high = normal_interval(effect["yi"], effect["vi"], level)
    bounds = {"estimate": effect["yi"], "ci_low": low, "ci_high": high}
    se = math.sqrt(effect["vi"])
    p = math.erfc(abs(effect["yi"]) / se / math.sqrt(2))
    tests = {} if measure in ("PLO", "PCTRED") else {"p": p}
    return _scales(measure, bounds) | {"se": se, "model": "one trial, not pooled"} | tests


def normal_interval(yi: float, vi: float, level: float) -> tuple[float, float]:
    """Return the normal interval of one effect on its own scale."""
    from scipy.special import ndtri

    half = float(ndtri(0.5 + level / 2)) * math.sqrt(vi)
    return yi - half, yi + half


def _scales(measure: str, bounds: dict[str, float | None]) -> Record:
    result: Record = {name: number(natural(measure, value)) for name, value in bounds.items()}
    if measure in TRANSFORMED:
        result |= {f"{name}_log": value for name, value in bounds.items()}
    if measure in ("PLO", "PCTRED"):
        result["p"] = None
    return result


def intervals(effects: Sequence[Record], model: Model) -> Record:
    """Return the Wald, HKSJ and floored HKSJ intervals side by side, on the analysis scale."""
    result: Record = {}
    if len(effects) < max(2, model.minimum_k):
        return result
    for rule, name in (("wald", "wald"), ("hksj", "hksj"), ("hksj-adhoc", "floored")):
        found = fit(effects, model, rule)
        result[f"{name}_low"], result[f"{name}_high"] = number(found.ci_low), number(found.ci_high)
    return result


def weights(effects: Sequence[Record], model: Model) -> list[float | None]:
    """Return the weight of each effect in per cent; empty where nothing is pooled."""
    if len(effects) < max(2, model.minimum_k):
        return [None] * len(effects)
    return [number(w) for w in np.atleast_1d(fit(effects, model).weights)]


def between(groups: Sequence[Sequence[Record]], model: Model) -> Record:
    """Test whether subgroups differ: Q between their pooled effects, tau² apart in each.

    Groups of a single trial enter with its variance (Borenstein and others 2009, chapter 19).
    """
    if len(groups) < 2:
        return {}
    from scipy.special import chdtrc

    estimates, squares = [], []
    for group in groups:
        result = fit(group, model, "wald")
        estimates.append(float(result.estimate))
        squares.append(float(result.se) ** 2)
    w = 1 / np.array(squares)
    y = np.array(estimates)
    q = float(w @ (y - w @ y / w.sum()) ** 2)
    return {
        "between_q": q,
        "between_df": len(groups) - 1,
        "between_p": float(chdtrc(len(groups) - 1, q)),
    }
