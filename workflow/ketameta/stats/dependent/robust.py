"""Cluster-robust standard errors for models with a working covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.dependent.mixed import Dependent, block, stacks
from ketameta.stats.dependent.shared import prepare
from ketameta.stats.numerics.batch import over_batch
from ketameta.stats.numerics.checks import aligned, as_floats, as_level
from ketameta.stats.numerics.distributions import t_quantile, t_tails
from ketameta.stats.numerics.shown import Shown

Array = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class RobustFit(Shown):
    """Coefficients with CR2 standard errors; arrays of shape (p,) but `vcov` (p, p).

    Where contrasts were asked for, `beta` and all that follows are of those instead.
    `df` are the Satterthwaite degrees of freedom of each. Below about 4 the p-value
    and the interval are not to be trusted (Tipton 2015).
    """

    beta: Array
    se: Array
    statistic: Array
    df: Array
    p: Array
    ci_low: Array
    ci_high: Array
    vcov: Array
    k: int
    clusters: int


def cluster_robust(
    yi: ArrayLike,
    covariance: ArrayLike,
    cluster: ArrayLike,
    X: ArrayLike | None = None,
    *,
    contrasts: ArrayLike | None = None,
    level: float = 0.95,
) -> RobustFit:
    r"""Weight by a working covariance, but take the variance from the clusters.

    Parameters
    ----------
    yi
        Effects, shape (k,); NaN marks an absent effect.
    covariance
        Working covariance (k, k) without entries between clusters, or its diagonal
        (k,): the `covariance` of a multilevel fit, or vi + tau2 of a random-effects
        fit. NaN where yi is NaN.
    cluster
        Label of the trial of each effect, shape (k,).
    X
        Columns of moderators (k, p), the intercept included; by default the
        intercept alone.
    contrasts
        Linear combinations C of the coefficients (q, p), one a row, to be estimated
        in their place: a point of a curve, a difference of two points. By default
        each coefficient by itself.
    level
        Confidence level.

    Returns
    -------
    RobustFit. With p or fewer clusters there is nothing to estimate a variance
    from: everything but beta is NaN (and beta too with fewer than p effects).
    Leading axes of yi are independent analyses.

    Raises
    ------
    ValueError
        As `multilevel.three_level`; contrasts of another width than X, or not finite.

    Notes
    -----
    With :math:`W = \Phi^{-1}`, :math:`M = (X'WX)^{-1}` and residuals e,
    :math:`V = M \sum_i X_i' W_i A_i e_i e_i' A_i' W_i X_i M`, where
    :math:`A_i = D_i' (D_i G_i D_i')^{-1/2} D_i`, :math:`\Phi_i = D_i' D_i` and
    :math:`G_i = \Phi_i - X_i M X_i'`: unbiased if the working covariance is right.
    A contrast has the estimate :math:`C\beta`, the variance :math:`CVC'`, and
    degrees of freedom of its own: C takes the place of the coefficient's unit vector.

    References
    ----------
    Pustejovsky & Tipton (2018), Journal of Business & Economic Statistics 36, 672,
    equations 5 to 7 and 11.

    Examples
    --------
    >>> from ketameta.stats import cluster_robust, working_covariance
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44, 0.25], [0.02, 0.03, 0.015, 0.04, 0.02, 0.03]
    >>> trial = ["A", "A", "B", "B", "C", "D"]
    >>> covariance = working_covariance(vi, trial, rho=0.6)
    >>> cluster_robust(yi, covariance, trial)
    RobustFit
         beta       se  statistic     df       p   ci_low  ci_high
    0  0.3624  0.08543      4.242  2.815  0.0272  0.08012   0.6446
    """
    level = as_level(level)
    yi, covariance, cluster, X = aligned(yi=yi, covariance=covariance, cluster=cluster, X=X)

    C = None if contrasts is None else as_floats("contrasts", contrasts)

    def fit_one(y: Array, V: Array) -> RobustFit:
        return _robust(prepare(y, V, cluster, X), C, level)

    return over_batch(fit_one, yi, covariance)


def _robust(data: Dependent, contrasts: Array | None, level: float) -> RobustFit:
    """Compute CR2 for one analysis."""
    n, p = data.X.shape
    C = np.eye(p) if contrasts is None else contrasts
    if C.ndim != 2 or C.shape[1] != p or not np.isfinite(C).all():
        raise ValueError(f"contrasts must be finite and have shape (q, {p}), not {C.shape}")
    clusters = np.unique(data.codes).size
    q = C.shape[0]
    estimate, vcov, df = np.full(q, np.nan), np.full((q, q), np.nan), np.full(q, np.nan)
    if n >= p and n:
        # orthonormal columns: what is asked of the coefficients is asked of those of these
        X, turned = np.linalg.qr(data.X)
        C = np.linalg.solve(turned.T, C.T).T
        stack = [_Stack(block(data.V, rows), X[rows], data.y[rows]) for rows in stacks(data.codes)]
        weighted = [np.asarray(np.linalg.solve(each.Phi, each.X)) for each in stack]
        pairs = list(zip(stack, weighted, strict=True))
        M = np.linalg.inv(sum((_turned(WX) @ each.X).sum(axis=0) for each, WX in pairs))
        beta = M @ sum(np.einsum("cmp,cm->p", WX, each.y) for each, WX in pairs)
        estimate = C @ beta
        if clusters > p:
            vcov, df = _sandwich(pairs, M, beta, C)
    se = np.sqrt(np.diag(vcov))
    statistic = estimate / se
    half = t_quantile(df, level) * se
    return RobustFit(
        beta=estimate,
        se=se,
        statistic=statistic,
        df=df,
        p=t_tails(statistic, df),
        ci_low=estimate - half,
        ci_high=estimate + half,
        vcov=vcov,
        k=n,
        clusters=clusters,
    )


class _Stack(NamedTuple):
    """Clusters of m effects: working covariance (c, m, m), X (c, m, p) and y (c, m)."""

    Phi: Array
    X: Array
    y: Array


def _turned(x: Array) -> Array:
    return np.swapaxes(x, -1, -2)


def _sandwich(
    pairs: list[tuple[_Stack, Array]], M: Array, beta: Array, C: Array
) -> tuple[Array, Array]:
    """Return the CR2 covariance of contrasts (q, p) and the Satterthwaite degrees of freedom.

    `pairs` hold stacks of clusters with their W X. The variance of contrast j is a sum of squares
    of (I - H)-projected scores with covariance Omega under the working model;
    df = (tr Omega)^2 / tr Omega^2. Between clusters i and l Omega is -t_i' M t_l: the sum of its
    squares is that of all pairs, tr (M T'T)^2, less that of each with itself.
    """
    each, own, through = [], [], []
    for (Phi, X, y), WX in pairs:
        G = Phi - X @ M @ _turned(X)
        scores = _adjusted(Phi, G) @ WX @ (M @ C.T)  # (c, m, q)
        each.append(np.einsum("cmq,cm->cq", scores, y - X @ beta))
        own.append((scores * (G @ scores)).sum(axis=1))
        through.append(_turned(scores) @ X)
    found, diagonal, T = (np.concatenate(x) for x in (each, own, through))
    T = np.swapaxes(T, 0, 1)  # (q, c, p)
    through_all = M @ (_turned(T) @ T)
    every = np.einsum("qab,qba->q", through_all, through_all)
    itself = ((T @ M) * T).sum(axis=2)
    squares = (diagonal**2).sum(axis=0) + np.maximum(every - (itself**2).sum(axis=1), 0.0)
    return found.T @ found, diagonal.sum(axis=0) ** 2 / squares


def _adjusted(Phi: Array, G: Array) -> Array:
    """Return the symmetric A_i of clusters, (c, m, m)."""
    D = _turned(np.asarray(np.linalg.cholesky(Phi)))
    values, axes = np.linalg.eigh(D @ G @ _turned(D))
    # A cluster that alone carries a column of X leaves a direction without
    # residual; the generalised inverse leaves it out.
    kept = values > 1e-10 * values[:, -1:]
    scale = np.where(kept, 1 / np.sqrt(np.where(kept, values, 1.0)), 0.0)
    return np.asarray(_turned(D) @ (axes * scale[:, None, :]) @ np.swapaxes(axes, 1, 2) @ D)
