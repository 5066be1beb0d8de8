"""Cluster-robust standard errors for models with a working covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.dependent.mixed import Dependent
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
    members = [np.flatnonzero(data.codes == code) for code in np.unique(data.codes)]
    q = C.shape[0]
    estimate, vcov, df = np.full(q, np.nan), np.full((q, q), np.nan), np.full(q, np.nan)
    if n >= p and n:
        M, beta = _weighted(data, members)
        estimate = C @ beta
        if len(members) > p:
            scores = [_adjusted(data, rows, M) @ C.T for rows in members]
            vcov, df = _sandwich(data, members, scores, M, beta)
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
        clusters=len(members),
    )


def _weighted(data: Dependent, members: list[NDArray[np.intp]]) -> tuple[Array, Array]:
    """Return (X'WX)^-1 and the weighted coefficients."""
    p = data.X.shape[1]
    cross, moment = np.zeros((p, p)), np.zeros(p)
    for rows in members:
        WX = np.linalg.solve(data.V[np.ix_(rows, rows)], data.X[rows])
        cross, moment = cross + WX.T @ data.X[rows], moment + WX.T @ data.y[rows]
    M = np.asarray(np.linalg.inv(cross))
    return M, M @ moment


def _adjusted(data: Dependent, rows: NDArray[np.intp], M: Array) -> Array:
    """Return A_i W_i X_i M of one cluster, shape (n_i, p); A_i is symmetric."""
    Phi, X = data.V[np.ix_(rows, rows)], data.X[rows]
    D = np.linalg.cholesky(Phi).T
    values, axes = np.linalg.eigh(D @ (Phi - X @ M @ X.T) @ D.T)
    # A cluster that alone carries a column of X leaves a direction without
    # residual; the generalised inverse leaves it out.
    kept = values > 1e-10 * values[-1]
    root = (axes[:, kept] / np.sqrt(values[kept])) @ axes[:, kept].T
    return np.asarray(D.T @ root @ D @ np.linalg.solve(Phi, X @ M))


def _sandwich(
    data: Dependent,
    members: list[NDArray[np.intp]],
    scores: list[Array],
    M: Array,
    beta: Array,
) -> tuple[Array, Array]:
    """Return the CR2 covariance and the Satterthwaite degrees of freedom.

    `scores` hold a column a contrast, (n_i, q). The variance of contrast j is a sum of
    squares of (I - H)-projected scores with covariance Omega under the working model;
    df = (tr Omega)^2 / tr Omega^2.
    """
    residuals = data.y - data.X @ beta
    pairs = list(zip(members, scores, strict=True))
    each = np.array([a.T @ residuals[r] for r, a in pairs])
    through = np.array([data.X[r].T @ a for r, a in pairs])
    own = np.array([np.einsum("ip,ij,jp->p", a, data.V[np.ix_(r, r)], a) for r, a in pairs])
    df = np.empty(own.shape[1])
    for j in range(df.size):
        omega = np.diag(own[:, j]) - through[:, :, j] @ M @ through[:, :, j].T
        df[j] = np.trace(omega) ** 2 / np.sum(omega * omega)
    return each.T @ each, df
