"""Relative results made absolute: worked by hand, and what has no answer."""

import math
from dataclasses import replace

import pytest

from ketameta.synthesize.absolute import ADDED, MEDIAN, ONE, points, risks


def arm(events, n):
    return {"events_c": events, "n_c": n}


def pooled(estimate, low, high):
    return {"estimate": estimate, "ci_low": low, "ci_high": high}


def test_a_risk_ratio_of_two_at_a_risk_of_a_tenth():
    added, median = risks("RR", pooled(2, 1.5, 3), [arm(1, 10), arm(30, 100), arm(1, 100)])
    assert (median["assumed"], added["assumed"]) == (MEDIAN, ADDED)
    assert median["control_risk"] == pytest.approx(0.1)
    assert added["control_risk"] == pytest.approx(32 / 210)
    assert median["treated_risk"] == pytest.approx(0.2)
    assert [median[f"difference{e}"] for e in ("", "_low", "_high")] == pytest.approx(
        [0.1, 0.05, 0.2]
    )
    assert [median[f"nnt{e}"] for e in ("", "_low", "_high")] == pytest.approx([10, 20, 5])
    assert not median["held"]


def test_an_odds_ratio_keeps_the_odds():
    (row,) = risks("OR", pooled(3, 1, 9), [arm(20, 100)])
    assert row["assumed"] == ONE
    odds = row["treated_risk"] / (1 - row["treated_risk"])
    assert odds == pytest.approx(3 * 0.25)
    assert row["difference_low"] == pytest.approx(0)
    # the risk that an odds ratio of 1 gives is the control risk up to rounding
    assert row["nnt_low"] is None or abs(row["nnt_low"]) > 1e9


def test_a_risk_difference_is_itself_whatever_the_control_risk():
    rows = risks("RD", pooled(-0.05, -0.10, 0.02), [arm(20, 100), arm(40, 100)])
    assert [row["difference"] for row in rows] == pytest.approx([-0.05, -0.05])
    assert [row["nnt_high"] for row in rows] == pytest.approx([50, 50])


def test_a_risk_beyond_one_is_held_there_and_says_so():
    (row,) = risks("RR", pooled(2, 1, math.inf), [arm(60, 100)])
    assert (row["treated_risk"], row["treated_risk_high"], row["held"]) == (1.0, 1.0, True)
    assert row["difference_high"] == pytest.approx(0.4)


def test_no_event_in_control_gives_no_absolute_effect_of_a_ratio():
    assert risks("RR", pooled(2, 1, 3), [arm(0, 10), arm(0, 20)]) == []
    rows = risks("RR", pooled(2, 1, 3), [arm(0, 10), arm(0, 20), arm(3, 10)])
    assert [row["assumed"] for row in rows] == [ADDED]


@pytest.mark.parametrize(
    ("measure", "record"), [("SMD", pooled(1, 0, 2)), ("RR", {"estimate": None}), ("PLO", {})]
)
def test_no_ratio_no_absolute_effect(measure, record):
    assert risks(measure, record, [arm(1, 10)]) == []


def score(scale, sd, basis="change", label="A"):
    return {"scale": scale, "sd_c": sd, "basis": basis, "label": label}


@pytest.fixture
def question(configuration):
    return configuration["depression_24h"].select


def test_points_are_the_difference_times_the_median_sd_of_the_preferred_scale(question):
    effects = [score("HAMD17", 5), score("MADRS", 9), score("MADRS", 12, "endpoint", "B"),
               score("MADRS", 10), score("MADRS", None)]  # fmt: skip
    (row,) = points(question, pooled(-0.5, -0.7, -0.3), effects)
    assert (row["scale"], row["sd"], row["arms"]) == ("MADRS", 10, 3)
    assert (row["points"], row["points_low"], row["points_high"]) == (-5, -7, -3)
    assert row["bases"] == ["change", "endpoint"]
    assert row["trials"] == ["A", "B", "A"]


def test_points_fall_back_on_the_next_scale_and_then_on_none(question):
    (row,) = points(question, pooled(-0.5, -0.7, -0.3), [score("HAMD17", 6)])
    assert row["scale"] == "HAMD17"
    assert points(question, pooled(-0.5, -0.7, -0.3), [score("MADRS", None)]) == []
    assert points(replace(question, measure="MD"), pooled(-5, -7, -3), [score("MADRS", 9)]) == []


def test_rows_of_pooled_trials_that_were_left_out_are_listed(tables):
    # the ketamine 0.4 mg/kg arm of Singh 2016 has a change without an SD
    rows = [
        u for u in tables["unused"]
        if (u["analysis"], u["trial_id"]) == ("depression_24h", "singh2016") and not u["chosen"]
    ]  # fmt: skip
    why = "a change without SD, SE or interval: change_sd is empty"
    assert why in [u["detail"] for u in rows]
