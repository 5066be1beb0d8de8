"""Arm data, reported in other ways and recovered within the error that each method states.

The people are drawn, summarised as a trial would summarise them, printed with rounding where
papers round, and converted back.
"""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from ketameta.normalize.conversions import (
    change_sd,
    combine_groups,
    correlation_from_paired_se,
    correlation_from_sds,
    counts_from_ratio,
    events_from_percent,
    log_interval_se,
    mean_sd_from_quantiles,
    parse_p,
    possible_counts,
    possible_tables,
    sd_from_interval,
    sd_from_paired_se,
    sd_from_se,
    sd_from_se_of_difference,
    se_from_f,
    se_from_interval,
    se_from_p,
    se_from_t,
)

steady = settings(derandomize=True, deadline=None, max_examples=100)
EXACT = 1e-9  # quantiles and tail areas of scipy agree with each other to about 1e-12

sizes = st.integers(2, 400)
means = st.floats(-60, 60)
sds = st.floats(0.5, 30)
levels = st.sampled_from([0.8, 0.9, 0.95, 0.99])
correlations = st.floats(-0.9, 0.95)


@steady
@given(sizes, sds)
def test_sd_reported_as_standard_error(n, sd):
    assert sd_from_se(sd / math.sqrt(n), n) == pytest.approx(sd, rel=EXACT)


@steady
@given(st.integers(5, 400), sds, st.integers(1, 3))
def test_sd_reported_as_a_rounded_standard_error(n, sd, decimals):
    se = round(sd / math.sqrt(n), decimals)
    assume(se > 0)
    half = 0.5 * 10**-decimals
    # the stated bound: half a unit of the last place over the printed SE
    assert abs(sd_from_se(se, n) / sd - 1) <= half / (sd / math.sqrt(n)) + EXACT


@steady
@given(sizes, means, sds, levels)
def test_sd_reported_as_an_interval_of_any_level(n, mean, sd, level):
    low, high = stats.t.interval(level, n - 1, mean, sd / math.sqrt(n))
    assert sd_from_interval(low, high, n, level) == pytest.approx(sd, rel=EXACT)


@steady
@given(st.integers(10, 400), sds, levels)
def test_sd_reported_as_a_normal_interval_comes_out_too_small_by_z_over_t(n, sd, level):
    low, high = stats.norm.interval(level, 3, sd / math.sqrt(n))
    z, t = stats.norm.ppf(0.5 + level / 2), stats.t.ppf(0.5 + level / 2, n - 1)
    assert sd_from_interval(low, high, n, level) == pytest.approx(sd * z / t, rel=EXACT)


@steady
@given(st.integers(3, 200), st.integers(3, 200), st.floats(0.5, 20), sds, levels)
def test_sd_reported_as_interval_t_f_or_p_of_a_difference(n1, n2, difference, sd, level):
    se, df = sd * math.sqrt(1 / n1 + 1 / n2), n1 + n2 - 2
    t = difference / se
    p = 2 * stats.t.sf(t, df)
    assume(p > 1e-290)  # smaller ones lose digits in the number itself
    low, high = stats.t.interval(level, df, difference, se)
    reported = {
        "interval": se_from_interval(low, high, level, df),
        "t": se_from_t(difference, t),
        "F": se_from_f(-difference, t**2),
        "p": se_from_p(difference, p, df),
    }
    for found in reported.values():
        # 1e-7: p near 1 (a t near 0) keeps half of the digits of t
        assert sd_from_se_of_difference(found, n1, n2) == pytest.approx(sd, rel=1e-7)


@steady
@given(st.floats(0.3, 6), st.floats(0.5, 9))
def test_a_rounded_p_value_gives_an_se_between_those_of_its_neighbours(z, difference):
    text = f"{2 * stats.norm.sf(z):.3f}".removeprefix("0")
    assume(float(text) > 0)
    p, relation = parse_p(text)
    assert relation == "="
    low, high = (se_from_p(difference, p + step) for step in (-0.0005, 0.0005) if 0 < p + step < 1)
    assert low * (1 - EXACT) <= difference / z <= high * (1 + EXACT)


@steady
@given(st.floats(3.3, 8), st.floats(0.5, 9))
def test_a_bound_of_a_p_value_gives_an_se_that_is_too_large(z, difference):
    bound, relation = parse_p("<.001")
    assert relation == "<"
    assert se_from_p(difference, bound) > difference / z


@steady
@given(st.floats(0.05, 20), st.floats(0.05, 1.5), levels)
def test_log_ratio_reported_as_an_interval(ratio, se, level):
    low, high = np.exp(stats.norm.interval(level, math.log(ratio), se))
    assert log_interval_se(low, high, level) == pytest.approx(se, rel=EXACT)


@steady
@given(sds, sds, correlations, sizes)
def test_correlation_reported_by_the_change_or_the_paired_error(sd1, sd2, r, n):
    change = change_sd(sd1, sd2, r)
    # the correlation is a difference of squares over a product: the ratio of SDs times rounding
    off = 1e-12 * max(sd1 / sd2, sd2 / sd1)
    assert correlation_from_sds(sd1, sd2, change) == pytest.approx(r, abs=off)
    assert correlation_from_paired_se(sd1, sd2, change / math.sqrt(n), n) == pytest.approx(
        r, abs=off
    )


@steady
@given(sds, correlations, sizes)
def test_sd_reported_by_the_error_of_a_paired_difference(sd, r, n):
    se = change_sd(sd, sd, r) / math.sqrt(n)
    assert sd_from_paired_se(se, n, r) == pytest.approx(sd, rel=EXACT)


@steady
@given(st.lists(st.lists(means, min_size=1, max_size=8), min_size=1, max_size=4))
def test_people_reported_by_subgroup(groups):
    together = np.concatenate([np.array(group) for group in groups])
    assume(len(together) > 1)
    parts = [(len(g), np.mean(g), np.std(g, ddof=1) if len(g) > 1 else 0.0) for g in groups]
    n, mean, sd = combine_groups(parts)
    assert n == len(together)
    # 1e-12 of the largest value: sums of up to 32 numbers below 60
    assert mean == pytest.approx(together.mean(), abs=1e-12)
    assert sd == pytest.approx(together.std(ddof=1), rel=EXACT, abs=1e-6)


@steady
@given(st.data(), st.integers(1, 99), st.integers(0, 3))
def test_events_reported_as_a_percentage(data, n, decimals):
    events = data.draw(st.integers(0, n))
    printed = float(f"{100 * events / n:.{decimals}f}")
    assert events_from_percent(printed, n, decimals) == events


@steady
@given(st.data(), st.integers(100, 5000), st.integers(0, 2))
def test_events_reported_as_a_percentage_of_many_are_among_the_possible(data, n, decimals):
    events = data.draw(st.integers(0, n))
    printed = float(f"{100 * events / n:.{decimals}f}")
    found = possible_counts(printed, n, decimals)
    assert events in found
    # each fits, and no neighbour does
    half = 0.5 * 10**-decimals * (1 + 1e-9)
    assert all(abs(100 * k / n - printed) <= half for k in found)
    beside = [k for k in (found[0] - 1, found[-1] + 1) if 0 <= k <= n]
    assert all(abs(100 * k / n - printed) > half * (1 - 1e-8) for k in beside)


@steady
@given(st.data(), st.sampled_from(["OR", "RR"]), st.integers(4, 120), st.integers(4, 120))
def test_counts_reported_as_a_ratio_with_its_interval(data, measure, n1, n2):
    a, c = data.draw(st.integers(1, n1 - 1)), data.draw(st.integers(1, n2 - 1))
    if measure == "OR":
        ratio = a * (n2 - c) / (c * (n1 - a))
        se = math.sqrt(1 / a + 1 / (n1 - a) + 1 / c + 1 / (n2 - c))
    else:
        ratio, se = (a / n1) / (c / n2), math.sqrt(1 / a - 1 / n1 + 1 / c - 1 / n2)
    limits = [round(v, 2) for v in (ratio, *np.exp(stats.norm.interval(0.95, math.log(ratio), se)))]
    assume(0 < limits[1] < limits[2])
    assert (a, c) in possible_tables(measure, *limits, n1, n2, decimals=2)
    fine = [round(v, 6) for v in (ratio, *np.exp(stats.norm.interval(0.95, math.log(ratio), se)))]
    assume(fine[1] > 0)
    found = counts_from_ratio(measure, *fine, n1, n2, decimals=6, control_risk=c / n2)
    assert found == (a, c)


# Largest errors in SDs of the sample, of 400 samples of 60: the root mean square errors that
# `mean_sd_from_quantiles` states lie between those of n = 25 and 101; five times that is never met.
@pytest.mark.parametrize("method", ["shi2020", "luo2018", "wan2014", "mcgrath2020-bc"])
@pytest.mark.parametrize(
    ("names", "of_mean", "of_sd"),
    [
        (("minimum", "median", "maximum"), 0.14, 0.11),
        (("q1", "median", "q3"), 0.11, 0.19),
        (("minimum", "q1", "median", "q3", "maximum"), 0.08, 0.09),
    ],
)
def test_mean_and_sd_reported_as_quantiles_of_a_normal_sample(method, names, of_mean, of_sd):
    rng = np.random.default_rng(60)
    at = dict(minimum=0, q1=0.25, median=0.5, q3=0.75, maximum=1)
    for sample in rng.normal(30, 6, (200, 60)):
        values = {name: float(np.quantile(sample, at[name])) for name in names}
        mean, sd = mean_sd_from_quantiles(60, **values, method=method)
        truth = sample.std(ddof=1)
        assert abs(mean - sample.mean()) / truth < 5 * of_mean
        assert abs(sd / truth - 1) < 5 * of_sd
