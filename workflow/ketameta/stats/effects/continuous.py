"""Effect sizes of two independent arms with means and standard deviations.

Every function takes checked arrays and `Options` and returns (yi, vi): arm 1
(m1i, sd1i, n1i) minus arm 2 (m2i, sd2i, n2i).
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from ketameta.stats.effects.inputs import (
    Array,
    Arrays,
    EffectOptions,
    refuse_below_one,
    refuse_negative,
    weighted_mean,
)

Effect = tuple[Array, Array]

# a log odds ratio is this many standard deviations of a normal score (Cox and Snell 1989)
COX = 1.65


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


def mean_difference(x: Arrays, options: EffectOptions) -> Effect:
    """Mean difference m1 - m2 in the units of the scale.

    Variance s1²/n1 + s2²/n2 ("LS", "UB"), or with the pooled variance for both
    arms ("HO").
    """
    m1, s1, n1, m2, s2, n2 = _checked(x)
    if options.vtype == "HO":
        return m1 - m2, _pooled_variance(s1, n1, s2, n2) * (1 / n1 + 1 / n2)
    return m1 - m2, s1**2 / n1 + s2**2 / n2


def standardised_mean_difference(x: Arrays, options: EffectOptions) -> Effect:
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


def heteroscedastic_mean_difference(x: Arrays, options: EffectOptions) -> Effect:
    """Standardised mean difference without equal variances, g = J (m1 - m2)/s (SMDH).

    s² = (s1² + s2²)/2 and J with n1 + n2 - 2 degrees of freedom. Variance "LS"
    (Bonett 2009, equation 5, with g for d and times J², as metafor 3.8-1):
    J² (g² (s1⁴/(n1-1) + s2⁴/(n2-1))/(8 s⁴) + (s1²/(n1-1) + s2²/(n2-1))/s²).
    """
    m1, s1, n1, m2, s2, n2 = _checked(x)
    j = small_sample_factor(n1 + n2 - 2, options.correction)
    s = (s1**2 + s2**2) / 2
    g = j * (m1 - m2) / np.sqrt(s)
    f1, f2 = s1**2 / (n1 - 1), s2**2 / (n2 - 1)
    return g, j**2 * (g**2 * (s1**2 * f1 + s2**2 * f2) / (8 * s**2) + (f1 + f2) / s)


def log_ratio_of_means(x: Arrays, options: EffectOptions) -> Effect:
    """Log ratio of means log(m1/m2); NaN unless both means have the same sign.

    Variance s1²/(n1 m1²) + s2²/(n2 m2²) ("LS"; Hedges, Gurevitch and Curtis
    1999, equation 1), with the pooled variance in both terms ("HO"), with the
    coefficients of variation averaged over the studies per arm ("AV") or over
    both arms ("AVHO").
    """
    m1, s1, n1, m2, s2, n2 = _checked(x)
    yi = np.log(np.where(m1 / m2 > 0, m1 / m2, np.nan))
    if options.vtype == "HO":
        s = _pooled_variance(s1, n1, s2, n2)
        return yi, s / (n1 * m1**2) + s / (n2 * m2**2)
    if options.vtype == "AV":
        c1, c2 = weighted_mean(s1 / m1, n1), weighted_mean(s2 / m2, n2)
        return yi, c1**2 / n1 + c2**2 / n2
    if options.vtype == "AVHO":
        both = (n1 * s1 / m1 + n2 * s2 / m2) / (n1 + n2)
        return yi, weighted_mean(both, n1 + n2) ** 2 * (1 / n1 + 1 / n2)
    return yi, s1**2 / (n1 * m1**2) + s2**2 / (n2 * m2**2)


def odds_ratio_of_means(x: Arrays, options: EffectOptions) -> Effect:
    """Log odds ratio that a standardised difference stands for, were the scores logistic (D2OR).

    d pi/sqrt(3) with d = (m1 - m2)/s, not corrected (Hasselblad and Hedges 1995; Chinn 2000);
    variance pi^2/3 (1/n1 + 1/n2 + d^2/(2n)).
    """
    return _as_log_odds(x, np.pi / np.sqrt(3.0))


def odds_ratio_of_normal_means(x: Arrays, options: EffectOptions) -> Effect:
    """As `odds_ratio_of_means` for normal scores: 1.65 d (Cox and Snell 1989; D2ORN)."""
    return _as_log_odds(x, COX)


def _as_log_odds(x: Arrays, factor: float) -> Effect:
    m1, s1, n1, m2, s2, n2 = _checked(x)
    d = (m1 - m2) / np.sqrt(_pooled_variance(s1, n1, s2, n2))
    return factor * d, factor**2 * (1 / n1 + 1 / n2 + d**2 / (2 * (n1 + n2)))
