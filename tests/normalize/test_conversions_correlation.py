"""Within-person correlations, by hand, from the Cochrane Handbook and from raw data."""

import math

import numpy as np
import pytest

from ketameta.normalize.conversions import (
    ConversionError,
    change_sd,
    correlation_from_paired_se,
    correlation_from_sds,
    feasible_phi,
)


def test_correlation_from_three_sds_by_hand():
    assert correlation_from_sds(3, 4, 5) == 0  # Pythagoras
    assert correlation_from_sds(6, 6, 6) == pytest.approx(0.5)
    # (40.96 + 50.41 - 20.25) / (2 × 45.44) = 71.12 / 90.88
    assert correlation_from_sds(6.4, 7.1, 4.5) == pytest.approx(0.78257, abs=5e-6)


def test_correlation_is_that_of_the_people_measured_twice():
    rng = np.random.default_rng(8)
    before = rng.normal(30, 5, 40)
    after = 0.6 * before + rng.normal(0, 6, 40)
    sds = before.std(ddof=1), after.std(ddof=1), (after - before).std(ddof=1)
    r = np.corrcoef(before, after)[0, 1]
    assert correlation_from_sds(*sds) == pytest.approx(r, rel=1e-12)
    se = sds[2] / math.sqrt(40)
    assert correlation_from_paired_se(sds[0], sds[1], se, 40) == pytest.approx(r, rel=1e-12)


def test_paired_error_of_the_crossover_example_of_the_handbook():
    # Handbook 5.1, section 16.4.6.4: SDs 2.38 and 2.21, n = 10, SE 0.583 at a correlation of 0.68;
    # half a unit of the SE's last place moves r by 0.0018
    assert correlation_from_paired_se(2.38, 2.21, 0.583, 10) == pytest.approx(0.68, abs=2e-3)


def test_the_error_by_rounding_is_as_stated():
    r = correlation_from_sds(6.4, 7.1, 4.5)
    moved = correlation_from_sds(6.4, 7.1, 4.55) - r
    assert moved == pytest.approx(-0.05 * 4.5 / (6.4 * 7.1), rel=0.02)  # first order only


def test_correlation_undoes_the_sd_of_the_change():
    for r in (-0.7, 0.0, 0.35, 0.99):
        assert correlation_from_sds(5, 9, change_sd(5, 9, r)) == pytest.approx(r, abs=1e-12)


def test_a_perfect_correlation_is_kept_within_one():
    assert correlation_from_sds(0.1, 0.3, 0.2) == pytest.approx(1)
    assert abs(correlation_from_sds(0.1, 0.3, 0.2)) <= 1
    assert correlation_from_sds(0.1, 0.3, 0.4) == pytest.approx(-1)


@pytest.mark.parametrize(("change", "said"), [(1.5, "1.025"), (12.1, "-1.03443")])
def test_sds_that_no_correlation_allows_are_refused(change, said):
    # SDs of 5 and 7: a change has an SD between 2 and 12
    with pytest.raises(ConversionError, match=rf"imply a correlation of {said}"):
        correlation_from_sds(5, 7, change)


def test_largest_phi_is_that_of_nested_events():
    # 100 people: 20 with both, 30 with the second only, 50 with none
    x = np.repeat([1, 0, 0], [20, 30, 50])
    y = np.repeat([1, 1, 0], [20, 30, 50])
    phi = np.corrcoef(x, y)[0, 1]
    assert feasible_phi(0.2, 0.5) == pytest.approx(phi, rel=1e-12)
    assert feasible_phi(0.5, 0.2) == feasible_phi(0.2, 0.5)
    assert feasible_phi(0.2, 0.5) == pytest.approx(0.5)  # √(0.2 × 0.5 / (0.5 × 0.8))
    assert feasible_phi(0.37, 0.37) == pytest.approx(1)


def test_no_table_of_two_binary_outcomes_has_a_larger_phi():
    n = 20
    for k1 in range(1, n):
        for k2 in range(1, n):
            best = feasible_phi(k1 / n, k2 / n)
            for both in range(max(0, k1 + k2 - n), min(k1, k2) + 1):
                phi = (n * both - k1 * k2) / math.sqrt(k1 * (n - k1) * k2 * (n - k2))
                assert phi <= best + 1e-12  # rounding of a ratio of small integers


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: correlation_from_sds(0, 4, 5), "sd_baseline = 0 is not above 0"),
        (lambda: correlation_from_sds(3, 4, float("nan")), "not a finite number"),
        (lambda: correlation_from_paired_se(3, 4, 5, 1), "n = 1 is less than 2"),
        (lambda: correlation_from_paired_se(3, 4, 0, 9), "se_difference = 0 is not above 0"),
        (lambda: feasible_phi(0, 0.4), "p1 = 0 is not between 0 and 1"),
        (lambda: feasible_phi(0.4, 1), "p2 = 1 is not between 0 and 1"),
    ],
)
def test_impossible_numbers_are_refused(call, message):
    with pytest.raises(ConversionError, match=message):
        call()
