"""Small-study effects: regressions on the standard error or on the sample size."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.numerics.batch import plain_fields
from ketameta.stats.numerics.checks import (
    StudyError,
    aligned,
    as_effects,
    as_floats,
    as_labels,
    as_level,
    common_shape,
    one_of,
)
from ketameta.stats.numerics.distributions import t_quantile, t_tails
from ketameta.stats.numerics.shown import Shown
from ketameta.stats.univariate.regression import meta_regression
from ketameta.stats.univariate.results import Number

Array = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class RegressionTest(Shown):
    """A regression of effects on a measure of study size; numbers of shape (...).

    `slope` is the coefficient of the predictor, tested by `statistic` (t on `df`
    degrees, z where df is infinite) with two-sided `p`. `limit` is the intercept: the
    effect expected of a study whose predictor is 0, with its interval. `tau2` is the
    residual heterogeneity, NaN for the classical regressions, which have none.
    """

    slope: Number
    slope_se: Number
    statistic: Number
    df: Number
    p: Number
    limit: Number
    limit_se: Number
    limit_p: Number
    limit_low: Number
    limit_high: Number
    tau2: Number
    k: Any
    converged: Any


def egger(
    yi: ArrayLike,
    vi: ArrayLike,
    model: str = "re",
    *,
    tau2: str = "REML",
    groups: ArrayLike | None = None,
    level: float = 0.95,
) -> RegressionTest:
    r"""Regress effects on their standard errors.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (..., k); NaN in both marks an absent study.
    model
        "re": meta-regression with residual heterogeneity, tested by z. "lm": the
        classical regression weighted by 1 / vi with a residual variance, tested by t
        on k - 2 degrees; its slope is the intercept of the standardised effects on
        precision in the original article.
    tau2
        Estimator of "re", as in `random_effects`.
    groups
        For "lm" a label a study, shape (k,), to adjust for: see `weighted_line`.
    level
        Confidence level of the limit's interval.

    Returns
    -------
    RegressionTest. Fewer than 3 studies, or equal standard errors: NaN, `converged` False.

    Raises
    ------
    ValueError
        As `checks.as_effects`; names out of range.

    References
    ----------
    Egger et al. (1997), BMJ 315, 629; Sterne & Egger (2005), in Publication Bias in
    Meta-Analysis, chapter 6, equation 6.2.

    Examples
    --------
    >>> from ketameta.stats import egger
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> fit = egger(yi, vi)
    >>> print(f"{fit.slope:.2f}, p {fit.p:.2f}")
    -3.48, p 0.26
    """
    y, v = as_effects(yi, vi)
    one_of("model", model, ("re", "lm"))
    if model == "lm":
        return weighted_line(y, v, np.sqrt(v), level, groups)
    if groups is not None:
        raise ValueError('groups are adjusted for in the regression "lm" alone')
    return random_line(y, v, np.sqrt(v), tau2, level)


def peters(
    yi: ArrayLike,
    ai: ArrayLike,
    n1i: ArrayLike,
    ci: ArrayLike,
    n2i: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    level: float = 0.95,
) -> RegressionTest:
    r"""Regress log odds ratios on the inverse of the sample size.

    Parameters
    ----------
    yi
        Effects, usually log odds ratios, shape (..., k); NaN marks an absent study.
    ai, n1i, ci, n2i
        Events and sizes of the two groups, as many as in yi; a plain number stands for all.
    groups
        A label a study, shape (k,), to adjust for: see `weighted_line`.
    level
        Confidence level of the limit's interval.

    Returns
    -------
    RegressionTest, t on k - 2 degrees. A study in which no one or everyone had the
    event has no weight and is left out. Fewer than 3 studies or equal sizes: NaN.

    Raises
    ------
    ValueError
        Counts that are negative or above the size of their group.

    Notes
    -----
    Weights are :math:`1 / (1/e + 1/(n - e))`, e the events and n the size of both
    groups together: unlike the variance they do not depend on the effect.

    References
    ----------
    Peters et al. (2006), JAMA 295, 676.

    Examples
    --------
    >>> from ketameta.stats import effect_size, peters
    >>> trials = {"ai": [12, 9, 15], "n1i": [20, 20, 30], "ci": [5, 6, 8], "n2i": [20, 20, 30]}
    >>> yi = effect_size("OR", **trials).yi
    >>> fit = peters(yi, **trials)
    >>> print(f"{fit.slope:.2f}, p {fit.p:.2f}")
    8.72, p 0.93
    """
    y, table = counted(yi, ai, n1i, ci, n2i)
    return weighted_line(*as_effects(y, table.spread), 1.0 / table.people, level, groups)


class Counted(NamedTuple):
    """Events and people of two arms, shape (...), NaN where no one or everyone had the event."""

    ai: Array
    n1i: Array
    ci: Array
    n2i: Array

    @property
    def people(self) -> Array:
        """The size of both groups together."""
        return self.n1i + self.n2i

    @property
    def spread(self) -> Array:
        """1/e + 1/(n - e), e the events and n the size of both groups together."""
        e = self.ai + self.ci
        return 1.0 / e + 1.0 / (self.people - e)


def counted(
    yi: ArrayLike, ai: ArrayLike, n1i: ArrayLike, ci: ArrayLike, n2i: ArrayLike
) -> tuple[Array, Counted]:
    """Return effects and counts, NaN in all where a study is absent or all or none had the event.

    Raises a ValueError of counts that are negative or above the size of their group.
    """
    names = ("yi", "ai", "n1i", "ci", "n2i")
    given = aligned(yi=yi, ai=ai, n1i=n1i, ci=ci, n2i=n2i)
    arrays = {name: as_floats(name, x) for name, x in zip(names, given, strict=True)}
    shape = common_shape(arrays)
    y, a, n1, c, n2 = (np.broadcast_to(x, shape) for x in arrays.values())
    absent = np.isnan(y) | np.isnan(a + n1 + c + n2)
    for name, events, size in (("ai", a, n1), ("ci", c, n2)):
        bad = ~absent & ~((events >= 0) & (events <= size) & np.isfinite(size))
        if bad.any():
            place = tuple(int(i) for i in np.argwhere(bad)[0])
            raise StudyError(name, place, f"is {events[place]:g} of {size[place]:g}")
    absent = absent | (a + c == 0) | (a + c == n1 + n2)
    y, *table = (np.where(absent, np.nan, x) for x in (y, a, n1, c, n2))
    return y, Counted(*table)


def weighted_line(
    y: Array, v: Array, x: Array, level: float, groups: ArrayLike | None = None
) -> RegressionTest:
    """Fit y = limit + slope x with weights 1 / v and a residual variance, along the last axis.

    Studies that are NaN are left out. Sums are taken about weighted means, so that the scale of x
    does not matter. With `groups`, labels of shape (k,), the means are theirs (Frisch & Waugh
    1933): the slope within groups, t on k - groups - 1 degrees, and NaN for the limit.
    """
    level = as_level(level)
    w = np.where(np.isnan(y), 0.0, 1.0 / np.where(np.isnan(y), 1.0, v))
    y, x = np.where(np.isnan(y), 0.0, y), np.where(np.isnan(y), 0.0, x)
    code = np.zeros(y.shape[-1], int)
    if groups is not None:
        code = as_labels("groups", groups, code.size)[1]
    k = (w > 0).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = _by_group(w, code)
        means = [np.where(w > 0, _by_group(w * z, code) / share, 0.0) for z in (x, y)]
        dx, dy = x - means[0], y - means[1]
        sets = np.where(w > 0, w / share, 0.0).sum(axis=-1).round()
        sxx = (w * dx * dx).sum(axis=-1)
        # Equal predictors differ by rounding only: nothing to regress on.
        usable = (k - sets > 1) & (sxx > 1e-20 * (w * means[0] ** 2).sum(axis=-1))
        sxx = np.where(usable, sxx, np.nan)
        df = np.where(usable, k - sets - 1.0, np.nan)
        slope = (w * dx * dy).sum(axis=-1) / sxx
        r = np.where(w > 0, dy - slope[..., None] * dx, 0.0)
        variance = (w * r * r).sum(axis=-1) / df
        slope_se = np.sqrt(variance / sxx)
        total = np.where(sets == 1, w.sum(axis=-1), np.nan)  # one limit, or none to tell
        mean_x, mean_y = ((w * z).sum(axis=-1) / total for z in (x, y))
        limit = mean_y - slope * mean_x
        limit_se = np.sqrt(variance * (1 / total + mean_x**2 / sxx))
        statistic, limit_t = slope / slope_se, limit / limit_se
    half = t_quantile(df, level) * limit_se
    found = {
        "slope": slope,
        "slope_se": slope_se,
        "statistic": statistic,
        "df": df,
        "p": t_tails(statistic, df),
        "limit": limit,
        "limit_se": limit_se,
        "limit_p": t_tails(limit_t, df),
        "limit_low": limit - half,
        "limit_high": limit + half,
        "tau2": np.full(k.shape, np.nan),
        "k": k,
        "converged": usable,
    }
    return RegressionTest(**plain_fields(found))


def without_limit(found: RegressionTest) -> RegressionTest:
    """Return a test without its limit, where a predictor of 0 stands for no study."""
    none = np.full(np.shape(found.slope), np.nan)
    fields_ = ("limit", "limit_se", "limit_p", "limit_low", "limit_high")
    return replace(found, **plain_fields(dict.fromkeys(fields_, none)))


def _by_group(values: Array, code: NDArray[np.intp]) -> Array:
    """Return for each study the sum over its group, along the last axis."""
    total = np.empty_like(values)
    for one in np.unique(code):
        own = np.compress(code == one, values, axis=-1)  # one analysis lies after the other
        total[..., code == one] = own.sum(axis=-1, keepdims=True)
    return total


def random_line(y: Array, v: Array, x: Array, tau2: str, level: float) -> RegressionTest:
    """Fit y = limit + slope x by random-effects meta-regression, along the last axis."""
    lead, size = y.shape[:-1], y.shape[-1]
    y, v, x = (a.reshape(prod(lead), size) for a in (y, v, x))
    here = ~np.isnan(y)
    k = here.sum(axis=1)
    low = np.where(here, x, np.inf).min(axis=1, initial=np.inf)
    high = np.where(here, x, -np.inf).max(axis=1, initial=-np.inf)
    # Equal predictors differ by rounding only: nothing to regress on.
    rows = np.flatnonzero((k > 2) & (high - low > 1e-10 * high))
    names = [f.name for f in fields(RegressionTest)]
    found: dict[str, Any] = {name: np.full(len(y), np.nan) for name in names}
    found["k"], found["converged"] = k, np.zeros(len(y), dtype=bool)
    if rows.size:
        design = np.stack([np.ones_like(x), np.where(here, x, 0.0)], axis=-1)
        fit = meta_regression(
            y[rows],
            v[rows],
            design[rows],
            tau2=tau2,
            interval="wald",
            level=level,
            tau2_interval=None,
        )
        values = {
            "slope": fit.beta[:, 1],
            "slope_se": fit.se[:, 1],
            "statistic": fit.statistic[:, 1],
            "df": np.full(rows.size, np.inf),
            "p": fit.p[:, 1],
            "limit": fit.beta[:, 0],
            "limit_se": fit.se[:, 0],
            "limit_p": fit.p[:, 0],
            "limit_low": fit.ci_low[:, 0],
            "limit_high": fit.ci_high[:, 0],
            "tau2": fit.tau2,
            "converged": fit.converged,
        }
        for name, value in values.items():
            found[name][rows] = value
    return RegressionTest(**plain_fields({name: found[name].reshape(lead) for name in names}))
