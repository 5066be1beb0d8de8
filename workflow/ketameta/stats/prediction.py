"""Prediction intervals: where the true effect of a new study may lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketameta.stats.intervals import t_quantile

Floats = NDArray[np.float64]

RULES = ("k-1", "k-2", "normal", "hksj")


def prediction_interval(
    estimate: Floats,
    se: Floats,
    hksj_se: Floats,
    tau2: Floats,
    count: Floats,
    rule: str,
    level: float,
) -> tuple[Floats, Floats]:
    """Return estimate -+ c sqrt(tau2 + se^2).

    ``k-1`` and ``k-2``: c from t with that many degrees and the standard error of the
    interval in use (Higgins, Thompson & Spiegelhalter 2009 with k-2); ``normal``: c from the
    normal; ``hksj``: t with k-1 and the HKSJ standard error whatever the interval (Partlett &
    Riley 2017). NaN where the degrees of freedom are below 1 or tau2 is NaN.
    """
    lost = {"k-1": 1.0, "k-2": 2.0, "normal": 0.0, "hksj": 1.0}[rule]
    df = np.full(count.shape, np.inf) if rule == "normal" else count - lost
    enough = df >= 1.0
    c = np.where(enough, t_quantile(np.where(enough, df, 1.0), level), np.nan)
    half = c * np.sqrt(tau2 + (hksj_se if rule == "hksj" else se) ** 2)
    return estimate - half, estimate + half
