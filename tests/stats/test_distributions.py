"""Quantiles and tails of a batch against `scipy.stats`, which does not share their code."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from ketameta.stats.numerics import distributions as d


def batch():
    """Return degrees of freedom of many kinds, some infinite and some missing, and statistics."""
    g = np.random.default_rng(2)
    df = np.repeat([1.0, 2.0, 7.0, 2.5, 60.0, 300.0, np.inf, np.nan], [10, 3, 10, 9, 8, 10, 9, 5])
    g.shuffle(df)
    return df, np.concatenate([[np.inf, -np.inf, np.nan, 1e8], g.normal(size=df.size - 4)])


def test_degrees_of_many_kinds_in_one_batch():
    df, z = batch()
    assert_allclose(d.t_tails(z, df), 2 * stats.t.sf(abs(z), df), rtol=1e-12)
    assert_allclose(d.t_quantile(df, 0.9), stats.t.ppf(0.95, df), rtol=1e-12)
    whole = df[np.isfinite(df)]
    assert_allclose(d.chi2_quantile(whole, 0.025), stats.chi2.isf(0.025, whole), rtol=1e-12)
    # of any shape
    assert d.t_quantile(np.array(3.0), 0.95) == d.t_quantile(np.full((2, 2), 3.0), 0.95)[1, 1]


def test_a_number_does_not_depend_on_those_beside_it():
    df, z = batch()
    for i in range(df.size):
        one = slice(i, i + 1)
        assert_array_equal(d.t_tails(z, df)[one], d.t_tails(z[one], df[one]))
        assert_array_equal(d.t_quantile(df, 0.95)[one], d.t_quantile(df[one], 0.95))
        assert_array_equal(d.chi2_quantile(df, 0.1)[one], d.chi2_quantile(df[one], 0.1))
