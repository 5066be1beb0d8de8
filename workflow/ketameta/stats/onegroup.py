"""Effect sizes of one group: proportions, and change from a first to a last measurement.

Every function takes checked arrays and `Options` and returns (yi, vi).
Proportions: xi events of ni people (or mi non-events). Change: m2i, sd2i at
baseline and m1i, sd1i at the end, ni people measured twice, ri the correlation
between the two measurements.
"""

import numpy as np

from ketameta.stats.cells import add_to_cells
from ketameta.stats.inputs import (
    Array,
    Arrays,
    Options,
    refuse,
    refuse_below_one,
    refuse_correlation,
    refuse_negative,
    size_and_rest,
    weighted_mean,
)

Effect = tuple[Array, Array]


def _events_and_rest(x: Arrays, options: Options) -> tuple[Array, ...]:
    events, rest = size_and_rest(x, "xi", "mi", "ni")
    size = "ni" if "ni" in x else "mi"
    refuse(events + rest <= 0, size, x[size], "leaves an empty group")
    return add_to_cells((events, rest), options)


def proportion(x: Arrays, options: Options) -> Effect:
    """Raw proportion p = x/n, variance p(1-p)/n ("LS"), /(n-1) ("UB"), averaged p ("AV")."""
    events, rest = _events_and_rest(x, options)
    n = events + rest
    p = events / n
    if options.vtype == "UB":
        return p, p * (rest / n) / (n - 1)
    if options.vtype == "AV":
        mean = weighted_mean(p, n)
        return p, mean * (1 - mean) / n
    return p, p * (rest / n) / n


def logit_proportion(x: Arrays, options: Options) -> Effect:
    """Log odds log(x/(n-x)), variance 1/x + 1/(n-x) ("LS") or with the averaged p ("AV")."""
    events, rest = _events_and_rest(x, options)
    if options.vtype == "AV":
        n = events + rest
        mean = weighted_mean(events / n, n)
        return np.log(events / rest), 1 / (mean * n) + 1 / ((1 - mean) * n)
    return np.log(events / rest), 1 / events + 1 / rest


def _change(x: Arrays) -> tuple[Array, ...]:
    refuse_negative(x, "sd1i", "sd2i")
    refuse_below_one(x, "ni")
    refuse_correlation(x)
    return tuple(x[name] for name in ("m1i", "sd1i", "m2i", "sd2i", "ni", "ri"))


def log_ratio_of_means_change(x: Arrays, options: Options) -> Effect:
    """Log ratio of the end to the baseline mean, log(m1/m2): below 0 is a fall.

    Variance (s1²/m1² + s2²/m2² - 2 r s1 s2/(m1 m2))/n (delta method; Lajeunesse
    2011, equation 6). NaN unless both means have the same sign.
    """
    m1, s1, m2, s2, n, r = _change(x)
    ratio = np.where(m1 / m2 > 0, m1 / m2, np.nan)
    c1, c2 = s1 / m1, s2 / m2
    return np.log(ratio), (c1**2 + c2**2 - 2 * r * c1 * c2) / n


def percent_reduction(x: Arrays, options: Options) -> Effect:
    """Percent reduction of the mean, 100 (1 - m1/m2): above 0 is a fall from baseline.

    Variance by the delta method for a ratio of correlated means (Stuart and Ord
    1994, section 10.5): 100²/m2² (s1² + R² s2² - 2 r R s1 s2)/n with R = m1/m2.
    Valid at m1 = 0. NaN for a baseline mean of 0 or below, where a percentage of
    it means nothing.
    """
    m1, s1, m2, s2, n, r = _change(x)
    base = np.where(m2 > 0, m2, np.nan)
    ratio = m1 / base
    spread = s1**2 + (ratio * s2) ** 2 - 2 * r * ratio * s1 * s2
    return 100 * (1 - ratio), 1e4 * spread / (n * base**2)
