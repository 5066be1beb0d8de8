"""Agreement of numbers and the intervals: against R, published tables, identities, edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ketameta.stats.sensitivity.agreement import (
    absolute_icc,
    cohen_kappa,
    limits_of_agreement,
    wilson,
)

# Shrout & Fleiss 1979, table 2: six things, four raters
SHROUT_FLEISS = (
    (9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7),
)  # fmt: skip
# Bland & Altman 1986, table 1: peak flow by two meters, first readings
WRIGHT = (494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427)
MINI = (512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451)


@pytest.mark.parametrize(
    ("ratings", "value", "interval"),
    [
        # psych 2.2.9 (R), ICC(x, lmer = FALSE), Single_random_raters
        (SHROUT_FLEISS, 0.289763779527559, (0.018786513374712, 0.761084369648953)),
        (tuple(zip(WRIGHT, MINI, strict=True)), 0.94592840557731, (0.857411171235, 0.980078659146)),
    ],
    ids=["four raters", "two raters"],
)
def test_icc_is_that_of_psych(ratings, value, interval):
    found = absolute_icc(ratings)
    assert found.n == len(ratings)
    assert found.value == pytest.approx(value, abs=1e-13)
    assert found.interval == pytest.approx(interval, abs=1e-11)


def test_icc_falls_with_a_shift_and_keeps_with_a_change_of_unit():
    a = np.array([3.0, 5.0, 8.0, 9.0, 12.0, 20.0])
    b = a + np.array([0.5, -0.5, 0.25, 0.0, -0.25, 0.5])
    plain = absolute_icc(np.column_stack([a, b]).tolist())
    shifted = absolute_icc(np.column_stack([a, b + 4]).tolist())
    scaled = absolute_icc((10 * np.column_stack([a, b]) + 7).tolist())
    assert shifted.value < plain.value
    assert scaled.value == pytest.approx(plain.value, abs=1e-12)
    assert scaled.interval == pytest.approx(plain.interval, abs=1e-10)
    assert plain.interval[0] < plain.value < plain.interval[1]


def test_icc_of_things_unlike_each_other_is_near_1_whatever_the_raters_do():
    # every number 10% off, but things a thousandfold apart: no proof of agreement
    ratings = [(x, 1.1 * x) for x in (1.0, 10.0, 100.0, 1000.0)]
    assert absolute_icc(ratings).value > 0.99


@pytest.mark.parametrize(
    "ratings",
    [[], [(1.0, 2.0)], [(3.0, 3.0)] * 4, [(1.1,), (2.0,)], [(0.0, 1.0), (1.0, 0.0)]],
    ids=["none", "one thing", "no variation", "one rater", "nothing but contradiction"],
)
def test_icc_of_nothing_to_go_by_is_none(ratings):
    found = absolute_icc(ratings)
    assert (found.n, found.value, found.interval) == (len(ratings), None, None)


def test_icc_of_full_agreement_is_1_without_an_interval():
    found = absolute_icc([(0.1, 0.1), (0.2, 0.2), (0.7, 0.7)])
    assert (found.value, found.interval) == (1.0, None)


def test_icc_of_raters_a_constant_apart_by_hand():
    # mean squares: things 2, raters 6, rest 0: 2 / (2 + 2 / 3 * 6)
    found = absolute_icc([(1.0, 3.0), (2.0, 4.0), (3.0, 5.0)])
    assert found.value == pytest.approx(1 / 3)
    # F with 2 and 1 degrees at 97.5%: 799.5; with 1 and 2 degrees 38.50633 (printed tables)
    low, high = 3 * 2 / (799.5 * 12 + 6), 38.50633 * 6 / (12 + 38.50633 * 6)
    assert found.interval == pytest.approx((low, high), rel=1e-6)


def test_icc_with_raters_that_contradict_is_negative():
    assert absolute_icc([(1.0, 5.0), (5.0, 1.0), (3.0, 4.0)]).value < 0


def test_icc_beyond_its_range_has_no_interval():
    found = absolute_icc([(1.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
    # mean squares: things 0, raters 1/6, rest 2/3
    assert found.value == pytest.approx((0 - 2 / 3) / (0 + 2 / 3 + 2 / 3 * (1 / 6 - 2 / 3)))
    assert found.interval is None


def test_wrong_use_of_numbers_is_refused():
    with pytest.raises(ValueError, match=r"a column a rater: ratings\[0\] has 2, ratings\[1\] 1"):
        absolute_icc([(1.0, 2.0), (1.0,)])
    with pytest.raises(ValueError, match=r"a column a rater: ratings\[0\] has 1, ratings\[2\] 2"):
        absolute_icc([(1.0,), (1.0,), (1.0, 2.0)])
    with pytest.raises(ValueError, match="first has 1, second 2"):
        limits_of_agreement([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"second\[1\] is -2; a ratio is of numbers above 0"):
        limits_of_agreement([1.0, 2.0], [1.0, -2.0], ratio=True)
    with pytest.raises(ValueError, match=r"first\[0\] is 0; a ratio is of numbers above 0"):
        limits_of_agreement([0.0, 1.0], [1.0, 2.0], ratio=True)


def test_limits_are_those_of_bland_and_altman():
    found = limits_of_agreement(WRIGHT, MINI)
    # printed: mean difference -2.1 (first less second) and SD 38.8; they take 2 SD, here 1.96
    assert (found.n, round(-found.bias, 1)) == (17, -2.1)
    assert (found.high - found.bias) / 1.959964 == pytest.approx(38.8, abs=0.05)
    # R 4.2: t.test(d), mean(d) + sd(d) * qt(p, 16, qnorm(0.975) * sqrt(17)) / sqrt(17)
    assert found.bias_interval == pytest.approx((-17.8135435789981, 22.0488376966452), abs=1e-10)
    # qt of R iterates to some 1e-10
    assert found.high_interval == pytest.approx((53.0949314167422, 124.16079829484), abs=1e-7)
    assert found.low_interval == pytest.approx((-119.925504177193, -48.8596372990951), abs=1e-7)


def test_limits_turn_with_the_raters():
    one, other = limits_of_agreement(WRIGHT, MINI), limits_of_agreement(MINI, WRIGHT)
    assert (one.bias, one.low) == pytest.approx((-other.bias, -other.high))
    assert one.low_interval == pytest.approx([-x for x in other.high_interval[::-1]])


def test_limits_as_ratios_are_those_of_logarithms():
    logs = limits_of_agreement([math.log(x) for x in WRIGHT], [math.log(x) for x in MINI])
    ratio = limits_of_agreement(WRIGHT, MINI, ratio=True)
    assert (ratio.bias, ratio.low, ratio.high) == pytest.approx(
        [math.exp(x) for x in (logs.bias, logs.low, logs.high)], rel=1e-12
    )
    assert ratio.low_interval == pytest.approx([math.exp(x) for x in logs.low_interval])
    # in another unit ratios are the same
    days = limits_of_agreement([x / 24 for x in WRIGHT], [x / 24 for x in MINI], ratio=True)
    assert days.high_interval == pytest.approx(ratio.high_interval)


@pytest.mark.parametrize(
    ("first", "second", "ratio", "bias"),
    [
        ([], [], False, None),
        ([5.0], [7.0], False, 2.0),
        ([5.0], [10.0], True, 2.0),
        # 1.2 - 1.1 and 2.3 - 2.2 differ in the last digit that a computer holds
        ([1.1, 2.2, 4.4], [1.2, 2.3, 4.5], False, 0.1),
        ([1.1, 2.2, 4.4], [3.3, 6.6, 13.2], True, 3.0),
        ([0.0, 0.0], [0.0, 0.0], False, 0.0),
    ],
)
def test_limits_of_differences_that_do_not_vary_are_none(first, second, ratio, bias):
    found = limits_of_agreement(first, second, ratio)
    assert found.bias == (bias if bias is None else pytest.approx(bias))
    assert (found.low, found.high) == (None, None)
    assert (found.bias_interval, found.low_interval, found.high_interval) == (None, None, None)


def test_interval_of_kappa_is_that_of_statsmodels():
    from statsmodels.stats.inter_rater import cohens_kappa

    counts = np.array([[22, 2, 2], [5, 7, 14], [0, 2, 36]])
    words = ("a", "b", "c")
    cells = [(i, j) for i in range(3) for j in range(3) for _ in range(counts[i, j])]
    first, second = [words[i] for i, _ in cells], [words[j] for _, j in cells]
    for order, weight in (((), None), (words, "linear")):
        theirs = cohens_kappa(counts, wt=weight)
        half = 1.959963984540054 * theirs.std_kappa
        found = cohen_kappa(first, second, order)
        # the same formula, sums in another order
        assert found.kappa_interval == pytest.approx(
            (theirs.kappa - half, theirs.kappa + half), abs=1e-12
        )


def test_interval_of_kappa_by_hand_and_cut():
    # psych 2.2.9, cohen.kappa: 0.4, 0.1510923 to 0.6489077
    first, second = "y" * 25 + "n" * 25, "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15
    assert cohen_kappa(first, second).kappa_interval == pytest.approx(
        (0.151092290476661, 0.648907709523339), abs=1e-12
    )
    assert cohen_kappa("yyn", "ynn").kappa_interval[1] == 1
    assert cohen_kappa("yn", "yn").kappa_interval is None
    assert cohen_kappa("yn", "ny").kappa_interval is None


def test_interval_of_a_share_is_that_of_r():
    # R 4.2: prop.test(x, n, correct = FALSE)
    assert wilson(35, 50) == pytest.approx((0.562496495355466, 0.808964464991191), abs=1e-12)
    assert wilson(0, 10) == (0.0, pytest.approx(0.277532799862889, abs=1e-12))
    assert wilson(10, 10) == (pytest.approx(0.722467200137111, abs=1e-12), 1.0)
    assert wilson(0, 0) is None
    assert cohen_kappa("yyyy", "yyyy").share_interval == wilson(4, 4)
