"""Tails and quantiles of a batch against SciPy's, which the finite sums do not use."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from ketameta.stats.numerics import distributions as d


@pytest.mark.parametrize("df", [1, 2, 3, 4, 5, 12, 19, 40, 99, 100, 101, 2.5])
def test_tails_are_scipys_from_0_to_far_out(df):
    z = np.concatenate([np.linspace(0, 9, 400), -np.geomspace(1, 1e8, 50), [np.inf, -np.inf]])
    # The sum for t is taken from 1 where p is above 1e-3: rounding 1e-16, a few times, over that.
    assert_allclose(
        d.t_tails(z, np.full(z.size, float(df))), 2 * stats.t.sf(abs(z), df), rtol=2e-12
    )
    q = np.concatenate([np.linspace(0, 300, 500), np.geomspace(300, 1e6, 100)])
    # SciPy's own chi-squared has lost digits where it nears the smallest number.
    expected = stats.chi2.sf(q, df)
    normal = (expected > 1e-290) | (expected == 0)
    assert_allclose(
        d.chi2_tail(q, np.full(q.size, float(df)))[normal], expected[normal], rtol=1e-11
    )


def test_degrees_of_many_kinds_in_one_batch():
    g = np.random.default_rng(2)
    df = np.repeat([1.0, 2.0, 7.0, 2.5, 60.0, 300.0, np.nan], [100, 3, 100, 90, 80, 100, 5])
    g.shuffle(df)
    z, q = g.normal(size=df.size), g.uniform(0, 30, df.size)
    assert_allclose(d.t_tails(z, df), 2 * stats.t.sf(abs(z), df), rtol=1e-12)
    assert_allclose(d.chi2_tail(q, df), stats.chi2.sf(q, df), rtol=1e-12)
    assert_allclose(d.t_quantile(df, 0.9), stats.t.ppf(0.95, df), rtol=1e-12)
    assert_allclose(d.chi2_quantile(df, 0.025), stats.chi2.isf(0.025, df), rtol=1e-12)
    df[::2] = np.inf
    assert_allclose(d.t_tails(z, df), 2 * stats.t.sf(abs(z), df), rtol=1e-12)
    assert_allclose(d.t_quantile(df, 0.9)[::2], stats.norm.ppf(0.95), rtol=1e-15)


def test_a_number_does_not_depend_on_those_beside_it():
    g = np.random.default_rng(3)
    df = g.integers(1, 40, 500).astype(float)
    z, q = 2 * g.normal(size=500), g.uniform(0, 60, 500)
    for part in (slice(0, 2), slice(3, 50), df == 7, df == 8):
        np.testing.assert_array_equal(d.t_tails(z, df)[part], d.t_tails(z[part], df[part]))
        np.testing.assert_array_equal(d.chi2_tail(q, df)[part], d.chi2_tail(q[part], df[part]))


def test_a_statistic_that_is_no_number_stays_so():
    z = np.full(200, np.nan)
    assert np.isnan(d.t_tails(z, np.full(200, 5.0))).all()
    assert np.isnan(d.chi2_tail(z, np.full(200, 5.0))).all()
