"""Results without a number: which are known to be missing, and which way they point."""

import pytest

from ketameta.normalize.choose import Choices
from ketameta.normalize.reported import directions, missing_results
from ketameta.normalize.stage import effects_of
from ketameta.normalize.trials import raw_rows, trials_of

SIDES = "ket", "sal"


@pytest.fixture
def missing(made, ask):
    def find(name="suicidality_24h", **keys):
        question, trials = ask(name, **keys), trials_of(made.tables())
        effects, ledger = effects_of(name, question, Choices(trials, raw_rows(made.tables())))
        found = missing_results(name, question, trials, effects, ledger)
        return {result.trial_id: result for result in found}

    return find


def says(made, trial_id, outcome="suicidality_score", scale="BSS", **cells):
    return made.contrast(trial_id, *SIDES, outcome, "MD", scale=scale, **cells)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (dict(p_value="NS"), "NS (BSS, 24 h)"),
        (dict(p_value="0.32"), "p = 0.32 (BSS, 24 h)"),
        (dict(p_value="<.001"), "p <.001 (BSS, 24 h)"),
        (dict(direction="no difference"), "no difference (BSS, 24 h)"),
        (
            dict(p_value="0.05", direction="favours treatment"),
            "p = 0.05, favours treatment (BSS, 24 h)",
        ),
    ],
)
def test_a_p_value_or_a_direction_alone_is_a_missing_result(made, missing, cells, said):
    made.trial("a")
    row = says(made, "a", **cells)
    result = missing()["a"]
    assert (result.said, result.rows) == (said, [f"contrasts.csv:{row['line']}"])
    assert result.direction == cells.get("direction")


@pytest.mark.parametrize(
    "cells",
    [
        dict(),
        dict(p_value="NS", timepoint_h=49.0),
        dict(p_value="NS", scale="MADRS"),
        dict(p_value="NS", flag="do-not-pool: read from a figure"),
        dict(p_value="NS", outcome="depression_score", scale="MADRS"),
    ],
)
def test_what_is_not_said_of_the_question_is_not_missing_from_it(made, missing, cells):
    made.trial("a")
    says(made, "a", **cells)
    assert missing() == {}


def test_a_trial_with_an_effect_on_another_scale_is_not_missing(made, missing):
    made.trial("a")
    says(made, "a", p_value="NS")
    arms = {"ket": dict(mean=4.0, sd=3.0, n=20), "sal": dict(mean=6.0, sd=3.0, n=20)}
    for arm, numbers in arms.items():
        made.outcome("a", arm, "suicidality_score", **numbers | {"scale": "SSI"})
    assert missing() == {}


def test_the_preferred_scale_and_the_nearest_hour_are_said_first(made, missing):
    made.trial("a")
    says(made, "a", "suicidality_score", "MADRS-10", p_value="0.05")
    says(made, "a", p_value="0.047", timepoint_h=48.0)
    says(made, "a", p_value="0.32", direction="no difference")
    result = missing()["a"]
    assert result.said.split("; ")[0] == "p = 0.32, no difference (BSS, 24 h)"
    assert (result.said.count(";"), result.direction) == (2, "no difference")


def test_people_are_those_of_the_arms_and_in_a_crossover_counted_once(made, missing):
    sizes = dict(ket=12, sal=10)
    for trial_id, design in (("a", "parallel"), ("b", "crossover")):
        arms = tuple(
            (arm, name, {"n_randomised": sizes[arm]})
            for arm, name in (("ket", "ketamine"), ("sal", "saline"))
        )
        made.trial(trial_id, arms=arms, design=design)
        says(made, trial_id, p_value="NS")
    found = missing()
    assert [(found[t].n_t, found[t].n_c, found[t].n) for t in "ab"] == [(12, 10, 22), (12, 10, 12)]


def test_patients_of_a_pooled_report_are_not_missing_twice(made, missing):
    made.trial("a", n_randomised=100).trial("b", n_randomised=80)
    made.trial("whole", part_of="a;b", label="The pool of both")
    says(made, "a", p_value="NS")
    says(made, "b", p_value="NS")
    says(made, "whole", estimate=-0.2, ci_low=-0.4, ci_high=0.0, ci_level=95.0, p_value="NS")
    for arm, n in (("ket", 90), ("sal", 90)):
        made.outcome("whole", arm, "suicidality_score", scale="BSS", timepoint_h=1.0, n=n)
    assert {t: r.through for t, r in missing().items()} == dict.fromkeys("ab", "The pool of both")


def test_of_two_missing_reports_of_the_same_patients_the_larger_counts(made, missing):
    made.trial("a", n_randomised=40, label="Small").trial("b", n_randomised=90, part_of="a")
    says(made, "a", p_value="NS")
    says(made, "b", p_value="NS")
    assert {t: r.through for t, r in missing().items()} == {"a": "b", "b": ""}


def test_an_analysis_of_treated_arms_misses_no_comparison(made, missing):
    made.trial("a")
    says(made, "a", "depression_score", "MADRS", p_value="NS")
    assert missing("reduction_24h_arm") == {}
    assert set(missing("depression_24h")) == {"a"}


@pytest.fixture
def told(made, ask):
    def find(**keys):
        question = ask("suicidality_24h", outcome="cognition_score", window=None, scales=None)
        found = directions("x", question, trials_of(made.tables()), raw_rows(made.tables()))
        return [(row.scale, row.higher, row.direction) for row in found]

    return find


def cognition(made, scale, **cells):
    return made.contrast("a", *SIDES, "cognition_score", "MD", scale=scale, **cells)


def test_tests_that_point_different_ways_are_told_by_direction(made, told):
    made.trial("a")
    cognition(made, "Cogstate Detection", direction="favours control")
    assert told() == []  # one scale points one way: nothing keeps it from being pooled
    cognition(made, "Cogstate One Back", p_value="0.2")
    assert told() == [
        ("Cogstate Detection", "worse", "favours control"),
        ("Cogstate One Back", "better", None),
    ]


@pytest.mark.parametrize(
    ("scale", "estimate", "favoured"),
    [
        ("Cogstate One Back", 2.0, "favours treatment"),
        ("Cogstate One Back", -2.0, "favours control"),
        ("Cogstate Detection", 2.0, "favours control"),
        ("Cogstate Detection", -2.0, "favours treatment"),
        ("Cogstate Detection", 0.0, "no difference"),
    ],
)
def test_an_estimate_points_by_its_sign_and_the_better_end_of_its_scale(
    made, told, scale, estimate, favoured
):
    made.trial("a")
    other = "Cogstate Detection" if scale == "Cogstate One Back" else "Cogstate One Back"
    cognition(made, scale, estimate=estimate, direction="no difference", p_value="0.9")
    cognition(made, other, p_value="NS")
    assert (scale, favoured) in [(s, d) for s, _, d in told()]
