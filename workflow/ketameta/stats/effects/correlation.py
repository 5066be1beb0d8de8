"""Correlations: ri of ni people, or by ti of a regression on mi terms.

Functions take checked arrays and return (yi, vi).
"""

import numpy as np

from ketameta.stats.effects.inputs import (
    Array,
    Arrays,
    EffectOptions,
    refuse_below_one,
    refuse_correlation,
    refuse_negative,
    weighted_mean,
)

Effect = tuple[Array, Array]


def _checked(x: Arrays) -> tuple[Array, Array]:
    refuse_correlation(x)
    refuse_below_one(x, "ni")
    # Three pairs or fewer say nothing about the variance.
    return x["ri"], np.where(x["ni"] > 3, x["ni"], np.nan)


def correlation(x: Arrays, options: EffectOptions) -> Effect:
    """Raw correlation r, variance (1 - r²)²/(n-1) ("LS"), or with the mean r ("AV").

    NaN for n of 3 or below; variance 0 at r = ±1.
    """
    r, n = _checked(x)
    center = weighted_mean(r, n) if options.vtype == "AV" else r
    return r, (1 - center**2) ** 2 / (n - 1)


def fisher_z(x: Arrays, options: EffectOptions) -> Effect:
    """Fisher's z = artanh r, variance 1/(n-3); NaN for r = ±1 or n of 3 or below."""
    r, n = _checked(x)
    return np.arctanh(r), 1 / (n - 3)


def _partial(x: Arrays) -> tuple[Array, Array]:
    """Return the partial correlation t / sqrt(t^2 + m) and m = n - mi - 1, NaN if below 1."""
    refuse_below_one(x, "ni")
    refuse_negative(x, "mi")
    m = x["ni"] - x["mi"] - 1
    m = np.where(m > 0, m, np.nan)
    return x["ti"] / np.sqrt(x["ti"] ** 2 + m), m


def partial_correlation(x: Arrays, options: EffectOptions) -> Effect:
    """Partial correlation r of the t of a coefficient, `mi` terms beside the constant (PCOR).

    Variance (1 - r^2)^2/(n - mi - 1), with the mean r for "AV" (Aloe and Becker 2012).
    """
    r, m = _partial(x)
    center = weighted_mean(r, x["ni"]) if options.vtype == "AV" else r
    return r, (1 - center**2) ** 2 / m


def partial_fisher_z(x: Arrays, options: EffectOptions) -> Effect:
    """Fisher's z of a partial correlation, variance 1/(n - mi - 1) (ZPCOR)."""
    r, m = _partial(x)
    return np.arctanh(r), 1 / m
