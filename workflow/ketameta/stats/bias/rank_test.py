"""The rank test for small-study effects, of whether effects go with their variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ketameta.stats.numerics.checks import as_effects
from ketameta.stats.numerics.shown import Shown
from ketameta.stats.univariate.results import Number


@dataclass(frozen=True, repr=False)
class RankTest(Shown):
    """Kendall's tau-b with its two-sided p; `exact` says which distribution gave it."""

    tau: Number
    p: Number
    exact: Any
    k: Any


def begg(yi: ArrayLike, vi: ArrayLike) -> RankTest:
    r"""Correlate standardised effects with their variances by ranks.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (..., k); NaN in both marks an absent study.

    Returns
    -------
    RankTest: p from the exact distribution where there are no ties, else from the
    normal approximation with the tie-corrected variance and no continuity correction.
    Fewer than 2 studies, or one value throughout: NaN.

    Notes
    -----
    Raises as `checks.as_effects`. Kendall's tau-b between vi and
    :math:`(y_i - \bar y) / \sqrt{v_i - 1/\sum 1/v}`, :math:`\bar y` the common-effect mean.

    References
    ----------
    Begg & Mazumdar (1994), Biometrics 50, 1088, section 2.

    Examples
    --------
    >>> from ketameta.stats import begg
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> begg(yi, vi)
    RankTest
            value
    tau    -0.527
    p      0.2065
    exact      no
    k           5
    """
    from scipy import stats

    y, v = as_effects(yi, vi)
    lead, k = y.shape[:-1], y.shape[-1]
    tau, p = np.full(lead, np.nan), np.full(lead, np.nan)
    exact, count = np.zeros(lead, dtype=bool), np.zeros(lead, dtype=np.intp)
    for index in np.ndindex(lead):
        present = ~np.isnan(y[index])
        effect, variance = y[index][present], v[index][present]
        count[index] = k = effect.size
        if k < 2:
            continue
        pooled = 1 / np.sum(1 / variance)
        centred = effect - pooled * np.sum(effect / variance)
        z = centred / np.sqrt(variance - pooled)
        free = np.unique(z).size == k and np.unique(variance).size == k
        if np.ptp(z) == 0 or np.ptp(variance) == 0:
            continue
        method = "exact" if free else "asymptotic"
        found = stats.kendalltau(z, variance, method=method)
        tau[index], p[index], exact[index] = found.statistic, found.pvalue, free
    if lead:
        return RankTest(tau, p, exact, count)
    return RankTest(tau.item(), p.item(), exact.item(), count.item())
