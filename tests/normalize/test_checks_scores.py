"""Checks of scores: each fires on a row with the fault, and is silent just inside."""

import itertools
import math
import statistics

import pytest

from ketameta.normalize.checks.granularity import squares_exist, whole_sums
from ketameta.normalize.checks.run import CHECKS
from ketameta.tables.raw import ARMS, OUTCOMES, TRIALS

from .checked import find


def row(schema, line=2, **cells):
    """Return a row as ingest writes it; a number given as text keeps its decimals as typed."""
    made = {column.name: None for column in schema.columns}
    kinds = {column.name: column.kind for column in schema.columns}
    for name, cell in cells.items():
        number = kinds[name] == "number" and isinstance(cell, str)
        made[name] = float(cell) if number else cell
    entered = {name: str(cell) for name, cell in cells.items()}
    return {**made, "file": f"{schema.name}.csv", "line": line, "entered": entered}


def trial(trial_id="t1", **cells):
    return row(TRIALS, trial_id=trial_id, design=cells.pop("design", "parallel"), **cells)


def arm(arm_id="ketamine", trial_id="t1", **cells):
    treatment = cells.pop("treatment", arm_id)
    return row(ARMS, trial_id=trial_id, arm_id=arm_id, treatment=treatment, **cells)


def score(line=2, **cells):
    usual = dict(trial_id="t1", arm_id="ketamine", outcome="depression_score", scale="MADRS")
    return row(OUTCOMES, line, **{**usual, "timepoint_h": 24.0, "seen": "direct", **cells})


def found(check, outcomes, trials=(), arms=()):
    assert check in CHECKS
    every = find(trials or [trial()], arms, outcomes, [], [])
    return [finding for finding in every if finding.check == check]


# -- on the scale ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "faults"),
    [
        ("mean", 60.0, 0),
        ("mean", 60.1, 1),
        ("baseline_mean", -0.1, 1),
        ("median", 61.0, 1),
        ("maximum", 61.0, 1),
    ],
)
def test_a_score_must_be_on_its_scale(column, value, faults):
    got = found("score-outside-scale", [score(**{column: value})])
    assert [f.severity for f in got] == ["error"] * faults


def test_a_score_on_a_scale_without_bounds_is_not_judged():
    outcome = dict(outcome="suicidality_score", scale="SI-composite")
    assert found("score-outside-scale", [score(mean=-2.2, **outcome)]) == []


def test_a_change_larger_than_the_range_is_an_error():
    assert found("change-outside-scale", [score(change_mean=-60.0)]) == []
    (got,) = found("change-outside-scale", [score(change_mean=-60.5)])
    assert got.severity == "error"


def test_a_change_off_the_scale_from_its_baseline_is_a_warning():
    assert found("change-outside-scale", [score(baseline_mean=30.0, change_mean=-30.0)]) == []
    (got,) = found("change-outside-scale", [score(baseline_mean=30.0, change_mean=-35.0)])
    assert got.severity == "warning"
    assert "end at -5" in got.message


def test_an_sd_above_what_mean_and_scale_allow_is_an_error():
    # 5 people at 0 and 5 at 60 have the mean 30 and the SD 31.62, the most of any ten scores
    most = statistics.stdev([0] * 5 + [60] * 5)
    assert found("sd-above-scale", [score(n=10, mean="30.0", sd=f"{most:.2f}")]) == []
    (got,) = found("sd-above-scale", [score(n=10, mean="30.0", sd="31.70")])
    assert got.severity == "error"
    assert got.column == "sd"


def test_the_largest_sd_is_smaller_near_the_end_of_the_scale():
    # mean 6 of ten: nine at 0 and one at 60, SD 18.97
    most = statistics.stdev([0] * 9 + [60])
    assert found("sd-above-scale", [score(n=10, mean="6.00", sd=f"{most:.2f}")]) == []
    assert len(found("sd-above-scale", [score(n=10, mean="6.00", sd="19.1")])) == 1


# -- SD or SE -------------------------------------------------------------------------------


def others(scale="MADRS", kind="sd", sds=(9.0, 10.0, 10.0, 11.0, 12.0)):
    return [
        score(100 + i, trial_id=f"other{i}", scale=scale, n=40, **{kind: sd})
        for i, sd in enumerate(sds)
    ]


@pytest.mark.parametrize(
    ("sd", "n", "faults"),
    [
        (10 / math.sqrt(30), 30, 1),
        (10.0, 30, 0),
        (5.0, 30, 0),  # half of the others: within a factor exp(0.75)
        (3.5, 1000, 0),  # as a standard error the SD would be 111: neither fits
        (10 / math.sqrt(3), 3, 0),  # three people vary that much
        # six: three of √(0.25² + 1/10) = 0.403 are a factor 3.35
        (2.9, 6, 1),
        (3.1, 6, 0),
        # as standard errors, SDs of 16 and 21: a third and more than half as far off, in logs
        (2.3, 50, 1),
        (3.0, 50, 0),
    ],
)
def test_an_sd_that_fits_better_as_a_standard_error_is_named(sd, n, faults):
    assert len(found("sd-like-se", [score(n=n, sd=sd), *others()])) == faults


def test_an_sd_multiplied_by_the_root_of_n_once_too_often_is_named():
    assert len(found("sd-like-se", [score(n=30, sd=10 * math.sqrt(30)), *others()])) == 1
    assert found("sd-like-se", [score(n=30, sd=20.0), *others()]) == []


def test_a_standard_error_that_is_an_sd_is_named():
    assert found("sd-like-se", [score(n=25, mean=20.0, se=2.0), *others()]) == []
    (got,) = found("sd-like-se", [score(n=25, mean=20.0, se=10.0), *others()])
    assert got.column == "se"


def test_few_trials_on_the_scale_are_judged_by_all_scales_of_the_same_kind():
    # a fifth of the range of MADRS is usual; HADS-D runs to 21, so 3.5 is, and 3.5/√25 is not
    small = score(n=25, scale="HADS-D", sd=0.7)
    assert len(found("sd-like-se", [small, *others()])) == 1
    assert found("sd-like-se", [score(n=25, scale="HADS-D", sd=3.5), *others()]) == []


def test_sds_are_not_judged_without_four_other_trials():
    assert found("sd-like-se", [score(n=30, sd=3.5), *others(sds=(9.0, 10.0, 11.0))]) == []


def test_sds_of_changes_are_not_judged_by_sds_of_endpoints():
    assert found("sd-like-se", [score(n=30, change_sd=3.5), *others()]) == []


def test_a_note_that_explains_an_oddity_is_quoted():
    (got,) = found(
        "sd-like-se", [score(n=30, sd=1.8, note="as printed; SDs may be SEs; p = 0.01"), *others()]
    )
    assert got.message.endswith("; note says: SDs may be SEs")


# -- granularity ----------------------------------------------------------------------------


def test_a_mean_that_no_whole_scores_have_is_named():
    assert found("mean-no-sum-gives", [score(n=36, mean="1.14")]) == []  # 41/36
    (got,) = found("mean-no-sum-gives", [score(n=36, mean="1.13")])
    assert "41/36" in got.message


def test_means_are_tested_only_where_the_digits_bite():
    # with one decimal every mean of ten people or more is possible
    assert found("mean-no-sum-gives", [score(n=10, mean=f"{k / 10:.1f}") for k in range(99)]) == []
    assert len(found("mean-no-sum-gives", [score(n=3, mean="26.9")])) == 1


def test_a_baseline_may_be_of_all_randomised():
    rows, arms = [score(n=7, baseline_mean="30.11")], [arm(n_randomised=9)]
    assert found("mean-no-sum-gives", rows, arms=arms) == []  # 271/9
    assert len(found("mean-no-sum-gives", rows, arms=[arm(n_randomised=8)])) == 1


@pytest.mark.parametrize(
    "cells",
    [
        {"seen": "derived"},
        {"note": "LS mean"},
        {"outcome": "pain_score", "scale": "NRS"},
        {"scale": "HAM-A/FQ"},
    ],
)
def test_means_that_need_not_be_whole_sums_are_left_alone(cells):
    assert found("mean-no-sum-gives", [score(n=3, mean="6.91", **cells)]) == []


def test_half_units_may_be_rounded_either_way():
    assert whole_sums(24.12, 0.005, 16) == whole_sums(24.13, 0.005, 16) == [386]  # 386/16 = 24.125


def samples(n, top):
    """Return every sample of n whole scores from 0 to top: its sum and SD."""
    every = itertools.combinations_with_replacement(range(top + 1), n)
    return [(sum(scores), statistics.stdev(scores)) for scores in every]


@pytest.mark.parametrize(("n", "top"), [(2, 9), (4, 6), (7, 4)])
def test_the_sd_of_every_real_sample_passes(n, top):
    for total, sd in samples(n, top):
        near = (round(sd, 2) - 0.005, round(sd, 2) + 0.005)
        assert squares_exist(total, near, n, (0, top)), (total, sd)


def test_most_sds_that_no_sample_has_are_found():
    # the conditions are necessary ones: of the two-decimal SDs that no four scores of 0 to 6 with
    # that sum have, nearly all must fail (97% here; 100% would need the enumeration itself)
    n, top = 4, 6
    real = {(total, round(sd, 2)) for total, sd in samples(n, top)}
    false = [
        (total, k / 100)
        for total in range(n * top + 1)
        for k in range(0, 360)
        if (total, k / 100) not in real
    ]
    failed = sum(
        not squares_exist(total, (sd - 0.0049, sd + 0.0049), n, (0, top)) for total, sd in false
    )
    assert failed / len(false) > 0.95


def test_the_largest_sum_of_squares_bounds_the_sd():
    # four scores of 0 to 6 with sum 7: at most 6, 1, 0, 0 with squares 37 and SD 2.872; squares
    # of 39, odd as they must be, would give 2.986
    assert squares_exist(7, (2.867, 2.877), 4, (0, 6))
    assert not squares_exist(7, (2.981, 2.991), 4, (0, 6))


def test_an_sd_that_no_whole_scores_of_that_mean_have_is_named():
    # sum 58 of 36: squares between 158.7 and 159.6, and 159 is odd where 58 is even
    assert len(found("sd-no-scores-give", [score(n=36, mean="1.61", sd="1.37")])) == 1
    assert found("sd-no-scores-give", [score(n=36, mean="1.61", sd="1.38")]) == []


def test_an_sd_is_not_named_beside_a_mean_that_is():
    rows = [score(n=36, mean="1.13", sd="2.65")]
    assert len(found("mean-no-sum-gives", rows)) == 1
    assert found("sd-no-scores-give", rows) == []


def test_a_change_may_be_negative_on_a_scale_that_starts_at_0():
    scores = [-20, -14, -3, 2, -9]
    mean, sd = f"{statistics.mean(scores):.2f}", f"{statistics.stdev(scores):.2f}"
    assert found("sd-no-scores-give", [score(n=5, change_mean=mean, change_sd=sd)]) == []


# -- change and baseline ----------------------------------------------------------------------


def visit(**cells):
    return score(n=40, **{"baseline_mean": "33.0", "baseline_sd": "6.0", "mean": "20.0", **cells})


@pytest.mark.parametrize(("change", "faults"), [("-13.0", 0), ("-13.1", 0), ("-13.3", 1)])
def test_a_change_must_be_endpoint_minus_baseline_but_for_rounding(change, faults):
    # three numbers of one decimal: up to 0.15 apart
    arms = [arm(n_randomised=40)]
    assert len(found("change-not-difference", [visit(change_mean=change)], arms=arms)) == faults


def test_people_lost_after_baseline_allow_a_difference():
    # 3 · 6 · √(10/(50 · 40)) = 1.27, and 0.15 of rounding
    arms = [arm(n_randomised=50)]
    assert found("change-not-difference", [visit(change_mean="-14.4")], arms=arms) == []
    assert len(found("change-not-difference", [visit(change_mean="-14.5")], arms=arms)) == 1


def test_modelled_means_beside_raw_ones_may_differ_by_a_small_effect():
    # a fifth of the SD of 6.0 is 1.2, and 0.15 of rounding
    rows = [visit(change_mean="-14.3", note="LS mean change")]
    assert found("change-not-difference", rows, arms=[arm(n_randomised=40)]) == []
    rows = [visit(change_mean="-14.4", note="LS mean change")]
    assert len(found("change-not-difference", rows, arms=[arm(n_randomised=40)])) == 1


def test_a_turned_sign_of_the_change_is_said():
    (got,) = found(
        "change-not-difference", [visit(change_mean="13.0")], arms=[arm(n_randomised=40)]
    )
    assert "with the other sign" in got.message


def test_change_endpoint_and_baseline_may_stand_in_different_rows():
    rows = [
        score(2, n=40, change_mean="-16.5"),
        score(3, n=40, mean="14.8"),
        score(4, n=40, timepoint_h=0.0, baseline_mean="31.3", baseline_sd="5.0"),
    ]
    arms = [arm(n_randomised=40)]
    assert found("change-not-difference", rows, arms=arms) == []
    rows[1]["mean"] = 24.8
    assert len(found("change-not-difference", rows, arms=arms)) == 1


@pytest.mark.parametrize(("change", "faults"), [(-15.7, 0), (4.7, 0), (4.9, 1), (15.7, 1)])
def test_a_change_clearly_for_the_worse_is_queried(change, faults):
    # SD 10 of 40: standard error 1.58, three of them 4.74
    rows = [score(n=40, change_mean=change, change_sd=10.0)]
    assert len(found("change-for-the-worse", rows)) == faults


def test_a_fall_is_for_the_worse_where_higher_is_better():
    cells = dict(outcome="pain_score", scale="BPI % pain relief", change_sd=10.0, n=40)
    assert len(found("change-for-the-worse", [score(change_mean=-20.0, **cells)])) == 1
    assert found("change-for-the-worse", [score(change_mean=20.0, **cells)]) == []


def test_a_withdrawal_trial_may_get_worse():
    rows = [score(n=40, change_mean=15.0, change_sd=10.0)]
    withdrawn = [trial(design_flag="randomised withdrawal")]
    assert found("change-for-the-worse", rows, trials=withdrawn) == []


def baselines(difference, **cells):
    return [
        score(2, n=42, baseline_mean=36.0, baseline_sd=4.5, **cells),
        score(3, n=42, arm_id="saline", baseline_mean=36.0 + difference, baseline_sd=4.5, **cells),
    ]


def test_baselines_apart_by_more_than_chance_are_named():
    # p < 0.01 from t(82) = 2.637, a difference of 2.637 · 4.5 · √(2/42) = 2.589
    assert found("baseline-imbalance", baselines(2.58)) == []
    (got,) = found("baseline-imbalance", baselines(2.60))
    assert "(1 baselines compared)" in got.message


def test_the_smallest_p_of_several_arms_is_multiplied_by_their_pairs():
    rows = [
        *baselines(2.60),
        score(4, arm_id="midazolam", n=42, baseline_mean=37.0, baseline_sd=4.5),
    ]
    assert found("baseline-imbalance", rows) == []


@pytest.mark.parametrize("analysis_set", ["crossover-all", "subgroup"])
def test_baselines_of_the_same_people_or_of_subgroups_are_not_compared(analysis_set):
    assert found("baseline-imbalance", baselines(9.0, analysis_set=analysis_set)) == []
