"""Standard deviations of one group: from standard errors, intervals, parts, changes.

All in the units of the scale. Sources: Cochrane Handbook for Systematic Reviews of
Interventions, version 6, chapter 6 (Higgins, Li and Deeks).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import stdtrit

from ketameta.normalize.conversions.checks import (
    ConversionError,
    above_zero,
    check_correlation,
    finite,
    ordered,
    show,
    upper_tail,
    whole_people,
)


def sd_from_se(se: float, n: int) -> float:
    """Return the SD of a group from the standard error of its mean, SE √n.

    `se` above 0, `n` at least 2. Exact but for the rounding of `se`: a relative error
    of at most half a unit of its last place over `se`. Cochrane Handbook 6.5.2.2.
    """
    above_zero(se=se)
    return se * math.sqrt(whole_people("n", n, 2))


def sd_from_interval(low: float, high: float, n: int, level: float = 0.95) -> float:
    """Return the SD of a group from the interval of its mean, √n (high - low) / (2 t).

    t is the quantile of the t distribution with n-1 degrees of freedom at every n.
    The Handbook asks for t below 60 people a group, accepts either up to 100 and the
    normal quantile above. One rule without a jump at a threshold is kept here: t is
    what common software prints for a single mean, and if the paper took the normal
    quantile after all, the SD comes out too small by the factor z/t: 2.1% at n = 60,
    1.2% at 100 (95% interval), 5.0% at 25.

    Parameters
    ----------
    low, high
        Limits, low below high, of the mean (not of a difference, not of a median).
    n
        People, at least 2.
    level
        Coverage as a proportion: 0.95.

    Notes
    -----
    Cochrane Handbook 6.5.2.2.
    """
    ordered(low, high)
    n = whole_people("n", n, 2)
    t = -float(stdtrit(n - 1, upper_tail(level)))
    return math.sqrt(n) * (high - low) / (2 * t)


def change_sd(sd_baseline: float, sd_end: float, r: float) -> float:
    """Return the SD of the change from the SDs at both times and their correlation.

    √(s0² + s1² - 2 r s0 s1), computed as √((s0 - s1)² + 2 (1 - r) s0 s1), which cannot
    go below 0 by rounding. SDs above 0, r strictly between -1 and 1. An imputation: the
    error is that of the assumed r. Cochrane Handbook 6.5.2.8 (Follmann and others 1992;
    Abrams and others 2005).
    """
    above_zero(sd_baseline=sd_baseline, sd_end=sd_end)
    check_correlation(r)
    return math.sqrt((sd_baseline - sd_end) ** 2 + 2 * (1 - r) * sd_baseline * sd_end)


def combine_groups(groups: Sequence[tuple[int, float, float]]) -> tuple[int, float, float]:
    """Return (n, mean, sd) of all people of several groups, each (n, mean, sd).

    n = Σ nᵢ, mean = Σ nᵢ mᵢ / n, sd² = (Σ (nᵢ - 1) sᵢ² + Σ nᵢ (mᵢ - mean)²) / (n - 1):
    exactly the SD of the people together, differences between groups included. The
    Handbook's formula for two groups (table 6.5.a) is the same, and applying it in
    turn gives the same for more.

    Each n at least 1 (with n = 1 the SD is not used), SDs 0 or more, two people in all.

    Raises
    ------
    ConversionError
        No group, a negative SD, fewer than two people in all.
    """
    if not groups:
        raise ConversionError("no groups to combine")
    sizes = []
    for size, mean, sd in groups:
        sizes.append(whole_people("n", size, 1))
        finite(mean=mean)
        if size > 1:
            finite(sd=sd)
            if sd < 0:
                raise ConversionError(f"sd = {show(sd)} is below 0")
    n = sum(sizes)
    if n < 2:
        raise ConversionError("one person alone has no SD")
    # not sum: from Python 3.12 on it rounds another way
    mean = math.fsum(size * m for size, (_, m, _) in zip(sizes, groups, strict=True)) / n
    squares = math.fsum(
        ((size - 1) * sd**2 if size > 1 else 0.0) + size * (m - mean) ** 2
        for size, (_, m, sd) in zip(sizes, groups, strict=True)
    )
    return n, mean, math.sqrt(squares / (n - 1))
