"""Reading and checking the raw numbers that effect sizes are computed from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.numerics.checks import StudyError, aligned, as_floats, common_shape

Array = NDArray[np.float64]
Arrays = dict[str, Array]


@dataclass(frozen=True)
class EffectOptions:
    """What may be chosen for a measure, resolved to its defaults.

    `add`, `to` and `drop00` say what happens to zero cells, `correction` which
    small-sample factor standardised mean differences get, `vtype` which
    variance estimate is used. `by_size`: what is added is shared out by the sizes of arms.
    """

    add: float
    to: str
    drop00: bool
    correction: str
    vtype: str
    by_size: bool = False


def float_arrays(values: Mapping[str, ArrayLike]) -> Arrays:
    """Turn named values into float arrays of one common shape.

    Raises
    ------
    ValueError
        A value is not numeric or infinite (the argument and the index are named), or the
        numbers of studies differ.
    """
    arrays = {}
    for name, value in zip(values, aligned(**values), strict=True):
        arrays[name] = array = as_floats(name, value)
        refuse(np.isinf(array), name, array, "is infinite")
    shape = common_shape(arrays)
    return {n: a if a.shape == shape else np.broadcast_to(a, shape) for n, a in arrays.items()}


def refuse(bad: NDArray[np.bool_], name: str, values: Array, what: str) -> None:
    """Raise a ValueError that names the first place where `bad` is true."""
    if not np.count_nonzero(bad):  # of a single number in a sixth of the time that `any` takes
        return
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    said = f"{what} ({float(np.broadcast_to(values, bad.shape)[first]):g})"
    raise StudyError(name, first, said) if first else ValueError(f"{name} {said}")


def refuse_negative(x: Arrays, *names: str) -> None:
    """Raise where a count, a person-time or a standard deviation is below 0."""
    for name in names:
        if name in x:
            refuse(x[name] < 0, name, x[name], "is negative")


def refuse_below_one(x: Arrays, *names: str) -> None:
    """Raise where a group size is below 1: a mean needs at least one person."""
    for name in names:
        if name in x:
            refuse(x[name] < 1, name, x[name], "is below 1")


def refuse_correlation(x: Arrays, name: str = "ri") -> None:
    """Raise where a correlation is outside [-1, 1]."""
    if name in x:
        refuse(np.abs(x[name]) > 1, name, x[name], "is not a correlation between -1 and 1")


def size_and_rest(x: Arrays, events: str, rest: str, size: str) -> tuple[Array, Array]:
    """Events and non-events of an arm, given the non-events, the size or both.

    Raises
    ------
    ValueError
        Negative counts, more events than people, or a size that is not the
        sum of the two counts: argument and index are named.
    """
    refuse_negative(x, events, rest, size)
    if size in x:
        refuse(x[events] > x[size], events, x[events], f"is larger than {size}")
    if rest in x and size in x:
        off = np.abs(x[events] + x[rest] - x[size]) > 1e-9 * np.maximum(1.0, x[size])
        refuse(off, size, x[size], f"is not {events} + {rest}")
    if rest in x:
        # A count may be missing where the size is given, and the other way round.
        other = np.where(np.isnan(x[rest]), x[size] - x[events], x[rest]) if size in x else x[rest]
    else:
        other = x[size] - x[events]
    return x[events].copy(), other.copy()


def weighted_mean(values: Array, weights: Array) -> Array:
    """Mean over the studies (last axis, kept) that have both a value and a weight."""
    known = np.isfinite(values) & np.isfinite(weights)
    w = np.where(known, weights, 0.0)
    total = (w * np.where(known, values, 0.0)).sum(axis=-1, keepdims=True)
    return np.asarray(total / w.sum(axis=-1, keepdims=True))
