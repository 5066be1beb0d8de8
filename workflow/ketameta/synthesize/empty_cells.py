"""Counts with an empty cell: which trials have one, and what else than a half can be added."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from ketameta.measures import MEASURES
from ketameta.stats import effect_size
from ketameta.tables.parts import PoolableEffect

Floats = NDArray[np.float64]
AS_THEY_ARE = "a half in a trial with one"
# events and people of the treated arms, and of the control arms, of an effect
cells_of: Callable[[PoolableEffect], tuple[float | None, ...]] = attrgetter(
    *("events_t", "n_t", "events_c", "n_c")
)
BY_OTHER_ARM, EVERYWHERE = "by the other arm", "a half in every trial"


def without_events(effect: PoolableEffect) -> bool:
    """Say whether nobody of both arms has the event, or everybody."""
    events_t, n_t, events_c, n_c = cells_of(effect)
    if events_t is None or events_c is None:
        return False
    return events_t == events_c == 0 or (events_t == n_t and events_c == n_c)


def has_empty_cell(effect: PoolableEffect) -> bool:
    """Say whether nobody or everybody of one of two arms has the event."""
    events_t, n_t, events_c, n_c = cells_of(effect)
    if events_t is None or events_c is None:
        return False
    return events_t in (0, n_t) or events_c in (0, n_c)


def corrected(
    measure: str, effects: Sequence[PoolableEffect], correction: str
) -> tuple[Floats, Floats]:
    """Return effects and variances, shape (k,), where something else is added to empty cells.

    By the other arm: the share of both arms' people that an arm has is added to its events and to
    its rest, so that the arms share one (Sweeting 2004, Statistics in Medicine 23:1351); or a half
    to all cells of every trial. Only effects that are those of two parallel arms' counts change:
    of crossovers and reported contrasts the counts do not give the effect.
    """
    yi, vi = (np.array([getattr(e, name) for e in effects], float) for name in ("yi", "vi"))
    if correction == AS_THEY_ARE or not MEASURES[measure].compares_events:
        return yi, vi
    table = np.array([cells_of(e) for e in effects], float).reshape(-1, 4)
    ai, n1i, ci, n2i = table.T
    plain = effect_size(measure, ai=ai, n1i=n1i, ci=ci, n2i=n2i)
    here = np.isclose(plain.yi, yi, rtol=1e-9, atol=1e-12)
    here &= np.isclose(plain.vi, vi, rtol=1e-9, atol=0)
    if correction == BY_OTHER_ARM:
        here &= np.array([has_empty_cell(e) for e in effects], bool)
        a, b = n1i / (n1i + n2i), n2i / (n1i + n2i)
    else:
        a = b = np.full(len(effects), 0.5)
    cells = {"ai": ai + a, "bi": n1i - ai + a, "ci": ci + b, "di": n2i - ci + b}
    other = effect_size(measure, **{name: cell[here] for name, cell in cells.items()})
    yi[here], vi[here] = other.yi, other.vi
    return yi, vi
