"""What must hold for the syntheses of the real tables."""

import math

import numpy as np
import pytest

ANALYSES = [
    "response_24h",
    "response_24h_arm",
    "reduction_24h_arm",
    "depression_24h",
    "depression_24h_madrs",
    "depression_4h",
    "depression_7d",
    "depression_28d",
    "response_7d",
    "response_28d",
    "remission_24h",
    "remission_28d",
    "suicidality_24h",
    "suicidality_4h",
    "suicidality_resolved_24h",
    "relapse",
    "anxiety_response",
    "ptsd_response",
    "ptsd_score",
    "ocd_response",
    "pain_response",
    "pain_score",
    "ketamine_v_ect",
    "esketamine_v_ketamine",
    "ae_any",
    "ae_serious",
    "ae_dissociation",
    "ae_nausea",
    "ae_dizziness",
    "ae_headache",
    "ae_raised_bp",
    "dropout",
    "dropout_ae",
]


def test_every_analysis_has_one_row(tables):
    assert [row["analysis"] for row in tables["syntheses"]] == ANALYSES


@pytest.mark.parametrize("name", ANALYSES)
def test_an_estimate_lies_in_its_intervals(tables, name):
    row = next(r for r in tables["syntheses"] if r["analysis"] == name)
    for low, high in (("ci_low", "ci_high"), ("pi_low", "pi_high")):
        if row[low] is not None:
            assert row[low] < row["estimate"] < row[high]
    if row["estimate_log"] is not None and row["measure"] == "RR":
        assert math.exp(row["estimate_log"]) == pytest.approx(row["estimate"])
    assert len(row["data_hash"]) == 16


@pytest.mark.parametrize("name", ANALYSES)
def test_counts_and_weights_agree_with_the_studies(tables, name):
    row = next(r for r in tables["syntheses"] if r["analysis"] == name)
    studies = [s for s in tables["studies"] if s["analysis"] == name]
    assert row["k"] == len(studies)
    assert row["n"] == round(sum(s["people"] for s in studies))
    if row["k"] > 1:
        assert sum(s["weight"] for s in studies) == pytest.approx(100)


def test_statsmodels_agrees_on_a_real_pool(tables):
    # statsmodels has no REML; its Paule-Mandel (iterated) converges to 1e-5 on tau2 by default,
    # hence the tolerance on what follows from it
    from statsmodels.stats.meta_analysis import combine_effects

    from ketameta.stats import random_effects

    studies = [s for s in tables["studies"] if s["analysis"] == "depression_24h"]
    yi, vi = np.array([(s["yi"], s["vi"]) for s in studies]).T
    other = combine_effects(yi, vi, method_re="iterated", atol=1e-12)
    ours = random_effects(yi, vi, "PM", "wald")
    assert ours.tau2 == pytest.approx(other.tau2, rel=1e-5)
    assert ours.estimate == pytest.approx(other.mean_effect_re, rel=1e-6)


def test_each_effect_carries_its_derivation_and_raw_rows(tables):
    for study in tables["studies"]:
        assert study["steps"]
        assert len(study["evidence"]) == len(study["rows"]) > 0


def test_sensitivity_holds_a_row_for_each_variant(tables, configuration):
    expected = [(a.name, v.name) for a in configuration for v in a.variants]
    assert [(r["analysis"], r["variant"]) for r in tables["sensitivity"]] == expected


def test_switching_assumptions_off_leaves_no_effect_that_makes_one(tables, configuration):
    assumed = {(e["analysis"], e["trial_id"]) for e in tables["effects"] if e["assumptions"]}
    strict = {
        (v["analysis"], v["trial_id"])
        for v in tables["variants"]
        if v["variant"] == "nothing assumed or borrowed"
    }
    kept = {(e["analysis"], e["trial_id"]) for e in tables["effects"] if not e["assumptions"]}
    measured = {a.name for a in configuration if a.select.measure in ("RR", "MD", "SMD", "PCTRED")}
    assert {pair for pair in kept if pair[0] in measured} <= strict
    assert assumed
