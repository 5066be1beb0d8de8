"""Checks of people, counts, labels and design: each with the fault, and just without it."""

import pytest

from ketameta.normalize.checks.run import CHECKS
from ketameta.tables.raw import ARMS, CONTRASTS, OUTCOMES, TRIALS

from .checked import find


def row(schema, line=2, **cells):
    """Return a row as ingest writes it."""
    made = {column.name: None for column in schema.columns} | cells
    entered = {name: str(cell) for name, cell in cells.items() if cell is not None}
    return {**made, "file": f"{schema.name}.csv", "line": line, "entered": entered}


def trial(trial_id="t1", line=2, **cells):
    usual = dict(trial_id=trial_id, design="parallel", population="MDD", year=2020)
    return row(TRIALS, line, **{**usual, **cells})


def arm(arm_id="ketamine", trial_id="t1", **cells):
    treatment = cells.pop("treatment", arm_id.split("_")[0])
    return row(ARMS, trial_id=trial_id, arm_id=arm_id, treatment=treatment, **cells)


def count(line=2, arm_id="ketamine", **cells):
    usual = dict(trial_id="t1", outcome="response", scale="MADRS", timepoint_h=24.0)
    return row(OUTCOMES, line, arm_id=arm_id, **{**usual, "seen": "direct", **cells})


def contrast(line=2, **cells):
    usual = dict(trial_id="t1", arm_t="ketamine", arm_c="saline", outcome="response")
    return row(CONTRASTS, line, **{**usual, "scale": "MADRS", "timepoint_h": 24.0, **cells})


def found(check, outcomes=(), contrasts=(), trials=None, arms=()):
    assert check in CHECKS
    every = find([trial()] if trials is None else trials, arms, outcomes, contrasts, [])
    return [finding for finding in every if finding.check == check]


# -- people ---------------------------------------------------------------------------------


def test_more_events_than_people_is_an_error():
    assert found("events-above-n", [count(n=30, events=30)]) == []
    (got,) = found("events-above-n", [count(n=30, events=31)])
    assert (got.severity, got.column, got.value) == ("error", "events", "31")
    assert got.message == "31 is more than n = 30"


def test_more_people_than_randomised_to_the_arm_are_named_once_with_all_lines():
    arms = [arm(n_randomised=40)]
    assert found("n-above-randomised", [count(n=40)], arms=arms) == []
    rows = [count(2, n=41, analysis_set="safety"), count(5, n=41), count(9, n=41)]
    (got,) = found("n-above-randomised", rows, arms=arms)
    assert got.severity == "warning"
    said = "n = 41 (set not stated) is more than the 40 randomised to the arm (also lines 2, 9)"
    assert got.message == said


def test_pooled_arms_are_held_against_the_sum_of_their_parts():
    arms = [
        arm("ketamine_1", n_randomised=10),
        arm("ketamine_2", n_randomised=12),
        arm("ketamine_any", pooled_arms="ketamine_1;ketamine_2"),
    ]
    assert found("n-above-randomised", [count(arm_id="ketamine_any", n=22)], arms=arms) == []
    assert len(found("n-above-randomised", [count(arm_id="ketamine_any", n=23)], arms=arms)) == 1


def test_without_a_number_for_the_arm_the_trial_is_the_limit():
    trials, arms = [trial(n_randomised=50)], [arm()]
    assert found("n-above-randomised", [count(n=50)], trials=trials, arms=arms) == []
    assert len(found("n-above-randomised", [count(n=51)], trials=trials, arms=arms)) == 1


def two(n1, n2, **cells):
    return [count(2, n=n1, events=1, **cells), count(3, "saline", n=n2, events=1, **cells)]


def test_arms_together_hold_no_more_than_the_trial():
    trials, arms = [trial(n_randomised=80)], [arm(), arm("saline")]
    assert found("sum-above-randomised", two(40, 40), trials=trials, arms=arms) == []
    (got,) = found("sum-above-randomised", two(41, 40), trials=trials, arms=arms)
    assert "41 + 40 = 81" in got.message


@pytest.mark.parametrize(
    ("design", "analysis_set", "faults"),
    [
        ("crossover", "crossover-all", 0),
        ("crossover", None, 0),
        ("crossover", "crossover-period-1", 1),
    ],
)
def test_both_periods_of_a_crossover_count_people_twice(design, analysis_set, faults):
    trials, arms = [trial(n_randomised=18, design=design)], [arm(), arm("saline")]
    rows = two(17, 17, analysis_set=analysis_set)
    assert len(found("sum-above-randomised", rows, trials=trials, arms=arms)) == faults


@pytest.mark.parametrize(("whole", "faults"), [(80, 0), (79, 1), (81, 1), (None, 0)])
def test_the_arms_add_up_to_the_trial(whole, faults):
    arms = [arm(n_randomised=40), arm("saline", n_randomised=40)]
    got = found("arms-do-not-add-up", trials=[trial(n_randomised=whole)], arms=arms)
    assert len(got) == faults


def test_an_arm_whose_number_is_not_known_may_hold_the_rest():
    arms = [arm(n_randomised=40), arm("saline")]
    assert found("arms-do-not-add-up", trials=[trial(n_randomised=80)], arms=arms) == []
    assert len(found("arms-do-not-add-up", trials=[trial(n_randomised=39)], arms=arms)) == 1


def test_an_unmarked_pooled_arm_is_recognised():
    sizes = {"ketamine_1": 53, "ketamine_2": 50, "ketamine_all": 103, "saline": 51}
    arms = [arm(name, n_randomised=n) for name, n in sizes.items()]
    (got,) = found("arms-do-not-add-up", trials=[trial(n_randomised=154)], arms=arms)
    assert "ketamine_all looks like other arms together" in got.message


def test_a_pooled_arm_is_the_sum_of_its_parts():
    parts = [arm("ketamine_1", n_randomised=10), arm("ketamine_2", n_randomised=12)]
    for n, faults in ((22, 0), (23, 1)):
        pool = arm("ketamine_any", pooled_arms="ketamine_1;ketamine_2", n_randomised=n)
        assert len(found("arms-do-not-add-up", arms=[*parts, pool])) == faults


def test_crossover_arms_may_each_hold_everybody():
    arms = [arm(n_randomised=18), arm("saline", n_randomised=18)]
    crossed = {n: [trial(n_randomised=n, design="crossover")] for n in (18, 17)}
    assert found("arms-do-not-add-up", trials=crossed[18], arms=arms) == []
    assert len(found("arms-do-not-add-up", trials=crossed[17], arms=arms)) == 1


# -- counts that contradict each other --------------------------------------------------------


def pair(remission, response, **other):
    return [
        count(2, outcome="remission", n=20, events=remission),
        count(3, outcome="response", n=20, events=response, **other),
    ]


def test_remission_above_response_is_named():
    assert found("event-above-implied", pair(10, 10)) == []
    (got,) = found("event-above-implied", pair(11, 10))
    assert (got.line, got.column) == (2, "events")


@pytest.mark.parametrize(
    "other", [{"scale": "HAMD17"}, {"timepoint_h": 48.0}, {"analysis_set": "itt"}]
)
def test_remission_and_response_are_compared_for_the_same_people_scale_and_visit(other):
    assert found("event-above-implied", pair(11, 10, **other)) == []


def test_resolved_ideation_is_not_a_remission():
    rows = [count(2, outcome="suicidality_resolved", n=20, events=11), *pair(1, 10)]
    assert found("event-above-implied", rows) == []


def test_one_adverse_event_cannot_be_commoner_than_any():
    rows = [count(2, outcome="any_ae", n=20, events=8), count(3, outcome="nausea", n=20, events=8)]
    assert found("event-above-implied", rows) == []
    rows[1]["events"] = 9
    (got,) = found("event-above-implied", rows)
    assert got.line == 3


# -- the same numbers twice ---------------------------------------------------------------------


def scores(numbers, other, **cells):
    """Return two arms of a score: (n, mean, SD) each."""
    names = ("n", "mean", "sd")
    cells = {"outcome": "depression_score", **cells}
    line = cells.pop("line", 2)
    return [
        count(line, **cells, **dict(zip(names, numbers, strict=True))),
        count(line + 1, "saline", **cells, **dict(zip(names, other, strict=True))),
    ]


def test_the_same_mean_sd_and_n_in_two_arms_are_named():
    assert len(found("same-numbers-two-arms", scores((20, 21.4, 9.1), (20, 21.4, 9.1)))) == 1
    assert found("same-numbers-two-arms", scores((20, 21.4, 9.1), (20, 21.5, 9.1))) == []
    assert found("same-numbers-two-arms", scores((20, 21.4, 9.1), (21, 21.4, 9.1))) == []


def test_an_equal_sd_beside_another_mean_needs_digits_to_count():
    # n 40, SD 12.46: equal to 0.01 by chance in 0.2% of pairs, to 0.1 in 2%
    assert len(found("same-numbers-two-arms", scores((40, 21.4, 12.46), (40, 17.0, 12.46)))) == 1
    assert found("same-numbers-two-arms", scores((40, 21.4, 12.4), (40, 17.0, 12.4))) == []


def harms(pairs):
    names = ["nausea", "headache", "dizziness", "vomiting", "sedation"]
    return [
        count(10 * i + j, ("ketamine", "saline")[j], outcome=name, n=100, events=events)
        for i, (name, both) in enumerate(zip(names, pairs, strict=False))
        for j, events in enumerate(both)
    ]


def test_a_chance_agreement_of_counts_is_not_named():
    assert found("same-numbers-two-arms", harms([(30, 30)])) == []
    assert found("same-numbers-two-arms", harms([(30, 30), (20, 11), (40, 18)])) == []


def test_a_column_of_counts_copied_into_another_arm_is_named():
    (got,) = found("same-numbers-two-arms", harms([(30, 30), (20, 20), (41, 41), (12, 12)]))
    assert "4 of 4 counts" in got.message


def test_small_counts_agree_too_often_to_be_named():
    assert found("same-numbers-two-arms", harms([(4, 4)] * 5)) == []
    assert found("same-numbers-two-arms", harms([(0, 0)] * 5)) == []


def twice(**second):
    first = [
        count(2, n=40, events=22, trial_id="t1"),
        count(3, "saline", n=40, events=12, trial_id="t1"),
    ]
    cells = {"n": 40, "trial_id": "t2", **second}
    second = [
        count(4, "ketamine_0.5", events=22, **cells),
        count(5, "placebo", events=12, **cells),
    ]
    return first + second


def test_one_comparison_under_two_trials_is_named():
    trials = [trial("t1", 2), trial("t2", 3)]
    (got,) = found("same-numbers-two-labels", twice(), trials=trials)
    assert "t2" in got.message
    assert found("same-numbers-two-labels", twice(n=41), trials=trials) == []
    assert found("same-numbers-two-labels", twice(timepoint_h=48.0), trials=trials) == []


@pytest.mark.parametrize("parts", [("t2", None), (None, "t1"), ("t3", "t3")])
def test_reports_linked_by_part_of_may_share_numbers(parts):
    trials = [trial("t1", 2, part_of=parts[0]), trial("t2", 3, part_of=parts[1])]
    assert found("same-numbers-two-labels", twice(), trials=trials) == []


def test_a_score_comparison_under_two_trials_is_named():
    trials = [trial("t1", 2), trial("t2", 3)]
    first = scores((20, 21.4, 9.1), (21, 25.2, 8.7))
    again = scores((20, 21.4, 9.1), (21, 25.2, 8.7), trial_id="t2", scale="HAMD", line=8)
    other = scores((20, 21.4, 9.1), (21, 25.3, 8.7), trial_id="t2", line=8)
    assert len(found("same-numbers-two-labels", first + again, trials=trials)) == 1
    assert found("same-numbers-two-labels", first + other, trials=trials) == []


def test_one_comparison_under_two_labels_of_a_trial_is_named():
    rows = twice(trial_id="t1", scale="HAMD17")
    rows[2]["arm_id"], rows[3]["arm_id"] = "ketamine", "saline"
    (got,) = found("same-numbers-two-labels", rows)
    assert (got.line, "(line 2)" in got.message) == (4, True)


def test_one_registration_population_and_size_under_two_labels_is_named():
    def listed(**other):
        cells = dict(registration="NCT1", n_randomised=18)
        return [trial("one2010", 2, **cells), trial("two2012", 3, **{**cells, **other})]

    assert len(found("same-numbers-two-labels", trials=listed())) == 1
    for other in ({"population": "BD"}, {"n_randomised": 19}, {"registration": "NCT2"}):
        assert found("same-numbers-two-labels", trials=listed(**other)) == []
    assert found("same-numbers-two-labels", trials=listed(part_of="one2010")) == []


def test_one_name_in_two_spellings_is_named():
    def listed(name, **other):
        return [
            trial("kheirabadi2019", 2, n_randomised=31),
            trial(name, 3, n_randomised=31, **other),
        ]

    assert len(found("same-numbers-two-labels", trials=listed("khierabadi2020", year=2021))) == 1
    assert found("same-numbers-two-labels", trials=listed("khierabadi2020", year=2023)) == []
    assert found("same-numbers-two-labels", trials=listed("rahimi2020")) == []


# -- hours, units and design ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("note", "faults"),
    [
        ("response at any time of the 3-day follow-up", 1),
        ("response at least once at day 2 or day 3", 1),
        ("'by 4 weeks' (Kaplan-Meier style)", 1),
        ("response within 72 h", 1),
        ("maintained response for at least 1 week", 1),
        ("24 h after the first dose", 0),
        ("week 6; daily dosing", 0),
        ("end of 3 weeks", 0),
    ],
)
def test_words_for_a_stretch_of_time_are_found(note, faults):
    assert len(found("any-time-at-an-hour", [count(n=20, events=9, note=note)])) == faults


@pytest.mark.parametrize(
    "cells",
    [
        {"flag": "check: response at any time up to this hour"},
        {"flag": "do-not-pool: not at one visit"},
        {"events": 0},
        {"timepoint_h": None},
        {"outcome": "nausea"},
        {"outcome": "relapse"},
    ],
)
def test_a_stretch_of_time_that_does_no_harm_is_not_named(cells):
    rows = [count(**{"n": 20, "events": 9, "note": "at any time", **cells})]
    assert found("any-time-at-an-hour", rows) == []


def test_a_risk_difference_in_percentage_points_is_an_error():
    assert found("percentage-points", contrasts=[contrast(measure="RD", estimate=-1.0)]) == []
    (got,) = found("percentage-points", contrasts=[contrast(measure="RD", estimate=14.2)])
    assert got.severity == "error"
    assert got.message.endswith("it would be 0.142")


def test_an_interval_end_above_1_alone_is_a_warning():
    ends = dict(measure="RD", estimate=0.6, ci_low=0.1)
    assert found("percentage-points", contrasts=[contrast(**ends, ci_high=1.0)]) == []
    (got,) = found("percentage-points", contrasts=[contrast(**ends, ci_high=1.1)])
    assert (got.severity, got.column) == ("warning", "ci_high")


def test_a_mean_difference_of_an_event_is_named():
    assert len(found("percentage-points", contrasts=[contrast(measure="MD", estimate=10.1)])) == 1
    scored = contrast(measure="MD", estimate=10.1, outcome="depression_score")
    assert found("percentage-points", contrasts=[scored]) == []


def test_a_follow_up_value_at_hour_0_is_named():
    baseline = dict(outcome="depression_score", timepoint_h=0.0, n=20, baseline_mean=30.0)
    assert found("follow-up-at-hour-0", [count(**baseline)]) == []
    (got,) = found("follow-up-at-hour-0", [count(**baseline, mean=20.0)])
    assert got.column == "mean"
    early = contrast(measure="MD", timepoint_h=0.0, estimate=1.0)
    assert len(found("follow-up-at-hour-0", contrasts=[early])) == 1


def test_a_crossover_set_in_a_parallel_trial_is_named_once():
    rows = [count(2, analysis_set="crossover-all"), count(3, analysis_set="crossover-all")]
    (got,) = found("crossover-in-parallel", rows)
    assert got.message.endswith("(also line 3)")
    assert found("crossover-in-parallel", rows, trials=[trial(design="crossover")]) == []


@pytest.mark.parametrize(
    ("arm_id", "treatment", "faults"),
    [
        ("placebo", "saline", 0),
        ("timber_saline", "saline", 0),
        ("midazolam_x5+ketamine", "midazolam", 0),
        ("esketamine_84", "esketamine", 0),
        ("esketamine_84", "ketamine", 1),
        ("ketamine_0.5", "saline", 1),
        ("placebo_ad", "esketamine", 1),
        ("group_b", "ketamine", 0),
    ],
)
def test_an_arm_named_after_another_treatment_is_named(arm_id, treatment, faults):
    arms = [arm(arm_id, treatment=treatment)]
    assert len(found("treatment-against-label", arms=arms)) == faults


def test_an_inert_arm_has_no_dose():
    assert len(found("treatment-against-label", arms=[arm("saline", dose="0.5")])) == 1
    assert found("treatment-against-label", arms=[arm("midazolam", dose="0.5")]) == []


def test_a_contrast_turned_round_is_named():
    arms = [arm(), arm("saline"), arm("esketamine")]
    turned = contrast(measure="OR", arm_t="saline", arm_c="ketamine")
    assert len(found("treatment-against-label", contrasts=[turned], arms=arms)) == 1
    straight = [
        contrast(measure="OR"),
        contrast(3, measure="OR", arm_t="esketamine", arm_c="ketamine"),
    ]
    assert found("treatment-against-label", contrasts=straight, arms=arms) == []


def test_a_percentage_in_a_note_must_be_its_count():
    rows = [count(n=41, events=9, note="derived: 22.0% of 41 = 9/41 = 22.0%")]
    assert found("percent-no-count-gives", rows) == []
    for note, said in (
        ("22.3% of 41", "no count of 41"),
        ("24.4% of 41", "10 would be"),
        ("9/41 = 23.0%", "it is 22%"),
    ):
        (got,) = found("percent-no-count-gives", [count(n=41, events=9, note=note)])
        assert said in got.message
    twice_rounded = [count(n=27, events=13, note="48.2% of 27")]  # 48.148, 48.15, 48.2
    assert found("percent-no-count-gives", twice_rounded) == []


def test_a_percentage_of_the_row_must_be_a_count_of_its_n():
    assert found("percent-no-count-gives", [count(n=11, percent=63.6)]) == []  # 7/11
    (got,) = found("percent-no-count-gives", [count(n=11, percent=70.0)])
    assert (got.column, got.message) == ("percent", "70.0% is no count of 11")
    (got,) = found("percent-no-count-gives", [count(n=11, percent=63.6, events=8)])
    assert got.message == "63.6% of 11 is 7, not 8"


def test_a_share_in_the_column_of_percentages_is_named():
    (got,) = found("percent-like-share", [count(n=400, percent=0.5)])
    assert got.message == "0.5 is read as 0.5%: is it a share, 50%?"
    sure = [count(n=400, percent=x) for x in (1.0, 0.0, 50.0)]
    assert found("percent-like-share", [*sure, count(n=400, percent=0.5, events=2)]) == []


def test_a_percentage_of_counts_far_apart_is_named():
    assert found("percent-many-counts-give", [count(n=400, percent=50.0)]) == []
    (got,) = found("percent-many-counts-give", [count(n=40000, percent=1.0)])
    assert (got.column, got.message[:36]) == ("percent", "1.0% of 40000 can be 380 to 420 peop")
    assert found("percent-many-counts-give", [count(n=40000, percent=1.0, events=400)]) == []
