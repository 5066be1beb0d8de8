"""Effects that depend on each other, fitted once more: `ketameta.stats` has no part in it.

y ~ N(X beta, V + sum_m s_m Z_m Z_m'), V the sampling covariance. The variances s are the root of
the restricted score, by Newton steps with the observed information where that is positive, else
with the expected one, and 0 where the score there is not above 0 (Harville 1977, J Am Stat Assoc
72:320). Coefficients come from the generalised least squares of statsmodels.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BY_GLS = "GLS"
BY_SCORE = "root of the restricted score"
BY_CR2 = "CR2, written out"
_STEPS, _HALVES = 200, 40


def members(labels: Sequence[Hashable]) -> Floats:
    """Return a column of 0 and 1 for each label, shape (k, labels)."""
    codes = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    return np.eye(len(codes))[[codes[label] for label in labels]]


@dataclass(frozen=True)
class Nested:
    """A fit: variances, the whole covariance, Q of V alone, coefficients and their covariance."""

    variances: Floats
    log_likelihood: float
    covariance: Floats
    q: float
    beta: Floats
    bread: Floats
    se: Floats


def nested(y: Floats, x: Floats, v: Floats, patterns: Sequence[Floats]) -> Nested:
    """Return the fit of effects (k,) on columns (k, p), with sampling covariance (k, k).

    `patterns` are Z of each variance, (k, units).
    """
    from statsmodels.regression.linear_model import GLS

    problem = _Problem(y, x, v, patterns)
    s = problem.highest()
    whole = problem.whole(s)
    fitted = GLS(y, x, sigma=whole).fit()
    left = y - x @ GLS(y, x, sigma=v).fit().params
    return Nested(
        variances=s,
        log_likelihood=problem.at(s)[0],
        covariance=whole,
        q=float(left @ np.linalg.solve(v, left)),
        beta=fitted.params,
        bread=fitted.normalized_cov_params,
        se=np.sqrt(np.diag(fitted.normalized_cov_params)),
    )


def extra(y: Floats, fewer: Floats, more: Floats, covariance: Floats) -> float:
    """Return how far Q falls where more columns are taken, with one covariance."""
    from statsmodels.regression.linear_model import GLS

    fits = [GLS(y, x, sigma=covariance).fit() for x in (fewer, more)]
    left = [y - x @ fit.params for x, fit in zip((fewer, more), fits, strict=True)]
    q = [float(one @ np.linalg.solve(covariance, one)) for one in left]
    return max(0.0, q[0] - q[1])


def _projection(x: Floats, whole: Floats) -> tuple[Floats, float, float]:
    """Return P = W - WX(X'WX)⁻¹X'W, log |whole| and log |X'WX|."""
    w = np.asarray(np.linalg.inv(whole), float)
    wx = w @ x
    cross = x.T @ wx
    p = np.asarray(w - wx @ np.linalg.solve(cross, wx.T), float)
    return p, float(np.linalg.slogdet(whole)[1]), float(np.linalg.slogdet(cross)[1])


@dataclass(frozen=True)
class _Problem:
    """What is fitted, and its restricted log-likelihood, that of error contrasts of length 1."""

    y: Floats
    x: Floats
    v: Floats
    patterns: Sequence[Floats]

    def whole(self, s: Floats) -> Floats:
        """Return the covariance under variances s."""
        between = (g * z @ z.T for g, z in zip(s, self.patterns, strict=True))
        return np.asarray(self.v + sum(between))

    def at(self, s: Floats) -> tuple[float, Floats]:
        """Return the log-likelihood under variances s, and P."""
        p, size, cross = _projection(self.x, self.whole(s))
        free = len(self.y) - self.x.shape[1]
        lost = float(np.linalg.slogdet(self.x.T @ self.x)[1])
        deviance = free * np.log(2 * np.pi) + size + cross - lost + self.y @ p @ self.y
        return float(-deviance / 2), p

    def highest(self) -> Floats:
        """Return the variances of the highest likelihood, from several starts."""
        size = float(np.var(self.y)) + float(np.mean(np.diag(self.v)))
        m = len(self.patterns)
        starts = [np.zeros(m), *(size * row for row in np.eye(m)), np.full(m, size / m)]
        return max((self._climb(start) for start in starts), key=lambda s: self.at(s)[0])

    def _climb(self, s: Floats) -> Floats:
        """Step to where the score is 0, or below 0 at a variance of 0, never downhill."""
        now, p = self.at(s)
        for _ in range(_STEPS):
            step = self._step(s, p)
            for _ in range(_HALVES):
                after = np.maximum(s + step, 0.0)
                then, p = self.at(after)
                if then >= now - 1e-12 * abs(now):
                    break
                step = step / 2
            far = np.abs(after - s).max()
            s, now = after, then
            if far <= 1e-11 * (s.max() + np.diag(self.v).min()):
                break
        return s

    def _step(self, s: Floats, p: Floats) -> Floats:
        """Return Newton's step of the variances that are free to move."""
        py = p @ self.y
        through = [z.T @ py for z in self.patterns]
        between = [[a.T @ p @ b for b in self.patterns] for a in self.patterns]
        traces = np.array([np.trace(row[i]) for i, row in enumerate(between)])
        score = np.array([a @ a for a in through]) - traces
        expected = np.array([[(cell**2).sum() for cell in row] for row in between])
        bent = np.array(
            [[a @ between[i][j] @ b for j, b in enumerate(through)] for i, a in enumerate(through)]
        )
        free = (s > 0) | (score > 0)
        step = np.zeros_like(s)
        if free.any():
            observed = (2 * bent - expected)[np.ix_(free, free)]
            good = np.linalg.eigvalsh(observed)[0] > 0
            information = observed if good else expected[np.ix_(free, free)]
            step[free] = np.linalg.solve(information, score[free])
        return step


def robust(
    y: Floats,
    x: Floats,
    covariance: Floats,
    cluster: Sequence[Hashable],
    contrasts: Floats,
    *,
    reduced: bool = True,
) -> tuple[Floats, Floats]:
    """Return standard errors of contrasts (q, p) by CR2, and Satterthwaite's degrees of freedom.

    Pustejovsky & Tipton 2018, J Bus Econ Stat 36:672, equations 4 to 8, with whole matrices: the
    residuals of a cluster, e_i, are those of (I - H)_i y, and A_i = D_i'(D_i (I - H)_i V (I - H)_i'
    D_i')^-½ D_i with D_i'D_i = V_i. Without the reduction A_i = I, which is CR0.
    """
    w = np.linalg.inv(covariance)
    bread = np.linalg.inv(x.T @ w @ x)
    residual = np.eye(len(y)) - x @ bread @ x.T @ w
    left = residual @ y
    known = members(cluster).T > 0
    scores = np.zeros((len(contrasts), len(known)))
    ways = np.zeros((len(contrasts), len(known), len(y)))
    for n, rows in enumerate(known):
        adjust = np.eye(int(rows.sum()))
        if reduced:
            root = np.linalg.cholesky(covariance[np.ix_(rows, rows)]).T
            spread = root @ residual[rows] @ covariance @ residual[rows].T @ root.T
            values, axes = np.linalg.eigh(spread)
            kept = values > 1e-10 * values.max()
            adjust = root.T @ (axes[:, kept] / np.sqrt(values[kept])) @ axes[:, kept].T @ root
        own = contrasts @ bread @ x[rows].T @ w[np.ix_(rows, rows)] @ adjust
        scores[:, n] = own @ left[rows]
        ways[:, n] = own @ residual[rows]
    omega = ways @ covariance @ ways.transpose(0, 2, 1)
    trace = np.trace(omega, axis1=1, axis2=2)
    return np.sqrt((scores**2).sum(axis=1)), trace**2 / (omega**2).sum(axis=(1, 2))
