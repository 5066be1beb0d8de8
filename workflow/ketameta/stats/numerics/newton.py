"""Newton ascent with bounds, for likelihoods of a few parameters.

The library optimisers stop on a change of the value, which leaves about half of
the digits of the argument undetermined; with an exact Hessian the last step is
quadratic and all of them are found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Curved = Callable[[Array], tuple[float, Array, Array]]

# Both only end a search that gets nowhere.
_MAX_STEPS = 200
_MAX_HALVINGS = 40


@dataclass(frozen=True)
class Maximum:
    """Where an ascent ended, with gradient and Hessian there.

    `converged` only if the last step was negligible.
    """

    at: Array
    value: float
    converged: bool
    gradient: Array
    hessian: Array


def ascend(curved: Curved, start: Array, lower: Array, upper: Array) -> Maximum:
    """Climb to a local maximum inside a box.

    Parameters
    ----------
    curved
        Returns value, gradient (p,) and Hessian (p, p) at a point (p,). The
        value may be -inf outside the domain.
    start, lower, upper
        Arrays of shape (p,); infinite bounds are allowed.

    Notes
    -----
    Projected Newton (Bertsekas 1982, SIAM J Control Optim 20, 221): coordinates
    at a bound with the gradient pointing outward are held; in the others the
    eigenvalues of the negative Hessian are replaced by their absolute values, so
    that every step climbs, also from a saddle. Coordinates are expected to be of
    order one.
    """
    at = np.clip(start, lower, upper)
    value, gradient, hessian = curved(at)
    if not np.isfinite(value):
        return Maximum(at, value, False, gradient, hessian)
    for _ in range(_MAX_STEPS):
        free = ~(((at <= lower) & (gradient <= 0)) | ((at >= upper) & (gradient >= 0)))
        if not free.any():
            return Maximum(at, value, True, gradient, hessian)
        step = np.zeros_like(at)
        step[free] = _uphill(gradient[free], hessian[np.ix_(free, free)])
        size = float(np.max(np.abs(step) / (1.0 + np.abs(at))))
        expected = float(gradient @ step)
        moved = _search(curved, at, value, step=step, expected=expected, lower=lower, upper=upper)
        if moved is None:
            near = expected <= 1e-9 * (1.0 + abs(value))
            return Maximum(at, value, near, gradient, hessian)
        at, value, gradient, hessian = moved
        if size < 1e-9:
            return Maximum(at, value, True, gradient, hessian)
    return Maximum(at, value, False, gradient, hessian)


def _uphill(gradient: Array, hessian: Array) -> Array:
    """Newton step with the curvature made positive, not longer than 5 in any coordinate."""
    curvature, axes = np.linalg.eigh(-hessian)
    floor = max(1e-12 * float(np.max(np.abs(curvature))), 1e-300)
    step: Array = axes @ ((axes.T @ gradient) / np.maximum(np.abs(curvature), floor))
    longest = float(np.max(np.abs(step)))
    return step if longest <= 5.0 else step * (5.0 / longest)


def _search(
    curved: Curved,
    at: Array,
    value: float,
    *,
    step: Array,
    expected: float,
    lower: Array,
    upper: Array,
) -> tuple[Array, float, Array, Array] | None:
    """Halve the step until the value rises; None where no part of it does."""
    # Near the top the true rise is below the rounding of the value: there a
    # full Newton step is taken unless the value falls by more than rounding.
    slack = 1e-13 * (1.0 + abs(value))
    for halving in range(_MAX_HALVINGS):
        trial = np.clip(at + step * 0.5**halving, lower, upper)
        new_value, gradient, hessian = curved(trial)
        needed = 1e-4 * expected * 0.5**halving
        if np.isfinite(new_value) and new_value - value >= min(needed, 1e-10) - slack:
            return trial, new_value, gradient, hessian
    return None
