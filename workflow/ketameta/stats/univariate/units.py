"""Units in which no sum of an analysis over- or underflows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketameta.stats.numerics.sums import Floats

# Sums go to the fourth power of 1 / v: with the smallest variance in this range none overflows.
# A large variance beside it is no matter: its weight may well be 0.
LOW, HIGH = 1e-40, 1e40

POWERS = dict.fromkeys(("estimate", "beta", "se", "ci_low", "ci_high", "pi_low", "pi_high"), 1)
POWERS |= dict.fromkeys(("tau2", "tau2_se", "tau2_low", "tau2_high", "covariance"), 2)


def is_extreme(low: Floats) -> bool:
    """Return whether some analysis needs other units, by its smallest variance."""
    return bool((low < LOW).any() or (low > HIGH).any())


def power_of_two(low: Floats) -> Floats:
    """Return a power of two near the smallest standard error of each analysis, shape (n,).

    1 where other units are not needed: its numbers do not depend on those beside it.
    """
    _, exponent = np.frexp(low)
    return np.where((low < LOW) | (low > HIGH), np.ldexp(1.0, exponent // 2), 1.0)


def restore(fields: dict[str, NDArray[Any]], s: Floats, dims: Floats) -> dict[str, NDArray[Any]]:
    """Return the fields of analyses of y / s, v / s^2 in the units of y and v.

    `dims` is the number of dimensions of the likelihood, whose logarithm falls by log s in each.
    """
    out = dict(fields)
    for field, power in POWERS.items():
        if field in out:
            x = out[field]
            factor = s.reshape(-1, *(1,) * (x.ndim - 1))
            out[field] = x * factor * factor if power == 2 else x * factor
    out["log_likelihood"] = out["log_likelihood"] - dims * np.log(s)
    return out
