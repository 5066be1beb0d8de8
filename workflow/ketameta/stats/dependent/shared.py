"""What models for dependent effects share: data checked, fits reported.

The models themselves are in `multilevel`, their likelihood in `mixed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.dependent.mixed import Dependent, MixedFit, block, fit_mixed, stacks
from ketameta.stats.dependent.structures import Shape
from ketameta.stats.numerics.checks import aligned, as_floats, as_labels, as_level, one_of
from ketameta.stats.numerics.distributions import t_quantile, t_tails
from ketameta.stats.numerics.shown import Shown
from ketameta.stats.univariate.regression import REMEDY, design_columns

Array = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, repr=False)
class MultilevelFit(Shown):
    """A model for dependent effects, on the scale of yi.

    `beta` and what follows to `ci_high` have shape (p,), one entry a column of X;
    `sigma2` holds the variances between clusters and between effects of one
    cluster (three-level and correlated-hierarchical models); `between` the (o, o)
    covariance of the true effects of the outcomes (multivariate models), None
    otherwise. `i2` is in per cent, a value for each entry of `sigma2`.
    `pi_low`, `pi_high` predict the true effect of a new trial (intercept-only
    models; NaN otherwise). `covariance` is the fitted marginal covariance
    (k, k) of the effects, rows and columns of absent effects NaN.
    """

    beta: Array
    se: Array
    statistic: Array
    df: float
    p: Array
    ci_low: Array
    ci_high: Array
    vcov: Array
    pi_low: float
    pi_high: float
    sigma2: Array
    between: Array | None
    i2: Array
    qm: float
    qm_df: int
    qm_p: float
    qe: float
    qe_df: int
    qe_p: float
    log_likelihood: float
    k: int
    clusters: int
    covariance: Array
    converged: bool


def working_covariance(
    vi: ArrayLike, cluster: ArrayLike, rho: float, *, smooth: bool = False
) -> Array:
    r"""Fill in the sampling covariance of effects of a cluster, from one correlation.

    Parameters
    ----------
    vi
        Sampling variances, shape (k,); NaN marks an absent effect.
    cluster
        Label of the trial of each effect, shape (k,).
    rho
        Correlation of the sampling errors within a cluster, from -1 to 1.
    smooth
        Replace each variance by the mean of its cluster before filling in.

    Returns
    -------
    Array of shape (k, k): :math:`V_{ij} = \rho \sqrt{v_i v_j}` within a cluster,
    0 between clusters.

    Raises
    ------
    ValueError
        If vi is not positive, lengths differ or rho is outside [-1, 1].

    References
    ----------
    Pustejovsky & Tipton (2022), Prevention Science 23, 425, equation 5; `smooth`
    is the simplification of their supplementary material.

    Examples
    --------
    >>> from ketameta.stats import working_covariance
    >>> working_covariance([0.02, 0.03, 0.015], ["A", "A", "B"], rho=0.6).round(4)
    array([[0.02  , 0.0147, 0.    ],
           [0.0147, 0.03  , 0.    ],
           [0.    , 0.    , 0.015 ]])
    """
    vi, cluster = aligned(vi=vi, cluster=cluster)
    vi = as_floats("vi", vi)
    if vi.ndim != 1:
        raise ValueError("vi must have one axis")
    bad = np.flatnonzero(~np.isnan(vi) & ~((vi > 0) & np.isfinite(vi)))
    if bad.size:
        raise ValueError(f"vi must be positive and finite; vi[{bad[0]}] is {vi[bad[0]]}")
    if not -1 <= rho <= 1:
        raise ValueError(f"rho must lie between -1 and 1, not {rho}")
    codes = label_codes(cluster, vi.size, "cluster")
    if smooth:
        present = ~np.isnan(vi)
        total = np.bincount(codes[present], vi[present], minlength=codes.max(initial=0) + 1)
        count = np.bincount(codes[present], minlength=codes.max(initial=0) + 1)
        vi = np.where(present, (total / np.maximum(count, 1))[codes], np.nan)
    sei = np.sqrt(vi)
    same = codes[:, None] == codes[None, :]
    covariance = np.where(same, rho * np.outer(sei, sei), 0.0)
    covariance[np.diag_indices(vi.size)] = vi
    return covariance


def label_codes(values: ArrayLike, size: int, name: str) -> Ints:
    """Return the numbers of labels in sorted order; ValueError unless all of `size` are there."""
    if np.shape(values) != (size,):
        raise ValueError(
            f"{name} must have one label for each of {size} effects; it has shape "
            f"{np.shape(values)}"
        )
    _, codes = as_labels(name, values, size)
    _refuse(np.asarray(codes < 0), name, "is missing; each effect needs its label")
    return codes


def prepare(yi: Array, vi: Array, cluster: ArrayLike, X: ArrayLike | None) -> Dependent:
    """Check the data of one analysis and drop absent rows.

    Raises
    ------
    ValueError
        Values infinite, present in one of yi and vi alone, or variances not
        positive (named by index); a covariance that is not symmetric or reaches
        across clusters; X of the wrong length, not finite where the effect is
        present, or with linearly dependent columns.
    """
    size = yi.size
    codes = label_codes(cluster, size, "cluster")
    variances = vi if vi.ndim == 1 else np.diag(vi)
    _refuse(np.isinf(yi), "yi", "is infinite")
    _refuse(np.isinf(variances), "vi", "is infinite")
    _refuse(variances <= 0, "vi", "is not positive")
    _refuse(np.isnan(yi) & ~np.isnan(variances), "yi", "is NaN while vi is not")
    _refuse(~np.isnan(yi) & np.isnan(variances), "vi", "is NaN while yi is not")
    present = ~np.isnan(yi)
    if vi.ndim == 1:
        V = np.diag(vi[present])
    else:
        V = vi if present.all() else vi[np.ix_(present, present)]
    inside = codes[present]
    within = [block(V, rows) for rows in stacks(inside)]
    uneven = (np.abs(V - np.swapaxes(V, 1, 2)) > 1e-12 * np.abs(V) for V in within)
    finite = all(np.isfinite(V).all() for V in within)
    # what is no number counts as not 0
    beyond = np.count_nonzero(V) > sum(map(np.count_nonzero, within))
    if not finite or any(each.any() for each in uneven) or (beyond and not np.isfinite(V).all()):
        raise ValueError("vi must be a symmetric, finite covariance")
    if beyond:
        raise ValueError("vi has a covariance between two clusters")
    design = np.ones((size, 1)) if X is None else design_columns(X)
    if design.ndim != 2 or design.shape[0] != size:
        raise ValueError(f"X must have shape ({size}, p), not {design.shape}")
    design = design[present]
    bad = np.asarray(~np.isfinite(design).all(axis=1))
    _refuse(bad, "X", f"is not finite; {REMEDY}", np.flatnonzero(present))
    if design.shape[0] >= design.shape[1] and np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("the columns of X are linearly dependent")
    return Dependent(yi[present], design, V, inside, present)


def _refuse(bad: NDArray[np.bool_], name: str, what: str, places: Ints | None = None) -> None:
    """Raise a ValueError that names the first bad place."""
    if bad.any():
        place = int(np.flatnonzero(bad)[0])
        raise ValueError(f"{name}[{place if places is None else places[place]}] {what}")


def fit_or_fall_back(
    data: Dependent,
    patterns: Sequence[Array],
    shape: Shape,
    method: str,
    inner: Ints | None = None,
) -> MixedFit:
    """Fit the model; where its variances cannot be estimated give what V alone tells.

    With p or fewer clusters the variance between clusters is not identified: the
    coefficients then come from V alone and the parameters are NaN. Fewer than p
    effects leave everything NaN. `converged` is False in both cases.
    """
    one_of("method", method, ("REML", "ML"))
    n, p = data.X.shape
    unknown = np.full(len(patterns), np.nan)
    if n < p or n == 0:
        return MixedFit(np.full(p, np.nan), np.full((p, p), np.nan), unknown, np.nan, False)
    if np.unique(data.codes).size <= p:
        alone = _by_sampling_error(data)
        return MixedFit(alone.beta, alone.vcov, unknown, np.nan, False)
    return fit_mixed(data, patterns, shape, method, inner)


class _Alone(NamedTuple):
    """Coefficients (p,), their covariance, Q and tr(P) under sampling error alone."""

    beta: Array
    vcov: Array
    q: float
    trace: float


def _by_sampling_error(data: Dependent) -> _Alone:
    """Fit without heterogeneity, cluster by cluster; P = W - W X (X'WX)^-1 X'W, W = V^-1."""
    X, R = np.linalg.qr(data.X)
    M = np.column_stack([X, data.y])
    q = M.shape[1]
    once, twice, trace = np.zeros((q, q)), np.zeros((q, q)), 0.0
    for rows in stacks(data.codes):
        W = np.linalg.inv(block(data.V, rows))
        own = M[rows]
        weighted = W @ own
        once += (np.swapaxes(weighted, 1, 2) @ own).sum(axis=0)
        twice += (np.swapaxes(weighted, 1, 2) @ weighted).sum(axis=0)
        trace += float(np.einsum("cii->", W))
    vcov, back = np.linalg.inv(once[:-1, :-1]), np.linalg.inv(R)
    beta = vcov @ once[:-1, -1]
    u = np.append(-beta, 1.0)
    trace -= float((vcov * twice[:-1, :-1]).sum())
    return _Alone(back @ beta, back @ vcov @ back.T, float(u @ once @ u), trace)


def fit_result(
    data: Dependent,
    fit: MixedFit,
    patterns: Sequence[Array],
    sigma2: Array,
    between: Array | None,
    *,
    test: str,
    level: float,
) -> MultilevelFit:
    """Turn a fit into estimates, tests and intervals."""
    one_of("test", test, ("z", "t"))
    level = as_level(level)
    n, p = data.X.shape
    df = float(n - p) if test == "t" and n > p else np.inf if test == "z" else np.nan
    se = np.sqrt(np.diag(fit.vcov))
    statistic = fit.beta / se
    critical = t_quantile(np.array(df), level)
    alone = _by_sampling_error(data) if n >= p and n else None
    qe = alone.q if alone else np.nan
    predicts = p == 1 and bool((data.X == 1).all()) and sigma2.size and np.isfinite(sigma2[0])
    half = critical * np.sqrt(fit.vcov[0, 0] + np.nansum(sigma2)) if predicts else np.nan
    qm, qm_df, qm_p = _omnibus(data.X, fit, df)
    full = _marginal(data, fit, patterns)
    if not data.present.all():
        full, known = np.full((data.present.size,) * 2, np.nan), full
        full[np.ix_(data.present, data.present)] = known
    return MultilevelFit(
        beta=fit.beta,
        se=se,
        statistic=statistic,
        df=df,
        p=t_tails(statistic, np.full(p, df)),
        ci_low=fit.beta - critical * se,
        ci_high=fit.beta + critical * se,
        vcov=fit.vcov,
        pi_low=float(fit.beta[0] - half),
        pi_high=float(fit.beta[0] + half),
        sigma2=sigma2,
        between=between,
        i2=_i2(sigma2, n - p, alone),
        qm=qm,
        qm_df=qm_df,
        qm_p=qm_p,
        qe=qe,
        qe_df=n - p,
        qe_p=float(special.chdtrc(n - p, qe)) if n > p else np.nan,
        log_likelihood=fit.log_likelihood,
        k=n,
        clusters=int(np.unique(data.codes).size),
        covariance=full,
        converged=fit.converged,
    )


def _marginal(data: Dependent, fit: MixedFit, patterns: Sequence[Array]) -> Array:
    """Covariance of the effects under the fit; V alone where nothing was estimated."""
    whole = data.V.copy()
    if not np.isfinite(fit.g).all():
        return whole
    for rows in stacks(data.codes):
        at = rows[:, :, None], rows[:, None, :]
        whole[at] += sum(g * pattern[at] for g, pattern in zip(fit.g, patterns, strict=True))
    return whole


def _omnibus(X: Array, fit: MixedFit, df: float) -> tuple[float, int, float]:
    """Test all coefficients but the intercept: chi-squared, or F (returned as F) for test t."""
    constant = np.ptp(X, axis=0) == 0 if X.size else np.zeros(X.shape[1], dtype=bool)
    tested = np.arange(X.shape[1])
    if constant.any() and X.shape[1] > 1:
        tested = tested[~constant]
    beta, vcov = fit.beta[tested], fit.vcov[np.ix_(tested, tested)]
    m = tested.size
    if not np.isfinite(vcov).all():
        return np.nan, m, np.nan
    qm = float(beta @ np.linalg.solve(vcov, beta))
    if np.isinf(df):
        return qm, m, float(special.chdtrc(m, qm))
    return qm / m, m, float(special.fdtrc(m, df, qm / m)) if df > 0 else np.nan


def _i2(sigma2: Array, df: int, alone: _Alone | None) -> Array:
    r"""Share of each variance in the total, in per cent.

    :math:`100 \sigma_m^2 / (\sum \sigma^2 + \tilde v)` with
    :math:`\tilde v = (n - p) / tr(P)`, P the projection of the model without
    random effects (Higgins & Thompson 2002, equation 9, generalised).
    """
    if alone is None or df <= 0 or not sigma2.size:
        return np.full(sigma2.shape, np.nan)
    return np.asarray(100 * sigma2 / (np.nansum(sigma2) + df / alone.trace))
