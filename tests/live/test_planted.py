"""A second extraction planted into the project's own tables is found, whatever these say."""

import re

import pytest

from ketameta.extraction.disagreements import disagreements
from ketameta.extraction.matching import match
from ketameta.extraction.sides import two_sides

from ..extraction.kinds_names import ALL
from ..extraction.planting import second
from .conftest import RAW

# what leaves no key and no sign by which a row is known again rests on what the tables hold
BY_LIKENESS = {
    *("trial_known_by_likeness", "trial_known_by_label", "trial_with_another_letter"),
    *("other_outcome", "hour_far_off", "hour_left_out", "column_shifted", "visits_swapped"),
    *("arms_named_otherwise", "arms_and_trial_named_otherwise", "arm_described_otherwise"),
    *("arm_named_otherwise_and_a_sign", "other_scale", "scale_in_words", "arms_swapped"),
    *("hour_in_days_and_a_digit", "contrast_turned_round_but_for_its_sign"),
}
KINDS = [kind for kind in ALL if kind.__name__ not in BY_LIKENESS]


def line(place):
    return int(re.search(r"(\d+)$", place)[1]) if place else 0


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return second(RAW, tmp_path_factory.mktemp("planted") / "second", KINDS, 12)


@pytest.fixture(scope="module")
def compared(planted):
    a, b = two_sides(RAW, planted.place)
    matching = match(a, b)
    return matching, disagreements(a, b, matching)


def test_every_row_is_matched_with_its_own(planted, compared):
    pairs = {(m.table, m.a.line, m.b.line, "") for m in compared[0].matches}
    assert planted.pairs - pairs == set()
    assert pairs - planted.pairs == set()


def test_every_edit_is_found_and_nothing_else(planted, compared):
    found = {(d.table, line(d.place_a), line(d.place_b), d.column): d for d in compared[1]}
    assert {(p, one.kind) for p, one in planted.told.items() if p not in found} == set()
    assert {(p, d.a, d.b) for p, d in found.items() if p not in planted.told} == set()
    assert len(found) > 20
