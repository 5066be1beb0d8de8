"""Verdicts on claims: each rule by hand, never by very uncertain evidence, and the real claims."""

from itertools import pairwise, product

import pytest

from ketameta.evidence.claims import Line, line, lines_of, verdicts_of, whole
from ketameta.evidence.verdicts import verdict

LEVELS = ("very low", "low", "moderate", "high")


def named(direction="favours treatment", value=None, unit=None):
    row = {"claim_id": "c", "direction": direction, "claimed_value": value, "claimed_unit": unit}
    return row | {"population": "TRD;MDD"}


def record(certainty, low, high, **more):
    """Return a risk ratio of a good outcome: above no effect favours treatment."""
    row = {"measure": "RR", "k": 5, "estimate": (low * high) ** 0.5, "ci_low": low, "ci_high": high}
    row |= {"pi_low": low, "pi_high": high, "favours": "above", "worthwhile": (0.8, 1.25)}
    row |= {"populations": ("TRD",)}
    return {**row, "certainty": certainty, **more}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (record("high", 1.3, 2), ("supported", "better")),
        (record("moderate", 1.3, 2), ("supported", "better")),
        (record("low", 1.3, 2), ("partly supported", "better, low")),
        (record("very low", 1.3, 2), ("cannot be told", "very low")),
        (record("high", 1.3, 2, pi_low=0.9), ("partly supported", "better, not everywhere")),
        (record("high", 0.9, 2), ("cannot be told", "open")),
        (record("high", 0.9, 1.2), ("not supported", "little")),
        (record("moderate", 0.5, 0.7), ("contradicted", "opposite")),
        (record("low", 0.5, 0.7), ("not supported", "opposite")),
        (record("not rated", 1, 1, estimate=None), ("cannot be told", "no estimate")),
        (None, ("not tested", "not computed")),
    ],
)
def test_a_claimed_benefit_by_hand(row, expected):
    assert line(named(), row) == Line(*expected)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        # of a harm: below no effect favours treatment
        (record("high", 0.9, 1.2, favours="below"), ("supported", "no worse")),
        (record("low", 0.9, 1.2, favours="below"), ("partly supported", "no worse, low")),
        # absence of evidence is no evidence of absence
        (record("high", 0.9, 1.3, favours="below"), ("cannot be told", "open")),
        (record("moderate", 1.1, 3, favours="below"), ("contradicted", "worse")),
        (record("low", 1.1, 3, favours="below"), ("not supported", "worse")),
        (record("high", 0.5, 0.7, favours="below"), ("supported", "better")),
    ],
)
def test_a_claim_of_no_harm_by_hand(row, expected):
    assert line(named("no worse than control"), row) == Line(*expected)


def share(certainty, low, high, pi_high):
    row = {"measure": "PLO", "k": 9, "estimate": (low + high) / 2, "ci_low": low, "ci_high": high}
    return (
        row
        | {"pi_low": 0.0, "pi_high": pi_high, "certainty": certainty, "favours": None}
        | {"populations": ()}
    )


@pytest.mark.parametrize(
    ("direction", "row", "expected"),
    [
        ("at most", share("high", 0.6, 0.8, 0.9), ("supported", "inside")),
        ("at most", share("low", 0.6, 0.8, 0.9), ("partly supported", "inside")),
        ("at most", share("high", 0.3, 0.5, 0.8), ("partly supported", "reached")),
        ("at most", share("high", 0.3, 0.5, 0.6), ("not supported", "not reached")),
        ("at most", share("high", 0.75, 0.9, 1.0), ("contradicted", "above")),
        ("equal", share("high", 0.3, 0.5, 0.8), ("contradicted", "below")),
        ("equal", share("low", 0.3, 0.5, 0.8), ("not supported", "below")),
        ("equal", share("very low", 0.3, 0.5, 0.8), ("cannot be told", "very low")),
    ],
)
def test_a_claimed_share_by_hand(direction, row, expected):
    assert line(named(direction, 70, "percent of people"), row) == Line(*expected)


@pytest.mark.parametrize(
    ("claimed", "pooled", "verdict"),
    [
        ("TRD", ("TRD",), "supported"),
        ("TRD", ("MDD", "TRD"), "partly supported"),
        ("MDD", ("MDD-SI",), "supported"),
        ("MDD", ("MDD+BD",), "partly supported"),
        ("MDD;BD", ("MDD+BD",), "supported"),
        ("any", ("PTSD",), "supported"),
        (None, ("PTSD",), "supported"),
    ],
)
def test_other_people_than_the_claim_speaks_of_support_in_part(claimed, pooled, verdict):
    row = record("high", 1.3, 2, populations=pooled)
    assert line(named() | {"population": claimed}, row).verdict == verdict
    # what is not supported is not so by other people either
    against = record("high", 0.5, 0.7, populations=pooled)
    assert line(named() | {"population": claimed}, against).verdict == "contradicted"


def test_a_claimed_number_in_another_unit_cannot_be_told():
    row = share("high", 0.6, 0.8, 0.9)
    assert line(named("equal", 70, "percent reduction"), row).because == "other unit"
    assert line(named(None), record("high", 2, 3)).because == "no direction"
    assert line(named(), row).because == "no comparison"


S, P, N, C, U, T = (
    *("supported", "partly supported", "not supported", "contradicted"),
    *("cannot be told", "not tested"),
)


@pytest.mark.parametrize(
    ("verdicts", "benefit", "no_worse"),
    [
        ([], T, T),
        ([T], T, T),
        ([T, U], U, U),
        ([S, S], S, S),
        ([S, U], P, P),
        ([S, T], P, P),
        ([S, P], P, P),
        ([S, N], P, N),
        ([S, C], P, C),
        ([C, C], C, C),
        ([C, N], N, C),
        ([N, U], N, N),
    ],
)
def test_a_claim_on_the_whole_by_hand(verdicts, benefit, no_worse):
    lines = [Line(word, "") for word in verdicts]
    assert whole("favours treatment", lines) == benefit
    assert whole("no worse than control", lines) == no_worse


ENDS = [(0.4, 0.7), (0.7, 0.9), (0.7, 1.5), (0.9, 1.1), (1.1, 1.2), (1.3, 2.0)]
STRENGTH = {U: 0, N: -1, C: -2, P: 1, S: 2}


@pytest.mark.parametrize(
    ("ends", "direction", "favours"),
    list(product(ENDS, ["favours treatment", "no worse than control"], ["above", "below"])),
)
def test_less_certainty_never_says_more_of_a_claim(ends, direction, favours):
    said = [
        STRENGTH[line(named(direction), record(level, *ends, favours=favours)).verdict]
        for level in LEVELS
    ]
    assert said[0] == 0
    assert all(abs(a) <= abs(b) and a * b >= 0 for a, b in pairwise(said))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (record("high", 1.1, 2), "favours treatment"),
        (record("high", 1.1, 2, favours="below"), "favours control"),
        (record("high", 0.5, 0.8), "favours control"),
        (record("high", 1.0, 2), "no clear difference"),
        (record("high", 1, 1, ci_low=None, ci_high=None), "no clear difference"),
        (share("low", 0.3, 0.5, 0.6), "no comparison"),
        (record("not rated", 1, 1, estimate=None), "too few trials"),
        (record("not rated", 1, 1, estimate=None, k=0), "no trial"),
    ],
)
def test_the_verdict_of_an_analysis_by_hand(row, expected):
    assert verdict(row) == expected


def test_every_word_is_in_the_vocabulary(tables, records):
    from ketameta.vocabulary import vocabulary

    words = vocabulary().words
    assert {r["verdict"] for r in records.values()} <= set(words("verdicts"))
    assert {r["certainty"] for r in records.values()} <= set(words("certainty_levels"))
    told = set(verdicts_of(tables["claim_tests"], records).values())
    assert told <= set(words("claim_verdicts"))


def test_the_real_claims_are_judged_as_far_as_the_trials_go(tables, records):
    verdicts = verdicts_of(tables["claim_tests"], records)
    assert len(verdicts) == 21
    # named for no analysis, or for one that is not there
    for claim in ("not_addictive", "mechanism_glutamate", "cognition"):
        assert verdicts[claim] == "not tested"
    # many more people have dissociation, nausea and dizziness than under control
    assert verdicts["mild_side_effects"] == "contradicted"
    for claim, rows in lines_of(tables["claim_tests"], records).items():
        for test, told in rows:
            if told and test["computed"] and records[test["analysis"]]["certainty"] == "very low":
                assert told.verdict == "cannot be told", claim
