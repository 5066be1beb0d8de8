"""Effect sizes of two independent arms with means and standard deviations.

Every function takes checked arrays and `Options` and returns (yi, vi): arm 1
(m1i, sd1i, n1i) minus arm 2 (m2i, sd2i, n2i).
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from ketameta.stats.inputs import (
    Array,
    Arrays,
    Options,
    refuse_below_one,
    refuse_negative,
    weighted_mean,
)

Effect = tuple[Array, Array]


def small_sample_factor(df: ArrayLike, correction: str = "exact") -> Array:
    """Hedges' factor J by which a standardised mean difference is multiplied.

    Parameters
    ----------
    df
        Degrees of freedom m of the standard deviation, any shape.
    correction
        "exact": Γ(m/2) / (√(m/2) Γ((m-1)/2)) (Hedges 1981, equation 6e),
        NaN for m of 1 or below; "approximate": 1 - 3/(4m - 1) (equation 7);
        "none": 1 (Cohen's d).
    """
    m = np.asarray(df, dtype=float)
    if correction == "none":
        return np.where(m > 0, 1.0, np.nan)
    if correction == "approximate":
        return np.where(m > 1, 1 - 3 / (4 * m - 1), np.nan)
    safe = np.where(m > 1, m, 2.0)
    # poch(z, 1/2) is Γ(z + 1/2)/Γ(z) without the cancellation of two log-gammas.
    return np.where(m > 1, special.poch((safe - 1) / 2, 0.5) / np.sqrt(safe / 2), np.nan)


def _checked(x: Arrays) -> tuple[Array, ...]:
    refuse_negative(x, "sd1i", "sd2i")
    refuse_below_one(x, "n1i", "n2i")
    return tuple(x[name] for name in ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"))


def _pooled_variance(s1: Array, n1: Array, s2: Array, n2: Array) -> Array:
    return np.asarray(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2))


def mean_difference(x: Arrays, options: Options) -> Effect:
    """Mean difference m1 - m2 in the units of the scale.

    Variance s1²/n1 + s2²/n2 ("LS", "UB"), or with the pooled variance for both
    arms ("HO").
    """
    m1, s1, n1, m2, s2, n2 = _checked(x)
    if options.vtype == "HO":
        return m1 - m2, _pooled_variance(s1, n1, s2, n2) * (1 / n1 + 1 / n2)
    return m1 - m2, s1**2 / n1 + s2**2 / n2


def standardised_mean_difference(x: Arrays, options: Options) -> Effect:
    """Hedges' g = J (m1 - m2)/s with s² the pooled variance.

    Variance (n = n1 + n2, m = n - 2, d the uncorrected value):
    "LS" 1/n1 + 1/n2 + g²/(2n) (Hedges 1982, equation 8); "LS2" J² (1/n1 + 1/n2 +
    d²/(2n)) (Borenstein 2009); "UB" 1/n1 + 1/n2 + (1 - (m-2)/(m J²)) g² (Hedges
    1983); "AV" as LS with the average g of the analysis.
    """
    m1, s1, n1, m2, s2, n2 = _checked(x)
    n, m = n1 + n2, n1 + n2 - 2
    j = small_sample_factor(m, options.correction)
    d = (m1 - m2) / np.sqrt(_pooled_variance(s1, n1, s2, n2))
    g = j * d
    base = 1 / n1 + 1 / n2
    if options.vtype == "LS2":
        return g, j**2 * (base + d**2 / (2 * n))
    if options.vtype == "UB":
        return g, base + (1 - (m - 2) / (m * j**2)) * g**2
    if options.vtype == "AV":
        return g, base + weighted_mean(g, n) ** 2 / (2 * n)
    return g, base + g**2 / (2 * n)
