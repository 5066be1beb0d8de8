"""Cluster-robust standard errors for models with a working covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

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


@dataclass(frozen=True, repr=False)
class RobustWald(Shown):
    """A test of several coefficients at once by CR2: F on `df1` and `df2` degrees of freedom.

    `f` and `p` are NaN where clusters are too few to test so many coefficients: p clusters or
    fewer, or a `df2` that is not above 0. Below a `df2` of about 4 the p-value is not to be
    trusted.
    """

    f: float
    df1: int
    df2: float
    p: float
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


def robust_wald(
    yi: ArrayLike,
    covariance: ArrayLike,
    cluster: ArrayLike,
    X: ArrayLike,
    constraints: ArrayLike | None = None,
    *,
    values: ArrayLike | None = None,
) -> RobustWald:
    r"""Test several coefficients at once where the variance comes from the clusters.

    Parameters
    ----------
    yi, covariance, cluster, X
        As in `cluster_robust`.
    constraints
        The combinations C of coefficients that are tested, one a row, shape (q, p); by default
        each coefficient but that of a constant column (and this one where it is alone).
    values
        What they are under the null hypothesis, shape (q,); by default 0.

    Returns
    -------
    RobustWald. Leading axes of yi are independent analyses.

    Raises
    ------
    ValueError
        As `cluster_robust`; rows of C linearly dependent; values of another length.

    Notes
    -----
    With V of CR2, :math:`Q = (C\beta - c)' (CVC')^{-1} (C\beta - c)` is taken for Hotelling's
    T² with :math:`\eta` degrees of freedom, :math:`F = Q (\eta - q + 1) / (\eta q)` on q and
    :math:`\eta - q + 1`. :math:`\eta` makes the total variance of the elements of
    :math:`\Omega^{-1/2} CVC' \Omega^{-1/2}` that of a Wishart matrix, :math:`q (q + 1) / \eta`,
    under the working model, where :math:`\Omega` is the mean of CVC': the test "HTZ" of
    clubSandwich. One row is `cluster_robust`'s test by t.

    References
    ----------
    Tipton & Pustejovsky (2015), Journal of Educational and Behavioral Statistics 40, 604,
    approach AHT; Pustejovsky & Tipton (2018), Journal of Business & Economic Statistics 36, 672,
    section 3.2.

    Examples
    --------
    >>> from ketameta.stats import robust_wald
    >>> yi = [0.12, 0.31, 0.52, 0.18, 0.44, 0.25, 0.61, 0.02, 0.35]
    >>> X = [[1, x, z] for x, z in zip([0, 1, 2, 3, 4, 5, 6, 7, 8], [1, 0, 0, 1, 0, 1, 1, 0, 1])]
    >>> robust_wald(yi, [0.02] * 9, list("ABCDEFGHH"), X)
    RobustWald
                value
    f         0.00974
    df1             2
    df2         2.311
    p          0.9903
    k               9
    clusters        8
    """
    yi, covariance, cluster, X = aligned(yi=yi, covariance=covariance, cluster=cluster, X=X)
    C = None if constraints is None else as_floats("constraints", constraints)
    c = None if values is None else as_floats("values", values)

    def fit_one(y: Array, V: Array) -> RobustWald:
        return _wald(prepare(y, V, cluster, X), C, c)

    return over_batch(fit_one, yi, covariance)


def _wald(data: Dependent, constraints: Array | None, values: Array | None) -> RobustWald:
    """Test one analysis."""
    n, p = data.X.shape
    C = _all_but_constant(data.X) if constraints is None else constraints
    if C.ndim != 2 or C.shape[1] != p or not np.isfinite(C).all():
        raise ValueError(f"constraints must be finite and have shape (q, {p}), not {C.shape}")
    q = C.shape[0]
    if q == 0 or np.linalg.matrix_rank(C) < q:
        raise ValueError("the rows of constraints are linearly dependent")
    null = np.zeros(q) if values is None else values
    if null.shape != (q,) or not np.isfinite(null).all():
        raise ValueError(f"values must be finite and have shape ({q},), not {null.shape}")
    clusters = np.unique(data.codes).size
    f, df2, tail = np.nan, np.nan, np.nan
    if n >= p and clusters > p:
        pairs, M, beta, turned = _weighted(data, C)
        vcov, _ = _sandwich(pairs, M, beta, turned)
        eta = _hotelling(pairs, M, turned)
        apart, df2 = turned @ beta - null, eta - q + 1
        if df2 > 0 and np.linalg.matrix_rank(vcov) == q:
            f = float(apart @ np.linalg.solve(vcov, apart)) * df2 / (eta * q)
            tail = float(special.fdtrc(q, df2, f))
    return RobustWald(f, q, df2, tail, n, clusters)


def _all_but_constant(X: Array) -> Array:
    """Return a row for each coefficient but that of a constant column, if there is another."""
    constant = np.ptp(X, axis=0) == 0 if X.size else np.zeros(X.shape[1], dtype=bool)
    rows = np.eye(X.shape[1])
    return rows if constant.all() else rows[~constant]


def _hotelling(pairs: list[tuple[_Stack, Array]], M: Array, C: Array) -> float:
    """Return the degrees of freedom of Hotelling's T² that CVC' is taken to have.

    Scores of two clusters have the covariance Theta_ij under the working model, and CVC' is the
    sum of squares of the scores: sum_ij (tr Theta_ij)² + tr Theta_ij² is the total variance of
    its elements, in units in which its mean is the identity. Between clusters Theta_ij is
    -U_i U_j': the sums over all pairs are those of one array, less that of each with itself.
    """
    own, through = [], []
    for (Phi, X, _), WX in pairs:
        G = Phi - X @ M @ _turned(X)
        scores = _adjusted(Phi, G) @ WX @ (M @ C.T)  # (c, m, q)
        own.append(_turned(scores) @ G @ scores)
        through.append(_turned(scores) @ X @ np.linalg.cholesky(M))
    theta, U = np.concatenate(own), np.concatenate(through)
    values, axes = np.linalg.eigh(theta.sum(axis=0))
    root = axes / np.sqrt(values)  # any root does: what follows does not turn with it
    theta, U = root.T @ theta @ root, root.T @ U
    every = np.einsum("cap,cbr->apbr", U, U)
    pairs_of_all = (every**2).sum() + np.einsum("apbr,arbp->", every, every)
    with_itself = _squares(U @ _turned(U))
    q = C.shape[0]
    return float(q * (q + 1) / (pairs_of_all - with_itself + _squares(theta)))


def _squares(theta: Array) -> float:
    """Return the sum over clusters of (tr Theta)² + tr Theta²."""
    traces = np.einsum("caa->c", theta)
    return float((traces**2).sum() + np.einsum("cab,cba->", theta, theta))


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
        pairs, M, beta, C = _weighted(data, C)
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


def _weighted(data: Dependent, C: Array) -> tuple[list[tuple[_Stack, Array]], Array, Array, Array]:
    """Return stacks of clusters with their W X, (X'WX)^-1, the coefficients and the contrasts.

    Of orthonormal columns: what is asked of the coefficients is asked of those of these.
    """
    X, turned = np.linalg.qr(data.X)
    stack = [_Stack(block(data.V, rows), X[rows], data.y[rows]) for rows in stacks(data.codes)]
    weighted = [np.asarray(np.linalg.solve(each.Phi, each.X)) for each in stack]
    pairs = list(zip(stack, weighted, strict=True))
    M = np.linalg.inv(sum((_turned(WX) @ each.X).sum(axis=0) for each, WX in pairs))
    beta = M @ sum(np.einsum("cmp,cm->p", WX, each.y) for each, WX in pairs)
    return pairs, M, beta, np.linalg.solve(turned.T, C.T).T


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
