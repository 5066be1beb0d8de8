"""Relative results made absolute: worked by hand, and what has no answer."""

import math
from dataclasses import replace

import pytest

from ketameta.synthesize.absolute import ADDED, MEDIAN, ONE, points, risks, skewed
from ketameta.synthesize.pool import Synthesis
from ketameta.tables.effects import EffectRow
from ketameta.tables.syntheses import UnusedRow

from ..rows import row


def arm(events, n):
    return row(EffectRow, events_c=events, n_c=n)


def pooled(estimate, low=None, high=None, measure="SMD"):
    return row(Synthesis, measure=measure, estimate=estimate, ci_low=low, ci_high=high)


def test_a_risk_ratio_of_two_at_a_risk_of_a_tenth():
    added, median = risks("a", pooled(2, 1.5, 3, "RR"), [arm(1, 10), arm(30, 100), arm(1, 100)])
    assert (median.assumed, added.assumed) == (MEDIAN, ADDED)
    assert median.control_risk == pytest.approx(0.1)
    assert added.control_risk == pytest.approx(32 / 210)
    assert median.treated_risk == pytest.approx(0.2)
    assert [getattr(median, f"difference{e}") for e in ("", "_low", "_high")] == pytest.approx(
        [0.1, 0.05, 0.2]
    )
    assert [getattr(median, f"nnt{e}") for e in ("", "_low", "_high")] == pytest.approx([10, 20, 5])
    assert not median.held


def test_an_odds_ratio_keeps_the_odds():
    (one,) = risks("a", pooled(3, 1, 9, "OR"), [arm(20, 100)])
    assert one.assumed == ONE
    odds = one.treated_risk / (1 - one.treated_risk)
    assert odds == pytest.approx(3 * 0.25)
    assert one.difference_low == pytest.approx(0)
    # the risk that an odds ratio of 1 gives is the control risk up to rounding
    assert one.nnt_low is None or abs(one.nnt_low) > 1e9


def test_a_risk_difference_is_itself_whatever_the_control_risk():
    rows = risks("a", pooled(-0.05, -0.10, 0.02, "RD"), [arm(20, 100), arm(40, 100)])
    assert [one.difference for one in rows] == pytest.approx([-0.05, -0.05])
    assert [one.nnt_high for one in rows] == pytest.approx([50, 50])


def test_a_risk_beyond_one_is_held_there_and_says_so():
    (one,) = risks("a", pooled(2, 1, math.inf, "RR"), [arm(60, 100)])
    assert (one.treated_risk, one.treated_risk_high, one.held) == (1.0, 1.0, True)
    assert one.difference_high == pytest.approx(0.4)


def test_no_event_in_control_gives_no_absolute_effect_of_a_ratio():
    assert risks("a", pooled(2, 1, 3, "RR"), [arm(0, 10), arm(0, 20)]) == []
    rows = risks("a", pooled(2, 1, 3, "RR"), [arm(0, 10), arm(0, 20), arm(3, 10)])
    assert [one.assumed for one in rows] == [ADDED]


@pytest.mark.parametrize(
    "record",
    [pooled(1, 0, 2), pooled(None, measure="RR"), pooled(0.5, 0.4, 0.6, "PLO")],
)
def test_no_ratio_no_absolute_effect(record):
    assert risks("a", record, [arm(1, 10)]) == []


def score(scale, sd, basis="change", label="A", **more):
    told = {"scale": scale, "sd_c": sd, "basis": basis, "label": label, "n_t": 20, "n_c": 20}
    return row(EffectRow, **told | more)


@pytest.fixture
def question(configuration):
    return configuration["depression_24h"].select


def test_points_are_the_difference_times_the_median_sd_of_the_preferred_scale(question):
    effects = [score("HAMD17", 5), score("MADRS", 9), score("MADRS", 12, "endpoint", "B"),
               score("MADRS", 10), score("MADRS", None)]  # fmt: skip
    (one,) = points("a", question, pooled(-0.5, -0.7, -0.3), effects)
    assert (one.scale, one.sd, one.arms) == ("MADRS", 10, 3)
    assert (one.points, one.points_low, one.points_high) == (-5, -7, -3)
    assert one.bases == ["change", "endpoint"]
    assert one.trials == ["A", "B", "A"]


def test_points_fall_back_on_the_next_scale_and_then_on_none(question):
    (one,) = points("a", question, pooled(-0.5, -0.7, -0.3), [score("HAMD17", 6)])
    assert one.scale == "HAMD17"
    assert points("a", question, pooled(-0.5, -0.7, -0.3), [score("MADRS", None)]) == []
    assert (
        points("a", replace(question, measure="MD"), pooled(-5, -7, -3), [score("MADRS", 9)]) == []
    )


def endpoint(mean, sd, scale="MADRS", **more):
    return score(scale, sd, "endpoint", mean_c=mean, mean_t=20, sd_t=8, **more)


def test_one_trial_is_told_in_points_by_the_spread_of_both_its_arms(question):
    (one,) = points("a", question, pooled(-1, -2, 0), [score("MADRS", 10, sd_t=6, n_t=11, n_c=31)])
    # (10 * 36 + 30 * 100) / 40
    assert one.sd == pytest.approx(math.sqrt(84))
    pair = [score("MADRS", 10, sd_t=6, n_t=11, n_c=31), score("MADRS", 12, sd_t=6)]
    assert points("a", question, pooled(-1, -2, 0), pair)[0].sd == 11


@pytest.mark.parametrize(
    ("basis", "mean", "sd", "held"),
    [("endpoint", 10, 10.1, True), ("endpoint", 10, 10, False), ("endpoint", 50, 10.1, True),
     ("endpoint", 50, 9.9, False), ("change", 10, 10.1, False), ("endpoint", None, 99, False)],
)  # fmt: skip
def test_scores_are_skewed_where_the_spread_passes_the_end_of_the_scale(basis, mean, sd, held):
    # the MADRS runs from 0 to 60
    assert skewed(score("MADRS", sd, basis, mean_c=mean)) == held
    assert skewed(score("MADRS", 5, basis, mean_t=mean, sd_t=sd)) == held
    assert not skewed(score("MINI", sd, basis, mean_c=mean))


def test_a_skewed_spread_makes_no_points(question):
    record = pooled(-0.5, -0.7, -0.3)
    fell_back = [endpoint(8, 9), score("HAMD17", 6)]
    assert [one.scale for one in points("a", question, record, fell_back)] == ["HAMD17"]
    assert points("a", question, record, [endpoint(8, 9)]) == []
    (one,) = points("a", question, record, [endpoint(8, 9), endpoint(20, 9)])
    assert one.arms == 1


@pytest.mark.parametrize(("low", "held"), [(-2.0, True), (-2.01, False)])
def test_points_that_leave_the_scale_are_not_told(question, low, held):
    # the typical control mean is 20 with an SD of 10: two SDs lower is the end of the scale
    trials = [endpoint(20, 10), endpoint(20, 10), endpoint(20, 10)]
    assert bool(points("a", question, pooled(-0.5, low, -0.3), trials)) == held
    # of changes the range of the scale, 60 points, is all that is known
    changes = [score("MADRS", 10, mean_c=-9), score("MADRS", 10, mean_c=-9)]
    assert points("a", question, pooled(-0.5, -6.0, -0.3), changes)
    assert points("a", question, pooled(-0.5, -6.01, -0.3), changes) == []


def test_rows_of_pooled_trials_that_were_left_out_are_listed(tables):
    # the ketamine 0.4 mg/kg arm of Singh 2016 has a change without an SD
    rows = [
        u for u in tables[UnusedRow]
        if (u.analysis, u.trial_id) == ("depression_24h", "singh2016") and not u.chosen
    ]  # fmt: skip
    why = "a change without SD, SE or interval: change_sd is empty"
    assert why in [u.detail for u in rows]
