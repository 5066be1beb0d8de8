"""Tests of small-study effects that go by the sizes of studies, or by a score of their events.

The standard error of a ratio of events, and of a standardised difference, holds the effect itself:
Egger's line finds a slope where nothing was kept back. These go by what does not hold it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ketameta.stats.bias.small_study import (
    Array,
    RegressionTest,
    counted,
    random_line,
    weighted_line,
    without_limit,
)
from ketameta.stats.numerics.checks import (
    StudyError,
    aligned,
    as_effects,
    as_floats,
    common_shape,
    one_of,
)

PREDICTORS = {
    "ni": lambda n: n,
    "ninv": lambda n: 1.0 / n,
    "sqrtninv": lambda n: 1.0 / np.sqrt(n),
}


def size_regression(
    yi: ArrayLike,
    vi: ArrayLike,
    ni: ArrayLike,
    predictor: str = "sqrtninv",
    model: str = "lm",
    *,
    tau2: str = "REML",
    groups: ArrayLike | None = None,
    level: float = 0.95,
) -> RegressionTest:
    """Regress effects on a function of the number of people, weighted by their precision.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (..., k); NaN in both marks an absent study.
    ni
        People in each study, as many as in yi; NaN leaves a study out.
    predictor
        sqrtninv: 1/sqrt(n) (Tang & Liu 2000); ninv: 1/n; ni: n itself (Macaskill and others 2001).
    model
        lm (weights 1/vi and a residual variance, t on k - 2 degrees) or re (meta-regression with
        tau2, tested by z), as in `egger`.
    tau2, groups, level
        As in `egger`.

    Returns
    -------
    RegressionTest. Of `ni` there is no limit: it would be that of a study without people.

    Raises
    ------
    ValueError
        As `egger`; a size of 0 or below; words out of range.

    Notes
    -----
    Equal to metafor's ``regtest(yi, vi, ni=, predictor=, model=)``.

    References
    ----------
    Tang & Liu (2000), J Clin Epidemiol 53, 477; Macaskill, Walter & Irwig (2001), Stat Med 20, 641.

    Examples
    --------
    >>> from ketameta.stats import size_regression
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> fit = size_regression(yi, vi, [210, 130, 260, 100, 190])
    >>> print(f"{fit.slope:.2f}, p {fit.p:.2f}")
    -6.27, p 0.41
    """
    one_of("predictor", predictor, PREDICTORS)
    one_of("model", model, ("lm", "re"))
    yi, vi, ni = aligned(yi=yi, vi=vi, ni=ni)
    y, v = as_effects(yi, vi)
    y, v, n = _sized(y, v, ni=ni)
    x = PREDICTORS[predictor](n)
    if model == "lm":
        found = weighted_line(y, v, x, level, groups)
    elif groups is not None:
        raise ValueError('groups are adjusted for in the regression "lm" alone')
    else:
        found = random_line(y, v, x, tau2, level)
    return without_limit(found) if predictor == "ni" else found


def pustejovsky_rodgers(
    yi: ArrayLike,
    n1i: ArrayLike,
    n2i: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    level: float = 0.95,
) -> RegressionTest:
    """Regress standardised mean differences on the part of their standard error without effect.

    Parameters
    ----------
    yi
        Effects, shape (..., k); NaN marks an absent study.
    n1i, n2i
        Sizes of the two groups, as many as in yi; NaN leaves a study out.
    groups, level
        As in `egger`.

    Returns
    -------
    RegressionTest, t on k - 2 degrees; `limit` is the effect of a study of infinite size.

    Raises
    ------
    ValueError
        A size of 0 or below.

    Notes
    -----
    On sqrt(1/n1 + 1/n2), weights 1/(1/n1 + 1/n2): the variance of a standardised difference also
    has a term that grows with its square, which alone makes funnels lean.

    References
    ----------
    Pustejovsky & Rodgers (2019), Research Synthesis Methods 10, 57.

    Examples
    --------
    >>> from ketameta.stats import pustejovsky_rodgers
    >>> fit = pustejovsky_rodgers([0.5, 0.3, 0.2, 0.4], [10, 25, 60, 30], [12, 25, 55, 30])
    >>> print(f"{fit.slope:.2f}, p {fit.p:.2f}, limit {fit.limit:.2f}")
    1.29, p 0.13, limit -0.02
    """
    return _size_line(1.0, yi, n1i, n2i, level, groups)


def deeks(
    yi: ArrayLike,
    n1i: ArrayLike,
    n2i: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    level: float = 0.95,
) -> RegressionTest:
    """Regress log diagnostic odds ratios on the effective sample size.

    Parameters
    ----------
    yi
        Log odds ratios, shape (..., k); NaN marks an absent study.
    n1i, n2i
        People with and without the condition, as many as in yi; NaN leaves a study out.
    groups, level
        As in `egger`.

    Returns
    -------
    RegressionTest, t on k - 2 degrees; `limit` is the effect of a study of infinite size.

    Raises
    ------
    ValueError
        A size of 0 or below.

    Notes
    -----
    On 1/sqrt(e), weights e, with e = 4 n1 n2 / (n1 + n2). As e = 4 / (1/n1 + 1/n2), the test is
    that of `pustejovsky_rodgers` with half its predictor: p and limit are the same.

    References
    ----------
    Deeks, Macaskill & Irwig (2005), J Clin Epidemiol 58, 882.

    Examples
    --------
    >>> from ketameta.stats import deeks
    >>> fit = deeks([2.1, 3.0, 1.6, 2.4], [20, 12, 60, 35], [40, 30, 90, 60])
    >>> print(f"{fit.slope:.1f}, p {fit.p:.2f}")
    13.7, p 0.16
    """
    return _size_line(0.25, yi, n1i, n2i, level, groups)


def harbord(
    ai: ArrayLike,
    n1i: ArrayLike,
    ci: ArrayLike,
    n2i: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    level: float = 0.95,
) -> RegressionTest:
    """Regress the scores of odds ratios on their standard errors.

    Parameters
    ----------
    ai, n1i, ci, n2i
        Events and sizes of the two groups, shape (..., k); a plain number stands for all.
    groups, level
        As in `egger`.

    Returns
    -------
    RegressionTest, t on k - 2 degrees; `limit` is a log odds ratio by Peto's one step. A study in
    which no one or everyone had the event is left out.

    Raises
    ------
    ValueError
        Counts that are negative or above the size of their group.

    Notes
    -----
    With Z the events of arm 1 less those expected of the margins and V their hypergeometric
    variance: Z/sqrt(V) on sqrt(V), whose intercept is the slope of Z/V on 1/sqrt(V) with weights V.
    V hardly depends on the effect.

    References
    ----------
    Harbord, Egger & Sterne (2006), Stat Med 25, 3443.

    Examples
    --------
    >>> from ketameta.stats import harbord
    >>> trials = {"ai": [12, 9, 15, 40], "n1i": [20, 20, 30, 90]}
    >>> fit = harbord(**trials, ci=[5, 6, 8, 30], n2i=[20, 20, 30, 88])
    >>> print(f"{fit.slope:.2f}, p {fit.p:.2f}")
    1.86, p 0.21
    """
    _, table = counted(0.0, ai, n1i, ci, n2i)
    n = table.people
    # Peto's: 1/V and Z/V, of counts without an event, or with nothing else, NaN
    v = table.spread * n * (n - 1.0) / (table.n1i * table.n2i)
    y = (table.ai - (table.ai + table.ci) * table.n1i / n) * v
    y, v = as_effects(y, v)
    return weighted_line(y, v, np.sqrt(v), level, groups)


def macaskill(
    yi: ArrayLike,
    ai: ArrayLike,
    n1i: ArrayLike,
    ci: ArrayLike,
    n2i: ArrayLike,
    *,
    vi: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    level: float = 0.95,
) -> RegressionTest:
    """Regress effects of events on the number of people.

    Parameters
    ----------
    yi
        Effects, usually log odds ratios, shape (..., k); NaN marks an absent study.
    ai, n1i, ci, n2i
        Events and sizes of the two groups, as many as in yi; a plain number stands for all.
    vi
        Sampling variances, for weights of 1/vi (the article's first form, FIV). By default weights
        are 1/(1/e + 1/(n - e)) of the events e of both groups together (pooled variance, FPV),
        which do not depend on the effect.
    groups, level
        As in `egger`.

    Returns
    -------
    RegressionTest, t on k - 2 degrees, without a limit. A study in which no one or everyone had
    the event is left out.

    Raises
    ------
    ValueError
        Counts that are negative or above the size of their group.

    Notes
    -----
    `peters` is the second form on 1/n, with more power to find few small studies.

    References
    ----------
    Macaskill, Walter & Irwig (2001), Stat Med 20, 641.

    Examples
    --------
    >>> from ketameta.stats import effect_size, macaskill
    >>> trials = {"ai": [12, 9, 15, 40], "n1i": [20, 20, 30, 90]}
    >>> trials |= {"ci": [5, 6, 8, 30], "n2i": [20, 20, 30, 88]}
    >>> fit = macaskill(effect_size("OR", **trials).yi, **trials)
    >>> print(f"{fit.slope:.4f}, p {fit.p:.2f}")
    -0.0048, p 0.18
    """
    y, table = counted(yi, ai, n1i, ci, n2i)
    v = table.spread
    if vi is not None:
        v = np.where(np.isnan(y), np.nan, as_floats("vi", vi))
        y = np.where(np.isnan(v), np.nan, y)
    return without_limit(weighted_line(*as_effects(y, v), table.people, level, groups))


def _size_line(
    unit: float,
    yi: ArrayLike,
    n1i: ArrayLike,
    n2i: ArrayLike,
    level: float,
    groups: ArrayLike | None,
) -> RegressionTest:
    """Regress on the root of `unit` times 1/n1 + 1/n2, weighted by one over its square."""
    yi, n1i, n2i = aligned(yi=yi, n1i=n1i, n2i=n2i)
    y, n1, n2 = _sized(as_floats("yi", yi), n1i=n1i, n2i=n2i)
    y, v = as_effects(y, unit * (1.0 / n1 + 1.0 / n2))
    return weighted_line(y, v, np.sqrt(v), level, groups)


def _sized(*values: Array, **sizes: ArrayLike) -> tuple[Array, ...]:
    """Return effects (and variances) and sizes in one shape, NaN in all where one is missing.

    Raises a ValueError that names a size of 0 or below.
    """
    arrays = {name: as_floats(name, x) for name, x in sizes.items()}
    for name, n in arrays.items():
        if (bad := (n <= 0) | np.isinf(n)).any():
            place = tuple(int(i) for i in np.argwhere(bad)[0])
            raise StudyError(name, place, f"is {n[place]:g}; a size is above 0")
    names = ("yi", "vi")[: len(values)]
    shape = common_shape(dict(zip(names, values, strict=True)) | arrays)
    both = [np.broadcast_to(x, shape) for x in (*values, *arrays.values())]
    absent = np.isnan(both).any(axis=0)
    return tuple(np.where(absent, np.nan, x) for x in both)
