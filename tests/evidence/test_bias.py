"""Risk of bias by weight, as a range where trials are not judged."""

from dataclasses import replace

import pytest

from ketameta.evidence.bias import bias, risk_of

ROB1 = ("sequence", "concealment", "blinding_participants", "blinding_assessors",
        "incomplete_data", "selective_reporting")  # fmt: skip
ROB2 = ("D1", "D2", "D3", "D4", "D5")


@pytest.mark.parametrize(
    ("domains", "tool", "risk", "of_share"),
    [
        ({}, "RoB1", "not judged", "not judged"),
        ({"sequence": "low"}, "RoB1", "not judged", "not judged"),
        (dict.fromkeys(ROB1, "low"), "RoB1", "low", "low"),
        (dict.fromkeys(ROB1[:-1], "low"), "RoB1", "not judged", "not judged"),
        # how people came into the arms says nothing of one arm
        (dict.fromkeys(ROB1[2:], "low"), "RoB1", "not judged", "low"),
        (dict.fromkeys(ROB1, "low") | {"concealment": "high"}, "RoB1", "high", "low"),
        (dict.fromkeys(ROB1, "low") | {"concealment": "unclear"}, "RoB1", "some concerns", "low"),
        ({"sequence": "unclear", "selective_reporting": "high"}, "RoB1", "high", "high"),
        ({"D1": "low"}, "RoB2", "not judged", "not judged"),
        ({"D1": "some concerns", "D3": "high"}, "RoB2", "high", "high"),
        ({"overall": "low"}, "RoB2", "low", "not judged"),
        (dict.fromkeys(ROB2, "low"), "RoB2", "low", "low"),
        ({"overall": "some concerns"}, "RoB2", "some concerns", "not judged"),
    ],
)
def test_a_trial_is_at_low_risk_only_where_a_whole_tool_says_so(domains, tool, risk, of_share):
    rows = [(tool, domain, word) for domain, word in domains.items()]
    assert (risk_of(rows), risk_of(rows, share=True)) == (risk, of_share)


@pytest.mark.parametrize(
    ("several", "high", "unclear", "low", "ends", "rule"),
    [
        (0, 0, 0, 100, (0, 0), ""),
        (0, 0, 0, 51, (0, 0), ""),
        # half not judged: at the worst not low, at the best low
        (0, 0, 0, 50, (-1, 0), "not-judged"),
        (0, 0, 0, 0, (-1, 0), "not-judged"),
        (0, 0, 49, 0, (-1, 0), "not-judged"),
        # half found wanting is a fault, whatever the rest is
        (0, 0, 50, 0, (-1, -1), "not-low"),
        (0, 20, 30, 0, (-1, -1), "not-low"),
        (0, 49, 51, 0, (-1, -1), "not-low"),
        (0, 50, 50, 0, (-1, -1), "high"),
        # high in one domain or in several alike
        (25, 25, 50, 0, (-1, -1), "high"),
        (0, 100, 0, 0, (-1, -1), "high"),
        (49, 0, 0, 51, (0, 0), ""),
        (49, 51, 0, 0, (-1, -1), "high"),
        (50, 0, 0, 50, (-2, -2), "high-risk"),
    ],
)
def test_risk_of_bias_goes_by_weight(by_hand, several, high, unclear, low, ends, rule):
    shares = {"d": several, "h": high, "s": unclear, "l": low}
    shares["u"] = 100 - sum(shares.values())
    studies = [by_hand.study(trial, float(weight)) for trial, weight in shares.items()]
    rows = by_hand.judged("h", {"other": "high"}) + by_hand.judged("s", {"other": "unclear"})
    rows += by_hand.judged("d", {"other": "high", "incomplete_data": "high"})
    rows += by_hand.judged("l", dict.fromkeys(ROB1, "low"))
    found = bias(by_hand.evidence(None, studies, judgements=rows), by_hand.limits)
    assert ((found.rating, found.best), found.rule) == (ends, rule)
    assert found.facts.worst["not judged"] == pytest.approx(shares["u"])


def test_what_reports_do_not_tell_makes_a_range(by_hand):
    rows = by_hand.judged("a", dict.fromkeys(ROB2, "low"), "RoB2")
    silent = {"D4": ("high", "low"), "D3": ("high", "some concerns")}
    told = [(row, *silent.get(row.domain, ("low", "low"))) for row in rows]
    rows = [replace(row, judgement=word, best=best) for row, word, best in told]
    found = bias(by_hand.evidence(judgements=rows), by_hand.limits)
    assert ((found.rating, found.best), found.rule) == ((-2, -1), "high-risk")
    # all well: no level at the best
    rows[2] = replace(rows[2], best="low")
    found = bias(by_hand.evidence(judgements=rows), by_hand.limits)
    assert (found.rating, found.best) == (-2, 0)


def test_two_high_domains_are_several_only_of_one_tool():
    one = [("RoB1", "other", "high"), ("RoB2", "D3", "high"), ("RoB2", "overall", "high")]
    assert risk_of(one) == "high"
    assert risk_of([*one, ("RoB2", "D4", "high")]) == "high in several domains"


def test_a_trial_without_a_weight_counts_whole_and_no_judgement_never_costs_two(by_hand):
    evidence = by_hand.evidence(None, [by_hand.study(weight=None)])
    for limits in (by_hand.limits, replace(by_hand.limits, bias_high=0.0)):
        found = bias(evidence, limits)
        assert (found.rating, found.best) == (-1, 0)
