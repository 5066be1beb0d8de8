"""Comparisons of trials of several arms as contrasts with their covariance."""

import numpy as np
import pytest

from ketameta.stats import common_arm_covariance, multi_arm_contrasts, network_meta_analysis

MEANS = {"A": 0.0, "B": 0.4, "C": 1.1, "D": 0.9}
OWN = {"A": 0.01, "B": 0.04, "C": 0.02, "D": 0.03}
THREE = [("B", "A"), ("A", "C"), ("C", "B")]
FOUR = [*THREE, ("D", "A"), ("B", "D"), ("C", "D")]


def compared(pairs, study="x"):
    """All comparisons of independent arms, as a trial reports them."""
    return {
        "yi": [MEANS[a] - MEANS[b] for a, b in pairs],
        "vi": [OWN[a] + OWN[b] for a, b in pairs],
        "study": [study] * len(pairs),
        "first": [a for a, _ in pairs],
        "second": [b for _, b in pairs],
    }


@pytest.mark.parametrize("pairs", [THREE, FOUR])
def test_arms_come_back_from_their_comparisons(pairs):
    found = multi_arm_contrasts(**compared(pairs))
    arms = sorted({a for a, _ in pairs})
    assert (found.first, set(found.second)) == (arms[1:], {"A"})
    assert found.yi == pytest.approx([MEANS[a] for a in arms[1:]])
    assert found.vi == pytest.approx(np.diag([OWN[a] for a in arms[1:]]) + OWN["A"])


def test_trials_of_one_comparison_stay_as_they_are():
    given = {name: value[:1] for name, value in compared(THREE).items()}
    for name, value in compared(FOUR, "later").items():
        given[name] = given[name] + value
    found = multi_arm_contrasts(**given)
    assert found.study == ["later"] * 3 + ["x"]
    assert (found.yi[3], found.vi[3, 3]) == pytest.approx((0.4, 0.05))
    assert not found.vi[3, :3].any()
    fit = network_meta_analysis(*found, interval="wald", tau2="EE")
    assert fit.estimate[1:, 0] == pytest.approx([MEANS[a] for a in "BCD"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"yi": [0.4, -1.1, 0.6]}, "effects of study 'x' do not add up; they miss it by 0.03"),
        ({"vi": [0.05, 0.01, 0.02]}, "study 'x' leave 'C' a variance of -0.01, below 0"),
        ({"first": ["B", "A", "A"]}, "each of their comparisons once, 3 of them; it has 3, 2 of"),
        ({"study": ["x", "x", "y"]}, "study 'x' has 3 arms and needs .* it has 2"),
        ({"vi": [0.05, 0, 0.06]}, r"vi\[1\] is not positive"),
        ({"yi": [0.4, np.nan, 0.7]}, "yi needs one axis of finite numbers"),
        ({"vi": [0.05, 0.03]}, "yi and vi need one shape"),
    ],
)
def test_what_contradicts_itself_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        multi_arm_contrasts(**(compared(THREE) | change))


def test_rounded_effects_are_brought_to_add_up():
    found = multi_arm_contrasts(**(compared(THREE) | {"yi": [0.4, -1.101, 0.7]}))
    assert found.yi == pytest.approx([0.4 + 0.001 / 3, 1.1 + 0.002 / 3])


def test_contrasts_against_one_arm_share_its_variance():
    shared = [0.01, 0.04, 0.02]
    V = common_arm_covariance([0.05, 0.06, 0.07], ["x", "x", "y"], ["A", "A", "B"], shared)
    assert pytest.approx(np.array([[0.05, 0.02, 0], [0.02, 0.06, 0], [0, 0, 0.07]])) == V
    with pytest.raises(ValueError, match="study 'x' has contrasts against several arms"):
        common_arm_covariance([0.05, 0.06], ["x", "x"], ["A", "B"], [0.01, 0.01])
    with pytest.raises(ValueError, match="shared hold a part of each"):
        common_arm_covariance([0.05], ["x"], ["A"], [0.06])
