"""Intervals of the pooled effect, found by rule."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ketameta.stats.numerics.distributions import t_quantile, t_tails
from ketameta.stats.numerics.sums import Floats

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


class PooledEffect(NamedTuple):
    """A pooled effect before its interval: `variance` is 1 / sum u, `scale` is Q / (k - 1)."""

    estimate: Floats
    variance: Floats
    scale: Floats
    tau2: Floats


class Adjustment(NamedTuple):
    """What a rule makes of a variance: its multiplier, its quantile of t, the rule applied."""

    factor: Floats
    df: Floats
    quantile: Floats
    rule: NDArray[np.str_]


def adjustment(rule: str, scale: Floats, df: Floats, tau2: Floats, level: float) -> Adjustment:
    """Return how a rule widens or narrows a variance at `tau2`; shapes (n,).

    `scale` is Q(tau2) / df, where df is k - 1, or k - p in a regression on p columns. wald leaves
    the variance and takes the normal. hksj multiplies it by `scale` and takes t with df degrees
    (Hartung 1999; Sidik & Jonkman 2002; Knapp & Hartung 2003); hksj-adhoc never by less than 1
    (Knapp & Hartung 2003). auto is hksj where tau2 > 0 and df > 1. Elsewhere the data say too
    little of the spread for `scale` to be trusted to narrow an interval, and auto is whichever of
    wald and hksj is wider at this level (Wiksten, Rücker & Schwarzer 2016; hybrid method 2 of
    Jackson and others 2017, who take the wider one always; compared by Veroniki and others
    2019). se, df and p are those of the rule applied.
    """
    n = df.size
    if rule == "wald":
        used = np.zeros(n, dtype=bool)
    elif rule != "auto":
        used = np.ones(n, dtype=bool)
    t, z = t_quantile(df, level), float(special.ndtri(0.5 + level / 2.0))
    if rule == "auto":
        used = ((tau2 > 0.0) & (df > 1.0)) | (np.sqrt(scale) * t > z)
    if rule == "hksj-adhoc":
        scale = np.maximum(scale, 1.0)
    name = "hksj-adhoc" if rule == "hksj-adhoc" else "hksj"
    return Adjustment(
        np.where(used, scale, 1.0),
        np.where(used, df, np.inf),
        np.where(used, t, z),
        np.where(used, name, "wald").astype(NAMES),
    )


def effect_interval(model: Any, fit: PooledEffect, rule: str, level: float) -> EffectInterval:
    """Return the interval of a pooled effect by a rule that keeps the estimate as it is."""
    by = adjustment(rule, fit.scale, model.df, fit.tau2, level)
    se = np.sqrt(by.factor * fit.variance)
    half = by.quantile * se
    with np.errstate(divide="ignore", invalid="ignore"):  # se is 0 where all effects are equal
        statistic = fit.estimate / se
    low, high = fit.estimate - half, fit.estimate + half
    return EffectInterval(se, statistic, by.df, t_tails(statistic, by.df), low, high, by.rule)
