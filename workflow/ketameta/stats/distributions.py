"""Quantiles and tails of t and chi-squared, for the few degrees of freedom that a batch has.

The degrees of freedom of analyses are numbers of studies. So a batch asks for a quantile, which
is an iteration, a handful of times, and its tail probabilities are finite sums (Abramowitz &
Stegun 1964, 26.4.4-5 and 26.7.3-4), which a whole batch adds up at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ketameta.stats.sums import Floats

LONGEST = 100  # degrees of freedom up to which finite sums are faster, by measurement
# Below this the sum for t, which is taken from 1, has lost too many digits: 1e-13 are left here.
SMALL = 1e-3
FAR = 1200.0  # beyond, exp(-q/2) nears the smallest number while the tail may not


@lru_cache(maxsize=4096)
def _t_point(df: float, upper: float) -> float:
    """Return the quantile of t, of the normal where df is infinite, NaN where it is NaN."""
    if np.isinf(df):
        return float(special.ndtri(upper))
    return float(special.stdtrit(df, upper)) if df == df else np.nan  # noqa: PLR0124


@lru_cache(maxsize=4096)
def _chi2_point(df: float, tail: float) -> float:
    """Return the quantile of chi-squared that leaves `tail` above it."""
    return float(special.chdtri(df, tail))


def _at_each(point: Callable[[float], float], df: Floats) -> Floats:
    """Return point(df), called once for each number that occurs."""
    if df.size and (df.size == 1 or (df == df.flat[0]).all()):
        return np.full(df.shape, point(df.flat[0].item()))
    known, back = np.unique(df, return_inverse=True)
    return np.array([point(x) for x in known.tolist()], dtype=float)[back].reshape(df.shape)


def t_quantile(df: Floats, level: float) -> Floats:
    """Return the two-sided quantile of t, of the normal where df is infinite."""
    return _at_each(lambda x: _t_point(x, 0.5 + level / 2.0), df)


def chi2_quantile(df: Floats, tail: float) -> Floats:
    """Return the quantile of chi-squared that leaves `tail` above it."""
    return _at_each(lambda x: _chi2_point(x, tail), df)


def t_tails(statistic: Floats, df: Floats) -> Floats:
    """Return the two-sided p of a t statistic, normal where df is infinite."""
    z = -np.abs(statistic)
    normal = np.isinf(df)
    if normal.all():
        return np.asarray(2.0 * special.ndtr(z))
    if normal.any():
        return 2.0 * np.where(normal, special.ndtr(z), special.stdtr(np.where(normal, 1.0, df), z))
    if not _summable(df):
        return np.asarray(2.0 * special.stdtr(df, z))
    p = _t_sum(z, _degrees(df))
    far = np.flatnonzero(~(p > SMALL))
    p[far] = 2.0 * special.stdtr(df[far], z[far])
    return p


def chi2_tail(q: Floats, df: Floats) -> Floats:
    """Return the probability that chi-squared exceeds q."""
    if not _summable(df):
        return np.asarray(special.chdtrc(df, q))
    p = _chi2_sum(0.5 * q, _degrees(df))
    far = np.flatnonzero(~(q < FAR))
    p[far] = special.chdtrc(df[far], q[far])
    return p


def _summable(df: Floats) -> bool:
    """Return whether this is a batch of whole degrees of freedom, none of them long to add up."""
    return df.ndim == 1 and df.size > 1 and bool((df <= LONGEST).all() and (df % 1.0 == 0.0).all())


def _degrees(df: Floats) -> NDArray[np.intp]:
    """Return the degrees of freedom as whole numbers, a single one where all are equal."""
    return (df[:1] if (df == df[0]).all() else df).astype(np.intp)


def _t_sum(z: Floats, df: NDArray[np.intp]) -> Floats:
    """Return the two-sided p of t = z: one less a sum in powers of cos^2 = df / (df + t^2).

    Its terms have factors 1/2, 3/4, 5/6 ... for even degrees and 2/3, 4/5 ... for odd ones, which
    also have an arc tangent; it is added up from its last term, of which each has its own.
    """
    odd, terms = df % 2, df // 2
    with np.errstate(invalid="ignore", over="ignore"):  # of t infinite, where se is 0
        tt = z * z
        cos2 = df / (df + tt)
        total = np.where(terms > 0, 1.0, 0.0) + np.zeros(z.shape)
        for j in range(2 * int(terms.max()) - 2, 0, -2):
            more = total * cos2
            more *= (j - 1 + odd) / (j + odd)
            more += 1.0
            total = more if (j < 2 * terms).all() else np.where(j < 2 * terms, more, total)
        p = np.empty(0)
        if not odd.all():
            p = 1.0 - np.sqrt(tt / (df + tt)) * total
        if odd.any():
            tan = np.sqrt(tt / df)
            other = 1.0 - (np.arctan(tan) + tan * cos2 * total) * (2.0 / pi)
            p = np.where(odd, other, p) if p.size else other
    return p


def _chi2_sum(x: Floats, df: NDArray[np.intp]) -> Floats:
    """Return the upper tail at q = 2x: exp(-x) sum x^j / j!, all terms positive.

    j runs over the whole numbers below df/2; for odd degrees over the halves, after erfc(sqrt x).
    """
    odd = df % 2
    term, p = np.exp(-x), np.zeros(x.shape)
    if odd.any():
        root = np.sqrt(x)
        p = np.where(odd, special.erfc(root), p)
        term = np.where(odd, term * root * (2.0 / sqrt(pi)), term)
    j = 0.5 * odd
    for _ in range(int(df.max() + 1) // 2):
        p = p + term if (j < 0.5 * df).all() else np.where(j < 0.5 * df, p + term, p)
        j = j + 1.0
        term = term * x
        term /= j
    return p
