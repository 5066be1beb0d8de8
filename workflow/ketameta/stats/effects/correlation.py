"""Correlations: ri of ni people. Functions take checked arrays and return (yi, vi)."""

import numpy as np

from ketameta.stats.effects.inputs import (
    Array,
    Arrays,
    EffectOptions,
    refuse_below_one,
    refuse_correlation,
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
