"""Publication bias: asymmetry that survives its checks, and results known to be missing."""

import pytest

from ketameta.evidence.missing import publication
from ketameta.tables.diagnostics import AsymmetryRow
from ketameta.tables.effects import MissingResultRow

from ..rows import row

RATIO = (0.8, 1.25)


def rated(hand, bounds=RATIO, studies=None, whole=None, **more):
    found = publication(hand.evidence(whole, studies, **more), bounds, hand.limits)
    return found.rating, found.rule, found.judged


def asymmetry_row(p=0.05, slope=1.0, **more):
    told = {"test": "Peters", "test_p": p, "test_k": 12, "test_slope": slope, "centre": 0.7}
    return row(AsymmetryRow, **told, **more)


def mixed(hand):
    """Return trials of two designs and two routes, so that both checks have something to do."""
    return [hand.study(), hand.study("b", design="crossover", drug_route="nasal esketamine")]


@pytest.mark.parametrize(
    ("p", "slope", "rating", "known"),
    [
        (0.099, 1.0, -1, True),
        (0.1, 1.0, 0, True),
        # small trials nearer to no effect: nothing was kept back
        (0.001, -1.0, 0, True),
        (None, 1.0, 0, False),
    ],
)
def test_asymmetry_by_hand(by_hand, p, slope, rating, known):
    # all trials parallel and of one route: neither check has anything to leave out
    found = rated(by_hand, asymmetry=asymmetry_row(p, slope))
    assert (found[0], found[2]) == (rating, known)


@pytest.mark.parametrize(
    ("without", "adjusted", "rating"),
    [
        (0.099, 0.099, -1),
        (0.1, 0.099, 0),
        (0.099, 0.1, 0),
        # a check that cannot be made is not survived
        (None, 0.01, 0),
        (0.01, None, 0),
    ],
)
def test_asymmetry_costs_a_level_where_it_survives_both_checks(by_hand, without, adjusted, rating):
    asymmetry = asymmetry_row(0.01, without_crossovers_p=without, adjusted_p=adjusted)
    found = rated(by_hand, studies=mixed(by_hand), asymmetry=asymmetry)
    assert found == (rating, "asymmetry" if rating else "", True)


def test_asymmetry_is_not_tested_without_a_comparison_or_a_table_row(by_hand):
    share = by_hand.record("PLO", estimate=0.4, ci_low=0.3, ci_high=0.5)
    assert not rated(by_hand, whole=share, asymmetry=asymmetry_row(0.001))[2]
    assert not rated(by_hand)[2]


def lost(*people):
    return [lost_one(f"Lost {i}", n) for i, n in enumerate(people)]


def lost_one(label, n, direction=None, **more):
    return row(MissingResultRow, label=label, n=n, direction=direction, **more)


def test_known_missing_results_of_many_people_cost_a_level(by_hand):
    # 1,000 people are pooled: a quarter of all is missing from 1,000 / 3 on
    assert rated(by_hand, missing=lost(300, 33)) == (0, "", True)
    assert rated(by_hand, missing=lost(300, 34)) == (-1, "missing-many", True)
    # nobody knows how many: judged, and only by what the answer would be
    assert rated(by_hand, missing=lost(None)) == (0, "", True)


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({}, "missing-many"),
        ({"direction": "no difference"}, "missing-many"),
        # reported as significant: it hides no lack of effect, unless it is for control
        ({"significant": True}, ""),
        ({"significant": True, "direction": "favours treatment"}, ""),
        ({"significant": True, "direction": "favours control"}, "missing-many"),
        ({"direction": "favours treatment"}, "missing-many"),
        # the same people stand in a pooled report
        ({"through": "Both trials"}, ""),
    ],
)
def test_a_result_that_can_hide_nothing_costs_nothing(by_hand, more, rule):
    assert rated(by_hand, missing=[lost_one("Lost", 900, **more)])[1] == rule


@pytest.mark.parametrize(
    ("bound", "rule"),
    [
        ({}, ""),
        # the interval takes another side of no difference; of two trials it is wide in any case
        ({"ci_low": 1.0}, "missing-turns"),
        ({"ci_low": 1.0, "k": 3}, "missing-turns"),
        ({"ci_low": 1.0, "k": 2}, ""),
        # the estimate is worthwhile no more
        ({"estimate": 1.24, "ci_low": 1.1}, "missing-turns"),
        ({"estimate": 1.24, "ci_low": 1.1, "k": 2}, "missing-turns"),
        ({"estimate": 1.25, "ci_low": 1.1}, ""),
        ({"estimate": None, "ci_low": None, "ci_high": None}, ""),
    ],
)
def test_known_missing_results_that_would_turn_the_answer_cost_a_level(by_hand, bound, rule):
    without = by_hand.record(**bound)
    assert rated(by_hand, missing=lost(1), bound=without)[1] == rule
    # nothing is missing: the bound is the result itself
    assert rated(by_hand, bound=without)[1] == ""


def test_both_reasons_together_cost_one_level(by_hand):
    found = publication(
        by_hand.evidence(missing=lost(900), asymmetry=asymmetry_row(0.01)), RATIO, by_hand.limits
    )
    assert (found.rating, tuple(r.name for r in found.rules)) == (-1, ("missing-many", "asymmetry"))
