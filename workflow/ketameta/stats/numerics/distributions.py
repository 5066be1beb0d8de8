"""Quantiles and tails of t and chi-squared by SciPy.

Degrees of freedom are numbers of studies, so that a batch has few different ones: its quantiles,
which are iterations, are found once for each.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from ketameta.stats.numerics.sums import Floats


def _once_each(quantile: Callable[[Floats], Floats], df: Floats) -> Floats:
    if df.size and (df == df.flat[0]).all():
        return np.full(df.shape, quantile(df.ravel()[:1]))
    known, back = np.unique(df, return_inverse=True)
    return quantile(known)[back].reshape(df.shape)


def t_quantile(df: Floats, level: float) -> Floats:
    """Return the two-sided quantile of t, of the normal where df is infinite."""
    upper = 0.5 + level / 2.0
    normal = special.ndtri(upper)
    return _once_each(lambda x: np.where(np.isinf(x), normal, special.stdtrit(x, upper)), df)


def t_tails(statistic: Floats, df: Floats) -> Floats:
    """Return the two-sided p of a t statistic, normal where df is infinite."""
    z = -np.abs(statistic)
    tail: Floats = np.where(np.isinf(df), special.ndtr(z), special.stdtr(df, z))
    return 2.0 * tail


def chi2_quantile(df: Floats, tail: float) -> Floats:
    """Return the quantile of chi-squared that leaves `tail` above it."""
    return _once_each(lambda x: special.chdtri(x, tail), df)
