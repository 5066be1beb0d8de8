"""The weighted mean of a block of analyses, as every heterogeneity estimator needs it.

With weights u_i = 1 / (v_i + t) and P = U - U 1 (1'U1)^-1 1'U, all estimators of tau2 are
equations in a few sums: y'Py (the generalised Q), y'PPy, y'PPPy, tr P, tr PP. Studies lie on
the leading axis, analyses on the last, so that every sum runs along contiguous memory.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class MeanModel:
    """Common mean of n analyses of at most k studies each.

    Attributes
    ----------
    y, v : shape (k, n)
        Effects and variances of each analysis, its most precise study first and the effects
        measured from that one; an absent study has y = 0 and v = inf, and so weight 0.
    count : shape (n,)
        Studies present, at least 2.
    origin : shape (n,)
        Effect of the most precise study, to be added to a mean.

    Notes
    -----
    The most precise study is set apart because it is the only one whose weight can swamp the
    others: W - u_i then cancels for that study alone, and is taken as the sum of the others.
    Variances that span twelve orders of magnitude so keep full relative precision.
    """

    p = 1

    def __init__(self, y: Floats, v: Floats, count: Floats, origin: Floats) -> None:
        self.y, self.v, self.count, self.origin = y, v, count, origin

    @classmethod
    def of(cls, yi: Floats, vi: Floats) -> MeanModel:
        """Arrange analyses of shape (n, k), NaN for absent, at least one study in each."""
        absent = np.isnan(vi).T
        y = np.where(absent, 0.0, yi.T)
        v = np.where(absent, np.inf, vi.T)
        count = (v.shape[0] - absent.sum(axis=0)).astype(np.float64)
        best = v.argmin(axis=0)
        column = np.arange(v.shape[1])
        origin = y[best, column]
        y -= origin
        y[absent] = 0.0
        for x in (y, v):
            x[best, column], x[0] = x[0].copy(), x[best, column]
        return cls(y, v, count, origin)

    @property
    def df(self) -> Floats:
        """Residual degrees of freedom, k - 1."""
        return self.count - self.p

    def take(self, rows: NDArray[np.intp]) -> MeanModel:
        """Return the model of some of the analyses (or of one several times)."""
        return MeanModel(self.y[:, rows], self.v[:, rows], self.count[rows], self.origin[rows])

    def _weights(self, t: Floats) -> tuple[Floats, Floats, Floats]:
        """Return u, its sum without the first study, and its sum; t of shape (..., n)."""
        u = 1.0 / (_beside(self.v, t) + t)
        rest = u[1:].sum(axis=0)
        return u, rest, rest + u[0]

    def _residuals(self, u: Floats, total: Floats) -> tuple[Floats, Floats]:
        """Return the mean (from the origin) and y minus it."""
        y = _beside(self.y, total)
        mean = (u * y).sum(axis=0) / total
        return mean, y - mean

    def q(self, t: Floats) -> tuple[Floats, Floats]:
        """Return y'Py, the generalised Q at t, and y'PPy, minus its derivative."""
        u, _, total = self._weights(t)
        _, r = self._residuals(u, total)
        e = u * r
        return (e * r).sum(axis=0), (e * e).sum(axis=0)

    def score(self, t: Floats, restricted: bool) -> tuple[Floats, Floats]:
        """Return y'PPy and tr P (tr U for the full likelihood): twice the score is a - b."""
        u, rest, total = self._weights(t)
        _, r = self._residuals(u, total)
        e = u * r
        a = (e * e).sum(axis=0)
        if not restricted:
            return a, total
        square = np.square(u[1:]).sum(axis=0)
        return a, (rest * (2.0 * u[0] + rest) - square) / total

    def slope(self, t: Floats, restricted: bool) -> tuple[Floats, Floats, Floats, Floats]:
        """Return a, b as `score`, then -a'/2 = y'PPPy and -b' = tr PP (or tr UU).

        With the first study apart no difference below loses its leading digits: y'PPPy is
        the weighted variance of e = Py, measured from e_1; tr PP is
        sum P_ij^2 = [W^2 S2 - 2 W S3 + S2^2 + u1^2 (2 S2 + S1^2)] / W^2 with S the power sums
        of the other weights.
        """
        add = np.add.reduce
        u = self.v + t
        np.divide(1.0, u, out=u)
        first, others = u[0], u[1:]
        rest = add(others, 0)
        total = rest + first
        e = u * self.y
        np.subtract(self.y, add(e, 0) / total, out=e)
        e *= u
        work = e * e
        a = add(work, 0)
        e -= e[0].copy()
        np.multiply(u, e, out=work)
        mean = add(work, 0)
        work *= e
        c = add(work, 0) - mean * mean / total
        np.multiply(u, u, out=work)
        s2 = add(work[1:], 0)
        if not restricted:
            return a, total, c, s2 + first * first
        work *= u
        s3 = add(work[1:], 0)
        b = (rest * (2.0 * first + rest) - s2) / total
        first_squared = first * first
        d = total * (total * s2 - 2.0 * s3) + s2 * s2 + first_squared * (2.0 * s2 + rest * rest)
        return a, b, c, d / (total * total)

    def mean(self, t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return u, the pooled mean, its Wald variance 1 / sum u, and y'Py."""
        u, _, total = self._weights(t)
        mean, r = self._residuals(u, total)
        return u, mean + self.origin, 1.0 / total, (u * r * r).sum(axis=0)

    def moments(self, a: Floats, t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return y'Ay, tr AV, tr A and tr (A S)^2 for the projection A with weights a.

        A = diag(a) - a a' / sum a, S = V + t I. `a` has shape (k, n) and is 0 for an absent
        study. These four make every moment estimator of tau2 and its standard error
        (DerSimonian & Kacker 2007, eq. 4 and 6).
        """
        total = a.sum(axis=0)
        mean = (a * self.y).sum(axis=0) / total
        r = self.y - mean
        share = a / total
        v = np.where(a > 0, self.v, 0.0)
        s = v + t
        other = a * (1.0 - share)
        cross = (a * share * s).sum(axis=0)
        squares = (a * s) ** 2
        spread = (squares * (1.0 - 2.0 * share)).sum(axis=0) + cross**2
        return (a * r * r).sum(axis=0), (other * v).sum(axis=0), other.sum(axis=0), spread

    def total_spread(self) -> tuple[Floats, Floats]:
        """Return the unweighted residual and total sums of squares about the mean."""
        here = np.isfinite(self.v)
        r = np.where(here, self.y - self.y.sum(axis=0) / self.count, 0.0)
        ss = (r * r).sum(axis=0)
        return ss, ss

    def spread_of_v(self) -> tuple[Floats, Floats, Floats]:
        """Return the smallest, the largest and the mean variance of each analysis."""
        v = np.where(np.isfinite(self.v), self.v, 0.0)
        return self.v[0], v.max(axis=0), v.sum(axis=0) / self.count

    def log_likelihood(self, t: Floats, restricted: bool) -> Floats:
        """Return the (restricted) log-likelihood at t, its mean profiled out.

        Full: -k/2 log 2pi - 1/2 sum log(v+t) - 1/2 y'Py. Restricted (Harville 1974): k-1 for
        k, and + 1/2 log k - 1/2 log sum u.
        """
        s = np.where(np.isfinite(self.v), self.v + t, 1.0)
        _, _, variance, q = self.mean(t)
        dims = self.df if restricted else self.count
        value = dims * np.log(2.0 * np.pi) + np.log(s).sum(axis=0) + q
        if restricted:
            value -= np.log(self.count) + np.log(variance)
        return -0.5 * value


def _beside(x: Floats, t: Floats) -> Floats:
    """Return x of shape (k, n) as (k, 1, n) where t is a grid of shape (g, n)."""
    return x if t.ndim == 1 else x[:, None, :]
