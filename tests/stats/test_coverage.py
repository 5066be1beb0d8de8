"""Coverage of the HKSJ interval by simulation."""

import numpy as np
import pytest

from ketameta.stats import random_effects

N = 40_000
ERROR = np.sqrt(0.95 * 0.05 / N)  # Monte-Carlo, 0.0011


def coverage(k, tau2, low, high, interval):
    """Return how often an interval holds the true effect; variances uniform on (low, high)."""
    g = np.random.default_rng([k, int(100 * tau2)])
    v = g.uniform(low, high, (N, k))
    y = g.normal(0.3, np.sqrt(v + tau2))
    fit = random_effects(y, v, interval=interval, tau2_interval=None)
    return np.mean((fit.ci_low <= 0.3) & (fit.ci_high >= 0.3))


@pytest.mark.slow
@pytest.mark.parametrize("k", [5, 10, 20])
@pytest.mark.parametrize("tau2", [0.05, 0.2])
def test_hksj_covers_as_often_as_it_says(k, tau2):
    # Trials of sizes within a factor of two, log odds ratios: variances of 0.05 to 0.1.
    assert abs(coverage(k, tau2, 0.05, 0.1, "hksj") - 0.95) < 3 * ERROR


@pytest.mark.slow
@pytest.mark.parametrize("k", [5, 10, 20])
@pytest.mark.parametrize("tau2", [0.05, 0.2])
def test_hksj_falls_short_by_little_where_sizes_differ_tenfold(k, tau2):
    # t with k-1 degrees is exact for weights that are known. They are estimated, which with
    # very unequal variances costs up to 1% of coverage; Wald loses more.
    hksj, wald = (coverage(k, tau2, 0.02, 0.2, rule) for rule in ("hksj", "wald"))
    assert 0.94 - 3 * ERROR < hksj < 0.95 + 3 * ERROR
    assert wald < hksj
