"""Dependent effects: three-level, correlated-hierarchical and multivariate models.

Several effects of one trial (scales, time points, arms against one control) are
not independent. Each model here is y ~ N(X beta, V + sum_m g_m E_m) with V the
known sampling covariance, E_m fixed patterns within clusters and g_m the
variances (or covariances) to be estimated; the likelihood is in `mixed`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.dependent.mixed import Dependent
from ketameta.stats.dependent.shared import (
    MultilevelFit,
    fit_or_fall_back,
    fit_result,
    label_codes,
    prepare,
    working_covariance,
)
from ketameta.stats.dependent.structures import (
    STRUCTURES,
    between_shape,
    filled,
    pattern,
    variances,
)
from ketameta.stats.numerics.batch import over_batch
from ketameta.stats.numerics.checks import aligned, one_of

__all__ = [
    "MultilevelFit",
    "correlated_hierarchical",
    "multivariate",
    "three_level",
    "working_covariance",
]

Array = NDArray[np.float64]


def three_level(
    yi: ArrayLike,
    vi: ArrayLike,
    cluster: ArrayLike,
    within: ArrayLike | None = None,
    X: ArrayLike | None = None,
    *,
    method: str = "REML",
    test: str = "z",
    level: float = 0.95,
) -> MultilevelFit:
    r"""Fit effects nested in clusters, with a variance at each of the two levels.

    Parameters
    ----------
    yi
        Effects, shape (k,); NaN in yi and vi marks an absent effect.
    vi
        Sampling variances (k,), or their covariance (k, k) with zeros between
        clusters.
    cluster, within
        Labels (k,) of the outer and the inner level. Inner labels are read within
        their cluster; by default each effect is its own inner unit.
    X
        Columns of moderators (k, p), the intercept included; by default the
        intercept alone.
    method
        "REML" or "ML".
    test
        "z", or "t" with k - p degrees of freedom.
    level
        Confidence level.

    Returns
    -------
    MultilevelFit with `sigma2` = (between clusters, within clusters). Where every
    cluster has one inner unit the two cannot be told apart: the first is then
    their sum and the second NaN. With p clusters or fewer the variance between
    clusters cannot be estimated: both are NaN, beta and se come from V alone and
    `converged` is False; with fewer than p effects everything is NaN. Leading axes
    of yi and vi are independent analyses.

    Raises
    ------
    ValueError
        Bad shapes, values or names; columns of X linearly dependent.

    Notes
    -----
    :math:`y_{ij} = x_{ij}'\beta + u_i + u_{ij} + e_{ij}`.

    References
    ----------
    Konstantopoulos (2011), Research Synthesis Methods 2, 61, equations 4 to 8.

    Examples
    --------
    >>> from ketameta.stats import three_level
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44, 0.25], [0.02, 0.03, 0.015, 0.04, 0.02, 0.03]
    >>> trial = ["A", "A", "B", "B", "C", "D"]
    >>> three_level(yi, vi, trial)
    MultilevelFit
         beta       se  statistic          p  ci_low  ci_high
    0  0.3243  0.07296      4.444  8.817e-06  0.1813   0.4673
    """
    yi, vi, cluster, within, X = aligned(yi=yi, vi=vi, cluster=cluster, within=within, X=X)

    def fit_one(y: Array, V: Array) -> MultilevelFit:
        return _nested(prepare(y, V, cluster, X), within, method, test, level)

    return over_batch(fit_one, yi, vi)


def correlated_hierarchical(
    yi: ArrayLike,
    vi: ArrayLike,
    cluster: ArrayLike,
    rho: float,
    X: ArrayLike | None = None,
    *,
    smooth: bool = False,
    method: str = "REML",
    test: str = "z",
    level: float = 0.95,
) -> MultilevelFit:
    """Fit the three-level model with sampling errors correlated by `rho` in a cluster.

    The sampling covariance is `working_covariance(vi, cluster, rho, smooth=smooth)`,
    the rest as in `three_level`. The correlation is a working assumption: pair
    the fit with `robust.cluster_robust`, whose standard errors survive a wrong one.

    References
    ----------
    Pustejovsky & Tipton (2022), Prevention Science 23, 425, the CHE model.

    Examples
    --------
    >>> from ketameta.stats import correlated_hierarchical
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44, 0.25], [0.02, 0.03, 0.015, 0.04, 0.02, 0.03]
    >>> trial = ["A", "A", "B", "B", "C", "D"]
    >>> correlated_hierarchical(yi, vi, trial, rho=0.6)
    MultilevelFit
         beta       se  statistic         p  ci_low  ci_high
    0  0.3286  0.09165      3.585  0.000337  0.1489   0.5082
    """
    yi, vi, cluster, X = aligned(yi=yi, vi=vi, cluster=cluster, X=X)

    def fit_one(y: Array, v: Array) -> MultilevelFit:
        V = working_covariance(v, cluster, rho, smooth=smooth)
        return _nested(prepare(y, V, cluster, X), None, method, test, level)

    return over_batch(fit_one, yi, vi)


def multivariate(
    yi: ArrayLike,
    vi: ArrayLike,
    cluster: ArrayLike,
    outcome: ArrayLike,
    X: ArrayLike | None = None,
    *,
    structure: str = "UN",
    rho: float | None = None,
    method: str = "REML",
    test: str = "z",
    level: float = 0.95,
) -> MultilevelFit:
    r"""Fit true effects that are correlated across the outcomes of a trial.

    Parameters
    ----------
    yi, vi, cluster, X, method, test, level
        As in `three_level`; vi is usually the covariance (k, k).
    outcome
        Label (k,) of what each effect is about: an outcome, a time point, or the
        comparison within a trial of a contrast-based network.
    structure
        Covariance of the true effects of a trial: "UN" (free), "DIAG" (variances,
        no correlation), "CS" (one variance, one correlation), "HCS" (variances, one
        correlation), "AR" (one variance, a correlation that is raised to the power of
        the steps between two labels in their sorted order: times evenly apart) or "HAR"
        (the same with variances).
    rho
        A known correlation, for "CS" only: 1/2 for the contrasts of a network
        (Senn et al. 2013).

    Returns
    -------
    MultilevelFit with `between` the covariance (o, o) of the true effects, its
    rows in the sorted order of the labels, and `sigma2` empty. With no X every
    outcome gets its own mean.

    Raises
    ------
    ValueError
        As `three_level`; unknown structure; rho without "CS" or outside
        (-1/(o-1), 1).

    References
    ----------
    Berkey et al. (1998), Statistics in Medicine 17, 2537, equations 3 and 6.

    Examples
    --------
    >>> from ketameta.stats import multivariate
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44, 0.25], [0.02, 0.03, 0.015, 0.04, 0.02, 0.03]
    >>> trial, outcome = ["A", "A", "B", "B", "C", "C"], ["reading", "sums"] * 3
    >>> multivariate(yi, vi, trial, outcome, structure="CS", rho=0.5)
    MultilevelFit
         beta       se  statistic          p   ci_low  ci_high
    0  0.3721  0.09026      4.122  3.755e-05   0.1952    0.549
    1  0.2536   0.1143       2.22    0.02644  0.02968   0.4776
    """
    one_of("structure", structure, STRUCTURES)
    yi, vi, cluster, outcome, X = aligned(yi=yi, vi=vi, cluster=cluster, outcome=outcome, X=X)
    all_codes = label_codes(outcome, np.shape(yi)[-1] if np.ndim(yi) else 0, "outcome")
    o = int(all_codes.max(initial=-1)) + 1
    design = (all_codes[:, None] == np.arange(o)).astype(float) if X is None else X
    if rho is not None and not (structure == "CS" and -1 / max(o - 1, 1) <= rho <= 1):
        raise ValueError("rho needs structure CS and a value that makes a covariance")
    cells, shape = between_shape(o, structure, rho)

    def fit_one(y: Array, V: Array) -> MultilevelFit:
        data = prepare(y, V, cluster, design)
        codes = all_codes[data.present]
        patterns = [pattern(codes, group) for group in cells]
        fit = fit_or_fall_back(data, patterns, shape, method)
        between = filled(fit.g, cells, o)
        return fit_result(data, fit, patterns, np.empty(0), between, test=test, level=level)

    return over_batch(fit_one, yi, vi)


def _nested(
    data: Dependent, within: ArrayLike | None, method: str, test: str, level: float
) -> MultilevelFit:
    """Fit variances between clusters and between inner units."""
    inner = np.arange(data.present.size)
    if within is not None:
        inner = label_codes(within, data.present.size, "within")
    inner = inner[data.present]
    patterns: list[NDArray[Any]] = [np.broadcast_to(1.0, (inner.size, inner.size))]
    units: NDArray[np.intp] | None = None
    if len({*zip(data.codes.tolist(), inner.tolist(), strict=True)}) > len(np.unique(data.codes)):
        patterns.append(inner[:, None] == inner)
        units = inner
    fit = fit_or_fall_back(data, patterns, variances(len(patterns)), method, units)
    sigma2 = np.full(2, np.nan)
    sigma2[: fit.g.size] = fit.g
    return fit_result(data, fit, patterns, sigma2, None, test=test, level=level)
