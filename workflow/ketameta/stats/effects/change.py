"""Effect sizes of people measured twice, with means and standard deviations.

Before and after: m2i, sd2i at baseline and m1i, sd1i at the end. Crossover: m1i,
sd1i under treatment and m2i, sd2i under comparator. ni people, ri the
within-person correlation of the two measurements. Every function takes checked
arrays and `Options` and returns (yi, vi), first minus second. The one trap is
metafor's: SMCR and SMCRH divide by the argument sd1i, see there.
"""

import numpy as np

from ketameta.stats.effects.continuous import small_sample_factor
from ketameta.stats.effects.inputs import (
    Array,
    Arrays,
    EffectOptions,
    refuse_below_one,
    refuse_correlation,
    refuse_negative,
)

Effect = tuple[Array, Array]


def _checked(x: Arrays) -> None:
    refuse_negative(x, "sd1i", "sd2i")
    refuse_below_one(x, "ni")
    refuse_correlation(x)


def _change(x: Arrays) -> tuple[Array, ...]:
    _checked(x)
    return tuple(x[name] for name in ("m1i", "sd1i", "m2i", "sd2i", "ni", "ri"))


def _variance_of_difference(s1: Array, s2: Array, r: Array) -> Array:
    """Variance of the within-person difference, (s1 - s2)² + 2 (1-r) s1 s2.

    The same as s1² + s2² - 2 r s1 s2, but never below 0 by rounding.
    """
    return np.asarray((s1 - s2) ** 2 + 2 * (1 - r) * s1 * s2)


def mean_change(x: Arrays, options: EffectOptions) -> Effect:
    """Mean change or crossover mean difference, m1 - m2 in the units of the scale.

    Variance (s1² + s2² - 2 r s1 s2)/n (Elbourne and others 2002; Cochrane
    Handbook 23.2.7).
    """
    m1, s1, m2, s2, n, r = _change(x)
    return m1 - m2, _variance_of_difference(s1, s2, r) / n


def standardised_by_change(x: Arrays, options: EffectOptions) -> Effect:
    """Mean change over the standard deviation of the change, J (m1 - m2)/s_d (SMCC).

    J with n-1 degrees of freedom; variance 1/n + g²/(2n) ("LS"; Gibbons and
    others 1993), or J² (1/n + d²/(2n)) ("LS2"). Not comparable with SMD.
    """
    m1, s1, m2, s2, n, r = _change(x)
    j = small_sample_factor(n - 1, options.correction)
    d = (m1 - m2) / np.sqrt(_variance_of_difference(s1, s2, r))
    g = j * d
    if options.vtype == "LS2":
        return g, j**2 * (1 / n + d**2 / (2 * n))
    return g, 1 / n + g**2 / (2 * n)


def standardised_by_first(x: Arrays, options: EffectOptions) -> Effect:
    """Standardised mean change with raw-score standardisation, J (m1 - m2)/sd1i (SMCR).

    As in metafor, `sd1i` is the standard deviation to divide by and `sd2i` is
    not used: for a change from baseline with m1i the end and m2i the baseline,
    sd1i must be the *baseline* standard deviation. J with n-1 degrees of
    freedom; variance 2(1-r)/n + g²/(2n) ("LS"; Becker 1988, equation 13), or
    J² (2(1-r)/n + d²/(2n)) ("LS2"; Borenstein 2009).
    """
    _checked(x)
    s, n, r = x["sd1i"], x["ni"], x["ri"]
    j = small_sample_factor(n - 1, options.correction)
    d = (x["m1i"] - x["m2i"]) / s
    g = j * d
    if options.vtype == "LS2":
        return g, j**2 * (2 * (1 - r) / n + d**2 / (2 * n))
    return g, 2 * (1 - r) / n + g**2 / (2 * n)


def standardised_by_first_unequal(x: Arrays, options: EffectOptions) -> Effect:
    """As SMCR, without assuming equal variances at both times (SMCRH).

    Variance J² (s_d²/(sd1i² (n-1)) + g²/(2(n-1))) (Bonett 2008, equation 13,
    with the bias-corrected g, as metafor 3.8-1).
    """
    m1, s1, m2, s2, n, r = _change(x)
    j = small_sample_factor(n - 1, options.correction)
    g = j * (m1 - m2) / s1
    spread = _variance_of_difference(s1, s2, r) / s1**2
    return g, j**2 * (spread + g**2 / 2) / (n - 1)


def crossover_standardised(x: Arrays, options: EffectOptions) -> Effect:
    """Crossover standardised mean difference, on the scale of the parallel-group SMD (SMDX).

    g = J (m1 - m2)/s with s² = (s1² + s2²)/2, the between-person variance within
    a treatment (Elbourne and others 2002; Cochrane Handbook 23.2.7), and J with
    ν = 2(n-1)/(1 + r²) degrees of freedom, which match the variance of s² when
    its two parts correlate by r² (Cousineau 2020). Variance by the delta method,
    "LS": 2(1-r)/n + g²/(2ν), at r = 0 that of two groups of n; "EL": Elbourne's
    2(1-r) (1/n + g²/(2n)), which lets the part due to s vanish at r = 1.
    """
    m1, s1, m2, s2, n, r = _change(x)
    nu = 2 * (n - 1) / (1 + r**2)
    g = small_sample_factor(nu, options.correction) * (m1 - m2) / np.sqrt((s1**2 + s2**2) / 2)
    if options.vtype == "EL":
        return g, 2 * (1 - r) * (1 / n + g**2 / (2 * n))
    return g, 2 * (1 - r) / n + g**2 / (2 * nu)


def log_ratio_of_means_change(x: Arrays, options: EffectOptions) -> Effect:
    """Log ratio of the end to the baseline mean, log(m1/m2): below 0 is a fall.

    Variance (s1²/m1² + s2²/m2² - 2 r s1 s2/(m1 m2))/n (delta method; Lajeunesse
    2011, equation 6). NaN unless both means have the same sign.
    """
    m1, s1, m2, s2, n, r = _change(x)
    ratio = np.where(m1 / m2 > 0, m1 / m2, np.nan)
    # Same sign of both means, so both coefficients of variation may be taken as positive.
    return np.log(ratio), _variance_of_difference(s1 / np.abs(m1), s2 / np.abs(m2), r) / n


def percent_reduction(x: Arrays, options: EffectOptions) -> Effect:
    """Percent reduction of the mean, 100 (1 - m1/m2): above 0 is a fall from baseline.

    Variance by the delta method for a ratio of correlated means (Stuart and Ord
    1994, section 10.5): 100²/m2² (s1² + R² s2² - 2 r R s1 s2)/n with R = m1/m2.
    Valid at m1 = 0. NaN for a baseline mean of 0 or below, where a percentage of
    it means nothing.
    """
    m1, s1, m2, s2, n, r = _change(x)
    base = np.where(m2 > 0, m2, np.nan)
    ratio = m1 / base
    spread = _variance_of_difference(s1, ratio * s2, r)
    return 100 * (1 - ratio), 1e4 * spread / (n * base**2)
