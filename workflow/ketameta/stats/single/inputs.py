"""Effects with their standard errors, out of lists, arrays, Series, or the columns of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ketameta.stats.numerics.checks import (
    Floats,
    StudyError,
    aligned,
    as_effects,
    as_floats,
    common_shape,
    is_missing,
    masked,
)
from ketameta.stats.numerics.shown import Labels, study_names
from ketameta.stats.numerics.words import did_you_mean

# columns that a table is searched for where none is named
SPREADS = ("sei", "vi")
LABELS = ("slab", "study")


class Effects(NamedTuple):
    """Effects and sampling variances, shape (k,), and names of the studies, if there are any."""

    yi: Floats
    vi: Floats
    studies: Labels


def effects_given(yi: Any, sei: Any, vi: Any, slab: Any, data: Any) -> Effects:
    """Return the effects of one analysis; see `pool` for what the arguments can be.

    Raises ValueError for what is missing, given twice or of other lengths, and for the first number
    that cannot be.
    """
    if data is None and _columns_of(yi) is not None:
        data, yi = yi, None
    if data is not None:
        yi, sei, vi, slab = _from_table(data, yi, sei, vi, slab)
    if yi is None or (sei is None) == (vi is None):
        raise ValueError("pool takes yi with either sei (standard errors) or vi (their squares)")
    name = "sei" if vi is None else "vi"
    told = aligned(yi=yi, spread=sei if vi is None else vi, slab=slab)
    y, spread = as_floats("yi", told[0]), as_floats(name, told[1])
    if y.ndim != 1 or spread.ndim != 1:
        raise ValueError(
            "pool takes one analysis: an effect and a standard error a study, both of shape (k,); "
            "`random_effects` takes a batch, `pool_many` long columns of many analyses"
        )
    common_shape({"yi": y, name: spread})
    absent = masked(told[0], y) | masked(told[1], spread)
    y, spread = np.where(absent, np.nan, y), np.where(absent, np.nan, spread)
    if name == "sei":
        spread = _squared(y, spread)
    labels = study_names(yi, sei, vi).get("studies") if slab is None else _labels(told[2], y.size)
    return Effects(*as_effects(y, spread), labels)


def _squared(y: Floats, sei: Floats) -> Floats:
    """Return variances; a standard error that cannot be is named as such, not by its square."""
    for i in np.flatnonzero((sei <= 0) | (np.isnan(sei) != np.isnan(y))):
        said = "is an absent study, which has neither"
        if sei[i] <= 0:
            said = f"is {sei[i]:g}; a standard error is above 0"
        elif np.isnan(sei[i]):
            said = f"is missing while its yi is {y[i]:g}; an absent study has neither"
        else:
            said = f"is {sei[i]:g} while its yi is missing; an absent study has neither"
        raise StudyError("sei", (int(i),), said)
    with np.errstate(over="ignore", under="ignore"):
        return sei * sei


def _labels(slab: Any, k: int) -> Labels:
    """Return the names of the studies as text; one without a name has its place, from 1 on."""
    found = slab.to_pylist() if hasattr(slab, "to_pylist") else list(slab)
    if len(found) != k:
        raise ValueError(f"slab has {len(found)} names, and there are {k} studies")
    return tuple(str(i) if is_missing(name) else str(name) for i, name in enumerate(found, 1))


def _columns_of(value: Any) -> list[str] | None:
    """Return the names of the columns of a table (pandas, Arrow, a dict); None for no table."""
    names = getattr(value, "column_names", None)
    if names is None and getattr(value, "ndim", 2) == 2:
        names = getattr(value, "columns", None)
    if isinstance(value, Mapping):
        names = value
    return None if names is None else [str(name) for name in names]


def _from_table(data: Any, yi: Any, sei: Any, vi: Any, slab: Any) -> tuple[Any, Any, Any, Any]:
    """Return what the arguments name in a table: unnamed, the columns that are called like them."""
    columns = _columns_of(data)
    if columns is None:
        raise ValueError("data is a table with named columns: a frame, an Arrow table or a dict")

    def column(argument: str, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if given not in columns:
            near = did_you_mean(argument, given, columns)
            raise ValueError(
                f"data has no column {given!r} for {argument}{near or ': ' + ', '.join(columns)}"
            )
        return data[given]

    if sei is None and vi is None:
        named = next((name for name in SPREADS if name in columns), "sei")
        sei, vi = (named, None) if named == "sei" else (None, named)
    if slab is None:
        slab = next((name for name in LABELS if name in columns), None)
    return (
        column("yi", "yi" if yi is None else yi),
        column("sei", sei),
        column("vi", vi),
        column("slab", slab),
    )
