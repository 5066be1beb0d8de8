"""How far studies lie from a meta-regression, and what the fit owes to each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.numerics.checks import aligned, as_effects
from ketameta.stats.numerics.shown import Labels, Shown, study_names
from ketameta.stats.univariate.regression import as_design, meta_regression, with_constant
from ketameta.stats.univariate.results import MetaRegression

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, repr=False)
class RegressionInfluence(Shown):
    """Residuals and deletion diagnostics of a meta-regression; fields (..., k), NaN if absent.

    Attributes
    ----------
    residual, residual_se, rstandard
        Effect less its fitted value, the standard error of that, and their ratio.
    deleted, deleted_se, rstudent
        The same from the fit without the study (studentised deleted residual).
    hat, weights
        Leverage, the weight of a study in its own fitted value, of sum p; weights in per cent.
    dffits
        Change of the fitted value in standard errors of it at the deleted tau2.
    cooks_distance
        Squared distance that the coefficients move, in their covariance.
    cov_ratio
        Determinant of their covariance without the study over that with it.
    tau2_deleted, q_deleted
        tau2 and the Q of the residuals without the study.
    dfbetas
        Change of each coefficient in standard errors of it at the deleted tau2, shape (..., k, p).
    influential
        metafor's rule: abs(dffits) > 3 sqrt(p / (k - p)), Cook's distance above the median of
        chi-squared on p degrees, hat > 3 p / k, or one of abs(dfbetas) > 1.
    converged
        Whether the fit without the study converged; False where its columns are dependent, as of a
        study that is alone in its group.
    studies
        Names of the studies where `yi` carried labels; else None.
    """

    NAMED: ClassVar[str] = "studies"
    SHORT: ClassVar[tuple[str, ...]] = (
        *("residual", "rstandard", "rstudent", "hat", "cooks_distance", "influential"),
    )

    residual: Array
    residual_se: Array
    rstandard: Array
    deleted: Array
    deleted_se: Array
    rstudent: Array
    hat: Array
    weights: Array
    dffits: Array
    cooks_distance: Array
    cov_ratio: Array
    tau2_deleted: Array
    q_deleted: Array
    dfbetas: Array
    influential: Mask
    converged: Mask
    studies: Labels = field(default=None, kw_only=True)


def regression_influence(
    yi: ArrayLike,
    vi: ArrayLike,
    X: ArrayLike,
    tau2: str = "REML",
    *,
    intercept: bool | None = None,
) -> RegressionInfluence:
    r"""Compute residuals, leverages and deletion diagnostics of a meta-regression.

    Parameters
    ----------
    yi, vi, X, tau2, intercept
        As in `meta_regression`; effects and variances of shape ``(..., k)``.

    Returns
    -------
    RegressionInfluence. With k = p + 1 nothing is left to estimate tau2 from without a study: what
    needs that is NaN. With k <= p everything is.

    Raises
    ------
    ValueError
        As `meta_regression`.

    Notes
    -----
    With :math:`w_i = 1/(v_i + \hat\tau^2)`, :math:`C = (X'WX)^{-1}` and (i) for the fit without
    study i, Wald variances: :math:`h_i = w_i x_i'Cx_i`, rstandard
    :math:`e_i / \sqrt{(1 - h_i) / w_i}`, rstudent :math:`(y_i - x_i'b_{(i)}) / \sqrt{v_i +
    \tau^2_{(i)} + x_i'C_{(i)}x_i}`, dffits :math:`x_i'(b - b_{(i)}) / \sqrt{h_i (v_i +
    \tau^2_{(i)})}`, Cook's distance :math:`(b - b_{(i)})'C^{-1}(b - b_{(i)})`, the covariance
    ratio :math:`|C_{(i)}| / |C|`. Equal to metafor's rstandard, rstudent, hatvalues, influence.

    References
    ----------
    Viechtbauer & Cheung (2010), Research Synthesis Methods 1, 112, sections 3 and 4.

    Examples
    --------
    >>> from ketameta.stats import regression_influence
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> regression_influence(yi, vi, [4, 8, 24, 6, 12])
    RegressionInfluence
       residual  rstandard  rstudent     hat  cooks_distance  influential
    0  -0.06848    -0.6704   -0.6704  0.4782          0.4119           no
    1   0.04828     0.3109    0.3109  0.1962         0.02359           no
    2  -0.03465    -0.9784   -0.9784  0.9164           10.49          yes
    3   -0.0451      -0.25     -0.25  0.1861         0.01428           no
    4     0.105     0.8428    0.8428  0.2232          0.2041           no
    """
    yi, vi, X = aligned(yi=yi, vi=vi, X=X)
    y, v = as_effects(yi, vi)
    x, lead = as_design(X, y)
    x, _, _ = with_constant(x, y, intercept)
    k, p = x.shape[-2:]
    y, v = np.broadcast_to(y, (*lead, k)), np.broadcast_to(v, (*lead, k))
    here = ~np.isnan(y)
    x = np.where(here[..., None], x, 0.0)
    options: dict[str, Any] = {"interval": "wald", "intercept": False, "tau2_interval": None}
    whole = meta_regression(y, v, x, tau2, **options)
    # Leaving out a study that is not there is no analysis.
    keep = ~np.eye(k, dtype=bool) & here[..., :, None] & here[..., None, :]
    less = meta_regression(
        np.where(keep, y[..., None, :], np.nan),
        np.where(keep, v[..., None, :], np.nan),
        np.broadcast_to(x[..., None, :, :], (*lead, k, k, p)),
        tau2,
        **options,
    )
    return RegressionInfluence(
        **_measures(y, v, x, whole, less), studies=study_names(yi, vi).get("studies")
    )


def _measures(
    y: Array, v: Array, x: Array, whole: MetaRegression, less: MetaRegression
) -> dict[str, Any]:
    """Return the fields from the fit of all studies and those without each."""
    k, p = np.asarray(whole.k)[..., None], x.shape[-1]
    spread = v + np.asarray(whole.tau2)[..., None]
    covariance = np.asarray(whole.covariance)
    residual = y - _along(x, np.asarray(whole.beta)[..., None, :])
    hat = np.where(np.isnan(y), np.nan, _form(x, covariance[..., None, :, :]) / spread)
    deleted = y - _along(x, less.beta)
    deleted_se = np.sqrt(v + less.tau2 + _form(x, less.covariance))
    change = np.asarray(whole.beta)[..., None, :] - less.beta
    inside = np.sqrt(np.maximum((1.0 - hat) * spread, 0.0))
    dffits = (deleted - residual) / np.sqrt(hat * (v + less.tau2))
    cook = _form(change, _inverse(covariance)[..., None, :, :])
    dfbetas = change / _errors_at(x, v, less.tau2)
    with np.errstate(divide="ignore", invalid="ignore"):
        large = np.abs(dffits) > 3.0 * np.sqrt(p / np.maximum(k - p, 0.0))
        large |= (cook > special.chdtri(float(p), 0.5)) | (hat > 3.0 * p / k)
        rstandard = residual / inside
        ratio = np.linalg.det(less.covariance) / np.linalg.det(covariance)[..., None]
    total = np.nansum(1.0 / spread, axis=-1, keepdims=True)
    return {
        "residual": residual,
        "residual_se": inside,
        "rstandard": rstandard,
        "deleted": deleted,
        "deleted_se": deleted_se,
        "rstudent": deleted / deleted_se,
        "hat": hat,
        "weights": 100.0 / spread / total,
        "dffits": dffits,
        "cooks_distance": cook,
        "cov_ratio": ratio,
        "tau2_deleted": less.tau2,
        "q_deleted": less.qe,
        "dfbetas": dfbetas,
        "influential": large | (np.abs(dfbetas) > 1.0).any(axis=-1),
        "converged": less.converged,
    }


def _along(x: Array, beta: Array) -> Array:
    """Return x'b over the last axis."""
    return np.asarray((x * beta).sum(axis=-1))


def _form(x: Array, matrix: Array) -> Array:
    """Return x'Mx, shapes (..., p) and (..., p, p)."""
    return np.asarray((x * (matrix @ x[..., None])[..., 0]).sum(axis=-1))


def _inverse(matrix: Array) -> Array:
    """Return inverses, NaN of those that hold NaN; scaled, as columns may have other units."""
    size = np.sqrt(np.diagonal(matrix, axis1=-2, axis2=-1))
    scale = size[..., :, None] * size[..., None, :]
    known = np.isfinite(matrix).all(axis=(-2, -1), keepdims=True)
    unit = np.where(known, matrix / scale, np.eye(matrix.shape[-1]))
    return np.where(known, np.linalg.inv(unit) / scale, np.nan)


def _errors_at(x: Array, v: Array, tau2: Array) -> Array:
    """Return the standard errors of coefficients of all studies at other tau2, (..., k, p)."""
    w = np.nan_to_num(1.0 / (v[..., None, :] + tau2[..., :, None]))
    design = x[..., None, :, :]
    information = np.swapaxes(design, -1, -2) @ (w[..., None] * design)
    known = ~np.isnan(tau2)[..., None, None]
    covariance = _inverse(np.where(known, information, np.nan))
    return np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
