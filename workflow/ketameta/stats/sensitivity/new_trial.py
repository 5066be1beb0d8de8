"""What one more trial would do to a pooled result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.effects.inputs import refuse
from ketameta.stats.numerics.checks import as_effects, as_floats
from ketameta.stats.numerics.shown import Shown
from ketameta.stats.univariate.pooling import random_effects

Array = NDArray[np.float64]

# equally likely results of the new trial, over which the power is summed
_RESULTS = 400


@dataclass(frozen=True, repr=False)
class NewTrial(Shown):
    """The result pooled anew with each trial of a grid, arrays of shape (n, m)."""

    estimate: Array
    ci_low: Array
    ci_high: Array


def with_new_trial(
    yi: ArrayLike,
    vi: ArrayLike,
    effects: ArrayLike,
    variances: ArrayLike,
    *,
    tau2: str = "REML",
    interval: str = "auto",
    level: float = 0.95,
) -> NewTrial:
    """Pool with one trial more, for every sampling variance and every result of it, in one batch.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (k,).
    effects
        Results of the new trial: shape (m,), or (n, m) with own ones for each variance.
    variances
        Its sampling variances, shape (n,).
    tau2, interval, level
        As in `random_effects`; tau2 is estimated anew each time.

    Returns
    -------
    NewTrial.

    Raises
    ------
    ValueError
        As `random_effects`; where a result or a variance of the new trial cannot be one.

    References
    ----------
    Langan et al. (2012), Journal of Clinical Epidemiology 65, 511 (contours on a funnel plot).

    Examples
    --------
    >>> from ketameta.stats import with_new_trial
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> with_new_trial(yi, vi, [-0.5, 0.5], [0.01]).ci_low.round(2)
    array([[-0.22,  0.2 ]])
    """
    y, v = as_effects(yi, vi)
    new_v, results = _variances(variances), _listed("effects", effects)
    refuse(~np.isfinite(results), "effects", results, "is no result of a trial")
    new_y = np.broadcast_to(results, (new_v.size, results.shape[-1]))
    shape = new_y.shape
    whole_y = np.concatenate([np.broadcast_to(y, (*shape, y.size)), new_y[..., None]], axis=-1)
    spread = np.broadcast_to(new_v[:, None], shape)
    whole_v = np.concatenate([np.broadcast_to(v, (*shape, v.size)), spread[..., None]], axis=-1)
    fit = random_effects(whole_y, whole_v, tau2, interval, level, tau2_interval=None)
    return NewTrial(*(np.asarray(x) for x in (fit.estimate, fit.ci_low, fit.ci_high)))


def _variances(variances: ArrayLike) -> Array:
    """Return sampling variances of a new trial, each above 0."""
    found = _listed("variances", variances)
    known = (found > 0) & np.isfinite(found)
    refuse(~known, "variances", found, "is no sampling variance above 0")
    return found


def _listed(name: str, values: ArrayLike) -> Array:
    found = as_floats(name, values)
    if not found.ndim:
        raise ValueError(f"{name} is a list of new trials; it is a single number")
    return found


def conditional_power(
    yi: ArrayLike,
    vi: ArrayLike,
    variances: ArrayLike,
    *,
    effect: float | None = None,
    null: float = 0.0,
    tau2: str = "REML",
    interval: str = "auto",
    level: float = 0.95,
) -> Array:
    r"""Return the probability that the interval excludes a value once a new trial is pooled too.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (k,).
    variances
        Sampling variances of the new trial, shape (n,).
    effect
        Mean of the true effects; by default the pooled effect of yi.
    null
        The value to be excluded.
    tau2, interval, level
        As in `random_effects`.

    Returns
    -------
    Probabilities, shape (n,), to 1 in 400.

    Raises
    ------
    ValueError
        As `random_effects`; where a variance of the new trial cannot be one.

    Notes
    -----
    The result of the new trial is normal about `effect` with variance :math:`v + \tau^2`. Roloff
    and others hold :math:`\tau^2` at what it was and test by z: then, with
    :math:`W = \sum 1 / (v_i + \tau^2)` and :math:`w = 1 / (v + \tau^2)`, the updated statistic
    :math:`(W \hat\mu + w y) / \sqrt{W + w}` is normal, and the power has a closed form. Here
    :math:`\tau^2` and interval are those of the updated analysis itself, so that a surprising
    trial widens the interval; the probability is summed over 400 equally likely results. Where
    :math:`\tau^2` is assumed to be 0 and the interval is Wald's, the two are the same.

    References
    ----------
    Roloff, Higgins & Sutton (2013), Statistics in Medicine 32, 11.

    Examples
    --------
    >>> from ketameta.stats import conditional_power
    >>> yi, vi = [0.12, 0.05, 0.32, 0.18], [0.02, 0.03, 0.015, 0.04]
    >>> conditional_power(yi, vi, [0.1, 0.01, 0.001])
    array([0.7875, 0.895 , 1.    ])
    """
    y, v = as_effects(yi, vi)
    now = random_effects(y, v, tau2, "wald", tau2_interval=None)
    new_v = _variances(variances)
    centre = now.estimate if effect is None else effect
    quantiles = special.ndtri((np.arange(_RESULTS) + 0.5) / _RESULTS)
    results = centre + np.sqrt(new_v + now.tau2)[:, None] * quantiles
    found = with_new_trial(y, v, results, new_v, tau2=tau2, interval=interval, level=level)
    return np.asarray(((found.ci_low > null) | (found.ci_high < null)).mean(axis=1))
