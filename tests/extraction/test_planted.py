"""A comparison held against a planted second extraction: every edit is found, and nothing else."""

import re
from dataclasses import replace

import pytest

from ketameta.extraction.disagreements import disagreements
from ketameta.extraction.matching import match
from ketameta.extraction.sides import two_sides
from ketameta.tables.collection import Tables
from ketameta.tables.decisions import ROW

from ..conftest import TABLES

# what stands in a reason where the key itself was edited
REKEYED = {
    "hour_in_days": "hour .* in days",
    "contrast_hour_in_days": "hour .* in days",
    "hour_in_weeks": "hour .* in weeks",
    "hour_in_minutes": "hour .* in minutes",
    "hour_a_little_off": "within 2 h",
    "hour_far_off": "timepoint",
    "hour_left_out": "timepoint",
    "other_scale": "scale",
    "scale_in_words": "scale",
    "other_outcome": "outcome",
    "other_definition": "definition",
    "definition_added": "definition",
    "other_analysis_set": "analysis set",
    "flag_set": "flag",
    "contrast_turned_round_but_for_its_sign": "other way round",
    "hour_in_days_and_a_digit": "hour .* in days",
}
# slips that leave a trace in the two rows
GUESSED = {
    *("digits_transposed", "digits_of_a_count_transposed", "digit_dropped", "point_moved"),
    *("sign_lost", "contrast_with_sign_lost", "standard_error_for_sd", "sd_for_standard_error"),
    *("half_width_for_sd", "variance_for_sd", "baseline_for_endpoint", "percent_for_count"),
    *("nobody_for_somebody", "randomised_for_analysed", "arms_swapped", "visits_swapped"),
    *("hour_in_days", "hour_in_weeks", "hour_in_minutes", "contrast_hour_in_days", "other_dose"),
    *("hour_in_days_and_a_digit", "arm_named_otherwise_and_a_sign"),
    "contrast_turned_round_but_for_its_sign",
}


def line(place):
    """Return the line of a place such as outcomes.csv:7; 0 where there is none."""
    return int(re.search(r"(\d+)$", place)[1]) if place else 0


def pairs_of(matching):
    return {(m.table, m.a.line, m.b.line, "") for m in matching.matches}


def by_place(found):
    return {(d.table, line(d.place_a), line(d.place_b), d.column): d for d in found}


@pytest.fixture(scope="module")
def compared(planted):
    a, b = two_sides(TABLES, planted.place)
    matching = match(a, b)
    return a, b, matching, disagreements(a, b, matching)


@pytest.fixture(scope="module")
def found(compared):
    return by_place(compared[3])


def test_every_row_is_matched_with_its_own(planted, compared):
    pairs = pairs_of(compared[2])
    assert planted.pairs - pairs == set()
    assert pairs - planted.pairs == set()


def test_every_edit_is_found(planted, found):
    assert {(p, one.kind) for p, one in planted.told.items() if p not in found} == set()


def test_nothing_else_is_told(planted, compared, found):
    assert len(found) == len(compared[3]), "something is told twice"
    assert {(p, d.a, d.b) for p, d in found.items() if p not in planted.told} == set()


def test_both_cells_are_told_as_entered(planted, found):
    for place, one in planted.told.items():
        told = found[place]
        if ROW in (one.a, one.b):
            assert (told.a, told.b) == (one.a, one.b)
        else:
            assert told.a == one.a
            assert (told.b == "") == (one.b == "")


def test_a_guess_is_right_or_none_is_made(planted, found):
    guessed = set()
    for place, one in planted.told.items():
        if guess := found[place].likely:
            assert one.likely, (one.kind, guess)
            assert re.search(one.likely, guess), (one.kind, guess)
            guessed.add(one.kind)
    assert GUESSED - guessed == set()


def test_the_reason_of_a_match_is_that_by_which_it_can_be_known(planted, compared):
    reasons = {(m.table, m.a.line, m.b.line, ""): m for m in compared[2].matches}
    known = {}
    for place, why in planted.renamed.items():
        told = reasons[place]
        known.setdefault(why, set()).add(told.reason)
        assert not why or re.search(why, told.reason, re.IGNORECASE), (why, told.reason)
        assert told.reason != "the same key"
        assert told.renamed
    assert {"registration", "doi", "pmid", "label", ""} <= known.keys()
    for place, one in planted.told.items():
        if one.kind in REKEYED and all(place[1:3]):
            assert re.search(REKEYED[one.kind], reasons[*place[:3], ""].reason), one.kind
    plain = [m for m in reasons.values() if not m.renamed and m.reason.startswith("the same key")]
    assert len(plain) > 0.8 * len(reasons)


def test_rows_of_one_side_take_theirs_along(planted, compared, found):
    for kind, least in (("trial_missing", 4), ("trial_twice", 4), ("arm_missing", 2)):
        place = next(p for p, one in planted.told.items() if one.kind == kind)
        assert len(found[place].edit.changes) >= least
    whole = {id(c.row) for d in compared[3] if not d.column for c in d.edit.changes}
    alone = [row for _, row in (*compared[2].only_a, *compared[2].only_b)]
    assert len(whole) == len(alone), "a row of one side is not told, or twice"


def test_the_other_way_round_it_is_the_same_the_other_way_round(planted, compared, found):
    a, b, matching, _ = compared
    other = match(b, a)
    assert {(p[0], p[2], p[1], "") for p in pairs_of(other)} == pairs_of(matching)
    turned = by_place(disagreements(b, a, other))
    assert {(p[0], p[2], p[1], p[3]) for p in turned} == found.keys()
    for (table, one, two, column), told in turned.items():
        mirror = found[table, two, one, column]
        assert (told.a, told.b) == (mirror.b, mirror.a)


def test_the_order_of_rows_makes_no_difference(compared, found):
    a, b, *_ = compared
    a, b = (
        replace(side, tables=Tables({k: side.tables[k][::-1] for k in side.tables.kinds()}))
        for side in (a, b)
    )
    again = by_place(disagreements(a, b, match(a, b)))
    assert {p: (d.id, d.likely) for p, d in again.items()} == {
        p: (d.id, d.likely) for p, d in found.items()
    }


def test_names_of_disagreements_are_their_own_and_stay(compared):
    ids = [d.id for d in compared[3]]
    assert len({*ids}) == len(ids)
