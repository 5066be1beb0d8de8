"""The scale of the analysis and the natural scale of each effect measure."""

from __future__ import annotations

import math

from ketameta.vocabulary import vocabulary

# measures pooled on another scale than the one they are read on
TRANSFORMED = ("RR", "OR", "PLO")
# a pooled ratio from here on is written as without bound
LARGEST = 1e300
NULL_VALUE = {"RR": 1.0, "OR": 1.0, "RD": 0.0, "MD": 0.0, "SMD": 0.0}


def natural(measure: str, value: float | None) -> float | None:
    """Return a value of the analysis scale on the natural one.

    Log ratios become ratios, log odds a proportion from 0 to 1; the rest stays. None and NaN
    give None.
    """
    if value is None or math.isnan(value):
        return None
    if measure in ("RR", "OR"):
        return math.exp(value) if value < 700 else math.inf
    if measure == "PLO":
        return 1 / (1 + math.exp(-value)) if value > -700 else 0.0
    return value


def favours(measure: str, outcome: str) -> str | None:
    """Return the side of no effect that favours treatment: above, below, or None for one group."""
    if measure not in NULL_VALUE:
        return None
    return "above" if vocabulary().outcomes[outcome].sense == "good" else "below"
