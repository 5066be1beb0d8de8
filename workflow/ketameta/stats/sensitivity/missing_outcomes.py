"""Events of people whose outcome is missing, by how their odds differ from those observed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.effects.effect_size import EffectSize
from ketameta.stats.numerics.checks import as_floats, one_of

Array = NDArray[np.float64]


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
        Odds of the event among the missing over those among the observed, above 0. 1: missing at
        random, which leaves the effect as it is.

    Returns
    -------
    EffectSize. NaN where a group has no event or nobody without one.

    Raises
    ------
    ValueError
        For another measure, or an IMOR not above 0.

    Notes
    -----
    With p the observed risk, f the part missing, :math:`\lambda` the IMOR, the missing have
    :math:`q = \lambda p / (1 - p + \lambda p)` and the group :math:`r = (1 - f) p + f q`. As
    :math:`dq / dp = \lambda / (1 - p + \lambda p)^2`, the delta method gives

    .. math:: var(r) = (1 - f + f dq/dp)^2 p (1 - p) / n + (q - p)^2 f (1 - f) / (n + m).

    References
    ----------
    White, Higgins & Wood (2008), Statistics in Medicine 27, 711, section 3.

    Examples
    --------
    >>> from ketameta.stats import informative_missing
    >>> known = {"ai": [20], "n1i": [40], "ci": [10], "n2i": [40], "m1i": [10], "m2i": [10]}
    >>> informative_missing("RR", **known).yi.round(3)
    array([0.693])
    >>> informative_missing("RR", **known, imor_treated=0.5).yi.round(3)
    array([0.624])
    """
    one_of("measure", measure, ("RR", "OR", "RD"))
    r1, v1 = _risk(ai, n1i, m1i, imor_treated)
    r2, v2 = _risk(ci, n2i, m2i, imor_control)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "RD":
            y, v = r1 - r2, v1 + v2
        elif measure == "RR":
            y, v = np.log(r1 / r2), v1 / r1**2 + v2 / r2**2
        else:
            y = np.log(r1 / (1 - r1)) - np.log(r2 / (1 - r2))
            v = v1 / (r1 * (1 - r1)) ** 2 + v2 / (r2 * (1 - r2)) ** 2
    fine = (v1 > 0) & (v2 > 0)
    return EffectSize(np.where(fine, y, np.nan), np.where(fine, v, np.nan), measure)


def _risk(events: ArrayLike, n: ArrayLike, m: ArrayLike, imor: ArrayLike) -> tuple[Array, Array]:
    """Return the risk of a whole group and its variance."""
    a, size, lost, odds = (
        as_floats(name, x)
        for name, x in (("events", events), ("people", n), ("missing", m), ("IMOR", imor))
    )
    if not (odds > 0).all():
        raise ValueError("an informative missingness odds ratio must be above 0")
    p, f = a / size, lost / (size + lost)
    bottom = 1 - p + odds * p
    q = odds * p / bottom
    slope = 1 - f + f * odds / bottom**2
    variance = slope**2 * p * (1 - p) / size + (q - p) ** 2 * f * (1 - f) / (size + lost)
    return (1 - f) * p + f * q, variance
