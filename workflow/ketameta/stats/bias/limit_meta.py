"""Limit meta-analysis: the effect expected of a study of infinite size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.numerics.batch import plain_fields
from ketameta.stats.numerics.checks import as_effects, as_level
from ketameta.stats.numerics.distributions import t_tails
from ketameta.stats.numerics.shown import Shown
from ketameta.stats.univariate.pooling import random_effects
from ketameta.stats.univariate.results import Number

Array = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class LimitMeta(Shown):
    """A limit meta-analysis; numbers of shape (...), effects (..., k).

    Attributes
    ----------
    estimate, se, statistic, p, ci_low, ci_high
        beta_0 = beta + tau alpha, the effect at infinite precision, tested by z.
    alpha, beta
        Intercept and slope of the generalised radial plot; alpha is the small-study
        effect.
    mu_limit, mu_limit_se
        Common-effect mean of the limit effects: adjusted without a bias parameter.
    beta_limit, beta_limit_se
        Slope of their radial plot: adjusted with one.
    g2
        Share of the variation of the limit effects that small-study effects do not
        explain, per cent.
    q, q_small, q_residual, q_small_p, q_residual_p
        Cochran's Q, its part due to small-study effects (1 degree of freedom) and the
        rest (k - 2).
    tau2, k, converged
        Of the random-effects model.
    limit_effects
        Effects shrunken to infinite precision.
    """

    estimate: Number
    se: Number
    statistic: Number
    p: Number
    ci_low: Number
    ci_high: Number
    alpha: Number
    beta: Number
    mu_limit: Number
    mu_limit_se: Number
    beta_limit: Number
    beta_limit_se: Number
    g2: Number
    q: Number
    q_small: Number
    q_residual: Number
    q_small_p: Number
    q_residual_p: Number
    tau2: Number
    k: Any
    converged: Any
    limit_effects: Array


def limit_meta(
    yi: ArrayLike, vi: ArrayLike, *, tau2: str = "REML", level: float = 0.95
) -> LimitMeta:
    r"""Let the effect depend on the standard error and extrapolate to infinite size.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (..., k); NaN in both marks an absent
        study.
    tau2
        Estimator, as in `random_effects`.
    level
        Confidence level.

    Returns
    -------
    LimitMeta. Fewer than 3 studies, or equal standard errors, leave nothing to
    extrapolate from: NaN, `converged` False.

    Raises
    ------
    ValueError
        As `random_effects`.

    Notes
    -----
    Model :math:`y_i = \beta + \sqrt{v_i + \tau^2} (\alpha + \epsilon_i)`, fitted on the
    generalised radial plot with unit residual variance. As v goes to 0 the mean goes to
    :math:`\beta_0 = \beta + \tau\alpha`, whose variance is that of a linear function
    of the two coefficients, :math:`(1 - 2\tau\bar x + \tau^2 \overline{x^2}) / S_{xx}`
    with :math:`x_i = 1 / \sqrt{v_i + \tau^2}`. The limit effects are
    :math:`\beta + \sqrt{\tau^2 / (v_i + \tau^2)} (y_i - \beta)`.

    References
    ----------
    Rücker, Schwarzer, Carpenter, Binder & Schumacher (2011), Biostatistics 12, 122,
    sections 3, 4 and 7.

    Examples
    --------
    >>> from ketameta.stats import limit_meta
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> fit = limit_meta(yi, vi)
    >>> print(f"{fit.estimate:.3f} [{fit.ci_low:.3f}, {fit.ci_high:.3f}]")
    0.651 [0.031, 1.270]
    """
    y, v = as_effects(yi, vi)
    level = as_level(level)
    whole = random_effects(y, v, tau2=tau2, interval="wald", tau2_interval=None)
    t = np.asarray(whole.tau2)
    tau = np.sqrt(t)
    k = np.asarray(whole.k)
    general = _Radial.of(y, np.sqrt(v + t[..., None]))
    plain = _Radial.of(y, np.sqrt(v))
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.sqrt((1 - 2 * tau * general.mean_x + t * general.mean_x2) / general.sxx)
        estimate = general.slope + tau * general.intercept
        statistic = estimate / se
    q = np.where(general.usable, np.asarray(whole.q), np.nan)
    half = special.ndtri(0.5 + level / 2) * se
    found = {
        "estimate": estimate,
        "se": se,
        "statistic": statistic,
        "p": t_tails(statistic, np.full(statistic.shape, np.inf)),
        "ci_low": estimate - half,
        "ci_high": estimate + half,
        "alpha": general.intercept,
        "beta": general.slope,
        "q": q,
        "q_small": q - plain.residual,
        "q_residual": plain.residual,
        "q_small_p": special.chdtrc(1, np.maximum(q - plain.residual, 0)),
        "q_residual_p": special.chdtrc(np.maximum(k - 2.0, 1.0), plain.residual),
        "tau2": t,
        "k": k,
        "converged": np.asarray(whole.converged) & general.usable,
    }
    limits = _limit_effects(y, v, t, general.slope)
    found |= _from_limits(limits, v, general.usable)
    return LimitMeta(limit_effects=limits, **plain_fields(found))


def _limit_effects(y: Array, v: Array, tau2: Array, beta: Array) -> Array:
    """Shrink effects toward beta as inflating every study to infinite size would."""
    share = tau2[..., None] / (v + tau2[..., None])
    return np.asarray(beta[..., None] + np.sqrt(share) * (y - beta[..., None]))


def _from_limits(limits: Array, v: Array, usable: NDArray[np.bool_]) -> dict[str, Array]:
    """Adjust without (mu) and with (beta) a bias parameter, and return G squared."""
    line = _Radial.of(limits, np.sqrt(v))
    precision = np.where(usable, np.nansum(1 / v, axis=-1), np.nan)
    return {
        "mu_limit": np.nansum(limits / v, axis=-1) / precision,
        "mu_limit_se": 1 / np.sqrt(precision),
        "beta_limit": line.slope,
        "beta_limit_se": 1 / np.sqrt(line.sxx),
        "g2": 100 * line.unexplained,
    }


@dataclass(frozen=True)
class _Radial:
    """Unweighted regression of y / s on x = 1 / s along the last axis, NaN left out."""

    intercept: Array
    slope: Array
    mean_x: Array
    mean_x2: Array
    sxx: Array
    residual: Array
    unexplained: Array
    usable: NDArray[np.bool_]

    @classmethod
    def of(cls, y: Array, s: Array) -> _Radial:
        """Fit the line; NaN where there are fewer than 3 studies or one precision."""
        here = ~np.isnan(y) & ~np.isnan(s)
        k = here.sum(axis=-1)
        x = np.where(here, 1 / s, 0.0)
        z = np.where(here, y / s, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean_x, mean_z = x.sum(axis=-1) / k, z.sum(axis=-1) / k
            dx = np.where(here, x - mean_x[..., None], 0.0)
            dz = np.where(here, z - mean_z[..., None], 0.0)
            mean_x2 = (x * x).sum(axis=-1) / k
            sxx = (dx * dx).sum(axis=-1)
            # Equal precisions differ by rounding only.
            usable = (k > 2) & (sxx > 1e-20 * k * mean_x2)
            sxx = np.where(usable, sxx, np.nan)
            slope = (dx * dz).sum(axis=-1) / sxx
            r = dz - slope[..., None] * dx
            residual = np.where(usable, (r * r).sum(axis=-1), np.nan)
            total = (dz * dz).sum(axis=-1)
            # Limit effects that are all equal (tau2 = 0) lie on the line to rounding.
            unexplained = np.where(residual > 1e-20 * total, residual / total, 0.0 * residual)
        return cls(
            mean_z - slope * mean_x, slope, mean_x, mean_x2, sxx, residual, unexplained, usable
        )
