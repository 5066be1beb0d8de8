"""Mean and SD from medians, quartiles and ranges.

Pinned numbers: the help page of metafor's conv.fivenum (version 4.7-4, "Examples"; its methods
"default" and "qe" and "bc" are those tested here), the README of estmeansd, and table 1 of Wan
and others 2014. Everything else is derived in the test.
"""

import math

import numpy as np
import pytest
from scipy import stats

from ketameta.normalize.conversions import (
    ConversionError,
    mean_sd_from_quantiles,
    sd_from_quantiles,
    too_skewed,
)

RANGE = dict(minimum=2, maximum=14)
QUARTILES = dict(q1=4, q3=10)
CASES = {"S1": RANGE, "S2": QUARTILES, "S3": {**RANGE, **QUARTILES}}
PROBABILITIES = {"S1": (0, 2, 4), "S2": (1, 2, 3), "S3": (0, 1, 2, 3, 4)}
NAMES = ("minimum", "q1", "median", "q3", "maximum")


def quantiles_of(distribution, n, scenario):
    """Return the quantiles of a distribution that stand for a summary of n people."""
    values = distribution.ppf([1 / n, 0.25, 0.5, 0.75, 1 - 1 / n])
    return {NAMES[i]: float(values[i]) for i in PROBABILITIES[scenario]}


# The printed digits are six after the point.
@pytest.mark.parametrize(
    ("scenario", "mean", "sd"),
    [("S1", 6.594468, 3.211576), ("S2", 6.719500, 4.787076), ("S3", 6.938841, 3.679435)],
)
def test_luo_wan_and_shi_as_on_the_help_page_of_conv_fivenum(scenario, mean, sd):
    found = mean_sd_from_quantiles(20, 6, **CASES[scenario])
    assert found == (pytest.approx(mean, abs=5e-7), pytest.approx(sd, abs=5e-7))
    assert sd_from_quantiles(20, **CASES[scenario]) == found[1]


# The program behind the help page stops its search early: its optimum is good to about 4 digits
# (a search in closed form cannot be worse: see the tests of the families below).
@pytest.mark.parametrize(
    ("scenario", "mean", "sd"),
    [("S1", 6.762910, 3.803302), ("S2", 7.922472, 6.337109), ("S3", 7.043956, 3.852243)],
)
def test_quantile_estimation_as_on_the_help_page_of_conv_fivenum(scenario, mean, sd):
    found = mean_sd_from_quantiles(20, 6, **CASES[scenario], method="mcgrath2020-qe")
    assert found == (pytest.approx(mean, rel=5e-5), pytest.approx(sd, rel=5e-5))


def test_quantile_estimation_as_in_the_readme_of_estmeansd():
    found = mean_sd_from_quantiles(100, 4, minimum=2, maximum=9, method="mcgrath2020-qe")
    assert found == (pytest.approx(4.347284, rel=5e-5), pytest.approx(1.502171, rel=5e-5))


# There, random numbers take the Box-Cox scale back: n + 1000 of them. Four standard errors of
# their mean; of their SD, which is skewed, a tenth.
@pytest.mark.parametrize(
    ("n", "values", "mean", "sd"),
    [
        (20, dict(median=6, **RANGE), 6.470861, 3.262934),
        (20, dict(median=6, **QUARTILES), 8.135197, 6.489805),
        (20, dict(median=6, **RANGE, **QUARTILES), 7.498873, 4.978785),
        (100, dict(median=4, minimum=2, maximum=9), 4.204881, 1.277236),
    ],
)
def test_box_cox_agrees_with_random_numbers_of_the_help_page_and_the_readme(n, values, mean, sd):
    found = mean_sd_from_quantiles(n, **values, method="mcgrath2020-bc")
    assert found[0] == pytest.approx(mean, abs=4 * sd / math.sqrt(n + 1000))
    assert found[1] == pytest.approx(sd, rel=0.1)


@pytest.mark.parametrize(
    ("n", "xi", "off"), [(5, 2.326, 0.015), (10, 3.078, 6e-3), (25, 3.931, 1e-3), (50, 4.498, 3e-3)]
)
def test_range_is_divided_by_xi_of_wan_table_1(n, xi, off):
    # the table is exact (mean range of n normal scores), the formula Blom's approximation to it
    assert sd_from_quantiles(n, minimum=0, maximum=xi) == pytest.approx(1, rel=off)


def test_quartiles_of_many_people_are_1_35_sds_apart():
    # Cochrane Handbook 6.5.2.5: the SD is about the interquartile range over 1.35
    assert sd_from_quantiles(10**6, q1=0, q3=1.35) == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize(
    ("scenario", "mean"),
    [("S1", (2 + 12 + 14) / 4), ("S2", 20 / 3), ("S3", (2 + 8 + 12 + 20 + 14) / 8)],
)
def test_means_of_wan_by_hand(scenario, mean):
    found, _ = mean_sd_from_quantiles(20, 6, **CASES[scenario], method="wan2014")
    assert found == pytest.approx(mean, rel=1e-15)


def test_sds_of_wan_and_shi_are_weighted_means_of_both():
    by_range, by_quartiles = sd_from_quantiles(20, **RANGE), sd_from_quantiles(20, **QUARTILES)
    both = {**RANGE, **QUARTILES}
    assert sd_from_quantiles(20, **both, method="wan2014") == pytest.approx(
        (by_range + by_quartiles) / 2
    )
    # the short cut of Shi 2020: (b - a)/θ1 + (q3 - q1)/θ2
    theta1 = (2 + 0.14 * 20**0.6) * stats.norm.ppf((20 - 0.375) / 20.25)
    theta2 = (2 + 2 / (0.07 * 20**0.6)) * stats.norm.ppf((15 - 0.125) / 20.25)
    assert sd_from_quantiles(20, **both) == pytest.approx(12 / theta1 + 6 / theta2, rel=1e-12)


def test_methods_differ_in_what_they_say():
    luo = mean_sd_from_quantiles(20, 6, **CASES["S3"], method="luo2018")
    wan = mean_sd_from_quantiles(20, 6, **CASES["S3"], method="wan2014")
    shi = mean_sd_from_quantiles(20, 6, **CASES["S3"], method="shi2020")
    assert luo == (shi[0], wan[1])
    assert luo[0] != wan[0]
    assert luo[1] != shi[1]


@pytest.mark.parametrize("scenario", CASES)
@pytest.mark.parametrize(
    "distribution",
    [
        stats.norm(30, 4),
        stats.lognorm(0.8, scale=12),
        stats.gamma(2.5, scale=6),
        stats.weibull_min(1.4, scale=20),
        stats.beta(2, 5),
    ],
    ids=["normal", "log-normal", "gamma", "weibull", "beta"],
)
def test_quantile_estimation_recovers_each_family_from_its_own_quantiles(distribution, scenario):
    values = quantiles_of(distribution, 40, scenario)
    mean, sd = mean_sd_from_quantiles(40, **values, method="mcgrath2020-qe")
    # the searches stop at 1e-10 of the shape (beta: 1e-9), the moments lose a few digits more
    assert mean == pytest.approx(distribution.mean(), rel=1e-6)
    assert sd == pytest.approx(distribution.std(), rel=1e-5)


def test_quantile_estimation_fits_a_normal_to_negative_values():
    values = dict(q1=-14.0, median=-9.0, q3=-3.0)
    mean, sd = mean_sd_from_quantiles(30, **values, method="mcgrath2020-qe")
    slope = stats.linregress(stats.norm.ppf([0.25, 0.5, 0.75]), [-14, -9, -3])
    assert (mean, sd) == (pytest.approx(slope.intercept), pytest.approx(slope.slope))


def test_box_cox_of_a_square_root_scale_is_a_truncated_normal_squared():
    # √x is symmetric: 2, 3, 4, so λ = ½; there √x has Luo's mean 3 and Wan's SD s, and is cut
    # at 0 and 6, so that the mean of x is 9 + var and its variance that of a square.
    n = 20
    s = 2 / (2 * stats.norm.ppf((0.75 * n - 0.125) / (n + 0.25)))
    root = stats.truncnorm(-3 / s, 3 / s, 3, s)
    mean = root.moment(2)
    sd = math.sqrt(root.moment(4) - mean**2)
    found = mean_sd_from_quantiles(n, 9, 4, 16, method="mcgrath2020-bc")
    # the power is found to about 1e-9
    assert found == (pytest.approx(mean, rel=1e-7), pytest.approx(sd, rel=1e-7))


@pytest.mark.parametrize("more", [0.0, 3.0])
def test_box_cox_of_a_log_scale_is_log_normal_also_beyond_it(more):
    # a scale more skewed than the log-normal has λ below 0, which is taken as 0
    n, logs = 30, (1.0, 2.0, 3.0 + more)
    s = (logs[2] - logs[0]) / (2 * stats.norm.ppf((n - 0.375) / (n + 0.25)))
    w = 4 / (4 + n**0.75)
    m = w * (logs[0] + logs[2]) / 2 + (1 - w) * logs[1]
    low, middle, high = (math.exp(value) for value in logs)
    found = mean_sd_from_quantiles(n, middle, minimum=low, maximum=high, method="mcgrath2020-bc")
    expected = stats.lognorm(s, scale=math.exp(m))
    # near λ = 0 the moments change by about λ times 10: a power of 1e-9 found instead of 0
    assert found == (
        pytest.approx(expected.mean(), rel=1e-6),
        pytest.approx(expected.std(), rel=1e-6),
    )


@pytest.mark.parametrize("scenario", CASES)
def test_box_cox_of_symmetric_values_is_luo_and_wan(scenario):
    values = dict(zip(NAMES, (60, 90, 100, 110, 140), strict=True))
    values = {NAMES[i]: values[NAMES[i]] for i in PROBABILITIES[scenario]}
    plain = mean_sd_from_quantiles(40, **values, method="luo2018")
    # λ = 1; what lies below 0 is five SDs away
    found = mean_sd_from_quantiles(40, **values, method="mcgrath2020-bc")
    assert found == (pytest.approx(plain[0], rel=1e-7), pytest.approx(plain[1], rel=1e-4))


@pytest.mark.parametrize("scenario", CASES)
@pytest.mark.parametrize("method", ["shi2020", "wan2014", "mcgrath2020-qe", "mcgrath2020-bc"])
def test_units_do_not_matter(method, scenario):
    mean, sd = mean_sd_from_quantiles(20, 6, **CASES[scenario], method=method)
    scaled = {name: 1000 * value for name, value in CASES[scenario].items()}
    found = mean_sd_from_quantiles(20, 6000, **scaled, method=method)
    assert found == (pytest.approx(1000 * mean, rel=1e-9), pytest.approx(1000 * sd, rel=1e-9))


@pytest.mark.parametrize("method", ["shi2020", "wan2014", "luo2018"])
def test_a_shift_moves_the_mean_and_a_mirror_turns_it(method):
    mean, sd = mean_sd_from_quantiles(20, 6, 4, 10, 2, 14, method)
    assert mean_sd_from_quantiles(20, -94, -96, -90, -98, -86, method) == (
        pytest.approx(mean - 100),
        pytest.approx(sd),
    )
    assert mean_sd_from_quantiles(20, -6, -10, -4, -14, -2, method) == (
        pytest.approx(-mean),
        pytest.approx(sd),
    )


def test_skewness_as_on_the_help_page_of_conv_fivenum():
    assert [too_skewed(20, 6, **values) for values in CASES.values()] == [False, False, False]
    assert too_skewed(20, 6, 4, 14, 2, 20) is True


# The critical values printed there for n = 20: 0.416, 0.578 and 0.666.
@pytest.mark.parametrize(
    ("critical", "values"),
    [
        (0.416, lambda t: dict(minimum=-1, median=-t, maximum=1)),
        (0.578, lambda t: dict(q1=-1, median=-t, q3=1)),
        (0.666, lambda t: dict(minimum=-9, q1=-1, median=-t, q3=1, maximum=9 - 2 * t)),
    ],
)
def test_skewness_is_called_at_the_printed_critical_values(critical, values):
    assert not too_skewed(20, **values(critical - 0.001))
    assert too_skewed(20, **values(critical + 0.001))
    mirrored = values(critical + 0.001)["median"]
    assert mirrored < 0  # the tail is to the right here; to the left it is called as well
    turned = {NAMES[4 - NAMES.index(name)]: -v for name, v in values(critical + 0.001).items()}
    assert too_skewed(20, **turned)


def test_the_range_alone_can_show_skewness_among_all_five():
    # T2 = 0; T1 × 2.65 ln(12)/√20 reaches 0.666 (printed) at T1 = 0.452
    t = 0.6658 / (2.65 * math.log(12) / math.sqrt(20))
    shape = dict(median=0, q1=-0.1, q3=0.1)
    assert not too_skewed(20, **shape, minimum=-(1 - t + 0.002), maximum=1 + t - 0.002)
    assert too_skewed(20, **shape, minimum=-(1 - t - 0.002), maximum=1 + t + 0.002)


@pytest.mark.parametrize("scenario", CASES)
@pytest.mark.parametrize("n", [13, 41, 201])
def test_normal_samples_are_called_skewed_one_time_in_twenty(n, scenario):
    rng = np.random.default_rng(n)
    samples = np.quantile(rng.normal(size=(4000, n)), [0, 0.25, 0.5, 0.75, 1], axis=1).T
    called = [too_skewed(n, **{NAMES[i]: q[i] for i in PROBABILITIES[scenario]}) for q in samples]
    # 0.05 with a standard error of 0.0034 for 4000 samples; the critical values are fitted curves
    assert np.mean(called) == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("scenario", CASES)
def test_log_normal_samples_are_mostly_called_skewed(scenario):
    rng = np.random.default_rng(3)
    samples = np.quantile(rng.lognormal(sigma=1, size=(500, 201)), [0, 0.25, 0.5, 0.75, 1], axis=1)
    given = ({NAMES[i]: q[i] for i in PROBABILITIES[scenario]} for q in samples.T)
    called = [too_skewed(201, **values) for values in given]
    assert np.mean(called) > 0.85


# As the docstring says: root mean square error in SDs of the sample, mean and SD, n = 25 and 101.
@pytest.mark.parametrize(
    ("scenario", "n", "of_mean", "of_sd"),
    [
        ("S1", 25, 0.11, 0.11),
        ("S1", 101, 0.07, 0.10),
        ("S2", 25, 0.08, 0.19),
        ("S2", 101, 0.04, 0.09),
        ("S3", 25, 0.05, 0.06),
        ("S3", 101, 0.03, 0.05),
    ],
)
def test_the_error_on_normal_samples_is_as_stated(scenario, n, of_mean, of_sd):
    rng = np.random.default_rng(n)
    samples = rng.normal(24, 9, (2000, n))
    summaries = np.quantile(samples, [0, 0.25, 0.5, 0.75, 1], axis=1).T
    means, sds = samples.mean(axis=1), samples.std(axis=1, ddof=1)
    found = np.array(
        [
            mean_sd_from_quantiles(n, **{NAMES[i]: q[i] for i in PROBABILITIES[scenario]})
            for q in summaries
        ]
    )
    # stated to two digits; a root mean square of 2000 is good to about 2%
    assert np.sqrt(np.mean(((found[:, 0] - means) / sds) ** 2)) == pytest.approx(of_mean, abs=0.007)
    assert np.sqrt(np.mean((found[:, 1] / sds - 1) ** 2)) == pytest.approx(of_sd, abs=0.007)
    # nearly unbiased: four standard errors, and 1.5% that the fitted formulas leave
    assert abs(np.mean(found[:, 1] / sds) - 1) < 4 * of_sd / math.sqrt(2000) + 0.015


@pytest.mark.parametrize(("n", "bias"), [(25, 0.14), (101, 0.08)])
def test_quantile_estimation_of_a_normal_range_is_too_wide_as_stated(n, bias):
    rng = np.random.default_rng(n)
    samples = rng.normal(60, 9, (400, n))
    found = [
        mean_sd_from_quantiles(
            n, np.median(x), minimum=x.min(), maximum=x.max(), method="mcgrath2020-qe"
        )[1]
        for x in samples
    ]
    # 400 ratios with an SD of about 0.12: a standard error of 0.006
    assert np.mean(found / samples.std(axis=1, ddof=1)) - 1 == pytest.approx(bias, abs=0.02)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_sd_from_quantiles(4, 6, 4, 10), "n = 4 is less than 5"),
        (lambda: mean_sd_from_quantiles(20, 6), "median given, needed: minimum, median, maximum"),
        (lambda: mean_sd_from_quantiles(20), "nothing given, needed"),
        (lambda: mean_sd_from_quantiles(20, 6, q1=4), "q1, median given, needed"),
        (lambda: mean_sd_from_quantiles(20, None, 4, 10), "q1, q3 given, needed"),
        (lambda: mean_sd_from_quantiles(20, 6, 4, 10, 2), "minimum, q1, median, q3 given"),
        (lambda: mean_sd_from_quantiles(20, 3, 4, 10), "q1 4 is above median 3"),
        (lambda: mean_sd_from_quantiles(20, 6, 4, 10, 5, 14), "minimum 5 is above q1 4"),
        (lambda: mean_sd_from_quantiles(20, 6, 6, 6), "no spread"),
        (lambda: mean_sd_from_quantiles(20, 6, 6, 6, 2, 14), "no spread between them"),
        (lambda: mean_sd_from_quantiles(20, float("nan"), 4, 10), "median is not a finite number"),
        (
            lambda: mean_sd_from_quantiles(20, 6, 4, 10, method="hozo"),
            "'hozo' is not a method: shi",
        ),
        (lambda: mean_sd_from_quantiles(20, 6, 0, 10, method="mcgrath2020-bc"), "above 0, not 0"),
        (
            lambda: mean_sd_from_quantiles(20, 4, 4, 10, method="mcgrath2020-bc"),
            "differ from one another",
        ),
        (lambda: sd_from_quantiles(20, q1=4), "q1 given, needed: minimum, maximum; or q1, q3"),
        (lambda: sd_from_quantiles(20, 4, 10, method="luo2018"), "'luo2018' is not a method"),
        (lambda: too_skewed(20, 6, 4), "q1, median given"),
    ],
)
def test_what_is_no_summary_is_refused(call, message):
    with pytest.raises(ConversionError, match=message):
        call()


def test_a_minimum_of_zero_is_no_obstacle_to_quantile_estimation():
    mean, sd = mean_sd_from_quantiles(30, 4, 1, 9, 0, 25, method="mcgrath2020-qe")
    assert 4 < mean < 9
    assert 4 < sd < 9


@pytest.mark.parametrize("n", [5, 6, 11])
def test_no_sample_has_a_larger_sd_than_the_stated_bound(n):
    # brute force: the SD of people between 0 and 1 is largest with everyone at an end
    most = max(np.std([0] * k + [1] * (n - k), ddof=1) for k in range(1, n))
    bound = mean_sd_from_quantiles(n, 0.5, 0.25, 0.75, 0, 1)[1]
    assert bound < most
    # a mean of the range's and the quartiles' SD, the latter far above what the range allows
    with pytest.raises(
        ConversionError, match=rf"{n} people between 0 and 1 have one of {most:.5g}"
    ):
        sd_from_quantiles(n, q1=0, q3=1, minimum=0, maximum=1, method="wan2014")


def test_an_sd_that_the_range_forbids_is_refused():
    # two heaps, at 1 and 9: half of 400 people at each end have an SD of 4.005, Shi's weights 4.6
    with pytest.raises(
        ConversionError, match=r"gives an SD of 4\.\d+, but 400 people between 1 and 9"
    ):
        mean_sd_from_quantiles(400, 5, 1, 9, 1, 9)


def test_a_heap_at_zero_is_fitted_by_a_normal_alone():
    mean, sd = mean_sd_from_quantiles(30, 0, 0, 2, method="mcgrath2020-qe")
    slope = stats.linregress(stats.norm.ppf([0.25, 0.5, 0.75]), [0, 0, 2])
    assert (mean, sd) == (pytest.approx(slope.intercept), pytest.approx(slope.slope))


@pytest.mark.parametrize("values", [(0.001, 0.01, 5.0), (0.0, 1e-6, 5.0)])
def test_a_spike_with_a_tail_is_left_to_the_normal_by_quantile_estimation(values):
    # the best fit of every positive family has its mean far above the third quartile
    mean, sd = mean_sd_from_quantiles(30, values[1], values[0], values[2], method="mcgrath2020-qe")
    slope = stats.linregress(stats.norm.ppf([0.25, 0.5, 0.75]), values)
    assert (mean, sd) == (pytest.approx(slope.intercept), pytest.approx(slope.slope))


def test_a_spike_with_a_tail_is_refused_by_box_cox():
    # on the log scale ln 2 ± about 1.6: a log-normal mean of 2 exp(1.6²/2) and more
    with pytest.raises(ConversionError, match=r"too skewed: Box-Cox gives a mean .* value 9"):
        mean_sd_from_quantiles(30, 2, 1, 9, method="mcgrath2020-bc")
