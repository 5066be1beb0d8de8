"""The small print of forest plots: tests, secondary sources, controls, other choices."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from ketameta.report import wording_notes, wording_plot
from ketameta.report.wording_range import other_choices
from ketameta.tables.fits import Engine, IntervalRule
from ketameta.tables.syntheses import (
    SensitivityRow,
    SplitRow,
    StudyRow,
    SubgroupRow,
    SynthesisRow,
)
from ketameta.tables.table import extended
from ketameta.vocabulary import vocabulary

from ..rows import row

FIT = {
    "engine": Engine.INDEPENDENT,
    "tau2_by": "REML",
    "rule": IntervalRule.WALD,
    "converged": True,
}
POOLED = row(
    SynthesisRow, **FIT, k=3, estimate=2.0, estimate_log=0.6931, se=0.25, p=0.0056, tau2=0.0,
    i2=0.0, q=1.5, q_df=2, q_p=0.47, split="drug_route", measure="RR", ci_low=1.2, ci_high=3.3,
)  # fmt: skip
GROUP = extended(SubgroupRow, POOLED, subgroup="a group")


def test_the_test_of_the_whole_is_the_estimate_over_its_standard_error():
    # log 2 over 0.25, and −0.53 over 0.106
    assert wording_plot.overall_test(POOLED) == "z = 2.77, p = 0.006"
    score = replace(POOLED, estimate_log=None, estimate=-0.53, se=0.106, p=0.0004)
    assert (
        wording_plot.overall_test(replace(score, rule=IntervalRule.HKSJ)) == "t = −5.00, p < 0.001"
    )
    assert wording_plot.overall_test(replace(POOLED, p=None)) == ""
    assert wording_plot.overall_test(replace(POOLED, measure="PCTRED")) == "", (
        "nothing to compare with"
    )


def test_a_subtotal_has_its_own_heterogeneity_and_its_own_tau2_only_where_it_has_one():
    own = wording_plot.under(replace(GROUP, tau2=0.1234))
    assert own == (
        "Heterogeneity: τ² = 0.123, I² = 0%, Q = 1.50, df = 2, p = 0.47. "
        "Test for effect: z = 2.77, p = 0.006.",
    )
    (common,) = wording_plot.under(replace(GROUP, engine=Engine.GROUPS, q_p=None))
    assert common.startswith("Heterogeneity: I² = 0%, Q = 1.50, df = 2. ")


def test_one_model_of_all_subtotals_is_said_once_and_several_are_not():
    groups = [replace(GROUP, engine=Engine.GROUPS)] * 2
    alone = replace(GROUP, k=1, engine=Engine.SINGLE)
    assert wording_plot.model_of_groups([*groups, alone]) == "REML, one τ² for all groups, Wald"
    assert wording_plot.model_of_groups([*groups, GROUP]) == ""


def test_the_test_between_groups_names_the_split_and_what_goes_with_it():
    cells = {"q": 5.7, "df": 3, "p": 0.13, "confounded": ["comparator_class"]}
    own, other = (row(SplitRow, split=name, **cells) for name in ("drug_route", "population"))
    lines = wording_plot.statistics(POOLED, [], [other, own])
    assert lines[0].startswith("Heterogeneity: τ² = 0.000")
    assert lines[1] == "Test for overall effect: z = 2.77, p = 0.006"
    assert lines[2] == (
        "Test for differences between groups (drug and route): Q = 5.70, df = 3, p = 0.13. "
        "Goes together with control in these trials: which of them matters cannot be told."
    )
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("word", "said"),
    [("inert", "placebo"), ("inert+usual care", "placebo + usual care"), ("", "placebo")],
)
def test_a_control_is_named_with_what_both_sides_were_given(word, said):
    assert wording_plot.control(row(StudyRow, comparator_class=word, control="placebo")) == said


def test_arms_are_named_as_the_vocabulary_has_it_and_not_by_its_words():
    ect = vocabulary().treatments["ect"]
    assert ect.short not in ("", "ect")
    assert wording_plot.treatments_named("ect, placebo") == f"{ect.short}, placebo"
    assert wording_plot.treatments_named("") == ""


def study(label, seen="direct", weight=50.0, source="a page", **more):
    secondary = [source] if seen == "secondary" else []
    cells = {"label": label, "seen": seen, "weight": weight, "secondary": secondary}
    cells |= {"basis": "counts", "scale": "MADRS", "design": "parallel"}
    return row(StudyRow, **cells | {"people": 9, "n_t": 5, "n_c": 4} | more)


def test_secondary_sources_are_counted_weighed_and_named_the_commonest_first():
    studies = [
        study("A", "secondary", 3.0),
        study("B", "secondary", 4.4, source="10.1000/y"),
        study("C", "secondary", 5.0),
        study("D", "derived", 87.6),
    ]
    assert wording_notes.secondary(studies) == (
        "† Numbers from a secondary source, not from the trial's own report or register: 3 of 4 "
        "trials with 12% of the weight. a page (2 trials); doi:10.1000/y (1 trial)."
    )
    assert wording_notes.secondary(studies[3:]) == ""
    assert "weight" not in wording_notes.secondary([study("A", "secondary", None)])


@pytest.mark.parametrize(("weight", "told"), [(75.0, False), (75.1, True)])
def test_a_trial_that_decides_alone_is_named(weight, told):
    analysis = SimpleNamespace(select=SimpleNamespace(measure="RR", by_arm=False))
    notes = wording_notes.notes(analysis, POOLED, [study("A", weight=weight), study("B")])
    assert (f"A alone carries {weight:.0f}% of the weight." in notes) == told


def test_what_is_to_be_checked_is_said_without_the_word_of_the_table():
    analysis = SimpleNamespace(select=SimpleNamespace(measure="RR", by_arm=False))
    marked = study("A", marks=["check: denominator"])
    notes = wording_notes.notes(analysis, POOLED, [marked, study("B")])
    assert notes == ["To be checked against the source: A (denominator)."]


@pytest.mark.parametrize(
    ("mean", "basis", "scale", "told"),
    [
        (2.9, "endpoint", "MADRS", True),
        (3.0, "endpoint", "MADRS", False),
        # the MADRS ends at 60
        (57.1, "endpoint", "MADRS", True),
        (57.0, "endpoint", "MADRS", False),
        (2.9, "change", "MADRS", False),
        (2.9, "endpoint", "CAPS-5 of another kind", False),
        (None, "endpoint", "MADRS", False),
    ],
)
def test_scores_that_pile_up_at_an_end_are_named(mean, basis, scale, told):
    analysis = SimpleNamespace(select=SimpleNamespace(measure="SMD", by_arm=False))
    own = {"basis": basis, "scale": scale, "sd_t": 3.0, "sd_c": 3.0, "mean_c": 9.0}
    notes = wording_notes.notes(analysis, POOLED, [study("A", mean_t=mean, **own), study("B")])
    assert (
        any(": A (MADRS). A mean tells little of them; no points" in note for note in notes) == told
    )


def choices(*found):
    return [
        row(SensitivityRow, variant=name, measure="RR", estimate=value, ci_low=low, ci_high=high)
        for name, value, low, high in found
    ]


def range_of(rows, **record):
    analysis = SimpleNamespace(select=SimpleNamespace(measure="RR"))
    return other_choices(analysis, replace(POOLED, **record), rows)


def test_the_range_of_other_choices_names_its_ends():
    rows = choices(("one", 2.6, 1.1, 4), ("two", 1.8, 1.2, 3), ("three", 2.0, 1.3, 4))
    rows.append(replace(rows[0], measure="OR", estimate=9.0))
    assert range_of(rows) == (
        "Under 3 other defensible choices the risk ratio runs from 1.80 (two) to 2.60 (one)."
    )


def test_choices_that_change_nothing_are_said_to():
    assert range_of(choices(("one", 2.001, 1.2, 3), ("two", 1.999, 1.2, 3))) == (
        "The estimate is the same, 2.00, under 2 other defensible choices."
    )
    assert range_of(choices(("one", 2.5, 1.2, 3))) == (
        "Under 1 other defensible choice the risk ratio is 2.50 in place of 2.00."
    )


def test_an_end_that_is_the_headline_is_said_to_be():
    rows = choices(("one", 2.6, 1.1, 4), ("two", 2.001, 1.2, 3), ("three", 2.0, 1.3, 4))
    assert "runs from 2.00 (as here) to 2.60 (one)" in range_of(rows)


def test_choices_that_give_the_same_end_are_named_to_two():
    same = [(name, 3.0, 1.2, 5) for name in ("a", "b", "c")]
    assert "to 3.00 (c, b and 1 more)" in range_of(choices(("low", 1.0, 1.1, 2), *same))


@pytest.mark.parametrize(("low", "hangs"), [(1.001, False), (1.0, True)])
def test_a_choice_that_turns_what_the_interval_says_is_told(low, hangs):
    said = range_of(choices(("one", 1.9, low, 3), ("two", 2.1, 1.2, 3)))
    assert said.endswith("; the interval includes no difference under one.") == hangs
    turned = range_of(choices(("one", 1.9, low, 3)), ci_low=0.9)
    assert ("the interval lies wholly on one side of no difference under one" in turned) != hangs


@pytest.mark.parametrize("record", [{"k": 1}, {"estimate": None}])
def test_nothing_is_said_of_choices_where_nothing_is_pooled(record):
    assert range_of(choices(("one", 2.0, 1.0, 3)), **record) == ""
    assert range_of([]) == ""


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("a mean without SD, SE or interval: sd is empty", "a mean without SD, SE or interval"),
        ("no number of events: events and percent are empty", "no number of events"),
        ("no n: n, n_t and n_c are empty; SD of 0", "no n; SD of 0"),
        ("used: MADRS, 24 h, itt", "used: MADRS, 24 h, itt"),
        ("do-not-pool: not at one visit", "not at one visit"),
        (
            "do-not-pool with period 1: placebo patients re-used",
            "with period 1: placebo patients re-used",
        ),
        ("check: source prints another n", "source prints another n"),
        (None, ""),
    ],
)
def test_readers_are_not_told_which_column_is_empty(detail, said):
    assert wording_notes.plain_reason(detail) == said
