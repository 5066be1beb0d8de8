"""Intervals: of the pooled effect, and of tau2 by Q-profile."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ketameta.stats.tau2 import solve_q

Floats = NDArray[np.float64]

RULES = ("wald", "hksj", "hksj-adhoc", "auto")


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
    # Few distinct degrees of freedom occur in a batch, and stdtrit is an iteration.
    known, back = np.unique(df, return_inverse=True)
    upper = 0.5 + level / 2.0
    table = np.where(np.isinf(known), special.ndtri(upper), special.stdtrit(known, upper))
    return table[back].reshape(df.shape)


def t_tails(statistic: Floats, df: Floats) -> Floats:
    """Return the two-sided p of a t statistic, normal where df is infinite."""
    z = -np.abs(statistic)
    normal = np.isinf(df)
    p = np.where(normal, special.ndtr(z), special.stdtr(np.where(normal, 1.0, df), z))
    return 2.0 * p


def effect_interval(
    model: Any, tau2: Floats, estimate: Floats, variance: Floats, q: Floats, rule: str, level: float
) -> EffectInterval:
    """Return the interval of a pooled effect by wald, hksj, hksj-adhoc or auto.

    `variance` is 1 / sum u and `q` the generalised Q, both at tau2. HKSJ multiplies the
    variance by q / (k - 1) and takes t with k - 1 degrees (Hartung 1999; Sidik & Jonkman 2002);
    hksj-adhoc never by less than 1 (Knapp & Hartung 2003); auto is hksj where tau2 > 0 and
    k > 2, else wald.
    """
    n = estimate.size
    if rule == "auto":
        adjusted = (tau2 > 0) & (model.count > 2)
    else:
        adjusted = np.full(n, rule != "wald")
    scale = q / model.df
    if rule == "hksj-adhoc":
        scale = np.maximum(scale, 1.0)
    se = np.sqrt(np.where(adjusted, scale, 1.0) * variance)
    df = np.where(adjusted, model.df, np.inf)
    named = np.where(adjusted, "hksj-adhoc" if rule == "hksj-adhoc" else "hksj", "wald")
    half = t_quantile(df, level) * se
    with np.errstate(divide="ignore", invalid="ignore"):  # se is 0 where all effects are equal
        statistic = estimate / se
    return EffectInterval(
        se, statistic, df, t_tails(statistic, df), estimate - half, estimate + half, named
    )


def q_profile(model: Any, level: float) -> tuple[Floats, Floats]:
    """Return the Q-profile interval of tau2 (Viechtbauer 2007, eq. 14).

    The tau2 at which Q(tau2) meets the upper and the lower chi-squared quantile on k - p
    degrees; 0 where Q(0) is already below. Both limits 0: no tau2 is compatible with so little
    spread.
    """
    tail = (1.0 - level) / 2.0
    low, _ = solve_q(model, special.chdtri(model.df, tail))
    high, _ = solve_q(model, special.chdtri(model.df, 1.0 - tail))
    return low, high
