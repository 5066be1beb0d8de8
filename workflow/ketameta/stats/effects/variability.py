"""How much more people of one arm differ from each other than those of the other.

Every function takes checked arrays and `Options` and returns (yi, vi), a log ratio above 0 where
arm 1 varies more. Arms are independent, or the same people under both treatments (the two with
`ni` and `ri`). NaN where a standard deviation is 0 or a group has one person.
"""

import numpy as np

from ketameta.stats.effects.inputs import (
    Array,
    Arrays,
    EffectOptions,
    refuse_below_one,
    refuse_correlation,
    refuse_negative,
)

Effect = tuple[Array, Array]


def _log_sd(sd: Array, n: Array) -> Array:
    """Log of a standard deviation without its small-sample bias, log s + 1/(2(n - 1))."""
    return np.log(sd) + 1 / (2 * (n - 1))


def _of_log_sd(n: Array, options: EffectOptions) -> Array:
    """Variance of that in normal scores: 1/(2(n - 1)), under "LS2" + 1/(2(n - 1)^2)."""
    first = 1 / (2 * (n - 1))
    return first + 2 * first**2 if options.vtype == "LS2" else first


def _log_ratio(m1: Array, m2: Array) -> Array:
    """Log ratio of two means, NaN unless both are above 0: others have no relative spread."""
    return np.log(np.where((m1 > 0) & (m2 > 0), m1 / m2, np.nan))


def log_variability_ratio(x: Arrays, options: EffectOptions) -> Effect:
    """Log ratio of standard deviations, log(s1/s2) + 1/(2(n1 - 1)) - 1/(2(n2 - 1)) (VR).

    Variance 1/(2(n1 - 1)) + 1/(2(n2 - 1)) ("LS"; Nakagawa and others 2015, equations 11 and 12), or
    with the next term of each series, 1/(2(n - 1)^2) ("LS2"; Senior and others 2020).
    """
    refuse_negative(x, "sd1i", "sd2i")
    refuse_below_one(x, "n1i", "n2i")
    n1, n2 = x["n1i"], x["n2i"]
    yi = _log_sd(x["sd1i"], n1) - _log_sd(x["sd2i"], n2)
    return yi, _of_log_sd(n1, options) + _of_log_sd(n2, options)


def log_cv_ratio(x: Arrays, options: EffectOptions) -> Effect:
    """Log ratio of coefficients of variation, the variability ratio less the ratio of means (CVR).

    Standard deviation and mean taken to be independent. "LS": log(s1/m1) - log(s2/m2) +
    1/(2(n1 - 1)) - 1/(2(n2 - 1)), variance of each arm 1/(2(n - 1)) + c/n with c = s^2/m^2
    (Nakagawa and others 2015). "LS2": also the bias of the logarithm of a mean, the effect less
    c1/(2 n1) and plus c2/(2 n2), and the next terms of the variance, 1/(2(n - 1)^2) + c^2/(2 n^2)
    (Senior, Viechtbauer and Nakagawa 2020, Res Synth Methods 11, 553). NaN unless both means are
    above 0.
    """
    refuse_negative(x, "sd1i", "sd2i")
    refuse_below_one(x, "n1i", "n2i")
    yi, vi = log_variability_ratio(x, options)
    m1, m2 = x["m1i"], x["m2i"]
    yi = yi - _log_ratio(m1, m2)
    c1, c2 = (x[f"sd{i}i"] ** 2 / (x[f"n{i}i"] * x[f"m{i}i"] ** 2) for i in (1, 2))
    vi = vi + c1 + c2
    if options.vtype == "LS2":
        return yi - (c1 - c2) / 2, vi + (c1**2 + c2**2) / 2
    return yi, vi


def log_variability_ratio_within(x: Arrays, options: EffectOptions) -> Effect:
    """Log ratio of standard deviations of the same n people, correlated by r (VRC).

    log(s1/s2), variance (1 - r^2)/(n - 1) (Senior and others 2020).
    """
    refuse_negative(x, "sd1i", "sd2i")
    refuse_below_one(x, "ni")
    refuse_correlation(x)
    yi = np.log(x["sd1i"] / np.where(x["sd2i"] > 0, x["sd2i"], np.nan))
    return yi, (1 - x["ri"] ** 2) / (x["ni"] - 1)


def log_cv_ratio_within(x: Arrays, options: EffectOptions) -> Effect:
    """Log ratio of coefficients of variation of the same n people (CVRC).

    log(s1/m1) - log(s2/m2), variance (1 - r^2)/(n - 1) + (c1^2 + c2^2 - 2 r c1 c2)/n with c = s/m,
    that of the log ratio of means added (Senior and others 2020).
    """
    yi, vi = log_variability_ratio_within(x, options)
    m1, m2, r = x["m1i"], x["m2i"], x["ri"]
    c1, c2 = x["sd1i"] / m1, x["sd2i"] / m2
    yi = yi - _log_ratio(m1, m2)
    return yi, vi + (c1**2 + c2**2 - 2 * r * c1 * c2) / x["ni"]
