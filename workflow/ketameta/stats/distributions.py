"""Quantiles and tails of t and chi-squared, for the few degrees of freedom that a batch has.

The degrees of freedom of analyses are numbers of studies. So a batch asks for a quantile, which
is an iteration, a handful of times, and its tail probabilities are finite sums (Abramowitz &
Stegun 1964, 26.4.4-5 and 26.7.3-4), which a whole batch adds up at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from math import pi, sqrt

import numpy as np
from scipy import special

from ketameta.stats.sums import Floats, Rows

MANY = 64  # numbers from which on the finite sums are faster, by measurement
LONGEST = 100  # degrees of freedom up to which they are
# Below this the sum for t, which is taken from 1, has lost too many digits: 1e-13 are left here.
SMALL = 1e-3
FAR = 600.0  # beyond, exp(-x) nears the smallest number while the tail may not


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
    if not _batch(df):
        return np.asarray(2.0 * special.stdtr(df, z))
    out = np.empty(z.shape)
    for some, whole in _by_degrees(df):
        out[some] = _t_sum(z[some], whole) if whole else 2.0 * special.stdtr(df[some], z[some])
    return out


def chi2_tail(q: Floats, df: Floats) -> Floats:
    """Return the probability that chi-squared exceeds q."""
    if not _batch(df):
        return np.asarray(special.chdtrc(df, q))
    out = np.empty(q.shape)
    for some, whole in _by_degrees(df):
        out[some] = _chi2_sum(q[some], whole) if whole else special.chdtrc(df[some], q[some])
    return out


def _batch(df: Floats) -> bool:
    """Return whether finite sums are worth a look: many numbers, and degrees not too many."""
    return df.ndim == 1 and df.size >= MANY and bool((df <= LONGEST).all())


def _by_degrees(df: Floats) -> Iterator[tuple[Rows | slice, int]]:
    """Part a batch by its degrees of freedom; 0 stands for any where no finite sum will do."""
    if (df == df[0]).all():
        yield (slice(None), _whole(df[0]))
        return
    for one in np.unique(df):
        some = np.flatnonzero(df == one)
        yield (some, _whole(one) if some.size >= MANY else 0)


def _whole(df: np.float64) -> int:
    """Return whole degrees of freedom, 0 for others."""
    return int(df) if df.is_integer() else 0


def _t_sum(z: Floats, df: int) -> Floats:
    """Return the two-sided p of t = z for whole degrees, one less the sum in cos^2 = df/(df + t^2).

    The terms have factors 1/2, 3/4, 5/6 ... for even degrees and 2/3, 4/5 ... for odd ones, which
    also have an arc tangent.
    """
    odd, terms = df % 2, df // 2
    with np.errstate(invalid="ignore", over="ignore"):  # of t infinite, where se is 0
        tt = z * z
        cos2 = df / (df + tt)
        total = np.full(z.shape, float(terms > 0))
        for j in range(2 * terms - 2, 0, -2):
            total *= cos2
            total *= (j - 1 + odd) / (j + odd)
            total += 1.0
        if odd:
            tan = np.abs(z) / sqrt(df)
            p = 1.0 - (np.arctan(tan) + tan * cos2 * total) * (2.0 / pi)
        else:
            p = 1.0 - np.sqrt(tt / (df + tt)) * total
    far = np.flatnonzero(~(p > SMALL))
    p[far] = 2.0 * special.stdtr(float(df), z[far])
    return p


def _chi2_sum(q: Floats, df: int) -> Floats:
    """Return the upper tail for whole degrees: exp(-x) sum x^j / j!, x = q/2, all terms positive.

    j runs over the whole numbers below df/2; for odd degrees over the halves, after erfc(sqrt x).
    """
    x = 0.5 * q
    j = 0.5 * (df % 2)
    if j:
        p, term = special.erfc(np.sqrt(x)), np.sqrt(x) * np.exp(-x) * (2.0 / sqrt(pi))
    else:
        p, term = np.zeros(x.shape), np.exp(-x)
    while j < 0.5 * df:
        p += term
        j += 1.0
        term *= x
        term /= j
    far = np.flatnonzero(~(x < FAR))
    p[far] = special.chdtrc(float(df), q[far])
    return p
