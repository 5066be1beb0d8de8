"""Prediction intervals: where the true effect of a new study may lie."""

from __future__ import annotations

import numpy as np

from ketameta.stats.numerics.distributions import t_quantile
from ketameta.stats.numerics.sums import Floats

# by each rule, what the degrees of freedom of t fall short of the studies
LOST = {"k-1": 1.0, "k-2": 2.0, "normal": -np.inf, "hksj": 1.0, "k-1-wald": 1.0, "k-2-wald": 2.0}
RULES = tuple(LOST)


def prediction_interval(
    estimate: Floats, se: Floats, tau2: Floats, count: Floats, *, rule: str, level: float
) -> tuple[Floats, Floats]:
    """Return estimate -+ c sqrt(tau2 + se^2).

    ``k-1`` and ``k-2``: c from t with that many degrees (Higgins, Thompson & Spiegelhalter
    2009 with k-2); ``normal``: c from the normal; all three with the standard error of the
    interval in use. ``hksj``: t with k-1, and the caller hands in the HKSJ standard error,
    whatever the interval in use (Partlett & Riley 2017). ``k-1-wald`` and ``k-2-wald``: as k-1
    and k-2, and the caller hands in the Wald standard error whatever the interval in use, as R's
    meta does (Veroniki and others 2019; Higgins and others 2009). NaN where the degrees of
    freedom are below 1 or tau2 is NaN.
    """
    df = count - LOST[rule]
    df = np.where(df >= 1.0, df, np.nan)
    half = t_quantile(df, level) * np.sqrt(tau2 + se * se)
    return estimate - half, estimate + half
