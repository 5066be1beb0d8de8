"""The fall of treated arms beside that of control arms of the same trial."""

import math
from dataclasses import replace

import pytest

from ketameta.configuration import Configuration
from ketameta.normalize.pairs import pairs
from ketameta.normalize.trials import raw_rows, trials_of

BOTH = {
    "ket": dict(baseline_mean=30.0, baseline_sd=6.0, mean=15.0, sd=9.0, n=36),
    "sal": dict(baseline_mean=32.0, baseline_sd=5.0, mean=24.0, sd=8.0, n=25),
}


@pytest.fixture
def found(made, analysis):
    def ask(**keys):
        own = replace(analysis, select=replace(analysis.select, **keys))
        return pairs(Configuration((own,)), trials_of(made.tables()), raw_rows(made.tables()))

    return ask


@pytest.fixture(scope="module")
def analysis(ask_analysis):
    return ask_analysis("reduction_24h_arm")


def variance(base, sb, end, se, n, r=0.5):
    """By the delta method for 100 (1 - end / base)."""
    ratio = end / base
    return 1e4 * (se**2 + ratio**2 * sb**2 - 2 * r * ratio * se * sb) / (n * base**2)


def test_both_sides_and_the_variance_of_their_difference(made, found):
    made.trial("a")
    made.scores("a", BOTH)
    (pair,) = found()
    assert (pair.treated, pair.control) == pytest.approx((50, 25))
    assert pair.vi == pytest.approx(variance(30, 6, 15, 9, 36) + variance(32, 5, 24, 8, 25))
    assert (pair.n_t, pair.n_c, pair.hour) == (36, 25, 24)


def test_a_trial_without_a_control_arm_has_no_pair(made, found):
    made.trial("a", arms=(("ket", "ketamine"), ("esk", "esketamine")))
    made.scores("a", {"ket": BOTH["ket"], "esk": BOTH["ket"]})
    assert found() == []


def test_without_the_control_sd_the_pair_is_shown_without_a_variance(made, found):
    made.trial("a")
    bare = {name: value for name, value in BOTH["sal"].items() if name != "sd"}
    made.scores("a", {"ket": BOTH["ket"], "sal": bare})
    (pair,) = found()
    assert (pair.treated, pair.control) == pytest.approx((50, 25))
    assert pair.vi is None


def test_both_sides_are_of_one_hour_and_scale(made, found):
    made.trial("a")
    made.scores("a", {"ket": BOTH["ket"]}, timepoint_h=24.0)
    made.scores("a", BOTH, timepoint_h=30.0)
    assert [pair.hour for pair in found()] == [30.0]
    made.scores("a", {"sal": BOTH["sal"]}, timepoint_h=24.0, scale="HAMD17")
    assert [(pair.hour, pair.scale) for pair in found()] == [(30.0, "MADRS")]


def test_an_hour_outside_the_window_gives_no_pair(made, found):
    made.trial("a")
    made.scores("a", BOTH, timepoint_h=37.0)
    assert found() == []
    made.scores("a", BOTH, timepoint_h=36.0)
    assert [pair.hour for pair in found()] == [36.0]


def test_arms_without_spread_are_weighted_by_their_people(made, found):
    made.trial("a", arms=(("low", "ketamine"), ("high", "ketamine"), ("sal", "saline")))
    arms = {
        "low": dict(baseline_mean=40.0, mean=30.0, n=10),
        "high": dict(baseline_mean=40.0, mean=10.0, n=30),
        "sal": dict(baseline_mean=40.0, mean=36.0, n=20),
    }
    made.scores("a", arms)
    (pair,) = found()
    assert pair.treated == pytest.approx((10 * 25 + 30 * 75) / 40)
    assert (pair.control, pair.n_t, pair.n_c) == pytest.approx((10, 40, 20))


def test_periods_of_the_same_people_vary_together(made, found):
    made.trial("a", design="crossover")
    made.scores("a", BOTH, analysis_set="crossover-all")
    (pair,) = found(analysis_sets=("crossover-all",))
    t, c = variance(30, 6, 15, 9, 36), variance(32, 5, 24, 8, 25)
    assert pair.vi == pytest.approx(t + c - 2 * 0.5 * math.sqrt(t * c))


def test_a_report_that_shares_its_patients_is_left_to_the_others(made, found):
    made.trial("a")
    made.scores("a", BOTH)
    made.trial("b", part_of="a")
    made.scores("b", BOTH)
    assert [pair.trial_id for pair in found()] == ["a"]


def test_the_pair_names_drug_and_route(made, found):
    made.trial("a", arms=(("ket", "ketamine", {"route": "IV"}), ("sal", "saline")))
    made.scores("a", BOTH)
    assert [pair.drug_route for pair in found()] == ["IV ketamine"]
