"""Imprecision: the interval beside what is worthwhile, and when the information counts."""

import math

import pytest

from ketameta.evidence.precision import imprecision
from ketameta.measures import LARGEST
from ketameta.synthesize.worthwhile import worthwhile
from ketameta.tables.syntheses import AbsoluteRow

from ..rows import row

RATIO = (0.8, 1.25)
SMD = (-0.2, 0.2)


def at_risk(control, **more):
    return row(AbsoluteRow, control_risk=control, **more)


def rated(hand, whole, bounds, events=300):
    study = hand.study(events_t=events, events_c=0)
    found = imprecision(hand.evidence(whole, [study]), bounds, hand.limits)
    return found.rating, tuple(r.name for r in found.rules)


def test_a_ratio_is_worthwhile_where_it_makes_the_worthwhile_difference_of_risks(by_hand):
    analysis = by_hand.configuration["response_24h"]
    # by hand, 50 of 1,000 more or fewer: 0.20 to 0.25 and to 0.15
    assert worthwhile(analysis, [], [at_risk(0.2)]) == pytest.approx((0.75, 1.25))
    # of 40 of 1,000 none can be spared; of 960 none can be added
    assert worthwhile(analysis, [], [at_risk(0.04)]) == pytest.approx((0.0, 2.25))
    low, high = worthwhile(analysis, [], [at_risk(0.96)])
    assert (low, high) == (pytest.approx(0.91 / 0.96), LARGEST)
    assert worthwhile(analysis, [], []) == RATIO


def test_odds_are_worthwhile_by_the_same_difference(by_hand):
    from dataclasses import replace

    analysis = by_hand.configuration["response_24h"]
    odds = replace(analysis, select=replace(analysis.select, measure="OR"))
    low, high = worthwhile(odds, [], [at_risk(0.2)])
    # odds of 0.20 are 1/4, of 0.15 3/17, of 0.25 1/3
    assert (low, high) == pytest.approx((12 / 17, 4 / 3))


def test_what_is_worthwhile_of_scores_follows_from_measure_and_scale(by_hand):
    scores, points = (by_hand.configuration[n] for n in ("depression_24h", "depression_24h_madrs"))
    assert worthwhile(scores, [by_hand.study()], []) == SMD
    # 2 points of the MADRS, by the vocabulary
    assert worthwhile(points, [by_hand.study()], []) == (-2, 2)
    # a scale without one: 0.2 of the SD of the controls
    assert worthwhile(points, [by_hand.study(scale="HAMD21", sd_c=8.0)], []) == (-1.6, 1.6)
    assert worthwhile(points, [by_hand.study(scale="HAMD21", sd_c=None)], []) is None
    assert worthwhile(by_hand.configuration["response_24h_arm"], [by_hand.study()], []) is None


@pytest.mark.parametrize(
    ("low", "high", "rating", "mark"),
    [
        # wholly worthwhile, up to the very threshold
        (1.25, 1.5, 0, ()),
        (1.249, 1.5, -1, ("crossed",)),
        (1.0, 1.25, -1, ("crossed",)),
        # wholly not
        (0.801, 1.249, 0, ()),
        (0.8, 1.249, -1, ("crossed",)),
        (0.8, 1.25, -2, ("crossed-both",)),
        (0.7, 0.8, 0, ()),
        (None, None, -2, ("no-interval",)),
    ],
)
def test_the_interval_comes_first(by_hand, low, high, rating, mark):
    whole = by_hand.record(estimate=1.1, ci_low=low, ci_high=high)
    # one event: the information does not count for an effect of this size
    assert rated(by_hand, whole, RATIO, events=1) == (rating, mark)


@pytest.mark.parametrize(
    ("estimate", "events", "rating", "mark"),
    [
        # 1 / 0.7 is 1.43: large from there on, and on the other side
        (1.42, 1, 0, ()),
        (1.43, 150, 0, ()),
        (1.43, 149, -1, ("short",)),
        (1.43, 90, -1, ("short",)),
        (1.43, 89, -2, ("scarce",)),
        (0.699, 149, -1, ("short",)),
        (0.7, 1, 0, ()),
        # no cliff at the whole number
        (2.18, 299, 0, ()),
        (2.18, 263, 0, ()),
    ],
)
def test_information_counts_where_the_effect_is_large(by_hand, estimate, events, rating, mark):
    side = (1.3, 3.0) if estimate > 1 else (0.3, 0.75)
    whole = by_hand.record(estimate=estimate, ci_low=side[0], ci_high=side[1])
    assert rated(by_hand, whole, RATIO, events) == (rating, mark)


@pytest.mark.parametrize(
    ("high", "events", "rating", "mark"),
    [
        (3.89, 1, 0, ()),
        (3.9, 300, -1, ("wide",)),
        (3.9, 149, -1, ("wide", "short")),
        (3.9, 89, -2, ("scarce", "wide")),
    ],
)
def test_information_counts_where_the_ends_of_a_ratio_lie_far_apart(
    by_hand, high, events, rating, mark
):
    whole = by_hand.record(estimate=1.4, ci_low=1.3, ci_high=high)
    assert rated(by_hand, whole, RATIO, events) == (rating, mark)


def test_an_open_interval_and_too_little_information_cost_two(by_hand):
    whole = by_hand.record(estimate=1.5, ci_low=1.1, ci_high=2.0)
    assert rated(by_hand, whole, RATIO, 150) == (-1, ("crossed",))
    assert rated(by_hand, whole, RATIO, 149) == (-2, ("crossed", "short"))
    assert rated(by_hand, whole, RATIO, 89) == (-2, ("scarce", "crossed"))


@pytest.mark.parametrize(
    ("low", "estimate", "high", "n", "rating", "mark"),
    [
        (-0.69, -0.45, -0.2, 10, 0, ()),
        (-0.69, -0.45, -0.199, 10, -1, ("crossed",)),
        (-0.7, -0.3, 0.2, 400, -2, ("crossed-both",)),
        # an effect of 0.5 or an interval of 0.5 ask for people
        (-0.74, -0.5, -0.3, 200, 0, ()),
        (-0.74, -0.5, -0.3, 199, -1, ("short",)),
        (-0.74, -0.5, -0.3, 119, -2, ("scarce",)),
        (-0.74, -0.49, -0.3, 10, 0, ()),
        (-0.75, -0.45, -0.25, 119, -2, ("scarce",)),
        (-0.74, -0.45, -0.25, 119, 0, ()),
        # width alone costs nothing where there are people: it is heterogeneity
        (-1.11, -0.53, 0.04, 605, -1, ("crossed",)),
        (-1.11, -0.53, 0.04, 199, -2, ("crossed", "short")),
    ],
)
def test_scores_by_hand(by_hand, low, estimate, high, n, rating, mark):
    assert rated(by_hand, by_hand.score(estimate, low, high, n=n), SMD) == (rating, mark)


def test_points_are_large_by_the_spread_of_the_controls(by_hand):
    # 5 points of a scale with an SD of 10
    for estimate, rating in ((-5.0, -2), (-4.9, 0)):
        whole = by_hand.score(estimate, -7.4, -2.5, "MD", n=50)
        assert rated(by_hand, whole, (-2, 2))[0] == rating
    # without a known spread or worthwhile effect only the side is told
    study = by_hand.study(scale=None, sd_c=None)
    for high, rating in ((-0.1, 0), (0.0, -1)):
        whole = by_hand.score(-8.0, -20.0, high, "MD", n=5)
        found = imprecision(by_hand.evidence(whole, [study]), None, by_hand.limits)
        assert found.rating == rating


def test_a_risk_difference_is_large_by_the_ratio_behind_it(by_hand):
    whole = by_hand.score(0.1, 0.06, 0.14, "RD")
    study = by_hand.study(events_t=40, events_c=0)
    for treated, rating in ((0.285, 0), (0.287, -2)):
        risks = [at_risk(0.2, treated_risk=treated)]
        found = imprecision(by_hand.evidence(whole, [study], risks=risks), (-0.05, 0.05),
                            by_hand.limits)  # fmt: skip
        assert found.rating == rating


@pytest.mark.parametrize(
    ("low", "high", "rating"),
    [(0.301, 0.499, 0), (0.299, 0.499, -1), (0.301, 0.599, -1), (0.301, 0.601, -2)],
)
def test_a_share_goes_by_points_and_by_no_size(by_hand, low, high, rating):
    whole = by_hand.record("PLO", estimate=0.4, ci_low=low, ci_high=high, n=5)
    assert rated(by_hand, whole, None, events=1)[0] == rating


def test_events_that_some_trial_does_not_give_leave_people_to_count(by_hand):
    studies = [by_hand.study(), by_hand.study("b", events_t=None)]
    found = imprecision(by_hand.evidence(by_hand.record(n=500), studies), RATIO, by_hand.limits)
    assert (found.facts.information.number, found.facts.information.size) == (500, 400)


def test_a_lower_end_of_nothing_is_as_wide_as_can_be(by_hand):
    whole = by_hand.record(estimate=0.5, ci_low=0.0, ci_high=0.7)
    found = imprecision(by_hand.evidence(whole), RATIO, by_hand.limits)
    assert found.facts.apart == math.inf
    assert tuple(r.name for r in found.rules) == ("wide",)
