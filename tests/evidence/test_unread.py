"""What could not be read, by the weight that it would carry: by hand, and by a fit with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ketameta.evidence.unread import (
    AS_ENTERED,
    MEDIAN,
    OF_TRIAL,
    Pool,
    pools,
    ranked_by_weight,
    share_of_weight,
    variance,
)
from ketameta.stats import random_effects
from ketameta.tables.collection import Tables
from ketameta.tables.raw import ArmRow, ContrastRow, OutcomeRow, TrialRow
from ketameta.tables.syntheses import StudyRow, SynthesisRow
from ketameta.tables.upkeep import UnreadRow
from ketameta.vocabulary.narrowing import parse

from ..rows import row

# variance and people: v·n is 10, 11 and 9.6
EFFECTS = ((0.2, 50.0), (0.1, 110.0), (0.4, 24.0))
TAU2 = 0.05


@pytest.fixture
def question(by_hand):
    return by_hand.configuration["response_24h"].select


def pool(question, name="first", effects=EFFECTS, tau2=TAU2, trials=("pooled",), **more):
    return Pool(name, question, effects, tau2, frozenset(trials), **more)


def unread(label="X 2020", **more):
    return row(UnreadRow, **{"label": label, "kind": "report", "outcomes": "response"} | more)


def test_the_variance_is_that_of_the_trials_there_at_its_number_of_people():
    assert variance(EFFECTS, 80) == pytest.approx(10 / 80)
    assert variance(EFFECTS[:2], 80) == pytest.approx(10.5 / 80)
    # where no effect has a number of people, one like the others
    assert variance([(0.2, None), (0.4, None), (0.3, 0)], 80) == 0.3


def test_the_share_is_the_weight_of_a_fit_with_the_trial():
    # by hand: 1/0.175 of 1/0.25 + 1/0.15 + 1/0.45 + 1/0.175
    own = variance(EFFECTS, 80)
    found = share_of_weight(EFFECTS, TAU2, own)
    assert found == pytest.approx(5.714285714 / (4 + 6.666666667 + 2.222222222 + 5.714285714))
    # metafor 3.8-1: weights(rma(yi, vi=c(.2, .1, .4, .125), tau2=.05)), the last
    assert 100 * found == pytest.approx(30.7167235495, rel=1e-9)
    # equal effects of variances that hold tau² are the random effects of that tau²
    v = np.array([*(v for v, _ in EFFECTS), own]) + TAU2
    fit = random_effects(np.zeros(4), v, tau2="EE")
    assert 100 * found == pytest.approx(fit.weights[-1])


@pytest.mark.parametrize(("k", "expected"), [(0, 1.0), (1, 0.5), (3, 0.25)])
def test_a_trial_like_k_others_has_its_even_part(k, expected):
    assert share_of_weight([(0.1, 100.0)] * k, 0.2, 0.1) == pytest.approx(expected)


def trial_of(name="t", **more):
    own = {"trial_id": name, "label": name, "design": "parallel", "population": "TRD"}
    return row(TrialRow, **own | {"n_randomised": 60} | more)


def arm_of(treatment, name="t"):
    told = {"trial_id": name, "arm_id": treatment, "treatment": treatment, "route": "IV"}
    return row(ArmRow, **told, n_doses=1)


def known(trials=(), arms=(), results=()):
    """Return raw tables; the first result is a contrast."""
    told = [dict(zip(("outcome", "timepoint_h", "scale"), one, strict=False)) for one in results]
    return Tables(
        {
            TrialRow: trials,
            ArmRow: arms,
            OutcomeRow: [row(OutcomeRow, trial_id="t", **cells) for cells in told[1:]],
            ContrastRow: [row(ContrastRow, trial_id="t", **cells) for cells in told[:1]],
        }
    )


def weights_of(question, trials=(), arms=(), results=(), **cells):
    (found,) = ranked_by_weight([unread(**cells)], [pool(question)], known(trials, arms, results))
    return found.weights


@pytest.mark.parametrize(
    ("cells", "people", "known"),
    [
        ({"n": 80}, 80, AS_ENTERED),
        ({"trial_id": "t"}, 60, OF_TRIAL),
        ({}, 50, MEDIAN),
        ({"kind": "numbers"}, 50, MEDIAN),
        ({"kind": "registration", "n": 80}, 80, AS_ENTERED),
    ],
)
def test_people_are_those_entered_or_randomised_or_the_median(question, cells, people, known):
    (weight,) = weights_of(question, [trial_of()], **cells)
    assert (weight.people, weight.known) == (people, known)
    assert weight.variance == pytest.approx(10 / people)


@pytest.mark.parametrize("kind", ["registration", "review"])
def test_what_is_no_trial_carries_nothing_without_a_number_of_people(question, kind):
    assert weights_of(question, kind=kind) == ()


ARMS = [arm_of("ketamine"), arm_of("saline")]
OF_ECT = [arm_of("ketamine"), arm_of("ect")]
T = trial_of()


@pytest.mark.parametrize(
    ("cells", "trials", "arms", "concerned"),
    [
        ({}, [], [], True),
        ({"outcomes": "remission;response"}, [], [], True),
        ({"outcomes": "remission"}, [], [], False),
        ({"outcomes": None}, [], [], False),
        ({"trial_id": "pooled"}, [], [], False),
        ({"population": "TRD"}, [], [], True),
        ({"population": "PTSD"}, [], [], False),
        ({"population": "PTSD;TRD"}, [], [], True),
        ({"comparator_class": "inert"}, [], [], True),
        ({"comparator_class": "ect"}, [], [], False),
        # the window is 12 to 36 h, its ends in it
        ({"hour_low": 36}, [], [], True),
        ({"hour_low": 37}, [], [], False),
        ({"hour_high": 12}, [], [], True),
        ({"hour_high": 11}, [], [], False),
        ({"hour_low": 1, "hour_high": 700}, [], [], True),
        # a trial of the tables
        ({"trial_id": "t"}, [T], ARMS, True),
        ({"trial_id": "t"}, [replace(T, population="PTSD")], ARMS, False),
        ({"trial_id": "t"}, [T], OF_ECT, False),
        ({"trial_id": "t", "comparator_class": "inert"}, [T], OF_ECT, True),
        ({"trial_id": "t"}, [T], ARMS[1:], False),
        ({"trial_id": "t"}, [T], ARMS[:1], False),
        ({"trial_id": "t", "comparator_class": "active"}, [T], ARMS[:1], True),
        ({"trial_id": "t", "population": "TRD"}, [replace(T, population="PTSD")], ARMS, True),
        ({"trial_id": "t"}, [replace(T, design_flag="randomised withdrawal")], ARMS, False),
        # whose patients are pooled in another report, and whose are not
        ({"trial_id": "t"}, [replace(T, part_of="pooled"), trial_of("pooled")], ARMS, False),
        ({"trial_id": "t"}, [T, trial_of("pooled", part_of="t")], ARMS, False),
        ({"trial_id": "t"}, [replace(T, part_of="other"), trial_of("other")], ARMS, True),
    ],
)
def test_an_analysis_is_concerned_by_all_that_is_known(question, cells, trials, arms, concerned):
    assert (question.window.start, question.window.end) == (12, 36)
    assert bool(weights_of(question, trials, arms, **cells)) == concerned


@pytest.mark.parametrize(
    ("narrow", "doses", "concerned"),
    [
        ("n_doses=1", 1, True),
        ("n_doses=1", 8, False),
        ("n_doses=>1", 8, True),
        ("n_doses=1", None, False),
        ("population=TRD", 1, True),
        ("population=BD", 1, False),
        ("drug_route=IV ketamine", 1, True),
        ("route=SC", 1, False),
        ("treatment=esketamine", 1, False),
        ("comparator_class=active", 1, False),
        ("design=crossover", 1, False),
        # what is fetched is the report itself
        ("seen=direct", 1, True),
        ("seen=secondary", 1, False),
        ("flag=none", 1, True),
        ("flag=check", 1, False),
    ],
)
def test_a_narrowed_analysis_refuses_the_trials_that_the_sieve_refuses(
    question, narrow, doses, concerned
):
    asked = replace(question, narrow=parse(narrow))
    arms = [replace(ARMS[0], n_doses=doses), ARMS[1]]
    assert bool(weights_of(asked, [T], arms, trial_id="t")) == concerned


@pytest.mark.parametrize(
    ("narrow", "cells", "concerned"),
    [
        ("n_doses=1", {}, True),
        ("population=BD", {"population": "BD"}, True),
        ("population=BD", {"population": "TRD"}, False),
        ("comparator_class=active", {"comparator_class": "active"}, True),
        ("comparator_class=active", {"comparator_class": "inert"}, False),
    ],
)
def test_of_a_trial_that_stands_nowhere_what_its_row_tells_counts(
    question, narrow, cells, concerned
):
    asked = replace(question, narrow=parse(narrow))
    assert bool(weights_of(asked, **cells)) == concerned


@pytest.mark.parametrize(
    ("results", "cells", "concerned"),
    [
        # hours of the outcome count before those of other visits, and these before any
        ([("response", 24)], {}, True),
        ([("response", 168)], {}, False),
        ([("response", 168), ("remission", 24)], {}, False),
        ([("response", 0), ("remission", 24)], {}, True),
        ([("remission", 168)], {}, False),
        ([("depression_score", 168), ("remission", 36)], {}, True),
        # what is counted up to an hour is seen at no visit
        ([("dropout", 168)], {}, True),
        ([("remission", None)], {}, True),
        # what the row says comes first
        ([("response", 168)], {"hour_low": 4, "hour_high": 24}, True),
        ([("response", 24)], {"hour_low": 37}, False),
        ([("response", 24)], {"hour_high": 11}, False),
        # scales of the outcome
        ([("response", 24, "MADRS")], {}, True),
        ([("response", 24, "CAPS-5")], {}, False),
        ([("depression_score", 24, "CAPS-5")], {}, True),
    ],
)
def test_hours_and_scales_are_those_of_the_trial(question, results, cells, concerned):
    assert bool(weights_of(question, [T], ARMS, results, trial_id="t", **cells)) == concerned


def test_the_largest_share_of_a_pool_comes_first_then_single_trials_then_what_has_none(question):
    found = [
        pool(question, "small", EFFECTS[:2]),
        pool(question, "large", EFFECTS * 4),
        pool(question, "one", EFFECTS[:1], 0.0),
        pool(question, "none", (), 0.0),
    ]
    rows = [
        unread("A review", kind="review"),
        unread("Lesser", n=40),
        unread("No outcome", outcomes=None),
        unread("Most", n=400),
    ]
    ordered = ranked_by_weight(rows, found, known())
    assert [one.row.label for one in ordered] == ["Most", "Lesser", "No outcome", "A review"]
    assert [w.analysis for w in ordered[0].weights] == ["small", "large", "none", "one"]
    shares = {w.analysis: w.share for w in ordered[0].weights}
    # of two trials without tau², shares are as people; a first trial has all
    assert shares["one"] == pytest.approx(400 / 450)
    assert shares["none"] == 1.0
    first = ordered[0].weights[2]
    assert (first.effects, first.variance, first.people) == (0, None, 400)
    only = ranked_by_weight([unread("Alone", n=9), unread("Most", n=400)], found[2:], known())
    assert [one.row.label for one in only] == ["Most", "Alone"]


def test_what_a_claim_rests_on_comes_before_larger_shares(question):
    found = [
        pool(question, "small", EFFECTS[:2]),
        pool(question, "claim", EFFECTS * 4, claimed=True),
        pool(question, "one claim", EFFECTS[:1], claimed=True),
        pool(question, "one", EFFECTS[:1], 0.0),
    ]
    (one,) = ranked_by_weight([unread(n=400)], found, known())
    assert [w.analysis for w in one.weights] == ["claim", "small", "one claim", "one"]
    shares = [w.share for w in one.weights]
    assert shares[0] < shares[1]
    assert shares[2] < shares[3]
    # a row that enters no such analysis stands behind one that does, whatever its share
    asked = replace(question, outcome="remission")
    rows = [unread("Elsewhere", outcomes="remission", n=900), unread("Claimed", n=9)]
    ordered = ranked_by_weight(rows, [*found[1:2], pool(asked, "other", EFFECTS[:2])], known())
    assert [one.row.label for one in ordered] == ["Claimed", "Elsewhere"]
    unclaimed = [replace(p, claimed=False) for p in found[1:2]]
    ordered = ranked_by_weight(rows, [*unclaimed, pool(asked, "other", EFFECTS[:2])], known())
    assert [one.row.label for one in ordered] == ["Elsewhere", "Claimed"]


def test_pools_are_comparisons_with_their_effects(by_hand):
    analyses = [by_hand.configuration[name] for name in ("response_24h", "response_24h_arm")]
    studies = [row(StudyRow, analysis="response_24h", trial_id="a", vi=0.1, people=20.0)]
    found = pools(analyses, studies, {a.name: row(SynthesisRow) for a in analyses})
    assert [(p.name, p.effects, p.tau2) for p in found] == [("response_24h", ((0.1, 20.0),), 0.0)]
    assert found[0].trials == {"a"}


def test_pools_of_narrowed_analyses_are_those_that_claims_rest_on(by_hand):
    whole = by_hand.configuration["response_24h"]
    analyses = [whole, whole.narrowed("population=TRD"), whole.narrowed("population=BD")]
    syntheses = {a.name: row(SynthesisRow, tau2=0.0) for a in analyses}
    found = pools(analyses, [], syntheses, ["response_24h@population=TRD"])
    assert [(p.name, p.claimed) for p in found] == [
        ("response_24h", False),
        ("response_24h@population=TRD", True),
    ]
