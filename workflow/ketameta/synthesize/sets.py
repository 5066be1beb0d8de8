"""The different sets of effects of a space: choices of data, empty cells, and trials left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketameta.normalize import grid
from ketameta.synthesize.empty_cells import cells_of, corrected, without_events
from ketameta.synthesize.specifications import CORRECTION, EVENTS, Space
from ketameta.tables.parts import PoolableEffect

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sets:
    """Different sets of effects, a row each, in the order in which a space has them first.

    `cells` are events and people of both arms of the effects, shape (effects, 4), NaN for none;
    `yi`, `vi`: shape (sets, most), NaN where an effect is absent; `rows` its row among `effects`,
    -1 where it is absent; `measure` the measure of each set; `trials` how many are in it. `first`
    is the place among all sets of the space at which one comes first; `of_all` says which of these
    each of the space is.
    """

    effects: Sequence[PoolableEffect]
    cells: Floats
    yi: Floats
    vi: Floats
    rows: Integers
    measure: NDArray[np.str_]
    trials: Integers
    first: Integers
    of_all: Integers

    def rows_of(self, place: int) -> list[PoolableEffect]:
        """Return the effects of a set, as they came."""
        return [self.effects[row] for row in self.rows[place].tolist() if row >= 0]


def sets_of(
    space: Space, effects: Sequence[PoolableEffect], alone: Mapping[str, Sequence[PoolableEffect]]
) -> Sets:
    """Return the sets of a space: every combination of data, events, correction and trials.

    The last varies fastest, as in the space. `alone` are the effects under choices of data by name.
    """
    combined = grid.combinations(space.data)
    own = [alone.get(grid.name_of(c), ()) if c else effects for c in combined]
    flat = [effect for one in own for effect in one]
    sizes = np.array([len(one) for one in own])
    measures = np.array([space.measure(c) for c in combined])
    of_row = np.repeat(measures, sizes)
    most = int(sizes.max())
    index = np.full((len(own), most), -1)
    index[np.arange(most) < sizes[:, None]] = np.arange(len(flat))
    codes = {trial: n for n, trial in enumerate(dict.fromkeys(e.trial_id for e in flat))}
    trial = np.array([*(codes[e.trial_id] for e in flat), -1])
    by_name = {d.name: d.options for d in space.dimensions}
    numbers = [_numbers(flat, of_row, option) for option in by_name[CORRECTION]]
    silent = np.array([*map(without_events, flat), False])
    gone = np.array([[t in one for t in codes] + [False] for one in space.dropped.values()])
    kept = index >= 0
    shown = np.array([kept] if len(by_name[EVENTS]) == 1 else [kept, kept & ~silent[index]])
    shape = (len(own), len(shown), len(numbers), len(gone), most)
    present = (
        shown.swapaxes(0, 1)[:, :, None, None]
        & ~gone[:, trial[index]].swapaxes(0, 1)[:, None, None]
    )
    yi, vi = (
        np.where(
            present,
            np.array([n[i] for n in numbers])[:, index].swapaxes(0, 1)[:, None, :, None],
            np.nan,
        ).reshape(-1, most)
        for i in (0, 1)
    )
    rows = np.where(np.broadcast_to(present, shape), index[:, None, None, None], -1)
    per = len(shown) * len(numbers) * len(gone)
    measure = np.repeat(measures, per)
    first, of_all = distinct(yi, vi, measure)
    rows = rows.reshape(-1, most)[first]
    own_trials = np.sort(np.where(rows >= 0, trial[rows], -1), axis=1)
    new = np.diff(own_trials, axis=1, prepend=-1) != 0
    return Sets(
        flat,
        np.array([cells_of(effect) for effect in flat], float).reshape(-1, 4),
        yi[first],
        vi[first],
        rows,
        measure[first],
        (new & (own_trials >= 0)).sum(axis=1),
        first,
        of_all,
    )


def _numbers(
    effects: Sequence[PoolableEffect], measures: NDArray[np.str_], correction: str
) -> Floats:
    """Return yi and vi of effects, shape (2, n + 1): NaN stands at the end."""
    found = np.full((2, len(effects) + 1), np.nan)
    for measure in np.unique(measures).tolist():
        here = np.flatnonzero(measures == measure)
        found[:, here] = corrected(measure, [effects[i] for i in here.tolist()], correction)
    return found


def distinct(yi: Floats, vi: Floats, measure: NDArray[np.str_]) -> tuple[Integers, Integers]:
    """Return the first row of each set of effects, whatever their order, and the set of each row.

    Most specifications share their effects with another, which are fitted once.
    """
    pairs = np.empty(yi.shape, complex)
    pairs.real, pairs.imag = yi, vi
    pairs.sort(axis=1)
    number: dict[tuple[str, bytes], int] = {}
    first: list[int] = []
    of_row: list[int] = []
    for row, (pair, name) in enumerate(zip(pairs, measure.tolist(), strict=True)):
        own = number.setdefault((name, pair.tobytes()), len(first))
        if own == len(first):
            first.append(row)
        of_row.append(own)
    return np.array(first), np.array(of_row)
