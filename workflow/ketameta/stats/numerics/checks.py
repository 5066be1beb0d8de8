"""What every statistic asks of its input, asked in one place.

Masked entries of NumPy are missing. Arguments with labels (pandas) are paired by these, never by
position in silence; pandas is not imported for it. A plain number stands for every study where
that has a meaning; two lists of studies of different lengths never stretch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.numerics.words import SYNONYMS, did_you_mean

Floats = NDArray[np.float64]


class StudyError(ValueError):
    """A number that cannot be: of which argument, at which index, and why."""

    def __init__(self, name: str, index: tuple[int, ...], said: str) -> None:
        super().__init__(f"{name}[{', '.join(map(str, index))}] {said}")
        self.name, self.index, self.said = name, index, said


def as_effects(yi: ArrayLike, vi: ArrayLike) -> tuple[Floats, Floats]:
    """Return effects and sampling variances as float arrays of one shape.

    Parameters
    ----------
    yi, vi
        Effect sizes and their sampling variances, shape ``(..., k)``: as many studies in both.
        Leading axes are broadcast. NaN in both marks an absent study, and so does a masked entry
        in either. pandas: see `aligned`.

    Returns
    -------
    (yi, vi)
        Two float arrays of the common shape, to be read only: they may share memory with
        the input.

    Raises
    ------
    ValueError
        Names the argument and the index of the first fault: no axis of studies, other numbers
        of studies, an infinite value, a variance of 0 or below, NaN in one alone.
    """
    yi, vi = aligned(yi=yi, vi=vi)
    y, v = as_floats("yi", yi), as_floats("vi", vi)
    if y.ndim == 0 or v.ndim == 0:
        name = "yi" if y.ndim == 0 else "vi"
        raise ValueError(f"{name} needs an axis of studies; it is a single number")
    if y.shape != v.shape:
        common_shape({"yi": y, "vi": v})
        y, v = np.broadcast_arrays(y, v)
    if (absent := masked(yi, y) | masked(vi, v)).any():
        y, v = np.where(absent, np.nan, y), np.where(absent, np.nan, v)
    # One pass decides the usual case: both finite, or NaN in both, and vi above 0.
    usable = np.isfinite(y) & (v > 0) & (v < np.inf)
    if not usable.all():
        _explain(y, v, usable | (np.isnan(y) & np.isnan(v)))
    return y, v


def as_floats(name: str, value: Any) -> Floats:
    """Return a value as a float array; None, NA and masked entries are NaN.

    Raises a ValueError that names the argument where it is not numeric: dates are none, which
    NumPy would turn into nanoseconds.
    """
    if getattr(getattr(value, "dtype", None), "kind", None) in ("m", "M"):
        raise ValueError(f"{name} holds dates or times; give numbers, such as years or hours")
    try:
        if has_labels(value):
            return np.asarray(value.to_numpy(dtype=np.float64, na_value=np.nan))
        return np.asarray(_filled(value) if _is_masked(value) else value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numeric: {error}") from None


def masked(value: Any, array: Floats) -> NDArray[np.bool_]:
    """Return where a masked value is missing, `array` being its floats; False if not masked."""
    return np.isnan(array) if _is_masked(value) else np.zeros((), bool)


def _is_masked(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_is_masked(part) for part in value)
    return isinstance(value, np.ma.MaskedArray)


def _filled(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_filled(part) for part in value]
    if value is np.ma.masked:
        return np.nan
    return np.ma.filled(np.ma.array(value, dtype=np.float64), np.nan)


def has_labels(value: Any) -> bool:
    """Say whether a value pairs its entries by labels: a Series or a frame of pandas."""
    return hasattr(value, "reindex") and hasattr(value, "index")


def aligned(**values: Any) -> tuple[Any, ...]:
    """Return the values, those with labels in the order of the first of them.

    Series with the same labels in another order are put into that order (a covariance in both
    directions); values without labels go by position. Raises a ValueError where labels differ, or
    stand twice and in another order.
    """
    name = next((name for name, value in values.items() if has_labels(value)), None)
    if name is None:
        return tuple(values.values())
    return tuple(
        _in_order(other, value, name, values[name]) if has_labels(value) else value
        for other, value in values.items()
    )


def _in_order(name: str, value: Any, lead: str, first: Any) -> Any:
    """Return a labelled value in the order of the first."""
    index = first.index
    if not value.index.equals(index):
        if not _same_labels(value.index, index):
            sizes = f" ({len(index)} and {len(value.index)})"
            raise ValueError(
                f"{lead} and {name} do not carry the same labels"
                f"{sizes if len(index) != len(value.index) else ''}, so that it is not known which "
                f"studies belong together; give both one index, or {lead}.to_numpy() and "
                f"{name}.to_numpy() to pair them by position"
            )
        value = value.reindex(index)
    if value.ndim == 2:
        columns = first.columns if first.ndim == 2 else index
        if not value.columns.equals(columns) and _same_labels(value.columns, columns):
            return value.reindex(columns=columns)
        if first.ndim == 2 and not value.columns.equals(columns):
            raise ValueError(f"{lead} and {name} do not carry the same labels in their columns")
    return value


def _same_labels(one: Any, other: Any) -> bool:
    both = one.is_unique and other.is_unique and len(one) == len(other)
    return bool(both and one.isin(other).all())


def common_shape(arrays: Mapping[str, Floats]) -> tuple[int, ...]:
    """Return the shape of arrays together: as many studies in each, leading axes broadcast.

    A plain number stands for all studies. Raises a ValueError with the lengths.
    """
    lengths = {name: a.shape[-1] for name, a in arrays.items() if a.ndim}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(
            f"arguments do not fit together, they differ in shape; numbers of studies: {said}"
        )
    try:
        return np.broadcast_shapes(*(a.shape for a in arrays.values()))
    except ValueError:
        said = ", ".join(f"{name} {a.shape}" for name, a in arrays.items())
        raise ValueError(f"arguments do not fit together, they differ in shape: {said}") from None


def _explain(y: Floats, v: Floats, good: NDArray[np.bool_]) -> None:
    """Raise for the first element that is not good, if there is one."""
    if good.all():
        return
    index = tuple(int(i) for i in np.argwhere(~good)[0])
    one, var = y[index], v[index]
    if np.isinf(one):
        raise StudyError("yi", index, "is infinite")
    if np.isinf(var) and var > 0:
        raise StudyError("vi", index, "is infinite")
    if np.isnan(one):
        said = f"is NaN while its vi is {var:g}; an absent study is NaN in both"
        raise StudyError("yi", index, said)
    if np.isnan(var):
        said = f"is NaN while its yi is {one:g}; an absent study is NaN in both"
        raise StudyError("vi", index, said)
    raise StudyError("vi", index, f"is {var:g}; a sampling variance is above 0")


def columns_of(value: Any) -> list[str] | None:
    """Return the names of the columns of a table (pandas, Arrow, a dict); None for no table."""
    names = getattr(value, "column_names", None)
    if names is None and getattr(value, "ndim", 2) == 2:
        names = getattr(value, "columns", None)
    if isinstance(value, Mapping):
        names = value
    return None if names is None else [str(name) for name in names]


def named_columns(data: Any, **given: Any) -> tuple[Any, ...]:
    """Return what is given of each argument; of one that is a name, that column of the table.

    Raises a ValueError for what is no table, and for the first name that it has no column of.
    """
    columns = columns_of(data)
    if columns is None:
        raise ValueError("data is a table with named columns: a frame, an Arrow table or a dict")
    for argument, name in given.items():
        if isinstance(name, str) and name not in columns:
            near = did_you_mean(argument, name, columns)
            raise ValueError(
                f"data has no column {name!r} for {argument}{near or ': ' + ', '.join(columns)}"
            )
    return tuple(data[x] if isinstance(x, str) else x for x in given.values())


def as_labels(name: str, values: Any, size: int) -> tuple[list[Any], NDArray[np.intp]]:
    """Return the labels in sorted order, and the place among them of each study.

    The place is -1 where there is no label: None, NaN, NA, masked, or blank text.

    Raises
    ------
    ValueError
        Unless there are `size` labels of one kind.
    """
    shape = np.shape(values)
    if shape != (size,):
        raise ValueError(f"{name} has shape {shape}; with {size} studies it is ({size},)")
    items = values.tolist() if hasattr(values, "tolist") else list(values)
    items = [x.item() if isinstance(x, np.generic) else x for x in items]
    none = [is_missing(x) for x in items]
    try:
        known = sorted({x for x, missing in zip(items, none, strict=True) if not missing})
    except TypeError:
        kinds = sorted({type(x).__name__ for x in items})
        raise ValueError(f"{name} mixes labels of several kinds: {', '.join(kinds)}") from None
    place = {label: i for i, label in enumerate(known)}
    codes = [-1 if missing else place[x] for x, missing in zip(items, none, strict=True)]
    return known, np.array(codes, dtype=np.intp)


def is_missing(label: Any) -> bool:
    """Say whether a label is none: None, NaN, NA, masked, or blank text."""
    if isinstance(label, str):
        return not label.strip()
    if label is None or type(label).__name__ in ("NAType", "NaTType", "MaskedConstant"):
        return True
    return isinstance(label, float) and math.isnan(label)


def one_of(name: str, value: str, allowed: Iterable[str]) -> str:
    """Return ``value`` if it is allowed, else raise a ValueError that lists what is."""
    known = tuple(allowed)
    if value not in known:
        raise ValueError(
            f"{name} is one of {', '.join(known)}; not {value!r}{did_you_mean(name, value, known)}"
        )
    return value


def as_method(name: str, value: str, allowed: Iterable[str]) -> str:
    """Return a method by its name here; as `one_of`, but other names of it are known too."""
    return one_of(name, SYNONYMS[name].get(value, value), allowed)


def as_level(level: float) -> float:
    """Return a confidence level strictly between 0 and 1, else raise a ValueError."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level is a proportion between 0 and 1; not {level!r}")
    return float(level)
