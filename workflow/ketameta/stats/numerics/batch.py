"""One fit for each analysis of a batch, and plain numbers where there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.numerics.checks import as_floats, masked

Array = NDArray[np.float64]
Fit = TypeVar("Fit")


def over_batch(fit_one: Callable[[Array, Array], Fit], yi: ArrayLike, vi: ArrayLike) -> Fit:
    """Fit each analysis of the leading axes; the fields of the fits are stacked.

    Raises ValueError unless vi has the shape of yi, or that and one more axis of
    the same length (a covariance).
    """
    y, v = as_floats("yi", yi), as_floats("vi", vi)
    if y.ndim == 0 or v.shape not in (y.shape, y.shape + y.shape[-1:]):
        raise ValueError(f"vi has shape {v.shape}, which does not go with yi of {y.shape}")
    if v.shape == y.shape:
        absent = masked(yi, y) | masked(vi, v)
        y, v = np.where(absent, np.nan, y), np.where(absent, np.nan, v)
    lead = y.shape[:-1]
    if not lead:
        return fit_one(y, v)
    fits = [fit_one(y[index], v[index]) for index in np.ndindex(lead)]
    if not fits:
        raise ValueError(f"yi of shape {y.shape} holds no analysis")
    first: Any = fits[0]
    columns = {f.name: [getattr(fit, f.name) for fit in fits] for f in fields(first)}
    stacked: Fit = type(first)(**{name: _stack(column, lead) for name, column in columns.items()})
    return stacked


def _stack(column: list[Any], lead: tuple[int, ...]) -> Any:
    """Stack the values of one field; a field that is None stays None."""
    if column[0] is None:
        return None
    array = np.asarray(column)
    return array.reshape(lead + array.shape[1:])


def unbatched(value: Any) -> Any:
    """Return a plain number where there is no batch, else the array."""
    array = np.asarray(value)
    return array if array.ndim else array.item()


def plain_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return each field of a result as `plain` does."""
    return {name: unbatched(value) for name, value in values.items()}
