"""What the rule of the interval makes of a pooled effect."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketameta.stats.numerics.sums import Floats
from ketameta.stats.univariate.henmi_copas import henmi_copas
from ketameta.stats.univariate.intervals import PooledEffect, effect_interval
from ketameta.stats.univariate.models import MeanModel
from ketameta.stats.univariate.prediction import prediction_error, prediction_interval
from ketameta.stats.univariate.profile import effect_profile

# the fields that hang on the rule
OF_RULE = (
    *("estimate", "se", "statistic", "df", "p", "ci_low", "ci_high", "rule"),
    *("pi_low", "pi_high", "weights", "ci_in_parts"),
)


def of_rule(
    rule: str, model: MeanModel, fit: PooledEffect, v: Floats, prediction: str, level: float
) -> dict[str, NDArray[Any]]:
    """Return the fields of `OF_RULE` for analyses with variances v, shape (n, k)."""
    t, variance = fit.tau2, fit.variance
    weights = (100.0 * variance)[:, None] / (v + t[:, None])
    if rule == "profile":
        ci = effect_profile(model, fit, level)
    elif rule == "henmi-copas":
        fit, ci = henmi_copas(model, fit, level)
        weights = (100.0 / model.zero.total)[:, None] / v
    else:
        ci = effect_interval(model, fit, rule, level)
    pi_low, pi_high = prediction_interval(
        fit.estimate,
        prediction_error(prediction, ci.se, np.sqrt(variance), fit.scale),
        t,
        model.count,
        rule=prediction,
        level=level,
    )
    return {
        "estimate": fit.estimate,
        "se": ci.se,
        "statistic": ci.statistic,
        "df": ci.df,
        "p": ci.p,
        "ci_low": ci.low,
        "ci_high": ci.high,
        "rule": ci.rule,
        "pi_low": pi_low,
        "pi_high": pi_high,
        "weights": weights,
        "ci_in_parts": np.zeros(t.size, bool) if ci.in_parts is None else ci.in_parts,
    }
