"""REML and ML at the global maximum, against solvers that share no code with them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import brentq
from scipy.stats import chi2

from ketameta.stats import random_effects
from ketameta.stats.numerics.climb import LikelihoodPoint
from ketameta.stats.univariate import likelihood
from ketameta.stats.univariate.models import MeanModel

ROUNDING = 1e-9  # of a log-likelihood of size 10 to 1000, far below any difference of interest


def log_likelihood(t, y, v, restricted):
    """Return the log-likelihood of analyses (n, k) at t (n,), up to a constant; v = inf: absent."""
    s = v + t[:, None]
    w = 1 / s
    mu = (w * y).sum(1) / w.sum(1)
    value = np.where(np.isinf(s), 0, np.log(np.where(np.isinf(s), 1, s))).sum(1)
    value += (w * (y - mu[:, None]) ** 2).sum(1)
    return -0.5 * (value + restricted * np.log(w.sum(1)))


def grid_search(y, v, restricted, nodes=400):
    """Return the highest log-likelihood on a fine grid, each peak's neighbourhood refined."""
    low = v.min(1) / 100
    high = 10 * (np.nanmax(np.abs(y), 1) ** 2 + np.where(np.isinf(v), 0, v).max(1))
    start, end = np.zeros_like(low), np.log1p(high / low)
    best = np.full(len(y), -np.inf)
    for _ in range(3):
        at = np.linspace(start, end, nodes)
        values = np.array([log_likelihood(low * np.expm1(a), y, v, restricted) for a in at])
        top = values.argmax(0)
        best = np.maximum(best, values.max(0))
        rows = np.arange(len(y))
        start, end = at[np.maximum(top - 1, 0), rows], at[np.minimum(top + 1, nodes - 1), rows]
    return best


def score(t, y, v, restricted):
    """Return twice the score from the projection matrix, written out."""
    w = np.diag(1 / (v + t))
    one = np.ones((len(y), 1))
    p = w - w @ one @ one.T @ w / w.sum()
    return y @ p @ p @ y - np.trace(p if restricted else w)


def brent(y, v, restricted):
    """Return tau2 by grid and Brent: the likelihood's best grid cell, then the score's root."""
    grid = np.r_[0, np.geomspace(v.min() / 1e3, 10 * (np.ptp(y) ** 2 + v.max()), 3000)]
    values = log_likelihood(grid, np.broadcast_to(y, (len(grid), len(y))), v, restricted)
    top = values.argmax()
    lo, hi = grid[max(top - 1, 0)], grid[top + 1]
    if score(lo, y, v, restricted) <= 0:
        return 0.0
    return brentq(score, lo, hi, (y, v, restricted), xtol=1e-300, rtol=1e-14)


def hard_sets(n=2000, k=5, orders=4, seed=20260101):
    """Return sets with variances over `orders` orders of magnitude and outlying effects."""
    g = np.random.default_rng(seed)
    v = 10.0 ** g.uniform(-orders, 0, (n, k))
    tau2 = 10.0 ** g.uniform(-orders - 1, 0.5, (n, 1)) * (g.random((n, 1)) < 0.8)
    return g.normal(size=(n, k)) * np.sqrt(v * g.choice([0.1, 1, 3], (n, k)) + tau2), v


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_tau2_is_that_of_grid_and_brent(univariate, method):
    y, v = np.array(univariate["yi"]), np.array(univariate["vi"])
    assert random_effects(y, v, method).tau2 == pytest.approx(
        brent(y, v, method == "REML"), rel=1e-9, abs=1e-15
    )


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_no_likelihood_is_below_metafors(univariate, method):
    fit = random_effects(univariate["yi"], univariate["vi"], method)
    assert fit.log_likelihood >= univariate["fits"][method]["log_likelihood"] - ROUNDING


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize(("k", "orders"), [(5, 4), (3, 6), (13, 8), (30, 3)])
def test_no_hard_set_has_a_higher_likelihood_elsewhere(k, orders, restricted):
    n = 2000 if (k, orders) == (5, 4) else 400
    y, v = hard_sets(n, k, orders)
    fit = random_effects(y, v, "REML" if restricted else "ML", tau2_interval=None)
    assert fit.converged.all()
    ours = log_likelihood(fit.tau2, y, v, restricted)
    assert (ours >= grid_search(y, v, restricted) - ROUNDING).all()


def peaks(y, v, nodes=2000):
    """Return how many maxima the restricted likelihood of each analysis has on a grid."""
    low, high = v.min(1), 10 * (np.abs(y).max(1) ** 2 + v.max(1))
    at = np.linspace(0, 1, nodes)[:, None] * np.log1p(high / low)
    values = np.array([log_likelihood(low * np.expm1(a), y, v, True) for a in at])
    rise = np.diff(values, axis=0) > 0
    return (rise[:-1] & ~rise[1:]).sum(0) + ~rise[0]


def test_hard_sets_are_hard():
    # The test above would prove little on likelihoods of one peak each.
    y, v = hard_sets()
    assert (peaks(y, v) > 1).sum() >= 10


def test_no_subset_of_bcg_has_a_higher_likelihood_elsewhere(bcg):
    y, v = bcg
    here = (np.arange(1, 8192)[:, None] >> np.arange(13) & 1).astype(bool)
    fit = random_effects(
        np.where(here, y, np.nan), np.where(here, v, np.nan), "REML", tau2_interval=None
    )
    assert fit.converged.all()
    several = here.sum(1) > 1
    y, v = np.where(here, y, 0)[several], np.where(here, v, np.inf)[several]
    ours = log_likelihood(fit.tau2[several], y, v, True)
    assert (ours >= grid_search(y, v, True, 150) - ROUNDING).all()


def test_the_score_vanishes_where_tau2_is_above_0():
    y, v = hard_sets(300)
    for restricted in (True, False):
        tau2 = random_effects(y, v, "REML" if restricted else "ML", tau2_interval=None).tau2
        for i, t in enumerate(tau2):
            ends = [score(x, y[i], v[i], restricted) for x in (t * (1 - 1e-7), t * (1 + 1e-7))]
            # Written out, the trace of P loses eps times the largest weight.
            noise = 1e-15 / v[i].min()
            assert ends[1] <= noise
            assert t == 0 or ends[0] >= -noise


@pytest.mark.parametrize("restricted", [True, False])
def test_what_the_proofs_promise_is_true(restricted):
    # Wherever a proof says that the score keeps its sign, it does so on a dense grid.
    y, v = hard_sets(400, 6, 3, seed=7)
    model = MeanModel.of(y, v)
    g = np.random.default_rng(8)
    t = 10.0 ** g.uniform(-4, 1, len(y))
    step = np.where(g.random(len(y)) < 0.5, -t, t) * g.random(len(y))
    sums = model.sums(t, restricted)
    at = LikelihoodPoint(t, *sums[3:])
    ratio = sums.a / sums.b
    held = 0
    for proof, sign in ((likelihood._stays_above, 1), (likelihood._stays_below, -1)):
        proved = proof(at, ratio, model.low, model.high, step)
        held += proved.sum()
        for share in np.linspace(0, 1, 200):
            there = model.sums(t + share * step, restricted)
            assert (sign * (there.a - there.b)[proved] >= 0).all()
    assert held > 200  # and it says so often enough to matter


@pytest.mark.parametrize("restricted", [True, False])
def test_the_sums_are_those_of_the_matrices(restricted):
    g = np.random.default_rng(3)
    y, v, t = g.normal(size=6), g.uniform(0.01, 2, 6), 0.3
    w = np.diag(1 / (v + t))
    p = w - w @ np.ones((6, 6)) @ w / w.sum()
    full = w if not restricted else p
    expected = [y @ p @ y, y @ p @ p @ y, np.trace(full), y @ p @ p @ p @ y, np.trace(full @ full)]
    ours = MeanModel.of(y[None], v[None]).sums(np.array([t]), restricted)
    assert_allclose(np.ravel(ours[2:]), expected, rtol=1e-13)


def test_the_sums_keep_their_digits_where_one_weight_swamps_all():
    # For k = 2 all have closed forms in w = 1 / (s1 + s2).
    y, v = np.array([[0.3, 0.7]]), np.array([[1e-12, 1.0]])
    sums = MeanModel.of(y, v).sums(np.zeros(1), True)
    w = 1 / (1 + 1e-12)
    expected = [0.16 * w, 2 * 0.16 * w**2, 2 * w, 4 * 0.16 * w**3, 4 * w**2]
    assert_allclose(np.ravel(sums[2:]), expected, rtol=1e-14)


def test_a_search_cut_short_says_so_where_it_was(monkeypatch):
    y, v = hard_sets(50)
    full = random_effects(y, v)
    monkeypatch.setattr(likelihood, "STEPS", 2)
    cut = random_effects(y, v)
    assert 0 < cut.converged.sum() < 50
    # What did converge is what it would have been.
    assert_allclose(cut.tau2[cut.converged], full.tau2[cut.converged], rtol=1e-9)


def test_limits_where_all_variances_are_equal():
    # The quadratic that the search for them starts from is 0 = 0 there.
    y, v = [0.1, 0.5, 1.2, -0.7, 0.4], [0.05] * 5
    fit = random_effects(y, v)
    # Q(tau2) = SS / (v + tau2) meets the quantiles in closed form.
    ss = np.var(y) * 5
    expected = [ss / chi2.isf(p, 4) - 0.05 for p in (0.025, 0.975)]
    assert_allclose([fit.tau2_low, fit.tau2_high], np.maximum(expected, 0), rtol=1e-12)
