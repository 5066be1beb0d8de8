"""A fit alone is, to the last bit, the same fit in a batch."""

import numpy as np
import pytest

from ketameta.stats import meta_regression, random_effects
from ketameta.stats.numerics.shown import number_fields
from ketameta.stats.univariate.intervals import RULES
from ketameta.stats.univariate.pooling import by_rules
from ketameta.stats.univariate.tau2 import ESTIMATORS

PROFILE = {"interval": "profile", "tau2_interval": "profile"}
CALLS = [(name, {}) for name in ESTIMATORS]
CALLS += [(name, how) for name in ("REML", "ML") for how in (PROFILE, {"interval": "henmi-copas"})]
K = 12


def batch(n):
    """Return analyses of all kinds: absent studies, two peaks, extreme units, equal effects."""
    g = np.random.default_rng(n)
    v = 10 ** g.uniform(-1, 1, (n, 1)) * g.chisquare(1, (n, K)).clip(0.001, 20)
    y = g.normal(0.3, np.sqrt(v + g.choice([0, 0.1, 3], (n, 1))))
    v[::5] *= 10 ** g.uniform(-6, 6, v[::5].shape)
    y[::4] += g.choice([-8, 0, 8], y[::4].shape)
    v[3::9] *= 1e-50
    y[3::9] *= 1e-25
    y[7::20] = 1.0
    gone = g.random((n, K)) < g.choice([0, 0.3], (n, 1))
    y[gone] = v[gone] = np.nan
    return y, v


def assert_same(alone, whole, place):
    for name in number_fields(type(alone)):
        one, many = np.asarray(getattr(alone, name)), np.asarray(getattr(whole, name))[place]
        equal_nan = one.dtype.kind == "f"
        assert np.array_equal(one, many, equal_nan=equal_nan), (name, one - many)


@pytest.mark.parametrize(("tau2", "how"), CALLS)
def test_a_mean(tau2, how):
    n = 12 if how else 60
    y, v = batch(n)
    whole = random_effects(y, v, tau2, **how)
    for i in range(n):
        assert_same(random_effects(y[i], v[i], tau2, **how), whole, i)


@pytest.mark.parametrize("tau2", ["REML", "EE", "PM"])
def test_each_of_several_rules(tau2):
    y, v = batch(20)
    y[3, 1:] = v[3, 1:] = np.nan
    for rule, fit in zip(RULES, by_rules(y, v, tau2, RULES, 0.9), strict=True):
        alone = random_effects(y, v, tau2, rule, 0.9, tau2_interval=None)
        assert_same(fit, alone, slice(None))
        one = by_rules(y[0], v[0], tau2, RULES, 0.9)[RULES.index(rule)]
        assert_same(one, random_effects(y[0], v[0], tau2, rule, 0.9, tau2_interval=None), ...)


def test_many_peaks_at_once():
    # so many pieces are searched for other maxima that their number could matter
    g = np.random.default_rng(5)
    v = 10 ** g.uniform(-4, 1, (3000, 6))
    y = g.normal(0, 3, v.shape)
    whole = random_effects(y, v, "ML", tau2_interval=None)
    for i in range(0, len(y), 40):
        assert_same(random_effects(y[i], v[i], "ML", tau2_interval=None), whole, i)


@pytest.mark.parametrize("absent", [0, 5])
def test_studies_that_are_not_there(absent):
    y, v = batch(40)
    # of so many more that the gaps are closed before the fit
    more = np.random.default_rng(0).permuted(np.tile(np.arange(K) < absent, (len(y), 1)), axis=1)
    y[more] = v[more] = np.nan
    whole = random_effects(y, v)
    for i in range(len(y)):
        here = ~np.isnan(y[i])
        alone = random_effects(y[i, here], v[i, here])
        for name in ("tau2", "tau2_low", "tau2_high", "estimate", "ci_low", "p", "i2", "q"):
            assert np.array_equal(getattr(alone, name), getattr(whole, name)[i], equal_nan=True)
        np.testing.assert_array_equal(alone.weights, whole.weights[i, here])


@pytest.mark.parametrize("tau2", ["EE", "DL", "HE", "SJ", "PM", "REML"])
def test_a_regression(tau2):
    y, v = batch(15)
    x = np.random.default_rng(9).normal(size=(15, K, 2))
    whole = meta_regression(y, v, x, tau2)
    for i in range(15):
        assert_same(meta_regression(y[i], v[i], x[i], tau2), whole, i)
