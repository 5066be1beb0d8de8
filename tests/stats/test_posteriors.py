"""Posteriors of the mean effect of many analyses at once, against those of each by itself."""

import numpy as np
import pytest

from ketameta.stats import half_cauchy, half_normal, log_normal, log_t
from ketameta.stats.univariate.bayes import Posterior
from ketameta.stats.univariate.posteriors import mean_posteriors

PRIORS = [half_normal(0.5), half_cauchy(0.5), log_normal(-2.56, 1.74), log_t(-3.44, 2.59)]


def some():
    """Return analyses of two to nine studies, some far from 0, some without any spread."""
    g = np.random.default_rng(5)
    yi = g.normal(-0.5, 0.4, (24, 9)) + g.normal(0, 30, (24, 1))
    yi[:4] = yi[:4, :1]
    vi = g.uniform(0.01, 0.4, yi.shape)
    gone = np.arange(9) >= g.integers(2, 10, (24, 1))
    return np.where(gone, np.nan, yi), np.where(gone, np.nan, vi)


@pytest.mark.parametrize("place", range(len(PRIORS)))
def test_median_and_shortest_interval_are_those_of_each_analysis_alone(place):
    yi, vi = some()
    found = mean_posteriors(yi, vi, PRIORS, 0.9)[place]
    for row, (y, v) in enumerate(zip(yi, vi, strict=True)):
        known = ~np.isnan(y)
        mu = Posterior(y[known], v[known], PRIORS[place]).mu
        low, high = mu.shortest(0.9)
        expected = (mu.quantile(0.5), low, high)
        told = (found.median[row], found.low[row], found.high[row])
        # two studies leave tails so heavy that ends of nearly equal density lie apart
        assert told == pytest.approx(expected, abs=2e-5 * (high - low))


def test_an_analysis_has_the_same_posterior_in_any_company():
    yi, vi = some()
    (whole,) = mean_posteriors(yi, vi, PRIORS[:1])
    (alone,) = mean_posteriors(yi[7:8], vi[7:8], PRIORS[:1])
    assert alone.median[0] == pytest.approx(whole.median[7], rel=1e-12)


def test_fewer_than_two_studies_have_none():
    (found,) = mean_posteriors([[0.3, np.nan], [0.1, 0.2]], [[0.1, np.nan], [0.1, 0.1]], PRIORS[:1])
    assert np.isnan(found.median).tolist() == [True, False]
    assert found.low[1] < 0.15 < found.high[1]
    assert found.median[1] == pytest.approx(0.15)
