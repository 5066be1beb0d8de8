"""Whether trials agree: heterogeneity, what a split explains of it, and that it is charged once."""

import math
from dataclasses import replace

import pytest

from ketameta.evidence.agreement import explained, inconsistency, indirectness
from ketameta.tables.syntheses import SplitRow, SubgroupRow

from ..rows import row

RATIO, SMD = (0.8, 1.25), (-0.2, 0.2)


@pytest.mark.parametrize(
    ("cells", "rating", "marks"),
    [
        ({}, 0, ()),
        ({"i2": 49.9}, 0, ()),
        ({"i2": 50.0}, -1, ("i2",)),
        ({"i2": 90.0}, -1, ("i2",)),
        # the interval excludes no effect, a new trial need not
        ({"i2": 30.0, "pi_low": 1.0}, -1, ("predicts-none",)),
        ({"i2": 30.0, "pi_low": 1.01}, 0, ()),
        ({"i2": 74.9, "pi_low": 0.9}, -1, ("predicts-none", "i2")),
        ({"i2": 75.0, "pi_low": 0.9}, -2, ("predicts-none", "i2")),
        # no more than the interval said already
        ({"i2": 30.0, "ci_low": 0.9, "pi_low": 0.81}, 0, ()),
        ({"i2": 30.0, "ci_low": 0.9, "pi_low": 0.8}, -1, ("predicts-both",)),
        # wide for few trials, not for trials that differ
        ({"i2": 0.0, "pi_low": 0.5}, 0, ()),
        ({"k": 4, "i2": 30.0, "pi_low": 0.5}, 0, ()),
        ({"k": 5, "i2": 30.0, "pi_low": 0.5}, -1, ("predicts-none",)),
        ({"k": 2, "i2": 80.0, "pi_low": None, "pi_high": None}, -1, ("i2",)),
    ],
)
def test_inconsistency_by_hand(by_hand, cells, rating, marks):
    found = inconsistency(by_hand.evidence(by_hand.record(**cells)), RATIO, None, by_hand.limits)
    assert (found.rating, tuple(r.name for r in found.rules), found.judged) == (rating, marks, True)


def test_one_trial_cannot_disagree_with_itself(by_hand):
    whole = by_hand.record(k=1, i2=None)
    found = inconsistency(by_hand.evidence(whole), RATIO, None, by_hand.limits)
    assert (found.rating, found.judged) == (0, False)


@pytest.mark.parametrize(("k", "rating", "marks"), [(1, -1, ("alone",)), (2, 0, ())])
def test_one_trial_of_treated_arms_shows_what_happened_in_one_place(by_hand, k, rating, marks):
    whole = by_hand.record("PCTRED", k=k, estimate=40.0, i2=None if k == 1 else 0.0, tau2=0.0)
    found = inconsistency(by_hand.evidence(whole), None, None, by_hand.limits)
    assert (found.rating, found.best, tuple(r.name for r in found.rules), found.judged) == (
        rating,
        rating,
        marks,
        True,
    )


@pytest.mark.parametrize(("points", "rating"), [(9.99, 0), (10.01, -1), (29.99, -1), (30.01, -2)])
@pytest.mark.parametrize("i2", [0.0, 99.0])
def test_shares_go_by_the_points_between_true_values_whatever_i2_is(by_hand, points, rating, i2):
    # a fall of 40%: 95% of the true values lie within 1.96 tau of it
    whole = by_hand.record("PCTRED", estimate=40.0, i2=i2, tau2=(points / 1.959964) ** 2)
    found = inconsistency(by_hand.evidence(whole), None, None, by_hand.limits)
    assert (found.rating, found.judged) == (rating, True)


def test_the_true_values_of_a_proportion_lie_around_its_log_odds(by_hand):
    whole = by_hand.record("PLO", estimate=0.4, estimate_log=math.log(0.4 / 0.6), tau2=0.09)
    found = inconsistency(by_hand.evidence(whole), None, None, by_hand.limits)
    # expit(logit 0.4 -/+ 1.96 * 0.3), in R: plogis(qlogis(.4) + c(-1, 1) * qnorm(.975) * .3)
    assert found.facts.spread == pytest.approx((0.2702303282, 0.5455047592), abs=1e-9)
    assert found.rating == -1


def group(name, estimate, q=1.0, df=2, tau2=0.0):
    told = {"split": "drug_route", "subgroup": name, "estimate": estimate}
    return row(SubgroupRow, **told, q=q, q_df=df, tau2=tau2)


def a_split(split="drug_route", p=0.01):
    return row(SplitRow, split=split, p=p)


IV, NASAL = "IV ketamine", "nasal esketamine"


def split(hand, p=0.01, share=38.0, other=-0.16, **more):
    """Return evidence of two groups, IV with an effect of −0.77 and the rest of the weight."""
    whole = hand.score(-0.53, -1.11, 0.04, k=6, i2=66.0, pi_low=-1.7, pi_high=0.6)
    studies = [hand.study("a", 100.0 - share), hand.study("b", share, drug_route=NASAL)]
    return hand.evidence(whole, studies, splits=[a_split(p=p)],
                         subgroups=[group(IV, -0.77), group(NASAL, other, **more)])  # fmt: skip


def both(hand, evidence):
    found = explained(evidence, SMD, hand.limits)
    first = inconsistency(evidence, SMD, found, hand.limits)
    second = indirectness(evidence, found)
    return (first.rating, first.rule), (second.rating, second.rule)


def test_heterogeneity_that_a_split_explains_is_charged_once(by_hand):
    explains = ((0, ""), (-1, "mixed"))
    unexplained = ((-1, "predicts-both"), (0, ""))
    assert both(by_hand, split(by_hand)) == explains
    assert both(by_hand, split(by_hand, p=0.0999)) == explains
    assert both(by_hand, split(by_hand, p=0.1)) == unexplained
    assert both(by_hand, split(by_hand, p=None)) == unexplained
    assert both(by_hand, split(by_hand, share=25.0)) == explains
    assert both(by_hand, split(by_hand, share=24.9)) == unexplained


def test_groups_with_the_same_answer_cost_nothing(by_hand):
    # worthwhile from 0.2 on, as the other group
    assert both(by_hand, split(by_hand, other=-0.2)) == ((0, ""), (0, ""))
    assert both(by_hand, split(by_hand, other=-0.19)) == ((0, ""), (-1, "mixed"))


def test_what_is_left_within_the_groups_stays_a_charge(by_hand):
    # Q of 1 and 9 with 4 degrees of freedom: I² of 60; of 1 and 7: 50; of 1 and 6.9: 49.4
    for q, left in ((9.0, "i2"), (7.0, "i2"), (6.9, "")):
        assert both(by_hand, split(by_hand, q=q))[0][1] == left
    # what is left is never more than there was
    evidence = split(by_hand, q=90.0)
    evidence = replace(evidence, record=replace(evidence.record, i2=10.0))
    assert both(by_hand, evidence)[0] == (0, "")


def test_groups_of_single_trials_explain_nothing(by_hand):
    evidence = split(by_hand)
    alone = [replace(one, q=None, q_df=None) for one in evidence.subgroups]
    assert explained(replace(evidence, subgroups=alone), SMD, by_hand.limits) is None


def test_of_several_splits_one_whose_groups_differ_in_their_answer_explains(by_hand):
    evidence = split(by_hand, other=-0.5)
    assert explained(evidence, SMD, by_hand.limits).split == "drug_route"
    evidence.splits.append(a_split("n_doses"))
    doses = (("1", -0.9), (">1", -0.1))
    evidence.subgroups.extend(replace(group(*dose), split="n_doses") for dose in doses)
    studies = zip(evidence.studies, doses, strict=True)
    evidence = replace(evidence, studies=[replace(s, n_doses=dose) for s, (dose, _) in studies])
    found = explained(evidence, SMD, by_hand.limits)
    assert (found.split, found.differs) == ("n_doses", True)


def test_groups_of_shares_differ_by_points(by_hand):
    for other, differs in ((0.51, True), (0.49, False)):
        whole = by_hand.record("PLO", estimate=0.4)
        studies = [by_hand.study("a", 60.0), by_hand.study("b", 40.0, drug_route=NASAL)]
        evidence = by_hand.evidence(
            whole, studies, splits=[a_split()],
            subgroups=[group(IV, 0.38, tau2=0.2, df=3), group(NASAL, other, tau2=0.6, df=1)],
        )  # fmt: skip
        found = explained(evidence, None, by_hand.limits)
        assert found.differs is differs
        # by degrees of freedom: (3 * 0.2 + 1 * 0.6) / 4
        assert found.tau2 == pytest.approx(0.3)


def test_where_no_split_is_tested_indirectness_is_not_judged(by_hand):
    assert not indirectness(by_hand.evidence(), None).judged
    evidence = by_hand.evidence(splits=[a_split("population", 0.5)])
    assert indirectness(evidence, None).judged
