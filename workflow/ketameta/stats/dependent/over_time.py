"""Effects of the same people over time: their sampling covariance, and a curve through them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.dependent.mixed import stacks
from ketameta.stats.dependent.shared import label_codes
from ketameta.stats.numerics.checks import as_floats

__all__ = ["covariance_over_time", "restricted_cubic_spline"]

Array = NDArray[np.float64]


def covariance_over_time(
    vi: ArrayLike,
    cluster: ArrayLike,
    time: ArrayLike,
    rho: float,
    *,
    lag: float = 1.0,
    scale: ArrayLike | None = None,
    between: float = 1.0,
    shared: ArrayLike | None = None,
    treated: ArrayLike | None = None,
    control: ArrayLike | None = None,
) -> Array:
    r"""Fill in the sampling covariance of effects that trials report again and again.

    Parameters
    ----------
    vi
        Sampling variances, shape (k,).
    cluster
        Label of the trial of each effect, shape (k,).
    time
        When each was measured, shape (k,).
    rho
        Correlation of what the same people show `lag` apart, from 0 to 1.
    lag
        The time between them, in the unit of `time`.
    scale
        Label (k,) of what each was measured with; by default all with the same.
    between
        Correlation of the same people at the same time on two scales, from 0 to 1.
    shared
        Part of each variance that comes of the control arms, shape (k,); by default
        half.
    treated, control
        Whose results they are: the share of each arm in the treated and in the control
        side, shapes (k, a) and (k, b), each row adding up to 1. By default all effects
        of a trial are of the same arms.

    Returns
    -------
    Array of shape (k, k), never indefinite, its diagonal vi; 0 between trials.

    Raises
    ------
    ValueError
        Lengths that differ, variances not positive, a part outside 0 to vi, times not
        finite, correlations outside 0 to 1, shares below 0 or that do not add up to 1.

    Notes
    -----
    An effect is a treated side less a control side, with errors of the variances
    :math:`o_i = v_i - s_i` and :math:`s_i`. The errors of a side are a weighted sum of
    those of its arms; where arms are alike in their variance an arm with the share
    :math:`a_{im}` of the people gives that share of the variance, so that two sides
    correlate by :math:`\sum_m \sqrt{a_{im} a_{jm}}`: 1 for the same arms, 0 for others,
    between for an arm and a pool that holds it. Over time the errors are an
    autoregression in continuous time. Together

    .. math:: V_{ij} = \rho^{|t_i - t_j| / \ell} \kappa_{ij}
        \Bigl(\sqrt{o_i o_j} \sum_m \sqrt{a_{im} a_{jm}}
        + \sqrt{s_i s_j} \sum_m \sqrt{b_{im} b_{jm}}\Bigr)

    with :math:`\kappa` = 1 on one scale and `between` on two. Each factor is a
    covariance, and so is their product (Schur 1911, Journal für die reine und
    angewandte Mathematik 140, 1).

    References
    ----------
    Gleser & Olkin (2009), in Cooper et al., The Handbook of Research Synthesis, chapter
    19, for arms that share a control; Trikalinos & Olkin (2012), Clinical Trials 9, 610,
    for repeated measurements; Ishak et al. (2007), Clinical Trials 4, 525.

    Examples
    --------
    >>> from ketameta.stats import covariance_over_time
    >>> covariance_over_time([0.04, 0.04, 0.09], ["A", "A", "A"], [4, 24, 24], 0.5, lag=20).round(3)
    array([[0.04, 0.02, 0.03],
           [0.02, 0.04, 0.06],
           [0.03, 0.06, 0.09]])
    """
    v, t = as_floats("vi", vi), as_floats("time", time)
    if v.ndim != 1 or t.shape != v.shape:
        raise ValueError(f"vi and time need one axis of the same length, not {v.shape}, {t.shape}")
    codes = label_codes(cluster, v.size, "cluster")
    s = v / 2 if shared is None else as_floats("shared", shared)
    if not ((v > 0) & np.isfinite(v) & np.isfinite(t)).all():
        raise ValueError("vi must be positive, vi and time finite")
    if s.shape != v.shape or not ((s >= 0) & (s <= v)).all():
        raise ValueError("shared must hold a part of each vi, between 0 and it")
    for name, value in (("rho", rho), ("between", between)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must lie between 0 and 1, not {value}")
    if not lag > 0:
        raise ValueError(f"lag must be above 0, not {lag}")
    kinds = np.zeros(v.size) if scale is None else label_codes(scale, v.size, "scale")
    own, both = _roots("treated", treated, v.size), _roots("control", control, v.size)
    found = np.zeros((v.size, v.size))
    for rows in stacks(codes):
        one, other = rows[:, :, None], rows[:, None, :]
        apart = np.abs(t[one] - t[other]) / lag
        alike = np.where(apart == 0, 1.0, rho**apart) * np.where(
            kinds[one] == kinds[other], 1.0, between
        )
        errors = _products((v - s)[rows], own[rows]) + _products(s[rows], both[rows])
        found[one, other] = alike * errors
    found[np.diag_indices(v.size)] = v
    return found


def _products(variances: Array, roots: Array) -> Array:
    """Return what the errors of a side share in clusters, (c, m, m)."""
    weighted = np.sqrt(variances)[:, :, None] * roots
    return np.asarray(weighted @ np.swapaxes(weighted, 1, 2))


def _roots(name: str, shares: ArrayLike | None, k: int) -> Array:
    """Return the roots of the shares of arms in the sides of effects, (k, arms)."""
    if shares is None:
        return np.ones((k, 1))
    held = as_floats(name, shares)
    whole = held.ndim == 2 and held.shape[0] == k and (held >= 0).all()
    if not whole or not np.allclose(held.sum(axis=1), 1, rtol=1e-9):
        raise ValueError(f"{name} must have a row of shares for each effect that add up to 1")
    return np.asarray(np.sqrt(held))


def restricted_cubic_spline(x: ArrayLike, knots: ArrayLike) -> Array:
    r"""Return the columns of a cubic spline that is straight beyond its outer knots.

    Parameters
    ----------
    x
        Where, shape (n,).
    knots
        Two or more, increasing; with two the spline is a straight line.

    Returns
    -------
    Array (n, K - 1): x itself, then a column for each knot but the last two. Neither
    column holds an intercept.

    Raises
    ------
    ValueError
        Fewer than two knots, or knots that do not increase.

    Notes
    -----
    With :math:`(u)_+ = \max(u, 0)` column j + 1 is :math:`(x - k_j)_+^3
    - (x - k_{K-1})_+^3 \frac{k_K - k_j}{k_K - k_{K-1}}
    + (x - k_K)_+^3 \frac{k_{K-1} - k_j}{k_K - k_{K-1}}`, divided by
    :math:`(k_K - k_1)^2` so that all columns are in the unit of x: cubic and quadratic
    terms cancel beyond the last knot.

    References
    ----------
    Harrell (2015), Regression Modeling Strategies, 2nd ed., section 2.4.5.

    Examples
    --------
    >>> from ketameta.stats import restricted_cubic_spline
    >>> restricted_cubic_spline([0, 1, 2, 3], [0, 1, 2]).round(3)
    array([[0.  , 0.  ],
           [1.  , 0.25],
           [2.  , 1.5 ],
           [3.  , 3.  ]])
    """
    at, k = as_floats("x", x), as_floats("knots", knots)
    if k.ndim != 1 or k.size < 2 or not np.isfinite(k).all() or (np.diff(k) <= 0).any():
        raise ValueError("knots must be two or more that increase")
    if at.ndim != 1:
        raise ValueError("x must have one axis")
    third = np.maximum(at[:, None] - k, 0.0) ** 3  # (n, K)
    inner, before, last = k[:-2], k[-2], k[-1]
    bent = (
        third[:, :-2]
        - third[:, -2:-1] * (last - inner) / (last - before)
        + third[:, -1:] * (before - inner) / (last - before)
    )
    return np.column_stack([at, bent / (last - k[0]) ** 2])
