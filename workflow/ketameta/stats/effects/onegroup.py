"""Effect sizes of one group with events: xi of ni people, or xi and mi non-events.

Every function takes checked arrays and `Options` and returns (yi, vi).
"""

import numpy as np
from numpy.typing import ArrayLike

from ketameta.stats.effects.cells import add_to_cells
from ketameta.stats.effects.inputs import (
    Array,
    Arrays,
    EffectOptions,
    refuse,
    size_and_rest,
    weighted_mean,
)

Effect = tuple[Array, Array]


def _events_and_rest(x: Arrays, options: EffectOptions) -> tuple[Array, ...]:
    events, rest = size_and_rest(x, "xi", "mi", "ni")
    size = "ni" if "ni" in x else "mi"
    refuse(events + rest <= 0, size, x[size], "leaves an empty group")
    return add_to_cells((events, rest), options)


def proportion(x: Arrays, options: EffectOptions) -> Effect:
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


def logit_proportion(x: Arrays, options: EffectOptions) -> Effect:
    """Log odds log(x/(n-x)), variance 1/x + 1/(n-x) ("LS") or with the averaged p ("AV")."""
    events, rest = _events_and_rest(x, options)
    if options.vtype == "AV":
        n = events + rest
        mean = weighted_mean(events / n, n)
        return np.log(events / rest), 1 / (mean * n) + 1 / ((1 - mean) * n)
    return np.log(events / rest), 1 / events + 1 / rest


def arcsine_proportion(x: Arrays, options: EffectOptions) -> Effect:
    """Arcsine of the square root of p, variance 1/(4n)."""
    events, rest = _events_and_rest(x, options)
    n = events + rest
    return np.arcsin(np.sqrt(events / n)), 1 / (4 * n)


def freeman_tukey(events: ArrayLike, n: ArrayLike) -> Array:
    """Freeman-Tukey double arcsine of `events` of `n`, in radians.

    ½ (arcsin √(x/(n+1)) + arcsin √((x+1)/(n+1))) (Freeman and Tukey 1950,
    halved so that it tends to arcsin √p).
    """
    x, n = np.asarray(events, dtype=float), np.asarray(n, dtype=float)
    lower, upper = np.sqrt(x / (n + 1)), np.sqrt((x + 1) / (n + 1))
    return np.asarray((np.arcsin(lower) + np.arcsin(np.minimum(upper, 1.0))) / 2)


def double_arcsine_proportion(x: Arrays, options: EffectOptions) -> Effect:
    """Freeman-Tukey double arcsine, variance 1/(4n + 2); see `freeman_tukey`."""
    events, rest = _events_and_rest(x, options)
    n = events + rest
    return freeman_tukey(events, n), 1 / (4 * n + 2)
