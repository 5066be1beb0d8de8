"""What the pooled effect owes to single studies: deletion and accumulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.numerics.checks import as_effects
from ketameta.stats.numerics.shown import Labels, Shown, number_fields, study_names
from ketameta.stats.univariate.heterogeneity import LIMITS
from ketameta.stats.univariate.intervals import DEFAULT
from ketameta.stats.univariate.pooling import by_rules, random_effects
from ketameta.stats.univariate.results import Number, RandomEffects

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Elements of a block of masked copies, about 16 MB an array: for memory, from 2^16 on the time is
# the same.
_BLOCK = 2**21


def leave_one_out(
    yi: ArrayLike,
    vi: ArrayLike,
    tau2: str = "REML",
    interval: str = DEFAULT,
    level: float = 0.95,
    *,
    tau2_interval: str | None = LIMITS[0],
) -> RandomEffects:
    """Pool again without each study in turn.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (..., k); NaN in both marks an absent
        study.
    tau2, interval, level, tau2_interval
        As in `random_effects`.

    Returns
    -------
    RandomEffects with fields of shape (..., k), entry i without study i (`weights`
    (..., k, k), row i of that fit), `analyses` being the names of those left out. For an
    absent study numbers are NaN, `k` is 0. With k = 1 nothing is left: NaN. With k = 2
    one study is left: its own effect, tau2 NaN.

    Raises
    ------
    ValueError
        As `random_effects`.

    Examples
    --------
    >>> import pandas as pd
    >>> from ketameta.stats import leave_one_out
    >>> yi = pd.Series([0.12, 0.31, 0.52], index=["Ash", "Beech", "Elm"])
    >>> leave_one_out(yi, [0.02, 0.03, 0.015])
    RandomEffects
           estimate       p   ci_low  ci_high   pi_low  pi_high    tau2     i2  k
    Ash        0.45  0.1379  -0.8079    1.708  -0.8079    1.708       0      0  2
    Beech    0.3263    0.35   -2.214    2.866   -3.741    4.393  0.0625  78.12  2
    Elm       0.196  0.2823  -0.9867    1.379  -0.9867    1.379       0      0  2
    """
    (found,) = without_each(yi, vi, tau2, (interval,), level, tau2_interval)
    return found


def without_each(
    yi: ArrayLike,
    vi: ArrayLike,
    tau2: str,
    rules: Sequence[str],
    level: float,
    tau2_interval: str | None = None,
) -> list[RandomEffects]:
    """Return what `leave_one_out` does under each of several rules of the interval."""
    y, v = as_effects(yi, vi)
    k = y.shape[-1]
    keep = np.broadcast_to(~np.eye(k, dtype=bool), (*y.shape, k))
    # Leaving out a study that is not there is no analysis.
    keep = keep & ~np.isnan(y)[..., :, None]
    found = pool_subsets(y, v, keep, tau2, rules, level, tau2_interval)
    names = study_names(yi, vi).get("studies")
    return [replace(out, analyses=names, studies=names) for out in found]


def cumulative(
    yi: ArrayLike,
    vi: ArrayLike,
    order: ArrayLike | None = None,
    *,
    tau2: str = "REML",
    interval: str = DEFAULT,
    level: float = 0.95,
    tau2_interval: str | None = LIMITS[0],
) -> RandomEffects:
    """Pool the first study, the first two, and so on.

    Parameters
    ----------
    yi, vi, tau2, interval, level, tau2_interval
        As in `leave_one_out`.
    order
        Positions 0 to k - 1 of the studies in the order in which they enter, such as
        `np.argsort(year, kind="stable")`; by default the order given.

    Returns
    -------
    RandomEffects with fields of shape (..., k), entry i after study `order[i]` has
    entered (`weights` (..., k, k), columns in the order of yi), `analyses` being the names
    of those that entered. The first entry is
    a single study: its own effect, tau2 NaN. An absent study changes nothing; before
    the first present one everything is NaN.

    Raises
    ------
    ValueError
        As `random_effects`, or if `order` is not a permutation of 0 to k - 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from ketameta.stats import cumulative
    >>> yi = pd.Series([0.12, 0.31, 0.52], index=["Ash", "Beech", "Elm"])
    >>> cumulative(yi, [0.02, 0.03, 0.015], order=[2, 0, 1])
    RandomEffects
           estimate          p   ci_low  ci_high   pi_low  pi_high     tau2     i2  k
    Elm        0.52  2.178e-05     0.28     0.76        –        –        –      –  1
    Ash      0.3263       0.35   -2.214    2.866   -3.741    4.393   0.0625  78.12  2
    Beech    0.3255     0.1134  -0.1911    0.842  -0.5417    1.193  0.02621  55.79  3
    """
    y, v = as_effects(yi, vi)
    k = y.shape[-1]
    places = np.arange(k) if order is None else np.asarray(order)
    if places.shape != (k,) or not np.array_equal(np.sort(places), np.arange(k)):
        raise ValueError(f"order must hold each of the positions 0 to {k - 1} once")
    rank = np.empty(k, dtype=np.intp)
    rank[places.astype(np.intp)] = np.arange(k)
    keep = rank[None, :] <= np.arange(k)[:, None]
    keep = np.broadcast_to(keep, (*y.shape, k))
    (out,) = pool_subsets(y, v, keep, tau2, (interval,), level, tau2_interval)
    names = study_names(yi, vi).get("studies")
    return replace(out, analyses=names and tuple(names[i] for i in places), studies=names)


def pool_subsets(
    y: Array,
    v: Array,
    keep: Mask,
    tau2: str,
    rules: Sequence[str],
    level: float,
    tau2_interval: str | None,
) -> list[RandomEffects]:
    """Pool the studies marked by keep, shape (..., n, k), of y and v, shape (..., k), by each rule.

    The fields have shape (..., n). Copies are made in blocks, so that memory does
    not grow with the number of subsets.
    """
    lead, k = keep.shape[:-1], keep.shape[-1]
    n, analyses = lead[-1], prod(lead[:-1])
    y2, v2 = y.reshape(analyses, k), v.reshape(analyses, k)
    keep3 = keep.reshape(analyses, n, k)
    size = max(1, _BLOCK // max(n * k, 1))
    parts = [
        by_rules(
            np.where(keep3[i : i + size], y2[i : i + size, None, :], np.nan),
            np.where(keep3[i : i + size], v2[i : i + size, None, :], np.nan),
            tau2,
            rules,
            level,
            tau2_interval=tau2_interval,
        )
        for i in range(0, max(analyses, 1), size)
    ]
    found = []
    for own in zip(*parts, strict=True):
        joined: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in own])
            for name in number_fields(RandomEffects)
        }
        shaped = {name: x.reshape(lead + x.shape[2:]) for name, x in joined.items()}
        found.append(RandomEffects(**shaped))
    return found


@dataclass(frozen=True, repr=False)
class Influence(Shown):
    """Deletion diagnostics, every field of shape (..., k), NaN for an absent study.

    Attributes
    ----------
    rstudent
        Residual from the fit without the study over its standard error.
    dffits
        Change of the pooled effect in standard errors of its fitted value.
    cooks_distance
        Squared change of the pooled effect over its variance.
    cov_ratio
        Variance of the pooled effect without the study over that with it.
    tau2_deleted, q_deleted
        tau2 and Cochran's Q without the study.
    hat, weights
        Share of the study in the pooled effect, as a fraction and in per cent.
    dfbetas
        Change of the pooled effect in standard errors of it at the deleted tau2.
    baujat_x, baujat_y
        Squared Pearson residual; squared change of the pooled effect over its variance
        without the study.
    influential
        metafor's rule: abs(dffits) > 3 sqrt(1 / (k - 1)), Cook's distance above the
        median of chi-squared on 1 degree, hat > 3 / k, or abs(dfbetas) > 1.
    converged
        Whether the fit without the study converged.
    studies
        Names of the studies where `yi` carried labels; else None.
    """

    NAMED: ClassVar[str] = "studies"
    SHORT: ClassVar[tuple[str, ...]] = (
        *("rstudent", "dffits", "cooks_distance", "tau2_deleted", "weights", "influential"),
    )

    rstudent: Array
    dffits: Array
    cooks_distance: Array
    cov_ratio: Array
    tau2_deleted: Array
    q_deleted: Array
    hat: Array
    weights: Array
    dfbetas: Array
    baujat_x: Array
    baujat_y: Array
    influential: Mask
    converged: Mask
    studies: Labels = field(default=None, kw_only=True)


# Median of chi-squared on 1 degree of freedom.
_COOK_LIMIT = 0.45493642311957283


def influence(
    yi: ArrayLike, vi: ArrayLike, tau2: str = "REML", *, without: RandomEffects | None = None
) -> Influence:
    r"""Compute the deletion diagnostics of a random-effects pooling.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (..., k); NaN in both marks an absent
        study.
    tau2
        Estimator, as in `random_effects`.
    without
        What `leave_one_out` returns for these under Wald's interval, where it is at hand.

    Returns
    -------
    Influence. With k = 2 a single study is left whose tau2 cannot be estimated: what
    needs it is NaN, as everything but `hat` and `weights` is with k = 1.

    Raises
    ------
    ValueError
        As `random_effects`.

    Notes
    -----
    With :math:`\hat\mu, \hat\tau^2` of all studies, :math:`w_i = 1/(v_i + \hat\tau^2)`,
    :math:`h_i = w_i / \sum w` and (i) for the fit without study i, Wald variances:
    rstudent :math:`(y_i - \mu_{(i)}) / \sqrt{v_i + \tau^2_{(i)} + se^2_{(i)}}`, dffits
    :math:`(\mu - \mu_{(i)}) / \sqrt{h_i (v_i + \tau^2_{(i)})}`, Cook's distance
    :math:`(\mu - \mu_{(i)})^2 / se^2`, covariance ratio :math:`se^2_{(i)} / se^2`.

    References
    ----------
    Viechtbauer & Cheung (2010), Research Synthesis Methods 1, 112, sections 3 and 4;
    Baujat et al. (2002), Statistics in Medicine 21, 2641.

    Examples
    --------
    >>> import pandas as pd
    >>> from ketameta.stats import influence
    >>> yi = pd.Series([0.12, 0.31, 0.52], index=["Ash", "Beech", "Elm"])
    >>> influence(yi, [0.02, 0.03, 0.015])
    Influence
           rstudent     dffits  cooks_distance  tau2_deleted  weights  influential
    Ash      -1.905     -1.511          0.9881             0    33.97          yes
    Beech  -0.04465  -0.004968       4.062e-05        0.0625    27.93           no
    Elm       1.972      1.712           1.067             0     38.1          yes
    """
    y, v = as_effects(yi, vi)
    whole = random_effects(y, v, tau2=tau2, interval="wald", tau2_interval=None)
    out = without
    if out is None:
        out = leave_one_out(y, v, tau2=tau2, interval="wald", tau2_interval=None)
    mu, se, t = (_column(x) for x in (whole.estimate, whole.se, whole.tau2))
    k = _column(whole.k)
    hat = np.asarray(whole.weights) / 100.0
    change = mu - out.estimate
    # Variance of the mean of all studies, were tau2 the one without study i.
    with np.errstate(invalid="ignore"):
        precision = np.nansum(1.0 / (v[..., None, :] + out.tau2[..., :, None]), axis=-1)
    precision = np.where(np.isnan(out.tau2), np.nan, precision)
    dffits = change / np.sqrt(hat * (v + out.tau2))
    cook = change**2 / se**2
    dfbetas = change * np.sqrt(precision)
    with np.errstate(divide="ignore"):
        limit = 3.0 * np.sqrt(1.0 / np.maximum(k - 1.0, 0.0))
        large = (np.abs(dffits) > limit) | (hat > 3.0 / np.maximum(k, 1))
    return Influence(
        studies=study_names(yi, vi).get("studies"),
        rstudent=(y - out.estimate) / np.sqrt(v + out.tau2 + out.se**2),
        dffits=dffits,
        cooks_distance=cook,
        cov_ratio=out.se**2 / se**2,
        tau2_deleted=out.tau2,
        q_deleted=out.q,
        hat=hat,
        weights=np.asarray(whole.weights),
        dfbetas=dfbetas,
        baujat_x=(y - mu) ** 2 / (v + t),
        baujat_y=change**2 / out.se**2,
        influential=large | (cook > _COOK_LIMIT) | (np.abs(dfbetas) > 1),
        converged=out.converged,
    )


def _column(x: Number) -> Array:
    """Give a pooled number an axis of studies to broadcast along."""
    return np.asarray(x, dtype=float)[..., None]
