"""Intervals of the pooled effect, found by rule, and the t distribution behind them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

RULES = ("wald", "hksj", "hksj-adhoc", "profile", "henmi-copas", "auto")
NAMES = "U11"  # holds the longest rule


class EffectInterval(NamedTuple):
    """Interval and test of an estimate; df is infinite where the normal is used."""

    se: Floats
    statistic: Floats
    df: Floats
    p: Floats
    low: Floats
    high: Floats
    rule: NDArray[np.str_]


def t_quantile(df: Floats, level: float) -> Floats:
    """Return the two-sided quantile of t, of the normal where df is infinite."""
    upper = 0.5 + level / 2.0
    # Few distinct degrees of freedom occur in a batch, and stdtrit is an iteration.
    if df.size > 1 and (df == df.flat[0]).all():
        return np.full(df.shape, t_quantile(df.ravel()[:1], level)[0])
    if df.size > 1:
        known, back = np.unique(df, return_inverse=True)
        if known.size < df.size:
            return t_quantile(known, level)[back].reshape(df.shape)
    # Infinite and missing degrees never reach stdtrit, which is slow to say so.
    finite = np.isfinite(df)
    if finite.all():
        return np.asarray(special.stdtrit(df, upper))
    value = np.where(np.isinf(df), special.ndtri(upper), np.nan)
    value[finite] = special.stdtrit(df[finite], upper)
    return value


def t_tails(statistic: Floats, df: Floats) -> Floats:
    """Return the two-sided p of a t statistic, normal where df is infinite."""
    z = -np.abs(statistic)
    normal = np.isinf(df)
    if not normal.any():
        return np.asarray(2.0 * special.stdtr(df, z))
    if normal.all():
        return np.asarray(2.0 * special.ndtr(z))
    return 2.0 * np.where(normal, special.ndtr(z), special.stdtr(np.where(normal, 1.0, df), z))


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
