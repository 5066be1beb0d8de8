"""Standard errors of differences, against the Cochrane Handbook and metafor's help pages."""

import math

import numpy as np
import pytest
from scipy import stats

from ketameta.normalize.conversions import (
    ConversionError,
    log_interval_se,
    log_odds_from_smd,
    sd_from_paired_se,
    sd_from_se_of_difference,
    se_from_f,
    se_from_interval,
    se_from_p,
    se_from_t,
    smd_from_log_odds,
)


def test_p_value_of_the_handbook_example():
    # Handbook 5.1, section 7.7.3.3 (6.5.2.3 in version 6): MD 3.8, P = 0.008, 25 and 22 people:
    # t = 2.78 with 45 degrees of freedom, SE = 3.8 / 2.78 = 1.37
    se = se_from_p(3.8, 0.008, df=45)
    assert se == pytest.approx(1.37, abs=5e-3)
    assert 3.8 / se == pytest.approx(2.78, abs=5e-3)
    assert se_from_t(3.8, 2.78) == pytest.approx(1.37, abs=5e-3)


def test_sd_follows_from_the_standard_error_of_the_handbook_example():
    # by hand from the rounded SE: 1.37 / √(0.04 + 0.0454545) = 1.37 / 0.292326 = 4.6865
    assert sd_from_se_of_difference(1.37, 25, 22) == pytest.approx(4.6865, abs=1e-4)


def test_normal_quantile_of_a_p_value_of_the_handbook():
    # Handbook 5.1, section 7.7.7.2 (6.3.1 in version 6): Z = 2.652 for P = 0.008
    assert se_from_p(2.652, 0.008) == pytest.approx(1, abs=2e-4)


def test_interval_of_an_odds_ratio_as_in_the_help_page_of_conv_wald():
    # metafor 4, help page of conv.wald: OR 0.64 (0.33 to 1.22) has vi = 0.1113 on the log scale
    assert log_interval_se(0.33, 1.22) ** 2 == pytest.approx(0.1113, abs=5e-5)


def test_p_value_of_an_odds_ratio_as_in_the_help_page_of_conv_wald():
    # the same page: OR 0.64 with p = 0.17 has vi = 0.1058
    assert se_from_p(math.log(0.64), 0.17) ** 2 == pytest.approx(0.1058, abs=5e-5)


@pytest.mark.parametrize(("level", "width"), [(0.95, 3.92), (0.90, 3.29), (0.99, 5.15)])
def test_normal_intervals_are_divided_by_the_numbers_in_the_handbook(level, width):
    assert se_from_interval(-width, 0, level) == pytest.approx(1, rel=2e-3)  # three digits printed


def test_small_trials_take_the_quantile_of_t():
    # t tables: 2.0141 for 45 degrees of freedom, 12.706 for one
    assert se_from_interval(-2.0141, 2.0141, df=45) == pytest.approx(1, rel=3e-5)
    assert se_from_interval(-12.706, 12.706, df=1) == pytest.approx(1, rel=3e-5)


def test_the_error_of_taking_z_for_t_is_as_stated():
    by_z, by_t = se_from_interval(-2, 2), se_from_interval(-2, 2, df=45)
    assert by_z / by_t - 1 == pytest.approx(0.028, abs=5e-4)


def test_f_is_the_square_of_t():
    assert se_from_f(-4.5, 9.0) == pytest.approx(1.5)
    assert se_from_f(3.8, 2.78**2) == pytest.approx(se_from_t(3.8, 2.78))


def test_interval_t_p_and_f_of_one_test_agree():
    rng = np.random.default_rng(11)
    x, y = rng.normal(20, 7, 23), rng.normal(14, 7, 19)
    test = stats.ttest_ind(x, y)
    pooled = math.sqrt((22 * x.var(ddof=1) + 18 * y.var(ddof=1)) / 40)
    se = pooled * math.sqrt(1 / 23 + 1 / 19)
    difference = x.mean() - y.mean()
    interval = test.confidence_interval(0.9)
    f = stats.f_oneway(x, y).statistic
    # 1e-9: scipy's tail areas and quantiles are good to about twelve digits
    assert se_from_interval(interval.low, interval.high, 0.9, df=40) == pytest.approx(se, rel=1e-9)
    assert se_from_p(difference, test.pvalue, df=40) == pytest.approx(se, rel=1e-9)
    assert se_from_t(difference, test.statistic) == pytest.approx(se, rel=1e-9)
    assert se_from_f(difference, f) == pytest.approx(se, rel=1e-9)
    assert sd_from_se_of_difference(se, 23, 19) == pytest.approx(pooled, rel=1e-9)


def test_very_small_p_values_keep_their_digits():
    for z in (8.0, 20.0, 35.0):
        # 1e-6: the quantile of a tail area of 1e-268 needs its logarithm to 1e-13
        assert se_from_p(z, 2 * stats.norm.sf(z)) == pytest.approx(1, rel=1e-6)


def test_sd_behind_a_paired_difference_by_hand():
    # SD 6, r = 0.5: the difference has SD 6, of 9 people an SE of 2
    assert sd_from_paired_se(2.0, 9, 0.5) == pytest.approx(6.0)
    # SD 6, r = 0: 6 √2 / √9
    assert sd_from_paired_se(6 * math.sqrt(2) / 3, 9, 0.0) == pytest.approx(6.0)


def test_log_odds_are_divided_by_1_81():
    # Chinn 2000 (Statistics in Medicine 19:3127-3131): divide ln(OR) by 1.81; π/√3 = 1.8138
    d, se = smd_from_log_odds(1.81, 0.362)
    assert d == pytest.approx(1, abs=3e-3)
    assert se == pytest.approx(0.2, abs=6e-4)


@pytest.mark.parametrize("cut", [-2.0, 0.3, 1.0, 4.0])
def test_logistic_scores_shifted_by_d_have_that_log_odds_ratio_at_any_cut(cut):
    # two logistic groups, SD 5, means 3 apart: d = 0.6
    scale = 5 * math.sqrt(3) / math.pi

    def log_odds(mean):
        above = stats.logistic.sf(cut, mean, scale)
        return math.log(above / (1 - above))

    d, _ = smd_from_log_odds(log_odds(3.0) - log_odds(0.0), 1.0)
    assert d == pytest.approx(0.6, rel=1e-12)


def test_log_odds_and_back():
    assert log_odds_from_smd(*smd_from_log_odds(-0.83, 0.31)) == pytest.approx((-0.83, 0.31))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: se_from_t(3, 0), "t of 0"),
        (lambda: se_from_t(0, 2), "difference of 0"),
        (lambda: se_from_f(3, 0), "f = 0 is not above 0"),
        (lambda: se_from_p(3, 1), "p = 1 is not between 0 and 1"),
        (lambda: se_from_p(3, 0), "p = 0 is not between 0 and 1"),
        (lambda: se_from_p(0, 0.4), "difference of 0"),
        (lambda: se_from_p(3, 0.4, df=0), "df = 0 is not above 0"),
        (lambda: se_from_interval(2, 1), "does not rise"),
        (lambda: se_from_interval(1, 2, 95), "not a proportion"),
        (lambda: log_interval_se(-0.3, 2), "low = -0.3 is not above 0"),
        (lambda: log_interval_se(2, 0.5), "does not rise"),
        (lambda: sd_from_se_of_difference(-1, 5, 5), "se = -1 is not above 0"),
        (lambda: sd_from_se_of_difference(1, 0, 5), "n1 = 0 is less than 1"),
        (lambda: sd_from_paired_se(1, 5, 1.0), "r = 1 is not between"),
        (lambda: sd_from_paired_se(1, 1, 0.5), "n = 1 is less than 2"),
        (lambda: smd_from_log_odds(float("inf"), 1), "log_or is not a finite number"),
        (lambda: log_odds_from_smd(1, 0), "se = 0 is not above 0"),
    ],
)
def test_impossible_numbers_are_refused(call, message):
    with pytest.raises(ConversionError, match=message):
        call()
