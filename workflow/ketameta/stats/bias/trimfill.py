"""Trim and fill: how many studies are missing on one side, and what they would change."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.bias.small_study import egger
from ketameta.stats.numerics.checks import as_effects, one_of
from ketameta.stats.numerics.shown import Shown
from ketameta.stats.univariate.pooling import random_effects
from ketameta.stats.univariate.results import Number, RandomEffects

Array = NDArray[np.float64]
Ints = NDArray[np.intp]

ESTIMATORS = ("L0", "R0", "Q0")
_ROUNDS = 100


@dataclass(frozen=True, repr=False)
class TrimFill(Shown):
    """The filled analysis; numbers of shape (...).

    Attributes
    ----------
    k0, k0_se
        Estimated number of missing studies, rounded, and the standard error of the
        unrounded number; floats, NaN where there is no estimate.
    k0_p
        For R0: probability of that many or more when none is missing. Else NaN.
    side
        "left" or "right": where the missing studies are.
    fit
        Pooling of the observed and the filled studies.
    filled_yi, filled_vi
        The filled studies, shape (..., m), m the largest k0 of the batch, NaN beyond
        an analysis's own k0.
    converged
        Whether k0 exists and settled within 100 rounds, and the fits converged. Where
        False for want of k0, `fit` is NaN.
    """

    k0: Any
    k0_se: Number
    k0_p: Number
    side: Any
    fit: RandomEffects
    filled_yi: Array
    filled_vi: Array
    converged: Any


def trim_and_fill(
    yi: ArrayLike,
    vi: ArrayLike,
    estimator: str = "L0",
    side: str | None = None,
    *,
    tau2: str = "REML",
    interval: str = "wald",
    level: float = 0.95,
) -> TrimFill:
    r"""Estimate the number of missing studies, mirror as many, and pool again.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (..., k); NaN in both marks an absent
        study.
    estimator
        "L0", "R0" or "Q0".
    side
        Where studies are missing, "left" or "right". By default left where the effects
        rise with the standard error in a meta-regression, else right.
    tau2, interval, level
        As in `random_effects`, for the rounds and for the filled analysis.

    Returns
    -------
    TrimFill. Fewer than 3 studies: no estimate, NaN. Q0 does not exist where nearly
    all deviations are positive (the root below is of a negative number): NaN, where
    metafor stops with an error.

    Raises
    ------
    ValueError
        As `random_effects`; names out of range.

    Notes
    -----
    With T the rank sum of the positive deviations from the trimmed mean and g the
    largest rank of a negative one (effects turned so that the missing side is left):
    :math:`L_0 = (4T - k(k+1)) / (2k - 1)`, :math:`R_0 = k - g - 1`,
    :math:`Q_0 = k - 1/2 - \sqrt{2k^2 - 4T + 1/4}`, rounded and at least 0, until the
    number of trimmed studies no longer changes.

    References
    ----------
    Duval & Tweedie (2000), Journal of the American Statistical Association 95, 89,
    equations 7 to 11.

    Examples
    --------
    >>> from ketameta.stats import trim_and_fill
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> trim_and_fill(yi, vi)
    TrimFill
               value
    k0             2
    k0_se      1.539
    k0_p           –
    side       right
    converged    yes
    """
    y, v = as_effects(yi, vi)
    one_of("estimator", estimator, ESTIMATORS)
    if side is not None:
        one_of("side", side, ("left", "right"))
    lead, size = y.shape[:-1], y.shape[-1]
    flat_y, flat_v = y.reshape(prod(lead), size), v.reshape(prod(lead), size)
    left = _missing_left(flat_y, flat_v, side, tau2)
    found, fill_y, fill_v = _search(flat_y, flat_v, left, estimator, tau2)
    # Without an estimate there is no filled analysis either.
    flat_y, flat_v = (np.where(found.settled[:, None], x, np.nan) for x in (flat_y, flat_v))
    fit = random_effects(
        np.concatenate([flat_y, fill_y], axis=1).reshape(*lead, -1),
        np.concatenate([flat_v, fill_v], axis=1).reshape(*lead, -1),
        tau2=tau2,
        interval=interval,
        level=level,
    )

    k0_p = np.full(len(left), np.nan)
    if estimator == "R0":
        k0_p = np.where(found.settled, 0.5 ** (found.k0 + 1.0), np.nan)

    def shaped(x: NDArray[Any]) -> Any:
        return x.reshape(lead) if lead else x.item()

    return TrimFill(
        k0=shaped(np.where(found.settled, found.k0, np.nan)),
        k0_se=shaped(found.se),
        k0_p=shaped(k0_p),
        side=shaped(np.where(left, "left", "right")),
        fit=fit,
        filled_yi=fill_y.reshape(*lead, -1),
        filled_vi=fill_v.reshape(*lead, -1),
        converged=shaped(found.settled & np.ravel(fit.converged)),
    )


def _search(
    y: Array, v: Array, left: NDArray[np.bool_], estimator: str, tau2: str
) -> tuple[_Trimmed, Array, Array]:
    """Trim with the missing side turned to the left, and return the mirrored studies."""
    sign = np.where(left, 1.0, -1.0)[:, None]
    order = np.argsort(sign * y, axis=1, kind="stable")  # absent studies go last
    turned, v = np.take_along_axis(sign * y, order, axis=1), np.take_along_axis(v, order, axis=1)
    found = _trim(turned, v, estimator, tau2)
    fill_y, fill_v = _mirror(turned, v, found)
    return found, sign * fill_y, fill_v


def _missing_left(y: Array, v: Array, side: str | None, tau2: str) -> NDArray[np.bool_]:
    """Say of each analysis whether studies are missing on the left."""
    if side is not None:
        return np.full(len(y), side == "left")
    slope = np.asarray(egger(y, v, tau2=tau2).slope)
    # Without a slope (fewer than 3 studies) the side does not matter.
    return ~(slope < 0)


@dataclass(frozen=True)
class _Trimmed:
    """State of the trimming: number trimmed, its standard error, centre, settled or not."""

    k0: Ints
    se: Array
    centre: Array
    settled: NDArray[np.bool_]


def _trim(y: Array, v: Array, estimator: str, tau2: str) -> _Trimmed:
    """Trim the right of effects in ascending order until the number settles."""
    k = (~np.isnan(y)).sum(axis=1)
    k0, se = np.zeros(len(y), dtype=np.intp), np.full(len(y), np.nan)
    centre, settled = np.full(len(y), np.nan), np.zeros(len(y), dtype=bool)
    live = np.flatnonzero(k > 2)
    for _ in range(_ROUNDS):
        if not live.size:
            break
        kept = np.arange(y.shape[1]) < (k - k0)[live, None]
        trimmed = random_effects(
            np.where(kept, y[live], np.nan),
            np.where(kept, v[live], np.nan),
            tau2=tau2,
            interval="wald",
            tau2_interval=None,
        )
        centre[live] = trimmed.estimate
        raw, se[live] = _missing_count(y[live] - centre[live, None], k[live], estimator)
        exists = ~np.isnan(raw)
        new = np.clip(np.round(np.where(exists, raw, 0.0)), 0, k[live] - 1).astype(np.intp)
        moved = new != k0[live]
        k0[live] = new
        settled[live] = exists & ~moved
        live = live[exists & moved]
    k0[~settled] = 0
    return _Trimmed(k0, np.where(settled, se, np.nan), centre, settled)


def _missing_count(deviation: Array, k: Ints, estimator: str) -> tuple[Array, Array]:
    """Estimate the number missing from deviations (n, size), and its standard error."""
    order = np.argsort(np.abs(deviation), axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(1, order.shape[1] + 1)[None, :], axis=1)
    n = k.astype(float)
    if estimator == "R0":
        k0 = n - np.where(deviation < 0, rank, 0).max(axis=1) - 1
        return k0, np.sqrt(2 * np.maximum(k0, 0) + 2)
    T = np.where(deviation > 0, rank, 0).sum(axis=1).astype(float)
    if estimator == "L0":
        k0 = (4 * T - n * (n + 1)) / (2 * n - 1)
        factor = 4 / (2 * n - 1)
    else:
        inside = 2 * n * n - 4 * T + 0.25
        # 4 T can exceed 2 k^2: T is at most k (k + 1) / 2. Then there is no Q0.
        root = np.sqrt(np.where(inside > 0, inside, np.nan))
        k0 = n - 0.5 - root
        # (k - 1/2)^2 - k0 (2k - k0 - 1) is the square of the root.
        factor = 2 / root
    variance = n * (n + 1) * (2 * n + 1) + 10 * k0**3 + 27 * k0**2 + 17 * k0
    variance += -18 * n * k0**2 - 18 * n * k0 + 6 * n**2 * k0
    return k0, factor * np.sqrt(np.maximum(variance, 0.0) / 24)


def _mirror(y: Array, v: Array, found: _Trimmed) -> tuple[Array, Array]:
    """Mirror the k0 largest effects about the centre, NaN where there are fewer."""
    k = (~np.isnan(y)).sum(axis=1)
    most = int(found.k0.max(initial=0))
    place = (k - found.k0)[:, None] + np.arange(most)
    missing = np.arange(most) >= found.k0[:, None]
    place = np.where(missing, 0, place)
    if not y.shape[1]:
        return np.empty((len(y), 0)), np.empty((len(y), 0))
    fill_y = 2 * found.centre[:, None] - np.take_along_axis(y, place, axis=1)
    fill_v = np.take_along_axis(v, place, axis=1)
    return np.where(missing, np.nan, fill_y), np.where(missing, np.nan, fill_v)
