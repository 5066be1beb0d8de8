"""People whose outcome is missing: how else they may have fared, and what that does to effects."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.effects.cells import two_by_two
from ketameta.stats.effects.effect_size import EffectSize, effect_size
from ketameta.stats.effects.inputs import float_arrays, refuse_below_one, refuse_negative
from ketameta.stats.numerics.checks import as_floats, one_of

Array = NDArray[np.float64]
# what events of two groups give
MEASURES = ("RR", "OR", "RD")


def informative_missing(
    measure: str,
    *,
    ai: ArrayLike,
    n1i: ArrayLike,
    ci: ArrayLike,
    n2i: ArrayLike,
    m1i: ArrayLike,
    m2i: ArrayLike,
    imor_treated: ArrayLike = 1.0,
    imor_control: ArrayLike = 1.0,
    sd_log_imor: ArrayLike = 0.0,
) -> EffectSize:
    r"""Return effects of all randomised people, given informative missingness odds ratios.

    Parameters
    ----------
    measure
        RR, OR (both as logs) or RD.
    ai, n1i, ci, n2i
        Events and people whose outcome is known, in either group, shape (k,).
    m1i, m2i
        People whose outcome is missing.
    imor_treated, imor_control
        Odds of the event among the missing over those among the observed; broadcast. 1: missing at
        random, which leaves the effect as it is. 0: none of them has the event.
    sd_log_imor
        Standard deviation of the log IMOR about these, of a group of a study on its own.

    Returns
    -------
    EffectSize. As in `effect_size` 1/2 is added to the observed cells of a study that has an
    empty one. NaN where numbers are, and where a group has nobody whose outcome is known.

    Raises
    ------
    ValueError
        As `effect_size`; for another measure, a number of missing people, an IMOR or a standard
        deviation below 0.

    Notes
    -----
    With p the observed risk, f the part missing, :math:`\lambda` the IMOR, the missing have
    :math:`q = \lambda p / (1 - p + \lambda p)` and the group :math:`r = (1 - f) p + f q`. As
    :math:`dq / dp = \lambda / (1 - p + \lambda p)^2` and
    :math:`dq / d \log \lambda = q (1 - q)`, the delta method gives

    .. math::

        var(r) = (1 - f + f dq/dp)^2 p (1 - p) / n + (q - p)^2 f (1 - f) / (n + m)
                 + (f q (1 - q))^2 \sigma^2.

    References
    ----------
    White, Higgins & Wood (2008), Statistics in Medicine 27, 711, section 3. Higgins, White & Wood
    (2008), Clinical Trials 5, 225.

    Examples
    --------
    >>> from ketameta.stats import informative_missing
    >>> known = {"ai": [20], "n1i": [40], "ci": [10], "n2i": [40], "m1i": [10], "m2i": [10]}
    >>> informative_missing("RR", **known).yi.round(3)
    array([0.693])
    >>> informative_missing("RR", **known, imor_treated=0.5).yi.round(3)
    array([0.624])
    """
    one_of("measure", measure, MEASURES)
    a, n1, c, n2, m1, m2 = _counts(ai=ai, n1i=n1i, ci=ci, n2i=n2i, m1i=m1i, m2i=m2i)
    add = 0.5 * ((a == 0) | (a == n1) | (c == 0) | (c == n2))
    sd = as_floats("SD of the log IMOR", sd_log_imor)
    r1, v1 = _risk(a, n1, add, m1, imor_treated, sd)
    r2, v2 = _risk(c, n2, add, m2, imor_control, sd)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "RD":
            y, v = r1 - r2, v1 + v2
        elif measure == "RR":
            y, v = np.log(r1 / r2), v1 / r1**2 + v2 / r2**2
        else:
            y = np.log(r1 / (1 - r1)) - np.log(r2 / (1 - r2))
            v = v1 / (r1 * (1 - r1)) ** 2 + v2 / (r2 * (1 - r2)) ** 2
    return EffectSize(np.asarray(y), np.asarray(v), measure)


def _counts(**counts: ArrayLike) -> tuple[Array, ...]:
    """Check events, people and missing; events of a study with a group of nobody are NaN."""
    x = float_arrays(counts)
    refuse_negative(x, "m1i", "m2i")
    a, _, c, _ = two_by_two(x)
    return a, x["n1i"], c, x["n2i"], x["m1i"], x["m2i"]


def _risk(
    events: Array, people: Array, add: Array, lost: Array, imor: ArrayLike, sd: Array
) -> tuple[Array, Array]:
    """Return the risk of a whole group and its variance; `add` goes to both observed cells."""
    odds = as_floats("IMOR", imor)
    if (odds < 0).any() or (sd < 0).any():
        raise ValueError("an informative missingness odds ratio, and its spread, is never below 0")
    cells = people + 2 * add
    with np.errstate(invalid="ignore"):  # of a group of nobody at all
        p, f = (events + add) / cells, lost / (people + lost)
    bottom = 1 - p + odds * p
    q = odds * p / bottom
    slope = 1 - f + f * odds / bottom**2
    variance = slope**2 * p * (1 - p) / cells + (q - p) ** 2 * f * (1 - f) / (people + lost)
    return (1 - f) * p + f * q, variance + (f * q * (1 - q) * sd) ** 2


def gamble_hollis(
    measure: str,
    *,
    ai: ArrayLike,
    n1i: ArrayLike,
    ci: ArrayLike,
    n2i: ArrayLike,
    m1i: ArrayLike,
    m2i: ArrayLike,
    level: float = 0.95,
) -> EffectSize:
    r"""Return the observed effects with the uncertainty that best and worst cases leave.

    Parameters
    ----------
    measure, ai, n1i, ci, n2i, m1i, m2i
        As in `informative_missing`.
    level
        Of the intervals whose ends count.

    Returns
    -------
    EffectSize. The effects are those of the observed. The variances are such that the interval of
    a study runs from the lower end where all that are missing in group 1 lack the event and all
    in group 2 have it, to the upper end of the reverse.

    Raises
    ------
    ValueError
        As `effect_size`; for another measure, or a number of missing people below 0.

    References
    ----------
    Gamble & Hollis (2005), Journal of Clinical Epidemiology 58, 579.

    Examples
    --------
    >>> from ketameta.stats import gamble_hollis
    >>> known = {"ai": [20], "n1i": [40], "ci": [10], "n2i": [40], "m1i": [10], "m2i": [10]}
    >>> gamble_hollis("RR", **known).vi.round(3)
    array([0.309])
    """
    one_of("measure", measure, MEASURES)
    a, n1, c, n2, m1, m2 = _counts(ai=ai, n1i=n1i, ci=ci, n2i=n2i, m1i=m1i, m2i=m2i)
    seen = effect_size(measure, ai=a, n1i=n1, ci=c, n2i=n2)
    least = effect_size(measure, ai=a, n1i=n1 + m1, ci=c + m2, n2i=n2 + m2)
    most = effect_size(measure, ai=a + m1, n1i=n1 + m1, ci=c, n2i=n2 + m2)
    z = special.ndtri((1 + level) / 2)
    width = most.yi - least.yi + z * (np.sqrt(most.vi) + np.sqrt(least.vi))
    return EffectSize(seen.yi, (width / (2 * z)) ** 2, measure)


def informative_difference(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    n1i: ArrayLike,
    n2i: ArrayLike,
    m1i: ArrayLike,
    m2i: ArrayLike,
    treated: ArrayLike = 0.0,
    control: ArrayLike = 0.0,
    sd: ArrayLike = 0.0,
) -> tuple[Array, Array]:
    r"""Return differences of means of all randomised people, and their variances.

    Parameters
    ----------
    yi, vi
        Differences of the observed (group 1 less group 2) and sampling variances, shape (k,): of
        means, or standardised ones.
    n1i, n2i, m1i, m2i
        People whose score is known, and whose score is missing, in either group.
    treated, control
        Mean of the missing less that of the observed of their group (IMDoM), in the unit of yi;
        broadcast. 0: missing at random.
    sd
        Standard deviation of the IMDoM about these, of a group of a study on its own.

    Returns
    -------
    Effects and variances, NaN where numbers are.

    Raises
    ------
    ValueError
        For a standard deviation or a number of missing people below 0, or a group of nobody whose
        score is known: argument and index are named.

    Notes
    -----
    The mean of a group is that of the observed plus :math:`f \delta`, f being the part missing,
    :math:`\delta` the IMDoM: the variance has :math:`\delta^2 f (1 - f) / (n + m)` and
    :math:`f^2 \sigma^2` more. Where means are divided by a standard deviation, that of the
    observed, :math:`\delta` is in its unit and the same terms hold.

    References
    ----------
    Mavridis, White, Higgins, Cipriani & Salanti (2015), Statistics in Medicine 34, 721.

    Examples
    --------
    >>> from ketameta.stats import informative_difference
    >>> known = {"n1i": [40], "n2i": [40], "m1i": [10], "m2i": [10]}
    >>> informative_difference([0.5], [0.05], **known, treated=-1.0)[0]
    array([0.3])
    """
    y, v = as_floats("effects", yi), as_floats("variances", vi)
    spread = as_floats("SD of the IMDoM", sd)
    if (spread < 0).any():
        raise ValueError("the spread of a difference is never below 0")
    x = float_arrays({"n1i": n1i, "n2i": n2i, "m1i": m1i, "m2i": m2i})
    refuse_below_one(x, "n1i", "n2i")
    refuse_negative(x, "m1i", "m2i")
    for sign, group, shift in ((1, "1", treated), (-1, "2", control)):
        n, m, delta = x[f"n{group}i"], x[f"m{group}i"], as_floats("difference of means", shift)
        f = m / (n + m)
        y = y + sign * f * delta
        v = v + delta**2 * f * (1 - f) / (n + m) + (f * spread) ** 2
    return y, v
