"""Counts with an empty cell: who has one, and what else than a half is added."""

from math import log

import pytest

from ketameta.stats import effect_size
from ketameta.synthesize.empty_cells import (
    BY_OTHER_ARM,
    EVERYWHERE,
    corrected,
    has_empty_cell,
    without_events,
)
from ketameta.tables.effects import VariantRow

from ..rows import row


def trial(a, n_t, c, n_c, **other):
    size = effect_size("OR", ai=a, n1i=n_t, ci=c, n2i=n_c)
    cells = {
        "yi": float(size.yi),
        "vi": float(size.vi),
        "events_t": a,
        "n_t": n_t,
        "events_c": c,
        "n_c": n_c,
        "people": n_t + n_c,
    }
    return row(VariantRow, **cells | other)


def test_the_arms_share_one_event_by_the_size_of_the_other():
    (yi, *_), (vi, *_) = corrected("OR", [trial(3, 60, 0, 20)], BY_OTHER_ARM)
    a, b, c, d = 3.75, 57.75, 0.25, 20.25
    assert yi == pytest.approx(log(a * d / (b * c)))
    assert vi == pytest.approx(1 / a + 1 / b + 1 / c + 1 / d)


def test_only_empty_cells_change_unless_all_do():
    both = [trial(3, 60, 0, 20), trial(5, 60, 2, 20)]
    yi, _ = corrected("OR", both, BY_OTHER_ARM)
    assert yi[0] != both[0].yi
    assert yi[1] == both[1].yi
    yi, _ = corrected("OR", both, EVERYWHERE)
    assert yi[0] == pytest.approx(both[0].yi)
    assert yi[1] == pytest.approx(log(5.5 * 18.5 / (55.5 * 2.5)))


def test_an_effect_that_is_not_of_the_counts_stays():
    reported = trial(3, 60, 0, 20, yi=0.4, vi=0.1)
    without = row(VariantRow, yi=0.2, vi=0.3, people=9)
    for correction in (BY_OTHER_ARM, EVERYWHERE):
        yi, vi = corrected("OR", [reported, without], correction)
        assert (yi.tolist(), vi.tolist()) == ([0.4, 0.2], [0.1, 0.3])


def test_trials_without_events_and_with_an_empty_cell():
    trials = trial(0, 9, 0, 8), trial(9, 9, 8, 8), trial(0, 9, 1, 8), trial(1, 9, 1, 8)
    assert [*map(without_events, trials)] == [True, True, False, False]
    assert [*map(has_empty_cell, trials)] == [True, True, True, False]
    assert not has_empty_cell(row(VariantRow, yi=0.2, vi=0.3))
