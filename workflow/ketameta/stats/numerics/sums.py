"""The sums that all estimators of tau2 are equations in, of many analyses at once.

With weights u_i = 1 / (v_i + t) and P = U - U 1 1'U / sum u these are y'Py (the generalised Q),
y'PPy, y'PPPy, tr P and tr PP. The first study is the most precise one of its analysis and effects
are measured from it (y_1 = 0): it alone can swamp the others, and with it apart no difference
loses its leading digits. Two consequences are used: y'Py = sum y u (y - mean) has at most k times
the rounding of the sum of squares, as u_1 mean^2 is part of that; and y'PPPy is the weighted
variance of e = Py, measured from e_1.

A sum has the same bits whatever analyses stand beside it, none included: `over_studies` and
`at_least_two` see to that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


class Sums(NamedTuple):
    """What the weights at one t say; each of shape (n,).

    Twice the score in t is a - b. `b` is tr P for the restricted likelihood and sum u for the
    full one; `d` = -b' is tr PP or sum u^2; `c` = y'PPPy = -a'/2; `q` = y'Py.
    """

    mean: Floats
    total: Floats
    q: Floats
    a: Floats
    b: Floats
    c: Floats
    d: Floats


def at_least_two(x: Floats) -> Floats:
    """Return arrays (k, n) as they are, a lone analysis with a copy of itself beside it.

    NumPy adds up one column in another order than several (pairwise, and in einsum by fours).
    """
    return x.repeat(2, axis=1) if x.shape[1] == 1 else x


def over_studies(x: Floats) -> Floats:
    """Return the sums over the studies of (k, n), added up one after the other."""
    added: Floats = np.add.reduce(at_least_two(x), axis=0)
    return added[: x.shape[1]]


def sums(y: Floats, v: Floats, t: Floats, restricted: bool) -> Sums:
    """Return the sums of analyses (k, n) at t."""
    dot, n = np.einsum, t.size
    y, v = at_least_two(y), at_least_two(v)
    u = v + t
    np.divide(1.0, u, out=u)
    first, others = u[0], u[1:]
    s1 = np.add.reduce(others, 0)
    total = first + s1
    mean = dot("ij,ij->j", u, y) / total
    e = y - mean
    e *= u
    q = dot("ij,ij->j", e, y)
    a = dot("ij,ij->j", e, e)
    e -= e[0].copy()
    drift = dot("ij,ij->j", u, e)
    c = dot("ij,ij,ij->j", u, e, e) - drift * drift / total
    s2 = dot("ij,ij->j", others, others)
    if restricted:
        s3 = dot("ij,ij,ij->j", others, others, others)
        parts = (mean, total, q, a, *_traces(first, total, s1, s2, s3, c))
    else:
        parts = (mean, total, q, a, total, c, s2 + first * first)
    return Sums(*(x[:n] for x in parts))


def _traces(
    first: Floats, total: Floats, s1: Floats, s2: Floats, s3: Floats, c: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return tr P, c and tr PP from the power sums S1, S2, S3 of all weights but the first.

    tr P = (S1 (2 u1 + S1) - S2) / W, and tr PP = sum P_ij^2 =
    [W^2 S2 - 2 W S3 + S2^2 + u1^2 (2 S2 + S1^2)] / W^2.
    """
    share, rest = first / total, s2 / total
    both = share * s1
    b = (s1 * (2.0 * first + s1) - s2) / total
    d = s2 * (1.0 + 2.0 * share * share) + both * both + rest * rest - 2.0 * s3 / total
    return b, c, d


def q_and_slope(y: Floats, v: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Return y'Py, the generalised Q of analyses (k, n) at t, and y'PPy, minus its derivative."""
    dot, n = np.einsum, t.size
    y, v = at_least_two(y), at_least_two(v)
    u = v + t
    np.divide(1.0, u, out=u)
    e = y - dot("ij,ij->j", u, y) / np.add.reduce(u, 0)
    e *= u
    return dot("ij,ij->j", e, y)[:n], dot("ij,ij->j", e, e)[:n]
