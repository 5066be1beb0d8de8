"""What stands beside a synthesis: pairs pooled, the bound of missing results, earlier reviews."""

import math
from dataclasses import replace

import pytest

from ketameta.synthesize.earlier import Bounds, agree, earlier
from ketameta.synthesize.missing import missing_as_zero
from ketameta.synthesize.pairs import paired
from ketameta.synthesize.words import MISSING_AS_NONE
from ketameta.tables.diagnostics import EarlierRow
from ketameta.tables.effects import ArmPairRow, EffectRow, MissingResultRow
from ketameta.tables.raw import PublishedRow
from ketameta.tables.syntheses import AbsoluteRow, SensitivityRow, SynthesisRow

from ..rows import row


def pair(trial_id, treated, control, vi, **more):
    told = {"analysis": "x", "trial_id": trial_id, "label": trial_id, "year": 2020, "vi": vi}
    told |= {"treated": treated, "control": control, "n_t": 20.0, "n_c": 20.0}
    return row(ArmPairRow, **told | {"hour": 24.0, "scale": "MADRS"} | more)


@pytest.fixture(scope="module")
def falls(configuration):
    return configuration["reduction_24h_arm"].model


def test_both_falls_have_the_weights_of_their_difference(falls):
    rows = [pair("a", 50.0, 20.0, 25.0), pair("b", 40.0, 22.0, 16.0), pair("c", 30.0, 15.0, 36.0)]
    found, (pooled,) = paired(rows, falls)
    assert pooled.treated - pooled.control == pytest.approx(pooled.estimate)
    assert pooled.share == pytest.approx(pooled.control / pooled.treated)
    assert sum(one.weight for one in found) == pytest.approx(100)
    assert (pooled.k, pooled.n, pooled.shown) == (3, 120, 3)


def test_the_pooled_difference_is_that_of_metafor(falls):
    # rma(yi = c(30, 18, 15), vi = c(25, 16, 36), method = "REML", test = "knha"), metafor 3.8
    rows = [pair("a", 50.0, 20.0, 25.0), pair("b", 40.0, 22.0, 16.0), pair("c", 30.0, 15.0, 36.0)]
    _, (pooled,) = paired(rows, replace(falls, interval="hksj"))
    assert pooled.estimate == pytest.approx(21.132742, abs=1e-4)
    assert (pooled.ci_low, pooled.ci_high) == pytest.approx((1.806526, 40.458958), abs=1e-3)


def test_a_pair_without_variance_is_shown_and_not_pooled(falls):
    found, (pooled,) = paired([pair("a", 50.0, 20.0, 25.0), pair("b", 90.0, 1.0, None)], falls)
    assert (pooled.k, pooled.shown, pooled.estimate) == (1, 2, 30.0)
    assert (pooled.treated, pooled.control) == (50.0, 20.0)
    assert [one.difference for one in found] == [30.0, 89.0]
    assert [one.ci_low is None for one in found] == [False, True]
    low, high = found[0].ci_low, found[0].ci_high
    assert (low, high) == pytest.approx((30 - 1.959964 * 5, 30 + 1.959964 * 5))


def test_of_pairs_without_variance_nothing_is_pooled_and_of_none_there_is_no_row(falls):
    _, (pooled,) = paired([pair("a", 50.0, 20.0, None)], falls)
    assert (pooled.k, pooled.estimate, pooled.share) == (0, None, None)
    assert paired([], falls) == ([], [])


@pytest.mark.parametrize(("treated", "share"), [(40.0, 0.25), (0.0, None), (-5.0, None)])
def test_a_fall_of_none_has_no_share(falls, treated, share):
    found, _ = paired([pair("a", treated, 10.0, 4.0)], falls)
    assert found[0].share == share


def test_people_of_a_crossover_are_counted_once(falls):
    _, (pooled,) = paired([pair("a", 50.0, 20.0, 25.0, same_people=True)], falls)
    assert pooled.n == 20


# ---- missing results ---------------------------------------------------------------------------


def effect(trial_id, yi, vi, people):
    n = people / 2
    return row(EffectRow, trial_id=trial_id, yi=yi, vi=vi, people=people, n_t=n, n_c=n)


def gone(trial_id, n, through=""):
    return row(MissingResultRow, trial_id=trial_id, n=n, through=through)


@pytest.fixture(scope="module")
def ideation(configuration):
    return configuration["suicidality_24h"]


EFFECTS = [effect("a", -0.8, 0.1, 40.0), effect("b", -0.4, 0.05, 80.0)]


def test_a_missing_result_is_0_with_the_information_of_its_people(ideation):
    model = replace(ideation.model, tau2="DL", interval="wald")
    (one,) = missing_as_zero(replace(ideation, model=model), EFFECTS, [gone("c", 60)])
    # each of the 120 people pooled carries (10 + 20) / 120 = 1/4: 60 people 15; tau2 is 0 here
    q = 10 * (0.8 - 16 / 45) ** 2 + 20 * (0.4 - 16 / 45) ** 2 + 15 * (16 / 45) ** 2
    tau2 = (q - 2) / (45 - (100 + 400 + 225) / 45)
    weights = [1 / (v + tau2) for v in (0.1, 0.05, 1 / 15)]
    expected = -(0.8 * weights[0] + 0.4 * weights[1]) / math.fsum(weights)
    assert tau2 > 0
    assert (one.variant, one.k, one.n) == (MISSING_AS_NONE, 3, 180)
    assert one.estimate == pytest.approx(expected)


@pytest.mark.parametrize(
    ("effects", "missing"),
    [
        (EFFECTS, []),
        (EFFECTS, [gone("c", 60, through="whole")]),
        (EFFECTS, [gone("c", None)]),
        ([], [gone("c", 60)]),
    ],
)
def test_without_a_result_to_add_there_is_no_bound(ideation, effects, missing):
    assert missing_as_zero(ideation, effects, missing) == []


# ---- earlier reviews ---------------------------------------------------------------------------


def review(**cells):
    told = {"review_id": "r", "label": "Review", "year": 2020, "population": "TRD", "k": 7}
    told |= {"comparison": "a v b", "treatment": "ketamine", "comparator_class": "inert"}
    told |= {"outcome": "response", "hour_low": 24.0, "hour_high": 24.0, "n_total": 185}
    told |= {"measure": "OR", "estimate": 4.0, "ci_low": 1.5, "ci_high": 10.0}
    return row(PublishedRow, **told | {"file": "published.csv", "line": 2} | cells)


def result(favours, **cells):
    return row(SynthesisRow, favours=favours, **cells)


RESULT = result("above", measure="RR", k=13, estimate=2.2, ci_low=1.6, ci_high=3.0)
OURS = [row(SensitivityRow, measure="OR", estimate=3.9, ci_low=2.1, ci_high=7.5)]
RISK = [row(AbsoluteRow, control_risk=0.1)]
POOLED = [row(EffectRow, population="TRD", treatment="ketamine", comparator_class="inert")]


@pytest.fixture(scope="module")
def beside(configuration):
    def find(*rows, name="response_24h", record=RESULT, effects=POOLED, narrow="", absolute=RISK):
        analysis = configuration[name]
        analysis = analysis.narrowed(narrow) if narrow else analysis
        return earlier(analysis, record, effects, OURS, absolute, rows)

    return find


def test_an_odds_ratio_stands_as_the_risk_ratio_of_our_control_risk(beside):
    (one,) = beside(review())
    # odds of 0.1 / 0.9 times 4 are 4 / 9: a risk of 4 / 13, over 0.1
    assert one.estimate == pytest.approx(10 * 4 / 13)
    assert one.ci_low == pytest.approx(1.5 / 9 / (1 + 1.5 / 9) / 0.1)
    assert (one.printed, one.against, one.agrees) == (
        "4 [1.5, 10]",
        "3.9 [2.1, 7.5]",
        True,
    )
    assert (one.k, one.n, one.rows) == (7, 185, ["published.csv:2"])


def test_without_a_control_risk_it_has_no_place_on_the_axis(beside):
    (one,) = beside(review(), absolute=[])
    assert (one.estimate, one.ci_low) == (None, None)
    assert (one.agrees, one.converted) == (True, "another measure, not on this axis")


SCORE = result("below", measure="SMD", k=1, estimate=-1.13, ci_low=-1.9, ci_high=-0.36)
WORSE = dict(outcome="ptsd_score", population="PTSD", measure="SMD", estimate=0.27, ci_low=0.03)
WORSE |= dict(ci_high=0.51, hour_low=None, hour_high=None)


@pytest.mark.parametrize(
    ("favours", "expected", "agrees"),
    [
        ("above", (-0.27, -0.51, -0.03), False),
        ("below", (0.27, 0.03, 0.51), False),
        (None, (0.27, 0.03, 0.51), False),
    ],
)
def test_a_difference_is_turned_where_the_review_counts_the_other_way(
    beside, favours, expected, agrees
):
    (one,) = beside(review(**WORSE, favours=favours), name="ptsd_score", record=SCORE)
    assert (one.estimate, one.ci_low, one.ci_high) == pytest.approx(expected)
    assert one.agrees is agrees
    assert one.converted.startswith("turned") == (favours == "above")


def test_a_ratio_is_turned_into_its_inverse(beside):
    turned = review(measure="RR", estimate=0.5, ci_low=0.25, ci_high=0.8, favours="below")
    (one,) = beside(turned)
    assert (one.estimate, one.ci_low, one.ci_high) == pytest.approx((2, 1.25, 4))


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        (dict(), True),
        (dict(outcome="remission"), False),
        (dict(population="pain"), False),
        (dict(population="pain/TRD"), True),
        (dict(population="any"), True),
        (dict(population=None), True),
        (dict(treatment="esketamine;ketamine"), True),
        (dict(treatment="lidocaine"), False),
        (dict(comparator_class="ect"), False),
        (dict(estimate=None), False),
        (dict(measure="proportion", estimate=0.5, ci_low=None, ci_high=None), False),
        (dict(measure="mean change"), False),
        (dict(hour_low=36.0, hour_high=36.0), True),
        (dict(hour_low=36.5, hour_high=36.5), False),
        (dict(hour_low=24.0, hour_high=72.0), True),
        (dict(hour_low=25.0, hour_high=72.0), False),
        (dict(hour_low=None, hour_high=None), False),
    ],
)
def test_a_review_stands_beside_its_own_question(beside, cells, kept):
    assert len(beside(review(**cells))) == kept


@pytest.mark.parametrize(
    ("cells", "kept"),
    [(dict(ci_low=0.4, ci_high=0.6, k=None), True), (dict(k=2), True), (dict(k=1), False)],
)
def test_a_share_is_one_of_a_review_not_of_a_single_arm(beside, cells, kept):
    told = dict(measure="proportion", estimate=0.5, ci_low=None, ci_high=None)
    record = result(None, measure="PLO", k=3, estimate=0.4, ci_low=0.3, ci_high=0.5)
    found = beside(review(**told | cells), name="response_24h_arm", record=record)
    assert [one.estimate for one in found] == [0.5] * kept


@pytest.mark.parametrize(
    ("narrow", "cells", "kept"),
    [
        ("population=TRD", {}, True),
        ("population=TRD", dict(population="any"), False),
        ("population=TRD", dict(population="TRD/BD"), False),
        ("drug_route=IV ketamine", {}, False),
        ("drug_route=IV ketamine", dict(drug_route="IV ketamine"), True),
        ("treatment=esketamine", {}, False),
        ("n_doses=1", {}, False),
    ],
)
def test_a_narrowed_analysis_has_the_reviews_that_are_as_narrow(beside, narrow, cells, kept):
    assert len(beside(review(**cells), narrow=narrow)) == kept


def test_of_a_review_the_result_nearest_in_time_is_taken_then_the_one_of_most_trials(beside):
    rows = [
        review(line=2, hour_low=12.0, hour_high=12.0, k=20),
        review(line=3, k=4),
        review(line=4, k=9),
        review(line=5, comparison="a v c", comparator_class="active"),
    ]
    assert [one.rows for one in beside(*rows)] == [["published.csv:4"], ["published.csv:5"]]


def test_without_a_window_a_result_of_no_hour_stands_for_its_review(beside):
    hourly = review(**WORSE | dict(hour_low=24.0, hour_high=24.0), line=2, k=9)
    whole = review(**WORSE, line=3, k=6)
    (one,) = beside(hourly, whole, name="ptsd_score", record=SCORE)
    assert one.rows == ["published.csv:3"]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (dict(k=7), "fewer trials: 7 there, 13 here"),
        (dict(k=14), "more trials: 14 there, 13 here"),
        (dict(population="BD"), "people: BD there, TRD here"),
        (dict(treatment="esketamine"), "drug: esketamine there, ketamine here"),
        (dict(), "time: 24 h there, 12 to 36 h here"),
        (dict(), "measure: OR there, RR here"),
    ],
)
def test_what_differs_is_said(beside, cells, why):
    (one,) = beside(review(**cells))
    assert why in one.why.split("; ")


def test_what_is_alike_is_no_reason(beside):
    alike = review(k=13, measure="RR", hour_low=12.0, hour_high=36.0)
    assert [one.why for one in beside(alike)] == [""]
    both = [*POOLED, replace(POOLED[0], population="BD")]
    assert [one.why for one in beside(alike, effects=both)] == ["people: TRD alone"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Bounds(2.0, 1.0, 3.0), Bounds(3.0, 2.5, 3.5), True),
        (Bounds(2.0, 1.0, 3.0), Bounds(3.1, 2.5, 3.5), False),
        (Bounds(2.0, 1.0, 3.0), Bounds(3.1, 2.0, 4.0), True),
        (Bounds(2.0, 1.0, 3.0), Bounds(9.0, 8.0, 10.0), False),
        (Bounds(2.0, None, None), Bounds(2.0, 1.0, 3.0), None),
    ],
)
def test_results_agree_where_an_estimate_lies_in_the_others_interval(one, other, expected):
    assert agree(one, other) is agree(other, one) is expected


# ---- on the tests' tables ------------------------------------------------------------------------


def test_the_odds_ratio_of_response_agrees_with_the_cochrane_review(tables):
    (one,) = [
        one
        for one in tables[EarlierRow]
        if one.analysis == "response_24h" and one.printed == "3.94 [1.54, 10.1]"
    ]
    assert (one.review_id, one.k, one.agrees) == ("dean2021uni", 7, True)
    assert one.against.startswith("3.99 [")


def test_the_one_ptsd_score_stands_apart_from_six_trials(tables):
    rows = [one for one in tables[EarlierRow] if one.analysis == "ptsd_score"]
    assert [(one.review_id, one.k, one.agrees) for one in rows] == [("borgogna2024", 6, False)]
    # printed as 0.27 [0.03, 0.51] in favour of treatment
    assert [rows[0].estimate, rows[0].ci_low, rows[0].ci_high] == [-0.27, -0.51, -0.03]


def test_ideation_has_four_known_missing_results_two_of_them_in_a_pooled_report(tables):
    rows = [one for one in tables[MissingResultRow] if one.analysis == "suicidality_24h"]
    assert {one.trial_id: bool(one.through) for one in rows} == {
        "canuso2018": False,
        "fu2020": True,
        "ionescu2021": True,
        "murrough2015": False,
    }
    (bound,) = [
        one
        for one in tables[SensitivityRow]
        if (one.analysis, one.variant) == ("suicidality_24h", MISSING_AS_NONE)
    ]
    (own,) = [one for one in tables[SynthesisRow] if one.analysis == "suicidality_24h"]
    assert (bound.k, bound.n) == (own.k + 2, own.n + 66 + 24)
    assert own.estimate < bound.estimate < 0
