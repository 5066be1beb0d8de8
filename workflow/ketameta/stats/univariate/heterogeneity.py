"""How much the true effects differ: tau2, I2 and H2 with their intervals, and Cochran's Q."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.numerics.checks import as_floats, as_level
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


class I2FromQ(NamedTuple):
    """I2 in per cent, with its limits, shapes (...)."""

    i2: Any
    low: Any
    high: Any


def i2_from_q(q: ArrayLike, df: ArrayLike, level: float = 0.95) -> I2FromQ:
    r"""Return I2 and its test-based interval from Cochran's Q alone.

    Parameters
    ----------
    q, df
        Q and its degrees of freedom k - 1, shapes (...) that broadcast.
    level
        Confidence level.

    Returns
    -------
    I2FromQ, per cent. Without a degree of freedom all is NaN; with one, the limits are where Q is
    2 or less.

    Raises
    ------
    ValueError
        For a level outside (0, 1), Q below 0 or not a number.

    Notes
    -----
    With H = sqrt(Q / df) the limits of log H are log H -+ z SE, where

    .. math:: SE = \frac{\log Q - \log df}{2 (\sqrt{2 Q} - \sqrt{2 df - 1})}
        \;\text{for}\; Q > k, \;\text{else}\;
        \sqrt{\frac{1}{2 (df - 1)} \Bigl(1 - \frac{1}{3 (df - 1)^2}\Bigr)}

    and I2 = 1 - 1 / H^2, 0 where H is below 1. The interval of `random_effects` is another: that
    of tau2, turned into a share.

    References
    ----------
    Higgins & Thompson (2002), Statistics in Medicine 21, 1539, appendix A2.

    Examples
    --------
    >>> from ketameta.stats import i2_from_q
    >>> [round(float(x), 1) for x in i2_from_q(9.95, 6)]
    [39.7, 0.0, 74.6]
    """
    level, q, df = as_level(level), as_floats("q", q), as_floats("df", df)
    if not (q >= 0).all():
        raise ValueError("q must be 0 or above")
    with np.errstate(divide="ignore", invalid="ignore"):
        log_h = np.log(q / df) / 2
        far = log_h / (np.sqrt(2 * q) - np.sqrt(2 * df - 1))
        near = np.sqrt((1 - 1 / (3 * (df - 1) ** 2)) / (2 * (df - 1)))
        half = special.ndtri(0.5 + level / 2) * np.where(q > df + 1, far, near)

        def share(log: Floats) -> Any:
            found = 100.0 * (1 - np.exp(-2 * np.maximum(log, 0.0)))
            return np.where(df > 0, found, np.nan)[()]

        return I2FromQ(share(log_h), share(log_h - half), share(log_h + half))
