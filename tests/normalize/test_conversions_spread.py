"""Standard deviations of one group, against the Cochrane Handbook and against raw data."""

import math

import numpy as np
import pytest

from ketameta.normalize.conversions import (
    ConversionError,
    change_sd,
    combine_groups,
    sd_from_interval,
    sd_from_se,
)


def test_standard_error_times_root_n():
    assert sd_from_se(2.0, 25) == 10.0


def test_interval_of_25_people_is_divided_by_the_number_in_the_handbook():
    # Handbook 5.1, section 7.7.3.2 (6.5.2.2 in version 6): 3.92 becomes 2 × 2.0639 = 4.128
    assert sd_from_interval(0, 4.128, 25) == pytest.approx(5.0, rel=2e-4)  # four printed digits


@pytest.mark.parametrize(("level", "divisor"), [(0.95, 3.92), (0.90, 3.29), (0.99, 5.15)])
def test_large_groups_are_divided_by_the_numbers_in_the_handbook(level, divisor):
    # the same section: 3.92, 3.29 and 5.15 for large groups; three printed digits
    assert sd_from_interval(0, divisor, 10**6, level) == pytest.approx(1000, rel=2e-3)


def test_the_error_of_taking_t_for_z_is_as_stated():
    # if the paper used z: 1.95996/2.00100 at 60, /1.98422 at 100, /2.06390 at 25 (t tables)
    for n, too_small in ((25, 0.050), (60, 0.021), (100, 0.012)):
        half = 1.959963985 / math.sqrt(n)  # SD 1
        assert 1 - sd_from_interval(-half, half, n) == pytest.approx(too_small, abs=6e-4)


def test_change_of_the_crossover_example_of_the_handbook():
    # Handbook 5.1, section 16.4.6.4: SDs 2.38 and 2.21, correlation 0.68, n = 10: SE 0.583
    assert change_sd(2.38, 2.21, 0.68) / math.sqrt(10) == pytest.approx(0.583, abs=5e-4)


def test_change_of_correlated_measurements_by_hand():
    assert change_sd(3.0, 4.0, 1e-12) == pytest.approx(5.0)  # Pythagoras
    assert change_sd(6.0, 6.0, 0.5) == pytest.approx(6.0)
    assert change_sd(3.0, 4.0, 0.5) == pytest.approx(math.sqrt(13))


def test_change_never_loses_its_digits_near_a_correlation_of_one():
    # s √(2 (1 - r)), which s² + s² - 2 r s² would give with half of the digits
    assert change_sd(10, 10, 1 - 1e-12) == pytest.approx(10 * math.sqrt(2e-12), rel=1e-4)


def test_the_mean_of_groups_is_rounded_once_in_every_version_of_python():
    # one after the other ten tenths are 0.9999999999999999, and from Python 3.12 on 1.0
    assert combine_groups([(1, 0.1, 0.0)] * 10)[1] == 0.1


def test_combined_groups_are_the_people_together():
    rng = np.random.default_rng(4)
    samples = [rng.normal(m, s, n) for m, s, n in ((20, 5, 12), (26, 8, 7), (11, 2, 30))]
    n, mean, sd = combine_groups([(len(x), x.mean(), x.std(ddof=1)) for x in samples])
    together = np.concatenate(samples)
    assert n == 49
    assert mean == pytest.approx(together.mean(), rel=1e-13)
    assert sd == pytest.approx(together.std(ddof=1), rel=1e-13)


def test_two_groups_follow_the_formula_of_table_6_5_a():
    n1, m1, s1, n2, m2, s2 = 10, 5.0, 2.0, 15, 7.0, 3.0
    between = n1 * n2 / (n1 + n2) * (m1**2 + m2**2 - 2 * m1 * m2)
    expected = math.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2 + between) / (n1 + n2 - 1))
    n, mean, sd = combine_groups([(n1, m1, s1), (n2, m2, s2)])
    assert (n, mean) == (25, pytest.approx(6.2))
    assert sd == pytest.approx(expected, rel=1e-14)
    assert sd == pytest.approx(math.sqrt(186 / 24))  # by hand: 36 + 126 + 24 over 24


def test_combining_in_turn_is_combining_at_once():
    a, b, c = (8, 21.0, 6.0), (9, 15.5, 7.5), (20, 18.0, 3.0)
    assert combine_groups([combine_groups([a, b]), c]) == pytest.approx(combine_groups([a, b, c]))


def test_one_person_has_a_mean_and_no_sd():
    assert combine_groups([(1, 3.0, float("nan")), (1, 5.0, 0.0)]) == (
        2,
        4.0,
        pytest.approx(math.sqrt(2)),
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sd_from_se(0, 20), "se = 0 is not above 0"),
        (lambda: sd_from_se(2, 1), "n = 1 is less than 2"),
        (lambda: sd_from_se(float("nan"), 20), "not a finite number"),
        (lambda: sd_from_interval(3, 3, 20), "does not rise"),
        (lambda: sd_from_interval(4, 3, 20), "does not rise"),
        (lambda: sd_from_interval(3, 4, 20, 95), "level = 95 is not a proportion"),
        (lambda: sd_from_interval(3, 4, 1), "less than 2"),
        (lambda: change_sd(5, -6, 0.5), "sd_end = -6 is not above 0"),
        (lambda: change_sd(5, 6, 1), "r = 1 is not between"),
        (lambda: combine_groups([]), "no groups"),
        (lambda: combine_groups([(1, 3, 2)]), "one person"),
        (lambda: combine_groups([(5, 3, -2), (5, 3, 2)]), "sd = -2 is below 0"),
        (lambda: combine_groups([(5, 3, float("nan")), (5, 3, 2)]), "sd is not a finite"),
        (lambda: combine_groups([(2.5, 3, 2)]), "not a whole number"),
    ],
)
def test_impossible_numbers_are_refused(call, message):
    with pytest.raises(ConversionError, match=message):
        call()
