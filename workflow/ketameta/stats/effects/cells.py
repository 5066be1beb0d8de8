"""Two-by-two tables and what is done about empty cells."""

import numpy as np

from ketameta.stats.effects.inputs import (
    Array,
    Arrays,
    EffectOptions,
    refuse,
    refuse_negative,
    size_and_rest,
)

TO = ("only0", "all", "if0all", "none")
# what is added to empty cells shared out by the sizes of the arms, as R's meta calls it
BY_SIZE = "TACC"


def two_by_two(x: Arrays) -> tuple[Array, Array, Array, Array]:
    """Cells a, b, c, d (events and non-events of arm 1, then of arm 2).

    NaN in all four where an arm has no people: they compare nothing, and what is added to empty
    cells would be people of its own.
    """
    a, b = size_and_rest(x, "ai", "bi", "n1i")
    c, d = size_and_rest(x, "ci", "di", "n2i")
    nobody = (a + b == 0) | (c + d == 0)
    a, b, c, d = (np.where(nobody, np.nan, cell) for cell in (a, b, c, d))
    return a, b, c, d


def events_and_times(x: Arrays) -> tuple[Array, Array, Array, Array]:
    """Events and person-times of arm 1 and arm 2, checked."""
    refuse_negative(x, "x1i", "x2i")
    for name in ("t1i", "t2i"):
        refuse(x[name] <= 0, name, x[name], "is not a positive person-time")
    return x["x1i"].copy(), x["t1i"], x["x2i"].copy(), x["t2i"]


def drop_double_zero(cells: tuple[Array, ...], *pairs: tuple[int, int]) -> None:
    """Blank (in place) the studies in which both cells of one of the pairs are 0."""
    empty = np.zeros(cells[0].shape, dtype=bool)
    for i, j in pairs:
        empty |= (cells[i] == 0) & (cells[j] == 0)
    for cell in cells:
        cell[empty] = np.nan


def add_to_cells(
    cells: tuple[Array, ...], options: EffectOptions, *, arms: bool = False
) -> tuple[Array, ...]:
    """Add `options.add` to all `cells` of the studies that `options.to` names.

    "only0": studies with an empty cell; "all": every study; "if0all": every
    study of an analysis (last axis) in which at least one study has an empty
    cell; "none": nowhere. Of two arms (`arms`, the cells in pairs) it may be shared out by
    their sizes: n1/(n1 + n2) is added to each cell of arm 1, n2/(n1 + n2) to those of arm 2.
    """
    amounts: tuple[Array | float, ...] = (options.add,) * len(cells)
    if options.by_size:
        if not arms:
            raise ValueError(f"add={BY_SIZE} is for the measures of two independent arms by events")
        a, b, c, d = cells
        share = (a + b) / (a + b + c + d)
        amounts = (share, share, 1.0 - share, 1.0 - share)
    if options.to == "none" or options.add == 0:
        return cells
    if options.to == "all":
        return tuple(cell + more for cell, more in zip(cells, amounts, strict=True))
    empty = np.zeros(cells[0].shape, dtype=bool)
    for cell in cells:
        empty |= cell == 0
    if options.to == "if0all" and empty.ndim:
        empty = np.asarray(empty.any(axis=-1, keepdims=True))
    return tuple(
        cell + np.where(empty, more, 0.0) for cell, more in zip(cells, amounts, strict=True)
    )
