"""Effects with their standard errors, out of lists, arrays, Series, or the columns of a table."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ketameta.stats.numerics.checks import (
    Floats,
    StudyError,
    aligned,
    as_effects,
    as_floats,
    columns_of,
    common_shape,
    is_missing,
    masked,
    named_columns,
)
from ketameta.stats.numerics.shown import Labels, study_names

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
    if data is None and columns_of(yi) is not None:
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


def _from_table(data: Any, yi: Any, sei: Any, vi: Any, slab: Any) -> tuple[Any, Any, Any, Any]:
    """Return what the arguments name in a table: unnamed, the columns that are called like them."""
    columns = columns_of(data) or []
    if sei is None and vi is None:
        spread = next((name for name in SPREADS if name in columns), "sei")
        sei, vi = (spread, None) if spread == "sei" else (None, spread)
    if slab is None:
        slab = next((name for name in LABELS if name in columns), None)
    named = {"yi": "yi" if yi is None else yi, "sei": sei, "vi": vi, "slab": slab}
    return named_columns(data, **named)
