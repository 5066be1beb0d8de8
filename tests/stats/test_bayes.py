"""The Bayesian normal-normal model against what is known of it without integration."""

import numpy as np
import pytest
from scipy import integrate, stats

from ketameta.stats import bayes

Y = np.array([-0.9, -0.3, -1.1, -0.6])
V = np.array([0.05, 0.09, 0.12, 0.04])


def joint(mu, tau, y=Y, v=V, mean=0.0, sd=1.0, scale=0.5):
    prior = stats.norm.pdf(mu, mean, sd) * stats.halfnorm.pdf(tau, scale=scale)
    return prior * np.prod(stats.norm.pdf(y, mu, np.sqrt(v + tau**2)))


@pytest.mark.slow
def test_moments_are_those_of_the_joint_density_integrated_over_both():
    def moment(g):
        # dblquad's own tolerance is 1.5e-8
        return integrate.dblquad(lambda m, t: g(m, t) * joint(m, t), 0, 4, -4, 3)[0]

    total = moment(lambda m, t: 1.0)
    fit = bayes(Y, V)
    assert fit.log_marginal == pytest.approx(np.log(total), rel=1e-7)
    assert fit.mu_mean == pytest.approx(moment(lambda m, t: m) / total, rel=1e-6)
    assert fit.tau_mean == pytest.approx(moment(lambda m, t: t) / total, rel=1e-6)


def test_no_study_leaves_the_prior():
    fit = bayes(np.array([]), np.array([]), mu_mean=0.2, mu_sd=0.7, tau_scale=0.5)
    prior = stats.halfnorm(scale=0.5)
    assert (fit.mu_mean, fit.mu_sd, fit.mu_median) == pytest.approx((0.2, 0.7, 0.2), abs=1e-9)
    assert (fit.tau_mean, fit.tau_median) == pytest.approx((prior.mean(), prior.median()), rel=1e-9)
    assert (fit.tau_mode, fit.tau_low) == (0, 0)
    assert fit.tau_high == pytest.approx(prior.ppf(0.95), rel=1e-9)
    assert fit.log_marginal == pytest.approx(0, abs=1e-9)


def test_a_tiny_prior_of_tau_gives_the_conjugate_normal():
    fit = bayes(Y, V, mu_sd=2.0, tau_scale=1e-6)
    precision = (1 / V).sum() + 1 / 4
    assert fit.mu_mean == pytest.approx((Y / V).sum() / precision, rel=1e-9)
    assert fit.mu_sd == pytest.approx(precision**-0.5, rel=1e-9)
    half = stats.norm.ppf(0.975) * precision**-0.5
    assert (fit.mu_low, fit.mu_high) == pytest.approx((fit.mu_mean - half, fit.mu_mean + half))


def test_intervals_hold_their_level_and_end_at_equal_densities():
    fit = bayes(np.array([-2.0, 0.5, 1.9, -0.4, 3.0]), np.full(5, 0.02), tau_scale=1.0)
    assert 0 < fit.tau_low < fit.tau_mode < fit.tau_high
    wide = bayes(np.array([-2.0, 0.5, 1.9, -0.4, 3.0]), np.full(5, 0.02), tau_scale=1.0, level=0.99)
    assert wide.tau_low < fit.tau_low
    assert wide.tau_high > fit.tau_high


def test_order_sign_and_scale_of_the_effects():
    fit = bayes(Y, V)
    assert bayes(Y[::-1], V[::-1]).mu_mean == pytest.approx(fit.mu_mean, rel=1e-12)
    assert bayes(-Y, V).mu_mean == pytest.approx(-fit.mu_mean, rel=1e-12)
    large = bayes(1e6 * Y, 1e12 * V, mu_sd=1e6, tau_scale=0.5e6)
    assert large.tau_median == pytest.approx(1e6 * fit.tau_median, rel=1e-9)


def test_a_batch_is_its_analyses_and_nan_marks_an_absent_study():
    batch = bayes(np.array([Y, [*Y[:3], np.nan]]), np.array([V, [*V[:3], np.nan]]))
    assert batch.mu_mean[0] == bayes(Y, V).mu_mean
    assert batch.mu_mean[1] == bayes(Y[:3], V[:3]).mu_mean
    assert batch.k.tolist() == [4, 3]


@pytest.mark.parametrize("name", ["mu_sd", "tau_scale"])
def test_a_prior_without_width_is_refused(name):
    with pytest.raises(ValueError, match=name):
        bayes(Y, V, **{name: 0.0})
