"""How much the true effects differ: tau2, I2 and H2 with their intervals, and Cochran's Q."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ketameta.stats.numerics.distributions import chi2_quantile
from ketameta.stats.numerics.sums import Floats, Sums
from ketameta.stats.univariate.profile import tau2_profile
from ketameta.stats.univariate.tau2 import Tau2, solve_q

# Elements of a block up to which both limits are searched for at once: there calls are the cost.
# Of 20 studies, 1, 50, 200, 400, 1,000 fits take 0.62, 1.13, 1.62, 2.07, 3.50 ms at once and 0.71,
# 1.29, 1.72, 2.04, 2.81 ms one limit after the other.
BOTH_LIMITS_UP_TO = 8192
LIMITS = ("qprofile", "profile")


def spread_measures(
    model: Any, found: Tau2, at: Sums, method: str, limits: str | None, level: float
) -> dict[str, NDArray[Any]]:
    """Return tau2, i2, h2 with limits, the classical i2_q and h2_q, and Q with its test.

    I2 = 100 tau2 / (tau2 + s2) and H2 = 1 + tau2 / s2 with the typical variance
    s2 = (k - p) / tr P at tau2 = 0 (Higgins & Thompson 2002, eq. 9). Under EE tau2 is assumed,
    not estimated, and only Q can speak: i2 = 100 max(0, (Q - df) / Q), h2 = Q / df.
    """
    q, df = model.zero.q, model.df
    typical = df / model.zero.b
    t = found.value
    in_parts = np.zeros(t.size, bool)
    if limits == "qprofile":
        low, high = q_profile(model, t, at, level)
    elif limits == "profile":
        low, high, in_parts = tau2_profile(model, t, method, level)
    else:
        low = high = np.full(t.size, np.nan)
    h2_q = q / df
    i2_q = 100.0 * np.maximum(0.0, 1.0 - 1.0 / np.maximum(h2_q, 1.0))
    i2, h2 = (i2_q, h2_q) if method == "EE" else (_i2(t, typical), 1.0 + t / typical)
    return {
        "tau2": t,
        "tau2_low": low,
        "tau2_high": high,
        "i2": i2,
        "i2_low": _i2(low, typical),
        "i2_high": _i2(high, typical),
        "h2": h2,
        "h2_low": 1.0 + low / typical,
        "h2_high": 1.0 + high / typical,
        "i2_q": i2_q,
        "h2_q": h2_q,
        "q": q,
        "q_df": df,
        "q_p": special.chdtrc(df, q),
        "tau2_in_parts": in_parts,
    }


def _i2(tau2: Floats, typical: Floats) -> Floats:
    """Return the share of the variance that is between studies, per cent."""
    return 100.0 * tau2 / (tau2 + typical)


def q_profile(model: Any, tau2: Floats, at: Sums, level: float) -> tuple[Floats, Floats]:
    """Return the Q-profile interval of tau2 (Viechtbauer 2007, eq. 14).

    The tau2 at which Q(tau2) meets the upper and the lower chi-squared quantile on k - p
    degrees; 0 where Q(0) is already below. Q(tau2) falls, as the least of functions that fall, so
    that the interval is whole. Both limits 0: no tau2 is compatible with so little spread. The
    search starts from the estimate, where the sums are known.
    """
    tail = (1.0 - level) / 2.0
    targets = [chi2_quantile(model.df, p) for p in (tail, 1.0 - tail)]
    if model.v.size > BOTH_LIMITS_UP_TO:
        low, high = (solve_q(model, target, (tau2, at))[0] for target in targets)
        return low, high
    twice = np.tile(np.arange(tau2.size), 2)
    near = tau2[twice], Sums(*(x[twice] for x in at))
    low, high = solve_q(model.take(twice), np.concatenate(targets), near)[0].reshape(2, -1)
    return low, high
