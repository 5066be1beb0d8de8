"""Quantiles and tails of t and chi-squared, for the few degrees of freedom that a batch has.

The degrees of freedom of analyses are numbers of studies. So a batch asks for a quantile, which
is an iteration, a handful of times, and its tail probabilities are finite sums (Abramowitz &
Stegun 1964, 26.4.4-5 and 26.7.3-4), which a whole batch adds up at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import pi, sqrt
from typing import Any

import numpy as np
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
        tail: Floats = special.stdtr(np.where(normal, 1.0, df), z)
        return 2.0 * np.where(normal, special.ndtr(z), tail)
    if not _summable(df):
        return np.asarray(2.0 * special.stdtr(df, z))
    p = _t_sum(z, df)
    far = np.flatnonzero(~(p > SMALL))
    p[far] = 2.0 * special.stdtr(df[far], z[far])
    return p


def chi2_tail(q: Floats, df: Floats) -> Floats:
    """Return the probability that chi-squared exceeds q."""
    if not _summable(df):
        return np.asarray(special.chdtrc(df, q))
    p = _chi2_sum(0.5 * q, df)
    far = np.flatnonzero(~(q < FAR))
    p[far] = special.chdtrc(df[far], q[far])
    return p


def _summable(df: Floats) -> bool:
    """Return whether this is a batch of whole degrees of freedom, none of them long to add up."""
    return df.ndim == 1 and df.size > 1 and bool((df <= LONGEST).all() and (df % 1.0 == 0.0).all())


def _degrees(df: Floats) -> tuple[Any, Any]:
    """Return the halves of the degrees of freedom, and their rest: numbers where all are equal."""
    if (df == df[0]).all():
        return divmod(int(df[0]), 2)
    return np.divmod(df.astype(np.intp), 2)


def _t_sum(z: Floats, df: Floats) -> Floats:
    """Return the two-sided p of t = z: one less a sum in powers of cos^2 = df / (df + t^2).

    Its terms have factors 1/2, 3/4, 5/6 ... for even degrees and 2/3, 4/5 ... for odd ones, which
    also have an arc tangent; it is added up from its last term, and each number joins at its own.
    """
    terms, odd = _degrees(df)
    least = 2 * np.min(terms)
    with np.errstate(invalid="ignore", over="ignore"):  # of t infinite, where se is 0
        tt = z * z
        cos2 = df / (df + tt)
        total = np.minimum(terms, np.ones(z.shape))
        for j in range(2 * int(np.max(terms)) - 2, 0, -2):
            more = total * cos2
            more *= (j - 1 + odd) / (j + odd)
            more += 1.0
            total = more if j < least else np.where(j < 2 * terms, more, total)
        even: Floats = 1.0 - np.sqrt(tt / (df + tt)) * total
        if not np.any(odd):
            return even
        tan = np.sqrt(tt / df)
        either: Floats = np.where(
            odd, 1.0 - (np.arctan(tan) + tan * cos2 * total) * (2.0 / pi), even
        )
        return either


def _chi2_sum(x: Floats, df: Floats) -> Floats:
    """Return the upper tail at q = 2x: exp(-x) sum x^j / j!, all terms positive.

    j runs over the whole numbers below df/2; for odd degrees over the halves, after erfc(sqrt x).
    """
    terms, odd = _degrees(df)
    least = np.min(terms)
    term, p = np.exp(-x), np.zeros(x.shape)
    if np.any(odd):
        root = np.sqrt(x)
        p = np.where(odd, special.erfc(root), p)
        term = np.where(odd, term * root * (2.0 / sqrt(pi)), term)
    for j in range(int(np.max(terms))):
        p = p + term if j < least else np.where(j < terms, p + term, p)
        term = term * x
        term /= j + 1.0 + 0.5 * odd
    return p
