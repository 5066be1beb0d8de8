"""From the scale of analysis back to the scale that people read."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ketameta.stats.effects.effect_size import MEASURES
from ketameta.stats.effects.inputs import Array, refuse
from ketameta.stats.effects.onegroup import freeman_tukey
from ketameta.stats.numerics.checks import aligned, as_floats, common_shape, one_of


def inverse_freeman_tukey(x: ArrayLike, ni: ArrayLike) -> Array:
    """Proportion whose Freeman-Tukey double arcsine with `ni` people is `x` (radians).

    p = ½ (1 - sgn(cos 2x) √(1 - (sin 2x + (sin 2x - 1/sin 2x)/n)²)) (Miller 1978);
    0 and 1 beyond the transforms of 0 and n events.
    """
    x, n = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(ni, dtype=float))
    low, high = freeman_tukey(0.0 * n, n), freeman_tukey(n, n)
    inside = (x > low) & (x < high)
    t = np.where(inside, 2 * x, 1.0)
    root = 1 - (np.sin(t) + (np.sin(t) - 1 / np.sin(t)) / n) ** 2
    p = (1 - np.sign(np.cos(t)) * np.sqrt(np.maximum(root, 0.0))) / 2
    known = ~(np.isnan(x) | np.isnan(n))
    return np.where(known, np.where(inside, p, np.where(x <= low, 0.0, 1.0)), np.nan)


def back_transform(measure: str, x: ArrayLike, ni: ArrayLike | None = None) -> Array | float:
    """Take effects or interval limits of `measure` back to the readable scale.

    Log ratios become ratios, PLO and PAS and PFT proportions, ZCOR a
    correlation; other measures (also AS, a difference that has no inverse)
    are returned as they are.

    Parameters
    ----------
    measure
        As in `effect_size`.
    x
        Values on the scale of analysis, any shape.
    ni
        Group sizes, for PFT only: one, or as many as there are values. For a pooled
        value take the harmonic mean of the sizes (Miller 1978), or 1/(4 se²)
        (Barendregt and others 2013); far apart sizes make either misleading
        (Schwarzer and others 2019).

    Raises
    ------
    ValueError
        Unknown measure; PFT without `ni`, or an `ni` not above 0.

    Examples
    --------
    >>> from ketameta.stats import back_transform
    >>> back_transform("OR", 0.0)
    1.0
    >>> back_transform("PLO", [-1.0, 0.0]).round(3)
    array([0.269, 0.5  ])
    """
    one_of("measure", measure, tuple(MEASURES))
    x, ni = aligned(x=x, ni=ni)
    x = as_floats("x", x)
    if measure == "PFT":
        if ni is None:
            raise ValueError("PFT needs ni, the group size")
        n = as_floats("ni", ni)
        common_shape({"x": x, "ni": n})
        refuse(n <= 0, "ni", n, "is not above 0")
        out = inverse_freeman_tukey(x, n)
    else:
        with np.errstate(over="ignore"):
            out = MEASURES[measure].back(x)
    return float(out) if np.ndim(out) == 0 else np.asarray(out)
