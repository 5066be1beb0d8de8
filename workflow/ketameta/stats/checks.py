"""What every statistic asks of its input, asked in one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def as_effects(yi: ArrayLike, vi: ArrayLike) -> tuple[Floats, Floats]:
    """Return effects and sampling variances as float arrays of one shape.

    Parameters
    ----------
    yi, vi
        Effect sizes and their sampling variances, shape ``(..., k)``; they are broadcast
        against each other. NaN in both marks an absent study.

    Returns
    -------
    (yi, vi)
        Two float arrays of the common shape, to be read only: they may share memory with
        the input.

    Raises
    ------
    ValueError
        Names the argument and the index of the first fault: no axis of studies, shapes that
        do not fit together, an infinite value, a variance of 0 or below, NaN in one alone.
    """
    y = np.asarray(yi, dtype=np.float64)
    v = np.asarray(vi, dtype=np.float64)
    if y.ndim == 0 or v.ndim == 0:
        name = "yi" if y.ndim == 0 else "vi"
        raise ValueError(f"{name} needs an axis of studies; it is a single number")
    if y.shape != v.shape:
        try:
            y, v = np.broadcast_arrays(y, v)
        except ValueError:
            raise ValueError(
                f"yi and vi do not fit together: shapes {y.shape} and {v.shape}"
            ) from None
    # One pass decides the usual case: both finite, or NaN in both, and vi above 0.
    usable = np.isfinite(y) & (v > 0) & (v < np.inf)
    if not usable.all():
        _explain(y, v, usable | (np.isnan(y) & np.isnan(v)))
    return y, v


def _explain(y: Floats, v: Floats, good: NDArray[np.bool_]) -> None:
    """Raise for the first element that is not good, if there is one."""
    if good.all():
        return
    index = tuple(int(i) for i in np.argwhere(~good)[0])
    at = f"[{', '.join(map(str, index))}]"
    one, var = y[index], v[index]
    if np.isinf(one):
        raise ValueError(f"yi{at} is infinite")
    if np.isinf(var) and var > 0:
        raise ValueError(f"vi{at} is infinite")
    if np.isnan(one):
        raise ValueError(f"yi{at} is NaN while vi{at} is {var:g}; an absent study is NaN in both")
    if np.isnan(var):
        raise ValueError(f"vi{at} is NaN while yi{at} is {one:g}; an absent study is NaN in both")
    raise ValueError(f"vi{at} is {var:g}; a sampling variance is above 0")


def one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """Return ``value`` if it is allowed, else raise a ValueError that lists what is."""
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}; not {value!r}")
    return value


def as_level(level: float) -> float:
    """Return a confidence level strictly between 0 and 1, else raise a ValueError."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level is a proportion between 0 and 1; not {level!r}")
    return float(level)
