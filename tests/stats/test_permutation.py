"""Permutation tests against metafor, enumeration and uniformity."""

from itertools import permutations, product

import numpy as np
import pytest
from numpy.testing import assert_allclose

from ketameta.stats import meta_regression, permutation_test, random_effects
from ketameta.stats.sensitivity.permutation import _distinct


@pytest.fixture
def expected(reference):
    return reference("univariate")["bcg"]["permutation"]


def test_sign_flips_agree_with_metafor(bcg, expected):
    y, v = bcg
    fit = permutation_test(y[:10], v[:10], tau2="DL", interval="wald")
    assert_allclose([fit.statistic, fit.p], expected["flip_10_DL_z"], rtol=1e-10)
    assert (fit.arrangements, fit.exact) == (1024, True)
    fit = permutation_test(y[:9], v[:9])
    assert_allclose([fit.statistic, fit.p], expected["flip_9_REML_knha"], rtol=1e-10)


def test_moderators_agree_with_metafor(bcg, expected, reference):
    y, v = bcg
    ablat = np.array(reference("univariate")["bcg"]["ablat"], float)
    alloc = np.array(reference("univariate")["bcg"]["alloc"])
    one = permutation_test(y[:7], v[:7], ablat[:7], "DL", "wald")
    ours = [*one.statistic, *one.p, one.qm, one.qm_p]
    assert_allclose(ours, expected["ablat_7_DL_z"], rtol=1e-9)
    # 44 occurs twice: 7! / 2 orders are distinct.
    assert (one.arrangements, one.exact) == (2520, True)
    two = permutation_test(y[:9], v[:9], (alloc[:9] == "random").astype(float), "DL")
    ours = [*two.statistic, *two.p, two.qm, two.qm_p]
    assert_allclose(ours, expected["alloc_9_DL_knha"], rtol=1e-9)


def test_flips_are_those_of_an_enumeration():
    g = np.random.default_rng(2)
    v = g.uniform(0.05, 0.5, 6)
    y = g.normal(0.4, np.sqrt(v + 0.1))
    z = [random_effects(y * s, v).statistic for s in product([1, -1], repeat=6)]
    share = np.mean(np.abs(z) >= abs(z[0]) - 1e-9)
    assert permutation_test(y, v).p == pytest.approx(share, rel=1e-12)


def test_orders_are_those_of_an_enumeration():
    g = np.random.default_rng(3)
    v = g.uniform(0.05, 0.5, 5)
    y, x = g.normal(0.4, np.sqrt(v + 0.1)), g.normal(size=5)
    z = [np.abs(meta_regression(y, v, p).statistic) for p in permutations(x)]
    share = np.mean(np.array(z) >= z[0] - 1e-9, axis=0)
    assert_allclose(permutation_test(y, v, x).p, share, rtol=1e-12)


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("spread", [3, 3000])
def test_orders_that_need_no_fit_are_those_below_the_observed(columns, spread):
    g = np.random.default_rng(columns)
    v = np.geomspace(0.01, 0.01 * spread, 120)
    x = np.eye(4)[g.integers(0, 4, 120), 1:] if columns > 1 else g.normal(2_000, 5, (120, 1))
    for slope in (0.0, 0.15, 0.4):
        effects = (x - x.mean(axis=0)) @ np.full(columns, slope / x.std())
        y = 0.2 + effects + g.normal(0, np.sqrt(v + 0.2))
        whole = permutation_test(y, v, x, at_most=300)
        alone = permutation_test(y, v, x, at_most=300, intercept=False)
        assert_allclose(alone.p, [np.nan, *whole.p[1:]], rtol=0)
        assert (alone.qm, alone.qm_p) == (whole.qm, whole.qm_p)


def test_distinct_orders_are_each_yielded_once():
    assert sorted(map(tuple, _distinct(np.array([1, 0, 1, 2])))) == sorted(
        set(permutations([0, 1, 1, 2]))
    )
    assert list(_distinct(np.array([], dtype=int))) == [[]]


def test_a_sample_comes_near_the_exact_p_and_is_repeatable(bcg):
    y, v = bcg[0] + 0.5, bcg[1]
    exact = permutation_test(y, v, tau2="DL")
    sample = permutation_test(y, v, tau2="DL", at_most=2000)
    assert (exact.exact, sample.exact, sample.arrangements) == (True, False, 2000)
    # Four standard errors of a share of 2,000.
    assert abs(sample.p - exact.p) < 4 * np.sqrt(exact.p * (1 - exact.p) / 2000)
    assert permutation_test(y, v, tau2="DL", at_most=2000).p == sample.p
    other = np.random.default_rng(99)
    assert permutation_test(y, v, tau2="DL", at_most=2000, generator=other).p != sample.p


def test_a_sample_counts_the_observed_arrangement():
    y, v = np.arange(10.0, 30.0), np.full(20, 0.1)
    fit = permutation_test(y, v, tau2="DL", at_most=50)
    assert fit.p == 1 / 50
    x = permutation_test(y, v, np.arange(20.0), "DL", at_most=50)
    assert_allclose([x.p[1], x.qm_p], 1 / 50)


def test_p_is_uniform_over_the_arrangements_of_one_set():
    # Over all 2^k flips of a set the exact p takes each of its values equally often, twice for
    # the mirror images: the definition of an exact test.
    g = np.random.default_rng(6)
    v = g.uniform(0.05, 0.5, 6)
    y = g.normal(size=6)
    p = [permutation_test(y * s, v, tau2="DL").p for s in product([1, -1], repeat=6)]
    assert_allclose(np.sort(p), np.repeat(np.arange(1, 33) / 32, 2), rtol=1e-12)


@pytest.mark.parametrize(("k", "p"), [(1, 1.0), (2, 0.5)])
def test_few_studies_cannot_be_significant(k, p):
    assert permutation_test([2.0, 3.0][:k], [0.01, 0.02][:k]).p == p


def test_no_study_gives_nan():
    fit = permutation_test([], [])
    assert np.isnan([fit.statistic, fit.p]).all()


def test_absent_studies_are_left_out(bcg):
    y, v = (np.r_[np.nan, a[:6]] for a in bcg)
    assert permutation_test(y, v).p == permutation_test(*(a[:6] for a in bcg)).p


@pytest.mark.parametrize(
    ("options", "message"),
    [({"at_most": 1}, "at_most"), ({"X": np.ones(3)}, "X has shape")],
)
def test_bad_options_are_named(bcg, options, message):
    with pytest.raises(ValueError, match=message):
        permutation_test(*bcg, **options)
    with pytest.raises(ValueError, match="takes one analysis"):
        permutation_test(np.ones((2, 3)), np.ones((2, 3)))
