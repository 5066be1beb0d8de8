"""Intervals of the pooled effect, found by rule."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ketameta.stats.distributions import t_quantile, t_tails
from ketameta.stats.sums import Floats

# one for `pool`, the functions and the configuration: what is printed must not depend on the door
DEFAULT = "auto"
RULES = ("wald", "hksj", "hksj-adhoc", "profile", "henmi-copas", "auto")
NAMES = "U11"  # holds the longest rule


class EffectInterval(NamedTuple):
    """Interval and test of an estimate; df is infinite where the normal is used.

    `in_parts` says where the values that belong to it fall apart; None: nowhere.
    """

    se: Floats
    statistic: Floats
    df: Floats
    p: Floats
    low: Floats
    high: Floats
    rule: NDArray[np.str_]
    in_parts: NDArray[np.bool_] | None = None


class Fitted(NamedTuple):
    """A pooled effect before its interval: `variance` is 1 / sum u, `scale` is Q / (k - 1)."""

    estimate: Floats
    variance: Floats
    scale: Floats
    tau2: Floats


def effect_interval(model: Any, fit: Fitted, rule: str, level: float) -> EffectInterval:
    """Return the interval of a pooled effect by a rule that keeps the estimate as it is.

    HKSJ multiplies the variance by Q(tau2) / (k - 1) and takes t with k - 1 degrees (Hartung
    1999; Sidik & Jonkman 2002); hksj-adhoc never by less than 1 (Knapp & Hartung 2003); auto is
    hksj where tau2 > 0 and k > 2, else wald.
    """
    n = fit.estimate.size
    scale = np.maximum(fit.scale, 1.0) if rule == "hksj-adhoc" else fit.scale
    if rule == "wald":
        variance, df, named = fit.variance, np.full(n, np.inf), np.full(n, rule, NAMES)
    elif rule == "auto":
        adjusted = (fit.tau2 > 0.0) & (model.count > 2.0)
        variance = np.where(adjusted, scale, 1.0) * fit.variance
        df = np.where(adjusted, model.df, np.inf)
        named = np.where(adjusted, "hksj", "wald").astype(NAMES)
    else:
        variance, df, named = scale * fit.variance, model.df, np.full(n, rule, NAMES)
    se = np.sqrt(variance)
    half = t_quantile(df, level) * se
    with np.errstate(divide="ignore", invalid="ignore"):  # se is 0 where all effects are equal
        statistic = fit.estimate / se
    low, high = fit.estimate - half, fit.estimate + half
    return EffectInterval(se, statistic, df, t_tails(statistic, df), low, high, named)
