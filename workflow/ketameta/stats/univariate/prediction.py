"""Prediction intervals: where the true effect of a new study may lie."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ketameta.stats.numerics.distributions import t_quantile
from ketameta.stats.numerics.sums import Floats


class Rule(NamedTuple):
    """What the degrees of freedom of t fall short of the studies, and whose standard error it is.

    An infinite shortfall below 0 is the normal; the error of the interval in use is "".
    """

    lost: float
    error: str = ""


RULES = {
    "k-1": Rule(1.0),
    "k-2": Rule(2.0),
    "normal": Rule(-np.inf),
    "hksj": Rule(1.0, "hksj"),
    "hksj-k-2": Rule(2.0, "hksj"),
    "k-1-wald": Rule(1.0, "wald"),
    "k-2-wald": Rule(2.0, "wald"),
    "normal-wald": Rule(-np.inf, "wald"),
}


def prediction_interval(
    estimate: Floats, se: Floats, tau2: Floats, count: Floats, *, rule: str, level: float
) -> tuple[Floats, Floats]:
    """Return estimate -+ c sqrt(tau2 + se^2), `se` being what `prediction_error` returns.

    ``k-1``, ``k-2``, ``normal``: c from t with that many degrees, or from the normal, with the
    standard error of the interval in use (metafor's predict, with pi.type t, Riley, and by
    default under test="z"). The others take that of their name whatever the interval in use:
    ``k-2-wald``, HTS (Higgins, Thompson & Spiegelhalter 2009); ``k-1-wald``, V (Veroniki and
    others 2019); ``normal-wald``, S (Skipka 2006); ``hksj``, HK, t with k-1 (IntHout and others
    2016); ``hksj-k-2``, HK-PR (Partlett & Riley 2017): the letters are those of R's meta, whose
    method.predict they are. NaN where the degrees of freedom are below 1 or tau2 is NaN.
    """
    df = count - RULES[rule].lost
    df = np.where(df >= 1.0, df, np.nan)
    half = t_quantile(df, level) * np.sqrt(tau2 + se * se)
    return estimate - half, estimate + half


def prediction_error(rule: str, se: Floats, wald: Floats, scale: Floats) -> Floats:
    """Return the standard error that a rule takes.

    Of `se`, that of the interval in use, and `wald`, whose square times `scale` is HKSJ's.
    """
    own = RULES[rule].error
    if not own:
        return se
    return wald if own == "wald" else np.sqrt(scale) * wald
