"""Certainty by rule: each domain by hand, levels, and that nothing worse gives a better one."""

import math
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketameta.configuration import load
from ketameta.evidence.certainty import (
    LEVELS,
    bias,
    certainty,
    imprecision,
    inconsistency,
    indirectness,
    level,
    publication,
    risk_of,
    worthwhile,
)

CONFIGURATION = load(Path(__file__).parents[1] / "analyses.yaml")
EVENTS, SCORES = CONFIGURATION["response_24h"], CONFIGURATION["depression_24h"]
POINTS, ARMS = CONFIGURATION["depression_24h_madrs"], CONFIGURATION["response_24h_arm"]
LIMITS = EVENTS.certainty
RATIO = (0.8, 1.25)
ROB1 = (
    *("sequence", "concealment", "blinding_participants", "blinding_assessors"),
    *("incomplete_data", "selective_reporting"),
)


def judged(trial, domains, tool="RoB1"):
    return [
        {"trial_id": trial, "tool": tool, "domain": domain, "judgement": word}
        for domain, word in domains.items()
    ]


def study(trial="a", weight=100.0, **more):
    row = {"trial_id": trial, "weight": weight, "comparator_class": "inert", "population": "TRD"}
    return {**row, "events_t": 200, "events_c": 100, "scale": "MADRS", "sd_c": 10.0, **more}


def record(measure="RR", **more):
    row = {"measure": measure, "k": 12, "n": 1000, "estimate": 2.0, "ci_low": 1.6, "ci_high": 2.5}
    row |= {"pi_low": 1.4, "pi_high": 2.9, "i2": 10.0, "between_p": None, "model": "REML, Wald"}
    row |= {f"{rule}_{end}": None for rule in ("hksj", "wald") for end in ("low", "high")}
    return row | more


# the five domains by hand


@pytest.mark.parametrize(
    ("domains", "tool", "risk"),
    [
        ({}, "RoB1", "not judged"),
        ({"sequence": "low"}, "RoB1", "not judged"),
        (dict.fromkeys(ROB1, "low"), "RoB1", "low"),
        (dict.fromkeys(ROB1[:-1], "low"), "RoB1", "not judged"),
        (dict.fromkeys(ROB1, "low") | {"concealment": "unclear"}, "RoB1", "some concerns"),
        ({"sequence": "unclear", "selective_reporting": "high"}, "RoB1", "high"),
        ({"D1": "low"}, "RoB2", "not judged"),
        ({"overall": "low"}, "RoB2", "low"),
        (dict.fromkeys(("D1", "D2", "D3", "D4", "D5"), "low"), "RoB2", "low"),
        ({"overall": "some concerns"}, "RoB2", "some concerns"),
    ],
)
def test_a_trial_is_at_low_risk_only_where_a_whole_tool_says_so(domains, tool, risk):
    assert risk_of(judged("a", domains, tool)) == risk


@pytest.mark.parametrize(
    ("high", "low", "rating"),
    [(0, 100, 0), (0, 51, 0), (0, 50, -1), (0, 0, -1), (49, 51, 0), (49, 0, -1), (50, 50, -2)],
)
def test_risk_of_bias_goes_by_weight(high, low, rating):
    studies = [study("h", float(high)), study("l", float(low)), study("u", 100.0 - high - low)]
    rows = judged("h", {"sequence": "high"}) + judged("l", dict.fromkeys(ROB1, "low"))
    found = bias(studies, rows, LIMITS)
    assert found.rating == rating
    assert found.facts["not judged"] == pytest.approx(100 - high - low)


def test_a_trial_without_a_weight_counts_whole_and_no_judgement_never_costs_two():
    assert bias([study(weight=None)], [], LIMITS).rating == -1
    strict = replace(LIMITS, bias_high=0.0)
    assert bias([study(weight=None)], [], strict).rating == -1


@pytest.mark.parametrize(
    ("row", "rating", "marks"),
    [
        (record(), 0, ()),
        (record(i2=49.9), 0, ()),
        (record(i2=50.0), -1, ("i2",)),
        (record(i2=90.0), -1, ("i2",)),
        # the interval excludes no effect, a new trial need not
        (record(i2=30.0, pi_low=0.9), -1, ("null",)),
        (record(i2=75.0, pi_low=0.9), -2, ("i2", "null")),
        (record(i2=74.0, pi_low=0.9), -1, ("i2", "null")),
        # no more than the interval said already
        (record(i2=30.0, ci_low=0.9, pi_low=0.85), 0, ()),
        (record(i2=30.0, ci_low=0.9, pi_low=0.8), -1, ("both",)),
        # wide for few trials, not for trials that differ
        (record(i2=0.0, pi_low=0.5), 0, ()),
        (record(k=2, i2=80.0, pi_low=None, pi_high=None), -1, ("i2",)),
    ],
)
def test_inconsistency_by_hand(row, rating, marks):
    found = inconsistency(row, RATIO, LIMITS)
    assert (found.rating, found.marks, found.judged) == (rating, marks, True)


def test_inconsistency_of_treated_arms_goes_by_points():
    row = record("PLO", estimate=0.4, ci_low=0.35, ci_high=0.45, pi_low=0.31, pi_high=0.49, i2=80.0)
    assert inconsistency(row, None, LIMITS).rating == -1
    assert inconsistency(row | {"pi_low": 0.29}, None, LIMITS).rating == -2


def test_one_trial_cannot_disagree_with_itself():
    found = inconsistency(record(k=1, i2=None), RATIO, LIMITS)
    assert (found.rating, found.judged) == (0, False)


@pytest.mark.parametrize(
    ("inert", "p", "rating", "known"),
    [
        (75.0, 0.09, -1, True),
        (76.0, 0.09, 0, True),
        (75.0, 0.1, 0, True),
        (50.0, None, 0, False),
        (100.0, None, 0, False),
    ],
)
def test_indirectness_by_hand(inert, p, rating, known):
    studies = [study("a", inert)]
    if inert < 100:
        studies.append(study("b", 100 - inert, comparator_class="active"))
    row = record(between_p=p, split="comparator_class")
    found = indirectness(EVENTS, row, studies, LIMITS)
    assert (found.rating, found.judged) == (rating, known)


def test_indirectness_of_treated_arms_is_left_to_the_reader():
    found = indirectness(ARMS, record("PLO"), [study()], LIMITS)
    assert (found.rating, found.judged) == (0, False)


def events(number):
    return [study(events_t=number, events_c=0)]


@pytest.mark.parametrize(
    ("row", "studies", "rating", "marks"),
    [
        (record(), events(300), 0, ()),
        (record(), events(299), -1, ("short",)),
        (record(), events(90), -1, ("short",)),
        (record(), events(89), -2, ("scarce",)),
        (record(ci_low=1.0, ci_high=3.0), events(300), -1, ("open",)),
        (record(ci_low=1.0, ci_high=3.0), events(299), -2, ("open", "short")),
        (record(ci_low=0.8, ci_high=1.25), events(300), -2, ("both",)),
        (record(ci_low=0.81, ci_high=1.24), events(300), 0, ()),
        (record(ci_low=1.1, ci_high=3.4), events(300), -1, ("wide",)),
        (record(k=2), events(300), -1, ("few",)),
        (record(k=1), events(40), -2, ("scarce", "few")),
        (record(ci_low=None, ci_high=None), events(300), -2, ("no interval", "both")),
    ],
)
def test_imprecision_of_events_by_hand(row, studies, rating, marks):
    found = imprecision(row, studies, RATIO, LIMITS)
    assert (found.rating, found.marks) == (rating, marks)


@pytest.mark.parametrize(
    ("row", "rating"),
    [
        (record("SMD", n=400, estimate=-0.5, ci_low=-0.7, ci_high=-0.3), 0),
        (record("SMD", n=399, estimate=-0.5, ci_low=-0.7, ci_high=-0.3), -1),
        (record("SMD", n=119, estimate=-0.5, ci_low=-0.7, ci_high=-0.3), -2),
        (record("SMD", n=400, estimate=-0.3, ci_low=-0.7, ci_high=0.1), -1),
        (record("SMD", n=400, estimate=-0.3, ci_low=-0.8, ci_high=0.2), -2),
        (record("SMD", n=400, estimate=-0.5, ci_low=-0.9, ci_high=-0.1, model="REML, HKSJ",
                hksj_low=-0.9, hksj_high=-0.1, wald_low=-0.69, wald_high=-0.31), -1),
        # twice as wide is not more than twice
        (record("SMD", n=400, estimate=-0.5, ci_low=-0.9, ci_high=-0.1, model="REML, HKSJ",
                hksj_low=-1.0, hksj_high=0.0, wald_low=-0.75, wald_high=-0.25), 0),
    ],
)  # fmt: skip
def test_imprecision_of_scores_by_hand(row, rating):
    assert imprecision(row, [study()], (-0.2, 0.2), LIMITS).rating == rating


@pytest.mark.parametrize(
    ("low", "high", "rating"), [(0.31, 0.49, 0), (0.29, 0.49, -1), (0.31, 0.61, -2)]
)
def test_imprecision_of_treated_arms_goes_by_points(low, high, rating):
    row = record("PLO", estimate=0.4, ci_low=low, ci_high=high)
    assert imprecision(row, [study()], None, LIMITS).rating == rating


def test_events_that_some_trial_does_not_give_leave_people_to_count():
    found = imprecision(record(n=500), [study(), study("b", events_t=None)], RATIO, LIMITS)
    assert (found.facts["information"], found.facts["size"]) == (500, 400)


@pytest.mark.parametrize(
    ("p", "slope", "rating", "known"),
    [
        (0.09, 1.0, -1, True),
        (0.1, 1.0, 0, True),
        # small trials nearer to no effect: nothing was kept back
        (0.001, -1.0, 0, True),
        (None, 1.0, 0, False),
    ],
)
def test_publication_bias_by_hand(p, slope, rating, known):
    found = publication(
        record(), {"test": "Peters", "test_p": p, "test_slope": slope, "centre": 0.7}, LIMITS
    )
    assert (found.rating, found.judged) == (rating, known)


def test_publication_bias_is_not_tested_without_a_comparison_or_a_table_row():
    test = {"test": "Peters", "test_p": 0.001, "test_slope": 1.0, "centre": 0.7}
    assert not publication(record("PLO"), test, LIMITS).judged
    assert not publication(record(k=9), None, LIMITS).judged


def test_what_is_worthwhile_follows_from_measure_and_scale():
    assert worthwhile(EVENTS, [study()]) == (0.8, 1.25)
    assert worthwhile(SCORES, [study()]) == (-0.2, 0.2)
    # 2 points of the MADRS, by the vocabulary
    assert worthwhile(POINTS, [study()]) == (-2, 2)
    # a scale without one: 0.2 of the SD of the controls
    assert worthwhile(POINTS, [study(scale="HAMD21", sd_c=8.0)]) == (-1.6, 1.6)
    assert worthwhile(POINTS, [study(scale="HAMD21", sd_c=None)]) is None
    assert worthwhile(ARMS, [study()]) is None


# levels


@pytest.mark.parametrize(
    ("start", "ratings", "expected"),
    [
        ("high", [0, 0, 0, 0, 0], "high"),
        ("high", [-1, 0, 0, 0, 0], "moderate"),
        ("high", [-1, 0, 0, -1, 0], "low"),
        ("high", [-2, 0, 0, 0, 0], "low"),
        ("high", [-1, -1, 0, -1, 0], "very low"),
        ("high", [-2, -2, -1, -2, -1], "very low"),
        ("low", [0, 0, 0, 0, 0], "low"),
        ("low", [0, 0, 0, -1, 0], "very low"),
    ],
)
def test_levels_by_hand(start, ratings, expected):
    assert level(start, ratings) == expected


def test_a_flawless_comparison_is_high_and_flawless_arms_are_low():
    rows = judged("a", dict.fromkeys(ROB1, "low"))
    found = certainty(EVENTS, record(), [study()], rows, None)
    assert (found.start, found.level) == ("high", "high")
    row = record("PLO", estimate=0.4, ci_low=0.35, ci_high=0.45, pi_low=0.33, pi_high=0.47)
    assert certainty(ARMS, row, [study()], rows, None).level == "low"


def test_trials_that_are_not_randomised_start_low():
    select = replace(EVENTS.select, design_flags=("not randomised",))
    found = certainty(replace(EVENTS, select=select), record(), [study()], [], None)
    assert found.start == "low"


def test_without_an_estimate_nothing_is_rated():
    found = certainty(EVENTS, record(estimate=None), [], [], None)
    assert (found.level, found.ratings) == ("not rated", ())


# monotone

STRICTER = {
    **dict.fromkeys(("mixed_p", "events", "people", "scarce", "fewest_trials", "asymmetry_p"), 1),
    **dict.fromkeys(("worthwhile_ratio", "worthwhile_smd", "worthwhile_risk"), -1),
    **dict.fromkeys(("worthwhile_points", "bias_high", "bias_not_low", "mixed"), -1),
    **dict.fromkeys(("i2_substantial", "i2_considerable", "wide_ratio", "widening"), -1),
}


def test_every_threshold_has_a_stricter_side():
    assert set(STRICTER) == {field.name for field in fields(LIMITS)}


SHARES = st.floats(0, 100)
WORDS = st.sampled_from(["low", "unclear", "high"])


@st.composite
def evidence(draw):
    """Draw an analysis with all that its certainty is rated from."""
    analysis = draw(st.sampled_from([EVENTS, SCORES, POINTS, ARMS]))
    measure, k = analysis.select.measure, draw(st.integers(1, 20))
    ratio = measure == "RR"
    ends = sorted(draw(st.lists(st.floats(-2, 2), min_size=5, max_size=5, unique=True)))
    if measure == "PLO":
        ends = [(end + 2) / 4 for end in ends]
    pi_low, ci_low, estimate, ci_high, pi_high = map(math.exp, ends) if ratio else ends
    row = record(
        measure, k=k, n=draw(st.integers(10, 2000)), estimate=estimate, ci_low=ci_low,
        ci_high=ci_high, i2=draw(SHARES) if k > 1 else None,
        pi_low=pi_low if k > 2 else None, pi_high=pi_high if k > 2 else None,
        between_p=draw(st.floats(0, 1)), model=f"REML, {draw(st.sampled_from(['HKSJ', 'Wald']))}",
        hksj_low=-draw(st.floats(0.1, 3)), hksj_high=1.0, wald_low=-0.5, wald_high=0.5,
    )  # fmt: skip
    studies = [
        study(str(i), draw(st.floats(1, 50)), events_t=draw(st.integers(0, 100)),
              comparator_class=draw(st.sampled_from(["inert", "active"])))
        for i in range(draw(st.integers(1, 4)))
    ]  # fmt: skip
    rows = [
        row
        for s in studies
        for row in judged(s["trial_id"], {domain: draw(WORDS) for domain in ROB1})
        if draw(st.booleans())
    ]
    test = {"test": "Peters", "test_p": draw(st.floats(0, 1)), "centre": 0.5}
    test["test_slope"] = draw(st.floats(-1, 1))
    return analysis, row, studies, rows, test if k >= 10 else None


@settings(max_examples=300, deadline=None)
@given(evidence(), st.sampled_from(sorted(STRICTER)), st.floats(0.05, 1))
def test_a_stricter_threshold_never_gives_a_higher_level(drawn, name, part):
    analysis, *rows = drawn
    value = getattr(analysis.certainty, name)
    # ratios stay above 1, as the schema has it
    least = 1.0001 if name in ("worthwhile_ratio", "wide_ratio") else 0.0
    other = value / part if STRICTER[name] > 0 else max(least, value * part)
    strict = replace(analysis, certainty=replace(analysis.certainty, **{name: other}))
    before, after = certainty(analysis, *rows), certainty(strict, *rows)
    assert LEVELS.index(after.level) <= LEVELS.index(before.level)
    pairs = zip(before.ratings, after.ratings, strict=True)
    assert all(b.rating <= a.rating for a, b in pairs)


@settings(max_examples=200, deadline=None)
@given(evidence(), st.data())
def test_a_worse_judgement_never_gives_a_higher_level(drawn, data):
    analysis, row, studies, rows, test = drawn
    trial = data.draw(st.sampled_from(studies))["trial_id"]
    worse = [*rows, *judged(trial, {"other": data.draw(st.sampled_from(["unclear", "high"]))})]
    before = certainty(analysis, row, studies, rows, test)
    after = certainty(analysis, row, studies, worse, test)
    assert LEVELS.index(after.level) <= LEVELS.index(before.level)
